"""A served kvik.shop, and a database for its bridge."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from integrations.services.kvik.simulator import Simulator
from integrations.simulator import Server
from tests import servers

if TYPE_CHECKING:
    from integrations.services.kvik.tests.bridges import Table


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for the call budget, whose own tests are elsewhere."""
    from integrations.service import Rate  # a conftest is read before Django is set up
    from integrations.services.kvik.service import Service

    monkeypatch.setattr(Service, "rate", Rate(50, seconds=0.5))


@pytest.fixture
def tiny() -> Iterator[Simulator]:
    """Five orders with what a hub has to bear."""
    simulator = Simulator(seed="tiny")
    with Server(simulator) as server:
        yield simulator
    assert server.errors == []


@pytest.fixture
def shop() -> Iterator[Simulator]:
    """Forty orders of a month."""
    simulator = Simulator(size=40)
    with Server(simulator) as server:
        yield simulator
    assert server.errors == []


@pytest.fixture(scope="session")
def server() -> Iterator[servers.MariaDB]:
    """One for all tests of the group "mariadb", which one process runs."""
    with servers.mariadb() as found:
        yield found


@pytest.fixture
def table(server: servers.MariaDB) -> "Iterator[Table]":
    from integrations.services.kvik.tests.bridges import Table  # a conftest is read before Django is set up

    found = Table(server)
    found.fresh(server)
    yield found
    found.link.close()
