"""Buying at ELKO: read once more, all or nothing, one order for one reference, looked up by it; the answer is the purchase."""

from decimal import Decimal
from typing import Any

import pytest

from integrations import connecting, faultpoints
from integrations.commands import asking, bodies, looking, sending, switches
from integrations.models import Command, Vendor
from orders.models import Order
from tests.faults.rig import Rig, connected

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State


@pytest.fixture
def vendor(elko) -> Vendor:
    made = connected(elko, "elko-lv")
    Vendor.objects.filter(pk=made.pk).update(writes="on")
    made.refresh_from_db()
    return made


def goods(sim: Any, least: int = 8) -> list[dict[str, Any]]:
    rows = sim.truth("products")
    return [r for r in rows if r["quantity"].isdigit() and int(r["quantity"]) >= least and r["catalog"] != "ESD"]


def wish(*lines: tuple[Any, int], reference: str = "W-1001", **more: Any) -> dict[str, Any]:
    return {"reference": reference, "lines": [{"sku": str(c), "quantity": n} for c, n in lines], **more}


def bought(vendor: Vendor, body: Any, verb: str = "place_order") -> Command:
    (command,) = asking.ask(vendor, verb, body)
    sending.send(command.pk)
    return Command.objects.get(pk=command.pk)


def test_one_order_for_many_lines_becomes_the_purchase(elko, vendor):
    first, second = goods(elko)[:2]
    done = bought(vendor, wish((first["id"], 2), (second["id"], 1), ship_to={"name": "Ada", "city": "Riga"}))
    assert (done.state, done.error) == (State.CONFIRMED, "")
    (placed,) = elko.ledger.accepted("place_order")
    assert (placed.key, len(placed.payload["lines"]), placed.payload["orderIfAllAvailable"]) == ("W-1001", 2, True)
    assert placed.payload["enduser"]["pickupPoint"] == 0
    order = Order.objects.get(external_id=done.number)
    assert (order.reference, order.direction, order.lines.count()) == ("W-1001", "purchase", 2)
    assert order.lines.get(sku=str(first["id"])).quantity_confirmed == 2


def test_the_same_reference_buys_once(elko, vendor):
    code = goods(elko)[0]["id"]
    first, second = bought(vendor, wish((code, 1))), bought(vendor, wish((code, 1)))
    assert first.pk == second.pk
    assert elko.ledger.writes == 1
    with pytest.raises(bodies.BadBody, match="already used"):
        bought(vendor, wish((code, 2)))


def test_what_is_stopped_while_its_price_is_read_is_not_sent(elko, vendor):
    def stopped(name: str) -> None:
        if name == "command.checked":
            faultpoints.hook = None
            switches.stop(vendor, "place_order", by="Ada")

    faultpoints.hook = stopped
    try:
        held = bought(vendor, wish((goods(elko)[0]["id"], 1)))
    finally:
        faultpoints.hook = None
    assert (held.state, held.owner, elko.ledger.writes) == (State.QUEUED, "", 0)
    switches.resume(vendor, "place_order", by="Ada")
    sending.send(held.pk)
    assert elko.ledger.writes == 1


def test_what_was_refused_may_be_ordered_again(elko, vendor):
    row = goods(elko)[0]
    code, left = row["id"], row["quantity"]
    refused = bought(vendor, wish((code, 10_000)))
    assert refused.state == State.REFUSED
    assert f"10000 wanted, {left} in stock" in refused.error
    assert not elko.ledger.asked("/Orders", "POST")
    assert bought(vendor, wish((code, 1))).state == State.CONFIRMED


def test_a_price_that_rose_stops_it_and_shows_the_figures(elko, vendor):
    Rig(elko, vendor).good("products")
    row = goods(elko)[0]
    price = row["discountPrice"] or row["price"]
    elko.change("products", row["id"], price=price * 1.5, discountPrice=round(price * 1.1, 2))
    stopped = bought(vendor, wish((row["id"], 1)))
    assert stopped.state == State.REFUSED
    assert "% more than" in stopped.error
    assert not elko.ledger.accepted("place_order")
    connecting.store_options(vendor, {"price_tolerance": "20"})
    vendor.refresh_from_db()
    assert bought(vendor, wish((row["id"], 1))).state == State.CONFIRMED


