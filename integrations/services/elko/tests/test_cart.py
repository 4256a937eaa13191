"""ELKO's cart and kits: off until somebody vouches for the paths; what the cart holds tells what became of a lost answer."""

from typing import Any

import pytest

from integrations import connecting
from integrations.commands import asking, bodies, looking, sending, switches
from integrations.models import Command, Vendor
from integrations.services.elko.cart import CART
from integrations.services.elko.simulator import Simulator as Elko
from tests.faults.rig import connected

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State


@pytest.fixture
def vendor(elko: Elko) -> Vendor:
    made = connected(elko, "elko-lv")
    Vendor.objects.filter(pk=made.pk).update(writes="on")
    made.refresh_from_db()
    connecting.confirm(made, list(CART))
    return made


def done(vendor: Vendor, verb: str, **body: Any) -> Command:
    (command,) = asking.ask(vendor, verb, body)
    sending.send(command.pk)
    return Command.objects.get(pk=command.pk)


def code_of(sim: Elko) -> str:
    return str(sim.truth("products")[0]["id"])


def test_the_cart_is_closed_until_an_admin_vouches_for_it(elko: Elko) -> None:
    vendor = connected(elko, "new")
    Vendor.objects.filter(pk=vendor.pk).update(writes="on")
    vendor.refresh_from_db()
    for verb in CART:
        with pytest.raises(switches.NotAllowed, match="not verified"):
            switches.allowed(vendor, verb)


def test_articles_go_in_change_and_come_out(elko: Elko, vendor: Vendor) -> None:
    code = code_of(elko)
    assert done(vendor, "add_to_cart", sku=code, quantity=2).state == State.CONFIRMED
    assert done(vendor, "change_in_cart", sku=code, quantity=5).state == State.CONFIRMED
    assert elko.truth("cart") == [{"elkoCode": code, "quantity": 5}]
    assert done(vendor, "take_from_cart", sku=code).state == State.CONFIRMED
    assert elko.truth("cart") == []
    assert done(vendor, "take_from_cart", sku=code).state == State.REFUSED


def test_a_kit_goes_in_as_the_manual_says(elko: Elko, vendor: Vendor) -> None:
    kit = next(row["obligatoryKit"] for row in elko.truth("products") if row["obligatoryKit"])
    assert done(vendor, "add_kit_to_cart", kit=kit, quantity=1, options=[{"id": "7"}]).state == State.CONFIRMED
    (write,) = elko.ledger.accepted("add_kit_to_cart")
    assert write.payload == {"kitId": kit, "quantity": 1, "selectedOptions": [{"id": "7"}]}
    with pytest.raises(bodies.BadBody, match="no kit's ELKO code"):
        done(vendor, "add_kit_to_cart", kit="K-1", quantity=1)


def test_a_pack_is_not_broken(elko: Elko, vendor: Vendor) -> None:
    from tests.faults.rig import Rig

    Rig(elko, vendor).good("products")
    packed = next(row for row in elko.truth("products") if row["packagingQuantity"] == 10)
    with pytest.raises(bodies.BadBody, match="in packs of 10"):
        done(vendor, "add_to_cart", sku=str(packed["id"]), quantity=15)


def test_what_the_cart_holds_proves_a_change_and_never_an_addition(elko: Elko, vendor: Vendor) -> None:
    code = code_of(elko)
    elko.fault("drop", path="/Cart", method="POST", times=1, accept=True)
    added = looking.look_up(done(vendor, "add_to_cart", sku=code, quantity=2).pk)
    assert (added.state, added.shown) == (State.UNKNOWN, f"ELKO's cart holds 2 of {code}.")
    Command.objects.update(state=State.CONFIRMED)
    added.items.update(in_flight=False)
    elko.fault("drop", path=f"/Cart/{code}", method="PUT", times=1, accept=True)
    assert looking.look_up(done(vendor, "change_in_cart", sku=code, quantity=5).pk).state == State.CONFIRMED
    elko.fault("drop", path=f"/Cart/{code}", method="DELETE", times=1, accept=True)
    assert looking.look_up(done(vendor, "take_from_cart", sku=code).pk).state == State.CONFIRMED
    assert elko.ledger.writes == 3


def test_the_paths_are_the_connections(elko: Elko, vendor: Vendor) -> None:
    connecting.store_options(vendor, {"cart_path": "Basket", "kits_path": "Basket/Bundles"})
    vendor.refresh_from_db()
    asked = [
        asking.preview(vendor, verb, body)[0].request
        for verb, body in (
            ("add_to_cart", {"sku": "1400001", "quantity": 1}),
            ("take_from_cart", {"sku": "1400001"}),
            ("add_kit_to_cart", {"kit": 1400030, "quantity": 2}),
        )
    ]
    assert [request["path"] for request in asked] == ["Basket", "Basket/1400001", "Basket/Bundles"]
    assert asked[2]["body"] == {"kitId": 1400030, "quantity": 2, "selectedOptions": []}
