"""Chosen lines of an order at its own vendor: which can be chosen, how many of each are left, and the commands for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from integrations.commands import asking, bodies, choices, doors
from integrations.commands.doors import Offer
from integrations.models import Command
from integrations.verbs import Chosen, Field
from orders.models import Order, OrderLine

Wish = tuple[dict[str, Any], Sequence[Chosen]]


@dataclass(frozen=True)
class Free:
    """A line, why it cannot be chosen, and how many of it no package holds or is about to hold; None: nobody knows."""

    line: OrderLine
    why: str
    left: Decimal | None


def free(order: Order, offer: Offer, *, apart: str) -> list[Free]:
    """All lines of an order. apart: how the keys of commands begin that are this very decision."""
    packed, going = {}, {}
    if offer.door.together and not offer.door.also_packed:
        packed, going = doors.packed(order), doors.decided(order, offer.name, apart=apart)
    found = []
    for line in doors.lines_of(order):
        taken = packed.get(line.pk, Decimal(0)) + going.get(line.pk, Decimal(0))
        left = None if line.quantity is None else max(line.quantity - taken, Decimal(0))
        why = " ".join(doors.refusals(offer, Chosen(line, left)))
        if offer.door.together and left == 0 and not why:
            why = "All of it is packed, or about to be." if going.get(line.pk) else "All of it is packed."
        found.append(Free(line, why, left))
    return found


def too_many(rows: Sequence[Free], chosen: Sequence[Chosen]) -> str:
    """The first line of which more was asked for than there is left; empty when there is none."""
    asked = {one.row.pk: one.quantity for one in chosen}
    for one in rows:
        wanted = asked.get(one.line.pk)
        if wanted is not None and one.left is not None and wanted > one.left:
            return f"Only {one.left.normalize():f} of {one.line.sku or one.line} are left to choose."
    return ""


def asked(order: Order, offer: Offer) -> tuple[Field, ...]:
    """What the lines do not say, so that a person has to: the verb's fields the door does not fill, and the door's own."""
    chosen = [Chosen(line, line.quantity) for line in doors.lines_of(order)]
    known = offer.door.fill(order.vendor.account, chosen if offer.door.together else chosen[:1], {}) if chosen else {}
    told = {*known, *(field.name for field in offer.door.asks)}
    fields = [*offer.door.asks, *(field for field in offer.verb.fields if field.name not in told)]
    return choices.resolved(order.vendor, fields)


def wishes(offer: Offer, chosen: Sequence[Chosen], given: Mapping[str, Any]) -> list[Wish]:
    """A body for all that is chosen, or one for each, with the lines it is about."""
    groups = [list(chosen)] if offer.door.together else [[one] for one in chosen]
    return [(doors.body_of(offer, group, given), group) for group in groups]


@transaction.atomic
def decide(
    order: Order, offer: Offer, wished: Sequence[Wish], *, by: str, key: str, hinted: bool = True
) -> list[Command]:
    """Commands for all of them or, when one cannot be asked for, for none. key: how their keys begin.

    Raises bodies.BadBody, switches.NotAllowed.
    """
    # Two who pack the same lines in one moment: the later waits here, and is told what is left.
    Order.objects.select_for_update(no_key=True, of=("self",)).only("pk").get(pk=order.pk)
    chosen = [one for _, rows in wished for one in rows]
    if offer.door.together and (over := too_many(free(order, offer, apart=key), chosen)):
        raise bodies.BadBody(over)
    made: list[Command] = []
    for body, rows in wished:
        subjects = [("line", one.row.pk, one.quantity) for one in rows]
        own = f"{key}{rows[0].row.pk}"
        made += asking.ask(order.vendor, offer.name, body, by=by, key=own, subjects=subjects, hinted=hinted)
    return made