def test_packs_are_not_broken(elko, vendor):
    Rig(elko, vendor).good("products")
    from catalog.models import Variant

    code = str(goods(elko)[0]["id"])
    Variant.objects.filter(external_id=code).update(pack_size=Decimal(2))
    with pytest.raises(bodies.BadBody, match="packs of 2"):
        asking.ask(vendor, "place_order", wish((code, 3)))


def test_a_lost_answer_is_found_by_our_number(elko, vendor):
    code = goods(elko)[0]["id"]
    elko.fault("drop", path="/Orders", method="POST", times=1, accept=True)
    lost = bought(vendor, wish((code, 1)))
    assert lost.state == State.UNKNOWN
    with_number = looking.look_up(lost.pk)
    assert with_number.state == State.CONFIRMED
    assert Order.objects.get(external_id=with_number.number).reference == "W-1001"
    assert len(elko.ledger.accepted("place_order")) == 1


def test_an_order_that_is_not_in_the_list_waits_for_a_person(elko, vendor):
    elko.fault("drop", path="/Orders", method="POST", times=1)
    lost = bought(vendor, wish((goods(elko)[0]["id"], 7)))  # an older order of ELKO's has this number of ours too
    found = looking.look_up(lost.pk)
    assert (found.state, found.shown) == (
        State.UNKNOWN,
        "ELKO's list of current orders shows none with our number W-1001.",
    )


def test_ukraine_does_not_ship_to_customers(elko, vendor):
    connecting.store_options(vendor, {"layout": "ua"})
    vendor.refresh_from_db()
    with pytest.raises(bodies.BadBody, match="does not ship to customers"):
        asking.ask(vendor, "place_order", wish((1, 1), ship_to={"name": "Ada"}))


def test_an_order_is_cancelled_once_somebody_vouched_for_the_path(elko, vendor):
    connecting.confirm(vendor, ["cancel_order"])
    done = bought(vendor, wish((goods(elko)[0]["id"], 1)))
    assert bought(vendor, {"order": done.number}, "cancel_order").state == State.CONFIRMED
    assert Order.objects.get(external_id=done.number).status == "cancelled"


def test_goods_are_reserved_kept_and_given_back(elko, vendor):
    connecting.confirm(vendor, ["reserve", "extend_reservation", "release_reservation"])
    done = bought(vendor, wish((goods(elko)[0]["id"], 1), reference="R-1"), "reserve")
    assert (done.state, bool(done.number)) == (State.CONFIRMED, True)
    longer = {"reservation": done.number, "until": "2027-01-05"}
    assert bought(vendor, longer, "extend_reservation").state == State.CONFIRMED
    assert bought(vendor, {"reservation": done.number}, "release_reservation").state == State.CONFIRMED
    assert [write.verb for write in elko.ledger.accepted()] == ["reserve", "extend_reservation", "release_reservation"]


# -- what goes along, and what comes back


