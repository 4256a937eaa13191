"""Which fault strikes which request. What each fault does stands in `damage.py` (bytes) and `bend.py` (rows)."""

import inspect
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from integrations.simulator.ledger import path_fits
from integrations.simulator.wire import Request

if TYPE_CHECKING:
    from integrations.simulator.vendor import Simulator


class Stage(Enum):
    BEFORE = "before the request counts as arrived"
    INSTEAD = "in place of an answer; with accept=True the request is carried out first"
    ROWS = "on the whole list, before it is cut into pages"
    PAGE = "on one page of a list"
    AFTER = "on the finished answer"


@dataclass(frozen=True)
class Switch:
    stage: Stage
    apply: Callable[..., Any]
    once: bool  # `times` is 1 unless told


@dataclass(eq=False)
class Fault:
    """One armed switch. `reached` and `release` let a test wait for a held request and let it go.

    A switch on rows or pages strikes requests as others do; `reached` tells that there was something to bend.
    """

    number: int
    name: str
    switch: Switch
    options: dict[str, Any]
    path: str | None
    method: str | None
    after: int
    times: int | None
    odds: float
    match: Callable[[Request], bool] | None
    seen: int = 0
    used: int = 0
    reached: Event = field(default_factory=Event)
    release: Event = field(default_factory=Event)

    def concerns(self, request: Request) -> bool:
        return (
            (self.method is None or self.method.upper() == request.method)
            and path_fits(self.path, request.path)
            and (self.match is None or self.match(request))
        )

    def as_json(self) -> dict[str, Any]:
        shown = {name: value for name, value in self.options.items() if not callable(value)}
        return {"id": self.number, "name": self.name, "path": self.path, "method": self.method, "after": self.after,
                "times": self.times, "seen": self.seen, "used": self.used, "options": shown}  # fmt: skip


@dataclass(frozen=True)
class Turn:
    """What a switch gets to see: whose turn it is, the request, and the fault with its options."""

    simulator: "Simulator"
    request: Request
    fault: Fault
    flow: str = ""


SWITCHES: dict[str, Switch] = {}


def switch(stage: Stage, once: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a fault under its function's name; its keyword parameters are the fault's options."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        SWITCHES[function.__name__.rstrip("_")] = Switch(stage, function, once)
        return function

    return register


class Faults:
    """The armed faults of one simulator."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._lock = Lock()
        self._numbers = count(1)
        self._random = random.Random(0)

    def add(
        self,
        name: str,
        path: str | None = None,
        method: str | None = None,
        after: int = 0,
        times: int | None = None,
        odds: float = 1.0,
        match: Callable[[Request], bool] | None = None,
        **options: Any,
    ) -> Fault:
        """Arm a fault. It lets `after` fitting requests pass, then strikes `times` times (None: until cleared), each
        with the probability `odds` (repeatable). `path` as in `ledger.path_fits`. Raises ValueError on a wrong name.
        """
        if name not in SWITCHES:
            raise ValueError(f"no fault switch {name!r}; there are: {', '.join(sorted(SWITCHES))}")
        chosen = SWITCHES[name]
        known = [p.name for p in inspect.signature(chosen.apply).parameters.values() if p.kind is p.KEYWORD_ONLY]
        if wrong := options.keys() - set(known):
            takes = ", ".join(known) or "none"
            raise ValueError(f"fault {name!r} has no option {', '.join(sorted(wrong))}; it takes: {takes}")
        if times is None and chosen.once:
            times = 1
        fault = Fault(next(self._numbers), name, chosen, options, path, method, after, times, odds, match)
        with self._lock:
            self._armed.append(fault)
        return fault

    def clear(self, which: Fault | str | int | None = None) -> None:
        """Disarm one fault, every fault of a name, or all. Held requests go on."""
        with self._lock:
            gone = [f for f in self._armed if which is None or which in (f, f.name, f.number)]
            self._armed = [f for f in self._armed if f not in gone]
        for fault in gone:
            fault.release.set()

    def let_go(self) -> None:
        """Held requests go on; the faults stay armed."""
        for fault in self.armed():
            fault.release.set()

    def armed(self) -> list[Fault]:
        with self._lock:
            return [*self._armed]

    def due(self, request: Request) -> list[Fault]:
        """The faults that strike this request; counts them."""
        struck = []
        with self._lock:
            for fault in self._armed:
                if not fault.concerns(request):
                    continue
                fault.seen += 1
                if fault.seen <= fault.after or (fault.times is not None and fault.used >= fault.times):
                    continue
                if fault.odds < 1.0 and self._random.random() >= fault.odds:
                    continue
                fault.used += 1
                struck.append(fault)
        return struck
