"""Of two values for one thing the newest stays, also where a larger body carries one of them; the ledgers are the witnesses."""

from contextlib import suppress
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from django.urls import reverse

from integrations import connecting
from integrations.commands import asking, deciding, looking, sending, switches
from integrations.models import Command, CommandItem, Vendor
from integrations.service import services
from integrations.services.api2cart.simulator import Simulator as Api2Cart
from integrations.services.elko.simulator import Simulator as Elko
from integrations.simulator import Server
from tests.faults.forking import at_once
from tests.faults.rig import connected

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State


@pytest.fixture
def vendor(elryan: Any) -> Vendor:
    return opened(elryan, "on")


def opened(sim: Any, writes: str) -> Vendor:
    """A connection that may do all its kind can."""
    made = connected(sim, sim.kind)
    Vendor.objects.filter(pk=made.pk).update(writes=writes)
    verbs = services()[sim.kind].verbs
    made.refresh_from_db()
    connecting.confirm(made, [name for name, verb in verbs.items() if not verb.proven])
    return Vendor.objects.get(pk=made.pk)


def approving_each(vendor: Vendor) -> Vendor:
    Vendor.objects.filter(pk=vendor.pk).update(writes="approve")
    return Vendor.objects.get(pk=vendor.pk)


def variant(sim: Any, **values: Any) -> dict[str, Any]:
    row = sim.truth("variants")[0]
    return {"sku": row["sku"], "spu": row.get("spu", "S"), "name": "Cup", **values}


def pushed(sim: Any, **values: Any) -> dict[str, Any]:
    return {"items": [{"sku": sim.truth("variants")[0]["sku"], **values}]}


def asked(vendor: Vendor, verb: str, body: dict[str, Any]) -> Command:
    (command,) = asking.ask(vendor, verb, body)
    return command


def went(command: Command) -> Command:
    sending.send(command.pk)
    command.refresh_from_db()
    return command


def stands(sim: Any, *names: str) -> tuple[Any, ...]:
    row = sim.truth("variants")[0]
    return tuple(row[name] for name in names)


def test_an_older_upsert_goes_with_the_newer_price(elryan, vendor):
    old = asked(vendor, "upsert_variant", variant(elryan, price=10, stock=1))
    switches.stop(vendor, "upsert_variant", by="Ada")
    assert went(old).state == State.QUEUED
    Command.objects.filter(pk=old.pk).update(state=State.AWAITING)  # else the newer would wait for it
    new = asked(vendor, "stock_and_price", pushed(elryan, price=12))
    assert went(new).state == State.CONFIRMED
    Command.objects.filter(pk=old.pk).update(state=State.QUEUED)
    switches.resume(vendor, "upsert_variant", by="Ada")
    done = went(old)
    assert (done.state, stands(elryan, "price", "stock", "name")) == (State.CONFIRMED, (12, 1, "Cup"))
    assert "price was “10”, and is “12” now" in " ".join(line["what"] for line in done.story)
    assert [write.payload["price"] for write in elryan.ledger.accepted()] == [12, 12]


