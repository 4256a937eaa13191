"""What every list and page of the admin shares: read-only mirrors, pages without COUNT(*), and how values are shown."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

CAP = 1000  # counting stops here: "1,000+" is all an operator needs, and costs the same on any table
UNKNOWN = "–"


# How values are shown.


def span(seconds: float) -> str:
    """A length of time in its largest unit: `45 s`, `4 min`, `3 h`, `12 d`."""
    seconds = abs(seconds)
    for limit, size, unit in ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds / 86_400)} d"


def age(moment: datetime | None) -> SafeString | str:
    """`4 min ago`, with the full time in the operator's zone as its title."""
    if moment is None:
        return UNKNOWN
    seconds = (timezone.now() - moment).total_seconds()
    text = f"{span(seconds)} ago" if seconds >= 0 else f"in {span(seconds)}"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact(moment), text)


def exact(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{formats.date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"


def when(moment: datetime | None) -> SafeString | str:
    """The time in the operator's zone, and its age."""
    if moment is None:
        return UNKNOWN
    return format_html('{} <span class="hub-quiet">({})</span>', exact(moment), age(moment))


def figure(number: Decimal | None, least: int = 0) -> str:
    """A number without needless zeros but with at least so many decimals; a dash when unknown."""
    if number is None:
        return UNKNOWN
    places = max(least, -int(number.normalize().as_tuple().exponent))
    return f"{number:,.{places}f}"


def money(amount: Decimal | None, currency: str = "") -> SafeString | str:
    """An amount with its currency, two decimals or as many as it has; a dash when the vendor did not say."""
    if amount is None:
        return UNKNOWN
    return format_html('<bdi class="hub-money">{} {}</bdi>', figure(amount, 2), currency)


def thumbnail(url: str, large: bool = False) -> SafeString | str:
    if not url.startswith(("https://", "http://")):
        return ""
    return format_html(
        '<img class="{}" src="{}" alt="" loading="lazy" referrerpolicy="no-referrer">',
        "hub-picture" if large else "hub-thumb",
        url,
    )


def outside(url: str) -> SafeString | str:
    """A link to a vendor's page; anything but http(s) is shown as text, since vendors send it."""
    if not url.startswith(("https://", "http://")):
        return url or UNKNOWN
    return format_html('<a href="{}" rel="noreferrer noopener" target="_blank">{}</a>', url, url)


def badge(text: str, tone: str = "") -> SafeString:
    """A word with a tone: good, bad, warn or none; the word alone says it, the colour only repeats it."""
    return format_html('<span class="hub-badge {}">{}</span>', f"hub-{tone}" if tone else "", text)


def fold(value: Any, title: str = "Show") -> SafeString | str:
    """JSON behind a fold."""
    if value in (None, "", [], {}):
        return UNKNOWN
    if not isinstance(value, str):
        value = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return format_html('<details class="hub-fold"><summary>{}</summary><pre dir="ltr">{}</pre></details>', title, value)


def address(row: models.Model) -> str:
    """The admin's page of a row; empty when its model has none. A row may name its own page model (`page_model`)."""
    model = getattr(row, "page_model", None) or type(row)
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])
    except NoReverseMatch:
        return ""


def link(row: models.Model | None, text: str = "") -> SafeString | str:
    if row is None:
        return UNKNOWN
    url = address(row)
    return format_html('<a href="{}">{}</a>', url, text or row) if url else str(text or row)


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], empty: str = "None.") -> SafeString:
    """A small table within a page."""
    body = [format_html("<tr>{}</tr>", format_html_join("", "<td>{}</td>", ((cell,) for cell in row))) for row in rows]
    if not body:
        return format_html('<span class="hub-quiet">{}</span>', empty)
    head = format_html_join("", '<th scope="col">{}</th>', ((text,) for text in heads))
    return format_html(
        '<div class="hub-scroll"><table class="hub-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>',
        head,
        format_html_join("", "{}", ((row,) for row in body)),
    )


# Filters.


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
            return parse_date(self.value(name))
        except ValueError:
            return None

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


# Lists.

AFTER, BEFORE = "after", "before"
PLACE = (AFTER, BEFORE, "p")


