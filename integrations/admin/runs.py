"""What runs, ran, failed, was rejected or held, and every call that was made."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from config.admin import DateRange, HubAdmin, MirrorAdmin, age, badge, fold, link, span, table, when
from integrations.admin.vendor import queue
from integrations.errors import VendorError
from integrations.models import ApiCall, Held, Reject, Schedule, SyncRun

TONES = {"ok": "good", "partial": "warn", "held": "warn", "failed": "bad", "waiting": "warn"}
RELOAD = 5  # seconds between two looks at a run that is under way


class Failing(admin.SimpleListFilter):
    title = "failing"
    parameter_name = "failing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("yes", "Failed last time"),)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(failures__gt=0) if self.value() == "yes" else queryset


@admin.register(Schedule)
class ScheduleAdmin(HubAdmin):
    list_display = ("flow", "vendor", "enabled", "every", "last_ok", "next_due", "failures", "late")
    list_filter = ("vendor", "enabled", Failing, ("alarmed_at", admin.EmptyFieldListFilter))
    list_select_related = ("vendor",)
    page_related = ("vendor",)
    list_defer = ("cursor",)
    search_fields = ("flow",)
    ordering = ("vendor__name", "flow")
    actions = ("run_now",)
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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        """Name only what was edited: a run may write the rest of the row at this moment."""
        from integrations import schedules

        fields = list(form.changed_data)
        if "enabled" in fields and obj.enabled:
            obj.enabled_at = obj.due_at = timezone.now()
            fields += ["enabled_at", "due_at"]
        if fields:
            obj.save(update_fields=fields)
            schedules.ensure(obj.vendor)

    @admin.action(description="Run now", permissions=["change"])
    def run_now(self, request: HttpRequest, queryset: Any) -> None:
        for schedule in queryset:
            queue(request, schedule.vendor, [schedule.flow])

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
        return age(row.due_at)

    @admin.display(description="late", ordering="alarmed_at")
    def late(self, row: Schedule) -> Any:
        return badge("late", "bad") if row.alarmed_at else ""

    @admin.display(description="cursor")
    def cursor_shown(self, row: Schedule) -> Any:
        return fold(row.cursor)

    @admin.display(description="Last runs")
    def runs_table(self, row: Schedule) -> Any:
        runs = SyncRun.objects.filter(vendor=row.vendor_id, flow=row.flow)[:20]
        return table(
            ("Run", "State", "Seen", "New", "Changed", "Rejected", "Error"),
            [
                (link(run, f"{span((timezone.now() - run.started_at).total_seconds())} ago"), run.get_state_display(), run.seen,
                 run.created, run.updated, run.rejected, run.error[:120])
                for run in runs
            ],
        )  # fmt: skip


class RecordAdmin(MirrorAdmin):
    """What the engine wrote down; nobody edits it."""

    owner = "What happened"
    owner_help = "Read-only: written by the hub."
    folded: ClassVar[tuple[str, ...]] = ()
    hidden: ClassVar[tuple[str, ...]] = ()
    list_filter: ClassVar[Any] = ("vendor", "flow")
    list_select_related: ClassVar[Any] = ("vendor",)
    page_related: ClassVar[tuple[str, ...]] = ("vendor",)


@admin.register(SyncRun)
class SyncRunAdmin(RecordAdmin):
    list_display = (
        "flow", "vendor", "state_shown", "mode", "trigger", "started", "took", "progress", "created", "updated", "rejected",
        "gone", "waited",
    )  # fmt: skip
    list_filter = ("vendor", "state", "mode", "trigger", ("started_at", DateRange))
    list_defer = ("position", "cursor_before", "cursor_after", "codes", "cure", "note")
    search_fields = ("flow", "error")
    keyset = "started_at"
    extra = ("state_shown", "took", "progress", "eta")
    hidden = ("state",)
    tables = ("rejects_table", "held_table", "calls_table")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        running = "running" in request.GET.getlist("state__exact")
        return super().changelist_view(request, {**(extra_context or {}), "hub_reload": RELOAD if running else 0})

    def render_change_form(self, request: Any, context: Any, *args: Any, **kwargs: Any) -> Any:
        run = context.get("original")
        context["hub_reload"] = RELOAD if run and run.state == SyncRun.State.RUNNING else 0
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="state", ordering="state")
    def state_shown(self, row: SyncRun) -> Any:
        return badge(row.get_state_display(), TONES.get(row.state, ""))

    @admin.display(description="started", ordering="started_at")
    def started(self, row: SyncRun) -> Any:
        return age(row.started_at)

    @admin.display(description="took")
    def took(self, row: SyncRun) -> str:
        return span(((row.finished_at or timezone.now()) - row.started_at).total_seconds())

    @admin.display(description="rows", ordering="seen")
    def progress(self, row: SyncRun) -> str:
        return f"{row.seen:,} of {row.total:,}" if row.total else f"{row.seen:,}"

    @admin.display(description="ready in about")
    def eta(self, row: SyncRun) -> str:
        if row.state != SyncRun.State.RUNNING or not row.total or not row.seen:
            return "–"
        gone = (timezone.now() - row.started_at).total_seconds()
        return span(gone / row.seen * max(row.total - row.seen, 0))

    @admin.display(description="waited", ordering="waited_s")
    def waited(self, row: SyncRun) -> str:
        return span(row.waited_s) if row.waited_s >= 1 else "–"

    @admin.display(description="Rejected rows")
    def rejects_table(self, row: SyncRun) -> Any:
        return table(
            ("Row", "Why", "Times"),
            [(link(item, item.external_id), item.reason[:200], item.times) for item in row.rejects.defer("raw")[:50]],
        )

    @admin.display(description="Held")
    def held_table(self, row: SyncRun) -> Any:
        return table(
            ("What", "Why", "State"), [(link(h), h.reason, h.get_state_display()) for h in row.held_parts.all()]
        )

    @admin.display(description="Last calls")
    def calls_table(self, row: SyncRun) -> Any:
        return table(
            ("Call", "Status", "ms", "Bytes", "Error"),
            [(link(call), call.status or "–", call.ms, f"{call.bytes:,}", call.error) for call in row.calls.all()[:20]],
        )


@admin.register(Reject)
class RejectAdmin(RecordAdmin):
    list_display = ("external_id", "flow", "vendor", "why", "times", "last_seen", "resolved")
    list_filter = ("vendor", "flow", ("resolved_at", admin.EmptyFieldListFilter), ("last_seen_at", DateRange))
    list_defer = ("raw",)
    search_fields = ("external_id", "reason")
    page_related = ("vendor", "run__vendor")
    keyset = "last_seen_at"
    folded = ("raw",)
    actions = ("retry",)

    @admin.action(description="Try again", permissions=["change"])
    def retry(self, request: HttpRequest, queryset: Any) -> None:
        from integrations import desk

        for reject in queryset.filter(resolved_at__isnull=True):
            decide(request, lambda reject=reject: desk.retry_reject(reject), f"{reject}: tried again.")

    @admin.display(description="why")
    def why(self, row: Reject) -> str:
        return row.reason[:140]

    @admin.display(description="last seen", ordering="last_seen_at")
    def last_seen(self, row: Reject) -> Any:
        return age(row.last_seen_at)

    @admin.display(description="resolved", ordering="resolved_at")
    def resolved(self, row: Reject) -> Any:
        return age(row.resolved_at)


@admin.register(Held)
class HeldAdmin(RecordAdmin):
    list_display = ("what", "flow", "vendor", "state_shown", "rows", "why", "created", "decided_by")
    list_filter = ("vendor", "flow", "kind", "state")
    page_related = ("vendor", "run__vendor")
    keyset = "created_at"
    actions = ("apply_held", "drop_held")
    tables = ("rows_table",)
    change_form_template = "admin/integrations/held_form.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One click on the page itself, too: its two buttons post here."""
        held = self.get_object(request, object_id) if request.method == "POST" else None
        if isinstance(held, Held):
            if not self.has_change_permission(request, held):
                raise PermissionDenied
            one = Held.objects.filter(pk=held.pk)
            if "apply_held" in request.POST:
                self.apply_held(request, one)
            elif "drop_held" in request.POST:
                self.drop_held(request, one)
            return self.response_post_save_change(request, held)
        return super().change_view(request, object_id, form_url, extra_context)

    @admin.action(description="Apply: the vendor is right", permissions=["change"])
    def apply_held(self, request: HttpRequest, queryset: Any) -> None:
        from integrations import desk

        by = request.user.get_username()
        for held in queryset.filter(state=Held.State.WAITING):
            decide(request, lambda held=held: desk.apply_held(held, by), f"{held}: applied.")

    @admin.action(description="Drop: keep what we have", permissions=["change"])
    def drop_held(self, request: HttpRequest, queryset: Any) -> None:
        from integrations import desk

        by = request.user.get_username()
        for held in queryset.filter(state=Held.State.WAITING):
            decide(request, lambda held=held: desk.drop_held(held, by), f"{held}: dropped.")

    @admin.display(description="what", ordering="kind")
    def what(self, row: Held) -> str:
        return row.get_kind_display()

    @admin.display(description="state", ordering="state")
    def state_shown(self, row: Held) -> Any:
        return badge(row.get_state_display(), TONES.get(row.state, ""))

    @admin.display(description="rows", ordering="rows_count")
    def rows(self, row: Held) -> str:
        return f"{row.rows_count:,} of {row.of_count:,}"

    @admin.display(description="why")
    def why(self, row: Held) -> str:
        return row.reason[:140]

    @admin.display(description="since", ordering="created_at")
    def created(self, row: Held) -> Any:
        return age(row.created_at)

    @admin.display(description="Rows, the first hundred")
    def rows_table(self, row: Held) -> Any:
        rows = [(item.external_id, item.detail) for item in row.rows.defer("raw")[:100]]
        return table(("Id", "What"), rows or [tuple(pair) for pair in row.sample])


@admin.register(ApiCall)
class ApiCallAdmin(RecordAdmin):
    list_display = (
        "path",
        "method",
        "vendor",
        "status",
        "ms",
        "waited_ms",
        "bytes",
        "attempt",
        "error_kind",
        "answered",
    )
    list_filter = ("vendor", "status", "error_kind", ("at", DateRange))
    search_fields = ("path", "error")
    page_related = ("vendor", "run__vendor")
    keyset = "at"

    @admin.display(description="answered", ordering="at")
    def answered(self, row: ApiCall) -> Any:
        return age(row.at)


def decide(request: HttpRequest, act: Any, done: str) -> None:
    """Do what a person decided, and tell the outcome: one that cannot be done does not stop the next."""
    try:
        act()
    except (VendorError, ValueError) as wrong:
        messages.error(request, str(wrong))
    else:
        messages.success(request, done)
