"""Faults 16, 17, 20: the database restarts, ends our session, loses the answer to a COMMIT, finds a deadlock, or is written by two.

The run goes on in the same process from its stored row; nobody restarts a worker, and nothing is stored or counted twice.
"""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from catalog.models import PriceChange, StockChange
from integrations import faultpoints, outage, sweeping, sync
from integrations.models import ApiCall, SyncRun, Trigger, Vendor
from integrations.simulator import Simulator
from tests import servers
from tests.faults import invariants, points
from tests.faults.forking import at_once
from tests.faults.test_kill import SCENES, Stage, flows, purge
from tests.faults.test_kill import stage as stage  # the fixture

COUNTS = ("state", "seen", "created", "updated", "unchanged", "rejected", "gone", "held", "takeovers")


class Breaker:
    """Does something at the nth visit of a point, once."""

    def __init__(self, name: str, hit: int, do: Callable[[], None]) -> None:
        self.name, self.left, self.do = name, hit, do

    def __call__(self, name: str) -> None:
        if name == self.name:
            self.left -= 1
            if not self.left:
                self.do()

    def __enter__(self) -> "Breaker":
        faultpoints.hook = self
        return self

    def __exit__(self, *_: object) -> None:
        faultpoints.hook = None


def end_session() -> None:
    """The server ends our session, as an administrator or a failover does. SQLite has no server: its error is raised."""
    if connection.vendor == "postgresql":
        with psycopg.connect(**outside()) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [own_pid()])
    else:
        raise OperationalError("database is locked")


def outside() -> dict[str, Any]:
    given = connection.get_connection_params()
    return {name: given[name] for name in ("host", "port", "dbname", "user", "password") if given.get(name)}


def own_pid() -> int:
    assert connection.connection is not None
    return int(connection.connection.info.backend_pid)


def refuse(code: str) -> Callable[[], None]:
    """The server itself reports this error on our session, and our transaction is lost."""

    def do() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'made by the test' USING ERRCODE = '{code}'; END $$")

    return do


def figures(run: SyncRun | None) -> dict[str, Any]:
    assert run is not None
    stored = SyncRun.objects.get(pk=run.pk)
    return {name: getattr(stored, name) for name in COUNTS}


def ran(vendor: Vendor, flow: str) -> SyncRun | None:
    return sync.run(vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None)


@pytest.fixture
def healthy(stage: Stage) -> Callable[[str], tuple[dict[str, Any], int, invariants.Picture]]:
    """Of a scene without a fault: the run's figures, how many calls it took, what is stored."""
    known: dict[str, Any] = stage.__dict__.setdefault("healthy", {})

    def of(title: str) -> tuple[dict[str, Any], int, invariants.Picture]:
        if title not in known:
            scene = SCENES[title]
            vendor, sim = stage.set(scene)
            told = figures(ran(vendor, scene.flow))
            known[title] = told, sim.ledger.requests, invariants.clean_picture(vendor, sim, flows(scene))
            purge()
        found: tuple[dict[str, Any], int, invariants.Picture] = known[title]
        return found

    return of


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "name", [n for n in points.names() if n not in ("lease.taken_over", "run.parked", "failure.told")]
)
@pytest.mark.parametrize("title", ["elko-products-news", "elryan-variants"])
def test_a_session_that_ends_costs_at_most_one_page(stage: Stage, healthy: Any, title: str, name: str) -> None:
    told, asked, expected = healthy(title)
    scene = SCENES[title]
    vendor, sim = stage.set(scene)
    with Breaker(name, 1, end_session):
        done = ran(vendor, scene.flow)
    assert figures(done) == told
    assert sim.ledger.requests - asked <= scene.calls
    invariants.assert_invariants(vendor, sim, flows=flows(scene), expected=expected, killed=True)


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("code", ["40P01", "40001", "57P01", "53300"])
def test_deadlocks_and_conflicts_are_tried_again(stage: Stage, healthy: Any, code: str) -> None:
    """40P01 deadlock, 40001 serialization, 57P01 administrator's shutdown, 53300 too many connections."""
    title = "elko-products-news"
    told, _, expected = healthy(title)
    vendor, sim = stage.set(SCENES[title])
    with Breaker("rows.mirrored", 2, refuse(code)):
        done = ran(vendor, "products")
    assert figures(done) == told
    assert (PriceChange.objects.count(), StockChange.objects.count()) == (1, 1), "a change is told once"
    invariants.assert_invariants(vendor, sim, flows=["products"], expected=expected, killed=True)


# -- a server of our own


@pytest.fixture(scope="module")
def cluster() -> Iterator[servers.Cluster]:
    with servers.cluster() as server:
        yield server


@contextmanager
def at(port: int) -> Iterator[None]:
    """Django's connection, on that port of this machine."""
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(HOST="127.0.0.1", PORT=str(port), NAME="postgres", USER="postgres", PASSWORD="")
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


@pytest.fixture
def own(cluster: servers.Cluster, stage: Stage, transactional_db: None) -> Iterator[servers.Cluster]:
    with at(cluster.port):
        call_command("migrate", verbosity=0)
        try:
            yield cluster
        finally:
            purge()


