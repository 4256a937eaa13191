"""Which orders a flow that asks order by order should ask for. As `catalog.wanted`: (vendor_id, after, scope) → ids in text order."""

from collections.abc import Iterator
from datetime import datetime

from orders.models import Order

CHUNK = 2000


def sales(vendor_id: int, after: str, scope: str) -> Iterator[str]:
    """Sales of a vendor; with a time in `scope` those that changed since."""
    rows = Order.objects.filter(vendor_id=vendor_id, direction=Order.Direction.SALE)
    if scope not in ("all", ""):
        rows = rows.filter(changed_at__gte=datetime.fromisoformat(scope))
    ids = rows.order_by("external_id").values_list("external_id", flat=True)
    while part := list(ids.filter(external_id__gt=after)[:CHUNK]):
        yield from part
        after = part[-1]
