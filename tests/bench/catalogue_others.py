"""What a user would pick instead, writing the same rows into the same tables: SQL by hand, bulk_create, django-import-export.

Each takes the page files and returns how many records it handled. They keep no fingerprints, price history or run.
"""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from catalog.models import Brand, Category, Product, Variant
from integrations.models import Vendor

# Installed by `make bench` alone, so nothing else may trip over its absence.
orjson: Any = import_module("orjson")
PRODUCT = ("name", "brand_id", "category_id", "brand_name", "description", "image_url", "raw", "search")
OFFER = "product_id name sku manufacturer_code barcode gtin currency price stock weight_kg attributes search"
VARIANT = tuple(OFFER.split())
LOADERS = "import_export.instance_loaders"
SHARED = ("id", "vendor_id", "external_id", "seen_at", "changed_at")
STAGE = {
    "external_id": "text", "name": "text", "brand": "text", "category": "text", "description": "text", "image_url": "text",
    "raw": "jsonb", "search": "text", "mpn": "text", "ean": "text", "price": "numeric", "stock": "numeric",
    "weight_kg": "numeric", "attributes": "jsonb", "search_variant": "text",
}  # fmt: skip


def vendor_id() -> int:
    return Vendor.objects.values_list("pk", flat=True).get(slug="bench")


def pages_of(files: Sequence[Path], together: int = 1) -> Iterator[list[Any]]:
    """The records of so many pages at a time."""
    for start in range(0, len(files), together):
        yield [
            record for file in files[start : start + together] for record in orjson.loads(file.read_bytes())["items"]
        ]


def dull(model: Any, told: Sequence[str]) -> dict[str, str]:
    """What the table wants beside the columns that are told: the model's defaults as SQL."""
    left = [f for f in model._meta.concrete_fields if f.attname not in (*SHARED, *told) and not f.null]
    defaults = {field.attname: field.get_default() for field in left}
    return {
        n: str(v).lower() if isinstance(v, bool) else f"'{v if isinstance(v, str) else json.dumps(v)}'"
        for n, v in defaults.items()
    }


def parse(files: Sequence[Path]) -> int:
    """Reading the bytes alone, by the quickest parser: below this nothing that looks at every record can go."""
    return sum(len(records) for records in pages_of(files))


def staged(record: Any) -> tuple[Any, ...]:
    """A record as the stage's columns."""
    attributes = [{"name": name, "value": value} for name, value in record["attributes"].items()]
    sku, title, brand, mpn = record["sku"], record["title"], record["brand"], record["attributes"]["mpn"]
    return (
        sku, title, brand, record["category"], record["description"], record["image"], orjson.dumps(record).decode(),
        f"{sku} {title} {brand}".upper(), mpn, record["ean"], record["price"], record["stock"], record["weight"],
        orjson.dumps(attributes).decode(), f"{sku} {title} {mpn} {record['ean']}".upper(),
    )  # fmt: skip


def floor_postgresql(files: Sequence[Path]) -> int:
    """COPY into a stage, then INSERT … ON CONFLICT DO UPDATE … WHERE IS DISTINCT FROM, three pages at a time."""
    count, vendor, now = 0, vendor_id(), timezone.now()
    columns = ", ".join(STAGE)
    insert = [_named(Brand, "brand"), _named(Category, "category"), _product(), _variant()]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE stage ({', '.join(f'{n} {kind}' for n, kind in STAGE.items())})")
        for records in pages_of(files, 3):
            count += len(records)
            with transaction.atomic():
                cursor.execute("TRUNCATE stage")
                with cursor.copy(f"COPY stage ({columns}) FROM STDIN") as copy:
                    for record in records:
                        copy.write_row(staged(record))
                cursor.execute("ANALYZE stage")
                for statement in insert:
                    cursor.execute(statement, {"vendor": vendor, "now": now})
    return count


def _named(model: Any, column: str) -> str:
    extra = {Brand: ", image_url", Category: ", translations"}[model]
    value = {Brand: ", ''", Category: ", '{}'"}[model]
    return (
        f"INSERT INTO {model._meta.db_table} (vendor_id, external_id, name, code, raw, seen_at, changed_at{extra})"
        f" SELECT DISTINCT %(vendor)s, {column}, {column}, '', '{{}}'::jsonb, %(now)s::timestamptz,"
        f" %(now)s::timestamptz{value}{'::jsonb' if model is Category else ''} FROM stage ON CONFLICT DO NOTHING"
    )


def _upsert(table: str, names: Sequence[str], values: Sequence[str], dull: dict[str, str], source: str) -> str:
    changes = ", ".join(f"{name} = excluded.{name}" for name in names)
    ours, theirs = (", ".join(f"{where}.{name}" for name in names) for where in (table, "excluded"))
    return (
        f"INSERT INTO {table} (vendor_id, external_id, seen_at, changed_at, {', '.join([*names, *dull])})"
        f" SELECT %(vendor)s, s.external_id, %(now)s, %(now)s, {', '.join([*values, *dull.values()])} FROM {source}"
        f" ON CONFLICT (vendor_id, external_id) DO UPDATE SET {changes}, changed_at = excluded.changed_at"
        f" WHERE ({ours}) IS DISTINCT FROM ({theirs})"
    )


