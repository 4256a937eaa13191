"""Runs: the list, one run's page, and its figures while it goes on."""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils import timezone

from config.admin import DateRange, Figure, age, badge, link, span, table
from integrations.admin.asked import TONES
from integrations.admin.records import FlowFilter, RecordAdmin
from integrations.asking import OPEN
from integrations.models import SyncRun

RELOAD = 5  # seconds between two looks at the list of runs under way
LOOK = 2  # at one run


@admin.register(SyncRun)
class SyncRunAdmin(RecordAdmin):
    list_display = (
        "flow", "vendor", "state_shown", "mode", "trigger", "started", "took", "progress", "created", "updated", "rejected",
        "gone", "waited",
    )  # fmt: skip
    list_filter = ("vendor", FlowFilter, "state", "mode", "trigger", ("started_at", DateRange))
    list_defer = ("position", "cursor_before", "cursor_after", "codes", "cure", "note")
    search_fields = ("flow", "error")
    keyset = "started_at"
    extra = ("state_shown", "took")
    hidden: ClassVar[tuple[str, ...]] = ("state", "error_kind")
    scarce: ClassVar[tuple[str, ...]] = ("asked_by", "codes", "note", "error", "cure", "waited_s")
    inner: ClassVar[tuple[str, ...]] = (
        "owner", "fence", "lease_until", "slices", "takeovers", "position", "cursor_before", "cursor_after", "due_at",
    )  # fmt: skip
    tables = ("rejects_table", "held_table", "calls_table")
    change_form_template = "admin/integrations/run_form.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        running = "running" in request.GET.getlist("state__exact")
        return super().changelist_view(request, {**(extra_context or {}), "hub_reload": RELOAD if running else 0})

    def render_change_form(self, request: Any, context: Any, *args: Any, **kwargs: Any) -> Any:
        run = context.get("original")
        if run is not None:
            context |= figures(run)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.progress_view)
        return [path("<int:pk>/progress/", view, name="integrations_syncrun_progress"), *super().get_urls()]

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The run's figures as a fragment, which its page fetches until the run has ended."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = get_object_or_404(SyncRun, pk=pk)
        return render(request, "admin/integrations/run_progress.html", {"original": run, **figures(run)})

    @admin.display(description="state", ordering="state")
    def state_shown(self, row: SyncRun) -> Any:
        return badge(row.get_state_display(), TONES.get(row.state, ""))

    @admin.display(description="started", ordering="started_at")
    def started(self, row: SyncRun) -> Any:
        return age(row.started_at)

    @admin.display(description="took")
    def took(self, row: SyncRun) -> str:
        if row.state == SyncRun.State.QUEUED:
            return "–"
        return span(((row.finished_at or timezone.now()) - row.started_at).total_seconds())

    @admin.display(description="rows", ordering="seen")
    def progress(self, row: SyncRun) -> str:
        return f"{row.seen:,} of {row.total:,}" if row.total else f"{row.seen:,}"

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
            [
                (link(call), call.status or "–", call.ms, Figure(f"{call.bytes:,}"), call.error)
                for call in row.calls.all()[:20]
            ],
        )


def figures(run: SyncRun) -> dict[str, Any]:
    """What a run's page shows of its progress: share in percent and time left only where the total is known."""
    gone = (timezone.now() - run.started_at).total_seconds()
    share = min(1.0, run.seen / run.total) if run.total else None
    left = gone * (1 - share) / share if share and run.state == SyncRun.State.RUNNING else None
    return {
        "under_way": run.state in OPEN,
        "look": LOOK if run.state in OPEN else 0,
        "percent": None if share is None else round(share * 100),
        "left": None if left is None else span(left),
        "waited": span(run.waited_s) if run.waited_s >= 1 else "",
        "since": span(gone),
        "tone": TONES.get(run.state, ""),
    }
