"""P6: a whole run against the vendor's rate limit, beside what that limit alone allows.

ELKO's limit as it is, 50 calls in 10 s, against its simulator on a socket: availability and price of 10,000 codes, 40 in a call. The
floor is when the last call may be sent at the earliest, were calls and work to cost nothing.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.bench.hub import ready
from tests.bench.result import Result, Scale, at_most

CODES, BATCH = 10_000, 40
MOST_UNCHANGED, MOST_FIRST = 1.05, 1.10


def measure(scale: Scale) -> Iterable[Result]:
    ready()
    codes = min(CODES, scale.rows // 10)
    with connected(codes) as (simulator, vendor):
        done(vendor, "products")
        rate = simulator.limit, simulator.window
        for title, most in (("first load", MOST_FIRST), ("nothing changed", MOST_UNCHANGED)):
            time.sleep(simulator.window)  # nobody has used the budget lately
            simulator.ledger.clear()
            began = time.monotonic()
            done(vendor, "availability")
            took = time.monotonic() - began
            yield line(title, took, len(simulator.ledger.asked(None)), simulator.blocks, rate, most)


def line(title: str, took: float, calls: int, blocks: int, rate: tuple[int, float], most: float) -> Result:
    floor = (calls - 1) // rate[0] * rate[1]
    name = f"availability of every code, {title}: {calls} calls"
    if blocks or not floor:
        return Result(
            "P6", name, f"{took:.1f} s", f"floor {floor:.0f} s", None, f"≤ {most:g} ×", not blocks, f"{blocks} blocks"
        )
    return at_most("P6", name, took / floor, most, ours=f"{took:.1f} s", other=f"floor {floor:.0f} s", note="0 blocks")


def done(vendor: Any, flow: str) -> None:
    """One run to its end; whatever the engine held or refused would make the time meaningless."""
    from integrations import sync
    from integrations.models import SyncRun, Trigger

    run = sync.run(vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None)
    if run is None or run.state != SyncRun.State.OK:
        raise RuntimeError(f"{flow} ended {run.state if run else 'before it began'}: {run.error if run else ''}")


@contextmanager
def connected(codes: int) -> Iterator[tuple[Any, Any]]:
    from integrations import connecting
    from integrations.services.elko.simulator import Simulator
    from integrations.simulator import Server

    simulator = Simulator(seed="demo", size=codes)
    with Server(simulator):
        given = simulator.connections()[0]
        options = {**given["options"], "batch": BATCH, "availability_scope": "all"}
        yield (
            simulator,
            connecting.connect(
                "elko", "elko-bench", base_url=given["base_url"], options=options, secrets=given["secrets"]
            ),
        )