def _product() -> str:
    values = ["s.name", "b.id", "c.id", "s.brand", "s.description", "s.image_url", "s.raw", "s.search"]
    source = (
        "stage s JOIN catalog_brand b ON b.vendor_id = %(vendor)s AND b.external_id = s.brand"
        " JOIN catalog_category c ON c.vendor_id = %(vendor)s AND c.external_id = s.category"
    )
    return _upsert("catalog_product", PRODUCT, values, dull(Product, PRODUCT), source)


def _variant() -> str:
    values = [
        "p.id",
        "s.name",
        "s.external_id",
        "s.mpn",
        "s.ean",
        "s.ean",
        "'EUR'",
        "s.price",
        "s.stock",
        "s.weight_kg",
    ]
    source = "stage s JOIN catalog_product p ON p.vendor_id = %(vendor)s AND p.external_id = s.external_id"
    return _upsert(
        "catalog_variant", VARIANT, [*values, "s.attributes", "s.search_variant"], dull(Variant, VARIANT), source
    )


def floor_sqlite(files: Sequence[Path]) -> int:
    """executemany of INSERT … ON CONFLICT DO UPDATE … WHERE IS NOT, three pages at a time."""
    count, vendor, now = 0, vendor_id(), str(timezone.now().replace(tzinfo=None))
    for records in pages_of(files, 3):
        count += len(records)
        rows = [dict(zip(STAGE, staged(record), strict=True)) for record in records]
        with transaction.atomic(), connection.cursor() as cursor:
            brands, categories = (_sqlite_named(cursor, model, vendor, now, rows) for model in (Brand, Category))
            for row in rows:
                row |= {"brand_id": brands[row["brand"]], "category_id": categories[row["category"]]}
            values = [
                (r["name"], r["brand_id"], r["category_id"], r["brand"], r["description"], r["image_url"], r["raw"], r["search"])
                for r in rows
            ]  # fmt: skip
            _sqlite_upsert(cursor, "catalog_product", PRODUCT, dull(Product, PRODUCT), vendor, now, rows, values)
            keys = [row["external_id"] for row in rows]
            products = _sqlite_ids(cursor, "catalog_product", vendor, keys)
            offers = [
                (products[r["external_id"]], r["name"], r["external_id"], r["mpn"], r["ean"], r["ean"], "EUR", r["price"],
                 r["stock"], r["weight_kg"], r["attributes"], r["search_variant"])
                for r in rows
            ]  # fmt: skip
            _sqlite_upsert(cursor, "catalog_variant", VARIANT, dull(Variant, VARIANT), vendor, now, rows, offers)
    return count


def _sqlite_named(cursor: Any, model: Any, vendor: int, now: str, rows: list[Any]) -> dict[str, int]:
    extra, value = {Brand: ("image_url", ""), Category: ("translations", "{}")}[model]
    names = sorted({row["brand" if model is Brand else "category"] for row in rows})
    cursor.executemany(
        f"INSERT INTO {model._meta.db_table} (vendor_id, external_id, name, code, raw, seen_at, changed_at, {extra})"
        " VALUES (%s, %s, %s, '', '{}', %s, %s, %s) ON CONFLICT DO NOTHING",
        [(vendor, name, name, now, now, value) for name in names],
    )
    return _sqlite_ids(cursor, model._meta.db_table, vendor, names)


def _sqlite_ids(cursor: Any, table: str, vendor: int, keys: list[str]) -> dict[str, int]:
    cursor.execute(
        f"SELECT external_id, id FROM {table}"
        " WHERE vendor_id = %s AND external_id IN (SELECT value FROM json_each(%s))",
        [vendor, json.dumps(keys)],
    )
    return dict(cursor.fetchall())


def _sqlite_upsert(
    cursor: Any, table: str, names: Sequence[str], dull: dict[str, str], vendor: int, now: str, rows: Any, values: Any
) -> None:
    changes = ", ".join(f"{name} = excluded.{name}" for name in names)
    marks = ", ".join(["%s"] * len(names))
    cursor.executemany(
        f"INSERT INTO {table} (vendor_id, external_id, seen_at, changed_at, {', '.join([*names, *dull])})"
        f" VALUES (%s, %s, %s, %s, {marks}, {', '.join(dull.values())})"
        f" ON CONFLICT (vendor_id, external_id) DO UPDATE SET {changes}"
        f" WHERE ({', '.join(names)}) IS NOT ({', '.join(f'excluded.{name}' for name in names)})",
        [(vendor, row["external_id"], now, now, *told) for row, told in zip(rows, values, strict=True)],
    )


