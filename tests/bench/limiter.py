"""P7 and P8: how near the budget comes to a vendor's limit, how often it breaks it, and what a slot costs."""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from tests.bench.hub import ready
from tests.bench.result import Result, Scale

LEAST, MOST_MS = 0.95, 2.0
SIMULATED, QUICK_SIMULATED = 100_000, 5_000  # requests
WORKERS = 8
CALLS, WINDOW, LEASE = 50, 1.0, 3.0  # of the real run: a vendor's 50 in 10 s, ten times as fast
SLOTS, SLOTS_QUICK = 2_000, 300  # taken and given back, for P8


def measure(scale: Scale) -> Iterable[Result]:
    ready()
    requests = SIMULATED if scale.seconds >= 60 else QUICK_SIMULATED
    yield from simulated(requests)
    yield from real(scale.seconds)
    yield cost(SLOTS if scale.seconds >= 60 else SLOTS_QUICK)


def simulated(requests: int) -> Iterator[Result]:
    """The budget's own rule and statements on a clock that jumps from event to event; on SQLite, for speed."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/simulated.sqlite3", "HUB_VAR": folder}
        for workers, limiter in ((WORKERS, "budget"), (WORKERS, "sends")):
            command = [sys.executable, "-m", "tests.bench.limiter_simulated", limiter, str(workers), str(requests)]
            told = json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)
            ours = f"{told['ratio']:.3f} of the allowed rate, {told['rejected']:,} rejected"
            if limiter == "budget":
                yield ratio(
                    f"{requests:,} simulated requests, harsh network, {workers} workers, one killed", ours, told
                )
            else:
                yield Result("P7", "the same with a log of send times, exactly 50 in 10 s (what libraries offer)", ours)


def ratio(title: str, ours: str, told: dict[str, Any], note: str = "") -> Result:
    met = told["ratio"] >= LEAST and told["rejected"] == 0
    return Result("P7", title, ours, "", told["ratio"], f"≥ {LEAST:g}, 0 rejected", met, note)


def real(seconds: float) -> Iterator[Result]:
    """Processes and sockets: a server that counts arrivals and shuts everybody out after one too many, and the real budget."""
    with vendor() as server:
        command = [sys.executable, "-m", "tests.bench.limiter_worker", str(server["port"]), str(seconds)]
        workers = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(WORKERS)
        ]
        try:
            ends: list[IO[str]] = []
            for worker in workers:
                assert worker.stdin is not None
                assert worker.stdout is not None
                worker.stdout.readline()  # it is ready
                ends.append(worker.stdin)
            for end in ends:
                end.write("go\n")
                end.flush()
            time.sleep(seconds / 2)
            workers[0].send_signal(signal.SIGKILL)
            codes = [worker.wait(seconds + 60) for worker in workers]
        finally:
            for worker in workers:
                worker.kill()
    if any(codes[1:]):
        raise RuntimeError(f"a worker broke off: {codes}")
    counted = server["counted"]
    allowed = CALLS / WINDOW * seconds
    told = {"ratio": counted["accepted"] / allowed, "rejected": counted["rejected"]}
    yield ratio(
        f"{seconds:.0f} s on real sockets, {WORKERS} processes, one killed, 50 per s",
        f"{told['ratio']:.3f} of the allowed rate, {told['rejected']:,} rejected",
        told,
        f"{counted['accepted']:,} calls, at most {counted['most']} in a window; the killed worker's slot is out for {LEASE + WINDOW:.0f} s",
    )


@contextmanager
def vendor() -> Iterator[dict[str, Any]]:
    """The counting server; `counted` is there when the block has ended."""
    command = [sys.executable, "-m", "tests.bench.limiter_vendor", str(CALLS), str(WINDOW)]
    server: dict[str, Any] = {}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            server["port"] = int(process.stdout.readline())
            yield server
            said, _ = process.communicate("end\n", timeout=10)
            server["counted"] = json.loads(said)
        finally:
            process.kill()


def cost(times: int) -> Result:
    """Taking a free slot and giving it back, on a server that fsyncs."""
    from integrations.ratelimit import Budget
    from integrations.service import Rate

    budget = Budget("bench:cost", Rate(CALLS, 0), fresh=True)
    took: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        with budget.slot():
            pass
        took.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(took[len(took) // 10 :], n=20)
    return Result(
        "P8",
        f"a slot taken and given back, {times:,} times",
        f"p95 {cuts[18]:.2f} ms, median {cuts[9]:.2f} ms",
        ratio=None,
        wanted=f"p95 ≤ {MOST_MS:g} ms",
        met=cuts[18] <= MOST_MS,
    )
