"""Record → row: the only code that writes orders' vendor-owned columns. One function for each flow, named as the flow.

Each takes a Batch inside the caller's transaction and returns an Outcome. Operators' columns are never named here.
"""

from collections.abc import Iterable
from datetime import datetime

from catalog.models import Mirrored
from orders.mirror.billing import invoices, transactions
from orders.mirror.choosing import cancel_reasons, return_actions, return_reasons
from orders.mirror.people import abandoned_carts, customers
from orders.mirror.returning import returns
from orders.mirror.selling import orders
from orders.mirror.shipping import deliveries, packages, trackings
from orders.mirror.wording import order_statuses
from orders.models import AbandonedCart, CancelReason, Customer, ReturnAction, ReturnReason

# Lists of what stands now. A list of current orders or returns says nothing about the older ones.
WHOLE: dict[str, type[Mirrored]] = {
    "abandoned_carts": AbandonedCart,
    "cancel_reasons": CancelReason,
    "customers": Customer,
    "return_actions": ReturnAction,
    "return_reasons": ReturnReason,
}


def gone(vendor_id: int, flow: str, external_ids: Iterable[str], now: datetime) -> int:
    """Mark rows that are missing from a complete list; orders, packages, returns and transactions never are."""
    model = WHOLE.get(flow)
    if model is None:
        return 0
    rows_ = model._default_manager.filter(vendor_id=vendor_id, external_id__in=list(external_ids), gone_at=None)
    return rows_.update(gone_at=now, changed_at=now)


def in_stock(vendor_id: int) -> int:
    """Orders hold no stock."""
    return 0


__all__ = [
    "abandoned_carts",
    "cancel_reasons",
    "customers",
    "deliveries",
    "gone",
    "in_stock",
    "invoices",
    "order_statuses",
    "orders",
    "packages",
    "return_actions",
    "return_reasons",
    "returns",
    "trackings",
    "transactions",
]
