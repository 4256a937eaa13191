"""Goal R5: pushes of price and stock, a fifth of their answers ambiguous. None doubled, none lost, the last value wins."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.torture import pulls
from tests.torture.plant import Plant
from tests.torture.pulls import Say
from tests.torture.vendors import AMBIGUOUS, Vendors, connected
from tests.torture.wishes import Verdict, Wish, Wishes, furnish, judged

AHEAD = 40  # pushes that may wait at a time
ARTICLES = 500  # many, so that most of the pushes go out; some meet an earlier one that still waits


class Values(Wishes):
    """Nothing but prices and stock."""

    def of(self, number: int) -> Wish:
        return self._stock(number, Random(f"{self.seed}:{number}"))


@dataclass
class Told:
    pushed: int = 0
    overtaken: int = 0
    unknown: int = 0
    looked_up: int = 0
    spoiled: int = 0  # answers
    seconds: float = 0.0
    verdict: Verdict = field(default_factory=lambda: Verdict([], [], []))

    def __str__(self) -> str:
        return (
            f"{self.pushed} pushes, {self.spoiled} answers spoiled; {self.overtaken} overtaken by later values; unknown {self.unknown} "
            f"times, proved by look-up {self.looked_up} times; {self.seconds:.0f} s"
        )


def push(folder: Path, vendors: Vendors, count: int, seed: int, say: Say) -> Told:
    """So many pushes by real workers, on this process's database, which has no connections yet."""
    from integrations.commands import asking
    from integrations.models import Command, Vendor

    wishes, began = Values(seed, min(ARTICLES, count)), time.monotonic()
    furnish(vendors.elko, vendors.elryan, wishes, ())
    vendors.elryan.ledger.clear()
    connected(vendors)
    vendors.spoil(*AMBIGUOUS)
    vendor = Vendor.objects.get(slug="elryan")
    with Plant(folder, workers=1, children=4, tick=4.0) as plant:
        for number in range(count):
            while Command.objects.filter(state__in=("queued", "sending")).count() >= AHEAD and number % 10 == 0:
                plant.tend()
                time.sleep(0.05)
            wish = wishes.of(number)
            asking.ask(vendor, wish.verb, wish.body, key=wish.key)
            if number and number % 1000 == 0:
                say(f"  {number} pushed in {time.monotonic() - began:.0f} s")
        pulls.rest(plant, wishes, vendors)
    made = {command.key: command for command in Command.objects.all()}
    lines = [line["what"] for command in made.values() for line in command.story]
    told = Told(len(made), seconds=time.monotonic() - began)
    told.spoiled = sum(fault.used for fault in vendors.elryan.faults.armed())
    told.overtaken = sum(line.startswith("overtaken") for line in lines)
    told.unknown = sum(line.startswith("the outcome is unknown") for line in lines)
    told.looked_up = sum(line.startswith(("confirmed by a look-up", "goes again, as the vendor")) for line in lines)
    told.verdict = judged(made, range(count), wishes, vendors.elko, vendors.elryan)
    told.verdict.wrong += pulls.left_lying()
    return told
