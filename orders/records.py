"""Our words for what was sold: frozen dataclasses, no HTTP. KEEP and None mean what they mean in `catalog.records`.

`status` is the parser's own reading of the vendor's word (one of orders.models.Status); the operator's table wins.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog.records import KEEP, Keep


@dataclass(frozen=True, slots=True)
class OrderLineRecord:
    external_id: str
    sku: str = ""
    barcode: str = ""  # tried against GTINs when the SKU matches nothing
    name: str = ""
    name_translations: Mapping[str, str] | Keep = KEEP
    position: int = 0
    quantity: Decimal | None = None
    quantity_confirmed: Decimal | None = None
    unit_price: Decimal | None = None
    total: Decimal | None = None
    commission_percent: Decimal | None = None  # 10 means ten per cent
    commission: Decimal | None = None
    net: Decimal | None = None
    exchange_rate: Decimal | None | Keep = KEEP
    vendor_status: str = ""
    status: str = "unknown"
    cancel_reason: str = ""
    vendor_changed_at: datetime | None = None
    warning: str = ""
    raw: Mapping[str, Any] | Keep = KEEP


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One order, whole (`lines_complete`) or the part of it one vendor row tells (then the other lines stay).

    Of a partial record the order's totals, status and line count are made from all its stored lines.
    """

    external_id: str
    number: str
    direction: str  # "sale" or "purchase"
    lines: tuple[OrderLineRecord, ...] = ()
    lines_complete: bool = True
    vendor_status: str = ""
    status: str = "unknown"
    placed_at: datetime | None = None
    placed_day_only: bool = False
    vendor_changed_at: datetime | None = None
    buyer_name: str | Keep = KEEP
    buyer_email: str | Keep = KEEP
    buyer_phone: str | Keep = KEEP
    ship_to: Mapping[str, Any] | Keep = KEEP
    reference: str | Keep = KEEP
    hold_reason: str | Keep = KEEP
    currency: str = ""
    total: Decimal | None | Keep = KEEP
    commission: Decimal | None | Keep = KEEP
    net: Decimal | None | Keep = KEEP
    exchange_rate: Decimal | None | Keep = KEEP
    exchange_source: str | Keep = KEEP
    warning: str | Keep = KEEP  # what is missing or does not add up
    other_numbers: tuple[str, ...] = ()  # further numbers an operator may hold, e.g. the purchase-order id


@dataclass(frozen=True, slots=True)
class PackageLineRecord:
    external_id: str
    order_line: str = ""  # the order line's external id
    sku: str = ""
    name: str = ""
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrackingEventRecord:
    """`external_id` may be made from the event's content; `at` is None when the vendor's time cannot be read."""

    external_id: str
    at: datetime | None = None
    at_text: str = ""
    code: str = ""
    text: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class PackageRecord:
    """`order` is the order's external id or number, or one of its line ids, as the vendor sent it."""

    external_id: str
    order: str | Keep = KEEP
    number: str | Keep = KEEP
    vendor_status: str | Keep = KEEP
    status: str = "unknown"
    shipped_at: datetime | None | Keep = KEEP
    vendor_changed_at: datetime | None | Keep = KEEP
    tracking_number: str | Keep = KEEP
    tracking_link: str | Keep = KEEP
    tracking_provider: str | Keep = KEEP
    label_link: str | Keep = KEEP
    invoice_number: str | Keep = KEEP
    invoice_date: dt.date | None | Keep = KEEP
    invoice_link: str | Keep = KEEP
    lines: tuple[PackageLineRecord, ...] | Keep = KEEP
    events: tuple[TrackingEventRecord, ...] | Keep = KEEP  # events are added, never removed


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """`amount` is signed: what is owed to us is positive; None when the vendor's text is not a number."""

    external_id: str
    kind: str  # bill, credit, payment, unknown
    vendor_kind: str = ""
    number: str = ""
    date: dt.date | None = None
    due_date: dt.date | None = None
    amount: Decimal | None = None
    open_amount: Decimal | None = None
    currency: str = ""
    exchange_rate: Decimal | None = None
    order_number: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceRecord:
    """A supplier's invoice: the bill, and the packages (one per order on it) with serials and tracking."""

    external_id: str
    transaction: TransactionRecord
    packages: tuple[PackageRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelReasonRecord:
    external_id: str
    name: str


@dataclass(frozen=True, slots=True)
class TrackingRecord:
    """Tracking that comes apart from its package (`package` is the package's external id)."""

    external_id: str
    package: str
    tracking_number: str | Keep = KEEP
    tracking_link: str | Keep = KEEP
    tracking_provider: str | Keep = KEEP
    label_link: str | Keep = KEEP
    vendor_status: str | Keep = KEEP
    status: str = "unknown"
    events: tuple[TrackingEventRecord, ...] | Keep = KEEP
