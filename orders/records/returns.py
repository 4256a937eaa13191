"""Goods that come back."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from catalog.records import KEEP, Keep


@dataclass(frozen=True, slots=True)
class ReturnLineRecord:
    """`order_line` is the order line's external id, or empty: then the SKU says which line it is."""

    external_id: str
    order_line: str = ""
    sku: str = ""
    name: str = ""
    quantity: Decimal | None = None
    amount: Decimal | None = None
    reason: str = ""
    action: str = ""
    condition: str = ""
    comment: str = ""
    vendor_status: str = ""
    status: str = "unknown"


@dataclass(frozen=True, slots=True)
class ReturnRecord:
    """`order` is the order's external id or number as the vendor sent it; status one of orders.models.ReturnStatus.

    amount: what is paid back, in `currency`; None when the vendor does not say.
    """

    external_id: str
    order: str | Keep = KEEP
    customer_external_id: str | Keep = KEEP
    number: str | Keep = KEEP
    vendor_status: str = ""
    status: str = "unknown"
    action: str | Keep = KEEP
    reason: str | Keep = KEEP
    comment: str | Keep = KEEP
    currency: str | Keep = KEEP
    amount: Decimal | None | Keep = KEEP
    vendor_created_at: datetime | None | Keep = KEEP
    vendor_changed_at: datetime | None | Keep = KEEP
    lines: tuple[ReturnLineRecord, ...] | Keep = KEEP
