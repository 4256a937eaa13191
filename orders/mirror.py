"""Record → row: the only code that writes orders' vendor-owned columns. One function for each flow, named as the flow.

Each takes a Batch inside the caller's transaction and returns an Outcome. Operators' columns are never named here.
"""

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from catalog import rows
from catalog.jsontext import Json
from catalog.mirror import count, search_text, told
from catalog.outcome import Batch, Outcome
from catalog.records import KEEP
from orders import lines, linking
from orders.models import (
    CancelReason,
    Order,
    Package,
    PackageLine,
    PackageStatus,
    StatusWord,
    TrackingEvent,
    Transaction,
)
from orders.records import InvoiceRecord, PackageRecord, TrackingRecord, TransactionRecord
from orders.words import Meanings

SEARCHED = ("number", "external_id", "reference", "buyer_name", "buyer_email", "buyer_phone")


def orders(batch: Batch) -> Outcome:
    """Orders with their lines. Parts of one order on several rows are put together; the older of two versions loses."""
    parts = lines.gather(batch)
    records = [item.record for item in batch.items]
    words = {record.vendor_status: record.status for record in records}
    words |= {line.vendor_status: line.status for record in records for line in record.lines}
    meaning = Meanings(batch, StatusWord.Subject.ORDER, words)
    lines.place(batch, parts.values(), meaning)
    later = linking.later_numbers(part.stored.pk for part in parts.values() if part.stored)
    known = {key: part.stored for key, part in parts.items() if part.stored}
    values = {
        key: _order_values(batch, key, part, meaning, later.get(part.stored.pk if part.stored else 0, []))
        for key, part in parts.items()
    }
    written = rows.write(Order, {"vendor_id": batch.vendor_id}, values, now=batch.now, known=known)
    changed = {change.external_id for change in written.changes} | lines.write(batch, parts, written.ids)
    _adopt(
        batch.vendor_id, {key: part for key, part in parts.items() if key in written.created or part.values}, written
    )
    outcome = Outcome()
    made = {item.external_id for item in batch.items if item.record.external_id in written.created}
    altered = {item.external_id for item in batch.items if item.record.external_id in changed}
    count(outcome, [item.external_id for item in batch.items], made, altered)
    outcome.unknown.update(meaning.unknown(line.vendor_status for record in records for line in record.lines))
    return outcome


def _order_values(batch: Batch, key: str, part: lines.Part, meaning: Meanings, later: list[str]) -> rows.Values:
    """Column values of one order; an older version than the stored one changes nothing but what its new lines add up to."""
    record, stored = part.record, part.stored
    values: rows.Values = {"gone_at": None}
    if not part.is_old:
        values |= told(record, "lines", "lines_complete", "status")
        values["vendor_changed_at"] = lines.believed(record.vendor_changed_at, batch.now)
        values["placed_at"] = record.placed_at or (stored.placed_at if stored else batch.now)
        values["placed_day_only"] = (
            record.placed_day_only if record.placed_at else bool(stored and stored.placed_day_only)
        )
        values["status"] = meaning.of(record.vendor_status, record.status)
        values["raw"] = part.raw(KEEP)
    numbers = dict.fromkeys(stored.other_numbers if stored else [])
    numbers |= dict.fromkeys(number for item in part.items for number in item.record.other_numbers)
    standing = part.view()
    values |= {"other_numbers": list(numbers), "line_count": len(standing)}
    if part.in_parts:
        values |= lines.totals(standing)
    names = {"external_id": key, **{name: values.get(name, KEEP) for name in SEARCHED if name != "external_id"}}
    seen = {name: getattr(stored, name, "") if value is KEEP else value for name, value in names.items()}
    values["search"] = linking.order_text(SimpleNamespace(**seen, other_numbers=list(numbers)), standing, later)
    return values


def _adopt(vendor_id: int, parts: Mapping[str, lines.Part], written: rows.Written) -> None:
    """Link packages and transactions that came before their order."""
    names: dict[str, int] = {}
    for key, part in parts.items():
        names |= dict.fromkeys((*part.values, part.record.number, key), written.ids[key])
    linking.refresh_search(linking.adopt(vendor_id, names))


