"""Fills the hub's own tables for the admin's measurement, in SQL: a million orders in a minute. PostgreSQL only.

People's names and their frequency are made up; one first name in twenty is the same, every order has one to four lines.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, models
from django.utils import timezone

from catalog.models import Brand, Category, Product, Variant
from integrations.models import Vendor
from orders.models import Order, OrderLine, Package

VENDORS = 20
STAFF = "bench"
FIRST = (
    "Anna", "Janis", "Omar", "Fatima", "Ali", "Zahra", "Peter", "Maria", "Ivan", "Olga",
    "Ahmed", "Layla", "Marta", "Karlis", "Hassan", "Noor", "John", "Emily", "Yusuf", "Sara",
)  # fmt: skip
LAST = (
    "Berzins", "Kalnins", "Hussein", "Saleh", "Smith", "Jones", "Petrov", "Ivanova", "Karim", "Rahman", "Ozols", "Liepa",
    "Abbas", "Jaber", "Brown", "Novak", "Kowalski", "Muller", "Rossi", "Silva", "Garcia", "Khan", "Aziz", "Nasser", "Vitols",
)  # fmt: skip
THINGS = (
    "Phone", "Laptop", "Monitor", "Keyboard", "Router", "Drive", "Camera", "Printer", "Headset", "Tablet", "Charger", "Cable",
)  # fmt: skip
# Most orders are done; one in two hundred needs somebody.
STATUSES = (*["delivered"] * 7, "new", "confirmed", "preparing", "shipped", "cancelled", "returned")
# A few large vendors and many small ones.
VENDOR = f"1 + floor({VENDORS} * power(((n * 7919) % 10007) / 10007.0, 2))::int"


def fill(orders: int, products: int) -> None:
    """Orders with lines and packages, products each with one variant, twenty vendors, and a member of staff."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    with bare(Order, OrderLine, Package, Product, Variant, Vendor, Brand, Category):
        _parties()
        _catalogue(products)
        _orders(orders, products)
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    get_user_model().objects.create_superuser(STAFF, "staff@example.test", None)


