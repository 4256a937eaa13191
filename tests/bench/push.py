"""P12: price and stock of 10,000 variants pushed to a marketplace, beside the calls alone.

Elryan takes 100 articles in a call and one call at a time (it states no limit; the hub keeps to one). Its simulator answers after
200 ms, as a server far away does. The floor is measured in the same run: the same bodies posted one after another by a bare client,
with nothing of ours around them. The commands go the whole way: a row each, claimed, sent, its outcome stored per article.
"""

import http.client
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.bench.hub import ready
from tests.bench.result import Result, Scale, at_most

VARIANTS, CHUNK, ANSWERS = 10_000, 100, 0.2  # the last in seconds
MOST = 1.25
SENDERS = 2


def measure(scale: Scale) -> Iterable[Result]:
    ready()
    count = min(VARIANTS, scale.rows // 10)
    with connected(count) as (simulator, vendor):
        from integrations.commands import asking
        from integrations.models import Command, CommandItem

        began = time.monotonic()
        items = [{"sku": str(row["sku"]), "stock": 7, "price": "12.50"} for row in simulator.truth("variants")]
        made = asking.ask(vendor, "stock_and_price", {"items": items}, hinted=False)
        asked = time.monotonic() - began
        keys = [command.pk for command in made]
        calls, floor = len(made), alone(simulator, [command.request["body"] for command in made])
        took = pushed(keys)
        done = CommandItem.objects.filter(command__in=keys, state=CommandItem.State.DONE).count()
        if Command.objects.exclude(state=Command.State.CONFIRMED).exists() or done != len(items):
            raise RuntimeError(f"{done} of {len(items)} variants were pushed; the time would mean nothing")
    yield Result("P12", f"deciding {len(items):,} variants: {calls} commands", f"{asked:.1f} s")
    yield at_most(
        "P12", f"push of {len(items):,} variants: {calls} calls, one at a time, {ANSWERS * 1000:.0f} ms each", took / floor, MOST,
        ours=f"{took:.1f} s", other=f"the same calls alone {floor:.1f} s",
        note=f"{took / floor:.2f} ×; {len(items) / took:,.0f} variants a second; each with its own outcome",
    )  # fmt: skip


def alone(simulator: Any, bodies: list[Any]) -> float:
    """Seconds the calls take by themselves, each on a line of its own, as writes are."""
    parts = urlsplit(simulator.url)
    headers = {"Authorization": f"Bearer {simulator.token}", "Content-Type": "application/json"}
    began = time.monotonic()
    for body in bodies:
        line = http.client.HTTPConnection(parts.hostname or "", parts.port)
        line.request("POST", f"{parts.path}/api/variants/stock-and-price", json.dumps(body), headers)
        answer = line.getresponse()
        answer.read()
        line.close()
        if answer.status != 200:
            raise RuntimeError(f"the simulator answered {answer.status}")
    return time.monotonic() - began


def pushed(keys: list[int]) -> float:
    """Seconds the push took, with so many senders at once as a worker has children."""
    from django.db import connections

    connections.close_all()
    began = time.monotonic()
    children = []
    for place in range(SENDERS):
        child = os.fork()
        if not child:
            status = 1
            try:
                send(keys[place::SENDERS])
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    for child in children:
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            raise RuntimeError("a sender broke off; what it said is above")
    return time.monotonic() - began


def send(keys: list[int]) -> None:
    from integrations.commands import sending

    for key in keys:
        sending.send(key)


@contextmanager
def connected(count: int) -> Iterator[tuple[Any, Any]]:
    from integrations import connecting
    from integrations.services.elryan.simulator import Simulator
    from integrations.simulator import Server

    simulator = Simulator(seed="tiny")
    article, *others = simulator.truth("variants")
    simulator.remove("variants", article["sku"], *(row["sku"] for row in others))
    for number in range(count):
        simulator.put("variants", {**article, "sku": f"B-{number}", "_id": f"b{number}"})
    with Server(simulator):
        given = simulator.connections()[0]
        simulator.fault("slow", path="/variants/stock-and-price", seconds=ANSWERS)
        yield (
            simulator,
            connecting.connect(
                "elryan", "elryan-bench", base_url=given["base_url"], options={**given["options"], "stock_chunk": CHUNK},
                secrets={"token": given["secrets"]["token"]}, writes="on",
            ),
        )  # fmt: skip