def packages(batch: Batch) -> Outcome:
    """Packages with their lines, tracking and invoice, linked to the order they name."""
    records: dict[str, PackageRecord] = {item.record.external_id: item.record for item in batch.items}
    raws = {item.record.external_id: item.raw for item in batch.items}
    created, changed = _packages(batch, records, raws)
    outcome = Outcome()
    count(outcome, records, created, changed)
    return outcome


def _packages(batch: Batch, records: dict[str, PackageRecord], raws: Mapping[str, Json]) -> tuple[set[str], set[str]]:
    words = {r.vendor_status: r.status for r in records.values() if isinstance(r.vendor_status, str)}
    meaning = Meanings(batch, StatusWord.Subject.PACKAGE, words)
    found = linking.orders_named(batch.vendor_id, {r.order for r in records.values() if isinstance(r.order, str)})
    values: dict[str, rows.Values] = {}
    for external_id, record in records.items():
        row = told(record, "order", "lines", "events", "status") | {"raw": raws[external_id], "gone_at": None}
        if isinstance(record.vendor_status, str):
            row["status"] = meaning.of(record.vendor_status, record.status)
        elif record.status != PackageStatus.UNKNOWN:
            row["status"] = record.status
        if isinstance(record.order, str):
            row |= {"order_external_id": record.order, "order_id": found.get(record.order)}
        row["search"] = search_text(
            external_id, record.number, record.tracking_number, record.order, record.invoice_number
        )
        values[external_id] = row
    written = rows.write(Package, {"vendor_id": batch.vendor_id}, values, now=batch.now)
    changed = {change.external_id for change in written.changes}
    changed |= _package_lines(batch, records, values, written.ids)
    changed |= _events(batch, {written.ids[key]: (key, record) for key, record in records.items()})
    linking.refresh_search(found.values())
    return written.created, changed


def _package_lines(
    batch: Batch, records: Mapping[str, PackageRecord], values: Mapping[str, rows.Values], ids: Mapping[str, int]
) -> set[str]:
    """Write what each package holds; returns the external ids of packages with a line made, changed or removed."""
    whole = {ids[key]: (key, record) for key, record in records.items() if isinstance(record.lines, tuple)}
    orders_of = {package: values[key].get("order_id") or 0 for package, (key, _) in whole.items()}
    line_ids = linking.line_ids({order_id for order_id in orders_of.values() if order_id})
    told_lines: dict[tuple[int, str], rows.Values] = {}
    for package_id, (_, record) in whole.items():
        for line in record.lines if isinstance(record.lines, tuple) else ():
            told_lines[package_id, line.external_id] = told(line, "order_line") | {
                "line_external_id": line.order_line,
                "order_line_id": line_ids.get((orders_of[package_id], line.order_line or line.sku)),
            }
    known = _children(PackageLine, whole)
    key = ("package_id", "external_id")
    written = rows.write(PackageLine, {}, told_lines, now=batch.now, key=key, known=known)
    stale = [place for place in known if place not in told_lines]
    for part in rows.chunks([known[place].pk for place in stale]):
        PackageLine.objects.filter(pk__in=part).delete()
    touched = {*written.created, *(change.external_id for change in written.changes), *stale}
    return {whole[package_id][0] for package_id, _ in touched}


def _events(batch: Batch, records: Mapping[int, tuple[str, PackageRecord | TrackingRecord]]) -> set[str]:
    """Add tracking events by package id, never remove one; returns the given ids of records with news."""
    told_events = {
        (package_id, event.external_id): told(event)
        for package_id, (_, record) in records.items()
        if isinstance(record.events, tuple)
        for event in record.events
    }
    known = _children(TrackingEvent, {package_id for package_id, _ in told_events})
    key = ("package_id", "external_id")
    written = rows.write(TrackingEvent, {}, told_events, now=batch.now, key=key, known=known)
    touched = {*written.created, *(change.external_id for change in written.changes)}
    return {records[package_id][0] for package_id, _ in touched}


def _children(
    model: type[PackageLine] | type[TrackingEvent], package_ids: Iterable[int]
) -> dict[tuple[int, str], PackageLine | TrackingEvent]:
    found = {}
    for part in rows.chunks(sorted(package_ids)):
        for row in model._default_manager.filter(package_id__in=part):
            found[row.package_id, row.external_id] = row
    return found


