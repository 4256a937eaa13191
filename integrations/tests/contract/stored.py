"""What is in the database, in forms that can be compared: to itself later, to another connection, to a vendor's truth."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import Model, QuerySet

from catalog import models as catalog
from integrations.models import Fingerprint, HeldRow, Reject, Vendor
from orders import models as orders

# Where a flow's rows are. Flows that are not here (trackings, deliveries) write into rows of others.
MODELS: dict[str, tuple[type[Model], ...]] = {
    "categories": (catalog.Category,),
    "brands": (catalog.Brand,),
    "attributes": (catalog.Attribute,),
    "attribute_values": (catalog.AttributeValue,),
    "products": (catalog.Product,),
    "details": (catalog.Product,),
    "variants": (catalog.Variant,),
    "availability": (catalog.Variant,),
    "orders": (orders.Order, orders.OrderLine),
    "cancel_reasons": (orders.CancelReason,),
    "transactions": (orders.Transaction,),
    "invoices": (orders.Transaction,),
    "packages": (orders.Package,),
}
WHEN = {"seen_at", "changed_at", "checked_at", "details_at", "at", "run_id"}  # differ between two equal histories


def tables() -> list[type[Model]]:
    return [m for name in ("catalog", "orders") for m in apps.get_app_config(name).get_models() if not m._meta.proxy]


def rows_of(model: type[Model], vendor: Vendor) -> QuerySet[Any]:
    """A vendor's rows of a table, straight or through the row they belong to."""
    manager = model._base_manager
    if has(model, "vendor"):
        return manager.filter(vendor=vendor)
    owner = next(f.name for f in model._meta.concrete_fields if f.related_model and has(f.related_model, "vendor"))
    return manager.filter(**{f"{owner}__vendor": vendor})


def has(model: Any, name: str) -> bool:
    return any(field.name == name for field in model._meta.concrete_fields)


def exact(vendor: Vendor) -> dict[str, list[Any]]:
    """Every stored value of a vendor's rows, with digests, rejects and what is held: equal only if nothing was written."""
    found: dict[str, list[Any]] = {m._meta.label: list(rows_of(m, vendor).order_by("pk").values()) for m in tables()}
    found["parents"] = list(
        catalog.Category.parents.through._default_manager.filter(from_category__vendor=vendor).order_by("pk").values()
    )
    found["digests"] = list(Fingerprint.objects.filter(schedule__vendor=vendor).order_by("pk").values())
    found["rejects"] = list(Reject.objects.filter(vendor=vendor).order_by("pk").values())
    found["held"] = list(HeldRow.objects.filter(vendor=vendor).order_by("pk").values())
    return found


def picture(vendor: Vendor) -> dict[str, list[str]]:
    """A vendor's rows without numbers and times of this database: equal for two connections that saw the same."""
    return {model._meta.label: sorted(_shown(row) for row in rows_of(model, vendor)) for model in tables()} | {
        "parents": sorted(
            f"{child.external_id} < {parent.external_id}"
            for child in catalog.Category.objects.filter(vendor=vendor)
            for parent in child.parents.all()
        )
    }


def _shown(row: Model) -> str:
    told = []
    for field in row._meta.concrete_fields:
        if field.primary_key or field.attname in WHEN or field.name == "vendor":
            continue
        value = getattr(row, field.name)
        told.append(f"{field.name}={getattr(value, 'external_id', value)!r}")
    return ", ".join(told)


def ids(flow: str, vendor: Vendor) -> set[str]:
    """External ids of a flow's rows that the vendor still lists."""
    found: set[str] = set()
    for model in MODELS.get(flow, ()):
        rows = rows_of(model, vendor)
        if has(model, "gone_at"):
            rows = rows.filter(gone_at=None)
        found |= set(rows.values_list("external_id", flat=True))
    return found


def vouched(flow: str, vendor: Vendor) -> set[str]:
    """External ids whose rows were mirrored as they came last."""
    return set(
        Fingerprint.objects.filter(schedule__vendor=vendor, schedule__flow=flow).values_list("external_id", flat=True)
    )


def where_is(secret: str) -> Iterator[str]:
    """Every table and column of the whole database in which this text stands readable."""
    for model in apps.get_models():
        for row in model._base_manager.values():
            for name, value in row.items():
                if secret in str(value):
                    yield f"{model._meta.label}.{name}"