def test_to_a_courier_and_to_a_parcel_locker(elko, vendor):
    connecting.confirm(vendor, ["drop_ship"])
    code = goods(elko)[0]["id"]
    person = {
        "name": "Ada Ozola", "phone": "+371 20000000", "email": "ada@shop.example", "street": "Brīvības iela", "house": "1",
        "apartment": "2", "city": "Rīga", "postal_code": "LV-1010", "country": "LV",
    }  # fmt: skip
    bought(vendor, wish((code, 1), reference="D-1", ship_to=person, instructions="Ring twice"), "drop_ship")
    bought(vendor, wish((code, 1), reference="D-2", ship_to={**person, "pickup_point": 4711}), "drop_ship")
    company = {**person, "company": "Kalns SIA", "vat_number": "LV40000000000"}
    bought(vendor, wish((code, 1), reference="D-3", ship_to=company), "drop_ship")
    courier, locker, firm = (write.payload for write in elko.ledger.accepted("place_order"))
    assert courier["shipTo"] == "Customer"
    assert courier["deliveryInstructions"] == "Ring twice"
    assert courier["enduser"] == {
        "contactName": "Ada Ozola", "contactPhone": "+371 20000000", "contactMail": "ada@shop.example", "street": "Brīvības iela",
        "house": "1", "apartment": "2", "city": "Rīga", "postalCode": "LV-1010", "country": "LV", "isNaturalPerson": True,
        "customerPo": "D-1", "pickupPoint": 0,
    }  # fmt: skip
    assert locker["enduser"]["pickupPoint"] == 4711
    assert (firm["enduser"]["company"], firm["enduser"]["isNaturalPerson"]) == ("Kalns SIA", False)


def test_drop_shipping_starts_off(elko, vendor):
    with pytest.raises(switches.NotAllowed, match="not verified"):
        asking.ask(vendor, "drop_ship", wish((1, 1), ship_to={"name": "Ada"}))


@pytest.mark.parametrize("verb", ["place_order", "drop_ship"])
def test_ukraine_ships_to_no_customer_by_either_verb(elko, vendor, verb):
    connecting.store_options(vendor, {"layout": "ua"})
    vendor.refresh_from_db()
    with pytest.raises(bodies.BadBody, match="does not ship to customers"):
        asking.worded(vendor, verb, wish((1, 1), ship_to={"name": "Ada"}))


def test_what_elko_confirms_becomes_the_purchase(elko, vendor):
    row = goods(elko)[0]
    have = int(row["quantity"])
    elko.credit_limit = 0.0
    done = bought(vendor, wish((row["id"], have + 3), all_or_nothing=False))
    order = Order.objects.get(external_id=done.number)
    line = order.lines.get()
    assert (line.quantity, line.quantity_confirmed) == (Decimal(have + 3), Decimal(have))
    assert (order.status, order.hold_reason) == ("on_hold", "C1 Credit limit exceeded")
    assert order.reference == "W-1001"


def known(elko: Any, vendor: Vendor) -> None:
    Rig(elko, vendor).good("categories", "products")


def licence(sim: Any) -> dict[str, Any]:
    return next(row for row in sim.truth("products") if row["catalog"] == "ESD")


def test_licences_and_goods_never_share_an_order(elko, vendor):
    mixed = wish((licence(elko)["id"], 1), (goods(elko)[0]["id"], 1))
    refused = bought(vendor, mixed)  # the hub does not know the articles: ELKO's own list is asked
    assert (refused.state, "cannot share an order" in refused.error) == (State.REFUSED, True)
    known(elko, vendor)
    with pytest.raises(bodies.BadBody, match="cannot share an order"):
        asking.ask(vendor, "place_order", mixed)
    assert not elko.ledger.asked("/Orders", "POST")


def test_packs_of_an_article_the_hub_does_not_know_are_read_before(elko, vendor):
    packed = next(row for row in elko.truth("products") if row["packagingQuantity"] == 10)
    refused = bought(vendor, wish((packed["id"], 15)))
    assert (refused.state, "in packs of 10: 15 is not a multiple" in refused.error) == (State.REFUSED, True)
    assert bought(vendor, wish((packed["id"], 20))).state == State.CONFIRMED


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"currency": "USD"}, "USD now; it was decided at"), ({"price": None, "discountPrice": None}, "has no price now")],
)
def test_another_currency_or_none_stops_it(elko, vendor, changes, said):
    known(elko, vendor)
    row = goods(elko)[0]
    elko.change("products", row["id"], **changes)
    stopped = bought(vendor, wish((row["id"], 1)))
    assert (stopped.state, said in stopped.error) == (State.REFUSED, True), stopped.error


