"""Record → row: the only code that writes the catalogue's vendor-owned columns. One function for each flow, named as the flow.

Each takes a Batch inside the caller's transaction and returns an Outcome. Operators' columns are never named here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any

from django.db.models import Model

from catalog import load, rows
from catalog.gtin import gtin_of
from catalog.guard import sift
from catalog.jsontext import Json
from catalog.models import (
    Attribute,
    AttributeValue,
    Brand,
    Category,
    Mirrored,
    PriceChange,
    Product,
    StockChange,
    Variant,
)
from catalog.outcome import Batch, Outcome
from catalog.records import KEEP, DetailRecord, ProductRecord, VariantRecord

PRICES = {"price": "currency", "discount_price": "currency", "retail_price": "retail_currency"}


def told(record: Any, *leave: str) -> rows.Values:
    """The record's fields as column values, without its id and the named ones."""
    names, values_of = _reader(type(record), leave)  # type: ignore[arg-type]
    values = zip(names, values_of(record), strict=True)
    return {name: value if type(value) in rows.SIMPLE else rows.plain(value) for name, value in values}


@cache
def _reader(kind: type, leave: tuple[str, ...]) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The names told of such a record, and what reads their values in one go."""
    names = tuple(f.name for f in fields(kind) if f.name not in ("external_id", *leave))
    if len(names) > 1:
        return names, attrgetter(*names)
    return names, lambda record: tuple(getattr(record, name) for name in names)


def count(outcome: Outcome, ids: Iterable[str], created: set[str], changed: set[str]) -> None:
    """Count each id once: created, else updated, else unchanged. A risky row counts as held, wherever that is decided."""
    for external_id in ids:
        if external_id in outcome.risky:
            if external_id not in changed:
                continue
        elif external_id in created:
            outcome.created += 1
        elif external_id in changed:
            outcome.updated += 1
        else:
            outcome.unchanged += 1
            continue
        outcome.changed.add(external_id)


def _plain_flow(batch: Batch, model: type[Mirrored], values: Mapping[str, rows.Values]) -> tuple[Outcome, rows.Written]:
    written = rows.write(model, {"vendor_id": batch.vendor_id}, values, now=batch.now)
    outcome = Outcome()
    count(outcome, values, written.created, {c.external_id for c in written.changes})
    return outcome, written


def _with_raw(batch: Batch, *leave: str) -> dict[str, rows.Values]:
    return {
        item.record.external_id: told(item.record, *leave) | {"raw": item.raw, "gone_at": None} for item in batch.items
    }


def _ids(model: type[Mirrored], batch: Batch, names: Mapping[str, str]) -> dict[str, int]:
    """Ids of referenced rows by external id; one that has not come yet is made with the name it was called by."""
    wanted = {key: name for key, name in names.items() if key}
    scope = {"vendor_id": batch.vendor_id}
    known: dict[str, int] = {}
    for part in rows.chunks(list(wanted)):
        stored = model._default_manager.filter(**scope, external_id__in=part)
        known.update(stored.values_list("external_id", "pk"))
    new = {key: {"name": name or key} for key, name in wanted.items() if key not in known}
    return known | rows.write(model, scope, new, now=batch.now, known={}).ids


def categories(batch: Batch) -> Outcome:
    """Categories with the parents each hangs under; a parent that has not come yet is made and named later."""
    outcome, written = _plain_flow(batch, Category, _with_raw(batch, "parents"))
    linked = {item.record.external_id: item.record.parents for item in batch.items if item.record.parents is not KEEP}
    parents = {parent for many in linked.values() for parent in many}
    missing = {parent: "" for parent in parents if parent not in written.ids}
    ids = written.ids | _ids(Category, batch, missing)
    through = Category.parents.through
    want = {(ids[child], ids[parent]) for child, many in linked.items() for parent in many if child != parent}
    have = set(
        through._default_manager.filter(from_category_id__in=[ids[child] for child in linked]).values_list(
            "from_category_id", "to_category_id"
        )
    )
    for child_id, parent_id in have - want:
        through._default_manager.filter(from_category_id=child_id, to_category_id=parent_id).delete()
    through._default_manager.bulk_create(
        [through(from_category_id=child, to_category_id=parent) for child, parent in sorted(want - have)]
    )
    return outcome


def brands(batch: Batch) -> Outcome:
    return _plain_flow(batch, Brand, _with_raw(batch))[0]


def attributes(batch: Batch) -> Outcome:
    return _plain_flow(batch, Attribute, _with_raw(batch))[0]


def attribute_values(batch: Batch) -> Outcome:
    ids = _ids(Attribute, batch, {item.record.attribute: "" for item in batch.items})
    values = _with_raw(batch, "attribute")
    for item in batch.items:
        values[item.record.external_id]["attribute_id"] = ids.get(item.record.attribute)
    return _plain_flow(batch, AttributeValue, values)[0]


def products(batch: Batch) -> Outcome:
    """Products with the variants that came with them. Guarded: the risky price or stock of a variant stays as it is."""
    scope = {"vendor_id": batch.vendor_id}
    all_variants = [variant for item in batch.items for variant in item.record.variants]
    known = rows.stored(Variant, scope, "external_id", [variant.external_id for variant in all_variants])
    sifted = sift(batch, known, lambda item: item.record.variants)
    stored = rows.stored(Product, scope, "external_id", [item.record.external_id for item in batch.items])
    apart = _numbers(product.pk for product in stored.values())
    records: list[ProductRecord] = [item.record for item in batch.items]
    brand_names = {r.brand: str(r.brand_name or "") for r in records if isinstance(r.brand, str)}
    brand_ids = _ids(Brand, batch, brand_names)
    category_ids = _ids(Category, batch, {r.category: "" for r in records if isinstance(r.category, str)})
    values = {}
    for item in batch.items:
        record = item.record
        values[record.external_id] = told(record, "brand", "category", "variants") | {
            "brand_id": KEEP if record.brand is KEEP else brand_ids.get(record.brand),
            "category_id": KEEP if record.category is KEEP else category_ids.get(record.category),
            "search": search_text(
                record.external_id,
                record.name,
                record.brand_name,
                *[text for v in record.variants for text in (v.external_id, v.sku, v.manufacturer_code, v.barcode)],
                *(apart.get(stored[record.external_id].pk, ()) if record.external_id in stored else ()),
            ),
            "raw": item.raw,
            "gone_at": None,
        }
    described = {key for key, row in stored.items() if row.details_at and row.details_at >= row.changed_at}
    written = rows.write(Product, scope, values, now=batch.now, known=stored)
    # A row that differs only in what has no column, such as its stock, is no reason to fetch its details again.
    same = [c.id for c in written.changes if c.external_id in described and c.after.keys() == {"raw"}]
    Product.objects.filter(pk__in=same).update(details_at=batch.now)
    pairs = [(record, sifted.offers[variant.external_id]) for record in records for variant in record.variants]
    moved = _variants(batch, [(v, written.ids[r.external_id], r.name, {}) for r, v in pairs], known)
    changed = {change.external_id for change in written.changes}
    changed |= {record.external_id for record, variant in pairs if variant.external_id in moved}
    outcome = Outcome(risky=sifted.risky, kept=sifted.kept, left=sifted.left)
    count(outcome, values, written.created, changed)
    return outcome


def variants(batch: Batch) -> Outcome:
    """Variants that come apart from their product; a product that has not come yet is made and named later."""
    scope = {"vendor_id": batch.vendor_id}
    known = rows.stored(Variant, scope, "external_id", [item.record.external_id for item in batch.items])
    sifted = sift(batch, known, lambda item: (item.record,))
    offers = [(sifted.offers[item.record.external_id], item) for item in batch.items]
    parents = {offer.product or offer.external_id: offer.name or offer.sku for offer, _ in offers}
    ids = _ids(Product, batch, parents)
    changed = _variants(
        batch, [(offer, ids[offer.product or offer.external_id], "", item.raw) for offer, item in offers], known
    )
    _name_products(ids[o.product or o.external_id] for o, _ in offers if o.external_id in changed)
    outcome = Outcome(risky=sifted.risky, kept=sifted.kept, left=sifted.left)
    created = {offer.external_id for offer, _ in offers if offer.external_id not in known}
    count(outcome, [offer.external_id for offer, _ in offers], created, changed)
    return outcome


def details(batch: Batch) -> Outcome:
    """Long texts, specification lines, pictures, weights of known products."""
    scope = {"vendor_id": batch.vendor_id}
    known = rows.stored(Product, scope, "external_id", [item.external_id for item in batch.items])
    outcome = Outcome(
        missing={i.external_id: "No such product yet." for i in batch.items if i.external_id not in known}
    )
    values, sizes = {}, {}
    for item in batch.items:
        if item.external_id not in known:
            continue
        record: DetailRecord = item.record
        values[item.external_id] = told(record, "weight_kg", "size")
        sizes[item.external_id] = {"weight_kg": record.weight_kg, "size": rows.plain(record.size)}
    written = rows.write(Product, scope, values, now=batch.now, known=known)
    weighed = rows.write(
        Variant, scope, {k: v for k, v in sizes.items() if k in _variant_keys(batch, sizes)}, now=batch.now
    )
    changed = {c.external_id for c in [*written.changes, *weighed.changes]}
    # Equal details fetched again are no change, but they are as new as the product from now on.
    old = [row.pk for row in known.values() if row.details_at is None or row.details_at < row.changed_at]
    Product.objects.filter(pk__in=old).update(details_at=batch.now)
    count(outcome, values, set(), changed)
    return outcome


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
    _stamp(values, known, batch.now)
    written = rows.write(Variant, scope, values, now=batch.now, known=known)
    _note_changes(batch, written.changes, known)
    count(outcome, values, set(), {c.external_id for c in written.changes})
    return outcome


def gone(vendor_id: int, flow: str, external_ids: Iterable[str], now: datetime) -> int:
    """Mark rows that are missing from a complete list; their stock becomes unknown, never zero. Returns how many."""
    models: dict[str, tuple[type[Mirrored], ...]] = {
        "categories": (Category,),
        "brands": (Brand,),
        "attributes": (Attribute,),
        "attribute_values": (AttributeValue,),
        "products": (Product,),
        "variants": (Variant,),
    }
    marked = 0
    for part in rows.chunks(list(external_ids)):
        for model in models[flow]:
            scope = model._default_manager.filter(vendor_id=vendor_id, external_id__in=part, gone_at=None)
            marked += scope.update(gone_at=now, changed_at=now)
        if flow == "products":
            orphans = Variant.objects.filter(vendor_id=vendor_id, product__external_id__in=part, gone_at=None)
            orphans.update(gone_at=now, changed_at=now, stock=None, stock_at_least=False)
        elif flow == "variants":
            missing = Variant.objects.filter(vendor_id=vendor_id, external_id__in=part)
            missing.update(stock=None, stock_at_least=False)
    return marked


def in_stock(vendor_id: int) -> int:
    """How many of the vendor's variants are known to be in stock; what the guard measures "gone to zero" against."""
    return Variant.objects.filter(vendor_id=vendor_id, stock__gt=0, gone_at=None).count()


