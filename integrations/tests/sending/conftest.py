"""A simulated Elryan, a connection that may write to it, a worker, and a database that goes away at a step."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from integrations import faultpoints
from integrations.services.elryan.simulator import Simulator as Elryan

if TYPE_CHECKING:  # models can be imported when Django is set up, which is later than this
    from integrations.models import Vendor
    from integrations.tests.worker import Worker


@pytest.fixture
def vendor(elryan: Elryan) -> "Vendor":
    from integrations.tests.sending.acts import write
    from tests.faults.rig import connected

    return write(connected(elryan, "elryan-iq"), "on")


@pytest.fixture
def worker() -> "Worker":
    from integrations.tests.worker import Worker

    return Worker()


@pytest.fixture
def refusing() -> Iterator[Callable[[str], None]]:
    """refusing("request.sent"): from that step on the database is away for one statement."""
    from tests.torture.plug import end_session

    def at(point: str) -> None:
        def hook(name: str) -> None:
            if name == point:
                faultpoints.hook = None
                end_session()

        faultpoints.hook = hook

    yield at
    faultpoints.hook = None
