"""Pages of a list without COUNT(*) and without OFFSET."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db.models import Q
from django.http import HttpRequest, QueryDict
from django.utils.dateparse import parse_datetime

CAP = 1000  # counting stops here: "1,000+" is all an operator needs, and costs the same on any table
AFTER, BEFORE = "after", "before"
PLACE = (AFTER, BEFORE, "p")


class HubChangeList(ChangeList):
    """A list that is never counted past CAP, and is paged by key in its own order.

    In an order the operator chose it is paged by offset, ids first.
    """

    def get_filters_params(self, params: Any = None) -> Any:
        left = super().get_filters_params(params)
        for name in (AFTER, BEFORE):
            left.pop(name, None)
        return left

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        # Another filter or order starts at the first page again.
        return super().get_query_string(new_params, [*(remove or ()), AFTER, BEFORE])

    def get_results(self, request: HttpRequest) -> None:
        self.paginator = self.model_admin.get_paginator(request, self.queryset.none(), self.list_per_page)
        counted = self.queryset.order_by().values("pk")[: CAP + 1].count()
        self.count_text = f"{CAP:,}+" if counted > CAP else f"{counted:,}"
        key = getattr(self.model_admin, "keyset", "")
        if key and "o" not in self.params:
            rows, older, newer = self.by_key(request, key)
        else:
            rows, older, newer = self.by_offset()
        self.older_url = self.to(request, older) if older else ""
        self.newer_url = self.to(request, newer) if newer else ""
        self.result_list = rows
        # What the page shows: "select all" never reaches past it.
        self.result_count = len(rows)
        self.full_result_count = self.result_count
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = False
        self.multi_page = False

    def by_key(self, request: HttpRequest, key: str) -> tuple[list[Any], dict[str, str], dict[str, str]]:
        back = BEFORE in request.GET and AFTER not in request.GET
        place = request.GET.get(BEFORE if back else AFTER, "")
        rows = self.queryset.order_by(key, "pk") if back else self.queryset.order_by(f"-{key}", "-pk")
        at, _, pk = place.rpartition("~")
        moment = moment_or_none(at)
        if moment is not None and pk.isdigit():
            way = "gt" if back else "lt"
            rows = rows.filter(**{f"{key}__{way}e": moment}).filter(
                Q(**{f"{key}__{way}": moment}) | Q(**{f"pk__{way}": int(pk)})
            )
        found = list(rows[: self.list_per_page + 1])
        more = len(found) > self.list_per_page
        found = found[: self.list_per_page]
        if back:
            found.reverse()
        if not found:
            return [], {}, {}
        first, last = ((f"{getattr(row, key).isoformat()}~{row.pk}") for row in (found[0], found[-1]))
        older = {AFTER: last} if (more or back) else {}
        newer = {BEFORE: first} if (more if back else place) else {}
        return found, older, newer

    def by_offset(self) -> tuple[list[Any], dict[str, str], dict[str, str]]:
        page = max(self.page_num, 1)
        start = (page - 1) * self.list_per_page
        ids = list(self.queryset.values_list("pk", flat=True)[start : start + self.list_per_page + 1])
        shown = ids[: self.list_per_page]
        by_id = {row.pk: row for row in self.queryset.filter(pk__in=shown)}
        older = {"p": str(page + 1)} if len(ids) > self.list_per_page else {}
        newer = {"p": str(page - 1)} if page > 1 else {}
        return [by_id[pk] for pk in shown if pk in by_id], older, newer

    def to(self, request: HttpRequest, place: dict[str, str]) -> str:
        query = QueryDict(mutable=True)
        for name, values in request.GET.lists():
            if name not in PLACE:
                query.setlist(name, values)
        query.update(place)
        return f"?{query.urlencode()}"


def moment_or_none(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
