"""Hours of calls in a minute: the real Budget, its statements and all, on a clock that jumps from event to event.

    python -m tests.bench.limiter_simulated budget|sends WORKERS REQUESTS

The vendor allows 50 requests in any 10 s as they arrive; one more and everybody is out for a minute. The network is harsh: 40 ms
each way with a long tail, one way in a hundred stalls for up to 5 s. One worker dies in the middle, holding a slot.
"""

import heapq
import itertools
import json
import math
import random
import sys
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.bench.hub import ready
from tests.bench.limiter_vendor import Vendor

CALLS, WINDOW = 50, 10.0
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class Nap(BaseException):
    """What the budget would sleep; raised instead, so that the worker comes back later on the simulated clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


def nap(seconds: float) -> None:
    raise Nap(seconds)


class SendLog:
    """A shared log of when requests were sent, which lets 50 go in any 10 s."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock, self.sent = clock, deque[float]()

    def __enter__(self) -> None:
        now = self.clock()
        while self.sent and self.sent[0] <= now - WINDOW:
            self.sent.popleft()
        if len(self.sent) >= CALLS:
            raise Nap(self.sent[0] + WINDOW - now + 1e-6)
        self.sent.append(now)

    def __exit__(self, *error: object) -> None:
        pass

    def slot(self, waiting: Any = None) -> "SendLog":
        return self


class Simulation:
    def __init__(self, workers: int, requests: int) -> None:
        self.now, self.requests = 0.0, requests
        self.vendor, self.chance = Vendor(CALLS, WINDOW), random.Random(7)
        self.events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self.order = itertools.count()
        self.paused_until = 0.0
        self.dies = False
        for worker in range(workers):
            self.at(worker * 0.01, self.ask, worker)

    def at(self, when: float, act: Callable[..., None], *arguments: Any) -> None:
        heapq.heappush(self.events, (when, next(self.order), act, arguments))

    def run(self, limiter: Any) -> dict[str, float]:
        self.limiter = limiter
        counted, half = self.vendor.counted, self.requests // 2
        while counted.accepted + counted.rejected < self.requests:
            self.now, _, act, arguments = heapq.heappop(self.events)
            self.dies = self.dies or counted.accepted + counted.rejected >= half
            act(*arguments)
        return {"ratio": counted.accepted / (CALLS / WINDOW * self.now), "rejected": counted.rejected}

    def way(self) -> float:
        stall = self.chance.uniform(0.5, 5.0) if self.chance.random() < 0.01 else 0.0
        return 0.04 * math.exp(self.chance.gauss(0, 1)) + stall

    def ask(self, worker: int) -> None:
        if self.now < self.paused_until:
            self.at(self.paused_until, self.ask, worker)
            return
        held: AbstractContextManager[Any] = self.limiter.slot(waiting=nap)
        try:
            held.__enter__()
        except Nap as rest:
            self.at(self.now + rest.seconds, self.ask, worker)
            return
        self.at(self.now + self.way(), self.arrive, worker, held)

    def arrive(self, worker: int, held: AbstractContextManager[Any]) -> None:
        accepted = self.vendor.accepts(self.now)
        if worker == 0 and self.dies:
            return  # killed: it neither releases nor asks again
        answer = 0.15 * math.exp(self.chance.gauss(0, 0.5)) + self.way()
        self.at(self.now + answer, self.answered, worker, held, accepted)

    def answered(self, worker: int, held: AbstractContextManager[Any], accepted: bool) -> None:
        held.__exit__(None, None, None)
        if not accepted:
            self.paused_until = max(self.paused_until, self.now + 60)
        self.ask(worker)


def budget_of(simulation: Simulation) -> Any:
    from integrations.ratelimit import Budget
    from integrations.service import Rate

    class Virtual(Budget):
        """The budget with the simulation's clock for the machine's."""

        def _now(self) -> datetime:
            return BEGIN + timedelta(seconds=simulation.now)

        def _after(self, seconds: float) -> str:
            return (self._now() + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S.%f")

    return Virtual("bench:simulated", Rate(CALLS, WINDOW), fresh=True)


def main(limiter: str, workers: int, requests: int) -> None:
    ready()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=OFF")
    simulation = Simulation(workers, requests)
    told = simulation.run(budget_of(simulation) if limiter == "budget" else SendLog(lambda: simulation.now))
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