def bulk_create(files: Sequence[Path]) -> int:
    """Django's bulk_create(update_conflicts=True), one page in a transaction, 500 rows in a statement."""
    count, vendor = 0, vendor_id()
    upsert: Any = {"batch_size": 500, "update_conflicts": True, "unique_fields": ["vendor_id", "external_id"]}
    for records in pages_of(files):
        now, count = timezone.now(), count + len(records)
        shared = {"vendor_id": vendor, "seen_at": now, "changed_at": now}
        with transaction.atomic():
            ids = []
            named: Any = ((Brand, "brand"), (Category, "category"))
            for model, name in named:
                names = {record[name] for record in records}
                model._default_manager.bulk_create(
                    [model(external_id=n, name=n, **shared) for n in sorted(names)], ignore_conflicts=True
                )
                ids.append(dict(model._default_manager.values_list("external_id", "pk")))
            products = Product.objects.bulk_create(
                [
                    Product(
                        external_id=r["sku"],
                        name=r["title"],
                        brand_id=ids[0][r["brand"]],
                        category_id=ids[1][r["category"]],
                        brand_name=r["brand"],
                        description=r["description"],
                        image_url=r["image"],
                        raw=r,
                        search=f"{r['sku']} {r['title']} {r['brand']}".upper(),
                        active=True,
                        **shared,
                    )
                    for r in records
                ],
                update_fields=[*PRODUCT, "changed_at"],
                **upsert,
            )
            Variant.objects.bulk_create(
                [_variant_of(r, product.pk, shared) for r, product in zip(records, products, strict=True)],
                update_fields=[*VARIANT, "changed_at"],
                **upsert,
            )
    return count


def _variant_of(record: Any, product_id: int, shared: dict[str, Any]) -> Variant:
    mpn = record["attributes"]["mpn"]
    return Variant(
        external_id=record["sku"],
        product_id=product_id,
        name=record["title"],
        sku=record["sku"],
        manufacturer_code=mpn,
        barcode=record["ean"],
        gtin=record["ean"],
        currency="EUR",
        price=Decimal(record["price"]),
        stock=Decimal(record["stock"]),
        weight_kg=Decimal(record["weight"]),
        attributes=[{"name": name, "value": value} for name, value in record["attributes"].items()],
        search=f"{record['sku']} {record['title']} {mpn} {record['ean']}".upper(),
        active=True,
        **shared,
    )


def import_export(files: Sequence[Path]) -> int:
    """django-import-export as its manual tunes it: use_bulk, cached rows and foreign keys, skip_unchanged."""
    modules = ("import_export.fields", "import_export.resources", "import_export.widgets", LOADERS)
    tablib: Any = import_module("tablib")
    libraries: Any = [import_module(name) for name in modules]
    fields, resources, widgets, loaders = libraries
    records, vendor, now = next(pages_of(files, len(files))), vendor_id(), timezone.now()
    named: Any = ((Brand, "brand"), (Category, "category"))
    for model, name in named:
        called = sorted({record[name] for record in records})
        made = [model(vendor_id=vendor, external_id=n, name=n, seen_at=now, changed_at=now) for n in called]
        model._default_manager.bulk_create(made, ignore_conflicts=True)

    class Resource(resources.ModelResource):  # type: ignore[name-defined]
        def before_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
            instance.vendor_id, instance.changed_at = vendor, now
            instance.seen_at = instance.seen_at or now

    def meta(table: Any, names: Sequence[str]) -> type:
        told = {"model": table, "import_id_fields": ("external_id",), "fields": ("external_id", *names)}
        fast = {"use_bulk": True, "batch_size": 1000, "skip_unchanged": True, "report_skipped": False}
        # skip_diff would be faster and is not used: with it skip_unchanged is ignored and every row is rewritten.
        quiet = {"skip_html_diff": True, "force_init_instance": False, "use_transactions": True}
        return type("Meta", (), {**told, **fast, **quiet, "instance_loader_class": loaders.CachedInstanceLoader})

    def linked(name: str, table: Any) -> Any:
        widget = widgets.CachedForeignKeyWidget(table, "external_id")
        return fields.Field(attribute=name, column_name=name, widget=widget)

    product = ("name", "brand", "category", "brand_name", "description", "image_url", "raw", "search")
    variant = ("product", *VARIANT[1:])
    shapes = (
        (Product, product, ("brand", "category"), (Brand, Category)),
        (Variant, variant, ("product",), (Product,)),
    )
    for table, names, links, targets in shapes:
        declared: dict[str, Any] = {link: linked(link, target) for link, target in zip(links, targets, strict=True)}
        resource = type("Made", (Resource,), {**declared, "Meta": meta(table, names)})
        row_of = partial(_sheet_row, table)
        data = tablib.Dataset(*map(row_of, records), headers=("external_id", *names))
        resource().import_data(data, dry_run=False, raise_errors=True)
    return len(records)


def _sheet_row(table: Any, record: Any) -> tuple[Any, ...]:
    row = dict(zip(STAGE, staged(record), strict=True))
    if table is Product:
        told = "external_id name brand category brand description image_url raw search"
        return tuple(row[name] for name in told.split())
    head = "external_id external_id name external_id mpn ean ean"
    tail = "price stock weight_kg attributes search_variant"
    return (*(row[name] for name in head.split()), "EUR", *(row[name] for name in tail.split()))
