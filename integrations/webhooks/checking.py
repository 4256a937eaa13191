"""Whether a delivery may come in: from where, and with whose signature."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from integrations import network
from integrations.models import AllowedNetwork, Callback
from integrations.webhooks import addresses
from integrations.webhooks.hook import Hook, Posted, Signature

PARSE_ERRORS = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError)


def caller(request: HttpRequest) -> network.Address | None:
    """Who really called; None when it cannot be told."""
    meta = request.META
    return network.client_address(
        meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", ""), settings.HUB_TRUSTED_PROXIES
    )


def from_allowed(callback: Callback, address: network.Address | None) -> bool:
    """Whether this address may post for this vendor; without a list, every one may."""
    rules = list(AllowedNetwork.in_force(AllowedNetwork.Purpose.WEBHOOK, callback.vendor_id))
    return not rules or (address is not None and any(rule.holds(address) for rule in rules))


def signed(callback: Callback, hook: Hook, posted: Posted, now: datetime) -> bool | None:
    """Whether it is signed with one of our keys and fresh; None where signatures are not looked at.

    Raises vault.VaultError when a key cannot be read.
    """
    if callback.mode == Callback.Mode.OFF or hook.signature is None:
        return None
    keys = addresses.keys_of(callback, hook.signature)
    return genuine(hook.signature, posted, keys, now)


def genuine(signature: Signature, posted: Posted, keys: list[str], now: datetime) -> bool:
    """Every key is tried, so that the time tells nobody which one came near."""
    good = [_fits(signature, posted, key) for key in keys]
    return any(good) and _fresh(signature, posted, now)


def _fits(signature: Signature, posted: Posted, key: str) -> bool:
    try:
        return signature.good(posted, key)
    except PARSE_ERRORS:  # headers nobody's rule expects
        return False


def _fresh(signature: Signature, posted: Posted, now: datetime) -> bool:
    if signature.sent_at is None:
        return True
    try:
        sent = signature.sent_at(posted)
    except (*PARSE_ERRORS, OSError):
        return False
    return sent is not None and abs((now - sent).total_seconds()) <= signature.window
