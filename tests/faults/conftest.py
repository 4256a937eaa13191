"""What the fault tests share: simulators on real sockets, and connections to them."""

from collections.abc import Iterator

import pytest

from integrations.services.elko.simulator import Simulator as Elko
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Server


@pytest.fixture
def elko() -> Iterator[Elko]:
    with Server(sim := Elko(seed="tiny")):
        yield sim


@pytest.fixture
def elryan() -> Iterator[Elryan]:
    with Server(sim := Elryan(seed="tiny")):
        yield sim
