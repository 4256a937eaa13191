"""A form made from what a verb declares: single values, groups of them, and lists of rows a person can add to."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integrations.commands import bodies
from integrations.verbs import Field

YES_NO = (("", "–"), ("true", "Yes"), ("false", "No"))
SPARE, MOST = 2, 200  # empty rows offered, rows at most
SMALL = ("int", "decimal", "bool")


@dataclass
class Part:
    """One declared field as it is drawn: a single value, a group, or rows under one head."""

    about: Field
    single: Any = None
    inner: list[Any] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    open: bool = True
    count: str = ""


class VerbForm(forms.Form):
    """`declared` fields, begun with `begun` (a body as far as it is known). `given()` is the body a person filled in."""

    required_css_class = "required"

    def __init__(self, declared: Iterable[Field], data: Any = None, begun: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.declared, self.begun = tuple(declared), begun or {}
        self.more = [name for name in data if name.startswith("more-")] if data else []
        for one in self.declared:
            self._add(one)

    # -- making the fields

    def _add(self, one: Field) -> None:
        name, known = f"f_{one.name}", self.begun.get(one.name)
        if one.kind == "rows" and one.fields and not one.free:
            for place in range(self._count(one, known)):
                row = known[place] if known and place < len(known) else {}
                for inner in self._columns(one):
                    self.fields[f"{name}-{place}-{inner.name}"] = plain(inner, row.get(inner.name), needed=False)
        elif one.kind == "group" and one.fields:
            for inner in one.fields:
                self.fields[f"{name}-{inner.name}"] = plain(
                    inner, (known or {}).get(inner.name), needed=inner.required and one.required
                )
        else:
            self.fields[name] = plain(one, known)

    def _columns(self, one: Field) -> list[Field]:
        """Those of a row that are drawn: what is rarely given only where a row has it."""
        known = [name for row in self.begun.get(one.name) or () for name in row]
        return [inner for inner in one.fields if not inner.rare or inner.name in known]

    def _count(self, one: Field, known: Any) -> int:
        told = str(self.data.get(f"f_{one.name}-count", "")) if self.is_bound else ""
        count = int(told) if told.isascii() and told.isdigit() and len(told) < 4 else len(known or ()) + (not known)
        return min(MOST, count + (SPARE if f"more-{one.name}" in self.more else 0))

    # -- what it was filled with

    def given(self) -> dict[str, Any]:
        """The body, without what was left empty. Only of a valid form."""
        found: dict[str, Any] = {}
        for one in self.declared:
            name = f"f_{one.name}"
            if one.kind == "rows" and one.fields and not one.free:
                value: Any = self._rows(one)
            elif one.kind == "group" and one.fields:
                value = self._filled(one.fields, f"{name}-")
            else:
                value = self.cleaned_data.get(name)
            if value not in (None, "", {}, []):
                found[one.name] = value
        return found

    def _rows(self, one: Field) -> list[dict[str, Any]]:
        rows = []
        for place in range(MOST):
            if f"f_{one.name}-{place}-{one.fields[0].name}" not in self.fields:
                break
            if row := self._filled(self._columns(one), f"f_{one.name}-{place}-"):
                rows.append(row)
        return rows

    def _filled(self, fields: Sequence[Field], prefix: str) -> dict[str, Any]:
        told = {one.name: self.cleaned_data.get(f"{prefix}{one.name}") for one in fields}
        return {name: value for name, value in told.items() if value not in (None, "")}

    # -- how it is drawn

    def parts(self) -> list[Part]:
        return [self._part(one) for one in self.declared if not one.rare or one.required]

    def rare(self) -> list[Part]:
        return [self._part(one) for one in self.declared if one.rare and not one.required]

    def shows_rare(self) -> bool:
        """Whether one of them is filled in, or wrong."""
        bound = [field for part in self.rare() for field in (part.single, *part.inner, *chain(*part.rows)) if field]
        return any(field.errors or field.value() not in (None, "", [], {}) for field in bound)

    def _part(self, one: Field) -> Part:
        name, part = f"f_{one.name}", Part(one)
        if one.kind == "rows" and one.fields and not one.free:
            part.heads = [inner.label for inner in self._columns(one)]
            while f"{name}-{len(part.rows)}-{one.fields[0].name}" in self.fields:
                part.rows.append([self[f"{name}-{len(part.rows)}-{inner.name}"] for inner in self._columns(one)])
            part.count = f"{name}-count"
        elif one.kind == "group" and one.fields:
            part.inner = [self[f"{name}-{inner.name}"] for inner in one.fields]
            part.open = one.required or any(bound.value() not in (None, "") or bound.errors for bound in part.inner)
        else:
            part.single = self[name]
        return part


def plain(one: Field, known: Any = None, needed: bool | None = None) -> forms.Field:
    """The form's field for one value; JSON where its shape is not declared."""
    shared: dict[str, Any] = {
        "label": one.label, "required": one.required if needed is None else needed, "help_text": one.help, "initial": known,
    }  # fmt: skip
    if one.kind == "bool":
        shared["initial"] = "" if known is None else str(bool(known)).lower()
        return forms.ChoiceField(choices=YES_NO, **shared)
    if one.choices and one.suggests:
        return forms.CharField(max_length=2000, widget=Suggesting(one), **shared)
    if one.choices:
        labels = one.labels or tuple(word.replace("_", " ") for word in one.choices)
        return forms.ChoiceField(choices=[("", "–"), *zip(one.choices, labels, strict=True)], **shared)
    if one.kind in ("group", "rows"):
        return _json(one, known, shared)
    widget = forms.TextInput(attrs={"inputmode": "decimal", "size": 8} if one.kind in SMALL else {})
    return forms.CharField(max_length=2000, widget=widget, **shared)


class Suggesting(forms.TextInput):
    """A text with words to choose from."""

    def __init__(self, about: Field) -> None:
        super().__init__({"autocomplete": "off"})
        self.words = list(zip(about.choices, about.labels or about.choices, strict=True))

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        own = f"{(attrs or {}).get('id', name)}_words"
        field = super().render(name, value, {**(attrs or {}), "list": own}, renderer)
        words = format_html_join("", '<option value="{}">{}</option>', self.words)
        return format_html('{}<datalist id="{}">{}</datalist>', field, own, words)


def _json(one: Field, known: Any, shared: dict[str, Any]) -> forms.Field:
    shown = known if known is not None else bodies.example((one,))[one.name] if one.required else None
    text = json.dumps(shown if shown is not None else [], indent=2, ensure_ascii=False)
    shared |= {"initial": shown, "help_text": f"{one.help} As JSON.".strip()}
    rows = min(12, text.count("\n") + 2)
    area = forms.Textarea(attrs={"rows": rows, "dir": "ltr", "spellcheck": "false"})
    return Readable(widget=area, **shared)


class Readable(forms.JSONField):
    """JSON in several lines, as people read it."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str) or value is None:
            return super().prepare_value(value) if value is not None else ""
        return json.dumps(value, indent=2, ensure_ascii=False, default=str)
