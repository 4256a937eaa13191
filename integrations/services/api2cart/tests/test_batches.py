"""Many rows in one job: item by item, what may be retried and only that, the newest value last, and jobs that say nothing."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from integrations import raw
from integrations.commands import asking, bodies, deciding, looking, sending, sweeping
from integrations.models import Command, Vendor
from integrations.service import Account
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


def test_of_rows_the_result_does_not_name_nobody_can_tell(sim: Simulator, shop: Vendor) -> None:
    """So many pieces fewer, which would be so many twice: the rows that are told are settled, the others wait for a person."""
    for key in (A, B, C):
        sim.change("products", key, quantity=10)
    sim.untold, sim.late = {A}, {B}
    rows = [{"id": A, "by": -3}, {"id": B, "by": -3}, {"id": C, "by": -3}, {"id": "nix", "by": -3}]
    lost = told(sent(shop, "change_stock", rows).pk)
    assert lost.state == State.UNKNOWN
    assert states(lost) == {A: "waiting", B: "waiting", C: "done", "nix": "refused"}
    assert lost.body == {"products": rows[:2]}
    assert [item["id"] for item in lost.request["body"]["payload"]] == [A, B]
    assert "of 2 of 4 it is not known" in lost.error.lower()
    assert {*lost.items.filter(in_flight=True).values_list("thing", flat=True)} == {f"product:{A}", f"product:{B}"}
    assert "timed out" in lost.items.get(thing=f"product:{B}").told
    looked = looking.look_up(lost.pk)
    assert (looked.state, looked.shown) == (State.UNKNOWN, f"The shop shows {A} stock 7, {B} stock 7.")
    assert sending.send(lost.pk) is None
    assert sweeping.sweep(60) >= 0
    assert len(sim.ledger.asked("/product.update.batch.json")) == 1
    done = deciding.confirm(lost.pk, "Ada", "seen in the shop")
    assert (done.state, states(done)) == (State.CONFIRMED, {A: "done", B: "done", C: "done", "nix": "refused"})
    assert "1 of 4 were not done" in Command.objects.get(pk=done.pk).error
    assert [row(sim, key)["quantity"] for key in (A, B, C)] == [7, 7, 7]


def test_a_person_sends_only_those_again_of_which_nobody_can_tell(sim: Simulator, shop: Vendor) -> None:
    """With another key: the vendor would else answer from memory with the old job, whose places are other rows'."""
    for key in (A, B, C):
        sim.change("products", key, quantity=10)
    sim.untold = {C}
    lost = told(sent(shop, "change_stock", [{"id": key, "by": 1} for key in (A, B, C)]).pk)
    deciding.send_again(lost.pk, "Ada", "the shop's log has none")
    sending.send(lost.pk)
    ended = told(lost.pk)
    assert (ended.state, states(ended)) == (State.CONFIRMED, {A: "done", B: "done", C: "done"})
    first, second = sim.ledger.asked("/product.update.batch.json")
    assert second.body["payload"] == [{"id": C, "increase_quantity": 1}]
    assert first.body["idempotency_key"] != second.body["idempotency_key"]
    assert [row(sim, key)["quantity"] for key in (A, B)] == [11, 11]


def test_what_is_given_up_of_a_job_leaves_the_rest_done(sim: Simulator, shop: Vendor) -> None:
    sim.untold = {B}
    lost = told(sent(shop, "change_stock", [{"id": A, "by": 1}, {"id": B, "by": 1}]).pk)
    ended = deciding.give_up(lost.pk, "Ada", "nobody wants it")
    assert (ended.state, states(ended)) == (State.CONFIRMED, {A: "done", B: "refused"})
    assert Command.objects.get(pk=lost.pk).error == "1 of 2 were given up: nobody wants it"
    assert not lost.items.filter(in_flight=True).exists()


