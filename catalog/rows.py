"""How a batch of mirrored rows is written: read what is stored, compare values, insert the new, update what differs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model

from catalog.records import KEEP

BATCH = 500
Values = dict[str, Any]  # column name → value; KEEP leaves what is stored
Key = Any  # the key column's value, or a tuple where a row is known by several columns


@dataclass
class Change:
    """One stored row that differs: `before` and `after` hold the columns that changed."""

    id: int
    external_id: Key
    before: Values
    after: Values


@dataclass
class Written:
    """What `write` did: ids of all rows by key, the keys created, the changes."""

    ids: dict[Key, int] = field(default_factory=dict)
    created: set[Key] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)


def chunks(items: Sequence[Any], size: int = BATCH) -> Iterable[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def stored(model: type[Model], scope: Mapping[str, Any], key: str, keys: Iterable[str]) -> dict[str, Any]:
    """Stored rows as instances, by their key column."""
    found: dict[str, Any] = {}
    for part in chunks(list(keys)):
        for row in model._default_manager.filter(**scope, **{f"{key}__in": part}):
            found[getattr(row, key)] = row
    return found


def write(
    model: type[Model],
    scope: Mapping[str, Any],
    rows: Mapping[Key, Values],
    *,
    now: datetime,
    key: str | tuple[str, ...] = "external_id",
    known: Mapping[Key, Any] | None = None,
) -> Written:
    """Make the stored rows of `scope` equal to `rows` (by `key`); nothing is written for a row whose values are equal.

    scope: columns that say whose rows these are, e.g. {"vendor_id": 7}. known: stored rows when the caller has read them;
    needed where `key` names several columns.
    """
    if known is None:
        if isinstance(key, tuple):
            raise TypeError("Rows known by several columns must be read by the caller.")
        known = stored(model, scope, key, rows)
    names = (key,) if isinstance(key, str) else key
    dated = {f.name for f in model._meta.fields} >= {"seen_at", "changed_at"}
    result = Written()
    new: list[Any] = []
    differing: list[Any] = []
    columns: set[str] = set()
    for row_key, values in rows.items():
        row = known.get(row_key)
        if row is None:
            told = {name: value for name, value in values.items() if value is not KEEP}
            if dated:
                told |= {"seen_at": now, "changed_at": now}
            named = dict(zip(names, row_key if isinstance(key, tuple) else (row_key,), strict=True))
            new.append(model(**scope, **named, **told))
            result.created.add(row_key)
            continue
        result.ids[row_key] = row.pk
        after = {n: v for n, v in values.items() if v is not KEEP and getattr(row, n) != v}
        if not after:
            continue
        result.changes.append(Change(row.pk, row_key, {n: getattr(row, n) for n in after}, after))
        for name, value in after.items():
            setattr(row, name, value)
        columns.update(after)
        if dated:
            row.changed_at = now
            columns.add("changed_at")
        differing.append(row)
    manager = model._default_manager
    manager.bulk_create(new, batch_size=BATCH)
    for row in new:
        found = tuple(getattr(row, name) for name in names)
        result.ids[found if isinstance(key, tuple) else found[0]] = row.pk
    if differing:
        manager.bulk_update(differing, sorted(columns), batch_size=BATCH)
    return result


def plain(value: Any) -> Any:
    """A column's value; inside lists and mappings everything becomes what JSON keeps, numbers exactly."""
    if isinstance(value, tuple | list):
        return [_json(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _json(item) for name, item in value.items()}
    return value


def _json(value: Any) -> Any:
    if not isinstance(value, Decimal):
        return plain(value)
    number = float(value)
    return number if Decimal(repr(number)) == value else str(value)
