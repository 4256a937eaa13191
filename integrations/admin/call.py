"""Every call that was made to a vendor."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from config.admin import DateRange, age
from integrations import errors
from integrations.admin.records import RecordAdmin
from integrations.models import ApiCall


class Status(admin.SimpleListFilter):
    """By the kind of answer; no look through the whole log for the numbers it has."""

    title = "answer"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (
            ("2", "2xx: well"),
            ("3", "3xx: sent on"),
            ("4", "4xx: refused"),
            ("5", "5xx: vendor's trouble"),
            ("0", "none"),
        )

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value() or ""
        if value == "0":
            return queryset.filter(status__isnull=True)
        if value in ("2", "3", "4", "5"):
            return queryset.filter(status__gte=int(value) * 100, status__lt=int(value) * 100 + 100)
        return queryset


class Wrong(admin.SimpleListFilter):
    title = "error"
    parameter_name = "error"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        kinds = (errors.Wait, errors.Refused, errors.NeedsAuth, errors.Unknown, errors.BadPayload)
        return [("any", "any"), *((kind.kind, kind.kind.replace("_", " ")) for kind in kinds)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value == "any":
            return queryset.exclude(error_kind="")
        return queryset.filter(error_kind=value) if value else queryset


@admin.register(ApiCall)
class ApiCallAdmin(RecordAdmin):
    list_display = (
        "path", "method", "vendor", "status", "ms", "waited_ms", "bytes", "attempt", "error_kind", "answered",
    )  # fmt: skip
    list_filter = ("vendor", Status, Wrong, ("at", DateRange))
    search_fields = ("path", "error")
    page_related = ("vendor", "run__vendor")
    keyset = "at"

    @admin.display(description="answered", ordering="at")
    def answered(self, row: ApiCall) -> Any:
        return age(row.at)
