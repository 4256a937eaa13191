"""Customers, and the carts they left behind."""

from typing import Any

from catalog import rows
from catalog.mirror import count, search_text, told
from catalog.outcome import Batch, Outcome
from catalog.records import KEEP
from orders.models import AbandonedCart, Customer

Known = dict[str, Any]
CUSTOMER = ("name", "company", "email", "phone", "group")
CART = ("customer_name", "customer_email", "customer_phone", "customer_external_id")


def customers(batch: Batch) -> Outcome:
    """Customers as the vendor knows them; what it did not tell stays."""
    scope = {"vendor_id": batch.vendor_id}
    known = rows.stored(Customer, scope, "external_id", [item.record.external_id for item in batch.items])
    values: dict[str, rows.Values] = {}
    for item in batch.items:
        row = told(item.record) | {"raw": item.raw, "gone_at": None}
        values[item.record.external_id] = row | {"search": _text(item.record.external_id, row, known, CUSTOMER)}
    return _written(batch, rows.write(Customer, scope, values, now=batch.now, known=known), values)


def abandoned_carts(batch: Batch) -> Outcome:
    """Carts that were left, each with its lines as the vendor told them."""
    scope = {"vendor_id": batch.vendor_id}
    known = rows.stored(AbandonedCart, scope, "external_id", [item.record.external_id for item in batch.items])
    values: dict[str, rows.Values] = {}
    for item in batch.items:
        record = item.record
        row = told(record, "lines") | {"raw": item.raw, "gone_at": None}
        skus: list[str] = []
        if isinstance(record.lines, tuple):
            lines = [told(line) for line in record.lines]
            row |= {"lines": rows.plain(lines), "line_count": len(lines)}
            skus = [line.sku for line in record.lines]
        values[record.external_id] = row | {"search": _text(record.external_id, row, known, CART, *skus)}
    return _written(batch, rows.write(AbandonedCart, scope, values, now=batch.now, known=known), values)


def _text(key: str, row: rows.Values, known: Known, names: tuple[str, ...], *more: str) -> str:
    """The text a row is searched in; what a record keeps is as stored."""
    stored = known.get(key)
    return search_text(key, *(getattr(stored, n, "") if row[n] is KEEP else row[n] for n in names), *more)


def _written(batch: Batch, written: rows.Written, values: dict[str, rows.Values]) -> Outcome:
    outcome = Outcome()
    count(outcome, values, written.created, {change.external_id for change in written.changes})
    return outcome
