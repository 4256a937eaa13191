"""Which codes a flow that asks by lists of codes should ask for: only what is new, changed or chosen.

Each function takes (vendor_id, after, scope) and yields external ids above `after` in ascending text order.
"""

from collections.abc import Iterator

from django.db.models import F, Q

from catalog.models import Product, Variant


def details(vendor_id: int, after: str, scope: str) -> Iterator[str]:
    """Products whose details were never fetched, or that changed since; all of them when scope is "all"."""
    rows = Product.objects.filter(vendor_id=vendor_id, gone_at=None, external_id__gt=after)
    if scope != "all":
        rows = rows.filter(Q(details_at=None) | Q(details_at__lt=F("changed_at")))
    yield from rows.order_by("external_id").values_list("external_id", flat=True).iterator(chunk_size=2000)


def availability(vendor_id: int, after: str, scope: str) -> Iterator[str]:
    """Variants an operator watches; every variant the vendor still lists when scope is "all"."""
    rows = Variant.objects.filter(vendor_id=vendor_id, gone_at=None, external_id__gt=after)
    if scope != "all":
        rows = rows.filter(watched=True)
    yield from rows.order_by("external_id").values_list("external_id", flat=True).iterator(chunk_size=2000)
