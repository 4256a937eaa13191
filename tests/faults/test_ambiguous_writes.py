"""Goal R5 in small: many pushes, a fifth of their answers ambiguous. Nothing is lost, and the last value wins."""

import random

import pytest

from integrations.commands import asking, looking, sending
from integrations.models import Command, CommandItem, Vendor
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Server
from tests.faults.rig import connected

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
State = Command.State
PUSHES = 60


@pytest.mark.sqlite_only
def test_a_fifth_of_the_answers_lost_costs_nothing() -> None:
    with Server(sim := Elryan(seed="tiny")):
        vendor = connected(sim, "elryan-main")
        Vendor.objects.filter(pk=vendor.pk).update(writes="on")
        vendor.refresh_from_db()
        for name, more in (("drop", {"accept": True}), ("status", {"code": 500, "accept": True}), ("drop", {})):
            sim.fault(name, path="/variants/stock-and-price", odds=0.07, **more)
        skus = [str(row["sku"]) for row in sim.truth("variants")]
        dice, last = random.Random(7), {}
        for value in range(PUSHES):
            sku = dice.choice(skus)
            last[sku] = value
            (command,) = asking.ask(vendor, "stock_and_price", {"items": [{"sku": sku, "stock": value}]})
            if dice.random() < 0.7:  # the others wait, and may be overtaken
                sending.send(command.pk)
        for _ in range(12):
            Command.objects.filter(state=State.UNKNOWN).update(not_before=None)  # what was on its way has arrived
            for command in Command.objects.filter(state__in=(State.UNKNOWN, State.QUEUED)).order_by("id"):
                looking.look_up(command.pk)
                sending.send(command.pk)
        assert {*Command.objects.values_list("state", flat=True)} <= {State.CONFIRMED, State.CANCELLED}
        assert not CommandItem.objects.filter(in_flight=True).exists()
        stored = {str(row["sku"]): row["stock"] for row in sim.truth("variants")}
        assert {sku: stored[sku] for sku in last} == last, "the last value wins"
        taken = [(write.key, write.payload["stock"]) for write in sim.ledger.accepted("stock_and_price")]
        assert len(taken) == len(set(taken)), "nothing is sent twice"
        for sku in last:
            values = [value for key, value in taken if key == sku]
            assert values == sorted(values), f"{sku}: an older value after a newer one: {values}"