def trackings(batch: Batch) -> Outcome:
    """Tracking told apart from its package; tracking of a package not known yet is tried again at the next run."""
    scope = {"vendor_id": batch.vendor_id}
    known = rows.stored(Package, scope, "external_id", {item.record.package for item in batch.items})
    words = {i.record.vendor_status: i.record.status for i in batch.items if isinstance(i.record.vendor_status, str)}
    meaning = Meanings(batch, StatusWord.Subject.PACKAGE, words)
    outcome = Outcome()
    done: list[str] = []
    changed: set[str] = set()
    for item in batch.items:
        record: TrackingRecord = item.record
        package = known.get(record.package)
        if package is None:
            outcome.missing[item.external_id] = f"No package “{record.package}” yet."
            continue
        done.append(item.external_id)
        values = told(record, "package", "events", "status", "vendor_status")
        if isinstance(record.vendor_status, str) and record.vendor_status:
            status = meaning.of(record.vendor_status, record.status)
            values |= {"vendor_status": record.vendor_status, "status": status}
        number = record.tracking_number if isinstance(record.tracking_number, str) else package.tracking_number
        values["search"] = search_text(
            package.external_id, package.number, number, package.order_external_id, package.invoice_number
        )
        written = rows.write(Package, scope, {record.package: values}, now=batch.now, known=known)
        # Asked for in any case: events are written here.
        news = _events(batch, {package.pk: (item.external_id, record)})
        if written.changes or news:
            changed.add(item.external_id)
    linking.refresh_search(package.order_id for package in known.values() if package.order_id)
    count(outcome, done, set(), changed)
    return outcome


deliveries = trackings  # the same news by another call


def transactions(batch: Batch) -> Outcome:
    """Transactions, each with the order its number suggests."""
    records = {item.record.external_id: item.record for item in batch.items}
    raws = {item.record.external_id: item.raw for item in batch.items}
    created, changed = _transactions(batch, records, raws)
    outcome = Outcome()
    count(outcome, records, created, changed)
    return outcome


def _transactions(
    batch: Batch, records: dict[str, TransactionRecord], raws: Mapping[str, Json]
) -> tuple[set[str], set[str]]:
    found = linking.orders_named(batch.vendor_id, {record.order_number for record in records.values()})
    values = {
        key: told(record)
        | {
            "order_id": found.get(record.order_number),
            "search": search_text(key, record.number, record.order_number),
            "raw": raws[key],
            "gone_at": None,
        }
        for key, record in records.items()
    }
    written = rows.write(Transaction, {"vendor_id": batch.vendor_id}, values, now=batch.now)
    linking.refresh_search(found.values())
    return written.created, {change.external_id for change in written.changes}


def invoices(batch: Batch) -> Outcome:
    """A supplier's invoice becomes a bill and one package for each order on it."""
    records: list[InvoiceRecord] = [item.record for item in batch.items]
    raws = {item.record.transaction.external_id: item.raw for item in batch.items}
    bills = {record.transaction.external_id: record.transaction for record in records}
    created, changed = _transactions(batch, bills, raws)
    parcels = {package.external_id: package for record in records for package in record.packages}
    _, moved = _packages(batch, parcels, {key: {} for key in parcels})
    outcome = Outcome()
    made = {i.external_id for i in batch.items if i.record.transaction.external_id in created}
    altered = {
        i.external_id
        for i in batch.items
        if i.record.transaction.external_id in changed or any(p.external_id in moved for p in i.record.packages)
    }
    count(outcome, [item.external_id for item in batch.items], made, altered)
    return outcome


def cancel_reasons(batch: Batch) -> Outcome:
    """The reasons the vendor accepts when an order line is cancelled."""
    values = {item.record.external_id: {"name": item.record.name, "gone_at": None} for item in batch.items}
    written = rows.write(CancelReason, {"vendor_id": batch.vendor_id}, values, now=batch.now)
    outcome = Outcome()
    count(outcome, values, written.created, {c.external_id for c in written.changes})
    return outcome


def gone(vendor_id: int, flow: str, external_ids: Iterable[str], now: Any) -> int:
    """Orders are never marked gone: a list of current orders says nothing about the older ones. Reasons are."""
    if flow != "cancel_reasons":
        return 0
    rows_ = CancelReason.objects.filter(vendor_id=vendor_id, external_id__in=list(external_ids), gone_at=None)
    return rows_.update(gone_at=now, changed_at=now)


def in_stock(vendor_id: int) -> int:
    """Orders hold no stock."""
    return 0
