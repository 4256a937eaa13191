"""One simulated vendor on a real socket with a connection to it, for tests that break something and see it mend."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from integrations import connecting, sweeping, sync
from integrations.models import Schedule, SyncRun, Trigger, Vendor
from integrations.services.elko.simulator import Simulator as Elko
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Server, Simulator
from tests.faults.invariants import assert_invariants

State = SyncRun.State
PATHS = {
    "elko": {"products": "/Catalog/Products", "orders": "/Orders", "brands": "/Catalog/Vendors"},
    "elryan": {
        "products": "/products/search",
        "orders": "/orders/search",
        "brands": "/brands/search",
        "variants": "/variants/search",
        "categories": "/categories/search",
    },
}


@dataclass
class Rig:
    simulator: Any
    vendor: Vendor

    @property
    def kind(self) -> str:
        return self.vendor.kind

    def path(self, flow: str) -> str:
        return PATHS[self.kind][flow]

    def run(self, flow: str, **options: Any) -> SyncRun:
        """One whole run, as from the command line."""
        done = sync.run(self.fresh(), flow, Trigger.COMMAND_LINE, slice_seconds=None, **options)
        assert done is not None
        return SyncRun.objects.get(pk=done.pk)

    def good(self, *flows: str) -> None:
        for flow in flows:
            done = self.run(flow)
            assert done.state == State.OK, f"{flow}: {done.state} {done.error} {done.note}"

    def scheduled(self, flow: str) -> SyncRun | None:
        """What the schedule's own hint does: a run, or none when it is not due or the circuit is open."""
        done = sweeping.run_if_due(self.vendor.pk, flow)
        return done and SyncRun.objects.get(pk=done.pk)

    def make_due(self, *flows: str) -> None:
        """The time of these flows has come."""
        Schedule.objects.filter(vendor=self.vendor, flow__in=flows).update(due_at=timezone.now(), enabled=True)

    def time_passes(self) -> None:
        """What the circuit and the budget wait for has come."""
        from integrations.models import RateSlot

        past = timezone.now() - timedelta(seconds=1)
        Vendor.objects.filter(pk=self.vendor.pk, blocked_until__gt=past).update(blocked_until=past)
        Schedule.objects.filter(vendor=self.vendor).update(due_at=past)
        RateSlot.objects.filter(number=-1).update(free_at=past)

    def fresh(self) -> Vendor:
        return Vendor.objects.get(pk=self.vendor.pk)

    def calls(self, path: str | None = None) -> int:
        return len(self.simulator.ledger.asked(path))

    def hold(self, *flows: str, **more: Any) -> None:
        """The four invariants, after the faults are gone and each flow ran once more."""
        self.simulator.clear_faults()
        for flow in flows:
            done = self.run(flow)
            assert done.state in (State.OK, State.PARTIAL, State.HELD), f"{flow}: {done.error}"
        assert_invariants(self.vendor, self.simulator, flows=flows, **more)


def simulator_of(kind: str) -> type[Simulator]:
    return {"elko": Elko, "elryan": Elryan}[kind]


@contextmanager
def rig(kind: str, *, seed: str = "tiny", size: int | None = None, **options: Any) -> Iterator[Rig]:
    """A simulator served, and a connection to it whose flows are all confirmed."""
    simulator = simulator_of(kind)(seed=seed, size=size)
    with Server(simulator):
        yield Rig(simulator, connected(simulator, f"{kind}-main", **options))


def connected(simulator: Simulator, slug: str, **options: Any) -> Vendor:
    given = simulator.connections()[0]
    return connecting.connect(
        simulator.kind,
        slug,
        base_url=given["base_url"],
        options={**given["options"], **options},
        secrets=given["secrets"],
    )
