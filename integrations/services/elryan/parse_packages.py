"""Packages, trackings and deliveries read into our words. Only the package row is documented; the others are the sibling API's."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b

from catalog.records import KEEP, Keep
from integrations.numbers import decimal_of
from integrations.service import Account, Row
from integrations.services.elryan.fields import (
    BAGHDAD,
    day_first,
    identity,
    iso_day,
    listed,
    moment,
    part,
    plain,
    status_of,
    text,
    told,
)
from orders.records import PackageLineRecord, PackageRecord, TrackingEventRecord, TrackingRecord

WORDS = {"created": "open", "in_transit": "shipped", "delivered": "delivered"}


def package(row: Row, account: Account) -> PackageRecord:
    """A package. Orders are found by line (`order_item_id` is read as POlineID): the order's own number is not told."""
    key, items = identity(row, "id"), listed(row, "items")
    tracking, invoice = _tracking(row), part(row, "invoice")
    names = [text(item.get("order_item_id"), 200) for item in items]
    return PackageRecord(
        external_id=key,
        order=next(filter(None, names), "") or text(row.get("order_id"), 200) or KEEP,
        # The seller's own key is shown where the marketplace gives none; by either the package is found.
        number=text(row.get("marketplace_package_id"), 200) or told(row, lambda value: text(value, 200), "remote_id"),
        vendor_status=text(row.get("status"), 200) or KEEP,
        status=status_of(text(row.get("status")), WORDS),
        vendor_changed_at=told(row, moment, "updated_at"),
        tracking_number=text(tracking.get("tracking_barcode"), 200) or KEEP,
        tracking_link=text(tracking.get("tracking_link")) or KEEP,
        tracking_provider=_provider(tracking),
        label_link=text(tracking.get("tracking_pdf")) or KEEP,
        invoice_number=text(invoice.get("invoice_number"), 200) or KEEP,
        invoice_date=iso_day(invoice.get("invoice_date")) or day_first(invoice.get("invoice_date")) or KEEP,
        invoice_link=text(invoice.get("invoice_link")) or text(invoice.get("invoice_pdf")) or KEEP,
        lines=_lines(key, items) if "items" in row else KEEP,
    )


def _lines(key: str, items: list[Row]) -> tuple[PackageLineRecord, ...]:
    """One for each item; a line of an order that is named twice stays two."""
    found: dict[str, PackageLineRecord] = {}
    for place, item in enumerate(items, start=1):
        line = text(item.get("order_item_id"), 200)
        name = f"{key}-{line or place}"
        name = f"{name}-{place}" if name in found else name
        found[name] = PackageLineRecord(
            name, order_line=line, quantity=decimal_of(plain(item.get("quantity")), places=3)
        )
    return tuple(found.values())


def tracking(row: Row, account: Account) -> TrackingRecord:
    """Tracking or a delivery (its list is `delivery_info`). No document shows these rows: the sibling API's are read."""
    return TrackingRecord(
        external_id=identity(row, "id"),
        package=identity(row, "package_id"),
        tracking_number=text(row.get("tracking_number"), 200) or text(row.get("tracking_barcode"), 200) or KEEP,
        tracking_link=text(row.get("tracking_link")) or KEEP,
        tracking_provider=_provider(row),
        label_link=text(row.get("tracking_pdf")) or KEEP,
        vendor_status=text(row.get("status"), 200) or KEEP,
        status=status_of(text(row.get("status")), WORDS),
        events=_events(row),
    )


def _events(row: Row) -> tuple[TrackingEventRecord, ...] | Keep:
    name = next((name for name in ("events", "delivery_info") if row.get(name) is not None), "")
    if not name:
        return KEEP
    entries = [row[name]] if isinstance(row[name], Mapping) else listed(row, name)
    return tuple(_event(entry) for entry in entries if entry)


def _event(entry: Row) -> TrackingEventRecord:
    """Events have no id: it is made from what they say, so that the same event told again is the same."""
    at_text, code = text(entry.get("datetime"), 100), text(entry.get("eventCode"), 100)
    detail, location = text(entry.get("detail")), text(entry.get("location"), 300)
    content = "\n".join((at_text, code, detail, location))
    try:
        at = datetime.strptime(at_text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BAGHDAD)
    except ValueError:
        at = None
    return TrackingEventRecord(
        blake2b(content.encode(), digest_size=12).hexdigest(), at, at_text, code, detail, location
    )


def _tracking(row: Row) -> Row:
    """The sibling API answers a list here: its last entry is taken."""
    held = row.get("tracking")
    if isinstance(held, list):
        entries = listed(row, "tracking")
        return entries[-1] if entries else {}
    return part(row, "tracking")


def _provider(row: Row) -> str | Keep:
    return text(row.get("provider"), 200) or text(row.get("tracking_provider"), 200) or KEEP
