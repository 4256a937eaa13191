"""How a slice ends: parked at a page, or the whole run concluded, or failed and told."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations import circuit, fingerprint, guarding, intake, lease, spooling
from integrations.circuit import Leave
from integrations.errors import NeedsAuth, VendorError
from integrations.faultpoints import faultpoint
from integrations.models import HeldRow, Reject, RunSeen, Schedule, SyncRun, Vendor
from integrations.slices import Slice
from orders import linking

BUG = (
    "This is a mistake in the hub, not of the vendor: report it with the trace in the log. It is tried again by itself."
)
NAMELESS = "?"  # how the id of a reject begins whose row had none


def park(work: Slice, until: datetime | None = None) -> None:
    """Let go of the run at a page boundary: whoever comes next goes on behind it, but not before `until`."""
    with transaction.atomic():
        work.save(owner=lease.ASIDE if until else "", lease_until=until)
    work.run.owner = ""
    faultpoint("run.parked")


def skip(work: Slice, why: str) -> None:
    """This connection has no such flow: the run ends well, says so, and decides nothing about rows."""
    _note(work, why)
    with transaction.atomic():
        _finish(work, SyncRun.State.OK)
    ended(work)


def conclude(work: Slice) -> None:
    """The list was read to its end: find what is gone, decide what was put aside, store the cursor. In the caller's transaction."""
    run, schedule = work.run, work.schedule
    if work.doubles:
        _note(work, f"{work.doubles} rows came twice on a page; of two, the later counts.")
        run.total = run.total and max(run.total - work.doubles, run.seen)
    if work.whole and _knows_who_is_missing(work):
        missing = _missing(work)
        guarding.gone(schedule, run, work.flow, work.account, missing, known=len(missing) + len(work.seen))
        faultpoint("gone.decided")
    whole = work.whole or (not run.codes and run.mode != SyncRun.Mode.CHANGES)
    intake.resolve_past(schedule, run, work.seen, timezone.now(), whole=whole)
    guarding.decide(schedule, run, work.flow, work.account)
    if run.created and work.flow.room == "catalog":
        linking.match_again(schedule.vendor_id, since=run.started_at)
    faultpoint("aside.decided")
    state = SyncRun.State.OK
    if run.rejected:
        state = SyncRun.State.PARTIAL
    if run.held:
        state = SyncRun.State.HELD
    _finish(work, state)


def ended(work: Slice) -> None:
    """After the last COMMIT: nothing is left on disk, and whoever looks on is shown the end."""
    faultpoint("run.ended")
    if work.run.state != SyncRun.State.FAILED and not work.answered and work.leave is Leave.TRIAL:
        circuit.give_back(work.vendor)  # there was nothing to ask for
    spooling.remove(work.run)
    work.show()


def fail(work: Slice, error: VendorError) -> None:
    """Told on the run; what it means for the whole account is the circuit's to say."""
    with transaction.atomic():
        _finish(work, SyncRun.State.FAILED, error_kind=error.kind, error=str(error), cure=error.cure)
        if error.until is not None and not isinstance(error, NeedsAuth):
            Schedule.objects.filter(pk=work.schedule.pk).update(due_at=error.until)
        faultpoint("failure.told")
        circuit.failed(work.vendor, error, work.leave)  # both or neither: nobody comes back to a run that has ended
        faultpoint("circuit.told")
    ended(work)


def break_off(work: Slice, error: Exception) -> None:
    """A mistake of our own: told on the run like everything else."""
    text = f"{type(error).__name__}: {error}".replace("\x00", "\ufffd")
    with transaction.atomic():
        _finish(work, SyncRun.State.FAILED, error_kind="bug", error=text, cure=BUG)
    ended(work)


def _finish(work: Slice, state: str, **error: str) -> None:
    run, now = work.run, timezone.now()
    good = state != SyncRun.State.FAILED
    schedule = Schedule.objects.select_for_update(of=("self",)).get(pk=work.schedule.pk)
    cursor = work.cursor if good and work.cursor is not None and not run.codes else schedule.cursor
    run.state, run.finished_at, run.cursor_after = state, now, cursor
    work.save(state=state, finished_at=now, owner="", lease_until=None, cursor_after=cursor, **error)
    for name, value in error.items():
        setattr(run, name, value)
    RunSeen.objects.filter(run=run).delete()
    _reschedule(work, schedule, now, good=good)
    if good:
        Vendor.objects.filter(pk=work.vendor.pk).update(last_ok_at=now)
    faultpoint("cursor.saved")


def _reschedule(work: Slice, schedule: Schedule, now: Any, *, good: bool) -> None:
    """When the flow is due next, and that it is well or not. Only these columns: the others are the operator's."""
    values: dict[str, Any] = {}
    if good and not work.run.codes:
        values = {"cursor": work.run.cursor_after, "last_ok_at": now, "failures": 0, "alarmed_at": None}
        first = schedule.last_ok_at is None
        if first or work.run.mode != SyncRun.Mode.CHANGES or work.whole:
            values["last_full_at"] = now
        if first or work.run.mode == SyncRun.Mode.VERIFY:
            values["last_verify_at"] = now
        values["due_at"] = now + schedule.every
    elif not good:
        failures = schedule.failures + 1
        pause = min(schedule.every, timedelta(minutes=2 ** min(failures, 6)))
        values = {"failures": failures, "due_at": now + pause}
    Schedule.objects.filter(pk=schedule.pk).update(**values) if values else None


def _missing(work: Slice) -> list[str]:
    """Known rows the list lacked. Where every row seen is known, and as many are known as were seen, none can be missing."""
    run, pk = work.run, work.schedule.pk
    stored = run.created + run.updated + run.unchanged
    aside = run.rejected or HeldRow.objects.filter(run=run).exists()
    if not aside and stored == len(work.seen) == fingerprint.count(pk):
        return []
    return [key for key in fingerprint.all_ids(pk) if key not in work.seen]


def _knows_who_is_missing(work: Slice) -> bool:
    """Not when a row had no id: it may be any of those that seem to be missing. Nor when the vendor gave only a part."""
    if work.gaps:
        return False  # its page has said why
    if not work.knows_all:
        _note(work, "Not everything this run saw is known, so nothing was marked gone. The next run decides.")
        return False
    nameless = Reject.objects.filter(run=work.run, external_id__startswith=NAMELESS, resolved_at=None)
    if nameless.exists():
        _note(work, "Rows without a readable id came, so nothing was marked gone: it may be them that are missing.")
        return False
    return True


def _note(work: Slice, text: str) -> None:
    work.run.note = f"{work.run.note} {text}".strip()
