"""What every list of the admin shares."""

from contextlib import nullcontext
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.db import transaction
from django.db.models import QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import capfirst

from config.admin.paging import HubChangeList
from config.admin.rows import told_since, told_so_far
from config.admin.search import Words
from config.admin.seen import guarded

# What Django would load besides (jQuery, XRegExp: 220 kB) serves forms.
LIST_MEDIA = Media(js=["admin/js/actions.js"])


class HubAdmin(admin.ModelAdmin):
    """Every list of the hub: 50 rows, no counting, search in one column (`search`), one word at a time."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # one count per choice, over the whole table
    actions_on_top = True
    actions_selection_counter = False
    keyset: ClassVar[str] = ""  # the list's own order: this never-NULL time and the id, newest first
    whole_search: ClassVar[bool] = False  # the model has the column `search`: upper-case words
    list_defer: ClassVar[tuple[str, ...]] = ()
    rows_called: ClassVar[str] = ""  # what several rows are, where the list has a name of its own
    page_related: ClassVar[tuple[str, ...]] = ()  # what one row's page needs joined

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        ours = {"title": capfirst(self.opts.verbose_name_plural), "media": LIST_MEDIA}
        return super().changelist_view(request, ours | (extra_context or {}))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return HubChangeList

    def get_ordering(self, request: HttpRequest) -> Any:
        return (f"-{self.keyset}", "-pk") if self.keyset else super().get_ordering(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        match = request.resolver_match
        if match is not None and (match.url_name or "").endswith("_changelist"):
            return rows.defer(*self.list_defer)
        return rows.select_related(*self.page_related) if self.page_related else rows

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if not self.whole_search:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(Words(search_term).condition), False

    def response_action(self, request: HttpRequest, queryset: Any, *place: Any) -> Any:
        from config import audit

        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(key.isascii() and key.isdigit() and len(key) < 19 for key in chosen):
            self.message_user(request, "These are no rows of this list: choose them again.", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        name = request.POST.get("action", "")
        if not chosen or name not in self.get_actions(request):
            return super().response_action(request, queryset, *place)
        asked, before = (
            f"{name} on {len(chosen)} of {self.opts.label_lower}: {', '.join(chosen[:20])}.",
            told_so_far(request),
        )
        try:
            # Of a deletion Django writes first what goes, and only then lets it go.
            with transaction.atomic() if name == "delete_selected" else nullcontext():
                answer = super().response_action(request, queryset, *place)
        except Exception as wrong:
            audit.record("action", request=request, said=f"{asked} It ended with an error: {type(wrong).__name__}.")
            raise
        audit.record("action", request=request, said=f"{asked} {told_since(request, before)}".strip())
        return answer

    # What the admin writes into Django's history enters the audit log too, with the values.

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        from config import auditing

        request.hub_changes = auditing.changes(form)  # type: ignore[attr-defined]
        return super().construct_change_message(request, form, formsets, add)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return audited(super().log_addition(request, obj, message), request, "added", obj)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return audited(super().log_change(request, obj, message), request, "changed", obj)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        from config import audit

        for row in queryset:
            audit.record("deleted", row, request=request)
        return super().log_deletions(request, queryset)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return guarded(super().get_form(request, obj, change=change, **kwargs))

    def has_run_permission(self, request: HttpRequest) -> bool:
        """Whether this person may ask the engine for work; rows with notes can be changed by others too."""
        return bool(request.user.has_perm("integrations.add_syncrun"))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        context["may_run"] = self.has_run_permission(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_actions(self, request: HttpRequest) -> Any:
        if not self.has_run_permission(request):
            return {}
        actions = super().get_actions(request)
        if not self.has_delete_permission(request):
            actions.pop("delete_selected", None)
        return actions


def audited(written: Any, request: HttpRequest, what: str, obj: Any) -> Any:
    """Record what Django's history has just been told."""
    from config import audit

    audit.record(what, obj, request=request, said=written.get_change_message(), **getattr(request, "hub_changes", {}))
    request.hub_changes = {}  # type: ignore[attr-defined]
    return written
