"""One run of one flow: lease, cursor, pages, guard, counts, errors. It alone loops, commits, counts and catches.

A run works in slices: at the end of a slice, or when the process is asked to stop, it parks at a page boundary and whoever comes
next goes on behind the last committed page.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations import circuit, fingerprint, guarding, intake, lease
from integrations.circuit import Leave
from integrations.connection import account_of, with_service
from integrations.errors import NeedsAuth, VendorError
from integrations.http.client import TRIES
from integrations.models import HeldRow, RunSeen, Schedule, SyncRun, Trigger, Vendor
from integrations.seen import Seen
from integrations.service import Ask, Flow, Page, VendorService, service_class
from orders import linking

SLICE_SECONDS = 50.0
SAVE_EVERY = 2.0
BUG = (
    "This is a mistake in the hub, not of the vendor: report it with the trace in the log. It is tried again by itself."
)
Progress = Callable[[SyncRun], None]


def never() -> bool:
    return False


stopping: Callable[[], bool] = never  # the worker replaces it; asked between pages


@dataclass
class Slice:
    """What one call of `run` works with."""

    run: SyncRun
    schedule: Schedule
    flow: Flow
    vendor: Vendor
    until: float
    seen: Seen
    progress: Progress | None
    leave: Leave = Leave.FREE
    asked: int = 0  # requests of this run before this slice
    answered: bool = False  # a page came that was asked for
    doubles: int = 0  # rows whose id came before on the same page
    saved_at: float = 0.0
    cursor: dict[str, Any] | None = None


def schedule_of(vendor: Vendor, flow: str) -> Schedule:
    """The flow's schedule; LookupError names the flows there are."""
    known = service_class(vendor.kind).flows
    if flow not in known:
        raise LookupError(f"{vendor.name} has no flow “{flow}”. Its flows: {', '.join(known)}.")
    declared = known[flow]
    schedule, _ = Schedule.objects.get_or_create(
        vendor=vendor,
        flow=flow,
        defaults={
            "every": declared.every,
            "max_age": declared.max_age,
            "full_every": declared.full_every,
            "verify_every": timedelta(days=7) if declared.complete else None,
            "enabled": declared.on and (declared.proven or flow in vendor.confirmed),
        },
    )
    return schedule


def run(
    vendor: Vendor,
    flow: str,
    trigger: str = Trigger.SCHEDULE,
    *,
    mode: str | None = None,
    codes: Sequence[str] = (),
    due_at: Any = None,
    slice_seconds: float | None = SLICE_SECONDS,
    progress: Progress | None = None,
) -> SyncRun | None:
    """Work on a flow for one slice (None: to the end). None when another process has it; else the run, parked or finished."""
    schedule = schedule_of(vendor, flow)
    mode = mode or _mode(schedule)
    leave = circuit.admit(vendor, trigger)
    if leave is None:
        return None
    claimed = lease.claim(schedule, trigger=trigger, mode=mode, codes=list(codes), due_at=due_at)
    if claimed is None:
        if leave is Leave.TRIAL:
            circuit.give_back(vendor)
        return None
    declared = service_class(vendor.kind).flows[flow]
    until = time.monotonic() + (slice_seconds if slice_seconds is not None else float("inf"))
    work = Slice(claimed, schedule, declared, vendor, until, Seen(_packed(claimed)), progress, leave, claimed.requests)
    try:
        _work(work)
    except VendorError as error:
        _fail(work, error)
    except lease.Stale:
        return None
    except Exception as error:
        _finish(work, SyncRun.State.FAILED, error_kind="bug", error=f"{type(error).__name__}: {error}", cure=BUG)
        raise
    finally:
        lease.release(claimed)
    return claimed


