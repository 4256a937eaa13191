"""Many rows in one job: item by item, what may be retried and only that, the newest value last, and jobs that say nothing."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from integrations import raw
from integrations.commands import asking, bodies, looking, sending
from integrations.models import Command, Vendor
from integrations.services.api2cart.batches import came_of
from integrations.services.api2cart.simulator import Simulator
from integrations.verbs import Doing
from tests.jobs import row, sent, states, told

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State
A, B, C = "5000", "5002", "5003"  # products without variants


@pytest.fixture
def shop(connected: Callable[..., Vendor]) -> Vendor:
    vendor = connected()
    Vendor.objects.filter(pk=vendor.pk).update(writes="on")
    vendor.refresh_from_db()
    return vendor


def test_more_than_a_job_holds_goes_in_several(sim: Simulator, connected: Callable[..., Vendor]) -> None:
    vendor = connected(batch_size=2)
    Vendor.objects.filter(pk=vendor.pk).update(writes="on")
    vendor.refresh_from_db()
    made = asking.ask(vendor, "update_products", {"products": [{"id": str(n), "price": 1} for n in range(5)]})
    assert [len(command.body["products"]) for command in made] == [2, 2, 1]


def test_a_lost_job_of_values_is_looked_up_by_the_values(sim: Simulator, shop: Vendor) -> None:
    sim.fault("drop", path="/product.update.batch.json", times=1, accept=True)
    lost = sent(shop, "update_products", [{"id": A, "price": "3.30", "quantity": 4}])
    assert lost.state == State.UNKNOWN
    assert looking.look_up(lost.pk).state == State.CONFIRMED
    sim.fault("drop", path="/product.update.batch.json", times=1)
    never = sent(shop, "update_products", [{"id": A, "price": "4.40"}])
    Command.objects.filter(pk=never.pk).update(not_before=None)  # whatever was on its way has arrived
    shown = looking.look_up(never.pk)
    assert (shown.state, shown.shown) == (State.QUEUED, f"The shop shows other values: {A} price 3.3.")
    sending.send(never.pk)
    assert told(never.pk).state == State.CONFIRMED
    assert [write.payload["price"] for write in sim.ledger.accepted("update_products", A)] == [3.3, 4.4]


def test_a_lost_change_of_stock_waits_for_a_person(sim: Simulator, shop: Vendor) -> None:
    sim.change("products", A, quantity=10)
    sim.fault("drop", path="/product.update.batch.json", times=1, accept=True)
    lost = sent(shop, "change_stock", [{"id": A, "by": -3}])
    shown = looking.look_up(lost.pk)
    assert (shown.state, shown.shown) == (State.UNKNOWN, f"The shop shows {A} stock 7.")


def test_variants_in_a_job_know_their_products(sim: Simulator, shop: Vendor) -> None:
    rows = [
        {"id": "90010", "product_id": "5001", "price": "31.50"},
        {"id": "90011", "product_id": "5001", "quantity": 2},
    ]
    (old,) = asking.ask(
        shop, "update_variants", {"variants": [{"id": "90010", "product_id": "5001", "price": 1, "quantity": 9}]}
    )
    assert told(sent(shop, "update_variants", rows, "variants").pk).state == State.CONFIRMED
    sending.send(old.pk)
    assert told(old.pk).body == {"variants": [{"id": "90010", "product_id": "5001", "quantity": 9}]}
    variant = row(sim, "90010", "variants")
    assert (variant["default_price"], variant["inventory_level"]) == (31.5, 9)


def test_many_orders_are_shipped_in_one_job(sim: Simulator, shop: Vendor) -> None:
    rows = [{"order_id": "70001", "tracking_number": "B1"}, {"order_id": "70000", "tracking_number": "B2"}]
    ended = told(sent(shop, "add_shipments", rows, "shipments").pk)
    assert states(ended) == {"70001": "done", "70000": "refused"}, "the other was shipped before"
    assert [write.key for write in sim.ledger.accepted("add_shipments")] == ["70001"]


def test_products_categories_and_their_removal_in_jobs(sim: Simulator, shop: Vendor) -> None:
    made = told(
        sent(shop, "add_products", [{"sku": "N-1", "name": "Jug", "price": 3}, {"sku": "BOU-1000", "name": "Twin"}]).pk
    )
    assert states(made) == {"N-1": "done", "BOU-1000": "refused"}
    number = next(str(one["id"]) for one in sim.truth("products") if one.get("u_sku") == "N-1")
    assert told(sent(shop, "delete_products", [{"id": number}]).pk).state == State.CONFIRMED
    assert told(sent(shop, "add_categories", [{"name": "Jugs"}], "categories").pk).state == State.CONFIRMED
    key = next(one["id"] for one in sim.truth("categories") if one["name"] == "Jugs")
    assert told(sent(shop, "delete_categories", [{"id": key}], "categories").pk).state == State.CONFIRMED
    assert (
        told(sent(shop, "delete_variants", [{"id": "90012", "product_id": "5001"}], "variants").pk).state
        == State.CONFIRMED
    )


def test_the_command_line_says_that_the_vendor_works_on_it(shop: Vendor) -> None:
    out = StringIO()
    body = '{"products": [{"id": "5000", "price": 3}]}'
    with pytest.raises(SystemExit) as ended:
        call_command("send", shop.slug, "update_products", "--json-body", body, stdout=out)
    assert ended.value.code == 1
    assert '"state": "working"' in out.getvalue()
    assert "works on it" in out.getvalue()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "products is missing"),
        ([{"id": A}], "gives no value for 5000"),
        ([{"id": A, "price": 1}, {"id": A, "price": 2}], "names 5000 twice"),
        ([{"id": A, "price": -1}, {"id": A, "color": 2}], "color is not known"),
    ],
)
def test_rows_that_cannot_go_are_told_before(shop: Vendor, rows: Any, said: str) -> None:
    with pytest.raises(bodies.BadBody, match=said):
        asking.ask(shop, "update_products", {"products": rows})


@pytest.mark.needs_shared
def test_a_captured_result_is_read_item_by_item(shared: Path, shop: Vendor) -> None:
    """Five items of Amazon's: "partial" is done, as there was nothing to change; "failed" is not."""
    file = shared / "vendors/api2cart-mock/AmazonSP/batch/job.result/id-165-update-mixed-statuses.response.json"
    rows = [{"id": f"p{place}", "quantity": place} for place in range(6)]
    found = came_of(
        Doing(shop.account, {"products": rows}, number="165"), raw.row(file.read_bytes())["result"], "products", "id"
    )
    assert found.refused == {
        "p3": "Final quantity cannot be less than 0", "p5": "API2Cart does not say what came of it.",
    }  # fmt: skip
    assert (found.again, found.number) == ({}, "165")
