"""Orders with their lines."""

from collections.abc import Mapping
from types import SimpleNamespace

from catalog import rows
from catalog.mirror import count, told
from catalog.outcome import Batch, Outcome
from catalog.records import KEEP
from orders import lines, linking
from orders.models import Order, StatusWord
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
    """Link packages, returns and transactions that came before their order."""
    names: dict[str, int] = {}
    for key, part in parts.items():
        names |= dict.fromkeys((*part.values, part.record.number, key), written.ids[key])
    linking.refresh_search(linking.adopt(vendor_id, names))
