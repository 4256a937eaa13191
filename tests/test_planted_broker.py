"""A real worker and beat over a real Redis-compatible server: all that ever passes through it, lies in it, is said and is seen of it.

Every secret holds the word the whole suite is watched for, the broker's own password, the keys and the mail server's among them.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
import redis

from integrations import asking, connecting
from integrations.models import Schedule, SyncRun, Vendor
from integrations.services.elko.simulator import Simulator as Elko
from integrations.services.elryan.simulator import Simulator as Elryan
from tests import dumps
from tests.browser import planted
from tests.secrets_watch import WORD, watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.sqlite_only, pytest.mark.broker]
ROOT = Path(__file__).resolve().parent.parent
PASSWORD = f"broker-{WORD}"
PATIENCE = 90.0  # seconds
QUESTIONS = """
from tests.loud_worker import app
of = app.control.inspect(timeout=30, limit=1)
said = [of.conf(with_defaults=True), of.report(), of.stats(), of.active(), of.reserved(), of.scheduled(),
        of.registered("args", "kwargs"), of.active_queues(), of.revoked()]
print(said)
assert all(said[:4])
"""


class Tap(Thread):
    """Everything a Redis-compatible server is told, from its own MONITOR."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        place = urlsplit(url)
        self.line = socket.create_connection((place.hostname or "", place.port or 0))
        for words in (("AUTH", unquote(place.password or "")), ("MONITOR",)):
            spelled = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
            self.line.sendall(f"*{len(words)}\r\n{spelled}".encode())
            assert self.line.recv(100) == b"+OK\r\n"
        self.heard = b""

    def run(self) -> None:
        with suppress(OSError):
            while part := self.line.recv(1 << 16):
                self.heard += part

    def end(self) -> bytes:
        self.line.shutdown(socket.SHUT_RDWR)
        self.join(10)
        self.line.close()
        return self.heard


@dataclass(frozen=True)
class Broker:
    """A server with a password; what fails shows the arguments of a test."""

    url: str = field(repr=False)


@pytest.fixture
def broker(valkey_url: str) -> Iterator[Broker]:
    """Empty, and with a password."""
    client = redis.Redis.from_url(valkey_url)
    client.flushall()
    client.config_set("requirepass", PASSWORD)
    known = redis.Redis.from_url(valkey_url, password=PASSWORD)
    try:
        yield Broker(valkey_url.replace("redis://", f"redis://:{quote(PASSWORD, safe='')}@"))
    finally:
        known.config_set("requirepass", "")
        known.flushall()


@pytest.fixture
def environment(broker: Broker, settings: Any) -> dict[str, str]:
    settings.HUB_KEYS = [planted.ENVIRONMENT["HUB_KEYS"]]
    kept = {name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_WORKER"}
    return kept | planted.ENVIRONMENT | {
        "DATABASE_URL": dumps.url(), "CELERY_BROKER_URL": broker.url, "HUB_VAR": str(settings.VAR), "HUB_SWEEP_SECONDS": "1",
        "HUB_LEASE_SECONDS": "5", "LOG_LEVEL": "DEBUG", "LOUD_BREAK": "page.sorted",
    }  # fmt: skip


class Yard:
    """Processes of the hub's own; all are gone when it ends."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"said-{command[0]}").open("ab") as out:
            whole = [sys.executable, "-m", "celery", "-A", "tests.loud_worker", *command, "-l", "DEBUG"]
            process = subprocess.Popen(
                whole, cwd=ROOT, env=self.environment, stdout=out, stderr=out, start_new_session=True
            )
        self.running.append(process)
        return process

    def end(self) -> None:
        for process in self.running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def yard(tmp_path: Path, environment: dict[str, str]) -> Iterator[Yard]:
    made = Yard(tmp_path, environment)
    try:
        yield made
    finally:
        made.end()


def until(what: Callable[[], Any], say: str) -> Any:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.2)
    raise AssertionError(f"{say}: not within {PATIENCE:.0f} s")


def connected(simulators: list[Any]) -> list[Vendor]:
    made = []
    for simulator in simulators:
        given = simulator.connections()[0]
        made.append(
            connecting.connect(simulator.kind, simulator.kind, base_url=given["base_url"], options=given["options"],
                               secrets=given["secrets"], writes="on")
        )  # fmt: skip
    return made


def asked_of_celery(environment: dict[str, str]) -> str:
    """What a worker says of itself to whoever may ask it."""
    done = subprocess.run(
        [sys.executable, "-c", QUESTIONS], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, "nobody answers"
    return done.stdout + done.stderr


def test_nothing_that_passes_a_broker_holds_a_secret(broker: Broker, yard: Yard, elko: Elko, elryan: Elryan) -> None:
    tap = Tap(broker.url)
    tap.start()
    vendors = connected([elko, elryan])
    elryan.fault("echo", times=3, code=500, how="html")
    worker = yard.start("worker", "-Q", "live,bulk", "-c", "2", "-E")
    yard.start("beat", "--pidfile=", "-s", str(yard.folder / "schedule"))
    wanted = Schedule.objects.filter(enabled=True).count()
    ended = SyncRun.objects.exclude(state__in=["queued", "running"])
    until(lambda: ended.values("vendor", "flow").distinct().count() == wanted, "every flow has run")
    assert ended.filter(error__contains="broken on purpose").exists()

    held = elko.fault("hold", "/Catalog/Products", times=1)
    asking.ask(vendors[0], "products")
    assert held.reached.wait(PATIENCE), "a task is under way"
    watch.see("what a worker says of itself", asked_of_celery(yard.environment))
    for process in yard.running:
        assert planted.seen(process.pid, {*planted.GIVEN, "CELERY_BROKER_URL"}) == []
    os.killpg(worker.pid, signal.SIGKILL)
    elko.faults.let_go()

    elko.fault("echo", code=401, place="headers")
    yard.start("worker", "-Q", "live,bulk", "-c", "1", "-E")
    until(lambda: Vendor.objects.filter(pk=vendors[0].pk, state="needs_auth").exists(), "refused")
    client = redis.Redis.from_url(broker.url)
    until(lambda: client.hlen("unacked"), "what the killed one had is still there")
    watch.see_valkey(broker.url)
    yard.end()
    heard = tap.end()
    for told in (b"celery-task-meta-", b"unacked_index", b"celeryev", b"_kombu.binding.live"):
        assert told in heard, told
    watch.see_bytes("what the broker was told", heard)
    said = {path.name: path.read_bytes() for path in yard.folder.iterdir()}
    assert b"integrations.tasks.continue_run" in said["said-worker"]
    assert b"no longer accepts" in said["said-worker"] or b"Subject:" in said["said-worker"], "a mail was printed"
    for name, data in said.items():
        watch.see_bytes(f"the file {name}", data)