def called(vendor_id: int, flow: str, external_ids: Iterable[str]) -> dict[str, str]:
    """What rows of a complete flow are called, for people."""
    model: Any = {"products": Product, "variants": Variant, "categories": Category, "brands": Brand}.get(flow)
    found = model._default_manager.filter(vendor_id=vendor_id, external_id__in=list(external_ids)) if model else ()
    return {row.external_id: str(row) for row in found}


def _numbers(products: Iterable[int]) -> dict[int, list[str]]:
    """The numbers of each product's stored variants, so that a product is found by any of them."""
    found: dict[int, list[str]] = {}
    for part in rows.chunks(list(products)):
        told_ = Variant.objects.filter(product__in=part).order_by("external_id")
        for product, *texts in told_.values_list("product", "external_id", "sku", "manufacturer_code", "barcode"):
            found.setdefault(product, []).extend(texts)
    return found


def _name_products(products: Iterable[int]) -> None:
    """The search text of products whose variants came apart from them."""
    ids = sorted(set(products))
    numbers = _numbers(ids)
    differing = []
    for product in Product.objects.filter(pk__in=ids).only("external_id", "name", "brand_name", "search"):
        text = search_text(product.external_id, product.name, product.brand_name, *numbers.get(product.pk, ()))
        if text != product.search:
            product.search = text
            differing.append(product)
    Product.objects.bulk_update(differing, ["search"], batch_size=rows.BATCH)


