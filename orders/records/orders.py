"""An order and its lines."""

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
    customer_external_id: str | Keep = KEEP
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
