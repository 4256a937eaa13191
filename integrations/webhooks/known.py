"""What a process knows of an address that was just called: found once in some seconds, not once a delivery.

A flood would otherwise ask the database three times for each row it stores. What an admin changes holds within FRESH seconds.
While the database is away, an address somebody waits at is known as it was last.
"""

import logging
import time
from dataclasses import dataclass, field

from django.db import Error

from integrations import vault
from integrations.connection import account_of
from integrations.models import AllowedNetwork, Callback
from integrations.service import Account
from integrations.webhooks import addresses, reach
from integrations.webhooks.hook import Hook

FRESH = 2.0  # seconds
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Known:
    """One callback with all that a delivery is held against. keys: those that may sign; own_key: the address's own.

    hidden: every secret of the connection, none of which is stored with what came.
    """

    callback: Callback
    hook: Hook
    account: Account
    rules: tuple[AllowedNetwork, ...]
    keys: tuple[str, ...] = field(default=(), repr=False)
    own_key: str = field(default="", repr=False)
    hidden: tuple[str, ...] = field(default=(), repr=False)
    trouble: str = ""  # why its keys cannot be read


_seen: dict[str, tuple[float, Known]] = {}


def of(token: str) -> Known | None:
    """The callback of a path that is switched on; None for any other path, which is looked for each time."""
    digest = addresses.digest_of(token)
    kept = _seen.get(digest)
    if kept and (kept[0] > time.monotonic() or (kept[1].hook.hurried and reach.is_away())):
        return kept[1]
    try:
        found = _looked_up(token)
    except Error:
        reach.failed()
        if not kept or not kept[1].hook.hurried:
            raise
        log.exception("%s is taken for what it was last", kept[1].callback)
        found = kept[1]
    _seen.pop(digest, None)
    if found:
        _seen[digest] = time.monotonic() + FRESH, found
    return found


def forget() -> None:
    """Look everything up anew."""
    _seen.clear()


def _looked_up(token: str) -> Known | None:
    callback = addresses.find(token)
    hook = addresses.declared(callback) if callback else None
    return _found(callback, hook) if callback and hook else None


def _found(callback: Callback, hook: Hook) -> Known:
    rules = tuple(AllowedNetwork.listed(AllowedNetwork.Purpose.WEBHOOK, callback.vendor_id))
    checks = hook.signature if callback.mode != Callback.Mode.OFF else None
    account = account_of(callback.vendor)
    hidden = tuple(vault.opened(callback.vendor, strict=False).values.values())
    try:
        keys = tuple(addresses.keys_of(callback, checks)) if checks else ()
        own = addresses.own_key(callback) if hook.key else ""
    except vault.VaultError as error:
        return Known(callback, hook, account, rules, hidden=hidden, trouble=str(error))
    return Known(callback, hook, account, rules, keys, own, hidden)