def search_text(*parts: Any) -> str:
    """The one upper-case text a list is searched in."""
    return " ".join(part.upper() for part in dict.fromkeys(p for p in parts if isinstance(p, str) and p))


def _variant_keys(batch: Batch, keys: Iterable[str]) -> set[str]:
    found = Variant.objects.filter(vendor_id=batch.vendor_id, external_id__in=list(keys))
    return set(found.values_list("external_id", flat=True))


def _variants(
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
    _stamp(values, known, batch.now)
    written = rows.write(Variant, {"vendor_id": batch.vendor_id}, values, now=batch.now, known=known)
    _note_changes(batch, written.changes, known)
    return written.created | {change.external_id for change in written.changes}


def _stamp(values: dict[str, rows.Values], known: Mapping[str, Variant], now: datetime) -> None:
    """Set "price and stock as of" where price or stock is new or changed; a re-sync of equal values writes nothing."""
    for external_id, row in values.items():
        stored = known.get(external_id)
        watched = ("stock", "stock_at_least", *PRICES)
        told_now = {name: row[name] for name in watched if row.get(name, KEEP) is not KEEP}
        if told_now and (stored is None or any(getattr(stored, name) != value for name, value in told_now.items())):
            row["checked_at"] = now


def _note_changes(batch: Batch, changes: list[rows.Change], known: Mapping[str, Variant]) -> None:
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
