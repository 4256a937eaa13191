"""Record → row: the only code that writes orders' vendor-owned columns. One function for each flow, named as the flow.

Each takes a Batch inside the caller's transaction and returns an Outcome. Operators' columns are never named here.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q

from catalog import rows
from catalog.mirror import count, search_text, told
from catalog.models import Variant
from catalog.outcome import Batch, Item, Outcome
from catalog.records import KEEP
from orders.models import (
    CancelReason,
    Order,
    OrderLine,
    Package,
    PackageLine,
    Status,
    StatusWord,
    TrackingEvent,
    Transaction,
)
from orders.records import InvoiceRecord, OrderLineRecord, OrderRecord, PackageRecord, TrackingRecord, TransactionRecord

AHEAD = timedelta(days=1)  # a vendor's clock may run ahead; a later date is not believed for sorting


def orders(batch: Batch) -> Outcome:
    """Orders with their lines. Parts of one order on several rows are put together; the older of two versions loses."""
    meaning = _meanings(batch, StatusWord.Subject.ORDER, _order_words(batch))
    scope = {"vendor_id": batch.vendor_id}
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in batch.items:
        groups[item.record.external_id].append(item)
    known = rows.stored(Order, scope, "external_id", groups)
    values: dict[str, rows.Values] = {}
    for external_id, items in groups.items():
        items.sort(key=lambda item: item.record.vendor_changed_at or batch.now)
        values[external_id] = _order_values(batch, items[-1], known.get(external_id), meaning)
    written = rows.write(Order, scope, values, now=batch.now, known=known)
    changed = {change.external_id for change in written.changes}
    for external_id, items in groups.items():
        if _lines(batch, written.ids[external_id], items, meaning):
            changed.add(external_id)
    last = {key: items[-1].record for key, items in groups.items()}
    _refresh(written.ids.values(), {key for key, r in last.items() if r.lines and not r.lines_complete})
    outcome = Outcome()
    made = {i.external_id for key, items in groups.items() if key in written.created for i in items}
    altered = {i.external_id for key, items in groups.items() if key in changed for i in items}
    count(outcome, [item.external_id for item in batch.items], made, altered)
    return outcome


def _order_words(batch: Batch) -> dict[str, str]:
    words: dict[str, str] = {}
    for item in batch.items:
        for record in (item.record, *item.record.lines):
            if record.vendor_status:
                words[record.vendor_status] = record.status
    return words


def _meanings(batch: Batch, subject: str, words: dict[str, str]) -> dict[str, str]:
    """What each vendor's word means: the operator's table first; a word seen for the first time is added to it."""
    table = StatusWord.objects.filter(vendor_id=batch.vendor_id, subject=subject)
    known = dict(table.values_list("word", "meaning"))
    new = {word[:200]: meaning for word, meaning in words.items() if word[:200] not in known}
    StatusWord.objects.bulk_create(
        [
            StatusWord(vendor_id=batch.vendor_id, subject=subject, word=word, meaning=meaning, seen_at=batch.now)
            for word, meaning in new.items()
        ],
        ignore_conflicts=True,
    )
    return known | new


def _order_values(batch: Batch, item: Item, stored: Order | None, meaning: dict[str, str]) -> rows.Values:
    record: OrderRecord = item.record
    values = told(record, "lines", "lines_complete", "search_extra", "status")
    values["placed_at"] = record.placed_at or (stored.placed_at if stored else batch.now)
    values["placed_day_only"] = record.placed_day_only if record.placed_at else bool(stored and stored.placed_day_only)
    values["status"] = meaning.get(record.vendor_status[:200], record.status)
    values["raw"] = dict(item.raw)
    values["gone_at"] = None
    if record.lines and not record.lines_complete and stored is not None:
        # Totals, status and raw of an order told in parts are made from its lines (`_refresh`).
        for name in ("status", "vendor_status", "total", "commission", "net", "raw"):
            values[name] = KEEP
    before = stored.vendor_changed_at if stored is not None else None
    if before and record.vendor_changed_at and record.vendor_changed_at < before:
        return {"gone_at": None}
    return values


def _lines(batch: Batch, order_id: int, items: list[Item], meaning: dict[str, str]) -> bool:
    """Write the lines told by these items; True when any line was made, changed or removed."""
    records: dict[str, OrderLineRecord] = {}
    known = rows.stored(OrderLine, {"order_id": order_id}, "external_id", _line_ids(items))
    for item in items:
        for line in item.record.lines:
            old = known.get(line.external_id)
            if (
                old
                and old.vendor_changed_at
                and line.vendor_changed_at
                and line.vendor_changed_at < old.vendor_changed_at
            ):
                continue
            records[line.external_id] = line
    matches = _match(batch.vendor_id, records.values())
    values = {}
    for external_id, line in records.items():
        variant_id, how = matches[external_id]
        values[external_id] = told(line, "status") | {
            "status": meaning.get(line.vendor_status[:200], line.status),
            "variant_id": variant_id,
            "match": how,
        }
    written = rows.write(OrderLine, {"order_id": order_id}, values, now=batch.now, known=known)
    removed = 0
    if items[-1].record.lines_complete:
        stale = OrderLine.objects.filter(order_id=order_id).exclude(external_id__in=_line_ids(items))
        removed, _ = stale.delete()
    return bool(written.created or written.changes or removed)


def _line_ids(items: list[Item]) -> list[str]:
    return [line.external_id for item in items for line in item.record.lines]


def _match(vendor_id: int, lines: Iterable[OrderLineRecord]) -> dict[str, tuple[int | None, str]]:
    """Each line's variant: by SKU, then by GTIN, this vendor's own before others'; ambiguous stays unmatched and visible."""
    lines = list(lines)
    skus = {line.sku for line in lines if line.sku}
    codes = {line.barcode or line.sku for line in lines if line.barcode or line.sku}
    found = Variant.objects.filter(Q(vendor_id=vendor_id, sku__in=skus) | Q(vendor_id=vendor_id, gtin__in=codes))
    by_sku: dict[str, set[int]] = defaultdict(set)
    by_gtin: dict[str, set[int]] = defaultdict(set)
    for pk, sku, gtin in found.values_list("pk", "sku", "gtin"):
        by_sku[sku].add(pk)
        if gtin:
            by_gtin[gtin].add(pk)
    result: dict[str, tuple[int | None, str]] = {}
    for line in lines:
        for how, hits in (("sku", by_sku.get(line.sku)), ("gtin", by_gtin.get(line.barcode or line.sku))):
            if hits:
                result[line.external_id] = (next(iter(hits)), how) if len(hits) == 1 else (None, "ambiguous")
                break
        else:
            result[line.external_id] = (None, "none")
    return result


