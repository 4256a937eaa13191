"""Which verbs can be begun from which of our rows, as the vendors' folders declare it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.models import Command, CommandSubject, Vendor
from integrations.service import services
from integrations.verbs import Chosen, Door, Verb
from orders.models import Order, OrderLine, PackageLine, PackageStatus

_STATE = Command.State
UNDER_WAY = (_STATE.AWAITING, _STATE.QUEUED, _STATE.SENDING, _STATE.WORKING, _STATE.UNKNOWN)


@dataclass(frozen=True)
class Offer:
    """A verb that can be begun here now, of a connection that may write it."""

    vendor: Vendor
    name: str
    verb: Verb
    door: Door

    @property
    def title(self) -> str:
        return self.door.title or self.verb.title


def offers(vendors: Iterable[Vendor], on: str, *, foreign: bool) -> list[Offer]:
    """The open doors of these connections on such rows: of their own rows, or of rows of others. Asks the database nothing."""
    found = []
    for vendor in vendors:
        kind = services().get(vendor.kind)
        if kind is None or not vendor.enabled or vendor.writes == Vendor.Writes.OFF:
            continue
        for name, verb in kind.verbs.items():
            if not (verb.proven or name in vendor.confirmed) or kind.lacks_verb(name, vendor.account):
                continue
            found += [
                Offer(vendor, name, verb, door)
                for door in verb.doors
                if door.on == on and (door.either or door.foreign == foreign)
            ]
    return found


def offer_of(vendor: Vendor, name: str, on: str, *, foreign: bool) -> Offer | None:
    """The door of that name, also where the connection may not write now: its page says why not."""
    kind = services().get(vendor.kind)
    verb = kind.verbs.get(name) if kind else None
    for door in verb.doors if verb else ():
        if door.on == on and (door.either or door.foreign == foreign):
            return Offer(vendor, name, verb, door)  # type: ignore[arg-type]
    return None


def refusals(offer: Offer, chosen: Chosen) -> Sequence[str]:
    """Why this row cannot have it; empty when it can."""
    return tuple(offer.door.fits(offer.vendor.account, chosen))


def body_of(offer: Offer, chosen: Sequence[Chosen], given: Mapping[str, Any]) -> dict[str, Any]:
    """The body for what was chosen: what the door fills, and of what a person filled in the verb's own fields."""
    asked = {field.name for field in offer.door.asks}
    own = {field.name for field in offer.verb.fields} - asked
    rest = {name: value for name, value in given.items() if name in own}
    return {**rest, **offer.door.fill(offer.vendor.account, chosen, given)}


def lines_of(order: Order) -> list[OrderLine]:
    """The order's lines with their variants, read once however many of the page's parts ask."""
    kept: list[OrderLine] | None = getattr(order, "hub_lines", None)
    if kept is None:
        rows = order.lines.select_related("variant").defer(
            "raw", "variant__raw", "variant__search", "variant__description"
        )
        kept = list(rows)
        for line in kept:
            line.order = order  # known, so never asked for
        order.hub_lines = kept  # type: ignore[attr-defined]
    return kept


def packed(order: Order) -> dict[int, Decimal]:
    """By line's id: how many of it are in packages that were not cancelled."""
    rows = PackageLine.objects.filter(order_line__order=order)
    found: dict[int, Decimal] = {}
    for line, quantity in rows.exclude(package__status=PackageStatus.CANCELLED).values_list(
        "order_line_id", "quantity"
    ):
        found[line] = found.get(line, Decimal(0)) + (quantity or 0)
    return found


def decided(order: Order, name: str, *, apart: str = "") -> dict[int, Decimal]:
    """By line's id: how many of it commands of this verb are to take of which no mirror shows anything yet.

    apart: how the keys of those begin that do not count, as they are the same decision once more.
    """
    rows = CommandSubject.objects.filter(
        kind="line", row__in=order.lines.values("pk"), command__vendor=order.vendor_id, command__verb=name,
        command__state__in=UNDER_WAY,
    )  # fmt: skip
    rows = rows.exclude(command__key__startswith=apart) if apart else rows
    found: dict[int, Decimal] = {}
    for line, quantity in rows.values_list("row", "quantity"):
        found[line] = found.get(line, Decimal(0)) + (quantity or 0)
    return found


def things_of(row: Any, lines: Iterable[OrderLine] = (), packages: Iterable[Any] = ()) -> list[str]:
    """What commands may call a row, its lines and its packages, such as "line:77231331"."""
    kind = row._meta.model_name
    if isinstance(row, Order):
        numbers = {row.external_id, row.number, row.reference, *_texts(row.other_numbers)} - {""}
        own = [f"{about}:{number}" for about in ("order", "purchase") for number in sorted(numbers)]
        parts = [f"line:{line.external_id}" for line in lines]
        return own + parts + [f"package:{package.external_id}" for package in packages]
    codes = {row.external_id, getattr(row, "sku", ""), getattr(row, "number", "")} - {""}
    return [f"{kind}:{code}" for code in sorted(codes)]


def _texts(values: Any) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else []
