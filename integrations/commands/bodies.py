"""A verb's body as somebody gave it, checked and put into our words."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from integrations.numbers import decimal_of, text_of
from integrations.verbs import Field, Verb

YES, NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


class BadBody(ValueError):
    """A body that does not fit what the verb declares; says where and what would."""


def checked(verb: Verb, given: Any) -> dict[str, Any]:
    """The body in our words: the vendor's own names are taken too, empty values are left out. Raises BadBody."""
    return _group(verb.fields, given, "")


def filled(fields: Sequence[Field], given: Any) -> dict[str, Any]:
    """What a person filled in beside a verb's body, checked like one. Raises BadBody."""
    return _group(fields, given, "")


def _group(fields: Sequence[Field], given: Any, where: str, free: bool = False) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise BadBody(f"{where or 'The body'} must be an object such as {example(fields)}.")
    names = {name: field for field in fields for name in (field.name, *field.also)}
    unknown = [name for name in given if name not in names]
    if unknown and not free:
        known = ", ".join(field.name for field in fields) or "none"
        raise BadBody(f"{_at(where, unknown[0])} is not known here. Known names: {known}.")
    found: dict[str, Any] = {name: given[name] for name in unknown if given[name] not in (None, "")}
    for field in fields:
        told = {name: given[name] for name in (field.name, *field.also) if given.get(name) not in (None, "", [])}
        if len({repr(value) for value in told.values()}) > 1:
            raise BadBody(f"{_at(where, field.name)} is given twice, with different values.")
        if told:
            found[field.name] = _value(field, next(iter(told.values())), _at(where, field.name))
        elif field.required:
            raise BadBody(f"{_at(where, field.name)} is missing: {field.label}.")
    return found


def _value(field: Field, value: Any, where: str) -> Any:
    if field.kind == "group":
        return _group(field.fields, value, where, field.free)
    if field.kind == "rows":
        if not isinstance(value, list | tuple):
            raise BadBody(f"{where} must be a list of objects such as {example(field.fields)}.")
        return [_group(field.fields, row, f"{where}[{place}]", field.free) for place, row in enumerate(value)]
    try:
        return _plain(field, value)
    except BadBody as wrong:
        raise BadBody(f"{where} {wrong}") from None
    except ValueError:
        raise BadBody(f"{where} must be a {field.kind}, not “{str(value)[:50]}”.") from None


def _plain(field: Field, value: Any) -> Any:
    """One value as JSON holds it: whole numbers as numbers, fractions as exact text."""
    if field.kind == "bool":
        word = str(value).lower()
        if word not in YES + NO:
            raise ValueError
        return word in YES
    if field.kind in ("int", "decimal"):
        number = decimal_of(Decimal(repr(value)) if isinstance(value, float) else value)
        if number is None or (field.kind == "int" and number != int(number)):
            raise BadBody(f"must be a whole number, not “{str(value)[:50]}”." if field.kind == "int" else "is empty.")
        if field.least is not None and number < field.least:
            raise BadBody(f"must be at least {field.least}, not {number}.")
        return int(number) if number == int(number) else f"{number:f}"
    text = text_of(value)
    if field.choices and not field.suggests and text not in field.choices:
        raise BadBody(f"cannot be “{text[:50]}”. Choices: {', '.join(field.choices)}.")
    return text


def example(fields: Sequence[Field]) -> dict[str, Any]:
    """A body that shows the names."""
    inner = {"group": lambda field: example(field.fields), "rows": lambda field: [example(field.fields)]}
    return {field.name: inner.get(field.kind, lambda field: field.example)(field) for field in fields}


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def parts(verb: Verb, body: Mapping[str, Any], most: int) -> list[dict[str, Any]]:
    """The body as several, when its rows are more than one call may hold."""
    rows = body.get(verb.rows) or [] if verb.rows else []
    if not most or len(rows) <= most:
        return [dict(body)]
    return [{**body, verb.rows: rows[start : start + most]} for start in range(0, len(rows), most)]