def test_values_of_which_nobody_can_tell_are_proved_by_the_shop_s_list_row_by_row(sim: Simulator, shop: Vendor) -> None:
    """What stands is not given once more, which would undo a sale in between; what does not stand goes again."""
    sim.untold, sim.late = {A}, {B}
    lost = told(sent(shop, "update_products", [{"id": key, "quantity": 5} for key in (A, B, C)]).pk)
    assert states(lost) == {A: "waiting", B: "waiting", C: "done"}
    sim.change("products", B, quantity=4)
    half = looking.look_up(lost.pk)
    assert (half.state, states(half)) == (State.UNKNOWN, {A: "done", B: "waiting", C: "done"})
    assert half.body == {"products": [{"id": B, "quantity": 5}]}
    again = looking.look_up(lost.pk)
    assert again.state == State.QUEUED, "the same value twice is the same as once"
    sending.send(lost.pk)
    ended = told(lost.pk)
    assert (ended.state, row(sim, B)["quantity"]) == (State.CONFIRMED, 5)
    assert [item["id"] for item in sim.ledger.asked("/product.update.batch.json")[-1].body["payload"]] == [B]


def variant(sku: str, colour: str, product: str = "5001") -> dict[str, Any]:
    pair = {"option_name": "Colour", "option_value_name": colour}
    return {"product_id": product, "sku": sku, "combination": [pair], "price": "31.50", "quantity": 2}


UNTOLD: dict[str, tuple[str, str, list[dict[str, Any]], str]] = {
    "add_products": ("products", "sku", [{"sku": "N-1", "name": "Jug"}, {"sku": "N-2", "name": "Mug"}], "BOU-1000"),
    "add_categories": ("categories", "name", [{"name": "Jugs"}, {"name": "Mugs", "parent_id": "1"}], ""),
    "add_variants": ("variants", "sku", [variant("N-1", "Moss"), variant("N-2", "Slate")], "BOU-1001-0"),
    "delete_products": ("products", "id", [{"id": A}, {"id": B}], "nix"),
    "delete_variants": ("variants", "id", [{"id": "90010", "product_id": "5001"}, {"id": "90011", "product_id": "5001"}], ""),
    "delete_categories": ("categories", "id", [{"id": "5"}, {"id": "6"}], "nix"),
    "add_shipments": ("shipments", "order_id", [{"order_id": "70001", "tracking_number": "B1"},
                                                {"order_id": "70002", "tracking_number": "B2"}], ""),
}  # fmt: skip


@pytest.mark.sqlite_only
@pytest.mark.parametrize("verb", UNTOLD)
def test_rows_nobody_told_of_are_looked_up_one_by_one(sim: Simulator, shop: Vendor, verb: str) -> None:
    name, key, rows, stranger = UNTOLD[verb]
    sim.untold = {rows[0][key], rows[1][key]}
    more = [{**rows[0], key: stranger}] if stranger else []
    lost = told(sent(shop, verb, [*rows, *more], name).pk)
    wanted = {str(row[key]) for row in rows}
    assert (lost.state, {thing for thing, state in states(lost).items() if state == "waiting"}) == (
        State.UNKNOWN,
        wanted,
    )
    ended = looking.look_up(lost.pk)
    assert ended.state == State.CONFIRMED, ended.shown
    assert {thing for thing, state in states(ended).items() if state == "done"} == wanted
    assert len(sim.ledger.accepted(verb)) == 2


def test_a_forgotten_job_of_new_products_is_never_made_twice(sim: Simulator, shop: Vendor) -> None:
    """The vendor forgets the job, and half of what it did is there: that half is proved, the other waits for a person."""
    lost = sent(shop, "add_products", [{"sku": "N-1", "name": "Jug"}, {"sku": "N-2", "name": "Mug"}])
    sim.jobs.clear()
    sim.table("products").remove(next(one["id"] for one in sim.truth("products") if one.get("u_sku") == "N-2"))
    assert looking.look_up(lost.pk).state == State.UNKNOWN
    half = looking.look_up(lost.pk)
    assert (half.state, states(half)) == (State.UNKNOWN, {"N-1": "done", "N-2": "waiting"})
    assert looking.look_up(lost.pk).state == State.UNKNOWN, "that it is not there yet proves nothing"
    assert len(sim.ledger.asked("/product.add.batch.json")) == 1


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


