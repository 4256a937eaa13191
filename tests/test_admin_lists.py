"""Lists: the right rows in the right order on every way through them, and a count of queries that no row adds to."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from catalog import models as catalog
from config.admin import paging, search
from integrations import models as door
from orders.models import Order, Sale

ROWS = 55  # more than a page
OURS = {"catalog", "orders", "integrations"}
LISTED = sorted(
    (model for model in admin.site._registry if model._meta.app_label in OURS),
    key=lambda model: model._meta.label,
)
NOW = timezone.now()


def url(model: type[models.Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


class Rows:
    """Makes rows of any model, each with parents of its own as deep as its foreign keys go."""

    def __init__(self) -> None:
        self.made = 0

    def one(self, model: type[models.Model], depth: int = 0) -> Any:
        self.made += 1
        values: dict[str, Any] = {}
        for field in model._meta.concrete_fields:
            if field.primary_key or field.has_default():
                continue
            if isinstance(field, models.ForeignKey):
                ours = field.related_model._meta.app_label in OURS
                if field.null and (depth > 1 or not ours or field.related_model is model):
                    continue
                values[field.name] = self.one(field.related_model, depth + 1)
            elif isinstance(field, models.DateTimeField):
                values[field.name] = NOW - timedelta(minutes=self.made)
            elif isinstance(field, models.DurationField):
                values[field.name] = timedelta(hours=1)
            elif isinstance(field, models.DecimalField) and not field.null:
                values[field.name] = self.made
            elif isinstance(field, models.CharField | models.TextField) and not field.choices:
                values[field.name] = f"{field.name[:8]}{self.made}"[: field.max_length or 60]
        if model._meta.model_name in ("sale", "purchase"):
            values["direction"] = model._meta.model_name
        if model is door.Vendor:
            values |= {"kind": "elko", "slug": f"v{self.made}"}
        return model._default_manager.create(**values)


@pytest.mark.parametrize("model", LISTED, ids=lambda model: model._meta.label_lower)
def test_no_row_of_a_list_costs_a_query(model, admin_client):
    rows = Rows()
    counts = []
    for more in (2, ROWS):
        for _ in range(more):
            rows.one(model)
        with CaptureQueriesContext(connection) as asked:
            answer = admin_client.get(url(model))
        assert answer.status_code == 200
        counts.append(len(asked))
    assert answer.context["cl"].result_count == 50
    assert counts[0] == counts[1]
    assert counts[1] <= 8
    with CaptureQueriesContext(connection) as asked:
        admin_client.get(url(model), {"q": "a7 b"})
    assert len(asked) <= 8


@pytest.fixture
def sales(db):
    """130 sales, oldest first; every tenth is Jane's, three have the same time as the one before."""
    vendor = door.Vendor.objects.create(kind="elko", name="North", slug="north")
    when = {number: NOW + timedelta(hours=number - (number in (40, 41, 90))) for number in range(130)}
    Order.objects.bulk_create(
        Order(
            vendor=vendor, external_id=f"e{number}", number=f"S-{number:03}", direction="sale", seen_at=NOW, changed_at=NOW,
            placed_at=when[number], total=number % 7, status="new" if number % 2 else "delivered",
            search=f"S-{number:03} {'JANE' if number % 10 == 0 else 'OMAR'} 100%_OFF\\{number}",
        )
        for number in range(130)
    )  # fmt: skip
    newest = sorted(Order.objects.all(), key=lambda order: (order.placed_at, order.pk), reverse=True)
    return [order.number for order in newest]


def listed(client: Any, **asked: str) -> Any:
    return client.get(url(Sale), asked).context["cl"]


def numbers(shown: Any) -> list[str]:
    return [row.number for row in shown.result_list]


def walk(client: Any, shown: Any, way: str) -> list[str]:
    """All pages from here on, in the order they are met."""
    met = [numbers(shown)]
    while getattr(shown, way):
        shown = client.get(url(Sale) + getattr(shown, way)).context["cl"]
        met.append(numbers(shown))
    return [number for page in (met if way == "older_url" else reversed(met)) for number in page]


