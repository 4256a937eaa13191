"""Who owns a run: one running row per flow by constraint, a fence that grows with each owner, a session lock on PostgreSQL.

A dead owner is known by its freed session lock (PostgreSQL), by its process being gone (same machine), or by a lease that ran out.
A paused owner that wakes up finds a larger fence in its next commit and stops (`Stale`).
"""

import os
import socket
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from integrations.models import Schedule, SyncRun

LEASE = timedelta(seconds=30)
LOCK_CLASS = 0x43D0  # apart from any other advisory lock in the same database


class Stale(Exception):
    """Another process owns the run by now; nothing of this one's unfinished page was stored."""


def me() -> str:
    """host:pid:start time of this process; the start time tells a reused pid."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def alive(owner: str) -> bool | None:
    """Whether an owner on this machine still runs; None when it lives elsewhere."""
    host, _, rest = owner.rpartition(":")
    host, _, pid = host.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return None
    return _started(int(pid)) == rest


def claim(schedule: Schedule, **values: object) -> SyncRun | None:
    """A run of this flow that is ours now: a new one, or one whose owner parked it or died. None when it is being run."""
    running = SyncRun.objects.filter(
        vendor_id=schedule.vendor_id, flow=schedule.flow, state=SyncRun.State.RUNNING
    ).first()
    if running is not None:
        return take_over(running)
    now = timezone.now()
    with suppress(IntegrityError), transaction.atomic():
        run = SyncRun.objects.create(
            vendor_id=schedule.vendor_id,
            flow=schedule.flow,
            started_at=now,
            owner=me(),
            lease_until=now + LEASE,
            cursor_before=schedule.cursor,
            slices=1,
            **values,
        )
        _lock(run.pk)
        return run
    return None


def take_over(run: SyncRun) -> SyncRun | None:
    """Make a parked or orphaned run ours; None when its owner lives or another was quicker."""
    if not is_free(run):
        return None
    now = timezone.now()
    won = SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.RUNNING).update(
        owner=me(),
        fence=run.fence + 1,
        lease_until=now + LEASE,
        slices=run.slices + 1,
        takeovers=run.takeovers + (1 if run.owner else 0),
    )
    if not won:
        return None
    _lock(run.pk)
    run.refresh_from_db()
    return run


def is_free(run: SyncRun) -> bool:
    """Whether nobody works on a running row: parked, its owner's process or session gone, or its lease run out."""
    if not run.owner:
        return True
    if run.owner == me():
        return run.lease_until is None or run.lease_until < timezone.now()
    if run.lease_until is None or run.lease_until < timezone.now():
        return True
    living = alive(run.owner)
    return _session_gone(run.pk) if living is None else not living


def extend(run: SyncRun, seconds: float) -> None:
    """Keep the run ours for as long as a call may take. Stale when it is not ours any more."""
    until = timezone.now() + LEASE + timedelta(seconds=seconds)
    if not SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.RUNNING).update(lease_until=until):
        raise Stale(f"Run {run.pk} has another owner by now.")


def save(run: SyncRun, now: datetime, **values: object) -> None:
    """Write the run's own row in the caller's transaction; the fence is checked in the same statement."""
    values.setdefault("lease_until", now + LEASE)
    if not SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.RUNNING).update(**values):
        raise Stale(f"Run {run.pk} has another owner by now.")


def release(run: SyncRun) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, run.pk % 2**31])


def _session_gone(run_id: int) -> bool:
    """PostgreSQL: the owner's session lock is free, so its session has ended."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, run_id % 2**31])
        free = bool(cursor.fetchone()[0])
        if free:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, run_id % 2**31])
    return free


def _lock(run_id: int) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, run_id % 2**31])


def _started(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    state, *fields = stat.rpartition(")")[2].split()
    return "" if state == "Z" else fields[18]
