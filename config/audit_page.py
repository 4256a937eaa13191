"""The audit log in the admin: read, filtered, exported; never changed."""

import csv
import unicodedata
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import path, reverse

from config import audit
from config.admin import DateRange, MirrorAdmin, Values, age, described, fold
from config.models import AuditEntry

MOST = 200_000  # rows of one export
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


class AuditAdmin(MirrorAdmin):
    list_display = ("since", "who", "what", "thing", "said_short", "address")
    list_filter = (("what", Values), ("kind", Values), ("at", DateRange))
    list_defer = ("before", "after")
    search_fields = ("who", "thing", "said", "address")
    keyset = "at"
    rows_called = "audit entries"
    owner = "What happened"
    owner_help = "Written once; nobody can change it. “manage.py verify_audit” proves that nobody has."
    folded: ClassVar[tuple[str, ...]] = ()
    change_list_template = "admin/people/audit_list.html"

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name="hub_auditentry_export"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        export = {"export": reverse("admin:hub_auditentry_export") + query}
        return super().changelist_view(request, {**export, **(extra_context or {})})

    def export_view(self, request: HttpRequest) -> Any:
        """The rows that the list's filters leave, as CSV that no spreadsheet takes for formulas."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse("admin:hub_auditentry_changelist") + "?e=1")  # as the list does
        asked = request.GET.copy()
        if asked.get("q"):
            asked["q"] = "…"  # people search for anything, for a token that turned up somewhere, too
        audit.record("exported", request=request, said=f"the audit log {asked.urlencode('…')}".strip())
        answer = StreamingHttpResponse(lines(rows.order_by("-pk")[:MOST]), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="audit.csv"'
        return answer

    def since(self, row: AuditEntry) -> Any:
        return age(row.at)

    since.short_description = "when"  # type: ignore[attr-defined]
    since.admin_order_field = "at"  # type: ignore[attr-defined]

    def said_short(self, row: AuditEntry) -> str:
        return row.said[:120]

    said_short.short_description = "in words"  # type: ignore[attr-defined]

    def cell(self, field: Any) -> Any:
        if field.name in ("before", "after"):
            name: str = field.name
            return described(
                name, field.verbose_name, lambda row: fold(getattr(row, name)) if getattr(row, name) else "–"
            )
        return super().cell(field)


class Echo:
    """What csv writes into: it hands each line on."""

    def write(self, line: str) -> str:
        return line


def lines(rows: Any) -> Iterator[str]:
    writer = csv.writer(Echo(), quoting=csv.QUOTE_ALL)
    yield str(writer.writerow((*audit.FIELDS, "digest")))
    for row in rows.iterator(chunk_size=1000):
        yield str(writer.writerow([safe(getattr(row, name)) for name in (*audit.FIELDS, "digest")]))


def safe(value: Any) -> str:
    """A cell as text that a spreadsheet shows and never computes; wide signs and ones behind what is not seen count too."""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    seen = "".join(c for c in unicodedata.normalize("NFKC", text) if c.isprintable() and not c.isspace())
    return f"'{text}" if text.startswith(STARTS) or seen.startswith(STARTS) else text
