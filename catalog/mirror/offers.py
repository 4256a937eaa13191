"""Price and stock: variants under their products, availability, and a row for every real change."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Model

from catalog import load, rows
from catalog.gtin import gtin_of
from catalog.guard import sift
from catalog.jsontext import Json
from catalog.mirror.telling import count, search_text, told
from catalog.models import PriceChange, StockChange, Variant
from catalog.outcome import Batch, Outcome
from catalog.records import KEEP, VariantRecord

PRICES = {"price": "currency", "discount_price": "currency", "retail_price": "retail_currency"}


def availability(batch: Batch) -> Outcome:
    """Price and stock of known variants as of now."""
    scope = {"vendor_id": batch.vendor_id}
    known = rows.stored(Variant, scope, "external_id", [item.external_id for item in batch.items])
    outcome = Outcome(
        missing={i.external_id: "No such variant yet." for i in batch.items if i.external_id not in known}
    )
    items = [item for item in batch.items if item.external_id in known]
    sifted = sift(replace(batch, items=items), known, lambda item: (item.record,))
    outcome.risky, outcome.kept, outcome.left = sifted.risky, sifted.kept, sifted.left
    # The answer is kept on the variant: the list's own row, which says other things, is kept on the product.
    values = {i.external_id: told(sifted.offers[i.record.external_id]) | {"raw": i.raw} for i in items}
    stamp(values, known, batch.now)
    written = rows.write(Variant, scope, values, now=batch.now, known=known)
    note_changes(batch, written.changes, known)
    count(outcome, values, set(), {c.external_id for c in written.changes})
    return outcome


def write_variants(
    batch: Batch,
    placed: list[tuple[VariantRecord, int, str, Json]],
    known: Mapping[str, Variant],
) -> set[str]:
    """Write variants under their products; returns the external ids created or changed."""
    values: dict[str, rows.Values] = {}
    for record, product_id, product_name, raw in placed:
        row = told(record, "product") | {"product_id": product_id, "gone_at": None}
        if raw:
            row["raw"] = raw
        if record.name is KEEP and product_name:
            row["name"] = product_name
        if record.barcode is not KEEP:
            row["gtin"] = gtin_of(str(record.barcode))
        row["search"] = search_text(
            record.external_id, record.sku, row["name"], record.manufacturer_code, record.barcode
        )
        values[record.external_id] = row
    stamp(values, known, batch.now)
    written = rows.write(Variant, {"vendor_id": batch.vendor_id}, values, now=batch.now, known=known)
    note_changes(batch, written.changes, known)
    return written.created | {change.external_id for change in written.changes}


def stamp(values: dict[str, rows.Values], known: Mapping[str, Variant], now: datetime) -> None:
    """Set "price and stock as of" where price or stock is new or changed; a re-sync of equal values writes nothing."""
    for external_id, row in values.items():
        stored = known.get(external_id)
        watched = ("stock", "stock_at_least", *PRICES)
        told_now = {name: row[name] for name in watched if row.get(name, KEEP) is not KEEP}
        if told_now and (stored is None or any(getattr(stored, name) != value for name, value in told_now.items())):
            row["checked_at"] = now


def note_changes(batch: Batch, changes: list[rows.Change], known: Mapping[str, Variant]) -> None:
    """PriceChange and StockChange rows, for real changes only (a first value is not a change)."""
    prices: list[tuple[Any, ...]] = []
    stocks: list[tuple[Any, ...]] = []
    for change in changes:
        row = known[change.external_id]  # already holds the new values
        for name, currency in PRICES.items():
            now, now_in = getattr(row, name), getattr(row, currency)
            if name in change.after or (currency in change.after and now is not None):
                before, before_in = change.before.get(name, now), change.before.get(currency, now_in)
                prices.append((change.id, name, before, before_in, now, now_in))
        if "stock" in change.after or "stock_at_least" in change.after:
            before, more = (
                change.before.get("stock", row.stock),
                change.before.get("stock_at_least", row.stock_at_least),
            )
            stocks.append((change.id, before, more, row.stock, row.stock_at_least))
    _note(batch, PriceChange, "variant_id field before before_currency after after_currency", prices)
    _note(batch, StockChange, "variant_id before before_at_least after after_at_least", stocks)


def _note(batch: Batch, model: type[Model], names: str, found: list[tuple[Any, ...]]) -> None:
    if found:
        shared = {"vendor_id": batch.vendor_id, "run_id": batch.run_id, "at": batch.now}
        columns: dict[str, Any] = dict(zip(names.split(), zip(*found, strict=True), strict=True))
        load.add(model, columns | {name: [value] * len(found) for name, value in shared.items()})
