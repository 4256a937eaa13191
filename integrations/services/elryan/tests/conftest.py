"""A served Elryan."""

from collections.abc import Iterator

import pytest

from integrations.services.elryan.simulator import Simulator
from integrations.simulator import Server


@pytest.fixture
def tiny() -> Iterator[Simulator]:
    """A handful of rows with every documented oddity."""
    simulator = Simulator(seed="tiny")
    with Server(simulator) as server:
        yield simulator
    assert server.errors == []


@pytest.fixture
def demo() -> Iterator[Simulator]:
    """A merchant's size: 120 products, 160 order lines."""
    simulator = Simulator(seed="demo")
    with Server(simulator) as server:
        yield simulator
    assert server.errors == []