def _mode(schedule: Schedule) -> str:
    """A verify or a full pass when it is due, else only what changed."""
    now = timezone.now()

    def due(last: Any, every: timedelta | None) -> bool:
        return every is not None and last is not None and last + every <= now

    if due(schedule.last_verify_at or schedule.last_ok_at, schedule.verify_every):
        return SyncRun.Mode.VERIFY
    if due(schedule.last_full_at or schedule.last_ok_at, schedule.full_every):
        return SyncRun.Mode.FULL
    return SyncRun.Mode.CHANGES


def _work(work: Slice) -> None:
    """Read on from where the run is; a second time, with a fresh token, when the one there is has died on the way."""
    run = work.run
    with_service(
        work.vendor,
        lambda service: _read(work, service),
        run=run,
        before_call=lambda seconds: lease.extend(run, seconds),
    )


def _read(work: Slice, service: VendorService) -> None:
    run = work.run
    service.http.tries = 1 if work.leave is Leave.TRIAL else service.http.tries
    account = account_of(work.vendor)
    guard = intake.guard_of(work.flow, account)
    ask = Ask(
        cursor={} if run.mode != SyncRun.Mode.CHANGES else work.schedule.cursor,
        started_at=run.started_at,
        position=run.position,
        full=run.mode != SyncRun.Mode.CHANGES,
        codes=_codes(work),
    )
    for page in getattr(service, work.schedule.flow)(ask):
        found = intake.sort(work.schedule, work.flow, page, all_rows=run.mode == SyncRun.Mode.VERIFY or bool(run.codes))
        new = work.seen.add(found.digests) + work.seen.add(found.unreadable)
        if page.again:
            continue
        if not work.answered and run.requests > work.asked:
            work.answered, service.http.tries = True, TRIES
            circuit.worked(work.vendor)
        _take(work, page, found, account, guard, new)
        if not page.last and (time.monotonic() > work.until or stopping()):
            _park(work)
            return
    _conclude(work)


def _take(work: Slice, page: Page, found: intake.Sorted, account: Any, guard: Any, new: int) -> None:
    """One page: rows, digests and position in one transaction. A page without news writes only the run's own row, rarely."""
    run = work.run
    run.pages += 1
    run.seen += new
    again = len(found.digests) + len(found.unreadable) - new  # on an earlier page of this run: counted there
    work.doubles += len(page.rows) - len(found.digests) - len(found.unreadable)
    run.position, run.total = page.position, page.total or run.total
    work.cursor = page.cursor or work.cursor
    if found.fresh or found.unreadable:
        with transaction.atomic():
            unchanged = run.unchanged
            intake.store(work.schedule, work.flow, account, run, found, guard)
            run.unchanged -= min(again, run.unchanged - unchanged)
            _save(work)
    else:
        run.unchanged += len(found.digests) - again
        if time.monotonic() - work.saved_at > SAVE_EVERY:
            _save(work)
    if work.progress:
        work.progress(run)


COUNTS = ("position", "total", "pages", "seen", "created", "updated", "unchanged", "rejected", "gone", "held", "note")


def _save(work: Slice, **more: Any) -> None:
    values = {name: getattr(work.run, name) for name in (*COUNTS, "requests", "waited_s")}
    lease.save(work.run, timezone.now(), **values, **more)
    work.saved_at = time.monotonic()


def _park(work: Slice) -> None:
    with transaction.atomic():
        seen = {"keys": work.seen.packed(), "pages": work.run.pages}
        RunSeen.objects.update_or_create(run=work.run, defaults=seen)
        _save(work, owner="", lease_until=None)
    work.run.owner = ""


def _conclude(work: Slice) -> None:
    """The list was read to its end: find what is gone, decide what was put aside, store the cursor."""
    run, schedule = work.run, work.schedule
    complete = work.flow.complete and not run.codes and _saw_everything(work)
    account = account_of(work.vendor)
    if work.doubles:
        run.note = f"{work.doubles} rows came twice on a page; of two, the later counts. {run.note}".strip()
        run.total = run.total and max(run.total - work.doubles, run.seen)
    with transaction.atomic():
        if complete:
            missing = _missing(work)
            guarding.gone(schedule, run, work.flow, account, missing, known=len(missing) + len(work.seen))
        guarding.decide(schedule, run, work.flow, account)
        if run.created and work.flow.room == "catalog":
            linking.match_again(schedule.vendor_id, since=run.started_at)
        state = SyncRun.State.OK
        if run.rejected:
            state = SyncRun.State.PARTIAL
        if run.held:
            state = SyncRun.State.HELD
        _finish(work, state)