def test_what_was_approved_with_an_older_price_is_shown_again(elryan, vendor):
    vendor = approving_each(vendor)
    old = asked(vendor, "upsert_variant", variant(elryan, price=10, is_active=True))
    held = asked(vendor, "upsert_variant", variant(elryan, price=11, retail_price=20))
    deciding.approve(held.pk, "Ada")
    for verb, body in (
        ("stock_and_price", pushed(elryan, price=12)),
        ("disable_variant", {"sku": variant(elryan)["sku"]}),
    ):
        new = asked(vendor, verb, body)
        deciding.approve(new.pk, "Ada")
        Command.objects.filter(pk=held.pk).update(state=State.AWAITING)
        assert went(new).state == State.CONFIRMED
        Command.objects.filter(pk=held.pk).update(state=State.QUEUED)
    with pytest.raises(deciding.TooLate) as told:
        deciding.approve(old.pk, "Bob")
    assert "body.price was “10”, and is “12” now" in str(told.value)
    assert "body.is_active was “true”, and is “false” now" in str(told.value)
    back = went(held)
    assert back.state == State.AWAITING, "approved before the newer price was, so somebody looks again"
    assert "values in it were decided anew since: " in back.story[-1]["what"]
    assert "body.price was “11”, and is “12” now" in back.story[-1]["what"]
    assert not CommandItem.objects.filter(in_flight=True).exists()
    for command in (old, held):
        deciding.approve(command.pk, "Bob")
        assert went(command).state == State.CONFIRMED
    assert stands(elryan, "price", "retail_price", "is_active") == (12, 20, False)


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_in_whatever_order_they_are_approved_no_older_price_follows_a_newer(elryan, vendor, order):
    vendor = approving_each(vendor)
    one = variant(elryan)
    sku = one["sku"]
    product = {
        "spu": one["spu"], "name": "Cups", "tax": 0, "is_active": True, "guarantee": 6, "fulfillment_day": 3,
        "category": {"remote_id": "c"}, "brand": {"remote_id": "b"},
        "default_image_url": "https://p.example/1.png", "translations": [{"language": "EN", "name": "Cup"}],
        "variants": [{"sku": sku, "name": "Cup", "price": 1, "retail_price": 9, "stock": 5, "currency": "USD", "is_active": True}],
    }  # fmt: skip
    made = [
        asked(vendor, "upsert_product", product),
        asked(vendor, "upsert_variant", variant(elryan, price=2)),
        asked(vendor, "stock_and_price", pushed(elryan, price=3)),
    ]
    for place in order:
        for _ in range(2):  # once more where it was shown again
            try:
                deciding.approve(made[place].pk, "Ada")
                break
            except deciding.TooLate:
                continue
        went(made[place])
    prices = []
    for write in elryan.ledger.accepted():
        row = write.payload["variants"][0] if write.verb == "upsert_product" else write.payload
        prices.append(row["price"])
    assert prices == sorted(prices)
    assert stands(elryan, "price", "stock") == (3, 5)


def test_57_an_upsert_approved_while_a_newer_price_is_pushed_never_undoes_it(elryan, vendor):
    """Two processes in one moment: one is sending the newer price, the other approves the older upsert and sends it."""
    vendor = approving_each(vendor)
    elryan.fault("slow", "/variants/stock-and-price", seconds=0.1)
    for nth in range(4):
        price = 100 + 10 * nth
        old = asked(vendor, "upsert_variant", variant(elryan, price=price, name=f"Cup {nth}"))
        new = asked(vendor, "stock_and_price", pushed(elryan, price=price + 1))
        deciding.approve(new.pk, "Ada")
        assert at_once([partial(sends, new.pk), partial(approves, old.pk)]) == [0, 0]
        for _ in range(2):
            for command in (old, new):
                approves(command.pk)
        assert {*Command.objects.filter(pk__in=(old.pk, new.pk)).values_list("state", flat=True)} == {State.CONFIRMED}
        assert stands(elryan, "price", "name") == (price + 1, f"Cup {nth}")


def sends(pk: int) -> bool:
    sending.send(pk)
    return True


def approves(pk: int) -> bool:
    with suppress(deciding.TooLate):  # by then, or shown again
        deciding.approve(pk, "Ada")
    return sends(pk)


def test_an_older_upsert_of_which_nothing_is_left_is_over(elryan, vendor):
    vendor = approving_each(vendor)
    old, new = (asked(vendor, "upsert_variant", variant(elryan, price=price)) for price in (10, 11))
    for command in (new, old):
        with_the_newest(command)
    old.refresh_from_db()
    assert (old.state, old.items.get().state) == (State.CANCELLED, "overtaken")
    assert len(elryan.ledger.accepted()) == 1


def with_the_newest(command: Command) -> None:
    """Approved as it is by now, and sent."""
    try:
        deciding.approve(command.pk, "Ada")
    except deciding.TooLate:
        deciding.approve(command.pk, "Ada")
    went(command)


def test_who_calls_back_the_newer_value_is_told_that_the_older_went_nowhere(admin_client, elryan, vendor):
    old, new = (asked(vendor, "stock_and_price", pushed(elryan, stock=stock)) for stock in (3, 4))
    page = reverse("admin:integrations_command_change", args=[new.pk])
    told = "Called back, neither is sent"
    assert told not in admin_client.get(page).content.decode()
    assert went(old).state == State.CANCELLED
    assert told in admin_client.get(page).content.decode()
    deciding.reject(new.pk, "ann", "wrong")
    assert told not in admin_client.get(page).content.decode()
    assert elryan.ledger.writes == 0


