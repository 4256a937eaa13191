"""A served simulator, and runs against it from call to database."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from integrations.services.elko.simulator import Simulator
from integrations.simulator import Server

if TYPE_CHECKING:  # models can be imported when Django is set up, which is later than this
    from integrations.models import SyncRun, Vendor


@pytest.fixture
def sim() -> Iterator[Simulator]:
    simulator = Simulator(seed="tiny")
    simulator.limit = 10_000  # the call window has its own tests; here it would only take time
    with Server(simulator) as server:
        yield simulator
    assert server.errors == []


@pytest.fixture
def connected(sim: Simulator, transactional_db: None) -> "Callable[..., Vendor]":
    """connected("ua", lang="UA"): a connection of that layout with these options."""
    from integrations import connecting

    def connect(layout: str = "eu", **options: Any) -> "Vendor":
        given = sim.connections()[layout == "ua"]
        return connecting.connect(
            "elko",
            f"elko-{layout}",
            base_url=given["base_url"],
            options={**given["options"], **options},
            secrets=given["secrets"],
        )

    return connect


@pytest.fixture
def run() -> "Callable[..., SyncRun]":
    """run(vendor, "products"): to its end, as the database has it then."""
    from integrations import sync
    from integrations.models import SyncRun, Trigger

    def to_the_end(vendor: "Vendor", flow: str, **options: Any) -> "SyncRun":
        done = sync.run(vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None, **options)
        assert done is not None
        return SyncRun.objects.get(pk=done.pk)

    return to_the_end
