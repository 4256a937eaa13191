"""The orders' mirror: notes stay, words get their meaning, orders ship in parts, money keeps its sign."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from catalog.outcome import Batch, Item, Outcome
from integrations.models import Vendor
from orders import mirror, words
from orders.models import CancelReason, Order, OrderLine, Package, StatusWord, TrackingEvent, Transaction
from orders.records import (
    ChoiceRecord,
    OrderLineRecord,
    OrderRecord,
    PackageLineRecord,
    PackageRecord,
    TrackingEventRecord,
    TrackingRecord,
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


def line(key: str, word: str = "Sent", status: str = "shipped", **values: Any) -> OrderLineRecord:
    return OrderLineRecord(
        key,
        sku=f"SKU-{key}",
        quantity=Decimal(3),
        vendor_status=word,
        status=status,
        **{"total": Decimal(30), **values},
    )


def whole(key: str, *lines: OrderLineRecord, **values: Any) -> OrderRecord:
    return OrderRecord(key, key, "sale", lines, **{"placed_at": DAY, **values})


def part(key: str, one: OrderLineRecord) -> OrderRecord:
    return whole(key, one, lines_complete=False, vendor_status=one.vendor_status, status=one.status)


def box(key: str, *quantities: tuple[str, int], **values: Any) -> PackageRecord:
    lines = tuple(PackageLineRecord(f"{key}-{name}", order_line=name, quantity=Decimal(n)) for name, n in quantities)
    return PackageRecord(key, lines=lines, **{"order": "A-1", **values})


# -- what stays


def test_notes_survive_every_flow(vendor: Vendor) -> None:
    transaction = TransactionRecord("T", "bill", number="A-1", order_number="A-1", amount=Decimal(5))
    for _ in range(2):
        put(vendor, mirror.orders, part("A-1", line("L1")))
        put(vendor, mirror.packages, box("B", ("L1", 3)))
        put(vendor, mirror.transactions, transaction)
        for model in (Order, Package, Transaction):
            model._default_manager.update(note="ours")
    put(vendor, mirror.orders, part("A-1", line("L2")), part("A-1", line("L1", "Back", "returned")))
    put(vendor, mirror.packages, box("B", ("L1", 1), tracking_number="N1"))
    put(vendor, mirror.trackings, TrackingRecord("W", "B", tracking_number="N2"))
    put(vendor, mirror.transactions, transaction)
    assert {Order.objects.get().note, Package.objects.get().note, Transaction.objects.get().note} == {"ours"}
    assert Package.objects.get().tracking_number == "N2"


def test_an_order_without_buyer_date_or_time_of_change_is_an_order(vendor: Vendor) -> None:
    put(vendor, mirror.orders, whole("A-1", placed_at=None))
    first = Order.objects.get()
    put(vendor, mirror.orders, whole("A-1", line("L1"), placed_at=None))
    order = Order.objects.get()
    assert (order.placed_at, order.buyer_name, order.vendor_changed_at, order.total) == (
        first.placed_at,
        "",
        None,
        None,
    )


def test_a_time_that_is_missing_or_far_ahead_is_not_kept_as_the_newest(vendor: Vendor) -> None:
    put(vendor, mirror.orders, part("A-1", line("L1", vendor_changed_at=DAY)))
    put(vendor, mirror.orders, part("A-1", line("L1", "Lost", "unknown")))
    assert OrderLine.objects.get().vendor_changed_at == DAY
    put(vendor, mirror.orders, part("A-1", line("L1", vendor_changed_at=timezone.now() + timedelta(days=900))))
    assert OrderLine.objects.get().vendor_changed_at == DAY
    put(vendor, mirror.orders, part("A-1", line("L1", "Back", "returned", vendor_changed_at=DAY + timedelta(days=1))))
    assert OrderLine.objects.get().status == "returned"


# -- words


def meaning(vendor: Vendor, word: str, means: str, subject: str = "order") -> StatusWord:
    found = StatusWord.objects.get(vendor=vendor, subject=subject, word=word)
    found.meaning, found.set_by_operator = means, True
    found.save()
    return found


def test_a_word_is_kept_and_its_meaning_is_the_operators(vendor: Vendor) -> None:
    outcome = put(vendor, mirror.orders, part("A-1", line("L1", "Quarantined", "unknown")), part("A-1", line("L2")))
    assert dict(outcome.unknown) == {"Quarantined": 1}
    order = Order.objects.get()
    assert (order.status, order.vendor_status) == ("unknown", "Quarantined, Sent")
    word = meaning(vendor, "Quarantined", "on_hold")
    assert words.remap(word) == 1
    order.refresh_from_db()
    assert (order.status, OrderLine.objects.get(external_id="L1").status) == ("partly", "on_hold")
    outcome = put(vendor, mirror.orders, part("A-2", line("L1", "Quarantined", "unknown")))
    assert not outcome.unknown
    assert Order.objects.get(number="A-2").status == "on_hold"
    meaning(vendor, "Sent", "delivered")
    put(vendor, mirror.orders, part("A-3", line("L1", "Sent", "shipped")))
    assert Order.objects.get(number="A-3").status == "delivered", "the table wins over the parser"
    assert words.remap(word) == 0


def test_remapping_touches_its_own_vendor_and_subject_alone(vendor: Vendor) -> None:
    other = Vendor.objects.create(kind="elryan", name="Other", slug="other", state_since=DAY)
    for one in (vendor, other):
        put(one, mirror.orders, whole("A-1", line("L1"), vendor_status="Sent", status="shipped"))
        put(one, mirror.packages, box("B", vendor_status="Sent", status="shipped"))
    words.remap(meaning(vendor, "Sent", "delivered"))
    assert {(o.vendor_id, o.status) for o in Order.objects.all()} == {(vendor.pk, "delivered"), (other.pk, "shipped")}
    assert set(Package.objects.values_list("status", flat=True)) == {"shipped"}
    words.remap(meaning(vendor, "Sent", "delivered", "package"))
    found = {(p.vendor_id, p.status) for p in Package.objects.all()}
    assert found == {(vendor.pk, "delivered"), (other.pk, "shipped")}


@pytest.mark.parametrize(
    ("statuses", "one"),
    [
        (["delivered", "delivered"], "delivered"),
        (["delivered", "cancelled"], "delivered"),
        (["cancelled", "cancelled"], "cancelled"),
        (["delivered", "new"], "partly"),
        (["delivered", "unknown"], "unknown"),
        ([], "unknown"),
    ],
)
def test_one_word_for_an_order_whose_lines_stand_differently(statuses: list[str], one: str) -> None:
    assert words.overall(statuses) == one


# -- packages


def test_an_order_ships_in_parts(vendor: Vendor) -> None:
    put(vendor, mirror.orders, whole("A-1", line("L1"), line("L2")))
    put(vendor, mirror.packages, box("B1", ("L1", 2)), box("B2", ("L1", 1), ("L2", 3), tracking_number="N-7"))
    order = Order.objects.get()
    sent = {(p.external_id, pl.order_line and pl.order_line.external_id, pl.quantity)
            for p in order.packages.all() for pl in p.lines.all()}  # fmt: skip
    assert sent == {("B1", "L1", Decimal(2)), ("B2", "L1", Decimal(1)), ("B2", "L2", Decimal(3))}
    assert "N-7" in order.search
    put(vendor, mirror.packages, box("B2", ("L2", 3)))
    assert Package.objects.get(external_id="B2").lines.get().order_line == order.lines.get(external_id="L2")
    put(vendor, mirror.packages, PackageRecord("B2", order="A-1", tracking_number="N-8"))
    assert Package.objects.get(external_id="B2").lines.count() == 1, "not told is not removed"


def test_a_package_that_tells_no_status_keeps_the_one_its_tracking_brought(vendor: Vendor) -> None:
    put(vendor, mirror.packages, box("B"))
    put(vendor, mirror.trackings, TrackingRecord("W", "B", vendor_status="on its way", status="shipped"))
    put(vendor, mirror.packages, box("B", tracking_link="https://t.example/1"))
    package = Package.objects.get()
    assert (package.status, package.vendor_status) == ("shipped", "on its way")


def test_a_status_without_a_word_of_the_vendors_is_taken(vendor: Vendor) -> None:
    put(vendor, mirror.packages, box("B", status="shipped"))
    assert (Package.objects.get().status, StatusWord.objects.count()) == ("shipped", 0)


def event(key: str) -> TrackingEventRecord:
    return TrackingEventRecord(key, DAY, "then", key, key)


def test_events_are_added_and_never_removed(vendor: Vendor) -> None:
    put(vendor, mirror.packages, box("B", events=(event("one"),)))
    put(vendor, mirror.trackings, TrackingRecord("W", "B", tracking_number="N", events=(event("two"),)))
    put(vendor, mirror.packages, box("B", events=(event("one"),)))
    put(vendor, mirror.deliveries, TrackingRecord("D", "B", events=(event("two"), event("three"))))
    assert set(TrackingEvent.objects.values_list("code", flat=True)) == {"one", "two", "three"}


def test_tracking_of_an_unknown_package_is_missing(vendor: Vendor) -> None:
    outcome = put(vendor, mirror.trackings, TrackingRecord("W", "B"))
    assert (set(outcome.missing), outcome.created) == ({"W"}, 0)


# -- money and reasons


def test_transactions_keep_their_sign_and_unknown_stays_unknown(vendor: Vendor) -> None:
    told = [("bill", Decimal("23.40")), ("credit", Decimal("-6.5")), ("payment", Decimal("-1016.9")), ("unknown", None)]
    records = [TransactionRecord(kind, kind, amount=amount, date=date(2026, 4, 5)) for kind, amount in told]
    put(vendor, mirror.transactions, *records)
    assert {(t.kind, t.amount) for t in Transaction.objects.all()} == set(told)
    assert {t.date for t in Transaction.objects.all()} == {date(2026, 4, 5)}
    again = put(vendor, mirror.transactions, *records)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 4)


def test_only_reasons_are_ever_gone(vendor: Vendor) -> None:
    put(vendor, mirror.orders, whole("A-1", line("L1")))
    put(vendor, mirror.cancel_reasons, ChoiceRecord("late", "late"), ChoiceRecord("lost", "lost"))
    assert mirror.gone(vendor.pk, "orders", ["A-1"], DAY) == 0
    assert mirror.gone(vendor.pk, "cancel_reasons", ["late"], DAY) == 1
    assert Order.objects.get().gone_at is None
    assert CancelReason.objects.get(external_id="lost").gone_at is None
    put(vendor, mirror.cancel_reasons, ChoiceRecord("late", "late"))
    assert CancelReason.objects.get(external_id="late").gone_at is None
