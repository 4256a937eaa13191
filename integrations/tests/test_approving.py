"""What was approved is what goes: compared just before, over a real socket; the simulators' ledgers are the witnesses."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations import connecting
from integrations.commands import approving, asking, deciding, many, sending
from integrations.models import Command, Vendor
from integrations.services.api2cart.simulator import Simulator as Api2Cart
from integrations.simulator import Server
from tests.faults.rig import connected

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State
PATH = "stock_and_price_path"
CHANGE = "admin:integrations_command_change"


@pytest.fixture
def vendor(elryan: Any) -> Vendor:
    return approving_each(connected(elryan, "elryan-iq"))


def approving_each(vendor: Vendor) -> Vendor:
    Vendor.objects.filter(pk=vendor.pk).update(writes="approve")
    return Vendor.objects.get(pk=vendor.pk)


def sku(sim: Any, nth: int = 0) -> str:
    return str(sim.truth("variants")[nth]["sku"])


def wished(vendor: Vendor, **item: Any) -> Command:
    (command,) = asking.ask(vendor, "stock_and_price", {"items": [item]})
    assert command.state == State.AWAITING
    return command


def moved(vendor: Vendor, path: str) -> None:
    connecting.store_options(Vendor.objects.get(pk=vendor.pk), {PATH: path})


def went(command: Command) -> Command:
    sending.send(command.pk)
    command.refresh_from_db()
    return command


def test_a_path_that_changed_after_the_approval_asks_for_another_one(elryan, vendor, admin_client):
    moved(vendor, "variants/wrong")
    vendor.refresh_from_db()
    waiting = wished(vendor, sku=sku(elryan), stock=3)
    deciding.approve(waiting.pk, "Ada")
    moved(vendor, "variants/stock-and-price")
    back = went(waiting)
    assert (back.state, elryan.ledger.writes) == (State.AWAITING, 0)
    told = back.story[-1]["what"]
    assert "waits for approval again" in told
    assert "path was “variants/wrong”, and is “variants/stock-and-price” now" in told
    assert back.request["path"] == "variants/stock-and-price", "the page shows what would go now"
    for page in (reverse("admin:integrations_command_desk", args=["approval"]), reverse(CHANGE, args=[back.pk])):
        assert "It waits for approval again, as it would go differently" in admin_client.get(page).content.decode()
    assert sending.send(back.pk) is None, "and nothing goes before somebody says yes to that"
    deciding.approve(back.pk, "Bob")
    assert (went(back).state, elryan.ledger.writes) == (State.CONFIRMED, 1)


def test_another_address_asks_for_another_approval(elryan, vendor):
    waiting = wished(vendor, sku=sku(elryan), stock=3)
    deciding.approve(waiting.pk, "Ada")
    there = vendor.base_url.replace("127.0.0.1", "localhost")
    Vendor.objects.filter(pk=vendor.pk).update(base_url=there)
    back = went(waiting)
    assert (back.state, elryan.ledger.writes) == (State.AWAITING, 0)
    assert f"it would go to {there} by now" in back.story[-1]["what"]


def test_who_approves_what_changed_meanwhile_is_told(elryan, vendor, admin_client):
    waiting = wished(vendor, sku=sku(elryan), stock=3)
    page = admin_client.get(reverse("admin:integrations_command_desk", args=["approval"])).content.decode()
    seen = approving.seal(waiting, waiting.request)
    assert f'name="seen-{waiting.pk}" value="{seen}"' in page
    moved(vendor, "variants/other")
    with pytest.raises(deciding.TooLate, match="path was “variants/stock-and-price”, and is “variants/other” now"):
        deciding.approve(waiting.pk, "Ada")
    waiting.refresh_from_db()
    assert (waiting.state, waiting.request["path"]) == (State.AWAITING, "variants/other")
    with pytest.raises(deciding.TooLate, match="it was changed since"):
        deciding.approve(waiting.pk, "Bob", seen)  # his page still shows the old one
    address = reverse("admin:integrations_command_decide")
    told = admin_client.post(address, {"act": f"approve:{waiting.pk}", f"seen-{waiting.pk}": seen}, follow=True)
    assert "Look at it again" in told.content.decode()
    waiting.refresh_from_db()
    assert waiting.state == State.AWAITING
    deciding.approve(waiting.pk, "Bob", approving.seal(waiting, waiting.request))


def test_what_a_later_decision_gives_is_left_out_of_an_approved_one_and_told(elryan, vendor):
    code = sku(elryan)
    old, new = wished(vendor, sku=code, stock=1, price="9.50"), wished(vendor, sku=code, stock=2)
    deciding.approve(new.pk, "Ada")
    assert went(new).state == State.CONFIRMED
    deciding.approve(old.pk, "Ada")
    done = went(old)
    assert done.state == State.CONFIRMED, "a part of what was approved needs no further yes"
    assert done.request["body"] == {"items": [{"sku": code, "price": 9.5}]}
    told = [line["what"] for line in done.story]
    assert f"goes without what later decisions give: variant:{code} (stock)" in told
    row = next(row for row in elryan.truth("variants") if row["sku"] == code)
    assert (row["stock"], row["price"]) == (2, 9.5)


def test_a_path_that_changed_is_seen_although_values_were_left_out(elryan, vendor):
    code = sku(elryan)
    old, new = wished(vendor, sku=code, stock=1, price="9.50"), wished(vendor, sku=code, stock=2)
    for command in (old, new):
        deciding.approve(command.pk, "Ada")
    assert went(new).state == State.CONFIRMED
    elryan.fault("status", path="/variants/stock-and-price", times=1, code=429)
    assert went(old).state == State.QUEUED
    moved(vendor, "variants/other")
    Command.objects.filter(pk=old.pk).update(not_before=None)
    assert went(old).state == State.AWAITING
    assert len(elryan.ledger.accepted()) == 1


def test_a_batch_goes_but_for_what_would_go_differently(vendor, monkeypatch):
    monkeypatch.setattr(many, "AT_ONCE", 2)
    made = [wished(vendor, sku=f"S-{nth}", stock=nth) for nth in range(3)]
    Command.objects.update(batch="one")
    odd = made[0]
    Command.objects.filter(pk=odd.pk).update(request={**odd.request, "path": "variants/older"})
    assert many.approve("one", "Ada") == 2
    states = [*Command.objects.order_by("id").values_list("state", flat=True)]
    assert states == [State.AWAITING, State.QUEUED, State.QUEUED]
    assert many.approve("one", "Ada") == 1, "as it stands now it may go"


def test_the_key_of_a_further_try_needs_no_further_approval():
    with Server(sim := Api2Cart(seed="tiny")):
        vendor = approving_each(connected(sim, "shop"))
        product = str(next(row["id"] for row in sim.truth("products") if row["type"] == "simple"))
        (command,) = asking.ask(vendor, "update_product", {"id": product, "name": "Kettle", "price": "12.50"})
        first = command.request["body"]["idempotency_key"]
        deciding.approve(command.pk, "Ada")
        sim.fault("status", path="*product.update*", times=1, code=429)
        assert went(command).state == State.QUEUED
        Command.objects.filter(pk=command.pk).update(not_before=timezone.now())
        Vendor.objects.filter(pk=vendor.pk).update(state="active", blocked_until=None)
        done = went(command)
        assert (done.state, done.request["body"]["idempotency_key"] == first) == (State.CONFIRMED, False)
        assert len(sim.ledger.accepted()) == 1


def test_numbers_are_the_same_however_a_database_writes_them(vendor):
    command = Command(vendor=vendor, verb="stock_and_price", key="k")
    one = {"body": {"a": 25, "b": [1.50, "x"], "c": 100000.0}}
    command.approved = approving.seal(command, one)
    assert approving.is_approved(command, {"body": {"a": 25.0, "b": [1.5, "x"], "c": 1e5}})
    assert not approving.is_approved(command, {"body": {"a": "25", "b": [1.5, "x"], "c": 1e5}})
    assert not approving.is_approved(command, {"body": {"a": True, "b": [1.5, "x"], "c": 1e5}})
