"""What a person decides about rejects and held changes; each is one transaction."""

from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from integrations import decisions, fingerprint, guarding, intake
from integrations.connection import account_of
from integrations.models import Held, Reject, Schedule, SyncRun, Trigger
from integrations.service import Flow, service_class


class Decided(ValueError):
    """Somebody was quicker: the matter is not open any more."""


class Applied(NamedTuple):
    """How many rows were applied, and of how many of them a price or stock stayed, because another run had stored a newer one."""

    rows: int
    left: int = 0


@transaction.atomic
def apply_held(held: Held, by: str) -> Applied:
    """Apply what was held, in the newest form the vendor sent it; what another run has stored since is newer and stays."""
    held, schedule, flow = _open(held)
    rows = list(held.rows.all())
    run, left = _desk_run(schedule), 0
    if held.kind == Held.Kind.GONE:
        guarding.apply_gone(schedule, run, flow, [row.external_id for row in rows])
    else:
        left = guarding.apply_rows(schedule, run, flow, account_of(held.vendor), rows)
        run.note += f" {left} rows had a newer price or stock from another run, which stays." if left else ""
    held.rows.all().delete()
    _close(run)
    _decide(held, Held.State.APPLIED, by)
    return Applied(len(rows), left)


@transaction.atomic
def drop_held(held: Held, by: str) -> int:
    """Leave things as they are; nobody is asked again until the vendor says something else of a row."""
    held, schedule, _ = _open(held)
    rows = list(held.rows.all())
    decisions.remember(schedule, rows, by)
    if held.kind != Held.Kind.GONE:
        fingerprint.remember(schedule.pk, {row.external_id: fingerprint.digest(row.raw.encode()) for row in rows})
    held.rows.all().delete()
    _decide(held, Held.State.DROPPED, by)
    return len(rows)


@transaction.atomic
def retry_reject(reject: Reject) -> bool:
    """Read a rejected row again as it was sent; True when it is stored now."""
    schedule = Schedule.objects.get(vendor_id=reject.vendor_id, flow=reject.flow)
    account = account_of(reject.vendor)
    flow = service_class(reject.vendor.kind).flows[reject.flow].bound(account)
    run, heard = _desk_run(schedule), reject.run
    raw = reject.raw.encode()
    try:
        key = flow.key(raw)
    except ValueError:
        key = ""
    if key:
        found = intake.Sorted({key: fingerprint.digest(raw)}, {key: raw})
        said_at = {key: (heard.started_at, heard.pk)} if heard else intake.NOW
        intake.store(schedule, flow, account, run, found, intake.guard_of(flow, account), said_at)
        guarding.decide(schedule, run, flow, account)
    _close(run)
    if key and not run.rejected:  # a row that had no id before has another name by now
        Reject.objects.filter(pk=reject.pk, resolved_at=None).update(resolved_at=timezone.now())
    else:  # the vendor has not sent it again
        Reject.objects.filter(pk=reject.pk).update(run=heard, last_seen_at=reject.last_seen_at)
    reject.refresh_from_db()
    return reject.resolved_at is not None


def _open(held: Held) -> tuple[Held, Schedule, Flow]:
    held = Held.objects.select_for_update().select_related("vendor").get(pk=held.pk)
    if held.state != Held.State.WAITING:
        raise Decided(f"This was already {held.get_state_display().lower()}.")
    schedule = Schedule.objects.get(vendor_id=held.vendor_id, flow=held.flow)
    return held, schedule, service_class(held.vendor.kind).flows[held.flow]


def _desk_run(schedule: Schedule) -> SyncRun:
    """A finished run of its own, so that price and stock changes name who brought them."""
    now = timezone.now()
    return SyncRun.objects.create(
        vendor_id=schedule.vendor_id,
        flow=schedule.flow,
        trigger=Trigger.OPERATOR,
        state=SyncRun.State.OK,
        started_at=now,
        finished_at=now,
        note="Decided by a person.",
    )


def _close(run: SyncRun) -> None:
    run.state = SyncRun.State.PARTIAL if run.rejected else SyncRun.State.OK
    if run.held:
        run.state = SyncRun.State.HELD
    run.save()


def _decide(held: Held, state: str, by: str) -> None:
    held.state, held.decided_at, held.decided_by = state, timezone.now(), by[:200]
    held.save(update_fields=["state", "decided_at", "decided_by"])
