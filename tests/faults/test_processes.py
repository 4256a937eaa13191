"""Owners and what they may not do: overwrite an operator, call a row missing that only could not be read, be taken for dead."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from integrations import connecting, faultpoints, lease, sync
from integrations.models import Schedule, SyncRun, Trigger, Vendor
from integrations.services.elko.simulator import Simulator as Elko
from tests.faults import invariants
from tests.faults.test_database import outside, own_pid
from tests.faults.test_workers import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def vendor(elko: Elko) -> Vendor:
    given = elko.connections()[0]
    return connecting.connect(
        "elko", "main", base_url=given["base_url"], options=given["options"], secrets=given["secrets"]
    )


def products(vendor: Vendor) -> SyncRun:
    done = sync.run(vendor, "products", Trigger.COMMAND_LINE, slice_seconds=None)
    assert done is not None
    return SyncRun.objects.get(pk=done.pk)


def test_what_an_operator_sets_during_a_run_stays(vendor: Vendor, elko: Elko, monkeypatch: pytest.MonkeyPatch) -> None:
    def edit(name: str) -> None:
        if name == "page.sorted":
            Schedule.objects.filter(flow="products").update(enabled=False, every=timedelta(hours=7))

    monkeypatch.setattr(faultpoints, "hook", edit)
    done = products(vendor)
    schedule = Schedule.objects.get(flow="products")
    assert (schedule.enabled, schedule.every) == (False, timedelta(hours=7))
    assert done.finished_at is not None
    assert schedule.last_ok_at == done.finished_at
    assert schedule.due_at == done.finished_at + timedelta(hours=7)


def test_a_row_without_an_id_makes_nobody_missing(vendor: Vendor, elko: Elko) -> None:
    products(vendor)
    elko.fault("bad_row", "/Catalog/Products", at=2, values={}, without=("id", "elkoCode"))
    done = products(vendor)
    assert (done.state, done.gone, done.rejected) == (SyncRun.State.PARTIAL, 0, 1)
    assert "nothing was marked gone" in done.note
    elko.clear_faults()
    elko.remove("products", elko.truth("products")[0]["id"])
    assert products(vendor).gone == 1


@pytest.mark.postgres_only
def test_an_owner_on_another_machine_lives_as_long_as_its_session(vendor: Vendor, elko: Elko) -> None:
    schedule = Schedule.objects.get(flow="products")
    run = SyncRun.objects.create(
        vendor=vendor, flow="products", trigger=Trigger.SCHEDULE, started_at=timezone.now(), owner="elsewhere/1:7:7",
        lease_until=timezone.now() + timedelta(minutes=15),
    )  # fmt: skip
    with psycopg.connect(**outside(), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", lease._lock(run))
        assert other.info.backend_pid != own_pid()
        assert not lease.is_free(run)
        assert lease.claim(schedule, trigger=Trigger.SCHEDULE) is None
    until(lambda: lease.is_free(run), say="its session is gone, long before its lease")
    taken = lease.claim(schedule, trigger=Trigger.SCHEDULE)
    assert taken is not None
    assert (taken.pk, taken.fence, taken.takeovers) == (run.pk, 2, 1)
    lease.release(run)  # the dead one, had it only been slow: it gives back nothing of its successor's
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s", [lease._lock(taken)[1]]
        )
        assert cursor.fetchone()[0] == 1
    lease.release(taken)
    SyncRun.objects.all().delete()
    invariants.assert_clean(vendor)