class HubChangeList(ChangeList):
    """A list that is never counted past CAP, and is paged by key in its own order (`performance.md` A2's technique).

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


class HubAdmin(admin.ModelAdmin):
    """Every list of the hub: 50 rows, no counting, search in one column (`search`), one word at a time."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # one count per choice, over the whole table
    actions_on_top = True
    actions_selection_counter = False
    keyset: ClassVar[str] = ""  # the list's own order: this never-NULL time and the id, newest first
    whole_search: ClassVar[bool] = False  # the model has the column `search`: upper-case words
    short_search: ClassVar[str] = ""  # words under three letters are the beginning of this column (trigrams need three)
    list_defer: ClassVar[tuple[str, ...]] = ()
    page_related: ClassVar[tuple[str, ...]] = ()  # what one row's page needs joined

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        named = {"title": str(self.opts.verbose_name_plural).capitalize()}
        return super().changelist_view(request, named | (extra_context or {}))

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
        for word in search_term.split():
            if len(word) < 3 and self.short_search:
                queryset = queryset.filter(**{f"{self.short_search}__istartswith": word})
            else:
                queryset = queryset.filter(search__contains=word.upper())
        return queryset, False

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        if not self.has_delete_permission(request):
            actions.pop("delete_selected", None)
        return actions


class MirrorAdmin(HubAdmin):
    """Rows the vendor or the engine owns: no add, no delete, read-only but for `own_fields`; every column shown by its type.

    `tables` names methods that show related rows; `folded` are columns behind a fold at the end.
    """

    own_fields: ClassVar[tuple[str, ...]] = ()
    tables: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[tuple[str, ...]] = ()  # further methods shown first
    folded: ClassVar[tuple[str, ...]] = ("raw",)
    hidden: ClassVar[tuple[str, ...]] = ("search",)
    owner: ClassVar[str] = "From the vendor"
    owner_help: ClassVar[str] = "Read-only: the vendor owns these fields, and every sync writes them."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.own_fields or self.actions) and super().has_change_permission(request, obj)

    def shown(self) -> list[Any]:
        names = {*self.own_fields, *self.folded, *self.hidden, "id"}
        return [self.cell(field) for field in self.opts.concrete_fields if field.name not in names]

    def cell(self, field: Any) -> Any:
        """The column, or a function that shows it better than its plain text."""
        name = field.name
        if isinstance(field, models.JSONField):
            return described(name, field.verbose_name, lambda row: fold(getattr(row, name)))
        if isinstance(field, models.DateTimeField):
            return described(name, field.verbose_name, lambda row: when(getattr(row, name)))
        if isinstance(field, models.DecimalField):
            if field.decimal_places == 6 and field.max_digits == 20 and "rate" not in name:
                of = "retail_currency" if name == "retail_price" else "currency"
                return described(name, field.verbose_name, lambda row: money(getattr(row, name), getattr(row, of, "")))
            return described(name, field.verbose_name, lambda row: figure(getattr(row, name)))
        if isinstance(field, models.ForeignKey):
            return described(name, field.verbose_name, lambda row: link(getattr(row, name)))
        if name == "image_url":
            return described(name, "picture", lambda row: thumbnail(getattr(row, name), large=True) or UNKNOWN)
        if name.endswith(("_url", "_link")):
            return described(name, field.verbose_name, lambda row: outside(getattr(row, name)))
        return name

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [
            item
            for _, options in self.get_fieldsets(request, obj)
            for item in options["fields"]
            if item not in self.own_fields
        ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        # The very same functions each time: Django compares them with the read-only ones.
        return [*self.page_sets]

    @cached_property
    def page_sets(self) -> list[Any]:
        sets: list[Any] = []
        if self.own_fields:
            sets.append(("Yours", {"fields": self.own_fields, "description": "No sync touches these."}))
        sets.append(
            (
                self.owner,
                {"fields": [*self.extra, *self.shown()], "classes": ["hub-facts"], "description": self.owner_help},
            )
        )
        sets += [
            (getattr(getattr(self, name), "short_description", name), {"fields": [name], "classes": ["hub-related"]})
            for name in self.tables
        ]
        folded = [field for field in self.opts.concrete_fields if field.name in self.folded]
        if folded:
            cells = [described(field.name, field.verbose_name, raw_of(field.name)) for field in folded]
            sets.append(("As the vendor sent it", {"fields": cells, "classes": ["hub-related"]}))
        return sets


def raw_of(name: str) -> Callable[[Any], Any]:
    return lambda row: fold(readable(getattr(row, name)))


def readable(value: Any) -> Any:
    """Raw text as JSON where it is JSON."""
    if isinstance(value, str) and value[:1] in "[{" and value:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def described(name: str, title: Any, show: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def cell(row: Any) -> Any:
        try:
            return show(row)
        except ObjectDoesNotExist:
            return UNKNOWN

    cell.__name__ = f"{name}_shown"
    cell.short_description = title  # type: ignore[attr-defined]
    return cell
