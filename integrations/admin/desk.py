"""The desk: rows that could not be read, and changes that wait for a person."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse

from config.admin import DateRange, age, badge, table, told_by
from config.admin.rows import Done, row_by_row
from integrations.admin.asked import TONES
from integrations.admin.records import FlowFilter, RecordAdmin
from integrations.errors import VendorError
from integrations.models import Held, Reject

SHOWN = 100  # held rows on a page


@admin.register(Reject)
class RejectAdmin(RecordAdmin):
    list_display = ("external_id", "flow", "vendor", "why", "times", "last_seen", "resolved")
    list_filter = (
        "vendor",
        FlowFilter,
        told_by("resolved_at", "state", filled="Resolved", empty="Open"),
        ("last_seen_at", DateRange),
    )
    list_defer = ("raw",)
    search_fields = ("external_id", "reason")
    page_related = ("vendor", "run__vendor")
    keyset = "last_seen_at"
    folded: ClassVar[tuple[str, ...]] = ("raw",)
    actions = ("retry",)
    change_form_template = "admin/integrations/reject_form.html"

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.retry_view)
        return [path("<int:pk>/retry/", view, name="integrations_reject_retry"), *super().get_urls()]

    def retry_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        reject = get_object_or_404(Reject.objects.select_related("vendor"), pk=pk)
        if not self.has_change_permission(request, reject):
            raise PermissionDenied
        self.retry(request, Reject.objects.filter(pk=pk))
        return HttpResponseRedirect(reverse("admin:integrations_reject_change", args=[pk]))

    @admin.action(description="Try again", permissions=["change"])
    def retry(self, request: HttpRequest, queryset: Any) -> None:
        rows = queryset.filter(resolved_at__isnull=True).select_related("vendor")
        row_by_row(self, request, rows, tried, (VendorError,))

    @admin.display(description="why")
    def why(self, row: Reject) -> str:
        return row.reason[:140]

    @admin.display(description="last seen", ordering="last_seen_at")
    def last_seen(self, row: Reject) -> Any:
        return age(row.last_seen_at)

    @admin.display(description="resolved", ordering="resolved_at")
    def resolved(self, row: Reject) -> Any:
        return age(row.resolved_at)


def tried(reject: Reject) -> Done:
    from integrations import desk

    if desk.retry_reject(reject):
        return Done(f"{reject}: it can be read now, and is stored.", "Tried again: it is stored.")
    return Done(f"{reject}: still not stored. {reject.reason}", "Tried again: still not stored.", messages.ERROR)


@admin.register(Held)
class HeldAdmin(RecordAdmin):
    list_display = ("what", "flow", "vendor", "state_shown", "rows", "why", "created", "decided_by")
    list_filter = ("vendor", FlowFilter, "kind", "state")
    page_related = ("vendor", "run__vendor")
    keyset = "created_at"
    hidden: ClassVar[tuple[str, ...]] = ("sample", "kind", "state", "rows_count", "of_count")
    extra = ("what", "state_shown", "rows")
    scarce: ClassVar[tuple[str, ...]] = ("decided_at", "decided_by")
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
        by = request.user.get_username()
        rows = queryset.filter(state=Held.State.WAITING).select_related("vendor")
        row_by_row(self, request, rows, lambda held: applied(held, by), (VendorError,))

    @admin.action(description="Drop: keep what we have", permissions=["change"])
    def drop_held(self, request: HttpRequest, queryset: Any) -> None:
        by = request.user.get_username()
        rows = queryset.filter(state=Held.State.WAITING).select_related("vendor")
        row_by_row(self, request, rows, lambda held: dropped(held, by), (VendorError,))

    @admin.display(description="what", ordering="kind")
    def what(self, row: Held) -> str:
        return row.get_kind_display()

    @admin.display(description="state", ordering="state")
    def state_shown(self, row: Held) -> Any:
        return badge(row.get_state_display(), TONES.get(row.state, ""))

    @admin.display(description="rows", ordering="rows_count")
    def rows(self, row: Held) -> Any:
        shown = f"{row.rows_count:,} of {row.of_count:,}"
        return badge(shown, "bad") if row.state == Held.State.WAITING and row.is_grave else shown

    @admin.display(description="why")
    def why(self, row: Held) -> str:
        return row.reason[:140]

    @admin.display(description="since", ordering="created_at")
    def created(self, row: Held) -> Any:
        return age(row.created_at)

    @admin.display(description="Rows, the first hundred")
    def rows_table(self, row: Held) -> Any:
        rows = [(item.external_id, item.detail) for item in row.rows.defer("raw", "said")[:SHOWN]]
        return table(("Id", "What"), rows or [tuple(pair) for pair in row.sample])


def applied(held: Held, by: str) -> Done:
    from integrations import desk

    done = desk.apply_held(held, by)
    newer = f" Of {done.left:,} a newer price or stock, from another run, stays." if done.left else ""
    return Done(f"{held}: applied, {done.rows:,} rows.{newer}", "Applied.")


def dropped(held: Held, by: str) -> Done:
    from integrations import desk

    return Done(f"{held}: dropped, {desk.drop_held(held, by):,} rows stay as they are.", "Dropped.")
