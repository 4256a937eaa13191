"""The page of a row that a vendor or the engine owns."""

import json
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

from config.admin.cells import UNKNOWN, figure, fold, link, money, outside, spread, thumbnail, when
from config.admin.lists import HubAdmin


class MirrorAdmin(HubAdmin):
    """Rows the vendor or the engine owns: no add, no delete, read-only but for `own_fields`; every column shown by its type.

    `tables` names methods that show related rows; `folded` are columns behind a fold at the end, `inner` those that only
    whoever looks into a fault wants to see.
    """

    own_fields: ClassVar[tuple[str, ...]] = ()
    tables: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[tuple[str, ...]] = ()  # further methods shown first
    folded: ClassVar[tuple[str, ...]] = ("raw",)
    inner: ClassVar[tuple[str, ...]] = ()
    scarce: ClassVar[tuple[str, ...]] = ()  # left out of a page where they hold nothing, as `folded` are
    hidden: ClassVar[tuple[str, ...]] = ("search",)
    owner: ClassVar[str] = "From the vendor"
    owner_help: ClassVar[str] = "Read-only: the vendor owns these fields, and every sync writes them."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.own_fields or self.actions) and super().has_change_permission(request, obj)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Where nobody writes anything there is nothing to save; what may be done has buttons of its own."""
        if not self.own_fields:
            context |= {"show_save": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def shown(self) -> list[Any]:
        names = {*self.own_fields, *self.folded, *self.inner, *self.hidden, "id"}
        return [self.cell(field) for field in self.opts.concrete_fields if field.name not in names]

    def cell(self, field: Any) -> Any:
        """The column, or a function that shows it better than its plain text."""
        name = field.name
        if isinstance(field, models.JSONField):
            return described(name, field.verbose_name, lambda row: spread(getattr(row, name)))
        if isinstance(field, models.DateTimeField):
            title = str(field.verbose_name).removesuffix(" at")
            return described(name, title, lambda row: when(getattr(row, name)))
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
        if obj is None:
            return [*self.page_sets]
        kept = [
            (title, told, [part for part in told["fields"] if not self.idle(part, obj)])
            for title, told in self.page_sets
        ]
        return [(title, {**told, "fields": parts}) for title, told, parts in kept if parts]

    def idle(self, part: Any, row: Any) -> bool:
        name = (part if isinstance(part, str) else part.__name__).removesuffix("_shown")
        return name in (*self.scarce, *self.folded) and getattr(row, name, None) in (None, "", 0, {}, [])

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
        inner = [self.cell(field) for field in self.opts.concrete_fields if field.name in self.inner]
        if inner:
            sets.append(("Inside the engine", {"fields": inner, "classes": ["hub-facts", "collapse"]}))
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
