"""P9: every kind of admin page at a million orders, beside the stock admin and the floor, on PostgreSQL.

Whole requests of a signed-in member of staff through Django's client: middleware, permissions, SQL, template. Medians.
"""

import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.bench.hub import ready
from tests.bench.result import Result, Scale

GOAL_ORDERS = 1_000_000  # on fewer rows the stock admin is not that slow, so nobody can be that much faster
MOST_MS, MOST_FORM_MS, MOST_FLOORS, MOST_QUERIES, LEAST_FASTER = 100.0, 50.0, 4.0, 8, 50.0
REPEATS, PATIENCE = 9, 2.0  # requests of one page; seconds after which a slow one is not repeated any more


@dataclass(frozen=True)
class Took:
    ms: float  # median
    queries: int
    slowest: str  # SQL


@dataclass(frozen=True)
class Page:
    """One request to compare. `stock`: the same question to the stock admin; empty where it has no such thing."""

    title: str
    hub: str
    stock: str = ""
    search: bool = False
    form: bool = False


def measure(scale: Scale) -> Iterable[Result]:
    """One line for each page; the floor of its list was taken just before."""
    ready(ROOT_URLCONF="tests.bench.admin_sites")
    from tests.bench import admin_rows

    products = scale.many // 2
    began = time.perf_counter()
    admin_rows.fill(scale.many, products)
    yield Result(
        "P9", f"filling: {scale.many:,} orders, {scale.many * 5 // 2:,} lines, {products:,} products",
        f"{time.perf_counter() - began:.0f} s",
    )  # fmt: skip
    visitor, floor, of = Visitor(), 0.0, ""
    for page in pages(scale.many, products):
        path = "/".join(page.hub.split("/")[:2])
        if path != of:
            of, floor = path, visitor.open(f"/floor/{path}/").ms
            yield Result(
                "P9", f"{path.split('/')[1]}s: floor (the list without filter, count, search)", f"{floor:.0f} ms"
            )
        stock = visitor.open(f"/stock/{page.stock}") if page.stock else None
        yield held(page, visitor.open(f"/admin/{page.hub}"), stock, floor, scale.many >= GOAL_ORDERS)


def held(page: Page, took: Took, stock: Took | None, floor: float, of_size: bool) -> Result:
    """The line of one page. Its ratio is how many times faster than the stock admin where that is the goal, else how many floors."""
    faster = stock.ms / took.ms if stock else None
    floors = took.ms / floor
    wanted = [f"< {MOST_FORM_MS if page.form else MOST_MS:.0f} ms", f"≤ {MOST_QUERIES} queries"]
    met = took.ms < (MOST_FORM_MS if page.form else MOST_MS) and took.queries <= MOST_QUERIES
    if not page.form:
        wanted.append(f"≤ {MOST_FLOORS:g} × floor")
        met &= floors <= MOST_FLOORS
    notes = [] if page.form else [f"{floors:.1f} × floor"]
    if faster is not None:
        notes.append(f"{faster:,.0f} × faster than stock" if faster >= 1 else f"{1 / faster:.1f} × slower than stock")
    if page.search and faster is not None:
        wanted.append(f"≥ {LEAST_FASTER:g} × faster")
        met &= faster >= LEAST_FASTER or not of_size
    return Result(
        "P9",
        page.title,
        f"{took.ms:.0f} ms, {took.queries} queries",
        f"stock {stock.ms:,.0f} ms, {stock.queries} queries" if stock else "",
        faster if page.search and faster is not None else None if page.form else floors,
        ", ".join(wanted),
        met,
        "; ".join(notes),
    )


class Visitor:
    """A member of staff who opens pages."""

    def __init__(self) -> None:
        from django.contrib.auth import get_user_model
        from django.test import Client

        from tests.bench.admin_rows import STAFF

        self.client = Client()
        self.client.force_login(get_user_model().objects.get(username=STAFF))

    def open(self, url: str) -> Took:
        """The first look is not counted: it fills the caches of templates and tables, and counts the queries."""
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as asked:
            answer = self.client.get(url)
        if answer.status_code != 200:
            raise RuntimeError(f"{url} answered {answer.status_code} {answer.headers.get('Location', '')}")
        queries = list(asked.captured_queries)  # the next request forgets them
        slowest = max(queries, key=lambda query: float(query["time"]))
        took: list[float] = []
        while len(took) < REPEATS and sum(took) < PATIENCE * 1000:
            began = time.perf_counter()
            self.client.get(url)
            took.append((time.perf_counter() - began) * 1000)
        return Took(statistics.median(took), len(queries), f"{slowest['time']} s: {slowest['sql'][:300]}")