@pytest.mark.slow
@pytest.mark.postgres_only
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
@pytest.mark.parametrize("name", ["request.sent", "rows.mirrored", "page.before_commit", "page.after_commit"])
def test_a_restart_of_the_server_needs_no_restart_of_ours(
    own: servers.Cluster, stage: Stage, name: str, how: signal.Signals
) -> None:
    title = "elryan-orders"
    scene = SCENES[title]
    vendor, sim = stage.set(scene)
    told = figures(ran(vendor, scene.flow))
    asked = sim.ledger.requests
    purge()

    def restart() -> None:
        own.stop(how)
        threading.Timer(0.5, own.start).start()  # for a while there is no server at all

    vendor, sim = stage.set(scene)
    with Breaker(name, 2, restart):
        done = ran(vendor, scene.flow)
    assert figures(done) == told
    assert sim.ledger.requests - asked <= scene.calls
    invariants.assert_invariants(vendor, sim, flows=flows(scene), killed=True)


@pytest.mark.slow
@pytest.mark.postgres_only
def test_a_server_that_stays_away_ends_the_task_and_the_sweep_goes_on(
    own: servers.Cluster, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage.Patience, "__init__", lambda self: outage_of(self, 1.0))
    scene = SCENES["elryan-orders"]
    vendor, sim = stage.set(scene)
    with Breaker("page.before_commit", 2, own.stop), pytest.raises(OperationalError):
        ran(vendor, scene.flow)
    own.start()
    run = SyncRun.objects.get()
    assert (run.state, run.pages) == (SyncRun.State.RUNNING, 1)
    assert sweeping.sweep().orphans == 0, "its lease still runs"
    SyncRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert sweeping.sweep().orphans == 1
    done = sweeping.go_on(run.pk)
    assert done is not None
    invariants.assert_invariants(vendor, sim, flows=flows(scene), killed=True)


def outage_of(patience: outage.Patience, seconds: float) -> None:
    patience._in_all = seconds
    patience.rest()


class Proxy:
    """Between us and the server; `cut` decides what becomes of the next COMMIT: lost on its way, or its answer is."""

    def __init__(self, port: int) -> None:
        self.upstream = port
        self.cut = ""
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._link, args=(client,), daemon=True).start()

    def _link(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self.upstream))
        lost = threading.Event()
        threading.Thread(target=self._answers, args=(server, client, lost), daemon=True).start()
        with suppress(OSError):
            while data := client.recv(65536):
                if self.cut and b"COMMIT" in data:
                    how, self.cut = self.cut, ""
                    self.cuts += 1
                    if how == "on its way":
                        break
                    lost.set()
                server.sendall(data)
        for end in (client, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    @staticmethod
    def _answers(server: socket.socket, client: socket.socket, lost: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if lost.is_set():
                    client.shutdown(socket.SHUT_RDWR)  # it was done, and we shall not hear of it
                    return
                client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


@pytest.mark.slow
@pytest.mark.postgres_only
@pytest.mark.parametrize("how", ["on its way", "its answer"])
@pytest.mark.parametrize("name", ["page.before_commit", "cursor.saved", "rows.staged"])
def test_a_commit_without_an_answer_is_looked_up(own: servers.Cluster, stage: Stage, name: str, how: str) -> None:
    scene = SCENES["elko-products-news"]
    vendor, sim = stage.set(scene)
    told = figures(ran(vendor, scene.flow))
    asked = sim.ledger.requests
    purge()
    with closing(Proxy(own.port)) as proxy, at(proxy.port):
        vendor, sim = stage.set(scene)
        with Breaker(name, 1, lambda: setattr(proxy, "cut", how)):
            done = ran(vendor, scene.flow)
        assert proxy.cuts == 1
        assert figures(done) == told
        assert sim.ledger.requests - asked <= scene.calls
        assert (PriceChange.objects.count(), StockChange.objects.count()) == (1, 1), "a change is told once"
        invariants.assert_invariants(vendor, sim, flows=flows(scene), killed=True)


# -- SQLite


@pytest.mark.sqlite_only
@pytest.mark.django_db(transaction=True)
def test_two_processes_write_together_without_one_locked_database(stage: Stage) -> None:
    """Fault 20: while one runs a flow, the other reads and writes in one transaction, again and again."""
    vendor, sim = stage.set(SCENES["elko-products-first"])
    calls = ApiCall.objects.count()

    def sync_products() -> bool:
        done = sync.run(vendor, "products", Trigger.COMMAND_LINE, slice_seconds=None)
        return done is not None and done.state == SyncRun.State.OK

    def write_500() -> bool:
        for number in range(500):
            with transaction.atomic():  # what fails at once under SQLite's deferred transactions
                ApiCall.objects.filter(vendor_id=vendor.pk).count()
                ApiCall.objects.create(vendor=vendor, method="GET", path=f"/{number}", at=timezone.now())
        return True

    assert at_once([sync_products, write_500, write_500]) == [0, 0, 0], "one of them met an error"
    assert ApiCall.objects.count() - calls >= 1001
    invariants.assert_invariants(vendor, sim, flows=["products"])


def test_simulators_are_healthy(stage: Stage) -> None:
    assert all(isinstance(sim, Simulator) for sim in stage.sims.values())
    assert not stage.server.errors
