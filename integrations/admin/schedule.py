"""Schedules: when each flow runs, how it stands, and "run now"."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone

from config.admin import HubAdmin, age, badge, fold, link, span, table, when
from config.admin.rows import Done, row_by_row
from integrations.admin.asked import TONES, queue, run_link
from integrations.models import Schedule, SyncRun
from integrations.service import services


class Failing(admin.SimpleListFilter):
    title = "failing"
    parameter_name = "failing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("yes", "Failed last time"),)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(failures__gt=0) if self.value() == "yes" else queryset


class Late(admin.SimpleListFilter):
    title = "late"
    parameter_name = "late"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("yes", "No good run for too long"),)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() != "yes":
            return queryset
        now = timezone.now()
        rows = Schedule.objects.filter(enabled=True, vendor__enabled=True).select_related("vendor")
        return queryset.filter(pk__in=[row.pk for row in rows if row.is_late(now)])


class ScheduleForm(forms.ModelForm):
    """Times that make sense, and no flow switched on that nobody has confirmed."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("every", "max_age", "full_every", "verify_every"):
            length = cleaned.get(name)
            if length is not None and length.total_seconds() < 1:
                self.add_error(
                    name, "At least a second. Write hours, minutes, seconds: 0:15:00 is a quarter of an hour."
                )
        every, longest = cleaned.get("every"), cleaned.get("max_age")
        if every and longest and longest < every and not self.errors:
            self.add_error("max_age", f"Shorter than the time between two runs ({every}), so it would always be late.")
        schedule = self.instance
        service = services().get(schedule.vendor.kind)
        flow = service.flows.get(schedule.flow) if service else None
        unsure = flow is not None and not flow.proven and schedule.flow not in schedule.vendor.confirmed
        if cleaned.get("enabled") and "enabled" in self.changed_data and unsure:
            self.add_error("enabled", "Not verified for this account: confirm this flow on the vendor's page first.")
        return cleaned


