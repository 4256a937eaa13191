"""Schedules: made for every flow of a connection, what is due, what is late. The database is the truth; beat only hints."""

import json
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from integrations import circuit, sync
from integrations.models import Schedule, Vendor
from integrations.models.runs import GRACE as GRACE
from integrations.service import service_class


def ensure(vendor: Vendor) -> list[Schedule]:
    """A schedule with its beat entry for every flow the kind declares; what operators set stays as it is."""
    return [_hinted(sync.schedule_of(vendor, flow)) for flow in service_class(vendor.kind).flows]


def _hinted(schedule: Schedule) -> Schedule:
    """Make or mend the beat entry that hints at this schedule."""
    now = timezone.now()
    seconds = max(1, int(schedule.every.total_seconds()))
    interval, _ = IntervalSchedule.objects.get_or_create(every=seconds, period=IntervalSchedule.SECONDS)
    name = f"{schedule.vendor.slug}: {schedule.flow}"
    # The short name may have changed: the entry there is gets the new one.
    entry, _ = PeriodicTask.objects.update_or_create(
        **({"pk": schedule.periodic_task_id} if schedule.periodic_task_id else {"name": name}),
        defaults={
            "name": name,
            "task": "integrations.tasks.run_due",
            "interval": interval,
            "args": json.dumps([schedule.vendor_id, schedule.flow]),
            "queue": service_class(schedule.vendor.kind).flows[schedule.flow].lane,
            "enabled": schedule.enabled and schedule.vendor.enabled,
            "expire_seconds": max(60, seconds),
        },
    )
    if schedule.enabled and schedule.enabled_at is None:
        schedule.enabled_at, schedule.due_at = now, schedule.due_at or now
    if not schedule.enabled:
        schedule.enabled_at = None
    schedule.periodic_task = entry
    # Only what is ours: a run may write its cursor at this moment.
    schedule.save(update_fields=["enabled_at", "due_at", "periodic_task"])
    return schedule


def due(now: datetime | None = None) -> list[Schedule]:
    """Schedules whose time has come, of connections that may run; orders before catalogues."""
    now = now or timezone.now()
    shut = Vendor.objects.filter(circuit.shut(now)).values("pk")
    rows = Schedule.objects.filter(enabled=True, vendor__enabled=True).exclude(vendor__in=shut)
    rows = rows.filter(Q(due_at=None) | Q(due_at__lte=now)).select_related("vendor")
    offered = [schedule for schedule in rows if not schedule.lacks]
    return sorted(offered, key=lambda schedule: (lane(schedule) != "live", schedule.due_at or now))


def lane(schedule: Schedule) -> str:
    return service_class(schedule.vendor.kind).flows[schedule.flow].lane


def late(now: datetime | None = None) -> list[Schedule]:
    """Enabled schedules without a good run for longer than their maximum age; the reason does not matter."""
    now = now or timezone.now()
    rows = Schedule.objects.filter(enabled=True, vendor__enabled=True).select_related("vendor")
    return [schedule for schedule in rows if schedule.is_overdue(now)]


def raise_alarms(now: datetime | None = None) -> list[Schedule]:
    """Mark what is late; returns the newly late ones."""
    now = now or timezone.now()
    new = [schedule for schedule in late(now) if schedule.alarmed_at is None]
    with transaction.atomic():
        for schedule in new:
            Schedule.objects.filter(pk=schedule.pk, alarmed_at=None).update(alarmed_at=now)
    return new
