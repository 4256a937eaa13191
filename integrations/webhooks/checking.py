"""Whether a delivery may come in: from where, and with whose signature."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from config.addresses import Address
from integrations.models import Callback
from integrations.webhooks.hook import PARSE_ERRORS, Posted, Signature
from integrations.webhooks.known import Known


def from_allowed(known: Known, address: Address | None) -> bool:
    """Whether this address may post for this vendor; without a list, every one may."""
    now = timezone.now()
    return not known.rules or (address is not None and any(rule.lets_in(address, now) for rule in known.rules))


def signed(known: Known, posted: Posted, now: datetime) -> bool | None:
    """Whether it is signed with one of our keys and fresh; None where signatures are not looked at."""
    if known.callback.mode == Callback.Mode.OFF or known.hook.signature is None:
        return None
    return genuine(known.hook.signature, posted, known.keys, now)


def genuine(signature: Signature, posted: Posted, keys: Iterable[str], now: datetime) -> bool:
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
