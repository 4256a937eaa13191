"""Packages, their lines, their tracking."""

import datetime as dt
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from catalog.records import KEEP, Keep


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
