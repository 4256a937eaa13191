"""One run of one flow: lease, pages, counts, errors. It alone loops, commits, counts and catches.

A run works in slices: at the end of a slice, or when the process is asked to stop, it parks at a page boundary and whoever comes
next goes on behind the last committed page. When the database goes away in the middle, the same process goes on from there too.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations import circuit, ending, guarding, intake, lease, outage, spooling
from integrations.circuit import Leave
from integrations.connection import learn, with_service
from integrations.errors import VendorError
from integrations.faultpoints import faultpoint
from integrations.http.client import TRIES
from integrations.models import Schedule, SyncRun, Trigger, Vendor
from integrations.service import Ask, Page, VendorService, service_class
from integrations.slices import Progress, Slice

SLICE_SECONDS = 50.0
SAVE_EVERY = 2.0
VERIFY_EVERY = timedelta(days=7)
NAP = 1.0  # seconds
Claim = Callable[[Schedule], SyncRun | None]
log = logging.getLogger(__name__)


def never() -> bool:
    return False


stopping: Callable[[], bool] = never  # the worker replaces it; asked between pages


def schedule_of(vendor: Vendor, flow: str) -> Schedule:
    """The flow's schedule; LookupError names the flows there are."""
    known = service_class(vendor.kind).flows
    if flow not in known:
        raise LookupError(f"{vendor.name} has no flow “{flow}”. Its flows: {', '.join(known)}.")
    declared = known[flow]
    schedule, _ = Schedule.objects.select_related("vendor").get_or_create(
        vendor=vendor,
        flow=flow,
        defaults={
            "every": declared.every,
            "max_age": declared.max_age,
            "full_every": declared.full_every,
            # What is asked for code by code would cost a call for each few rows.
            "verify_every": VERIFY_EVERY if declared.complete or not declared.codes else None,
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
    due_at: datetime | None = None,
    slice_seconds: float | None = SLICE_SECONDS,
    progress: Progress | None = None,
) -> SyncRun | None:
    """Work on a flow for one slice (None: to the end), in the run there is or a new one. None when another process has it, or
    when `due_at` is no longer the time at which the schedule is due; else the run, parked or finished.

    Raises django.db.OperationalError when the database stays away: the run is then left to the sweep.
    """
    asked_at = timezone.now()

    def claim(schedule: Schedule) -> SyncRun | None:
        how = mode or _mode(schedule)
        return lease.claim(schedule, asked_at, due_at, trigger=trigger, mode=how, codes=list(codes))

    return _one_slice(vendor, flow, trigger, claim, slice_seconds, progress)


def resume(run: SyncRun) -> SyncRun | None:
    """Work on this run for one more slice, never on another: a hint may come when it has long ended. None when it has, or when
    another process has it. Raises like `run`.
    """
    return _one_slice(run.vendor, run.flow, run.trigger, lambda schedule: lease.resume(run.pk), SLICE_SECONDS, None)


def _one_slice(
    vendor: Vendor, flow: str, trigger: str, claim: Claim, seconds: float | None, progress: Progress | None
) -> SyncRun | None:
    until = time.monotonic() + (seconds if seconds is not None else float("inf"))
    patience = outage.Patience()
    work: Slice | None = None
    try:
        while True:
            try:
                work = work.again() if work else _begun(vendor, flow, trigger, claim, until, progress)
                if work and work.ours:
                    _work(work, patience)
                elif work and work.run.finished_at:
                    ending.ended(work)  # its last COMMIT had gone through
                return work.run if work else None
            except outage.PASSING as error:
                patience.sit_out(error, stopping)
    except lease.Stale:
        return None
    except (KeyboardInterrupt, SystemExit):
        if work:
            lease.let_go(work.run)
        raise
    finally:
        if work:
            lease.release(work.run)


def _begun(
    vendor: Vendor, flow: str, trigger: str, claim: Claim, until: float, progress: Progress | None
) -> Slice | None:
    schedule = schedule_of(vendor, flow)
    leave = circuit.admit(vendor, trigger)
    if leave is None:
        return None
    claimed = claim(schedule)
    if claimed is None:
        log.info("%s %s: running elsewhere, or done by now; nothing to do", vendor.slug, flow)
        if leave is Leave.TRIAL:
            circuit.give_back(vendor)
        return None
    if claimed.takeovers:
        spooling.tidy(claimed)
    return Slice(claimed, schedule, until, progress, leave)


def _mode(schedule: Schedule) -> str:
    """A verify or a full pass when it is due, else only what changed. The first good run is both: it reads and stores all."""
    now = timezone.now()

    def due(last: datetime | None, every: timedelta | None) -> bool:
        return every is not None and (last is None or last + every <= now)

    if schedule.last_ok_at is not None:
        if due(schedule.last_verify_at, schedule.verify_every):
            return SyncRun.Mode.VERIFY
        if due(schedule.last_full_at, schedule.full_every):
            return SyncRun.Mode.FULL
    return SyncRun.Mode.CHANGES


def _work(work: Slice, patience: outage.Patience) -> None:
    """Read to the end of the slice, and tell on the run whatever goes wrong."""
    try:
        if work.failure is None:
            _read_on(work, patience)
    except (lease.Stale, *outage.PASSING):
        raise
    except Exception as error:
        ending.break_off(work, error)
        raise
    if work.failure is not None:
        ending.fail(work, work.failure)


def _read_on(work: Slice, patience: outage.Patience) -> None:
    """Read on from where the run is; a second time, with a fresh token, when the one there is has died on the way."""
    try:
        with_service(
            work.vendor,
            lambda service: _read(work, service, patience),
            run=work.run,
            before_call=lambda seconds: _before_call(work, seconds),
        )
    except VendorError as error:
        work.failure = error  # kept, should the database go away while it is told
        _store_gathered(work)


def _read(work: Slice, service: VendorService, patience: outage.Patience) -> None:
    run = work.run
    service.http.tries = 1 if work.leave is Leave.TRIAL else service.http.tries
    learn(work.vendor, service)
    if why := service.lacks(work.schedule.flow, service.account):
        service.http.close()
        ending.skip(work, why)
        return
    work.account = service.account
    everything = run.mode != SyncRun.Mode.CHANGES
    ask = Ask(
        cursor={} if everything else run.cursor_before,
        started_at=run.started_at,
        position=run.position,
        full=everything,
        codes=_codes(work),
        only=tuple(run.codes) if work.flow.single else (),
        spool=spooling.folder_of(run),
        key=work.flow.key,
    )
    try:
        for page in getattr(service, work.schedule.flow)(ask):
            if service.http.repeated.seen:  # a vendor's row is stored as it came, but not with our own token in it
                page.rows = [service.http.repeated.bare(row) for row in page.rows]
            if not work.answered and run.requests > work.asked:
                work.answered, service.http.tries = True, TRIES
                circuit.worked(work.vendor)
            if _handled(work, page):
                return
            patience.rest()
        with transaction.atomic():
            work.store()
            ending.conclude(work)
    finally:
        service.http.close()
    ending.ended(work)


def _handled(work: Slice, page: Page) -> bool:
    """One page: rows, digests and position in one transaction, of the last one also the end of the run. True: the slice is over.

    News of pages cut from one answer go in together.
    """
    run = work.run
    all_rows = run.mode == SyncRun.Mode.VERIFY or bool(run.codes)
    found = intake.sort(work.schedule, work.flow, page, all_rows=all_rows)
    if work.gathered.meets(found):
        _store_gathered(work)
        found = intake.sort(work.schedule, work.flow, page, all_rows=all_rows)
    new = work.seen.add(found.digests) + work.seen.add(found.unreadable)
    if page.again and not page.last:
        return False
    faultpoint("page.sorted")
    over = page.last or time.monotonic() > work.until or stopping()
    with transaction.atomic():
        if not page.again:
            _take(work, page, found, new)
        # What cost a call is not asked for twice; what can be cut from the same answer again waits for more.
        asked_now = run.requests != work.calls_saved
        if over or page.absent or page.until or work.gathered.full or asked_now or _since(work) > SAVE_EVERY:
            work.store()
            if not page.last:
                work.save()
        if page.last:
            ending.conclude(work)
        faultpoint("page.before_commit")
    faultpoint("page.after_commit")
    if page.last:
        ending.ended(work)
        return True
    work.gathered.outlive_page()
    work.show()
    if page.until is not None and not _sat_out(work, page.until):
        ending.park(work, page.until)
        return True
    if over:
        ending.park(work)
    return over


def _sat_out(work: Slice, until: datetime) -> bool:
    """Wait in the foreground for what the vendor prepares, or anywhere for a moment; False leaves it to whoever comes later."""
    while (left := (until - timezone.now()).total_seconds()) > 0:
        if left > work.until - time.monotonic() or stopping():
            return False
        lease.extend(work.run, left)
        time.sleep(min(left, NAP))
    return True


def _before_call(work: Slice, seconds: float) -> None:
    """Nothing that was read waits for a vendor to answer."""
    _store_gathered(work)
    lease.extend(work.run, seconds)


def _store_gathered(work: Slice) -> None:
    if work.gathered:
        with transaction.atomic():
            work.store()
            work.save()


def _since(work: Slice) -> float:
    return time.monotonic() - work.saved_at


def _take(work: Slice, page: Page, found: intake.Sorted, new: int) -> None:
    """Count a page and gather its news."""
    run = work.run
    run.pages += 1
    run.seen += new
    again = len(found.digests) + len(found.unreadable) - new  # on an earlier page of this run: counted there
    work.doubles += len(page.rows) - len(found.digests) - len(found.unreadable)
    run.position, run.total = page.position, page.total or run.total
    work.cursor, work.gaps = page.cursor or work.cursor, page.gaps
    if page.note and page.note not in run.note:
        run.note = f"{run.note} {page.note}".strip()
    work.gathered.add(run, found, again)
    if page.absent:
        guarding.absent(work.schedule, run, work.flow, page.absent)


def _codes(work: Slice) -> Any:
    """Codes to ask for: those the operator named, else what the flow's own function says, behind the position."""
    if not work.flow.codes:
        return iter(())
    after = (work.run.position or {}).get("after", "")
    if work.run.codes:
        return iter(sorted(code for code in work.run.codes if code > after))
    module, _, name = work.flow.codes.rpartition(".")
    if work.run.mode != SyncRun.Mode.CHANGES:
        scope = "all"
    elif work.flow.changes:
        scope = str(work.run.cursor_before.get("since", "all"))
    else:
        scope = str(work.vendor.options.get(f"{work.schedule.flow}_scope", ""))
    return getattr(import_module(module), name)(work.vendor.pk, after, scope)