def _missing(work: Slice) -> list[str]:
    """Known rows the list lacked. Where every row seen is known, and as many are known as were seen, none can be missing."""
    run, pk = work.run, work.schedule.pk
    stored = run.created + run.updated + run.unchanged
    aside = run.rejected or HeldRow.objects.filter(run=run).exists()
    if not aside and stored == len(work.seen) == fingerprint.count(pk):
        return []
    return [key for key in fingerprint.all_ids(pk) if key not in work.seen]


def _finish(work: Slice, state: str, **error: str) -> None:
    run, schedule, now = work.run, work.schedule, timezone.now()
    good = state != SyncRun.State.FAILED
    cursor = work.cursor if good and work.cursor is not None and not run.codes else schedule.cursor
    with transaction.atomic():
        run.state, run.finished_at, run.cursor_after = state, now, cursor
        _save(work, state=state, finished_at=now, owner="", lease_until=None, cursor_after=cursor, **error)
        for name, value in error.items():
            setattr(run, name, value)
        RunSeen.objects.filter(run=run).delete()
        if good and not run.codes:
            schedule.cursor, schedule.last_ok_at, schedule.failures, schedule.alarmed_at = cursor, now, 0, None
            if run.mode != SyncRun.Mode.CHANGES or work.flow.complete:
                schedule.last_full_at = now
            if run.mode == SyncRun.Mode.VERIFY:
                schedule.last_verify_at = now
            schedule.due_at = now + schedule.every
        elif not good:
            schedule.failures += 1
            schedule.due_at = now + min(schedule.every, timedelta(minutes=2 ** min(schedule.failures, 6)))
        schedule.save()
        if good:
            Vendor.objects.filter(pk=work.vendor.pk).update(last_ok_at=now)
    if good and not work.answered and work.leave is Leave.TRIAL:
        circuit.give_back(work.vendor)  # there was nothing to ask for
    if work.progress:
        work.progress(run)


def _fail(work: Slice, error: VendorError) -> None:
    """Told on the run; what it means for the whole account is the circuit's to say."""
    _finish(work, SyncRun.State.FAILED, error_kind=error.kind, error=str(error), cure=error.cure)
    if error.until is not None and not isinstance(error, NeedsAuth):
        Schedule.objects.filter(pk=work.schedule.pk).update(due_at=error.until)
    circuit.failed(work.vendor, error, work.leave)


def _codes(work: Slice) -> Any:
    """Codes to ask for: those the operator named, else what the flow's own function says, behind the position."""
    if not work.flow.codes:
        return iter(())
    after = (work.run.position or {}).get("after", "")
    if work.run.codes:
        return iter(sorted(code for code in work.run.codes if code > after))
    module, _, name = work.flow.codes.rpartition(".")
    scope = (
        "all"
        if work.run.mode != SyncRun.Mode.CHANGES
        else str(work.vendor.options.get(f"{work.schedule.flow}_scope", ""))
    )
    return getattr(import_module(module), name)(work.vendor.pk, after, scope)


def _packed(run: SyncRun) -> bytes:
    stored = RunSeen.objects.filter(run=run).first()
    return bytes(stored.keys) if stored else b""


def _saw_everything(work: Slice) -> bool:
    """False when an earlier owner was killed: pages it had handled are stored, but who was on them is not known."""
    if len(work.seen) >= work.run.seen:
        return True
    work.run.note = "Taken over after a crash: what is missing from the list is looked for at the next full run."
    return False
