"""From where the admin may be reached: anywhere while nothing is listed, from listed addresses alone once something is.

An entry that has expired still counts as listed: what was closed stays closed when the last entry ends.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models.signals import post_delete, post_save
from django.utils import timezone

from config.addresses import Address
from integrations.models import AllowedNetwork

KEPT = 5.0  # seconds the list is remembered: in which another process learns of a change
LOCK = 7_202_612  # the list's own number among PostgreSQL's advisory locks
OURSELVES = {"localhost", "127.0.0.1", "[::1]", "testserver"}


@dataclass(frozen=True)
class Rules:
    """What is listed for the admin, in force or expired."""

    entries: tuple[AllowedNetwork, ...] = ()

    @property
    def closed(self) -> bool:
        return bool(self.entries)

    def allows(self, address: Address | None, now: datetime | None = None) -> bool:
        now = now or timezone.now()
        if not self.entries:
            return True
        return address is not None and any(entry.lets_in(address, now) for entry in self.entries)


_kept: tuple[float, Rules] | None = None


def rules() -> Rules:
    """What is in force, at most KEPT seconds old."""
    global _kept
    kept, now = _kept, time.monotonic()
    if kept is None or now - kept[0] > KEPT:
        kept = (now, read())
        _kept = kept
    return kept[1]


def read() -> Rules:
    return Rules(tuple(AllowedNetwork.objects.filter(purpose=AllowedNetwork.Purpose.ADMIN, active=True)))


def forget() -> None:
    """Read anew at the next question, in this process."""
    global _kept
    _kept = None


def _changed(instance: AllowedNetwork, created: bool = False, **_: object) -> None:
    if created and instance.purpose != AllowedNetwork.Purpose.ADMIN:
        return  # it neither is one of them nor was
    forget()
    transaction.on_commit(forget)


def hold() -> None:
    """Nobody else changes the list until the transaction under way ends. On SQLite whoever writes is alone already."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def with_change(changed: Iterable[AllowedNetwork]) -> Rules:
    """What would be in force if these rows, stored or not, were saved as they are."""
    new = list(changed)
    keys = {row.pk for row in new}
    listed = [row for row in read().entries if row.pk not in keys]
    listed += [row for row in new if row.purpose == AllowedNetwork.Purpose.ADMIN and row.active]
    return Rules(tuple(listed))


def locks_out(address: Address | None, after: Rules) -> str:
    """Why whoever is at this address could not come back after a change; empty where they could."""
    if after.allows(address):
        return ""
    if address is None:
        return (
            "Your own address cannot be told, so nothing listed lets you in: name the proxy before the hub in "
            "HUB_TRUSTED_PROXIES first."
        )
    return f"It would lock you out: you come from {address}, which would be on no entry in force. Enter that first."


def shuts_later(after: Rules) -> str:
    """Why nobody at all could come in one day, after a change; empty where something stays open."""
    ends = [entry.expires_at for entry in after.entries if entry.expires_at is not None]
    if not ends or len(ends) < len(after.entries):
        return ""
    return (
        f"Every entry for the admin would have an end, and after the last one, {max(ends):%Y-%m-%d %H:%M} UTC, nobody could "
        "come in. Give one of them no end."
    )


def reachable() -> bool:
    """Whether this hub is for others than this machine, as far as settings tell."""
    return bool({host.lower() for host in settings.ALLOWED_HOSTS} - OURSELVES)


post_save.connect(_changed, sender=AllowedNetwork, dispatch_uid="allowlist-saved")
post_delete.connect(_changed, sender=AllowedNetwork, dispatch_uid="allowlist-deleted")
