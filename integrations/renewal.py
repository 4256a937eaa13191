"""A secret that the hub can fetch by itself: once, by one process at a time, stored encrypted before it is used."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from integrations import vault
from integrations.models import Vendor
from integrations.ratelimit import Budget
from integrations.service import Account, Fetched, Rate, VendorService

if TYPE_CHECKING:
    from integrations.http import Client

LEASE = 90.0  # seconds; longer than a log-in with its repetitions may take
EARLY = timedelta(seconds=60)  # a token that dies on its way is no use


def due(kind: type[VendorService], held: vault.Opened) -> bool:
    """Whether the secret this kind fetches is missing, or is about to expire."""
    if not kind.fetches:
        return False
    until = held.expires.get(kind.fetches)
    return kind.fetches not in held.values or (until is not None and until - EARLY <= timezone.now())


def renew(
    vendor: Vendor,
    kind: type[VendorService],
    account: Account,
    dead: int | None,
    unsigned: Callable[[Iterable[str]], "Client"],
    waiting: Callable[[float], None] | None = None,
) -> tuple[bool, Fetched | None]:
    """Whether there is a fresh secret now, and what was fetched for it; nothing where another process was quicker.

    dead: id of the token that was refused. unsigned: makes a client that hides these secrets. Errors of the fetching pass
    through, and what is stored stays.
    """
    if not kind.fetches:
        return False, None
    alone = Budget(f"renewal:{vendor.pk}", Rate(1))
    alone.set_lease(LEASE)
    with alone.slot(interactive=True, waiting=waiting):
        held = vault.opened(vendor)
        if held.ids.get(kind.fetches) != dead and not due(kind, held):
            return True, None
        client = unsigned(held.values.values())
        try:
            fetched = kind.fetch_secret(account, held.values, client)
        finally:
            client.close()
        if fetched is None:
            return False, None
        vault.set_secret(vendor, kind.fetches, fetched.value, expires_at=fetched.expires_at)
        return True, fetched
