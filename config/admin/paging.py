"""Pages of a list in a time that does not grow with it: no COUNT(*), no OFFSET in the list's own order.

Every list first asks for the ids of at most CAP rows in any order. When these are all, the page comes from them, whatever
it is sorted by. When there are more, the rows are so many that a walk in the list's own order soon meets a page of them.
"""

from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.db import DataError, NotSupportedError
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

from config.admin.place import AFTER, BEFORE, PLACE, Place
from config.admin.search import Words

CAP = 1000  # counting stops here: "1,000+" is all an operator needs, and costs the same on any table
LAST_PAGE = 10**6  # offsets far beyond it are no number to SQLite
SORTED = 20_000  # rows that are sorted by any column; longer lists keep their own order
Page = tuple[list[Any], dict[str, str], dict[str, str]]  # rows; what leads to the older and to the newer ones
TOO_LONG = f"More than {SORTED:,} rows are not sorted by a column: narrow the list with a filter or a search first."


class HubChangeList(ChangeList):
    """A list that is never counted past CAP and, where the admin names a `keyset`, paged by key."""

    model_admin: Any

    def get_filters_params(self, params: Any = None) -> Any:
        left = super().get_filters_params(params)
        for name in (AFTER, BEFORE):
            left.pop(name, None)
        return left

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        # Another filter or order starts at the first page again.
        return super().get_query_string(new_params, [*(remove or ()), AFTER, BEFORE])

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        self.words = Words(self.query if self.model_admin.whole_search else "")
        if not self.words:
            return super().get_queryset(request, exclude_parameters)
        asked, self.query = self.query, ""
        self.unsearched = super().get_queryset(request, exclude_parameters)
        self.query = asked
        return self.unsearched.filter(self.words.condition)

    def get_results(self, request: HttpRequest) -> None:
        """The page; a value in the address that no column can hold leads back to the plain list, as other mistakes do."""
        try:
            self.read_page(request)
        except (ValueError, OverflowError, NotSupportedError, DataError) as wrong:
            raise IncorrectLookupParameters(wrong) from wrong

    def read_page(self, request: HttpRequest) -> None:
        self.paginator = self.model_admin.get_paginator(request, self.queryset.none(), self.list_per_page)
        place = self.place(request)
        first = self.words.near(self.unsearched, place, CAP + 1) if self.words and place else []
        if len(first) > self.list_per_page and place:
            self.count_text = self.counted(len(first), sure=False)
            page = self.by_id(place, first)
        else:
            ids = list(self.some(place).values_list("pk", flat=True)[: CAP + 1])
            self.count_text = self.counted(len(ids))
            page = self.page_of(request, place, ids)
        rows, older, newer = page
        self.older_url, self.newer_url = (self.to(request, way) if way else "" for way in (older, newer))
        self.first_url = self.to(request, {}) if newer else ""
        self.last_url = self.to(request, {BEFORE: ""}) if older and place else ""
        self.result_list = rows
        # What the page shows: "select all" never reaches past it.
        self.result_count = self.full_result_count = len(rows)
        self.show_full_result_count = False
        self.show_admin_actions = bool(rows)
        self.can_show_all = False
        self.multi_page = False

    @staticmethod
    def counted(rows: int, sure: bool = True) -> str:
        """`12`, `1,000+`; `230+` when only so many were looked at."""
        return f"{min(rows, CAP):,}{'+' if rows > CAP or not sure else ''}"

    def place(self, request: HttpRequest) -> Place | None:
        """Where a page by key begins; None where the list has no key or the operator chose another order."""
        key = self.model_admin.keyset
        if not key:
            return None
        chosen = self.get_ordering(request, self.root_queryset)[0] if ORDER_VAR in self.params else f"-{key}"
        return Place.asked(request.GET, key, chosen == f"-{key}") if chosen in (key, f"-{key}") else None

    def some(self, place: Place | None) -> QuerySet[Any]:
        """All that match, cheapest first; what was looked for in the list's order, all of it found before it is cut.

        A planner that believes a word to be common reads the table until it has met enough rows with it: to the end, where there
        are none in this list.
        """
        return place.start.following(self.queryset, walk=False) if self.words and place else self.queryset.order_by()

    def page_of(self, request: HttpRequest, place: Place | None, ids: list[int]) -> Page:
        """The page, given the first ids of all that match."""
        if len(ids) <= CAP:
            rows = self.shown.filter(pk__in=ids)
            return self.by_key(rows, place) if place else self.by_offset(rows.order_by(*self.order(request)))
        key = self.model_admin.keyset
        if key and not place and self.longer_than(SORTED):
            messages.warning(request, TOO_LONG)
            self.params.pop(ORDER_VAR)
            place = Place.asked(request.GET, key, True)
        if place is None:
            return self.by_offset(self.queryset)
        if self.words and place == place.start:
            return self.by_id(place, ids)
        return self.by_key(self.queryset, place, walk=not self.words)

    @property
    def shown(self) -> QuerySet[Any]:
        return self.apply_select_related(self.root_queryset)

    def order(self, request: HttpRequest) -> Any:
        return self.get_ordering(request, self.root_queryset)

    def longer_than(self, limit: int) -> bool:
        return self.queryset.order_by().values("pk")[: limit + 1].count() > limit

    def by_id(self, place: Place, ids: list[int]) -> Page:
        return self.by_key(self.shown.filter(pk__in=ids[: self.list_per_page + 1]), place)

    def by_key(self, rows: QuerySet[Any], place: Place, walk: bool = True) -> Page:
        found = list(place.following(rows, walk)[: self.list_per_page + 1])
        more = len(found) > self.list_per_page
        found = found[: self.list_per_page]
        if place.back:
            found.reverse()
        if not found:
            return [], {}, {}
        further = place.moment is not None
        older = {AFTER: place.name(found[-1])} if (further if place.back else more) else {}
        newer = {BEFORE: place.name(found[0])} if (more if place.back else further) else {}
        return found, older, newer

    def by_offset(self, ordered: QuerySet[Any]) -> Page:
        page = min(max(self.page_num, 1), LAST_PAGE)
        start = (page - 1) * self.list_per_page
        ids = list(ordered.values_list("pk", flat=True)[start : start + self.list_per_page + 1])
        shown = ids[: self.list_per_page]
        by_id = {row.pk: row for row in self.shown.filter(pk__in=shown)}
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
