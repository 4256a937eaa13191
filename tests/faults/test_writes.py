"""Fault 25 and goal R2 for writes: SIGKILL at every point of the way out that the code names.

A forked process decides and sends, and kills itself; this one sweeps, looks up, and sends on, as workers do. The simulator's
ledger must show the write at most once, and the command must end confirmed, or unknown where nobody can know.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from integrations import connecting, faultpoints
from integrations.commands import asking, looking, sending
from integrations.commands import sweeping as writes
from integrations.models import Command, CommandItem, Vendor
from integrations.services.api2cart.simulator import Simulator as Api2Cart
from integrations.services.elko.simulator import Simulator as Elko
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Server, Simulator
from tests.faults import points
from tests.faults.forking import Killer, died
from tests.faults.rig import connected

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
State = Command.State


@dataclass(frozen=True)
class Scene:
    """A verb with its body, and what is broken on top of the kill."""

    kind: type[Simulator]
    verb: str
    body: Callable[[Any], dict[str, Any]]
    fault: tuple[str, dict[str, Any]] | None = None
    both: bool = True
    proves: bool = True  # the look-up can also prove that nothing was done


def line(sim: Any) -> str:
    return str(
        next(
            row["POlineID"]
            for row in sim.truth("orders")
            if row["Status"] in ("Pending Confirmation", "Confirmed", "Preparing")
        )
    )


def stock(sim: Any) -> dict[str, Any]:
    return {"items": [{"sku": str(row["sku"]), "stock": 17} for row in sim.truth("variants")[:2]]}


def order(sim: Any) -> dict[str, Any]:
    code = next(
        str(row["id"]) for row in sim.truth("products") if row["quantity"].isdigit() and int(row["quantity"]) > 1
    )
    return {"reference": "W-1", "lines": [{"sku": code, "quantity": 1}]}


def prices(sim: Any) -> dict[str, Any]:
    rows = [row for row in sim.truth("products") if row["type"] == "simple"]
    return {"products": [{"id": str(row["id"]), "price": 17} for row in rows[:2]]}


LOST = ("drop", {"accept": True})
SCENES = {
    "order": Scene(Elko, "place_order", order, proves=False),
    "order-answer-lost": Scene(Elko, "place_order", order, LOST, both=False, proves=False),
    "cancel": Scene(Elryan, "cancel_line", lambda sim: {"line": line(sim), "reason": "out_of_stock"}),
    "cancel-answer-lost": Scene(
        Elryan, "cancel_line", lambda sim: {"line": line(sim), "reason": "out_of_stock"}, LOST, both=False
    ),
    "job": Scene(Api2Cart, "update_products", prices),
    "stock-never-arrived": Scene(Elryan, "stock_and_price", stock, ("status", {"code": 500}), both=False),
}


@pytest.fixture
def sims() -> Iterator[dict[type[Simulator], Any]]:
    made: dict[type[Simulator], Any] = {kind: kind(seed="tiny") for kind in (Elko, Elryan, Api2Cart)}
    with Server(*made.values()):
        yield made


def play(vendor: Vendor, scene: Scene, body: dict[str, Any]) -> None:
    """Decide, send, be lost, look up, send again: all that a worker does with a command."""
    (command,) = asking.ask(vendor, scene.verb, body, key="the-same-wish")
    go_on(command.pk)


def go_on(pk: int) -> None:
    for _ in range(3):
        sending.send(pk)
        Command.objects.filter(pk=pk, state=State.UNKNOWN).update(
            not_before=None
        )  # whatever was on its way has arrived
        for _ in range(3):
            looking.look_up(pk)


def set_up(sims: Any, scene: Scene) -> tuple[Any, Vendor, dict[str, Any]]:
    sim = sims[scene.kind]
    sim.reset()
    vendor = connected(sim, f"{sim.kind}-main")
    Vendor.objects.filter(pk=vendor.pk).update(writes="on")
    vendor.refresh_from_db()
    connecting.confirm(vendor, [scene.verb])
    body = scene.body(sim)
    sim.ledger.clear()
    if scene.fault:
        name, more = scene.fault
        sim.fault(
            name,
            times=1,
            match=lambda request: request.method in ("PUT", "POST") and "/get/" not in request.path,
            **more,
        )
    return sim, vendor, body


@pytest.mark.parametrize("name", points.names_of_writes())
@pytest.mark.parametrize(
    "title", [pytest.param(t, marks=[] if scene.both else [pytest.mark.sqlite_only]) for t, scene in SCENES.items()]
)
def test_a_kill_never_sends_twice_and_loses_nothing(sims: Any, title: str, name: str) -> None:
    scene = SCENES[title]
    sim, vendor, body = set_up(sims, scene)
    dead = died(partial(play, vendor, scene, body), Killer(name))
    if not Command.objects.exists():
        assert name == "command.row_written", "nothing was decided before its row was there"
        return
    command = Command.objects.get()
    writes.sweep(60)
    command.refresh_from_db()
    assert command.state != State.SENDING, "its sender is dead, and nobody notices"
    go_on(command.pk)
    command.refresh_from_db()
    done = Counter((write.verb, write.key) for write in sim.ledger.accepted())
    if not scene.proves and not done:
        assert command.state == State.UNKNOWN, "nobody can know, so a person must"
        return
    assert set(done.values()) == {1}, f"{done} after a kill at {name} ({dead})"
    assert command.state == State.CONFIRMED, f"{command.state}: {command.error} {command.shown}"
    assert not CommandItem.objects.filter(in_flight=True).exists()


@pytest.mark.parametrize("name", points.names_of_writes())
def test_each_point_is_reached_by_some_write(sims: Any, name: str) -> None:
    visits: Counter[str] = Counter()
    faultpoints.hook = lambda point: visits.update((point,))
    try:
        for title, scene in SCENES.items():
            _, vendor, body = set_up(sims, scene)
            made = asking.ask(vendor, scene.verb, body, key=title)
            go_on(made[0].pk)
            if visits[name]:
                return
        Command.objects.update(state=State.SENDING, owner="")
        writes.sweep(60)
        (refused,) = asking.ask(vendor, "cancel_line", {"line": "0", "reason": "out_of_stock"})
        sending.send(refused.pk)
    finally:
        faultpoints.hook = None
    assert visits[name], f"{name} is never reached: it proves nothing"
