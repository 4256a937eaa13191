"""Whether what a store shows is what was asked of it: lines, quantities, values, times. Nothing is asked here."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.errors import Refused
from integrations.services.api2cart.fields import identity, listed, moment, money, named, part, short
from integrations.verbs import Doing, Found, Outcome

AGAIN = "Look at the order in the shop, and decide anew."


def since(row: Mapping[str, Any], doing: Doing, name: str) -> bool:
    """Whether it was made after the command was decided, by the shop's own clock."""
    made: datetime | None = moment(row.get(name))
    return made is not None and doing.asked_at is not None and made >= doing.asked_at.replace(microsecond=0)


def words_of(value: Any) -> set[str]:
    return {word.casefold() for word in named(value) if word}


def tracking_of(row: Mapping[str, Any]) -> set[str]:
    return {short(one.get("tracking_number")) for one in listed(row, "tracking_numbers")}


def refunds_of(order: Mapping[str, Any]) -> list[Any]:
    return listed(order, "refunds")


def bought_of(order: Mapping[str, Any]) -> dict[str, Decimal]:
    return {
        short(line.get("order_product_id")): money(line.get("quantity")) or Decimal(0)
        for line in listed(order, "order_products")
    }


def summed(rows: Iterable[Mapping[str, Any]], quantity: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in rows:
        for item in listed(row, "items"):
            line = short(item.get("order_product_id"))
            found[line] = found.get(line, Decimal(0)) + (money(item.get(quantity)) or Decimal(0))
    return found


def within(
    items: Iterable[Any], name: str, bought: Mapping[str, Decimal], so_far: Mapping[str, Decimal], what: str
) -> None:
    for item in items:
        line, wanted = item["order_product_id"], Decimal(str(item[name]))
        if line not in bought:
            raise Refused(f"Nothing was {what}: the order has no line {line}.", AGAIN)
        if so_far.get(line, Decimal(0)) + wanted > bought[line]:
            done = so_far.get(line, Decimal(0))
            raise Refused(
                f"Nothing was {what}: of {bought[line]:f} on line {line}, {done:f} are {what} already.", AGAIN
            )


def same_lines(ours: Any, theirs: list[Any], name: str, their_name: str) -> bool:
    mine = {str(one["order_product_id"]): Decimal(str(one[name])) for one in ours or ()}
    return bool(mine) and mine == {short(one.get("order_product_id")): money(one.get(their_name)) for one in theirs}


def made_since(doing: Doing, rows: list[dict[str, Any]], time: str, what: str) -> Found:
    new = [row for row in rows if since(row, doing, time)]
    if len(new) == 1:
        number = identity(new[0], "id")
        return Found(True, f"The shop shows {what} {number}, made since then.", new[0], Outcome(number))
    return Found(None, f"The shop shows {len(rows)} such, {len(new)} of them made since then.")


def stand(
    wanted: Iterable[Mapping[str, Any]], rows: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]
) -> Found:
    """Which rows have the values that were sent. What the list does not tell proves nothing."""
    stands: list[str] = []
    other: list[str] = []
    asked: list[str] = []
    untold = 0
    for want in wanted:
        asked.append(want["id"])
        row, before = rows.get(want["id"]), (len(other), untold)
        for name, value in want.items():
            if name in ("id", "product_id"):
                continue
            shown = _value(row or {}, name, names)
            if row is None or shown is None:
                untold += 1
            elif not same(shown, value):
                other.append(f"{want['id']} {name.replace('_', ' ')} {shown}")
        if before == (len(other), untold):
            stands.append(want["id"])
    if other:
        told = f"The shop shows other values: {', '.join(other[:5])}{' …' if len(other) > 5 else ''}."
        return each(asked, stands, told, none=False)
    if untold:
        return each(asked, stands, f"Of {untold} values the shop does not tell what they are.")
    return each(asked, stands, "The shop shows these values.")


def each(asked: Sequence[str], proved: Collection[str], told: str, *, none: bool | None = None) -> Found:
    """Of several things those that are proved are done, and of the rest nobody can tell. none: what it means that none is proved."""
    left = {name: told for name in asked if name not in proved}
    if len(left) == len(asked):
        return Found(none, told)
    return Found(True, told, {"looked_up": True}, Outcome(unknown=left))


def gone(asked: Sequence[str], left: Collection[str]) -> Found:
    """Of things that were to be taken away: those that are still there."""
    return each(asked, set(asked) - set(left), f"The shop shows {len(left)} of these {len(asked)}.", none=False)


def _value(row: Mapping[str, Any], name: str, names: Mapping[str, str]) -> Any:
    if name == "special_price":
        return part(row, name).get("value")
    return row.get(names.get(name, ""))


def same(shown: Any, wanted: Any) -> bool:
    """Lists with commas, numbers by their value, words by their letters."""
    if isinstance(shown, bool) or isinstance(wanted, bool):
        return shown is wanted
    if isinstance(shown, list):
        return {short(one) for one in shown} == {part.strip() for part in str(wanted).split(",") if part.strip()}
    number = money(shown) if isinstance(shown, (int, Decimal)) else None
    if number is None:
        return str(shown).casefold() == str(wanted).casefold()
    try:
        return number == Decimal(str(wanted))
    except InvalidOperation:
        return False


def shown(wanted: Iterable[Mapping[str, Any]], rows: Mapping[str, Mapping[str, Any]], name: str) -> Found:
    told = [
        f"{one['id']} stock {rows[one['id']].get(name)}" if one["id"] in rows else f"{one['id']} not at all"
        for one in wanted
    ]
    return Found(None, f"The shop shows {', '.join(told[:5])}{' …' if len(told) > 5 else ''}.")