@admin.register(Schedule)
class ScheduleAdmin(HubAdmin):
    form = ScheduleForm
    list_display = ("flow", "vendor", "enabled", "every_shown", "last_ok", "next_due", "failures", "late")
    list_filter = ("vendor", "enabled", Failing, Late)
    list_select_related = ("vendor",)
    page_related = ("vendor",)
    list_defer = ("cursor",)
    search_fields = ("flow",)
    ordering = ("vendor__name", "flow")
    actions = ("run_now", "switch_on", "switch_off")
    change_form_template = "admin/integrations/schedule_form.html"
    fieldsets = (
        (None, {"fields": ("vendor_link", "flow", "enabled", "every", "max_age", "full_every", "verify_every")}),
        (
            "How it stands",
            {
                "classes": ["hub-facts"],
                "fields": ("last_ok", "last_full", "last_verify", "next_due", "failures", "late", "cursor_shown"),
            },
        ),
        ("Last runs", {"fields": ("runs_table",), "classes": ["hub-related"]}),
    )
    readonly_fields = (
        "vendor_link", "flow", "last_ok", "last_full", "last_verify", "next_due", "failures", "late", "cursor_shown", "runs_table",
    )  # fmt: skip

    @admin.display(description="every", ordering="every")
    def every_shown(self, row: Schedule) -> str:
        return span(row.every.total_seconds())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        """Name only what was edited: a run may write the rest of the row at this moment."""
        keep(obj, list(form.changed_data))

    def render_change_form(self, request: Any, context: Any, *args: Any, **kwargs: Any) -> Any:
        context["modes"] = SyncRun.Mode.choices
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.run_view)
        return [path("<int:pk>/run/", view, name="integrations_schedule_run"), *super().get_urls()]

    def run_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        schedule = get_object_or_404(Schedule.objects.select_related("vendor"), pk=pk)
        if not (self.has_view_permission(request, schedule) and self.has_run_permission(request)):
            raise PermissionDenied
        mode = request.POST.get("mode", "")
        chosen = mode if mode in SyncRun.Mode.values else SyncRun.Mode.CHANGES
        runs = queue(request, schedule.vendor, [(schedule.flow, ())], chosen)
        if runs:
            return HttpResponseRedirect(reverse("admin:integrations_syncrun_change", args=[runs[0].pk]))
        return HttpResponseRedirect(reverse("admin:integrations_schedule_change", args=[pk]))

    @admin.action(description="Run now", permissions=["run"])
    def run_now(self, request: HttpRequest, queryset: Any) -> None:
        by_vendor: dict[int, list[Schedule]] = {}
        for schedule in queryset.select_related("vendor"):
            by_vendor.setdefault(schedule.vendor_id, []).append(schedule)
        for schedules in by_vendor.values():
            queue(request, schedules[0].vendor, [(schedule.flow, ()) for schedule in schedules])

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: Any) -> None:
        self._switch(request, queryset, True)

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: Any) -> None:
        self._switch(request, queryset, False)

    def _switch(self, request: HttpRequest, queryset: Any, on: bool) -> None:
        """Each by itself; those that stand so already are left alone."""
        word = "on" if on else "off"

        def switch(schedule: Schedule) -> Done:
            service = services().get(schedule.vendor.kind)
            flow = service.flows.get(schedule.flow) if service else None
            if on and flow is not None and not flow.proven and schedule.flow not in schedule.vendor.confirmed:
                raise ValueError("It is not verified for this account. Confirm it on the vendor's page first.")
            schedule.enabled = on
            keep(schedule, ["enabled"])
            return Done(logged=f"Switched {word}.")

        due = queryset.select_related("vendor").filter(enabled=not on)
        done = row_by_row(self, request, due, switch)
        if done:
            self.message_user(request, f"Switched {word}: {', '.join(map(str, done))}.")

    @admin.display(description="vendor")
    def vendor_link(self, row: Schedule) -> Any:
        return link(row.vendor)

    @admin.display(description="last good run", ordering="last_ok_at")
    def last_ok(self, row: Schedule) -> Any:
        return age(row.last_ok_at)

    @admin.display(description="last full pass")
    def last_full(self, row: Schedule) -> Any:
        return when(row.last_full_at)

    @admin.display(description="last verify")
    def last_verify(self, row: Schedule) -> Any:
        return when(row.last_verify_at)

    @admin.display(description="next", ordering="due_at")
    def next_due(self, row: Schedule) -> Any:
        return age(row.due_at) if row.enabled else "–"

    @admin.display(description="late", ordering="alarmed_at")
    def late(self, row: Schedule) -> Any:
        return badge("late", "bad") if row.enabled and row.is_late(timezone.now()) else ""

    @admin.display(description="cursor")
    def cursor_shown(self, row: Schedule) -> Any:
        return fold(row.cursor)

    @admin.display(description="Last runs")
    def runs_table(self, row: Schedule) -> Any:
        runs = SyncRun.objects.filter(vendor=row.vendor_id, flow=row.flow)
        runs = runs.defer("position", "cursor_before", "cursor_after", "codes")[:20]
        return table(
            ("Run", "State", "Seen", "New", "Changed", "Rejected", "Error"),
            [
                (run_link(run.pk, age(run.started_at)), badge(run.get_state_display(), TONES.get(run.state, "")), run.seen,
                 run.created, run.updated, run.rejected, run.error[:120])
                for run in runs
            ],
        )  # fmt: skip


@transaction.atomic
def keep(schedule: Schedule, changed: list[str]) -> None:
    """Store what an operator changed, mirror it into the scheduler's entry, and lift an alarm that no longer holds."""
    from integrations import schedules

    fields = [*changed]
    if "enabled" in changed and schedule.enabled:
        schedule.enabled_at = schedule.due_at = timezone.now()
        fields += ["enabled_at", "due_at"]
    elif "every" in changed:
        schedule.due_at = min(filter(None, (schedule.due_at, timezone.now() + schedule.every)))
        fields.append("due_at")
    if not fields:
        return
    schedule.save(update_fields=fields)
    schedules.ensure(schedule.vendor)
    if schedule.alarmed_at and schedule.pk not in {row.pk for row in schedules.late()}:
        Schedule.objects.filter(pk=schedule.pk).update(alarmed_at=None)
