"""A secret that the hub can fetch by itself: once, by one process at a time, stored encrypted before it is used."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from integrations import vault
from integrations.models import Token, Vendor
from integrations.ratelimit import Budget
from integrations.service import Account, Fetched, Rate, VendorService, service_class

if TYPE_CHECKING:
    from integrations.http import Client

LEASE = 90.0  # seconds; longer than a log-in with its repetitions may take
KEPT = 5  # dead tokens the hub fetched, of each connection
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
        value, until = fetched.value, fetched.expires_at
        vault.set_secret(vendor, kind.fetches, value, expires_at=until, fetched=True, warning=fetched.warning)
        _forget_old(vendor, kind.fetches)
        return True, fetched


def tested_anew(vendor: Vendor) -> int | None:
    """Id of the token that a test of the connection fetches anew, if any.

    That is one which only the hub fetches, so that the test tells of what it is fetched with; and one that came with a warning,
    which may be over by now.
    """
    kind = service_class(vendor.kind)
    held = Token.objects.filter(vendor=vendor, name=kind.fetches, active=True)
    if not kind.fetches_alone():
        held = held.filter(fetched=True).exclude(warning="")
    return held.values_list("pk", flat=True).first()


def drop(vendor: Vendor) -> None:
    """Put a token only the hub fetches out of use: what it was fetched with, or where, may be another now."""
    kind = service_class(vendor.kind)
    if kind.fetches_alone():
        for token in Token.objects.filter(vendor=vendor, name=kind.fetches, active=True):
            vault.revoke(token)


def _forget_old(vendor: Vendor, name: str) -> None:
    """A token that lives an hour leaves nine thousand wiped rows a year: the newest few are history enough."""
    fetched = Token.objects.filter(vendor=vendor, name=name, fetched=True, active=False)
    kept = list(fetched.order_by("-created_at", "-pk").values_list("pk", flat=True)[:KEPT])
    fetched.exclude(pk__in=kept).delete()
