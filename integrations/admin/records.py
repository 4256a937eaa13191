"""What the pages of runs, rejects, held parts and calls share."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from config.admin import MirrorAdmin
from integrations.service import services


class FlowFilter(admin.SimpleListFilter):
    """Every flow some kind declares; no look through the table for those it has."""

    title = "flow"
    parameter_name = "flow"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(name, name) for name in sorted({name for service in services().values() for name in service.flows})]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(flow=self.value()) if self.value() else queryset


class RecordAdmin(MirrorAdmin):
    """What the engine wrote down; nobody edits it."""

    owner = "What happened"
    owner_help = "Read-only: written by the hub."
    folded: ClassVar[tuple[str, ...]] = ()
    hidden: ClassVar[tuple[str, ...]] = ()
    list_filter: ClassVar[Any] = ("vendor", FlowFilter)
    list_select_related: ClassVar[Any] = ("vendor",)
    page_related: ClassVar[tuple[str, ...]] = ("vendor",)