def test_new_variants_are_made_or_refused_one_by_one_and_only_those_left_go_again(sim: Simulator, shop: Vendor) -> None:
    """One is made, one is a twin, one has a colour its product has not, one meets a limit, one is not told of and was not made."""
    sim.untold, sim.stumbles = {"N-5"}, {"N-4"}
    rows = [
        variant("N-1", "Moss"),
        variant("BOU-1001-0", "Moss"),
        variant("N-3", "Rust"),
        variant("N-4", "Amber"),
        variant("N-5", "Slate"),
    ]
    job = sent(shop, "add_variants", rows, "variants")
    sim.table("variants").remove(next(one["id"] for one in sim.truth("variants") if one["sku"] == "N-5"))
    made = told(job.pk)
    assert made.state == State.UNKNOWN
    assert states(made) == {
        "N-1": "done",
        "BOU-1001-0": "refused",
        "N-3": "refused",
        "N-4": "refused",
        "N-5": "waiting",
    }
    assert made.items.get(thing="variant:N-3").told == "Option Colour with value Rust not found"
    row_made = next(one for one in sim.truth("variants") if one["sku"] == "N-1")
    assert (row_made["parent_id"], row_made["combination"]) == ("5001", [{"option_id": "7", "option_value_id": "2"}])
    assert (row_made["default_price"], row_made["inventory_level"]) == (31.5, 2)
    assert looking.look_up(made.pk).state == State.UNKNOWN, "that it is not there yet proves nothing"
    deciding.send_again(made.pk, "Ada", "the shop has none of it")
    sending.send(made.pk)
    again = told(made.pk)
    assert (again.state, states(again)["N-5"]) == (State.CONFIRMED, "done")
    first, second = sim.ledger.asked("/product.variant.add.batch.json")
    assert [item["sku"] for item in second.body["payload"]] == ["N-5"]
    assert first.body["idempotency_key"] != second.body["idempotency_key"]
    corrected = told(sent(shop, "add_variants", [variant("N-3", "Slate"), variant("N-4", "Amber")], "variants").pk)
    assert (corrected.state, {*states(corrected).values()}) == (State.CONFIRMED, {"done"})
    assert [write.key for write in sim.ledger.accepted("add_variants")] == ["N-1", "N-5", "N-5", "N-3", "N-4"]


def test_new_variants_without_what_they_differ_in_are_told_before(shop: Vendor) -> None:
    with pytest.raises(bodies.BadBody, match="combination"):
        asking.ask(shop, "add_variants", {"variants": [{"product_id": "5001", "sku": "N-1"}]})
    with pytest.raises(bodies.BadBody, match="names N-1 twice"):
        asking.ask(shop, "add_variants", {"variants": [variant("N-1", "Moss"), variant("N-1", "Slate")]})


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
        "p3": "Final quantity cannot be less than 0",
    }  # fmt: skip
    assert found.unknown == {"p5": "API2Cart does not say what came of it."}
    assert (found.again, found.number) == ({}, "165")


@pytest.mark.parametrize(
    ("items", "came"),
    [
        ([{"id": 0, "status": "failed", "errors": ["The request limit was exceeded, try again later"]}], "again"),
        ([{"id": 0, "status": "failed", "errors": ["Bridge: 504 Gateway Time-out"]}], "unknown"),
        ([{"id": 0, "status": "failed", "errors": ["Internal Server Error"]}], "unknown"),
        ([{"id": 0, "status": "failed", "errors": []}], "refused"),
        ([{"id": 0, "status": "processing", "errors": []}], "unknown"),
        ([{"id": 0, "status": "success"}, {"id": 0, "status": "failed", "errors": ["No"]}], "unknown"),
        ([{"id": 7, "status": "success"}], "unknown"),
    ],
)
def test_what_an_item_s_words_mean(items: Any, came: str) -> None:
    found = came_of(
        Doing(Account("s", "https://x.example", {}), {"products": [{"id": "p"}]}, number="1"),
        {"items": items},
        "products",
        "id",
    )
    told_of = {"refused": found.refused, "again": found.again, "unknown": found.unknown}
    assert [name for name, rows in told_of.items() if rows] == [came]
