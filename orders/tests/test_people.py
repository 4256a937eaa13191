"""Customers, carts, returns and a vendor's own words: what is not told stays, unknown is NULL, links are made from either side."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.utils import timezone

from catalog.outcome import Batch, Item, Outcome
from integrations.models import Vendor
from orders import mirror, words
from orders.admin import PackageAdmin, ReturnAdmin
from orders.models import AbandonedCart, Customer, Order, Package, Return, ReturnLine, StatusWord
from orders.records import (
    CartLineRecord,
    CartRecord,
    CustomerRecord,
    OrderLineRecord,
    OrderRecord,
    PackageRecord,
    ReturnLineRecord,
    ReturnRecord,
    StatusRecord,
)

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


@pytest.fixture
def vendor() -> Vendor:
    return Vendor.objects.create(kind="elryan", name="Shop", slug="shop", state_since=DAY)


def put(vendor: Vendor, flow: Any, *records: Any) -> Outcome:
    items = [Item(record.external_id, record, {"id": record.external_id}) for record in records]
    outcome: Outcome = flow(Batch(vendor.pk, items, timezone.now()))
    return outcome


def order(key: str = "A-1", **values: Any) -> OrderRecord:
    lines = tuple(OrderLineRecord(f"{key}-{n}", sku=f"SKU-{n}", quantity=Decimal(n)) for n in (1, 2))
    return OrderRecord(key, f"N-{key}", "sale", lines, placed_at=DAY, **values)


def back(key: str = "R-1", *lines: ReturnLineRecord, **values: Any) -> ReturnRecord:
    return ReturnRecord(key, lines=lines, **{"order": "A-1", "number": f"RMA-{key}", **values})


# -- customers and carts


def test_a_customer_keeps_what_a_narrower_answer_does_not_tell(vendor: Vendor) -> None:
    whole = CustomerRecord(
        "7", name="Jane Roe", email="jane@example.com", phone="+371 2", group="retail, vip", is_guest=False,
        addresses=({"city": "Riga", "code": "LV-1010"},), vendor_created_at=DAY,
    )  # fmt: skip
    assert put(vendor, mirror.customers, whole).created == 1
    Customer.objects.update(note="ours")
    assert put(vendor, mirror.customers, whole).unchanged == 1
    assert put(vendor, mirror.customers, CustomerRecord("7", phone="+371 3")).updated == 1
    kept = Customer.objects.get()
    assert (kept.name, kept.phone, kept.note, kept.is_guest) == ("Jane Roe", "+371 3", "ours", False)
    assert kept.addresses == [{"city": "Riga", "code": "LV-1010"}]
    assert "JANE ROE" in kept.search
    assert "+371 3" in kept.search
    assert "+371 2" not in kept.search


def test_customers_and_carts_that_a_whole_list_lacks_are_gone_and_returns_never(vendor: Vendor) -> None:
    put(vendor, mirror.customers, CustomerRecord("7", name="Jane"), CustomerRecord("8", name="Omar"))
    put(vendor, mirror.abandoned_carts, CartRecord("K"))
    put(vendor, mirror.returns, back())
    assert mirror.gone(vendor.pk, "customers", ["7"], DAY) == 1
    assert mirror.gone(vendor.pk, "abandoned_carts", ["K"], DAY) == 1
    assert mirror.gone(vendor.pk, "returns", ["R-1"], DAY) == 0
    assert [c.external_id for c in Customer.objects.filter(gone_at=None)] == ["8"]
    put(vendor, mirror.customers, CustomerRecord("7", name="Jane"))
    assert not Customer.objects.exclude(gone_at=None).exists()


def test_a_cart_without_a_total_is_not_worth_nothing(vendor: Vendor) -> None:
    lines = (CartLineRecord(sku="L-1", quantity=Decimal(2), price=Decimal("6.15")), CartLineRecord(name="Gift"))
    put(vendor, mirror.abandoned_carts, CartRecord("K", customer_name="Jane", currency="EUR", lines=lines))
    cart = AbandonedCart.objects.get()
    assert (cart.total, cart.line_count) == (None, 2)
    assert [(line["sku"], line["quantity"], line["price"], line["total"]) for line in cart.lines] == [
        ("L-1", 2, 6.15, None), ("", None, None, None),
    ]  # fmt: skip
    assert "L-1" in cart.search
    again = put(vendor, mirror.abandoned_carts, CartRecord("K", customer_name="Jane", currency="EUR", lines=lines))
    assert again.unchanged == 1
    put(vendor, mirror.abandoned_carts, CartRecord("L"))
    assert AbandonedCart.objects.get(external_id="L").line_count is None


# -- what comes back


@pytest.mark.parametrize("first", ["order", "return"])
def test_a_return_and_its_order_find_each_other_whichever_comes_first(vendor: Vendor, first: str) -> None:
    lines = (ReturnLineRecord("1", order_line="A-1-2", quantity=Decimal(1)), ReturnLineRecord("2", sku="SKU-1"))
    steps = [(mirror.orders, order()), (mirror.returns, back("R-1", *lines))]
    for flow, record in steps if first == "order" else reversed(steps):
        put(vendor, flow, record)
    kept, sale = Return.objects.get(), Order.objects.get()
    assert kept.order == sale
    assert [line.order_line and line.order_line.external_id for line in kept.lines.all()] == ["A-1-2", "A-1-1"]
    assert [line.quantity for line in kept.lines.all()] == [Decimal(1), None]
    assert "RMA-R-1" in sale.search, "the order is found by the number of its return"
    assert "A-1" in kept.search


def test_a_return_of_another_vendors_order_stays_alone(vendor: Vendor) -> None:
    other = Vendor.objects.create(kind="elryan", name="Other", slug="other", state_since=DAY)
    put(other, mirror.orders, order())
    put(vendor, mirror.returns, back())
    assert Return.objects.get().order is None


def test_of_two_versions_of_a_return_the_older_changes_nothing(vendor: Vendor) -> None:
    line = ReturnLineRecord("1", quantity=Decimal(1))
    new = back("R-1", line, vendor_status="done", status="done", vendor_changed_at=DAY)
    old = back("R-1", vendor_status="asked", status="requested", vendor_changed_at=DAY - timedelta(days=1))
    put(vendor, mirror.returns, new)
    outcome = put(vendor, mirror.returns, old)
    kept = Return.objects.get()
    assert (kept.vendor_status, kept.status, kept.lines.count(), outcome.unchanged) == ("done", "done", 1, 1)
    put(vendor, mirror.returns, back("R-1", vendor_changed_at=timezone.now() + timedelta(days=900)))
    assert Return.objects.get().vendor_changed_at == DAY, "a time far ahead would hide every later change"


def test_lines_of_a_return_come_go_and_stay(vendor: Vendor) -> None:
    one, two = (ReturnLineRecord(key, sku=f"SKU-{key}", amount=Decimal("1.5")) for key in "12")
    put(vendor, mirror.returns, back("R-1", one, two))
    put(vendor, mirror.returns, back("R-1", two))
    assert [line.external_id for line in ReturnLine.objects.all()] == ["2"]
    put(vendor, mirror.returns, ReturnRecord("R-1", comment="parcel lost"))
    kept = Return.objects.get()
    assert (kept.comment, kept.number, kept.lines.count()) == ("parcel lost", "RMA-R-1", 1)
    assert "SKU-2" in kept.search
    assert kept.amount is None


def test_words_of_returns_have_a_table_of_their_own(vendor: Vendor) -> None:
    put(vendor, mirror.orders, order(vendor_status="open", status="new"))
    line = ReturnLineRecord("1", vendor_status="open", status="unknown")
    outcome = put(vendor, mirror.returns, back("R-1", line, vendor_status="open", status="unknown"))
    assert dict(outcome.unknown) == {"open": 1}
    word = StatusWord.objects.get(subject="return", word="open")
    word.meaning, word.set_by_operator = "requested", True
    word.save()
    assert words.remap(word) == 2
    assert (Return.objects.get().status, ReturnLine.objects.get().status) == ("requested", "requested")
    assert Order.objects.get().status == "new"


def test_a_return_is_fetched_again_by_its_order_where_the_flow_asks_order_by_order(vendor: Vendor) -> None:
    shop = Vendor.objects.create(kind="api2cart", name="Cart", slug="cart", state_since=DAY)
    for one in (shop, vendor):
        put(one, mirror.orders, order())
        put(one, mirror.returns, back("R-1"), back("R-2", order="unknown"))
    page = ReturnAdmin(Return, admin.site)
    asked = {
        one.kind: page.codes("returns", list(Return.objects.filter(vendor=one).order_by("pk")))
        for one in (shop, vendor)
    }
    assert asked == {"api2cart": ["A-1"], "elryan": ["R-1", "R-2"]}
    put(shop, mirror.packages, PackageRecord("B", order="A-1"))
    assert PackageAdmin(Package, admin.site).codes("shipments", list(Package.objects.all())) == ["A-1"]


# -- a vendor's own words


def test_a_list_of_words_names_them_and_leaves_an_operators_meaning(vendor: Vendor) -> None:
    put(vendor, mirror.orders, order("A-1", vendor_status="10", status="unknown"))
    put(vendor, mirror.orders, order("A-2", vendor_status="20", status="unknown"))
    StatusWord.objects.filter(word="20").update(meaning="on_hold", set_by_operator=True)
    told = [
        StatusRecord("order:10", "10", "Awaiting pickup", status="preparing"),
        StatusRecord("order:20", "20", "Backorder", status="confirmed"),
        StatusRecord("order:30", "30", "Odd"),
    ]
    outcome = put(vendor, mirror.order_statuses, *told)
    assert (outcome.created, outcome.updated) == (1, 2)
    table = {w.word: (w.label, w.meaning, w.set_by_operator) for w in StatusWord.objects.filter(subject="order")}
    assert table == {
        "10": ("Awaiting pickup", "preparing", False),
        "20": ("Backorder", "on_hold", True),
        "30": ("Odd", "unknown", False),
    }
    assert Order.objects.get(external_id="A-1").status == "preparing", "rows that waited for a meaning have it"
    assert put(vendor, mirror.order_statuses, *told).unchanged == 3
