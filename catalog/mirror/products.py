"""Products and variants, together or apart, and their details."""

from collections.abc import Iterable

from django.db.models import F

from catalog import rows
from catalog.guard import sift
from catalog.mirror.naming import name_products, numbers_of
from catalog.mirror.offers import write_variants
from catalog.mirror.telling import count, ids_of, search_text, told
from catalog.models import Brand, Category, Product, Variant
from catalog.outcome import Batch, Outcome
from catalog.records import KEEP, DetailRecord, ProductRecord


def products(batch: Batch) -> Outcome:
    """Products with the variants that came with them. Guarded: the risky price or stock of a variant stays as it is."""
    scope = {"vendor_id": batch.vendor_id}
    all_variants = [variant for item in batch.items for variant in item.record.variants]
    known = rows.stored(Variant, scope, "external_id", [variant.external_id for variant in all_variants])
    sifted = sift(batch, known, lambda item: item.record.variants)
    stored = rows.stored(Product, scope, "external_id", [item.record.external_id for item in batch.items])
    apart = numbers_of(product.pk for product in stored.values())
    records: list[ProductRecord] = [item.record for item in batch.items]
    brand_names = {r.brand: str(r.brand_name or "") for r in records if isinstance(r.brand, str)}
    brand_ids = ids_of(Brand, batch, brand_names)
    category_ids = ids_of(Category, batch, {r.category: "" for r in records if isinstance(r.category, str)})
    values = {}
    for item in batch.items:
        record = item.record
        values[record.external_id] = told(record, "brand", "category", "variants", "sold_apart") | {
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
    moved = write_variants(batch, [(v, written.ids[r.external_id], r.name, {}) for r, v in pairs], known)
    changed = {change.external_id for change in written.changes}
    changed |= {record.external_id for record, variant in pairs if variant.external_id in moved}
    changed |= _sold_apart(batch, [record.external_id for record in records if record.sold_apart])
    outcome = Outcome(risky=sifted.risky, kept=sifted.kept, left=sifted.left)
    count(outcome, values, written.created, changed)
    return outcome


def _sold_apart(batch: Batch, products: list[str]) -> set[str]:
    """Products that were their own variant and are sold in others now: that variant is gone, its stock unknown."""
    turned: set[str] = set()
    for part in rows.chunks(sorted(products)):
        own = Variant.objects.filter(vendor_id=batch.vendor_id, external_id__in=part, gone_at=None)
        found = dict(own.filter(product__external_id=F("external_id")).values_list("pk", "external_id"))
        if found:
            lost = Variant.objects.filter(pk__in=found)
            lost.update(gone_at=batch.now, changed_at=batch.now, stock=None, stock_at_least=False)
            turned |= set(found.values())
    return turned


def variants(batch: Batch) -> Outcome:
    """Variants that come apart from their product; a product that has not come yet is made and named later."""
    scope = {"vendor_id": batch.vendor_id}
    known = rows.stored(Variant, scope, "external_id", [item.record.external_id for item in batch.items])
    sifted = sift(batch, known, lambda item: (item.record,))
    offers = [(sifted.offers[item.record.external_id], item) for item in batch.items]
    parents = {offer.product or offer.external_id: offer.name or offer.sku for offer, _ in offers}
    ids = ids_of(Product, batch, parents)
    changed = write_variants(
        batch, [(offer, ids[offer.product or offer.external_id], "", item.raw) for offer, item in offers], known
    )
    name_products(ids[o.product or o.external_id] for o, _ in offers if o.external_id in changed)
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


def _variant_keys(batch: Batch, keys: Iterable[str]) -> set[str]:
    found = Variant.objects.filter(vendor_id=batch.vendor_id, external_id__in=list(keys))
    return set(found.values_list("external_id", flat=True))
