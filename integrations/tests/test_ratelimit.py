"""The budget: never more calls in a window than there are slots, whoever asks."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from integrations import errors, ratelimit
from integrations.models import RateSlot, RateWaiter
from integrations.ratelimit import Budget
from integrations.service import Rate

pytestmark = pytest.mark.django_db(transaction=True)


def in_threads(count, work):
    failed = []

    def run(number):
        try:
            work(number)
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failed


def test_no_window_holds_more_calls_than_slots():
    rate = Rate(calls=4, seconds=0.5)
    calls: list[tuple[float, float]] = []

    def work(number):
        budget = Budget("v:1", rate, fresh=True)
        for _ in range(4):
            with budget.slot():
                sent = time.monotonic()
                time.sleep(0.01)
            calls.append((sent, time.monotonic()))

    in_threads(4, work)
    sends = sorted(sent for sent, _ in calls)
    assert len(sends) == 16
    assert all(later - earlier >= 0.5 for earlier, later in zip(sends, sends[4:], strict=False))


def test_without_a_window_it_limits_how_many_run_at_once():
    running, most, lock = 0, 0, threading.Lock()

    def work(number):
        nonlocal running, most
        for _ in range(3):
            with Budget("v:1", Rate(calls=2)).slot():
                with lock:
                    running += 1
                    most = max(most, running)
                time.sleep(0.02)
                with lock:
                    running -= 1

    in_threads(4, work)
    assert most == 2


def test_an_unknown_budget_begins_shut_for_one_window():
    budget = Budget("v:1", Rate(calls=3, seconds=0.4))
    with budget.slot() as waited:
        assert waited >= 0.4
    with budget.slot() as waited:
        assert waited < 0.3


@pytest.mark.postgres_only
def test_slots_wait_for_no_disk_and_are_gone_after_a_crash():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, relpersistence FROM pg_class WHERE relname = ANY(%s)",
            [[RateSlot._meta.db_table, RateWaiter._meta.db_table]],
        )
        assert {kept for _, kept in cursor.fetchall()} == {"u"}


def test_a_killed_workers_slot_comes_back_after_its_lease():
    budget = Budget("v:1", Rate(calls=1, seconds=0.2), fresh=True)
    budget.set_lease(0.3)
    budget._wait("killed", False, None)
    with budget.slot() as waited:
        assert 0.3 <= waited < 3


def test_a_late_release_does_not_free_another_holders_slot():
    budget = Budget("v:1", Rate(calls=1), fresh=True)
    budget.set_lease(0.05)
    with budget.slot():
        time.sleep(0.1)
        budget.set_lease(60)
        budget._wait("second", False, None)
    slot = RateSlot.objects.get()
    assert slot.holder == "second"
    assert slot.free_at > datetime.now(UTC) + timedelta(seconds=30)


def test_the_ledger_knows_when_the_window_was_nearly_full():
    budget = Budget("v:1", Rate(calls=10, seconds=30), fresh=True)
    for _ in range(8):
        with budget.slot():
            pass
    assert not budget.recently_full()
    with budget.slot():
        assert budget.recently_full()


def test_a_shut_gate_keeps_everybody_out_and_is_never_shortened():
    budget, other = Budget("v:1", Rate(calls=5), fresh=True), Budget("v:1", Rate(calls=5))
    with budget.slot():
        budget.close(0.5)
        budget.close(0.01)
    naps: list[float] = []
    with other.slot(waiting=naps.append) as waited:
        assert 0.4 <= waited < 3
    assert naps
    budget.close(500)
    assert budget.recently_full()
    with pytest.raises(errors.Wait) as told, other.slot():
        pytest.fail("the gate was shut")
    assert told.value.cause == "rate"
    assert told.value.until is not None
    assert told.value.until > datetime.now(UTC) + timedelta(seconds=400)


def test_background_calls_stand_back_for_a_person(monkeypatch):
    rate, order = Rate(calls=1, seconds=0.3), []
    with Budget("v:1", rate, fresh=True).slot():
        pass

    def work(number):
        if number < 3:
            with Budget("v:1", rate).slot():
                order.append("background")
        else:
            with Budget("v:1", rate).slot(interactive=True):
                order.append("person")

    in_threads(4, work)
    assert order[0] == "person"
    assert not RateWaiter.objects.exists()


def test_a_waiter_that_died_is_forgotten(monkeypatch):
    monkeypatch.setattr(ratelimit, "WAITER_LIVES", 0.3)
    budget = Budget("v:1", Rate(calls=1), fresh=True)
    budget._stand("")
    with budget.slot() as waited:
        assert 0.2 <= waited < 3


class Full(Exception):
    """Raised in place of a nap."""


def test_budgets_of_one_account_share_a_wider_one():
    def budget(key, calls):
        return Budget(key, Rate(calls), fresh=True, within=Budget("kind:by:mark", Rate(2), fresh=True))

    def no_nap(_):
        raise Full

    with budget("kind:1", 2).slot(), budget("kind:2", 2).slot():
        with pytest.raises(Full), budget("kind:3", 2).slot(waiting=no_nap):
            pytest.fail("a third call at once")
        alone = Budget("kind:3", Rate(1))
        with alone.slot(waiting=no_nap):
            pass  # its own slot was given back
    with budget("kind:3", 1).slot(waiting=no_nap) as waited:
        assert waited >= 0
        with pytest.raises(Full), budget("kind:3", 1).slot(waiting=no_nap):
            pytest.fail("its own limit holds as well")
