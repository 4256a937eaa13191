"""A served API2Cart account with its three stores, connections to them, and runs from call to database."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from integrations.services.api2cart.simulator import Simulator
from integrations.simulator import Server

if TYPE_CHECKING:  # models can be imported when Django is set up, which is later than this
    from integrations.models import SyncRun, Vendor

STORES = ("boutique", "depot", "bazaar")


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A handful of rows in each store."""
    simulator = Simulator(seed="tiny")
    with Server(simulator) as server:
        yield simulator
    assert server.errors == []


@pytest.fixture
def connected(sim: Simulator, transactional_db: None) -> "Callable[..., Vendor]":
    """connected("depot", page_size=2): a connection to that store with these options."""
    from integrations import connecting

    def connect(store: str = "boutique", secrets: dict[str, str] | None = None, **options: Any) -> "Vendor":
        given = sim.connections()[STORES.index(store)]
        return connecting.connect(
            "api2cart",
            f"shop-{store}",
            base_url=given["base_url"],
            options={**given["options"], **options},
            secrets=given["secrets"] if secrets is None else secrets,
        )

    return connect


@pytest.fixture
def run() -> "Callable[..., SyncRun]":
    """run(vendor, "products"): to its end, as the database has it then."""
    from integrations import sync
    from integrations.models import SyncRun, Trigger

    def to_the_end(vendor: "Vendor", flow: str, **options: Any) -> "SyncRun":
        done = sync.run(vendor, flow, Trigger.COMMAND_LINE, **{"slice_seconds": None, **options})
        assert done is not None
        return SyncRun.objects.get(pk=done.pk)

    return to_the_end
