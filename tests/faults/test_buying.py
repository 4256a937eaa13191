"""Two who buy in one moment: the same number of ours buys once, and a sale's line is not bought twice without a word."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integrations import faultpoints
from integrations.commands import asking, buying
from integrations.models import Command, Vendor
from integrations.services.elko.simulator import Simulator as Elko
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Server
from orders.models import OrderLine, Status
from tests.faults.forking import at_once
from tests.faults.rig import Rig, connected

pytestmark = pytest.mark.django_db(transaction=True)
CODE = "1400001"


@pytest.fixture
def suppliers() -> Iterator[list[Vendor]]:
    """Two connections to one supplier's accounts."""
    with Server(sim := Elko(seed="tiny")):
        made = [connected(sim, slug) for slug in ("elko-lv", "elko-ee")]
        Vendor.objects.update(writes="approve")
        yield [Vendor.objects.get(pk=vendor.pk) for vendor in made]


@pytest.fixture
def line(suppliers: list[Vendor]) -> Iterator[OrderLine]:
    """A line of a channel's order, of which three were sold."""
    with Server(sim := Elryan(seed="tiny")):
        shop = Rig(sim, connected(sim, "shop"))
        shop.good("orders")
        found = OrderLine.objects.filter(order__vendor=shop.vendor).order_by("id")[0]
        OrderLine.objects.filter(pk=found.pk).update(quantity=3)
        yield OrderLine.objects.get(pk=found.pk)


def buys(
    vendor: Vendor, reference: str, line: OrderLine | None = None, quantity: int = 3, key: str = "", **more: Any
) -> bool:
    """Whether it could be decided, with time in which another may come between."""

    def dawdle(name: str) -> None:
        if name == "command.row_written":
            time.sleep(0.5)

    faultpoints.hook = dawdle
    body = {"reference": reference, "lines": [{"sku": CODE, "quantity": quantity}]}
    subjects = [("line", line.pk, quantity)] if line else []
    try:
        asking.ask(vendor, "place_order", body, key=key, hinted=False, subjects=subjects, by="ann", **more)
    except buying.AlreadyBought:
        return False
    finally:
        faultpoints.hook = None
    return True


def test_the_same_number_used_by_two_processes_in_one_moment_buys_once(suppliers: list[Vendor]) -> None:
    vendor = suppliers[0]
    ends = at_once([lambda: buys(vendor, "W-1", key="ours"), lambda: buys(vendor, "W-1", key="theirs")])
    assert (ends, Command.objects.count()) == ([0, 0], 1)


@pytest.mark.parametrize("other", [0, 1], ids=["one supplier", "two suppliers"])
def test_two_operators_buy_a_sold_line_in_one_moment(suppliers: list[Vendor], line: OrderLine, other: int) -> None:
    ends = at_once([lambda: buys(suppliers[0], "W-1", line), lambda: buys(suppliers[other], "W-2", line)])
    assert (sorted(ends), Command.objects.count()) == ([0, 2], 1), "one of them is told of the other"


def test_parts_of_a_line_may_be_bought_apart_and_more_than_was_sold_with_a_reason(
    suppliers: list[Vendor], line: OrderLine
) -> None:
    first, second = suppliers
    assert buys(first, "W-1", line, 2)
    assert buys(second, "W-2", line, 1)
    told = buying.too_many([(line, Decimal(1))])
    assert "sold 3: 2 at elko-lv as W-1 (awaiting approval, asked for by ann); 1 at elko-ee as W-2" in told
    assert not buys(first, "W-3", line, 1, anyway="  ")
    assert buys(first, "W-3", line, 1, anyway="two were broken")
    made = Command.objects.get(reference="W-3")
    assert "bought again although it was, because two were broken. Bought already" in made.story[-1]["what"]
    assert buys(first, "W-1", line, 2), "the same number again is the same decision"
    assert Command.objects.count() == 3


def test_what_came_to_nothing_may_be_bought_again(suppliers: list[Vendor], line: OrderLine) -> None:
    first, second = suppliers
    for reference, state in (("W-1", "refused"), ("W-2", "cancelled"), ("W-3", "unknown")):
        assert buys(first, reference, line)
        Command.objects.filter(reference=reference).update(state=state)
    assert not buys(second, "W-4", line), "nobody knows yet what came of it"
    Command.objects.filter(reference="W-3").update(state="confirmed", number="77")
    assert not buys(second, "W-4", line)
    order = line.order
    order.pk, order.vendor, order.external_id, order.status = None, first, "77", Status.CANCELLED
    order.save()
    assert buys(second, "W-4", line), "the supplier shows it as cancelled"


def test_the_command_line_is_held_back_as_well(suppliers: list[Vendor], line: OrderLine) -> None:
    first, second = suppliers
    for_it = ["--buys", f"shop:{line.external_id}"]
    assert said(first, "W-1", *for_it)["state"] == "awaiting_approval"
    told = said(second, "W-2", *for_it)
    assert (told["state"], told["key"]) == ("refused", None)
    assert "sold 3: 3 at elko-lv as W-1" in told["error"]
    assert said(second, "W-2", *for_it, "--anyway", "lost in the post")["state"] == "awaiting_approval"
    assert said(first, "W-1", *for_it)["state"] == "awaiting_approval", "the same number again"
    for wrong, why in (("shop:nix", "no order line “nix”"), (f"shop:{line.external_id}:0", "“0” is no quantity")):
        with pytest.raises(CommandError, match=why):
            said(first, "W-3", "--buys", wrong)
    assert Command.objects.count() == 2


def said(vendor: Vendor, reference: str, *words: str) -> dict[str, Any]:
    out, body = StringIO(), {"reference": reference, "lines": [{"sku": CODE, "quantity": 3}]}
    with suppress(SystemExit):
        call_command("send", vendor.slug, "place_order", "--json-body", json.dumps(body), *words, stdout=out)
    return dict(json.loads(out.getvalue()))


def test_a_line_of_unknown_quantity_is_bought_once(suppliers: list[Vendor], line: OrderLine) -> None:
    OrderLine.objects.update(quantity=None)
    assert buys(suppliers[0], "W-1", line, 1)
    assert not buys(suppliers[0], "W-2", line, 1)
