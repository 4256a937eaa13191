"""The sweep: outside the broker's truth, it finds what is due, parked, orphaned or late, every thirty seconds."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from integrations import alerting, asking, blocking, lease, schedules, spooling, sync, token_health, unread
from integrations.commands import sweeping as writes
from integrations.models import ApiCall, Schedule, SyncRun, Trigger
from integrations.service import service_class
from integrations.webhooks import addresses, keeping, reading, tending

HINT_LIVES = 300.0  # seconds; the next sweeps hint again, and none of their hints stays in a queue for ever

_not_before = 0.0  # of time.monotonic(): late alarms wait after a mail that did not go


@dataclass
class Swept:
    due: int = 0
    orphans: int = 0
    asked: int = 0
    late: int = 0
    news: int = 0
    commands: int = 0


def sweep() -> Swept:
    """Publish hints for what is due, decided or left lying, raise late alarms, trim the call log and the inbox."""
    from integrations import tasks

    found = Swept()
    for schedule in schedules.due():
        tasks.run_due.apply_async(
            (schedule.vendor_id, schedule.flow), queue=schedules.lane(schedule), expires=HINT_LIVES
        )
        found.due += 1
    for run in SyncRun.objects.filter(state=SyncRun.State.RUNNING).select_related("vendor"):
        if lease.is_free(run):
            continue_later(run, expires=HINT_LIVES)
            found.orphans += 1
    for run in asking.next_ones():
        continue_later(run, expires=HINT_LIVES)
        found.asked += 1
    found.commands = writes.sweep(HINT_LIVES)
    found.news = reading.sweep()
    for callback_id in tending.due():
        tasks.tend_hook.apply_async((callback_id,), queue="live", expires=HINT_LIVES)
    found.late = _raise_alarms()
    spooling.sweep()
    _trim_calls()
    keeping.trim()
    addresses.wipe_old_keys()
    blocking.trim()
    token_health.warn()
    token_health.tell_again()
    token_health.warn_of_stores()
    unread.sweep()
    return found


def run_if_due(vendor_id: int, flow: str) -> SyncRun | None:
    """Run the flow when its schedule says so; a parked run of it goes on whatever the schedule says."""
    schedule = Schedule.objects.select_related("vendor").filter(vendor_id=vendor_id, flow=flow).first()
    if schedule is None:
        return None
    waiting = SyncRun.objects.filter(vendor_id=vendor_id, flow=flow, state=SyncRun.State.RUNNING)
    run = waiting.select_related("vendor").first()
    if run is not None:
        done = sync.resume(run)
    elif schedule.pk in {row.pk for row in schedules.due()}:
        done = sync.run(schedule.vendor, flow, Trigger.SCHEDULE, due_at=schedule.due_at)
    else:
        done = None
    continue_later(done)
    return done


def continue_later(run: SyncRun | None, expires: float | None = None) -> None:
    """Queue the rest of a run that parked; behind one that ended, what an operator asked of the same flow."""
    from integrations import tasks

    if run is not None and run.state not in asking.OPEN:
        run = asking.next_of(run)
    elif run is not None and lease.is_aside(run.pk):
        return  # the sweep takes it up when its time has come
    if run is None:
        return
    flow = service_class(run.vendor.kind).flows[run.flow]
    options: dict[str, Any] = {"expires": expires} if expires else {}
    tasks.continue_run.apply_async((run.pk,), queue=flow.lane, **options)


def go_on(run_id: int) -> SyncRun | None:
    """Work on a run that is still open, or was asked for, for one more slice."""
    run = SyncRun.objects.select_related("vendor").filter(pk=run_id, state__in=asking.OPEN).first()
    if run is None or not asking.begin(run):
        return None
    done = sync.resume(run)
    if done is None:
        asking.step_back(run_id)
    continue_later(done)
    return done


def _raise_alarms() -> int:
    """Tell of what is newly late; how many flows. A mail that did not go is tried again, with the same flows, after a while."""
    global _not_before
    if time.monotonic() < _not_before:
        return 0
    new = schedules.raise_alarms()
    lines = [
        f"{s.vendor.name}, {s.flow}: no good run since {s.last_ok_at or s.enabled_at:%Y-%m-%d %H:%M} UTC" for s in new
    ]
    if new and not alerting.tell("a sync is late", lines):
        _not_before = time.monotonic() + token_health.MAIL_AGAIN
        Schedule.objects.filter(pk__in=[schedule.pk for schedule in new]).update(alarmed_at=None)
    return len(new)


def _trim_calls() -> None:
    """Keep the call log within its age and size."""
    cut = timezone.now() - timedelta(days=settings.HUB_CALL_LOG_DAYS)
    old = list(ApiCall.objects.filter(at__lt=cut).order_by("at").values_list("pk", flat=True)[:5000])
    newest = ApiCall.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    many = ApiCall.objects.filter(pk__lte=newest - settings.HUB_CALL_LOG_ROWS)
    old += list(many.order_by("pk").values_list("pk", flat=True)[:5000])
    if old:
        ApiCall.objects.filter(pk__in=old).delete()
