"""Pages of lists: cursors, sizes, circles, rows of other parents."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Product, Variant
from integrations.models import SyncRun, Vendor
from integrations.services.api2cart import children
from integrations.services.api2cart.simulator import Simulator
from integrations.services.api2cart.tests.calls import asked
from orders.models import Package

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Vendor]
Run = Callable[..., SyncRun]


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