def _refresh(order_ids: Iterable[int], in_parts: set[str]) -> None:
    """Line count and search text of orders; of those told in parts also status and totals, from all their lines."""
    for order in Order.objects.filter(pk__in=list(order_ids)).prefetch_related("lines", "packages"):
        lines = list(order.lines.all())
        before = {
            f: getattr(order, f)
            for f in ("line_count", "search", "status", "vendor_status", "total", "commission", "net")
        }
        order.line_count = len(lines)
        order.search = search_text(
            order.number,
            order.external_id,
            order.reference,
            order.buyer_name,
            order.buyer_email,
            order.buyer_phone,
            *[value for value in (order.raw.get("Purchase Order ID"),) if value],
            *[text for line in lines for text in (line.external_id, line.sku, line.barcode)],
            *[package.tracking_number for package in order.packages.all()],
        )
        if order.external_id in in_parts:
            order.status = overall([line.status for line in lines])
            order.vendor_status = ", ".join(dict.fromkeys(line.vendor_status for line in lines if line.vendor_status))[
                :200
            ]
            for name in ("total", "commission", "net"):
                setattr(order, name, _sum(getattr(line, name) for line in lines))
        differing = [name for name, value in before.items() if getattr(order, name) != value]
        if differing:
            order.save(update_fields=differing)


