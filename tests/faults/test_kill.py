"""Fault 1: SIGKILL at every point of the way in that the code names, in every kind of flow, the first time and a later time.

A forked process does the work and kills itself; this one takes over at once, as the sweep does, and must end with what a run
that nobody killed brings, without asking the vendor for more than one page again.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command

from catalog.models import Variant
from integrations import connecting, faultpoints, paging, sweeping, sync
from integrations.models import SyncRun, Trigger, Vendor
from integrations.services.elko.simulator import Simulator as Elko
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Server, Simulator
from tests.faults import invariants, points
from tests.faults.forking import Killer, died

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@dataclass(frozen=True)
class Scene:
    """A flow, what has come before, and what the vendor changes before the run that is killed."""

    kind: type[Simulator]
    flow: str
    before: tuple[str, ...] = ()
    change: Callable[[Any], None] = lambda _: None
    options: tuple[tuple[str, Any], ...] = ()
    calls: int = 1  # a step costs
    refused: bool = False  # the token is dead: the run fails, and goes well once there is another
    both: bool = True  # on both databases; else it writes as another scene does, and its way to the vendor is its own


def news(elko: Elko) -> None:
    """Of everything something: a new price, a row gone, one sold out, one new, one unreadable."""
    first, second, third, fourth = [
        row for row in elko.truth("products") if row["quantity"].isdigit() and row["quantity"] != "0"
    ][:4]
    elko.change("products", first["id"], price=round(first["price"] * 1.1, 2))
    elko.remove("products", second["id"])
    elko.change("products", third["id"], quantity="0")
    elko.change("products", fourth["id"], price="twelve")
    elko.insert_front("products")


def watch_all(vendor: Vendor) -> None:
    Variant.objects.filter(vendor=vendor).update(watched=True)


SCENES = {
    "elko-products-first": Scene(Elko, "products"),
    "elko-products-news": Scene(Elko, "products", ("products",), news),
    "elko-availability": Scene(Elko, "availability", ("products",), options=(("batch", 4),)),
    "elko-details": Scene(Elko, "details", ("products",), options=(("batch", 4),), calls=3, both=False),
    "elko-orders": Scene(Elko, "orders", ("products",), both=False),
    "elko-refused": Scene(Elko, "orders", ("products",), refused=True),
    # The step behind the last row asks whether that was the end, and whether the front has moved.
    "elryan-orders": Scene(Elryan, "orders", options=(("page_length", 2),), calls=2),
    "elryan-variants": Scene(Elryan, "variants", options=(("page_length", 2),), calls=2, both=False),
}


class Stage:
    """One simulator for each kind, back at its first state for every case."""

    def __init__(self) -> None:
        self.sims: dict[type[Simulator], Simulator] = {kind: kind(seed="tiny") for kind in (Elko, Elryan)}
        self.server = Server(*self.sims.values())
        self.clean: dict[str, tuple[Counter[str], int, invariants.Picture]] = {}

    def set(self, scene: Scene) -> tuple[Vendor, Simulator]:
        sim = self.sims[scene.kind]
        sim.token = f"{sim.kind}-sandbox-token"
        sim.reset()
        given = sim.connections()[0]
        vendor = connecting.connect(
            sim.kind,
            sim.kind,
            base_url=given["base_url"],
            options={**given["options"], **dict(scene.options)},
            secrets={"token": str(sim.token)},
        )
        for flow in scene.before:
            done = sync.run(vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None)
            assert done is not None
            assert done.state == SyncRun.State.OK, done.error
        watch_all(vendor)
        scene.change(sim)
        sim.ledger.clear()
        if scene.refused:
            sim.token = None
        return vendor, sim

    def rehearsed(self, name: str) -> tuple[Counter[str], int, invariants.Picture]:
        """The same without a kill, once: how often each point is visited, what was asked, what is stored at the end."""
        if name not in self.clean:
            scene = SCENES[name]
            vendor, sim = self.set(scene)
            visits: Counter[str] = Counter()
            faultpoints.hook = lambda point: visits.update((point,))
            try:
                play(vendor, scene.flow)
            finally:
                faultpoints.hook = None
            asked = sim.ledger.requests
            mend(vendor, sim, scene)
            self.clean[name] = visits, asked, invariants.clean_picture(vendor, sim, flows(scene))
            purge()
        return self.clean[name]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    stage = Stage()
    sizes: Any = paging.whole_list.__kwdefaults__
    with pytest.MonkeyPatch.context() as patch, stage.server:
        patch.setitem(sizes, "size", 4)  # three pages of eleven rows
        yield stage


def flows(scene: Scene) -> list[str]:
    return [*scene.before, scene.flow]


def play(vendor: Vendor, flow: str) -> None:
    """A run in two slices: it parks after its first page and is gone on with."""
    run = sync.run(vendor, flow, Trigger.SCHEDULE, slice_seconds=0)
    while run is not None and run.state == SyncRun.State.RUNNING:
        run = sweeping.go_on(run.pk)


def take_over(vendor: Vendor, flow: str) -> SyncRun:
    """What the sweep does with a run whose owner is dead: at once, without waiting for a lease to run out."""
    run = SyncRun.objects.filter(vendor=vendor, flow=flow).latest("pk")
    lying = run.state == SyncRun.State.RUNNING
    assert sweeping.sweep().orphans == lying, f"{run.owner} is dead, and nobody notices"
    if lying:
        done = sweeping.go_on(run.pk)
        assert done is not None
        run = done
    return SyncRun.objects.get(pk=run.pk)


def mend(vendor: Vendor, sim: Simulator, scene: Scene) -> None:
    """The refused one gets a new token; its next run goes well."""
    if not scene.refused:
        return
    sim.token = "another-token-of-the-vendor"
    connecting.connect(sim.kind, vendor.slug, secrets={"token": sim.token})
    sync.run(Vendor.objects.get(pk=vendor.pk), scene.flow, Trigger.COMMAND_LINE, slice_seconds=None)


@pytest.mark.parametrize("name", points.names())
@pytest.mark.parametrize(
    "title", [pytest.param(t, marks=[] if scene.both else [pytest.mark.sqlite_only]) for t, scene in SCENES.items()]
)
def test_a_kill_costs_at_most_one_page(stage: Stage, title: str, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    scene = SCENES[title]
    visits, asked, expected = stage.rehearsed(title)
    for hit in sorted({1, visits[name]} if visits[name] else ()):
        vendor, sim = stage.set(scene)
        assert died(partial(play, vendor, scene.flow), Killer(name, hit)), f"{name} was not reached {hit} times"
        done = take_over(vendor, scene.flow)
        assert done.state in ((SyncRun.State.FAILED,) if scene.refused else invariants.GOOD), done.error
        again = sim.ledger.requests - asked
        assert again <= scene.calls, f"{again} calls more than without a kill"
        refused = Vendor.objects.filter(pk=vendor.pk, state=Vendor.State.NEEDS_AUTH).exists()
        assert refused == scene.refused, "what a failure means for the whole account is kept with it"
        mend(vendor, sim, scene)

        told = capfd.readouterr()
        invariants.assert_invariants(
            vendor, sim, flows=flows(scene), expected=expected, killed=True, logs=[told.out, told.err],
            secrets=["elko-sandbox-token"],
        )  # fmt: skip
        purge()


def purge() -> None:
    call_command("flush", verbosity=0, interactive=False, reset_sequences=False, inhibit_post_migrate=True)


@pytest.mark.parametrize("name", points.names())
def test_each_point_is_reached_by_some_flow(stage: Stage, name: str) -> None:
    played = [title for title, scene in SCENES.items() if scene.both]
    assert any(stage.rehearsed(title)[0][name] for title in played), f"{name} is never reached: it proves nothing"
