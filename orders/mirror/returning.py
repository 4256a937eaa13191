"""Returns with their lines, each with the order and the order line it takes back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from catalog import rows
from catalog.mirror import count, search_text, told
from catalog.outcome import Batch, Outcome
from catalog.records import KEEP
from orders import linking
from orders.lines import believed
from orders.models import Return, ReturnLine, StatusWord
from orders.records import ReturnLineRecord, ReturnRecord
from orders.words import Meanings


def returns(batch: Batch) -> Outcome:
    """Returns, linked to the order they name. A version the vendor changed before the stored one changes nothing."""
    scope = {"vendor_id": batch.vendor_id}
    known = rows.stored(Return, scope, "external_id", [item.record.external_id for item in batch.items])
    fresh = {
        item.record.external_id: item
        for item in batch.items
        if not _is_older(item.record, known.get(item.record.external_id))
    }
    records: dict[str, ReturnRecord] = {key: item.record for key, item in fresh.items()}
    words = {record.vendor_status: record.status for record in records.values()}
    words |= {line.vendor_status: line.status for record in records.values() for line in _told(record)}
    meaning = Meanings(batch, StatusWord.Subject.RETURN, words)
    found = linking.orders_named(batch.vendor_id, {r.order for r in records.values() if isinstance(r.order, str)})
    values: dict[str, rows.Values] = {}
    for key, record in records.items():
        row = told(record, "order", "lines", "status") | {"raw": fresh[key].raw, "gone_at": None}
        row["status"] = meaning.of(record.vendor_status, record.status)
        if isinstance(record.vendor_changed_at, datetime):
            row["vendor_changed_at"] = believed(record.vendor_changed_at, batch.now)
        if isinstance(record.order, str):
            row |= {"order_external_id": record.order, "order_id": found.get(record.order)}
        values[key] = row | {"search": _text(key, record, known.get(key))}
    written = rows.write(Return, scope, values, now=batch.now, known=known)
    changed = {change.external_id for change in written.changes}
    changed |= _lines(batch, records, values, written.ids, meaning)
    linking.refresh_search(found.values())
    outcome = Outcome()
    count(outcome, [item.record.external_id for item in batch.items], written.created, changed)
    outcome.unknown.update(meaning.unknown(record.vendor_status for record in records.values()))
    return outcome


def _text(key: str, record: ReturnRecord, stored: Return | None) -> Any:
    """The text it is searched in; a record without lines leaves what is stored."""
    if stored is not None and not isinstance(record.lines, tuple):
        return KEEP
    number, order = (
        record.number or getattr(stored, "number", ""),
        record.order or getattr(stored, "order_external_id", ""),
    )
    return search_text(key, number, order, *(line.sku for line in _told(record)))


def _is_older(record: ReturnRecord, stored: Return | None) -> bool:
    before, now = stored.vendor_changed_at if stored else None, record.vendor_changed_at
    return before is not None and isinstance(now, datetime) and now < before


def _told(record: ReturnRecord) -> tuple[ReturnLineRecord, ...]:
    return record.lines if isinstance(record.lines, tuple) else ()


def _lines(
    batch: Batch,
    records: Mapping[str, ReturnRecord],
    values: Mapping[str, rows.Values],
    ids: Mapping[str, int],
    meaning: Meanings,
) -> set[str]:
    """Write what each return holds; returns the external ids of returns with a line made, changed or removed."""
    whole = {ids[key]: (key, record) for key, record in records.items() if isinstance(record.lines, tuple)}
    orders_of = {pk: values[key].get("order_id") or 0 for pk, (key, _) in whole.items()}
    line_ids = linking.line_ids({order_id for order_id in orders_of.values() if order_id})
    told_lines: dict[tuple[int, str], rows.Values] = {}
    for pk, (_, record) in whole.items():
        for line in _told(record):
            told_lines[pk, line.external_id] = told(line, "order_line", "status") | {
                "line_external_id": line.order_line,
                "order_line_id": line_ids.get((orders_of[pk], line.order_line or line.sku)),
                "status": meaning.of(line.vendor_status, line.status),
            }
    known = rows.children(ReturnLine, "parent_id", whole)
    key = ("parent_id", "external_id")
    written = rows.write(ReturnLine, {}, told_lines, now=batch.now, key=key, known=known)
    stale = [place for place in known if place not in told_lines]
    for part in rows.chunks([known[place].pk for place in stale]):
        ReturnLine.objects.filter(pk__in=part).delete()
    touched = {*written.created, *(change.external_id for change in written.changes), *stale}
    return {whole[pk][0] for pk, _ in touched}