@pytest.mark.parametrize("price", [None, "99999"])
def test_a_figure_in_another_currency_is_no_bargain(elko, vendor, price):
    """A page gives each line the price a person saw; a cheaper figure may be the dearer price."""
    known(elko, vendor)
    row, body = goods(elko)[0], wish((goods(elko)[0]["id"], 1))
    body["lines"][0] |= {"price": price} if price else {}
    elko.change("products", row["id"], currency="USD")
    stopped = bought(vendor, body)
    assert (stopped.state, "USD now; it was decided at" in stopped.error) == (State.REFUSED, True), stopped.error


def test_a_look_up_that_finds_nonsense_leaves_it_at_the_desk(elko, vendor):
    elko.fault("drop", path="/Orders", method="POST", times=1, accept=True)
    lost = bought(vendor, wish((goods(elko)[0]["id"], 1)))
    assert lost.state == State.UNKNOWN
    elko.change("orders", elko.truth("orders")[-1]["id"], lines=["torn"])
    seen = looking.look_up(lost.pk)
    assert (seen.state, "could not be looked up" in seen.shown, seen.looks) == (State.UNKNOWN, True, 1), seen.shown


def test_an_article_that_is_gone_stops_it(elko, vendor):
    gone = goods(elko)[0]["id"]
    elko.remove("products", gone)
    stopped = bought(vendor, wish((gone, 1)))
    assert (stopped.state, f"{gone}: ELKO does not list it any more" in stopped.error) == (State.REFUSED, True)


def test_an_order_is_changed_and_a_lost_answer_found_by_its_lines(elko, vendor):
    connecting.confirm(vendor, ["change_order"])
    first, second = goods(elko)[:2]
    number = bought(vendor, wish((first["id"], 1))).number
    elko.fault("drop", path=f"/Orders/{number}", method="PUT", times=1, accept=True)
    body = {
        "order": number,
        "lines": [{"sku": str(first["id"]), "quantity": 3}, {"sku": str(second["id"]), "quantity": 1}],
    }
    lost = bought(vendor, body, "change_order")
    assert (lost.state, looking.look_up(lost.pk).state) == (State.UNKNOWN, State.CONFIRMED)
    assert sorted(Order.objects.get(external_id=number).lines.values_list("sku", "quantity")) == sorted(
        [(str(first["id"]), Decimal(3)), (str(second["id"]), Decimal(1))]
    )
    assert len(elko.ledger.accepted("change_order")) == 1


def test_what_became_of_a_reservation_is_looked_up(elko, vendor):
    connecting.confirm(vendor, ["reserve", "extend_reservation", "release_reservation"])
    lost: list[Command] = []
    for verb, path, method in (
        ("reserve", "/Reservations", "POST"),
        ("extend", "*/Reservations/*", "PUT"),
        ("release", "*/Reservations/*", "DELETE"),
    ):
        elko.fault("drop", path=path, method=method, times=1, accept=True)
        number = lost[0].number if lost else ""
        told = {
            "reserve": wish((goods(elko)[0]["id"], 1), reference="R-1"),
            "extend": {"reservation": number, "until": "2027-01-05"},
            "release": {"reservation": number},
        }[verb]
        made = bought(vendor, told, verb if verb == "reserve" else f"{verb}_reservation")
        assert made.state == State.UNKNOWN
        lost.append(looking.look_up(made.pk))
    assert [command.state for command in lost] == [State.CONFIRMED] * 3
    assert lost[0].number
    assert [write.verb for write in elko.ledger.accepted()] == ["reserve", "extend_reservation", "release_reservation"]


def test_more_than_there_is_is_not_reserved(elko, vendor):
    connecting.confirm(vendor, ["reserve"])
    refused = bought(vendor, wish((goods(elko)[0]["id"], 10_000), reference="R-1"), "reserve")
    assert (refused.state, "in stock" in refused.error) == (State.REFUSED, True)
    assert not elko.ledger.asked("/Reservations")
