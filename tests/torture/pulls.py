"""Pull the plug again and again while decisions go out, let what is left come to rest, and compare with what the vendors took."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture import person
from tests.torture.plant import Plant
from tests.torture.plug import Plug, Pull
from tests.torture.vendors import AMBIGUOUS, LATE, Vendors, connected
from tests.torture.wishes import Verdict, Wishes, furnish, judged

COMES = 60.0  # seconds in which somebody must have come by a step
RESTS = 240.0  # seconds in which everything must have come to rest
STUCK = 4.0  # seconds without any change, after which a person looks at the desk
WISHES = 30  # for each pull, at most
Say = Callable[[str], None]


@dataclass
class Told:
    """What came of a round."""

    pulled: list[Pull] = field(default_factory=list)
    missed: list[Pull] = field(default_factory=list)  # nobody came by the step
    decided: int = 0
    unknown: int = 0
    looked_up: int = 0
    by_a_person: int = 0
    overtaken: int = 0
    revived: int = 0  # processes
    verdict: Verdict = field(default_factory=lambda: Verdict([], [], []))

    def add(self, other: "Told") -> None:
        """Another round's counts."""
        self.pulled, self.missed = self.pulled + other.pulled, self.missed + other.missed
        for name in ("decided", "unknown", "looked_up", "by_a_person", "overtaken", "revived"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __str__(self) -> str:
        hows = Counter(pull.how for pull in self.pulled)
        missed = f" ({', '.join(map(str, self.missed[:5]))})" if self.missed else ""
        return (
            f"{len(self.pulled)} pulls ({', '.join(f'{how} {times}' for how, times in sorted(hows.items()))}), nobody came by "
            f"{len(self.missed)} times{missed}; {self.decided} decisions, {self.overtaken} overtaken by later values; unknown "
            f"{self.unknown} times, proved by look-up {self.looked_up} times, decided at the desk {self.by_a_person} times; "
            f"{self.revived} processes started again"
        )


def drill(folder: Path, vendors: Vendors, pulls: Sequence[Pull], seed: int, say: Say, *, workers: int = 2) -> Told:
    """One round on this process's database, which has no connections yet: every pull, then rest, then judgement."""
    from integrations.models import Command

    told, wishes, most = Told(), Wishes(seed), WISHES * len(pulls) + 30
    furnish(vendors.elko, vendors.elryan, wishes, range(most))
    for sim in (vendors.elko, vendors.elryan):
        sim.ledger.clear()
    connected(vendors)
    vendors.spoil(*((name, options, odds / 2) for name, options, odds in AMBIGUOUS), LATE)
    with Plant(folder, workers=workers, decider=(seed, most)) as plant:
        for pull in pulls:
            came = pulled(pull, plant, vendors, Plug(folder))
            (told.pulled if came else told.missed).append(pull)
            if not came:
                say(f"  nobody came by {pull} within {COMES:.0f} s")
            elif len(told.pulled) % 25 == 0:
                say(f"  {len(told.pulled)} pulled, {Command.objects.count()} decided")
        plant.stop_deciding()
        vendors.disarm()
        told.by_a_person = rest(plant, wishes, vendors)
        told.revived = plant.revived
        decided = plant.decided()
    made = {command.key: command for command in Command.objects.all()}
    told.decided = len(made)
    lines = [line["what"] for command in made.values() for line in command.story]
    told.unknown = sum(line.startswith("the outcome is unknown") for line in lines)
    told.looked_up = sum(line.startswith(("confirmed by a look-up", "goes again, as the vendor")) for line in lines)
    told.overtaken = sum(line.startswith("overtaken") for line in lines)
    told.verdict = judged(made, decided, wishes, vendors.elko, vendors.elryan)
    told.verdict.wrong += left_lying()
    return told


def pulled(pull: Pull, plant: Plant, vendors: Vendors, plug: Plug) -> bool:
    """Arm it and wait until somebody has come by. False: nobody came."""
    at_the_vendor = pull.point.startswith("vendor.")
    arm: Callable[[Pull], None] = vendors.arm if at_the_vendor else plug.arm
    arm(pull)
    end = time.monotonic() + COMES
    while time.monotonic() < end:
        plant.tend()
        if at_the_vendor:
            vendors.look()
        if vendors.pulled if at_the_vendor else plug.pulled:
            vendors.disarm()
            return True
        time.sleep(0.02)
    vendors.disarm()
    return not at_the_vendor and not plug.disarm()


def rest(plant: Plant, wishes: Wishes, vendors: Vendors) -> int:
    """Wait until nothing is under way. What look-ups leave unknown a person decides; how many times that was."""
    from integrations.models import Command

    State = Command.State
    by_a_person, end, before, since = 0, time.monotonic() + RESTS, (0, 0, 0), time.monotonic()
    while time.monotonic() < end:
        plant.tend()
        open_ = Command.objects.filter(state__in=(State.QUEUED, State.SENDING)).count()
        unknown = Command.objects.filter(state=State.UNKNOWN)
        if not open_ and not unknown.exists():
            return by_a_person
        now = open_, unknown.count(), sum(unknown.values_list("looks", flat=True))
        if now != before:
            before, since = now, time.monotonic()
        if time.monotonic() > since + STUCK and not open_:
            by_a_person += person.decide(wishes, vendors.elko, vendors.elryan)
            since = time.monotonic()
        time.sleep(0.2)
    return by_a_person


def left_lying() -> list[str]:
    """What no process may leave behind: something in flight, an owner, a thing that is half done."""
    from integrations.models import Command, CommandItem

    State = Command.State
    found = [f"{item} of {item.command_id} is still in flight" for item in CommandItem.objects.filter(in_flight=True)]
    ended = (State.CONFIRMED, State.REFUSED, State.CANCELLED)
    found += [f"{c.key} is {c.state}: {c.error} {c.shown}" for c in Command.objects.exclude(state__in=ended)]
    found += [f"{c.key} has ended, and an owner: {c.owner}" for c in Command.objects.exclude(owner="")]
    waiting = CommandItem.objects.filter(state=CommandItem.State.WAITING, command__state=State.CONFIRMED)
    return found + [f"{item} of {item.command_id} waits in a command that has ended" for item in waiting]
