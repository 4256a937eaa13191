"""What came apart is joined by whichever side comes later; versions and parts of orders are put together rightly."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from catalog import mirror as catalogue
from catalog.outcome import Batch, Item, Outcome
from catalog.records import ProductRecord, VariantRecord
from integrations.models import Vendor
from orders import linking, mirror
from orders.models import Order, OrderLine, Package, Transaction
from orders.records import (
    OrderLineRecord,
    OrderRecord,
    PackageLineRecord,
    PackageRecord,
    TransactionRecord,
)

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


@pytest.fixture
def vendor() -> Vendor:
    return Vendor.objects.create(kind="elryan", name="Bazaar", slug="bazaar", state_since=DAY)


def put(vendor: Vendor, flow: Any, *records: Any) -> Outcome:
    items = [Item(record.external_id, record, {"id": record.external_id}) for record in records]
    outcome: Outcome = flow(Batch(vendor.pk, items, timezone.now()))
    return outcome


def line(key: str, sku: str = "", **values: Any) -> OrderLineRecord:
    return OrderLineRecord(key, sku=sku or f"SKU-{key}", quantity=Decimal(1), total=Decimal("10.50"), **values)


def order(key: str, *lines: OrderLineRecord, **values: Any) -> OrderRecord:
    return OrderRecord(key, key, "sale", lines, placed_at=DAY, **values)


def part(key: str, one: OrderLineRecord, **values: Any) -> OrderRecord:
    return order(key, one, lines_complete=False, vendor_status=one.vendor_status, status=one.status, **values)


def variant(vendor: Vendor, sku: str, barcode: str = "") -> None:
    put(
        vendor,
        catalogue.products,
        ProductRecord(f"P-{sku}", name=sku, variants=(VariantRecord(f"V-{sku}", sku, barcode=barcode),)),
    )


def test_a_package_that_came_before_its_order_is_given_to_it(vendor: Vendor) -> None:
    lines = (PackageLineRecord("9-1", order_line="L1"), PackageLineRecord("9-2", order_line="L2"))
    put(vendor, mirror.packages, PackageRecord("9", order="L2", tracking_number="TR-77", lines=lines))
    put(vendor, mirror.transactions, TransactionRecord("T1", "payment", order_number="A-1", amount=Decimal("-21")))
    assert Package.objects.get().order is None
    put(vendor, mirror.orders, order("A-1", line("L1"), line("L2")))
    package, placed = Package.objects.get(), Order.objects.get()
    assert package.order == placed
    assert Transaction.objects.get().order == placed
    assert [(row.external_id, row.order_line and row.order_line.external_id) for row in package.lines.all()] == [
        ("9-1", "L1"),
        ("9-2", "L2"),
    ]
    assert "TR-77" in placed.search


def test_an_order_keeps_its_tracking_numbers_in_reach_when_it_changes(vendor: Vendor) -> None:
    put(vendor, mirror.orders, order("A-1", line("L1")))
    put(vendor, mirror.packages, PackageRecord("9", order="A-1", tracking_number="TR-77"))
    put(vendor, mirror.orders, order("A-1", line("L1"), buyer_name="Noor"))
    assert {"TR-77", "NOOR"} <= set(Order.objects.get().search.split())


def test_lines_find_variants_that_came_later(vendor: Vendor) -> None:
    put(
        vendor,
        mirror.orders,
        order("A-1", line("L1", "PEN"), line("L2", "x", barcode="4006381333931"), line("L3", "INK")),
    )
    assert set(OrderLine.objects.values_list("match", flat=True)) == {"none"}
    since = timezone.now()
    variant(vendor, "PEN")
    variant(vendor, "OTHER", barcode="4006381333931")
    assert linking.match_again(vendor.pk, since) == 2
    found = OrderLine.objects.order_by("external_id").values_list("match", "variant__sku")
    assert list(found) == [("sku", "PEN"), ("gtin", "OTHER"), ("none", None)]


def test_a_line_that_two_variants_claim_stays_unmatched_and_says_so(vendor: Vendor) -> None:
    variant(vendor, "A", barcode="4006381333931")
    variant(vendor, "B", barcode="4006381333931")
    put(vendor, mirror.orders, order("A-1", line("L1", "x", barcode="4006381333931")))
    found = OrderLine.objects.get()
    assert (found.match, found.variant) == ("ambiguous", None)


def test_variants_of_another_vendor_are_never_matched(vendor: Vendor) -> None:
    other = Vendor.objects.create(kind="elko", name="Other", slug="other", state_since=DAY)
    variant(other, "PEN")
    put(vendor, mirror.orders, order("A-1", line("L1", "PEN")))
    assert OrderLine.objects.get().match == "none"


def test_parts_of_an_order_add_up_over_batches(vendor: Vendor) -> None:
    put(vendor, mirror.orders, part("A-1", line("L1", vendor_status="ok", status="confirmed")))
    put(
        vendor,
        mirror.orders,
        part("A-1", line("L2", vendor_status="ok", status="confirmed"), other_numbers=("PO-5",)),
        part("A-1", line("L3", vendor_status="no", status="cancelled"), other_numbers=("PO-6",)),
    )
    stored = Order.objects.get()
    assert (stored.line_count, stored.total, stored.status) == (3, Decimal("31.50"), "confirmed")
    assert stored.vendor_status == "ok, no"
    assert stored.other_numbers == ["PO-5", "PO-6"]
    assert {"PO-5", "L1", "SKU-L3"} <= set(stored.search.split())


def test_a_total_of_parts_is_unknown_when_one_is(vendor: Vendor) -> None:
    put(vendor, mirror.orders, part("A-1", line("L1")), part("A-1", OrderLineRecord("L2", total=None)))
    assert Order.objects.get().total is None


def test_an_older_version_takes_nothing_back(vendor: Vendor) -> None:
    new = order("A-1", line("L1"), line("L2"), vendor_changed_at=DAY + timedelta(hours=2), status="shipped")
    put(vendor, mirror.orders, new)
    outcome = put(vendor, mirror.orders, order("A-1", line("L1"), vendor_changed_at=DAY, status="new"))
    assert (Order.objects.get().status, OrderLine.objects.count(), outcome.unchanged) == ("shipped", 2, 1)


def test_of_two_versions_in_one_batch_the_newer_counts(vendor: Vendor) -> None:
    new = order("A-1", line("L1"), vendor_changed_at=DAY + timedelta(hours=2), status="shipped")
    old = order("A-1", line("L1"), line("L2"), vendor_changed_at=DAY, status="new")
    put(vendor, mirror.orders, new, old)
    assert (Order.objects.get().status, OrderLine.objects.count()) == ("shipped", 1)


def test_a_line_that_a_whole_order_has_no_more_is_removed(vendor: Vendor) -> None:
    put(vendor, mirror.orders, order("A-1", line("L1"), line("L2")))
    put(vendor, mirror.orders, order("A-1", line("L2")))
    assert list(OrderLine.objects.values_list("external_id", flat=True)) == ["L2"]
    assert Order.objects.get().line_count == 1


def test_an_order_told_without_lines_keeps_those_it_has(vendor: Vendor) -> None:
    put(vendor, mirror.orders, order("A-1", line("L1"), status="confirmed", total=Decimal(30)))
    put(vendor, mirror.orders, order("A-1", lines_complete=False, status="shipped", total=Decimal(31)))
    stored = Order.objects.get()
    assert (stored.status, stored.total, stored.line_count) == ("shipped", Decimal(31), 1)


def test_a_batch_of_orders_costs_a_fixed_number_of_queries(vendor: Vendor, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(30):
        put(vendor, mirror.orders, *[order(f"A-{n}", line(f"L{n}a"), line(f"L{n}b")) for n in range(100)])
    with django_assert_max_num_queries(30):
        put(
            vendor,
            mirror.orders,
            *[order(f"A-{n}", line(f"L{n}a"), line(f"L{n}b"), total=Decimal(n)) for n in range(100)],
        )
    packages = [
        PackageRecord(f"K{n}", order=f"A-{n}", lines=(PackageLineRecord(f"K{n}-1", f"L{n}a"),)) for n in range(100)
    ]
    with django_assert_max_num_queries(30):
        put(vendor, mirror.packages, *packages)
    assert Package.objects.filter(order=None).count() == 0
