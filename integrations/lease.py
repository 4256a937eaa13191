"""Who owns a run: one running row per flow by constraint, a fence that grows with each owner, a session lock on PostgreSQL.

A dead owner is known by its process being gone (same machine), by its freed session lock (PostgreSQL), or by a lease that ran out.
A paused owner that wakes up finds a larger fence in its next commit and stops (`Stale`).
"""

import os
import socket
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, IntegrityError, InterfaceError, connection, transaction
from django.utils import timezone

from integrations.faultpoints import faultpoint
from integrations.models import Schedule, SyncRun

ASIDE = "waits for the vendor"  # the owner of a run that nobody may take up before its lease has run out
LOCK_CLASS = 0x43D0  # apart from any other advisory lock in the same database


class Stale(Exception):
    """Another process owns the run by now; nothing of this one's unfinished page was stored."""


class _NotDue(Exception):
    """What was due is not any more."""


def me() -> str:
    """machine:pid:start time of this process; the start time tells a reused pid."""
    return f"{_machine()}:{os.getpid()}:{_started(os.getpid())}"


def alive(owner: str) -> bool | None:
    """Whether an owner on this machine still runs; None when it lives elsewhere."""
    machine, _, rest = owner.rpartition(":")
    machine, _, pid = machine.rpartition(":")
    if machine != _machine() or not pid.isdigit():
        return None
    return _started(int(pid)) == rest


def claim(
    schedule: Schedule, started_at: datetime | None = None, due_at: datetime | None = None, **values: object
) -> SyncRun | None:
    """A run of this flow that is ours now: a new one, or one whose owner parked it or died. None when it is being run.

    started_at: the moment by which a caller knows its own new run again, should the answer to the COMMIT have been lost.
    due_at: the time at which the caller found the schedule due. None is returned when it is due at another time by now: a run
    that began later than that was decided upon, and has ended since, was the run for it.
    """
    started_at = started_at or timezone.now()
    running = SyncRun.objects.filter(
        vendor_id=schedule.vendor_id, flow=schedule.flow, state=SyncRun.State.RUNNING
    ).first()
    if running is not None:
        if (running.owner, running.started_at, running.fence) == (me(), started_at, 1):
            return hold(running)
        return take_over(running)
    with suppress(IntegrityError, _NotDue):
        with transaction.atomic():
            run = SyncRun.objects.create(
                vendor_id=schedule.vendor_id,
                flow=schedule.flow,
                started_at=started_at,
                due_at=due_at,
                owner=me(),
                lease_until=timezone.now() + _term(),
                cursor_before=schedule.cursor,
                slices=1,
                **values,
            )
            # Only now, for the row above had to wait for the end of whatever ran.
            if due_at and not Schedule.objects.filter(pk=schedule.pk, due_at=due_at).exists():
                raise _NotDue
            hold(run)
        faultpoint("lease.claimed")
        return run
    return None


def resume(run_id: int) -> SyncRun | None:
    """This run, ours now. None when it has ended, when its owner lives, or another was quicker."""
    running = SyncRun.objects.filter(pk=run_id, state=SyncRun.State.RUNNING).first()
    return take_over(running) if running else None


def take_over(run: SyncRun) -> SyncRun | None:
    """Make a parked or orphaned run ours; None when its owner lives or another was quicker."""
    if not is_free(run):
        return None
    with transaction.atomic():
        won = SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.RUNNING).update(
            owner=me(),
            fence=run.fence + 1,
            lease_until=timezone.now() + _term(),
            slices=run.slices + 1,
            takeovers=run.takeovers + (1 if run.owner not in ("", ASIDE) else 0),
        )
        if not won:
            return None
        run.refresh_from_db()
        hold(run)
    faultpoint("lease.taken_over")
    return run


def again(run: SyncRun) -> SyncRun:
    """The run as it is stored, with its session lock taken anew, after the connection was lost. Stale when it is not ours."""
    stored = SyncRun.objects.filter(pk=run.pk, fence=run.fence).select_related("vendor").first()
    if stored is None:
        raise Stale(f"Run {run.pk} has another owner by now.")
    return hold(stored)


def is_free(run: SyncRun) -> bool:
    """Whether nobody works on a running row: parked, its owner's process or session gone, or its lease run out."""
    if not run.owner or run.lease_until is None or run.lease_until < timezone.now():
        return True
    if run.owner == ASIDE:
        return False
    if run.owner == me():
        return False
    living = alive(run.owner)
    return _session_gone(run) if living is None else not living


def is_aside(run_id: int) -> bool:
    """Whether a run waits for its vendor to prepare something."""
    return SyncRun.objects.filter(pk=run_id, owner=ASIDE, lease_until__gt=timezone.now()).exists()


def extend(run: SyncRun, seconds: float) -> None:
    """Keep the run ours for as long as a call may take. Stale when it is not ours any more."""
    save(run, timezone.now() + timedelta(seconds=seconds))
    faultpoint("lease.extended")


def save(run: SyncRun, now: datetime, **values: object) -> None:
    """Write the run's own row in the caller's transaction; the fence is checked in the same statement."""
    values.setdefault("lease_until", now + _term())
    if not SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.RUNNING).update(**values):
        raise Stale(f"Run {run.pk} has another owner by now.")


def let_go(run: SyncRun) -> None:
    """Leave the run lying behind its last committed page, because this process was told to end at once."""
    with suppress(DatabaseError, InterfaceError):  # then its lease runs out
        SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.RUNNING).update(
            owner="", lease_until=None
        )


def hold(run: SyncRun) -> SyncRun:
    """PostgreSQL: take the session lock that dies with this session, so that other machines see it die."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", _lock(run))
    return run


def release(run: SyncRun) -> None:
    """Give the session lock back; where the connection is gone, so is the lock."""
    if connection.vendor != "postgresql" or connection.connection is None:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", _lock(run))
    except (DatabaseError, InterfaceError):
        if not connection.in_atomic_block:
            connection.close()  # whoever is next gets one that lives


def _session_gone(run: SyncRun) -> bool:
    """PostgreSQL: the owner's session lock is free, so its session has ended."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", _lock(run))
        free = bool(cursor.fetchone()[0])
        if free:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", _lock(run))
    return free


def _lock(run: SyncRun) -> list[int]:
    """Each owner has a lock of its own: one that wakes up late neither keeps its successor's nor gives it back."""
    return [LOCK_CLASS, (run.pk * 1009 + run.fence) % 2**31]


def _term() -> timedelta:
    return timedelta(seconds=settings.HUB_LEASE_SECONDS)


def _machine() -> str:
    """Host name and process-id namespace: two containers may share the first, and then not the second."""
    try:
        space = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        space = 0
    return f"{socket.gethostname()[:64]}/{space}"


def _started(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    state, *fields = stat.rpartition(")")[2].split()
    return "" if state == "Z" else fields[18]
