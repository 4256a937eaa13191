"""Connections and runs in the admin. Django finds every page through this module."""

from django.contrib import admin
from django_celery_beat import models as beat

from integrations.admin import call, command, desk, networks, rates, run, schedule, tokens, vendor, webhook

__all__ = ["call", "command", "desk", "networks", "rates", "run", "schedule", "tokens", "vendor", "webhook"]

# The scheduler's own tables follow our Schedule; editing them beside it would only part the two.
for model in (
    beat.PeriodicTask,
    beat.IntervalSchedule,
    beat.CrontabSchedule,
    beat.SolarSchedule,
    beat.ClockedSchedule,
):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
