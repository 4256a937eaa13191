"""What changed since the last run, in the windows each shop system takes; reports that are waited for; limits."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from catalog.models import Product
from integrations import connection, sweeping, sync
from integrations.models import ApiCall, SyncRun, Vendor
from integrations.services.api2cart.platforms import DAY, Platform, platform_of, size_of, windows
from integrations.services.api2cart.simulator import Simulator
from integrations.services.api2cart.tests.calls import asked

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Vendor]
Run = Callable[..., SyncRun]


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