def pages(orders: int, products: int) -> Iterator[Page]:
    """What is asked of the lists of sales, products and variants."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, placed_at, id, buyer_name, buyer_email, buyer_phone FROM orders_order WHERE direction = 'sale' "
            "ORDER BY placed_at DESC, id DESC OFFSET %s LIMIT 1",
            [orders // 2],
        )
        number, placed, pk, name, email, phone = cursor.fetchone()
        cursor.execute("SELECT tracking_number FROM orders_package WHERE order_id = %s", [pk - pk % 2 + 1])
        tracking = cursor.fetchone()[0]
        cursor.execute("SELECT sku, changed_at, id, name FROM catalog_variant WHERE id = %s", [products // 2])
        sku, changed, variant, _ = cursor.fetchone()
    part = number.split("-")[1][2:]
    some = name.split()[1][:-1].lower()
    sales, items, skus = "orders/sale/", "catalog/product/", "catalog/variant/"

    def q(text: str, path: str = sales) -> str:
        return f"{path}?q={text.replace(' ', '+').replace('@', '%40').replace('+3', '%2B3')}"

    yield Page("first page", sales, sales)
    yield Page(
        f"row {orders // 2:,} by key",
        f"{sales}?after={placed:%Y-%m-%dT%H:%M:%S.%f}%2B00:00~{pk}",
        f"{sales}?p={orders * 19 // 40 // 100}",
    )
    yield Page("last page", f"{sales}?before=", f"{sales}?p={orders * 19 // 20 // 100}")
    yield Page("one status (8 %)", f"{sales}?status__exact=returned", f"{sales}?status__exact=returned")
    yield Page("rare status (0.5 %)", f"{sales}?status__exact=on_hold", f"{sales}?status__exact=on_hold")
    yield Page("large vendor", f"{sales}?vendor__id__exact=1", f"{sales}?vendor__id__exact=1")
    yield Page("small vendor", f"{sales}?vendor__id__exact=20", f"{sales}?vendor__id__exact=20")
    both = "status__exact=new&vendor__id__exact=20"
    yield Page("small vendor and status", f"{sales}?{both}", f"{sales}?{both}")
    rare = "status__exact=on_hold&vendor__id__exact=1"
    yield Page("large vendor and rare status", f"{sales}?{rare}", f"{sales}?{rare}")
    yield Page("one month", f"{sales}?placed_at__since=2024-05-01&placed_at__until=2024-05-31",
               f"{sales}?placed_at__year=2024&placed_at__month=5")  # fmt: skip
    yield Page(
        "one month, small vendor",
        f"{sales}?placed_at__since=2024-05-01&placed_at__until=2024-05-31&vendor__id__exact=20",
    )
    yield Page("gone at the vendor", f"{sales}?gone_at__isempty=0")
    words = {
        "part of a number": part,
        "exact number": number,
        "two words of a name": f"{some[:5]} {name.split()[0].lower()}",
        "common first name": "anna",
        "part of an e-mail address": email.split("@")[0],
        "phone": phone,
        "tracking number": tracking,
        "SKU of a line": sku,
        "nothing found": "zzzzqqq",
        "one letter": "o",
        "two letters": "an",
        "two letters, nothing found": "qx",
        "a word of purchases alone": "wholesale",
    }
    for title, text in words.items():
        yield Page(f"search: {title}", q(text), q(text), search=True)
    yield Page("search: name, vendor and status", f"{q('anna')}&{both}", f"{q('anna')}&{both}")
    yield Page("form of one order", f"{sales}{pk}/change/", f"{sales}{pk}/change/", form=True)
    for path, word in ((items, "phone"), (skus, "phone")):
        what = path.split("/")[1]
        yield Page(f"{what}s: first page", path, path)
        yield Page(
            f"{what}s: row {products // 2:,} by key", f"{path}?after={changed:%Y-%m-%dT%H:%M:%S.%f}%2B00:00~{variant}"
        )
        yield Page(f"{what}s: switched off", f"{path}?active__exact=0", f"{path}?active__exact=0")
        yield Page(f"{what}s: gone", f"{path}?gone_at__isempty=0")
        yield Page(f"{what}s: small vendor", f"{path}?vendor__id__exact=20", f"{path}?vendor__id__exact=20")
        for title, text in (
            ("SKU", sku),
            ("two words", f"{word} 4{sku[1:3].lower()}"),
            ("common word", word),
            ("two letters", "ph"),
            ("nothing found", "zzqqzz"),
        ):
            yield Page(f"{what}s search: {title}", q(text, path), q(text, path))
        yield Page(f"form of one {what}", f"{path}{variant}/change/", form=True)
    yield Page("variants: watched", f"{skus}?watched__exact=1", f"{skus}?watched__exact=1")
