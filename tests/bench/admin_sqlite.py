"""P11: the list of sales on SQLite, at a fifth of the size: what an installation that outgrows it will notice first.

Lines are for information. SQLite has no trigram index here: a word that is nowhere near the list's end is looked for in every row.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.bench.admin import Visitor
from tests.bench.hub import ready
from tests.bench.result import Result, Scale

SHARE, BATCH = 5, 2_000


def measure(scale: Scale) -> Iterable[Result]:
    os.environ["DATABASE_URL"] = f"sqlite:///{Path(os.environ['HUB_VAR']) / 'bench.sqlite3'}"
    ready()
    orders = scale.many // SHARE
    fill(orders)
    visitor, middle = Visitor(), orders // 2
    sales = "/admin/orders/sale/"
    when = (BEGIN + timedelta(minutes=middle)).isoformat().replace("+", "%2B")
    for title, query in (
        ("first page", ""),
        (f"row {middle:,} by key", f"?after={when}~{middle}"),
        ("last page", "?before="),
        ("one status", "?status__exact=returned"),
        ("one vendor", "?vendor__id__exact=3"),
        ("search: common first name", "?q=anna"),
        ("search: two letters", "?q=an"),
        ("search: exact number", f"?q=ORD-{middle:08}"),
        ("search: nothing found", "?q=zzzzqqq"),
    ):
        took = visitor.open(sales + query)
        yield Result("P11", f"SQLite, {orders:,} sales, {title}", f"{took.ms:.0f} ms, {took.queries} queries")


BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def fill(orders: int) -> None:
    from django.contrib.auth import get_user_model
    from django.db import connection

    from integrations.models import Vendor
    from orders.models import Order
    from tests.bench.admin_rows import FIRST, LAST, STAFF, STATUSES, VENDORS

    vendors = [Vendor.objects.create(kind="elko", name=f"Vendor {n}", slug=f"vendor-{n}") for n in range(VENDORS)]

    def order(number: int) -> Any:
        name = f"{FIRST[number * 7919 % 10007 % len(FIRST)]} {LAST[number * 13 % len(LAST)]}"
        at = BEGIN + timedelta(minutes=number)
        return Order(
            vendor=vendors[number * 7919 % 10007 % VENDORS], external_id=f"E{number}", number=f"ORD-{number:08}", direction="sale",
            status=STATUSES[number * 31 % len(STATUSES)], placed_at=at, seen_at=at, changed_at=at, buyer_name=name, total=number % 2000,
            currency="EUR", line_count=1 + number % 4, raw={"id": number, "note": f"{number:064}"},
            search=f"ORD-{number:08} E{number} {name.upper()} {number * 7:012}",
        )  # fmt: skip

    for begin in range(0, orders, BATCH):
        Order.objects.bulk_create([order(number) for number in range(begin, min(begin + BATCH, orders))])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    get_user_model().objects.create_superuser(STAFF, "staff@example.test", None)