@contextmanager
def bare(*tables: type[models.Model]) -> Iterator[None]:
    """Without foreign-key checks and without the tables' plain indexes, which are built anew at the end."""
    names = [model._meta.db_table for model in tables]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(
            "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.tablename = ANY(%s) AND NOT EXISTS "
            "(SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)",
            [names],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("SET session_replication_role = DEFAULT")


def insert(model: type[models.Model], source: str, values: dict[str, str]) -> None:
    """INSERT … SELECT from `source`: SQL expressions for the named columns, the field's own default for every other."""
    given = dict(values)
    parameters: list[Any] = []
    for field in model._meta.concrete_fields:
        if field.column and field.column not in given and not field.primary_key:
            default = field.get_default()
            if default is None and not field.null:
                default = timezone.now()
            given[field.column] = "%s"
            parameters.append(field.get_db_prep_save(default, connection))
    columns = ", ".join(f'"{name}"' for name in given)
    with connection.cursor() as cursor:
        # Expressions hold no parameter of their own; a literal per cent sign is doubled.
        expressions = ", ".join(value if value == "%s" else value.replace("%", "%%") for value in given.values())
        cursor.execute(
            f'INSERT INTO "{model._meta.db_table}" ({columns}) SELECT {expressions} FROM {source.replace("%", "%%")}',
            parameters,
        )


def one_of(words: tuple[str, ...], index: str) -> str:
    listed = ", ".join(f"'{word}'" for word in words)
    return f"(ARRAY[{listed}])[1 + (({index}) % {len(words)})::int]"


def _parties() -> None:
    series = f"generate_series(1::bigint, {VENDORS}) n"
    insert(Vendor, series, {"id": "n", "kind": "'elko'", "name": "'Vendor ' || n", "slug": "'vendor-' || n"})
    mirrored = {"vendor_id": "1 + n % 20", "external_id": "'x' || n"}
    insert(Brand, "generate_series(1::bigint, 300) n", {"id": "n", **mirrored, "name": "'Brand ' || n"})
    insert(Category, "generate_series(1::bigint, 200) n", {"id": "n", **mirrored, "name": "'Category ' || n"})


def _catalogue(products: int) -> None:
    name = f"{one_of(THINGS, 'n')} || ' ' || upper(substr(md5(n::text), 1, 4)) || ' ' || n % 977 || ' GB'"
    moment = f"timestamptz '2026-11-01' - n * (interval '365 days' / {products})"
    own = {"id": "n", "vendor_id": VENDOR, "external_id": "'P' || n", "changed_at": moment, "active": "n % 50 <> 0"}
    raw = "jsonb_build_object('id', n, 'text', repeat(md5(n::text), 8))"
    gone = f"CASE WHEN n % 400 = 0 THEN {moment} END"
    insert(
        Product,
        f"generate_series(1::bigint, {products}) n",
        own
        | {
            "name": name,
            "raw": raw,
            "gone_at": gone,
            "brand_id": "1 + n % 300",
            "category_id": "1 + n % 200",
            "description": "repeat(md5((n + 1)::text), 12)",
            "search": f"upper('P' || n || ' ' || {name} || ' Brand ' || 1 + n % 300)",
        },
    )
    sku = "upper(substr(md5(n::text), 1, 3)) || '-' || n"
    insert(
        Variant,
        f"generate_series(1::bigint, {products}) n",
        own
        | {
            "product_id": "n",
            "sku": sku,
            "name": name,
            "raw": raw,
            "gone_at": gone,
            "barcode": "(4000000000000 + n)::text",
            "currency": "'EUR'",
            "price": "round((n % 100000) / 7.0, 2)",
            "stock": "n % 120",
            "watched": "n % 1000 = 0",
            "search": f"upper('P' || n || ' ' || {sku} || ' ' || {name} || ' ' || (4000000000000 + n))",
        },
    )


def _orders(orders: int, products: int) -> None:
    """One order in twenty is a purchase, which alone say "wholesale". Numbers differ in their last places, as in life."""
    lines = "1 + n % 4"
    number = "'ORD-' || lpad(n::text, 8, '0') || '-' || upper(substr(md5(n::text), 1, 4))"
    buyer = (
        f"{one_of(FIRST, 'n * 7919 % 10007')} || ' ' || {one_of(LAST, 'n * 13')} || chr((97 + n % 26)::int) || "
        "CASE WHEN n % 10 = 0 THEN ' ' || substr(md5(n::text), 1, 5) ELSE '' END"
    )
    email = f"lower({one_of(LAST, 'n * 13')}) || n % {max(orders * 3 // 10, 1)} || '@example.test'"
    phone = f"'+371' || 20000000 + n % {max(orders * 3 // 10, 1)}"
    tracking = "'TRK' || upper(substr(md5('t' || n), 1, 10))"
    moment = f"timestamptz '2023-11-20' + n * (interval '1096 days' / {orders}) + (n * 37 % 3600) * interval '1 second'"
    skus = " || ' ' || ".join(f"CASE WHEN {lines} > {k} THEN {_sku(k, products)} ELSE '' END" for k in range(4))
    series = f"generate_series(1::bigint, {orders}) n"
    insert(
        Order,
        series,
        {
            "id": "n",
            "vendor_id": VENDOR,
            "external_id": "'E' || n",
            "direction": "CASE WHEN n % 20 = 0 THEN 'purchase' ELSE 'sale' END",
            "number": number,
            "status": f"CASE WHEN n % 200 = 7 THEN 'on_hold' ELSE {one_of(STATUSES, '(n / 20) * 31 + n')} END",
            "placed_at": moment,
            "changed_at": moment,
            "gone_at": f"CASE WHEN n % 2000 = 3 THEN {moment} END",
            "buyer_name": buyer,
            "buyer_email": email,
            "buyer_phone": phone,
            "ship_to": "jsonb_build_object('city', 'Riga', 'street', md5(n::text))",
            "currency": one_of(("EUR", "IQD", "USD"), "n"),
            "total": "round((n * 7919 % 200000) / 100.0, 2)",
            "line_count": lines,
            "raw": "jsonb_build_object('id', n, 'note', repeat(md5((n + 1)::text), 8))",
            "search": f"upper({number} || ' E' || n || ' ' || {buyer} || ' ' || {email} || ' ' || {phone} || ' ' || "
            f"{skus} || ' ' || {tracking} || CASE WHEN n % 20 = 0 THEN ' wholesale' ELSE '' END)",
        },
    )
    insert(
        OrderLine,
        f"generate_series(1::bigint, {orders}) n, generate_series(0, n % 4) k",
        {
            "order_id": "n",
            "external_id": "'L' || n || '-' || k",
            "position": "k",
            "sku": _sku("k", products),
            "variant_id": _variant("k", products),
            "name": f"{one_of(THINGS, 'n + k')} || ' of a usual length'",
            "quantity": "1 + n % 4",
            "unit_price": "round((n * 31 % 50000) / 100.0, 2)",
            "status": "'new'",
            "raw": "'{}'::jsonb",
        },
    )
    insert(
        Package,
        f"generate_series(1::bigint, {orders}, 2) n",
        {
            "order_id": "n",
            "vendor_id": VENDOR,
            "external_id": "'K' || n",
            "order_external_id": "'E' || n",
            "number": "'PKG-' || n",
            "status": one_of(("delivered", "delivered", "delivered", "shipped", "open"), "n / 2"),
            "tracking_number": tracking,
            "shipped_at": f"{moment} + interval '1 day'",
            "changed_at": f"{moment} + interval '2 days'",
            "raw": "jsonb_build_object('id', n)",
            "search": f"upper('K' || n || ' PKG-' || n || ' ' || {tracking} || ' E' || n)",
        },
    )


def _variant(k: str | int, products: int) -> str:
    return f"(1 + (n::bigint * 31 + {k} * 7919) % {products})"


def _sku(k: str | int, products: int) -> str:
    return f"upper(substr(md5({_variant(k, products)}::text), 1, 3)) || '-' || {_variant(k, products)}"
