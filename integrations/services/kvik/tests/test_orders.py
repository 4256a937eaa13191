"""Orders through the engine: off until confirmed, every way of paging, changes with an overlap, one again, words."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import asking, connecting, schedules, sync
from integrations.models import Reject, Schedule, SyncRun, Vendor
from integrations.services.kvik.service import Service
from integrations.services.kvik.simulator import Simulator
from integrations.services.kvik.tests.runs import connected, good, run
from orders.models import Order, OrderLine, StatusWord

pytestmark = pytest.mark.django_db(transaction=True)


def queries(simulator: Simulator) -> list[dict[str, str]]:
    return [dict(call.query) for call in simulator.ledger.asked("/orders")]


def test_the_flow_is_off_until_an_admin_vouches_for_it(tiny: Simulator) -> None:
    vendor = connected(tiny)
    assert not Schedule.objects.get(vendor=vendor).enabled
    assert not list(schedules.due())
    connecting.confirm(vendor, ["orders"])
    assert [schedule.flow for schedule in schedules.due()] == ["orders"]
    unproven = {option.name for option in Service.options if not option.proven}
    assert {"orders_list_path", "order_detail_path", "list_key", "paging", "since_parameter", "order_map"} <= unproven


def test_orders_come_in_with_lines_flags_and_kept_words(tiny: Simulator) -> None:
    done = good(connected(tiny))
    assert (done.created, done.rejected) == (5, 0)
    assert "“K vyzvednutí” ×" in done.note
    first, second, third, fourth, fifth = Order.objects.order_by("external_id")
    assert (first.total, first.vendor_status, first.status) == (Decimal("1234.5"), "K vyzvednutí", "unknown")
    assert second.placed_at == datetime(2026, 4, 3, 16, 5, tzinfo=UTC), "a naive time is one of Prague"
    assert third.raw["_type"] == "SubscriptionOrder"
    assert (fourth.currency, fourth.warning) == ("", "The currency is missing.")
    assert (fifth.total, fifth.warning) == (None, "Total is missing.")
    assert OrderLine.objects.filter(order=first).count() == len(first.raw["items"])


@pytest.mark.parametrize("paging", ["page", "offset", "none"])
@pytest.mark.parametrize("envelope", ["", "items", "data", "orders", "results"])
def test_every_paging_and_every_usual_envelope(shop: Simulator, paging: str, envelope: str) -> None:
    shop.envelope, shop.max_limit = envelope, 500
    done = good(connected(shop, paging=paging, page_length="50"))
    assert Order.objects.count() == done.created == 40
    if paging == "page":
        assert [(asked["page"], asked["limit"]) for asked in queries(shop)] == [("1", "50"), ("2", "50")]
    elif paging == "none":
        assert queries(shop) == [{}]


def test_a_list_under_another_name_is_found_by_its_path_or_told(shop: Simulator) -> None:
    shop.envelope = "objednavky"
    done = run(connected(shop))
    assert done.error_kind == "bad_payload"
    assert "_type, objednavky" in done.error
    assert "Where the list stands" in done.cure
    assert good(connected(shop, list_key="objednavky")).created == 40


def test_a_page_capped_by_the_shop_loses_nothing(shop: Simulator) -> None:
    shop.max_limit = 7
    assert good(connected(shop)).created == 40
    assert Order.objects.count() == 40


def test_orders_that_slip_to_another_page_while_it_is_read_are_found(shop: Simulator) -> None:
    vendor = connected(shop, page_length="10")
    shop.fault("call", "/orders", after=2, times=1, do=lambda simulator, _: simulator.remove("orders", "540001"))
    good(vendor)
    assert set(Order.objects.values_list("external_id", flat=True)) >= shop.ids_of("orders")


def test_the_next_run_asks_for_changes_since_a_day_before_the_newest(shop: Simulator) -> None:
    vendor = connected(shop, overlap_hours="6")
    good(vendor)
    assert "updated_from" not in queries(shop)[0]
    newest = max(datetime.fromisoformat(row["updated_at"]) for row in shop.truth("orders"))
    cursor = Schedule.objects.get(vendor=vendor).cursor
    assert datetime.fromisoformat(cursor["updated"]) == newest
    shop.ledger.clear()
    shop.insert_front("orders")
    shop.change("orders", "540040", status="shipped")
    shop.change("orders", "540039", status="cancelled", updated_at=datetime.now(UTC).isoformat())
    done = good(vendor)
    asked = datetime.fromisoformat(queries(shop)[0]["updated_from"])
    assert asked == (newest - timedelta(hours=6)).replace(microsecond=0)
    assert asked.utcoffset() in (timedelta(hours=1), timedelta(hours=2)), "in the shop's own zone"
    assert (done.created, done.updated) == (1, 1)
    assert Order.objects.get(external_id="540039").status == "cancelled"
    good(vendor, mode=SyncRun.Mode.FULL)
    assert Order.objects.get(external_id="540040").status == "shipped", "a full pass finds what no time told"


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("utc", r"20\d\d-.*Z"),
        ("local", r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d"),
        ("day", r"20\d\d-\d\d-\d\d"),
        ("unix", r"\d{10}"),
    ],
)
def test_the_time_is_written_as_the_connection_says(tiny: Simulator, name: str, shape: str) -> None:
    tiny.honours_since = False
    vendor = connected(tiny, since_format=name, since_parameter="changedAfter")
    good(vendor)
    good(vendor)
    assert re.fullmatch(shape, queries(tiny)[-1]["changedAfter"])


def test_orders_are_read_one_by_one_where_the_list_is_short(tiny: Simulator) -> None:
    vendor = connected(tiny, read_details="yes")
    assert good(vendor).created == 5
    assert len(tiny.ledger.asked(where=lambda call: "/orders/5400" in call.path)) == 5
    assert good(vendor).unchanged == 5


def test_an_answer_that_unpacks_without_end_is_cut_off_and_told(tiny: Simulator) -> None:
    tiny.fault("gzip_bomb", "/orders", size=100 << 20)
    done = run(connected(tiny))
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "bad_payload")
    assert "larger than 64 MB" in done.error


def test_one_order_is_fetched_again_by_its_own_call(tiny: Simulator) -> None:
    vendor = connected(tiny)
    connecting.confirm(vendor, ["orders"])
    good(vendor)
    tiny.change("orders", "540002", status="cancelled")
    asked = len(tiny.ledger.asked("/orders"))
    queued = asking.ask(vendor, "orders", codes=["540002"])
    assert asking.begin(queued)
    done = good(vendor)
    assert (done.pk, done.seen, done.updated) == (queued.pk, 1, 1)
    assert Order.objects.get(external_id="540002").status == "cancelled"
    assert len(tiny.ledger.asked("/orders/540002")) == 1
    assert len(tiny.ledger.asked("/orders")) == asked, "the list was not read for it"


def test_the_button_on_an_orders_page_asks_for_that_order_alone(tiny: Simulator, admin_client: Client) -> None:
    vendor = connected(tiny)
    connecting.confirm(vendor, ["orders"])
    good(vendor)
    order = Order.objects.get(external_id="540003")
    admin_client.post(reverse("admin:orders_sale_again", args=[order.pk]))
    queued = SyncRun.objects.get(state=SyncRun.State.QUEUED)
    assert (queued.flow, queued.codes) == ("orders", ["540003"])


def test_a_detail_path_without_its_place_is_told(tiny: Simulator) -> None:
    vendor = connected(tiny, order_detail_path="order")
    queued = asking.ask(vendor, "orders", codes=["540002"])
    assert asking.begin(queued)
    done = run(vendor)
    assert (done.error_kind, "{order_id}" in done.cure) == ("refused", True)


def test_rows_without_a_mapped_id_become_rejects_and_come_in_when_the_mapping_is_mended(tiny: Simulator) -> None:
    wrong = {**default_of("order_map"), "external_id": "uuid"}
    vendor = connected(tiny, order_map=wrong)
    done = run(vendor)
    assert (done.state, done.rejected, Order.objects.count()) == (SyncRun.State.PARTIAL, 5, 0)
    assert "“uuid”" in Reject.objects.first().reason  # type: ignore[union-attr]
    connecting.connect("kvik", "shop", options={"order_map": default_of("order_map")})
    assert good(Vendor.objects.get(pk=vendor.pk)).created == 5


def default_of(name: str) -> dict[str, str]:
    return next(dict(option.default) for option in Service.options if option.name == name)


def test_a_word_mapped_later_is_understood_in_stored_orders_too_but_an_operators_wins(tiny: Simulator) -> None:
    vendor = connected(tiny, status_map={})
    good(vendor)
    assert set(Order.objects.values_list("status", flat=True)) == {"unknown"}
    StatusWord.objects.filter(word="paid").update(meaning="on_hold", set_by_operator=True)
    vendor = connecting.connect("kvik", "shop", options={"status_map": {"K vyzvednutí": "shipped", "paid": "new"}})
    good(vendor, mode=SyncRun.Mode.VERIFY)
    meant = dict(Order.objects.values_list("vendor_status", "status"))
    assert (meant["K vyzvednutí"], meant["paid"]) == ("shipped", "on_hold")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"order_map": {"colour": "color"}}, "has no “colour”"),
        ({"order_map": ["id"]}, "texts by name"),
        ({"status_map": {"paid": "settled"}}, "cannot be “settled”"),
        ({"paging": "cursor"}, "cannot be “cursor”"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused(tiny: Simulator, options: Any, said: str) -> None:
    with pytest.raises(connecting.BadOption, match=said):
        connected(tiny, **options)


def test_a_run_that_goes_on_elsewhere_reads_the_second_round_to_its_end(shop: Simulator, monkeypatch: Any) -> None:
    vendor = connected(shop, page_length="10")
    monkeypatch.setattr(sync, "stopping", lambda: True)
    states = []
    for _ in range(30):
        done = sync.run(vendor, "orders")
        assert done is not None
        states.append(done.state)
        if done.state != SyncRun.State.RUNNING:
            break
    assert (states[-1], Order.objects.count()) == (SyncRun.State.OK, 40)
    assert len(states) > 5
