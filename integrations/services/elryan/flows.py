"""Elryan's flows: how often each runs, what names a row, who reads it. What no document states starts off."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from integrations.service import Flow
from integrations.services.elryan import parse_catalogue as catalogue
from integrations.services.elryan import parse_orders as sold
from integrations.services.elryan import parse_packages as parcels
from integrations.services.elryan.fields import key_of

DAY = 24 * 60


def _flow(
    title: str,
    minutes: int,
    record: Callable[..., Any],
    *key: str,
    old_after: int = 3,
    **more: Any,
) -> Flow:
    """A flow every `minutes`, too old after `old_after` times that."""
    every = timedelta(minutes=minutes)
    more = {"single": True, **more}
    return Flow(title, every=every, max_age=every * old_after, key=key_of(*key), parse=record, **more)


FLOWS: Mapping[str, Flow] = {
    "categories": _flow("Categories", DAY, catalogue.category, "remote_id", "id", complete=True, lane="bulk"),
    "brands": _flow("Brands", DAY, catalogue.brand, "remote_id", "id", complete=True, lane="bulk"),
    "attributes": _flow("Attributes", DAY, catalogue.attribute, "remote_id", "id", complete=True, lane="bulk"),
    "attribute_values": _flow(
        "Attribute values",
        DAY,
        catalogue.attribute_value,
        "remote_id",
        "id",
        complete=True,
        lane="bulk",
        proven=False,
        needs=("attributes",),
    ),
    "products": _flow(
        "Products", 6 * 60, catalogue.product, "spu", complete=True, lane="bulk", needs=("categories", "brands")
    ),
    "variants": _flow(
        "Variants",
        60,
        catalogue.variant,
        "sku",
        complete=True,
        guard=True,
        lane="bulk",
        proven=False,
        needs=("products",),
    ),
    "orders": _flow("Orders", 5, sold.order, "POlineID", room="orders", lines=True, help="One row is one order line."),
    "cancel_reasons": _flow(
        "Cancellation reasons",
        DAY,
        sold.cancel_reason,
        "name",
        room="orders",
        complete=True,
        single=False,
        proven=False,
    ),
    "transactions": _flow("Transactions", DAY, sold.transaction, "id", room="orders", needs=("orders",)),
    "packages": _flow("Packages", 60, parcels.package, "id", room="orders", proven=False, needs=("orders",)),
    "trackings": _flow("Trackings", 60, parcels.tracking, "id", room="orders", proven=False, needs=("packages",)),
    "deliveries": _flow("Deliveries", 60, parcels.tracking, "id", room="orders", proven=False, needs=("packages",)),
}
