"""Connections out of an account's stores: found, taken, connected at the vendor, renewed."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.db import transaction
from django.utils.text import slugify

from integrations import connecting, vault
from integrations.connection import open_service, with_service
from integrations.models import Token, Vendor
from integrations.service import VendorService, service_class
from integrations.stores import Done, Store, Stores, System

T = TypeVar("T")
LONGEST = 25.0  # seconds one call may take: the vendor looks at the shop while a person waits
TRIES = 100  # of names for a new connection


def manages(vendor: Vendor) -> type[Stores] | None:
    """What the kind declares about stores; None where an account is one store."""
    return service_class(vendor.kind).stores


def found(vendor: Vendor) -> list[tuple[Store, Vendor | None]]:
    """The account's stores, each with the connection that has it already."""
    stores = of_account(vendor, lambda stores: stores.found())
    marks = {
        token.fingerprint: token.vendor
        for token in Token.objects.filter(vendor__kind=vendor.kind, active=True).select_related("vendor")
    }
    known = ((store, [mark for s in store.secrets.values() for mark in vault.fingerprints(s)]) for store in stores)
    return [(store, next((marks[mark] for mark in told if mark in marks), None)) for store, told in known]


def system_of(vendor: Vendor) -> str:
    """The system of this connection's own store: as the connection knows it, else as the account's list has it; "" when neither does."""
    stores = manages(vendor)
    known = stores.own_system(vendor.account) if stores else ""
    return known or next((store.system for store, owner in found(vendor) if owner == vendor), "")


def systems(vendor: Vendor) -> list[System]:
    return sorted(of_account(vendor, lambda stores: stores.systems()), key=lambda system: system.title.lower())


def take(vendor: Vendor, store: Store, user: Any = None) -> Vendor:
    """A connection to a store of the same account; this one itself, where it has no store yet."""
    declared = manages(vendor)
    if declared is None:
        raise LookupError(f"{vendor} has no stores to choose from.")
    kept = vault.secrets_of(vendor)
    shared = {name: kept[name] for name in declared.account_secrets if name in kept}
    with transaction.atomic():
        empty = not any(kept.get(name) for name in store.secrets)
        taken = connecting.connect(
            vendor.kind,
            vendor.slug if empty else _free_slug(store, vendor.kind),
            name=vendor.name if empty else _free_name(store),
            base_url=vendor.base_url,
            environment=vendor.environment,
            options=store.options,
            secrets={**shared, **store.secrets},
            user=user,
        )
    return taken


def add(vendor: Vendor, system: str, values: Mapping[str, Any], *, check: bool, user: Any = None) -> Vendor:
    """Connect a store at the vendor, then to the hub."""
    store = of_account(vendor, lambda stores: stores.add(system, values, check=check))
    return take(vendor, store, user)


def renew(vendor: Vendor, system: str, values: Mapping[str, Any]) -> None:
    """Hand new credentials of the store to the vendor; a connection that waited for them is tried again."""
    from integrations import circuit

    changed = of_store(vendor, lambda stores: stores.renew(system, values))
    if changed:
        vendor.options = {**vendor.options, **connecting.options_of(service_class(vendor.kind), changed)}
        vendor.save(update_fields=["options"])
    circuit.renewed(vendor.pk)


def use(vendor: Vendor, tool: str) -> Done:
    return of_store(vendor, lambda stores: stores.use(tool))


def of_account(vendor: Vendor, work: Callable[[Stores], T]) -> T:
    """Work with the account's stores, signed as the account: no store's own key is needed."""
    return _with(open_service(vendor, interactive=True, whole=True), work)


def of_store(vendor: Vendor, work: Callable[[Stores], T]) -> T:
    """Work with this connection's own store."""
    return with_service(vendor, lambda service: _with(service, work), interactive=True)


def _with(service: VendorService, work: Callable[[Stores], T]) -> T:
    assert service.stores is not None
    service.http.longest = LONGEST
    try:
        return work(service.stores(service))
    finally:
        service.http.close()


def _free_slug(store: Store, kind: str) -> str:
    base = (slugify(store.name) or slugify(store.address) or kind)[:50]
    taken = set(Vendor.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for n in range(1, TRIES) if (slug := base if n == 1 else f"{base}-{n}") not in taken)


def _free_name(store: Store) -> str:
    base = (store.name or store.address)[:190]
    taken = set(Vendor.objects.filter(name__startswith=base).values_list("name", flat=True))
    return next(name for n in range(1, TRIES) if (name := base if n == 1 else f"{base} {n}") not in taken)
