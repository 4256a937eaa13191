"""Flows against the simulated account, from call to database: what each kind of store brings."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.models import Product, Variant
from integrations import connection
from integrations.models import SyncRun, Vendor
from integrations.services.api2cart.flows import METHOD
from integrations.services.api2cart.simulator import Simulator
from integrations.services.api2cart.tests.calls import asked
from integrations.services.api2cart.tests.spec import Spec
from orders.models import AbandonedCart, Customer, Order, Package, Return, StatusWord, Transaction

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Vendor]
Run = Callable[..., SyncRun]
FLOWS = tuple(METHOD)


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
