"""Packages with their lines, tracking and invoice, and tracking that comes apart from them."""

from collections.abc import Mapping

from catalog import rows
from catalog.jsontext import Json
from catalog.mirror import count, search_text, told
from catalog.outcome import Batch, Outcome
from orders import linking
from orders.models import Package, PackageLine, PackageStatus, StatusWord, TrackingEvent
from orders.records import PackageRecord, TrackingRecord
from orders.words import Meanings


def packages(batch: Batch) -> Outcome:
    """Packages with their lines, tracking and invoice, linked to the order they name."""
    records: dict[str, PackageRecord] = {item.record.external_id: item.record for item in batch.items}
    raws = {item.record.external_id: item.raw for item in batch.items}
    created, changed = write_packages(batch, records, raws)
    outcome = Outcome()
    count(outcome, records, created, changed)
    return outcome


def write_packages(
    batch: Batch, records: dict[str, PackageRecord], raws: Mapping[str, Json]
) -> tuple[set[str], set[str]]:
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
    known = rows.children(PackageLine, "package_id", whole)
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
    known = rows.children(TrackingEvent, "package_id", {package_id for package_id, _ in told_events})
    key = ("package_id", "external_id")
    written = rows.write(TrackingEvent, {}, told_events, now=batch.now, key=key, known=known)
    touched = {*written.created, *(change.external_id for change in written.changes)}
    return {records[package_id][0] for package_id, _ in touched}


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