@pytest.fixture(params=["all", "many"])
def cap(request, monkeypatch):
    """Both ways to a page: from all ids, and by a walk when there are more rows than are counted."""
    if request.param == "many":
        monkeypatch.setattr(paging, "CAP", 60)
    return request.param


def test_pages_lose_and_double_nothing_forth_and_back(sales, cap, admin_client):
    first = listed(admin_client)
    assert first.count_text == ("130" if cap == "all" else "60+")
    assert not first.newer_url
    assert not first.first_url
    assert walk(admin_client, first, "older_url") == sales
    last = admin_client.get(url(Sale) + first.last_url).context["cl"]
    assert numbers(last) == sales[-50:]
    assert not last.older_url
    assert walk(admin_client, last, "newer_url") == sales


def test_the_lists_own_order_can_be_turned(sales, cap, admin_client):
    column = str(listed(admin_client).list_display.index("placed"))
    assert walk(admin_client, listed(admin_client, o=column), "older_url") == sales[::-1]
    assert walk(admin_client, listed(admin_client, o=f"-{column}"), "older_url") == sales


def test_any_order_is_kept_over_pages_until_a_list_is_too_long(sales, cap, admin_client, monkeypatch):
    column = str(listed(admin_client).list_display.index("total_shown"))
    totals = [row.total for row in Order.objects.filter(number__in=numbers(listed(admin_client, o=column)))]
    assert set(totals) <= {0, 1, 2}
    met = walk(admin_client, listed(admin_client, o=column), "older_url")
    assert sorted(met) == sorted(sales)
    monkeypatch.setattr(paging, "SORTED", 100)
    answer = admin_client.get(url(Sale), {"o": column})
    if cap == "many":
        assert numbers(answer.context["cl"]) == sales[:50]
        assert "narrow the list" in answer.content.decode()
    else:
        assert numbers(answer.context["cl"])[0] != sales[0]


@pytest.mark.parametrize("window", [5000, 60, 0])
@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("jane", lambda n: n % 10 == 0),
        ("s-01 omar", lambda n: 11 <= n <= 19),
        ("om", lambda n: n % 10),
        ("j", lambda n: n % 10 == 0),
        ("ne", lambda n: False),
        ("100%_off", lambda n: True),
        ("100%xoff", lambda n: False),
        ("0__", lambda n: False),
        ("off\\12", lambda n: n == 12 or n >= 120),
        ("zzz", lambda n: False),
    ],
)
def test_a_search_finds_the_same_however_it_is_looked_for(sales, cap, admin_client, monkeypatch, window, typed, wanted):
    monkeypatch.setattr(search, "WINDOW", window)
    found = [number for number in sales if wanted(int(number[2:]))]
    first = listed(admin_client, q=typed)
    assert walk(admin_client, first, "older_url") == found
    if cap == "all" and window == 0:
        assert first.count_text == str(len(found))


def test_a_search_within_a_filter_is_paged_too(sales, cap, admin_client):
    found = [number for number in sales if int(number[2:]) % 2]
    assert walk(admin_client, listed(admin_client, q="off", status__exact="new"), "older_url") == found


@pytest.mark.parametrize(
    "after", ["x", "~", "2026-01-01T00:00:00~x", "2026-13-01T00:00:00~4", "~4", "2026-01-01T00:00:00+00:00~" + "9" * 30]
)
def test_a_place_nobody_made_is_the_first_page(sales, admin_client, after):
    assert numbers(listed(admin_client, after=after)) == sales[:50]


def test_products_of_a_page_have_their_prices(db, admin_client):
    vendor = door.Vendor.objects.create(kind="elko", name="North", slug="north")
    own = {"vendor": vendor, "seen_at": NOW, "changed_at": NOW}
    product = catalog.Product.objects.create(**own, external_id="p", name="Lamp", search="P LAMP")
    catalog.Variant.objects.create(**own, external_id="v", product=product, sku="L-1", price=12, currency="EUR")
    answer = admin_client.get(url(catalog.Product), {"q": "la"})
    assert "12.00 EUR" in answer.content.decode()