def test_what_the_vendor_refused_later_replaces_nothing(elryan, vendor):
    vendor = approving_each(vendor)
    old = asked(vendor, "upsert_variant", variant(elryan, price=10))
    new = asked(vendor, "stock_and_price", pushed(elryan, price=12))
    elryan.fault("status", path="/variants/stock-and-price", times=1, code=400)
    with_the_newest(new)
    new.refresh_from_db()
    assert new.state == State.REFUSED
    deciding.approve(old.pk, "Ada")
    assert went(old).state == State.CONFIRMED
    assert stands(elryan, "price") == (10,)


def test_a_value_goes_before_a_later_upsert_that_may_still_be_refused(elryan, vendor):
    first = asked(vendor, "stock_and_price", pushed(elryan, price=12))
    second = asked(vendor, "upsert_variant", variant(elryan, price=13))
    assert sending.send(second.pk) is None, "in turn"
    assert went(first).state == State.CONFIRMED
    assert went(second).state == State.CONFIRMED
    assert [write.payload["price"] for write in elryan.ledger.accepted()] == [12, 13]


def test_values_beside_what_only_one_store_or_language_has():
    with Server(sim := Api2Cart(seed="tiny")):
        vendor = opened(sim, "approve")
        product = str(next(row["id"] for row in sim.truth("products") if row["type"] == "simple"))
        old = asked(vendor, "update_product", {"id": product, "name": "Kettle", "price": 10, "quantity": 3})
        apart = asked(vendor, "update_product", {"id": product, "quantity": 4, "warehouse_id": "7"})
        new = asked(vendor, "update_products", {"products": [{"id": product, "price": 12}]})
        count = asked(vendor, "change_stock", {"products": [{"id": product, "by": 2}]})
        for job in (new, count):
            deciding.approve(job.pk, "Ada")
            assert went(job).state == State.WORKING
            for _ in range(3):
                Command.objects.filter(pk=job.pk).update(not_before=None)
                looking.look_up(job.pk)
            job.refresh_from_db()
            assert job.state == State.CONFIRMED
        stock = next(row for row in sim.truth("products") if str(row["id"]) == product)["quantity"]
        with_the_newest(old)
        done = next(row for row in sim.truth("products") if str(row["id"]) == product)
        assert (done["name"], float(done["price"]), done["quantity"]) == ("Kettle", 12.0, stock)
        old.refresh_from_db()
        assert "quantity" not in old.request["body"], "nobody knows what a count of so many more has left"
        deciding.approve(apart.pk, "Ada")
        assert apart.request["body"]["quantity"] == 4


def test_an_older_change_of_a_purchase_is_over_once_a_newer_one_is_made():
    with Server(sim := Elko(seed="tiny")):
        vendor = opened(sim, "on")
        code = next(
            str(row["id"]) for row in sim.truth("products") if row["quantity"].isdigit() and int(row["quantity"]) > 9
        )
        bought = went(asked(vendor, "place_order", {"reference": "W-9", "lines": [{"sku": code, "quantity": 1}]}))
        assert bought.state == State.CONFIRMED
        vendor = approving_each(vendor)
        old, new = (
            asked(vendor, "change_order", {"order": bought.number, "lines": [{"sku": code, "quantity": many}]})
            for many in (2, 3)
        )
        for command in (new, old):
            with_the_newest(command)
        old.refresh_from_db()
        assert (old.state, len(sim.ledger.accepted("change_order"))) == (State.CANCELLED, 1)


def test_every_value_a_verb_declares_is_one_of_its_own():
    for kind, service in services().items():
        for name, verb in service.verbs.items():
            for carried in verb.carries:
                rows = (
                    next((one.fields for one in verb.fields if one.name == carried.rows), ())
                    if carried.rows
                    else verb.fields
                )
                known = {one.name for one in rows}
                assert carried.key in known, f"{kind} {name}: {carried.key}"
                assert known.issuperset(carried.within), f"{kind} {name}"
                assert not carried.names or known & {*carried.names}, f"{kind} {name} has none of {carried.names}"
            lacking = set(verb.sets) - {one.name for one in verb.fields} - verb.gives.keys()
            assert not lacking, f"{kind} {name} sets {lacking} and says not to what"
