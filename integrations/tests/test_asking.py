"""What an operator asks for is kept in the database, runs once, waits for its turn, and survives a lost hint."""

from collections.abc import Iterator

import pytest

from integrations import asking, connecting, sweeping, sync, tasks
from integrations.models import SyncRun, Vendor
from integrations.services.elko.simulator import Simulator
from integrations.simulator import Server
from integrations.tests.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elko() -> Iterator[Simulator]:
    sim = Simulator(seed="tiny")
    with Server(sim):
        yield sim


@pytest.fixture
def vendor(elko: Simulator) -> Vendor:
    given = elko.connections()[0]
    return connecting.connect(
        "elko", "elko-test", base_url=given["base_url"], options=given["options"], secrets=given["secrets"]
    )


@pytest.fixture
def worker() -> Worker:
    return Worker()


def test_a_wish_is_a_row_before_it_is_a_hint_and_is_not_written_twice(vendor: Vendor, worker: Worker) -> None:
    run = asking.ask(vendor, "products", mode=SyncRun.Mode.FULL, by="ann")
    assert (run.state, run.mode, run.asked_by, run.trigger) == ("queued", "full", "ann", "operator")
    assert asking.ask(vendor, "products", mode=SyncRun.Mode.FULL, by="bob").pk == run.pk
    assert asking.ask(vendor, "products", mode=SyncRun.Mode.VERIFY).pk != run.pk
    assert worker.hints[0] == ("continue_run", [run.pk], "bulk")
    with pytest.raises(LookupError, match="products"):
        asking.ask(vendor, "nonsense")


def test_a_worker_runs_what_was_asked_in_its_mode_and_once(vendor: Vendor, worker: Worker, elko: Simulator) -> None:
    run = asking.ask(vendor, "products", mode=SyncRun.Mode.VERIFY)
    tasks.continue_run(run.pk)
    tasks.continue_run(run.pk)
    done = SyncRun.objects.get()
    assert (done.pk, done.state, done.mode) == (run.pk, "ok", "verify")
    assert done.created == len(elko.truth("products"))
    assert done.slices == 1
    assert done.takeovers == 0


def test_a_lost_hint_is_found_by_the_sweep(vendor: Vendor, worker: Worker) -> None:
    run = asking.ask(vendor, "brands")
    worker.forget()
    assert sweeping.sweep().asked == 1
    assert ("continue_run", [run.pk], "bulk") in worker.hints


def test_a_wish_waits_for_the_run_under_way_and_follows_it(vendor: Vendor, worker: Worker) -> None:
    other = SyncRun.objects.create(
        vendor=vendor, flow="products", trigger="schedule", started_at=vendor.created_at, owner="elsewhere:1:1",
        lease_until=vendor.created_at.replace(year=2999),
    )  # fmt: skip
    run = asking.ask(vendor, "products")
    worker.forget()
    tasks.continue_run(run.pk)
    run.refresh_from_db()
    assert run.state == "queued"
    assert sweeping.sweep().asked == 0
    SyncRun.objects.filter(pk=other.pk).update(state="ok")
    other.refresh_from_db()
    worker.forget()
    sweeping.continue_later(other)
    assert worker.hints == [("continue_run", [run.pk], "bulk")]
    worker.work()
    run.refresh_from_db()
    assert run.state == "ok"


def test_only_the_codes_asked_for_are_fetched(vendor: Vendor, worker: Worker, elko: Simulator) -> None:
    sync.run(vendor, "products", slice_seconds=None)
    code = str(elko.truth("products")[0]["id"])
    asking.ask(vendor, "availability", codes=[code, code])
    worker.work()
    run = SyncRun.objects.get(flow="availability")
    assert (run.state, run.codes, run.seen) == ("ok", [code], 1)
