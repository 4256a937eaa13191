"""What is decided, number by number: the same for everybody who knows the seed. And what the vendor's ledger must show of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integrations.models import Command

ARTICLES = 25  # few, so that decisions about one of them meet
CODES = tuple(str(1_400_001 + number) for number in range(6))
UNPROVEN = ("create_package",)


@dataclass(frozen=True)
class Wish:
    """business: (verb, key) in the ledger, which must be there once; empty for values and for what the vendor refuses."""

    number: int
    vendor: str  # slug
    verb: str
    body: dict[str, Any]
    business: tuple[str, str] = ("", "")

    @property
    def key(self) -> str:
        return f"wish-{self.number}"


class Wishes:
    def __init__(self, seed: int, articles: int = ARTICLES) -> None:
        self.seed = seed
        self.skus = tuple(f"T-{number}" for number in range(articles))

    def of(self, number: int) -> Wish:
        dice = Random(f"{self.seed}:{number}")
        kind = dice.choices((self._stock, self._order, self._cancel, self._package, self._brand, self._refused),
                            (50, 12, 16, 12, 5, 5))[0]  # fmt: skip
        return kind(number, dice)

    def _stock(self, number: int, dice: Random) -> Wish:
        """The values are the decision's number, so the ledger tells which decision each came from."""
        items = [
            {"sku": sku, **dice.choice(({"stock": number}, {"price": number}, {"stock": number, "price": number}))}
            for sku in dice.sample(self.skus, dice.choice((1, 1, 2, 3)))
        ]
        return Wish(number, "elryan", "stock_and_price", {"items": items})

    def _order(self, number: int, dice: Random) -> Wish:
        body = {"reference": f"W-{number}", "lines": [{"sku": dice.choice(CODES), "quantity": dice.choice((1, 2, 5))}]}
        return Wish(number, "elko", "place_order", body, ("place_order", f"W-{number}"))

    def _cancel(self, number: int, dice: Random) -> Wish:
        body = {"line": line_of(number), "reason": "out_of_stock"}
        return Wish(number, "elryan", "cancel_line", body, ("cancel_line", line_of(number)))

    def _package(self, number: int, dice: Random) -> Wish:
        item = {"order_item_id": int(line_of(number)), "quantity": 1}
        body = {"reference": f"P-{number}", "order_id": number + 1, "items": [item]}
        return Wish(number, "elryan", "create_package", body, ("create_package", f"P-{number}"))

    def _brand(self, number: int, dice: Random) -> Wish:
        """Nothing shows what became of it: where the answer is lost, only a person can know."""
        body = {"remote_id": f"B-{number}", "name": f"Brand {number}", "is_active": True}
        return Wish(number, "elryan", "upsert_brand", body, ("upsert_brand", f"B-{number}"))

    def _refused(self, number: int, dice: Random) -> Wish:
        return Wish(number, "elryan", "cancel_line", {"line": f"none-{number}", "reason": "out_of_stock"})


def line_of(number: int) -> str:
    return str(70_000_000 + number)


def furnish(elko: Any, elryan: Any, wishes: Wishes, numbers: Iterable[int]) -> None:
    """The rows at the vendors that these decisions are about: articles without end, an open order line for each that needs one."""
    for code in CODES:
        elko.change("products", code, quantity="> 50", packagingQuantity=1, catalog="SSM")
    article, line = elryan.truth("variants")[0], elryan.truth("orders")[0]
    for sku in wishes.skus:
        elryan.put("variants", {**article, "sku": sku, "_id": f"id-{sku}", "stock": 0, "price": 0})
    for number in numbers:
        if wishes.of(number).verb in ("cancel_line", "create_package"):
            name, order = line_of(number), {"Order Number": f"PO{number}", "Purchase Order ID": str(number)}
            row = {**line, **order, "POlineID": name, "id": f"line-{name}", "Status": "Pending Confirmation"}
            elryan.put("orders", row)


@dataclass
class Verdict:
    """Sentences about what is wrong; none is what everybody wants."""

    doubled: list[str]
    lost: list[str]
    wrong: list[str]

    def __bool__(self) -> bool:
        return not (self.doubled or self.lost or self.wrong)

    def lines(self) -> Iterator[str]:
        for name in ("doubled", "lost", "wrong"):
            yield from (f"{name}: {what}" for what in getattr(self, name))


def judged(made: "dict[str, Command]", decided: Iterable[int], wishes: Wishes, elko: Any, elryan: Any) -> Verdict:
    """made: commands by key. decided: numbers the hub said it had taken. Nothing is under way any more."""
    verdict = Verdict([], [], [])
    verdict.lost += [
        f"wish-{number} was taken, and there is no row" for number in decided if f"wish-{number}" not in made
    ]
    accepted = Counter((write.verb, write.key) for sim in (elko, elryan) for write in sim.ledger.accepted())
    known = [wishes.of(int(key.removeprefix("wish-"))) for key in made]
    for wish in known:
        command, times = made[wish.key], accepted.pop(wish.business, 0) if wish.business[0] else 0
        if times > 1:
            verdict.doubled.append(f"{wish.business} was done {times} times")
        if wish.business[0] and not times:
            verdict.lost.append(f"{wish.business} was never done; the hub says {command.state}")
        if wish.business[0] and times and command.state != "confirmed":
            verdict.wrong.append(f"{wish.business} was done; the hub says {command.state}: {command.error}")
        if not wish.business[0] and wish.verb == "cancel_line" and command.state not in ("refused", "cancelled"):
            verdict.wrong.append(f"{wish.key} cannot be done; the hub says {command.state}")
    _values(verdict, [wish for wish in known if wish.verb == "stock_and_price"], made, elryan)
    verdict.wrong += [
        f"the vendor did {what}, which nobody decided" for what in accepted if what[0] != "stock_and_price"
    ]
    return verdict


def _values(verdict: Verdict, wishes: list[Wish], made: "dict[str, Command]", elryan: Any) -> None:
    """Of each value the last decided stands at the vendor, none was taken twice, and no older one after a newer."""
    last: dict[tuple[str, str], int] = {}
    for wish in sorted(wishes, key=lambda wish: wish.number):
        last.update(((item["sku"], name), wish.number) for item in wish.body["items"] for name in item if name != "sku")
        if made[wish.key].state not in ("confirmed", "cancelled"):
            verdict.wrong.append(f"{wish.key} ended {made[wish.key].state}: {made[wish.key].error}")
    taken = defaultdict(list)
    for write in elryan.ledger.accepted("stock_and_price"):
        for name, value in write.payload.items():
            if name != "sku":
                taken[write.key, name].append(value)
    for place, values in taken.items():
        verdict.doubled += [f"{place} was set to {value} {n} times" for value, n in Counter(values).items() if n > 1]
        verdict.wrong += [
            f"{place}: {new} was followed by the older {old}" for new, old in pairwise(values) if old < new
        ]
    rows = {str(row["sku"]): row for row in elryan.truth("variants")}
    for (sku, name), value in last.items():
        if rows[sku][name] != value:
            verdict.lost.append(f"{sku} has {name} {rows[sku][name]}, not the last decided {value}")