def overall(statuses: list[str]) -> str:
    """One word for an order whose lines stand differently: cancelled lines do not count, a mixture is "partly done"."""
    living = {status for status in statuses if status != Status.CANCELLED} or set(statuses)
    if len(living) == 1:
        return living.pop()
    if Status.UNKNOWN in living:
        return Status.UNKNOWN
    return Status.PARTLY


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, or None when one part is unknown."""
    parts = list(values)
    return None if not parts or None in parts else sum((p for p in parts if p is not None), Decimal(0))


def packages(batch: Batch) -> Outcome:
    """Packages with their lines, tracking and invoice, linked to the order they name."""
    records: dict[str, PackageRecord] = {item.record.external_id: item.record for item in batch.items}
    raws = {item.record.external_id: dict(item.raw) for item in batch.items}
    created, changed = _packages(batch, records, raws)
    outcome = Outcome()
    count(outcome, records, created, changed)
    return outcome


def _packages(
    batch: Batch, records: dict[str, PackageRecord], raws: dict[str, dict[str, Any]]
) -> tuple[set[str], set[str]]:
    words = {
        r.vendor_status: r.status for r in records.values() if isinstance(r.vendor_status, str) and r.vendor_status
    }
    meaning = _meanings(batch, StatusWord.Subject.PACKAGE, words)
    found = _orders_named(batch.vendor_id, {r.order for r in records.values() if isinstance(r.order, str) and r.order})
    values: dict[str, rows.Values] = {}
    for external_id, record in records.items():
        row = told(record, "order", "lines", "events", "status") | {"raw": raws[external_id], "gone_at": None}
        if isinstance(record.vendor_status, str):
            row["status"] = meaning.get(record.vendor_status[:200], record.status)
        if isinstance(record.order, str):
            row |= {"order_external_id": record.order, "order_id": found.get(record.order)}
        row["search"] = search_text(
            external_id, record.number, record.tracking_number, record.order, record.invoice_number
        )
        values[external_id] = row
    written = rows.write(Package, {"vendor_id": batch.vendor_id}, values, now=batch.now)
    changed = {change.external_id for change in written.changes}
    for external_id, record in records.items():
        package_id, order_id = written.ids[external_id], values[external_id].get("order_id")
        if _package_lines(batch, package_id, order_id, record) | _events(batch, package_id, record):
            changed.add(external_id)
    _refresh(set(found.values()), set())
    return written.created, changed


def _orders_named(vendor_id: int, names: set[str]) -> dict[str, int]:
    """Orders by the number, id or line id a vendor uses for them."""
    if not names:
        return {}
    result = dict(
        OrderLine.objects.filter(order__vendor_id=vendor_id, external_id__in=names).values_list(
            "external_id", "order_id"
        )
    )
    orders_ = Order.objects.filter(Q(number__in=names) | Q(external_id__in=names), vendor_id=vendor_id)
    for pk, number, external_id in orders_.values_list("pk", "number", "external_id"):
        result |= {number: pk, external_id: pk}
    return {name: pk for name, pk in result.items() if name in names}


def _package_lines(batch: Batch, package_id: int, order_id: int | None, record: PackageRecord) -> bool:
    if not isinstance(record.lines, tuple):
        return False
    line_ids: dict[str, int] = {}
    if order_id:
        for pk, external_id, sku in OrderLine.objects.filter(order_id=order_id).values_list("pk", "external_id", "sku"):
            line_ids |= {sku: pk, external_id: pk}
    values = {
        line.external_id: told(line, "order_line")
        | {"line_external_id": line.order_line, "order_line_id": line_ids.get(line.order_line or line.sku)}
        for line in record.lines
    }
    written = rows.write(PackageLine, {"package_id": package_id}, values, now=batch.now)
    stale, _ = PackageLine.objects.filter(package_id=package_id).exclude(external_id__in=list(values)).delete()
    return bool(written.created or written.changes or stale)


def _events(batch: Batch, package_id: int, record: PackageRecord | TrackingRecord) -> bool:
    if not isinstance(record.events, tuple):
        return False
    values = {event.external_id: told(event) for event in record.events}
    written = rows.write(TrackingEvent, {"package_id": package_id}, values, now=batch.now)
    return bool(written.created or written.changes)


def trackings(batch: Batch) -> Outcome:
    """Tracking told apart from its package; tracking of a package not known yet is tried again at the next run."""
    scope = {"vendor_id": batch.vendor_id}
    known = rows.stored(Package, scope, "external_id", {item.record.package for item in batch.items})
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
            meaning = _meanings(batch, StatusWord.Subject.PACKAGE, {record.vendor_status: record.status})
            values |= {"vendor_status": record.vendor_status, "status": meaning[record.vendor_status[:200]]}
        number = record.tracking_number if isinstance(record.tracking_number, str) else package.tracking_number
        values["search"] = search_text(
            package.external_id, package.number, number, package.order_external_id, package.invoice_number
        )
        written = rows.write(Package, scope, {record.package: values}, now=batch.now, known=known)
        if written.changes or _events(batch, package.pk, record):
            changed.add(item.external_id)
    _refresh({package.order_id for package in known.values() if package.order_id}, set())
    count(outcome, done, set(), changed)
    return outcome


deliveries = trackings  # the same news by another call


def transactions(batch: Batch) -> Outcome:
    """Transactions, each with the order its number suggests."""
    records = {item.record.external_id: item.record for item in batch.items}
    raws = {item.record.external_id: dict(item.raw) for item in batch.items}
    created, changed = _transactions(batch, records, raws)
    outcome = Outcome()
    count(outcome, records, created, changed)
    return outcome


def _transactions(
    batch: Batch, records: dict[str, TransactionRecord], raws: dict[str, dict[str, Any]]
) -> tuple[set[str], set[str]]:
    found = _orders_named(batch.vendor_id, {r.order_number for r in records.values() if r.order_number})
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
    return written.created, {change.external_id for change in written.changes}


def invoices(batch: Batch) -> Outcome:
    """A supplier's invoice becomes a bill and one package for each order on it."""
    records: list[InvoiceRecord] = [item.record for item in batch.items]
    raws = {item.record.transaction.external_id: dict(item.raw) for item in batch.items}
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


def remap(word: StatusWord) -> int:
    """Give every stored row with this word the meaning an operator chose; returns how many changed."""
    if word.subject == StatusWord.Subject.PACKAGE:
        packages_ = Package.objects.filter(vendor_id=word.vendor_id, vendor_status=word.word)
        return packages_.exclude(status=word.meaning).update(status=word.meaning)
    lines = OrderLine.objects.filter(order__vendor_id=word.vendor_id, vendor_status=word.word)
    touched = list(lines.values_list("order_id", flat=True).distinct())
    changed = lines.exclude(status=word.meaning).update(status=word.meaning)
    whole = Order.objects.filter(vendor_id=word.vendor_id, vendor_status=word.word)
    changed += whole.exclude(status=word.meaning).update(status=word.meaning)
    for order in Order.objects.filter(pk__in=touched).exclude(vendor_status=word.word).prefetch_related("lines"):
        status = overall([line.status for line in order.lines.all()])
        if status != order.status:
            order.status = status
            order.save(update_fields=["status"])
    return changed
