"""Which codes a flow that asks by lists of codes should ask for: only what is new, changed or chosen.

Each function takes (vendor_id, after, scope) and yields external ids above `after` in ascending text order.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from catalog.models import Product, Variant

CHUNK = 2000


def details(vendor_id: int, after: str, scope: str) -> Iterator[str]:
    """Products whose details were never fetched, or that changed since; all of them when scope is "all"."""
    rows = Product.objects.filter(vendor_id=vendor_id, gone_at=None)
    if scope != "all":
        rows = rows.filter(Q(details_at=None) | Q(details_at__lt=F("changed_at")))
    yield from _ascending(rows, after)


def availability(vendor_id: int, after: str, scope: str) -> Iterator[str]:
    """Variants an operator watches; every variant the vendor still lists when scope is "all"."""
    rows = Variant.objects.filter(vendor_id=vendor_id, gone_at=None)
    if scope != "all":
        rows = rows.filter(watched=True)
    yield from _ascending(rows, after)


def _ascending(rows: QuerySet[Any], after: str) -> Iterator[str]:
    """Ids in parts, each asked for when the one before is done: a cursor held open between calls to a vendor outlives its run."""
    ids = rows.order_by("external_id").values_list("external_id", flat=True)
    while part := list(ids.filter(external_id__gt=after)[:CHUNK]):
        yield from part
        after = part[-1]


def families(vendor_id: int, after: str, scope: str) -> Iterator[str]:
    """Products sold in variants only (none of their variants is the product itself); those changed since a time in `scope`."""
    itself = Variant.objects.filter(vendor_id=vendor_id, external_id=OuterRef("external_id"), gone_at=None)
    rows = Product.objects.filter(~Exists(itself), vendor_id=vendor_id, gone_at=None)
    if scope not in ("all", ""):
        rows = rows.filter(changed_at__gte=datetime.fromisoformat(scope))
    yield from _ascending(rows, after)
