"""Flows against the simulated account, from call to database: paging, windows, reports, limits, abilities, keys."""

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Product, Variant
from integrations import connection, schedules, sweeping, sync
from integrations.models import ApiCall, Schedule, SyncRun, Token, Vendor
from integrations.services.api2cart import children
from integrations.services.api2cart.flows import METHOD
from integrations.services.api2cart.platforms import DAY, Platform, platform_of, size_of, windows
from integrations.services.api2cart.simulator import Simulator
from integrations.services.api2cart.tests.spec import Spec
from orders.models import AbandonedCart, Customer, Order, Package, Return, StatusWord, Transaction

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Vendor]
Run = Callable[..., SyncRun]
FLOWS = tuple(METHOD)


def asked(sim: Simulator, method: str) -> list[dict[str, str]]:
    return [dict(call.query) for call in sim.ledger.asked(f"/{method}.json")]


# -- what every store brings


def test_a_shopify_like_store_comes_in_whole(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected()
    for flow in FLOWS:
        assert run(vendor, flow).state == SyncRun.State.OK, flow
    assert Product.objects.count() == len(sim.truth("products"))
    assert Variant.objects.count() == 3 + 3, "three simple ones, one in three variants"
    for model, flow in ((Order, "orders"), (Customer, "customers"), (AbandonedCart, "abandoned_carts"),
                        (Transaction, "transactions"), (Package, "shipments"), (Return, "returns")):  # fmt: skip
        assert model._default_manager.count() == len(sim.truth(flow)), flow
    assert Package.objects.get().order is not None
    assert Return.objects.get().order is not None
    assert not Transaction.objects.filter(order=None).exists()
    assert set(StatusWord.objects.values_list("subject", flat=True)) == {"order", "return"}
    order = Order.objects.order_by("-placed_at").first()
    assert order is not None
    assert (order.number, order.currency) == ("#1000", "EUR")
    line = order.lines.first()
    assert line is not None
    assert line.variant is not None
    assert sim.ledger.writes == 0


def test_a_woocommerce_like_store_with_numbers_for_ids_and_texts_for_times(
    sim: Simulator, connected: Connect, run: Run
) -> None:
    vendor = connected("depot", page_size=2)
    for flow in FLOWS:
        done = run(vendor, flow)
        assert done.state == SyncRun.State.OK, f"{flow}: {done.error}"
    assert AbandonedCart.objects.count() == 0, "this store does not offer them"
    assert Return.objects.count() == 1, "listed, not asked for order by order"
    assert "order_ids" not in asked(sim, "return.list")[0]
    assert Product.objects.count() == len(sim.truth("depot:products"))
    assert Order.objects.exclude(vendor_changed_at=None).count() == 3


def test_an_amazon_like_store_lists_variants_as_products(sim: Simulator, connected: Connect, run: Run) -> None:
    sim.report_calls = 0
    vendor = connected("bazaar")
    for flow in FLOWS:
        done = run(vendor, flow)
        assert done.state == SyncRun.State.OK, f"{flow}: {done.error}"
    assert asked(sim, "product.child_item.list") == [], "they would stand there twice"
    assert Product.objects.count() == len(sim.truth("bazaar:products"))
    returns = asked(sim, "return.list")
    assert {one["return_type"] for one in returns} == {"MFN", "FBA"}
    assert all({"created_from", "created_to"} <= set(one) for one in returns)


@pytest.mark.needs_shared
def test_every_request_is_one_the_vendor_describes(sim: Simulator, connected: Connect, run: Run, shared: Path) -> None:
    spec = Spec(shared)
    for store in ("boutique", "depot", "bazaar"):
        vendor = connected(store, page_size=2, store_id="1", lang_id="2")
        sim.report_calls = 0
        for flow in FLOWS:
            run(vendor, flow)
            run(vendor, flow)
        connection.probe(vendor)
    run(connected(), "orders", codes=["70000"])
    calls = sim.ledger.asked()
    assert len({call.path for call in calls}) >= 15
    for call in calls:
        path = call.path.removeprefix("/v1.1")
        assert spec.wrong_query(call.method, path, call.query) == []
        assert call.body is None


# -- paging


def test_a_cursor_goes_alone_and_decoded(sim: Simulator, connected: Connect, run: Run) -> None:
    """The simulator refuses a cursor beside anything, and one that was encoded twice."""
    run(connected(page_size=1), "products")
    pages = asked(sim, "product.list")
    assert len(pages) == 4
    assert pages[0]["count"] == "1"
    assert all(set(page) == {"page_cursor"} for page in pages[1:])
    assert all("%" not in page["page_cursor"] for page in pages[1:]), "one decoding away from what the vendor meant"


def test_pages_shrink_until_the_store_is_content(sim: Simulator, connected: Connect, run: Run) -> None:
    sim.stores[0].most = 1
    done = run(connected(page_size=8), "products")
    assert done.state == SyncRun.State.OK
    assert [page.get("count") for page in asked(sim, "product.list")] == ["8", "4", "2", "1", None, None, None]
    assert Product.objects.count() == 4


def test_a_list_in_a_circle_is_stopped(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected(page_size=1)
    sim.fault("repeat_page")
    done = run(vendor, "products")
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "bad_payload")
    assert "circle" in done.error
    assert len(asked(sim, "product.list")) <= 3


def test_rows_of_other_parents_are_left_to_their_own_turn(sim: Simulator, connected: Connect, run: Run) -> None:
    """As Amazon answers a filter by parent: everything comes, whoever was asked for."""
    vendor = connected(page_size=1)
    run(vendor, "orders")
    for number in range(3):
        sim.put("shipments", {**sim.truth("shipments")[0], "id": f"99{number}", "order_id": "70002"})
    sim.fault("call", "/order.shipment.list.json", do=_forget_the_filter)
    sim.ledger.clear()
    done = run(vendor, "shipments")
    assert done.state == SyncRun.State.OK, done.error
    held = sorted(Package.objects.values_list("external_id", flat=True))
    assert held == ["70000/880", "70002/990", "70002/991", "70002/992"]
    asked_for = [call.get("order_id", "+") for call in asked(sim, "order.shipment.list")]
    assert asked_for == ["70000,70002", "+", "70001", "70002", "+", "+"], "past its own rows a chain is not followed"


def test_a_chain_of_strangers_is_given_up_and_nothing_is_gone_for_it(
    sim: Simulator, connected: Connect, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "PATIENCE", 2)
    vendor = connected(page_size=1)
    for flow in ("categories", "products", "variants"):
        run(vendor, flow)
    family = str(sim.truth("variants")[0]["parent_id"])
    for number in range(3):
        sim.put("variants", {**sim.truth("variants")[0], "id": f"8{number}", "parent_id": "foreign"}, at=0)
    sim.fault("call", "/product.child_item.list.json", do=_ask_for_all)
    done = run(vendor, "variants", mode=SyncRun.Mode.FULL)
    assert (done.state, done.seen, done.gone, done.held) == (SyncRun.State.OK, 0, 0, 0)
    assert Variant.objects.filter(product__external_id=family, gone_at=None).count() == 3


def _ask_for_all(simulator: Simulator, request: Any) -> None:
    request.target = request.target.replace("product_id=", "store_id=")


def _forget_the_filter(simulator: Simulator, request: Any) -> None:
    """Ask for two orders' shipments where the hub asked for one's."""
    request.target = request.target.replace("order_id=70000", "order_id=70000,70002")


def test_a_product_that_gets_options_is_sold_in_its_variants_from_then_on(
    sim: Simulator, connected: Connect, run: Run
) -> None:
    vendor = connected()
    for flow in ("categories", "products", "variants"):
        run(vendor, flow)
    own = Variant.objects.get(external_id="5000")
    assert own.gone_at is None
    at = {"value": (timezone.now() + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S+0000")}
    sim.change("products", "5000", type="configurable", modified_at=at)
    sim.put("variants", {**sim.truth("variants")[0], "id": "77", "parent_id": "5000", "sku": "BOU-77"})
    assert run(vendor, "products").updated == 1
    own.refresh_from_db()
    assert (own.gone_at is not None, own.stock) == (True, None), "it cannot be bought any more"
    assert run(vendor, "variants").created == 1
    assert Variant.objects.get(external_id="77").product.external_id == "5000"
    assert run(vendor, "products", mode=SyncRun.Mode.VERIFY).updated == 0, "told once"
    sim.change("products", "5000", type="simple", modified_at=at)
    run(vendor, "products")
    own.refresh_from_db()
    assert own.gone_at is None
    assert own.stock is not None
    assert run(vendor, "variants", mode=SyncRun.Mode.FULL).gone == 1


# -- what changed


def test_a_second_run_asks_for_what_changed_with_an_overlap(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected(overlap=60)
    first = run(vendor, "products")
    assert "modified_from" not in asked(sim, "product.list")[0]
    sim.ledger.clear()
    second = run(vendor, "products")
    [call] = asked(sim, "product.list")
    told = datetime.fromisoformat(call["modified_from"])
    assert timedelta(0) <= first.started_at - timedelta(minutes=60) - told < timedelta(seconds=2)
    assert (second.state, second.seen, second.gone) == (SyncRun.State.OK, 0, 0), (
        "a list of changes says nothing about what is missing"
    )
    assert Product.objects.filter(gone_at=None).count() == 4
    sim.remove("products", "5000")
    assert run(vendor, "products").gone == 0
    assert run(vendor, "products", mode=SyncRun.Mode.FULL).gone == 1, "a full pass finds it"


def test_what_a_shop_system_cannot_filter_by_is_not_asked(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected(changed_by="created")
    run(vendor, "products")
    run(vendor, "products")
    assert set(asked(sim, "product.list")[-1]) == {"count", "created_from", "response_fields"}
    vendor = connected("depot", changed_by="nothing")
    run(vendor, "products")
    sim.remove("depot:products", "5000")
    sim.ledger.clear()
    done = run(vendor, "products")
    assert set(asked(sim, "product.list")[0]) == {"count", "response_fields"}
    assert done.gone == 1, "every run reads the whole list"


def test_a_changed_order_brings_its_shipments_again(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected(overlap=0)
    run(vendor, "orders")
    run(vendor, "shipments")
    sim.ledger.clear()
    run(vendor, "shipments")
    assert asked(sim, "order.shipment.list") == [], "no order changed since"
    at = timezone.now().strftime("%Y-%m-%dT%H:%M:%S+0000")
    sim.change("orders", "70001", modified_at={"value": at}, status={"id": "shipped", "name": "Shipped"})
    run(vendor, "orders")
    run(vendor, "shipments")
    assert [call["order_id"] for call in asked(sim, "order.shipment.list")] == ["70001"]


def test_one_order_is_fetched_again_by_its_number(sim: Simulator, connected: Connect, run: Run) -> None:
    done = run(connected(), "orders", codes=["70001"])
    assert (done.state, done.seen) == (SyncRun.State.OK, 1)
    assert asked(sim, "order.list")[-1]["order_ids"] == "70001"


def test_windows_follow_the_platform() -> None:
    now = timezone.now().replace(microsecond=0)
    assert windows(platform_of("Magento2Api"), "orders", None, now) == [{}]
    since = now - timedelta(days=2)
    [plain] = windows(platform_of("Unknown"), "orders", since, now)
    assert plain == {"modified_from": since.strftime("%Y-%m-%dT%H:%M:%S+0000")}
    ebay = windows(platform_of("EBay"), "orders", now - timedelta(days=365), now)
    spans = [(datetime.fromisoformat(w["modified_from"]), datetime.fromisoformat(w["modified_to"])) for w in ebay]
    assert spans[0][0] >= now - timedelta(days=90)
    assert all(end - start <= timedelta(days=30) for start, end in spans)
    assert all(end == start for (_, end), (start, _) in pairwise(spans)), "no gap between them"
    assert spans[-1][1] == now
    bol = windows(platform_of("Bol"), "orders", since, now)
    assert bol == [{"modified_from": since.strftime(DAY), "modified_to": (now + timedelta(days=1)).strftime(DAY)}]
    [amazon] = windows(platform_of("AmazonSP"), "returns", None, now)
    assert set(amazon) == {"created_from", "created_to"}
    assert windows(platform_of("Unknown"), "orders", since, now, "spaced")[0]["modified_from"] == since.strftime(
        "%Y-%m-%d %H:%M:%S"
    )


def test_page_sizes_follow_the_platform() -> None:
    assert size_of(platform_of("Shopify"), "orders", 0) == 250
    assert size_of(platform_of("Bol"), "shipments", 0) == 50
    assert size_of(platform_of("Unknown"), "orders", 9999) == 250
    assert size_of(Platform(size=1), "orders", 0) == 4, "the manual's least"


# -- reports


def test_a_report_is_waited_for_aside_and_asked_for_by_its_id(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected("bazaar")
    parked = run(vendor, "products", slice_seconds=50.0)
    assert parked.state == SyncRun.State.RUNNING
    assert parked.position is not None
    report = parked.position["report"]
    assert report.startswith("R1DER")
    assert parked.lease_until is not None
    assert parked.lease_until > timezone.now() + timedelta(seconds=30)
    again = sync.run(vendor, "products")
    assert again is None, "nobody takes it up before its time"
    assert sweeping.run_if_due(vendor.pk, "products") is None
    SyncRun.objects.filter(pk=parked.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    done = run(vendor, "products", slice_seconds=50.0)
    assert (done.pk, done.state) == (parked.pk, SyncRun.State.OK)
    calls = asked(sim, "product.list")
    assert [call.get("report_request_id", "") for call in calls] == ["", report]
    assert "prepares" in done.note
    assert done.takeovers == 0, "it was parked, its owner did not die"
    assert Product.objects.count() == len(sim.truth("bazaar:products"))


# -- limits


def test_a_spent_limit_is_waited_for_and_the_run_goes_on(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected()
    run(vendor, "categories")
    sim.store_limit = 0
    threading.Timer(1.0, setattr, (sim, "store_limit", 5)).start()
    done = run(vendor, "categories")
    assert done.state == SyncRun.State.OK, done.error
    told = ApiCall.objects.filter(vendor=vendor, error_kind="wait")
    assert told.exists()
    assert "limit of this store" in told.first().error  # type: ignore[union-attr]


def test_two_stores_of_one_account_share_its_budget(sim: Simulator, connected: Connect) -> None:
    first, second = connected(), connected("depot")
    services = [connection.open_service(vendor) for vendor in (first, second)]
    wider = [service.http.budget.within for service in services if service.http.budget]
    assert len({budget.key for budget in wider if budget}) == 1
    assert [budget.rate.calls for budget in wider if budget] == [10, 10]
    assert all(sim.token not in budget.key for budget in wider if budget and sim.token)
    for service in services:
        assert service.http.budget is not None
        assert service.http.budget.rate.calls == 5
        service.http.close()


# -- what a store can do


def test_a_flow_the_store_lacks_is_not_asked_for(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected("depot")
    schedule = Schedule.objects.get(vendor=vendor, flow="abandoned_carts")
    assert schedule.lacks == "", "nobody asked the store yet"
    done = run(vendor, "abandoned_carts")
    assert (done.state, done.seen) == (SyncRun.State.OK, 0)
    assert "order.abandoned.list" in done.note
    assert asked(sim, "order.abandoned.list") == []
    schedule = Schedule.objects.get(pk=schedule.pk)
    assert "WoocommerceApi" in schedule.lacks
    Schedule.objects.filter(vendor=vendor).update(due_at=timezone.now(), enabled_at=timezone.now() - timedelta(days=30))
    due = {row.flow for row in schedules.due()}
    assert "orders" in due
    assert "abandoned_carts" not in due
    assert "abandoned_carts" not in {row.flow for row in schedules.late()}, "what is not there is not late"


def test_a_flow_the_store_lacks_is_not_offered(
    sim: Simulator, connected: Connect, run: Run, admin_client: Client
) -> None:
    vendor = connected("depot")
    url = reverse("admin:integrations_vendor_change", args=[vendor.pk])
    assert '<option value="abandoned_carts">' in admin_client.get(url).content.decode(), "nobody asked the store yet"
    run(vendor, "categories")
    told = admin_client.get(url).content.decode()
    assert '<option value="abandoned_carts">' not in told
    assert '<option value="orders">' in told
    assert "has no order.abandoned.list" in told, "its row says why"
    out = StringIO()
    call_command("sync", vendor.slug, "--json", stdout=out)
    flows = {row["flow"] for row in json.loads(out.getvalue())["runs"]}
    assert "orders" in flows
    assert "abandoned_carts" not in flows


def test_abilities_are_asked_once_a_day(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected()
    run(vendor, "categories")
    run(vendor, "orders")
    assert len(asked(sim, "cart.methods")) == 1
    vendor.refresh_from_db()
    assert (vendor.abilities["platform"], vendor.abilities["currency"]) == ("Shopify", "EUR")
    yesterday = (timezone.now() - timedelta(days=1, minutes=1)).isoformat()
    Vendor.objects.filter(pk=vendor.pk).update(abilities={**vendor.abilities, "asked_at": yesterday})
    run(Vendor.objects.get(pk=vendor.pk), "orders")
    assert len(asked(sim, "cart.methods")) == 2


# -- keys


def test_the_store_key_is_found_by_the_stores_address(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected("depot", secrets={"api_key": str(sim.token)}, store_url="http://www.DEPOT.example/shop/")
    assert run(vendor, "categories").state == SyncRun.State.OK
    assert Token.objects.filter(vendor=vendor, name="store_key", active=True).count() == 1
    verdict = connection.probe(vendor)
    assert verdict.ok, verdict.message


def test_several_stores_and_no_address_is_told(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected(secrets={"api_key": str(sim.token)}, store_url="")
    done = run(vendor, "categories")
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "needs_auth")
    assert "address" in done.cure


def test_a_store_that_got_another_key_is_found_again(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected()
    assert run(vendor, "categories").state == SyncRun.State.OK
    sim.stores[0].key = "f" * 32
    assert run(vendor, "categories").state == SyncRun.State.OK, "by its address, with the account's key"


def test_a_store_that_shuts_api2cart_out_needs_a_person(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected()
    run(vendor, "categories")
    sim.stores[0].reachable = False
    done = run(vendor, "categories")
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "needs_auth")
    assert "credentials" in done.error
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.NEEDS_AUTH
    assert vendor.state_reason.endswith("now and then.")


def test_a_shop_that_was_only_down_comes_back_by_itself(sim: Simulator, connected: Connect, run: Run) -> None:
    """The vendor tells both alike; so it is tried again, as often as it takes."""
    vendor = connected()
    run(vendor, "categories")
    sim.stores[0].reachable = False
    run(vendor, "categories")
    tried: SyncRun | None = None
    for attempt in range(3):
        vendor.refresh_from_db()
        assert vendor.blocked_until is not None
        assert vendor.blocked_until > timezone.now() + timedelta(minutes=5)
        assert sweeping.run_if_due(vendor.pk, "categories") is None, "not before its time"
        Vendor.objects.filter(pk=vendor.pk).update(blocked_until=timezone.now())
        Schedule.objects.filter(vendor=vendor).update(due_at=timezone.now())
        sim.stores[0].reachable = attempt == 2
        tried = sweeping.run_if_due(vendor.pk, "categories")
        assert tried is not None
    assert tried is not None
    assert tried.state == SyncRun.State.OK
    vendor.refresh_from_db()
    assert (vendor.state, vendor.state_reason) == (Vendor.State.ACTIVE, "")


def test_no_key_goes_into_an_address(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected()
    for flow in FLOWS:
        run(vendor, flow)
    connection.probe(vendor)
    for call in sim.ledger.asked():
        told = str(call.query)
        assert str(sim.token) not in told
        assert sim.stores[0].key not in told


def test_errors_with_another_status_are_read_all_the_same(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected()
    run(vendor, "categories")
    sim.error_status = 400
    sim.stores[0].reachable = False
    done = run(vendor, "categories")
    assert done.error_kind == "needs_auth", "the code counts, not the status"
