"""Filters beside the lists that Django has not."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.db import connection, models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date

from config.admin.place import PLACE

FIRST, LAST = date(1, 1, 2), date(9999, 12, 30)


def told_by(column: str, title: str, *, filled: str, empty: str) -> tuple[str, type[admin.FieldListFilter]]:
    """An entry of `list_filter`: what it means to staff that a column is filled or empty, in words of their own."""

    class Told(admin.EmptyFieldListFilter):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.title = title

        def choices(self, changelist: Any) -> Any:
            words = ("All", empty, filled)
            for word, choice in zip(words, super().choices(changelist), strict=True):
                yield {**choice, "display": word}

    return column, Told


GONE = told_by("gone_at", "at the vendor", filled="Gone", empty="Still listed")


class Values(admin.AllValuesFieldListFilter):
    """Every value of a column that an index begins with, found by hops from one to the next instead of by reading the table."""

    def __init__(self, field: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(field, request, *args, **kwargs)
        self.lookup_choices = values_of(field)  # type: ignore[assignment]

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            yield {**choice, "display": choice["display"] or "–"}


def values_of(field: Any) -> list[Any]:
    """The values of a column in their order, without NULL; as many look-ups in its index as there are values."""
    table, column = (connection.ops.quote_name(name) for name in (field.model._meta.db_table, field.column))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE hops(value) AS (SELECT MIN({column}) FROM {table} UNION ALL "
            f"SELECT (SELECT MIN({column}) FROM {table} WHERE {column} > hops.value) FROM hops WHERE hops.value IS NOT NULL) "
            "SELECT value FROM hops WHERE value IS NOT NULL"
        )
        return [value for (value,) in cursor.fetchall()]


class DateRange(admin.FieldListFilter):
    """From one day to another, both included, in the operator's zone. The days are two plain fields of a GET form."""

    template = "admin/hub/date_range.html"

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, field_path: str
    ) -> None:
        self.since, self.until = f"{field_path}__since", f"{field_path}__until"
        super().__init__(field, request, params, model, model_admin, field_path)
        self.others = [
            (name, value)
            for name, values in request.GET.lists()
            if name not in (self.since, self.until, *PLACE)
            for value in values
        ]

    def expected_parameters(self) -> list[str | None]:
        return [self.since, self.until]

    def value(self, name: str) -> str:
        given = self.used_parameters.get(name, "")
        return str(given[-1] if isinstance(given, list) else given)

    def day(self, name: str) -> Any:
        try:
            day = parse_date(self.value(name))
        except ValueError:
            return None
        # The day after it, and its midnight in any zone, must be days too.
        return day if day is not None and FIRST < day < LAST else None

    @property
    def first(self) -> str:
        return self.value(self.since)

    @property
    def last(self) -> str:
        return self.value(self.until)

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        since, until = self.day(self.since), self.day(self.until)
        timed = isinstance(self.field, models.DateTimeField)
        zone = timezone.get_current_timezone()
        if since:
            queryset = queryset.filter(
                **{f"{self.field_path}__gte": datetime.combine(since, time.min, zone) if timed else since}
            )
        if until:
            after = until + timedelta(days=1)
            queryset = queryset.filter(
                **{f"{self.field_path}__lt": datetime.combine(after, time.min, zone) if timed else after}
            )
        return queryset

    def choices(self, changelist: Any) -> Any:
        today = timezone.localdate()
        since = self.value(self.since)
        for text, days in (("Any day", None), ("Today", 0), ("Last 7 days", 6), ("Last 30 days", 29)):
            first = "" if days is None else (today - timedelta(days=days)).isoformat()
            yield {
                "selected": since == first and not self.value(self.until),
                "query_string": changelist.get_query_string(
                    {self.since: first} if first else {}, [self.since, self.until, *PLACE]
                ),
                "display": text,
            }
