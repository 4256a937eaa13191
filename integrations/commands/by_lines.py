"""A verb for chosen lines of one sale, as the command line decides it: at the sale's own vendor, or bought at a supplier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from catalog.models import Variant
from integrations import matching
from integrations.commands import asking, bodies, buying, by_key, doors, picking, switches
from integrations.commands.doors import Offer
from integrations.models import Command, CommandSubject, Vendor
from integrations.numbers import decimal_of
from integrations.verbs import Chosen
from orders.models import Order, OrderLine


@dataclass
class Picked:
    """The sale, the door, the lines that go, and those that cannot, with the reason.

    key: how the keys of its commands begin. named: by line's id how many were asked for, where that was said.
    """

    order: Order
    offer: Offer
    key: str
    chosen: list[Chosen] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    named: dict[int, Decimal | None] = field(default_factory=dict)

    @property
    def buys(self) -> bool:
        return self.order.vendor_id != self.offer.vendor.pk

    def wished(self, given: Mapping[str, Any]) -> list[picking.Wish]:
        """Bodies with their lines. given: what the lines do not say. Raises bodies.BadBody."""
        if not isinstance(given, Mapping):
            raise bodies.BadBody('What is given must be an object, such as {"reason": "…"}.')
        verb, vendor = self.offer.verb, self.offer.vendor
        if any(one.name == verb.reference and one.required for one in verb.fields) and not given.get(verb.reference):
            given = {**given, verb.reference: asking.new_reference()}
        if self.buys:
            return [({**self.offer.door.fill(vendor.account, self.chosen, {}), **given}, self.chosen)]
        return picking.wishes(self.offer, self.chosen, bodies.filled(picking.asked(self.order, self.offer), given))

    def doubled(self) -> str:
        """What of these lines is bought already, so that with this it would be more than was sold."""
        return buying.too_many([(one.row, one.quantity) for one in self.chosen]) if self.buys else ""


def picked(vendor: Vendor, verb: str, sale: str, words: Sequence[str], *, key: str = "") -> Picked:
    """From "NUMBER" or "CONNECTION:NUMBER" and lines such as "77231331", "77231331=2" or, bought, "77231331=2@SKU".

    key: by which a repeated call is known as the same decision. Raises LookupError, ValueError.
    """
    switches.verb_of(vendor, verb)
    order = _sale(vendor, sale)
    buys = order.vendor_id != vendor.pk
    offer = doors.offer_of(vendor, verb, "line", foreign=buys)
    if offer is None:
        raise LookupError(
            f"“{verb}” of {vendor} takes no lines of {'other connections' if buys else 'its own'} orders."
        )
    found = Picked(order, offer, f"lines:{by_key.for_several(key)}:")
    free = {one.line.pk: one for one in picking.free(order, offer, apart=found.key)}
    for word in words:
        told, _, code = word.partition("@")
        name, _, many = told.partition("=")
        line = _line(order, name)
        if line.pk in found.named:
            raise ValueError(f"The line “{name}” is named twice.")
        quantity = _quantity(many, line.quantity if buys else free[line.pk].left)
        found.named[line.pk] = quantity if many else None
        one = Chosen(line, quantity, _article(vendor, line, code) if buys else None)
        why = " ".join(doors.refusals(offer, one)) if buys else free[line.pk].why
        if why:
            found.refused[line.external_id] = why
        elif quantity is None and (buys or offer.door.together):
            found.refused[line.external_id] = "Nobody knows how many: write LINE=QUANTITY."
        else:
            found.chosen.append(one)
    return found


def planned(found: Picked, given: Any) -> dict[str, Any]:
    """The exact requests, what cannot go, and what is bought already; nothing is written. Raises ValueError."""
    offer = found.offer
    if offer.door.together and not found.buys:
        _not_too_many(found)
    wished = found.wished(given) if found.chosen else []
    rows = [row for body, _ in wished for row in asking.preview(offer.vendor, offer.name, body)]
    return {
        "refusals": refusals(found), "doubled": found.doubled() or None,
        "commands": [{"words": row.words, "request": row.request} for row in rows],
    }  # fmt: skip


def decided(found: Picked, given: Any, *, anyway: str = "") -> list[Command]:
    """Commands for the lines that can go, or those made of the same decision before; the caller sends them.

    Raises ValueError, switches.NotAllowed, buying.AlreadyBought.
    """
    offer, by = found.offer, by_key.BY
    if made := _made(found):
        return made
    if not found.chosen or (found.refused and (offer.door.together or found.buys)):
        return []  # what goes together goes whole or not at all
    wished = found.wished(given)
    if not found.buys:
        return picking.decide(found.order, offer, wished, by=by, key=found.key, hinted=False)
    subjects = [("line", one.row.pk, one.quantity) for one in found.chosen]
    more: dict[str, Any] = {"subjects": subjects, "anyway": anyway, "key": f"{found.key}buy", "hinted": False}
    return asking.ask(offer.vendor, offer.name, wished[0][0], by=by, **more)


def _not_too_many(found: Picked) -> None:
    if over := picking.too_many(picking.free(found.order, found.offer, apart=found.key), found.chosen):
        raise bodies.BadBody(over)


def _made(found: Picked) -> list[Command]:
    """The commands of the same decision, where it was made before. Raises ValueError when that was about other lines."""
    rows = Command.objects.filter(key__startswith=found.key).order_by("id")
    key = found.key.split(":")[1]
    by_key.same_verb(rows, key, found.offer.vendor, found.offer.name)
    made = list(rows)
    if not made:
        return []
    before = dict(CommandSubject.objects.filter(kind="line", command__in=made).values_list("row", "quantity"))
    others = before.keys() - found.named.keys() or {one.row.pk for one in found.chosen} - before.keys()
    if others or any(many is not None and before.get(row, many) != many for row, many in found.named.items()):
        raise ValueError(f"The key “{key}” was used for other lines, or another quantity. Use another key.")
    return made


def refusals(found: Picked) -> list[dict[str, str]]:
    return [{"line": line, "why": why} for line, why in found.refused.items()]


def _sale(vendor: Vendor, told: str) -> Order:
    slug, _, number = told.rpartition(":")
    homes = Vendor.objects.filter(slug=slug) if slug else Vendor.objects.filter(pk=vendor.pk)
    rows = Order.objects.filter(vendor__in=homes).select_related("vendor").defer("raw", "search")
    found = rows.filter(external_id=number).first() or rows.filter(number=number).order_by("-pk").first()
    if found is None:
        raise LookupError(f"There is no order “{number}” of “{slug or vendor.slug}”; write CONNECTION:NUMBER.")
    return found


def _line(order: Order, name: str) -> OrderLine:
    rows = doors.lines_of(order)
    found = [line for line in rows if line.external_id == name] or [line for line in rows if name and line.sku == name]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{line.external_id} ({line.sku})" for line in rows)
    raise LookupError(f"{'Several lines are' if found else 'No line is'} “{name}”. The order's lines: {known}.")


def _quantity(told: str, all_of_it: Decimal | None) -> Decimal | None:
    found = decimal_of(told) if told else all_of_it
    if told and (found is None or found <= 0):
        raise ValueError(f"“{told}” is no quantity.")
    return found


def _article(vendor: Vendor, line: OrderLine, code: str) -> Variant:
    """The supplier's variant of that code; without one, the only one with the line's GTIN."""
    if code:
        rows = Variant.objects.filter(vendor=vendor, gone_at=None).select_related("product")
        found = [*(rows.filter(external_id=code)[:2] or rows.filter(sku=code)[:2])]
    else:
        matches = matching.found([line], {vendor.pk}).get(line.pk, [])
        found = [one.variant for one in matches if one.how == "GTIN"]
    if len(found) == 1:
        return found[0]
    what = f"“{code}”" if code else f"the GTIN of line {line.external_id}"
    raise LookupError(
        f"{'Several articles' if found else 'No article'} of {vendor} with {what}: write LINE=QUANTITY@SKU."
    )
