"""An order is changed by the connection's own table: off until confirmed, shown before, looked up when the answer was lost."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import connecting
from integrations.commands import asking, bodies, looking, sending, switches
from integrations.models import Command, Vendor
from integrations.services.kvik.simulator import Simulator
from integrations.services.kvik.tests.runs import connected, good
from orders.models import Order

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State
ORDER = "540002"


def ready(simulator: Simulator, **options: Any) -> Vendor:
    vendor = connected(simulator, **options)
    connecting.confirm(vendor, ["update_order", "orders"])
    Vendor.objects.filter(pk=vendor.pk).update(writes="on")
    return Vendor.objects.get(pk=vendor.pk)


def sent(vendor: Vendor, body: Any) -> Command:
    (command,) = asking.ask(vendor, "update_order", body)
    sending.send(command.pk)
    return Command.objects.get(pk=command.pk)


def test_it_is_off_until_somebody_vouches_for_it(tiny: Simulator) -> None:
    vendor = connected(tiny)
    Vendor.objects.filter(pk=vendor.pk).update(writes="on")
    vendor.refresh_from_db()
    with pytest.raises(switches.NotAllowed, match="not verified"):
        asking.ask(vendor, "update_order", {"order": ORDER, "status": "shipped"})


def test_status_payment_and_tracking_reach_the_shop_and_the_mirror(tiny: Simulator) -> None:
    vendor = ready(tiny)
    good(vendor)
    done = sent(
        vendor, {"order": ORDER, "status": "shipped", "payment": "paid", "tracking_number": "CZ1", "carrier": "PPL"}
    )
    assert (done.state, done.error) == (State.CONFIRMED, "")
    [write] = tiny.ledger.accepted("update_order", ORDER)
    assert write.payload == {
        "status": "shipped",
        "payment": {"status": "paid"},
        "tracking": {"number": "CZ1", "carrier": "PPL"},
    }
    order = Order.objects.get(external_id=ORDER)
    assert (order.vendor_status, order.status) == ("shipped", "shipped"), "from the answer, without another call"
    [call] = tiny.ledger.asked(f"/orders/{ORDER}")
    assert call.method == "PATCH"


def test_path_method_fields_and_words_are_the_connections(tiny: Simulator) -> None:
    vendor = ready(
        tiny, order_update_path="order/{order_id}/edit", order_update_method="POST", change_map={"status": "state.name"},
        status_words={"shipped": "Odesláno"},
    )  # fmt: skip
    [shown] = asking.preview(vendor, "update_order", {"order": "A/1", "status": "shipped"})
    assert shown.request == {"method": "POST", "path": "order/A%2F1/edit", "body": {"state": {"name": "Odesláno"}}}
    assert shown.words == ["Change order A/1 in the shop", "Status: shipped"]


@pytest.mark.parametrize(
    ("options", "body", "said"),
    [
        ({}, {"order": "1"}, "Say what is to change"),
        ({}, {"order": "1", "status": "returned"}, "no word of the shop's"),
        (
            {"status_map": {"a": "shipped", "b": "shipped"}},
            {"order": "1", "status": "shipped"},
            "several of the shop's words: a, b",
        ),
        ({}, {"order": "1", "status": "shipped", "shop_status": "x"}, "not both"),
        ({}, {"order": "1", "note": "hello"}, "does not say where “Note” goes"),
        (
            {"change_map": {"status": "a", "payment": "a"}},
            {"order": "1", "status": "new", "payment": "x"},
            "stands twice",
        ),
        (
            {"change_map": {"status": "a", "payment": "a.b"}},
            {"order": "1", "status": "new", "payment": "x"},
            "within another",
        ),
        ({"order_update_path": "orders"}, {"order": "1", "status": "new"}, "where the order goes"),
        ({}, {"order": "..", "status": "new"}, "is no order"),
    ],
)
def test_what_the_table_does_not_say_is_told_before(tiny: Simulator, options: Any, body: Any, said: str) -> None:
    with pytest.raises(bodies.BadBody, match=said):
        asking.ask(ready(tiny, **options), "update_order", body)


@pytest.mark.parametrize(("fault", "more"), [("drop", {"accept": True}), ("status", {"code": 500, "accept": True})])
def test_a_lost_answer_is_looked_up_at_the_very_fields(tiny: Simulator, fault: str, more: Any) -> None:
    vendor = ready(tiny)
    tiny.fault(fault, path=f"/orders/{ORDER}", method="PATCH", times=1, **more)
    lost = sent(vendor, {"order": ORDER, "shop_status": "packed", "tracking_number": "CZ9"})
    assert lost.state == State.UNKNOWN
    found = looking.look_up(lost.pk)
    assert (found.state, found.shown) == (State.CONFIRMED, "The shop shows tracking number “CZ9”, status “packed”.")
    assert Order.objects.get(external_id=ORDER).vendor_status == "packed"
    assert len(tiny.ledger.accepted("update_order")) == 1


def test_what_did_not_arrive_waits_for_a_person(tiny: Simulator) -> None:
    """Whether the shop writes to its customer about a change is not known, so it does not go twice by itself."""
    vendor = ready(tiny)
    tiny.fault("drop", path=f"/orders/{ORDER}", method="PATCH", times=1)
    lost = sent(vendor, {"order": ORDER, "shop_status": "packed"})
    shown = looking.look_up(lost.pk)
    assert (shown.state, "The shop shows status" in shown.shown) == (State.UNKNOWN, True)
    assert tiny.ledger.writes == 0


def test_the_shops_no_is_kept(tiny: Simulator) -> None:
    refused = sent(ready(tiny), {"order": ORDER, "shop_status": "Nowhere"})
    assert (refused.state, "There is no status Nowhere" in refused.error) == (State.REFUSED, True)


def test_the_form_shows_what_will_go(tiny: Simulator, admin_client: Client) -> None:
    vendor = ready(tiny)
    good(vendor)
    there = reverse("admin:integrations_command_ask", args=[vendor.slug, "update_order"])
    text = admin_client.post(there, {"f_order": ORDER, "f_status": "shipped", "preview": ""}).content.decode()
    assert "PATCH" in text
    assert f"orders/{ORDER}" in text
    assert f"order K26{ORDER}, " in text, "what it looks like now"
    assert tiny.ledger.writes == 0
