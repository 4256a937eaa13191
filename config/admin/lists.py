"""What every list of the admin shares."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from config.admin.paging import HubChangeList
from config.admin.search import Words

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
    page_related: ClassVar[tuple[str, ...]] = ()  # what one row's page needs joined

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        ours = {"title": str(self.opts.verbose_name_plural).capitalize(), "media": LIST_MEDIA}
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
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(key.isascii() and key.isdigit() and len(key) < 19 for key in chosen):
            self.message_user(request, "These are no rows of this list: choose them again.", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return super().response_action(request, queryset, *place)

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        if not self.has_delete_permission(request):
            actions.pop("delete_selected", None)
        return actions
