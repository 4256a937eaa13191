"""A vendor folder with its simulator served, and the hub connected to it."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from integrations import connecting, paging, sync
from integrations.models import SyncRun, Trigger, Vendor
from integrations.service import Rate, VendorService, service_class
from integrations.simulator import Server
from integrations.simulator.vendor import Simulator

MOST_SLICES = 200


@dataclass(frozen=True)
class Party:
    """Both sides. `slug` is the connection the checks use; another one gives a second connection to the same account.

    rate: what the vendor declares. The checks do not wait for it, but for the one that is about it.
    """

    kind: str
    service: type[VendorService]
    simulator: Simulator
    patch: pytest.MonkeyPatch
    rate: Rate
    slug: str = "contract"

    def connected(self, page: int | None = None, **changes: Any) -> Vendor:
        """The connection, made or updated; only secrets that equal the token are given, so that no other brings one back."""
        given = self.simulator.connections()[0]
        secrets = {name: value for name, value in given["secrets"].items() if value == self.simulator.token}
        options = {**given["options"], **self.simulator.reading_all(page)}
        known = {"base_url": given["base_url"], "options": options, "secrets": secrets}
        return connecting.connect(self.kind, self.slug, **{**known, **changes})

    def other(self, slug: str) -> "Party":
        return replace(self, slug=slug)

    def run(self, flow: str, vendor: Vendor | None = None, **options: Any) -> SyncRun:
        """One flow to its end, as the database has it then."""
        done = sync.run(vendor or self.vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None, **options)
        assert done is not None, f"{flow}: another process seems to run it"
        return SyncRun.objects.get(pk=done.pk)

    @property
    def vendor(self) -> Vendor:
        return Vendor.objects.get(slug=self.slug)

    def prepare(self, flow: str) -> None:
        """Run what the flow needs to be run before it."""
        for needed in self.service.flows[flow].needs:
            self.prepare(needed)
            done = self.run(needed)
            assert done.state == SyncRun.State.OK, f"{needed}, which {flow} needs, ended {done.state}: {done.error}"

    def run_in_slices(self, flow: str) -> SyncRun:
        """One flow in as many slices as it has pages."""
        with self.patch.context() as patch:
            patch.setattr(sync, "stopping", lambda: True)
            for _ in range(MOST_SLICES):
                done = sync.run(self.vendor, flow, Trigger.COMMAND_LINE)
                assert done is not None, f"{flow}: a parked run was not taken up again"
                found = SyncRun.objects.get(pk=done.pk)
                if found.state != SyncRun.State.RUNNING:
                    return found
        raise AssertionError(f"{flow}: not at its end after {MOST_SLICES} slices; a page's position does not lead on")

    def pages_of(self, rows: int) -> None:
        """Lists that come in one answer are handled so many rows at a time."""
        defaults: Any = paging.whole_list.__kwdefaults__
        self.patch.setitem(defaults, "size", rows)


@contextmanager
def served(kind: str, patch: pytest.MonkeyPatch, *, seed: str = "tiny") -> Iterator[Party]:
    """The vendor's simulator on a real socket. A mistake inside the simulator fails the check that made it."""
    module = importlib.import_module(f"integrations.services.{kind}.simulator")
    simulator: Simulator = module.Simulator(seed=seed)
    simulator.lift_limits()
    patch.setattr("integrations.http.client.FIRST_PAUSE", 0.01)  # tries follow each other at once
    service = service_class(kind)
    rate = service.rate
    patch.setattr(service, "rate", replace(rate, seconds=0.0))
    with Server(simulator) as server:
        yield Party(kind, service, simulator, patch, rate)
    assert server.errors == [], "the simulator itself failed: " + "\n".join(server.errors)
