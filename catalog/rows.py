"""How a batch of mirrored rows is written: read what is stored, compare values, insert the new, update what differs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model

from catalog import load
from catalog.records import KEEP, Keep

BATCH = 500
SIMPLE = frozenset({str, int, bool, type(None), Decimal, Keep, date, datetime})  # most values, told by one look
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


def stored(
    model: type[Model], scope: Mapping[str, Any], key: str | tuple[str, ...], keys: Iterable[Key]
) -> dict[Key, Any]:
    """Stored rows as instances, by their key."""
    found: dict[Key, Any] = {}
    for part in chunks(list(keys)):
        for row in load.keyed(model, scope, key, part):
            found[getattr(row, key) if isinstance(key, str) else tuple(getattr(row, name) for name in key)] = row
    return found


def children(model: type[Model], parent: str, ids: Iterable[int]) -> dict[tuple[int, str], Any]:
    """Stored rows of these parents by (parent's id, external id); `parent` is the foreign key's column."""
    found = {}
    for part in chunks(sorted(ids)):
        for row in model._default_manager.filter(**{f"{parent}__in": part}):
            found[getattr(row, parent), row.external_id] = row  # type: ignore[attr-defined]
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

    scope: columns that say whose rows these are, e.g. {"vendor_id": 7}. known: stored rows when the caller has read them.
    """
    known = stored(model, scope, key, rows) if known is None else known
    result, names = Written(), (key,) if isinstance(key, str) else key
    # In one order of keys: two connections that bring the same new rows wait for each other instead of both failing.
    new = sorted(row_key for row_key in rows if row_key not in known)
    if new:
        result.ids = load.insert(model, scope, key, _new(model, names, new, rows, now))
        result.created = set(result.ids)
        if len(result.ids) < len(new):  # another connection was quicker: what it stored is compared like any row
            known = {**known, **stored(model, scope, key, [row_key for row_key in new if row_key not in result.ids])}
    _change(model, rows, known, now, result)
    return result


def _new(
    model: type[Model], names: tuple[str, ...], new: Sequence[Key], rows: Mapping[Key, Values], now: datetime
) -> dict[str, Sequence[Any]]:
    """Rows that are not stored, by column; what is not told gets the column's default."""
    told = [rows[row_key] for row_key in new]
    keyed = [new] if len(names) == 1 else list(zip(*new, strict=True))
    columns: dict[str, Sequence[Any]] = dict(zip(names, keyed, strict=True))
    for name in dict.fromkeys(name for values in told for name in values):
        column = [values.get(name, KEEP) for values in told]
        if Keep in set(map(type, column)):
            default = load.default_of(model, name)
            column = [default if value is KEEP else value for value in column]
        columns[name] = column
    if _dated(model):
        columns |= {"seen_at": [now] * len(new), "changed_at": [now] * len(new)}
    return columns


def _change(
    model: type[Model], rows: Mapping[Key, Values], known: Mapping[Key, Any], now: datetime, result: Written
) -> None:
    """Write the columns that differ, and no others: another flow may be writing the rest of the same rows."""
    alike: dict[tuple[str, ...], list[Change]] = defaultdict(list)
    for row_key, values in rows.items():
        row = known.get(row_key)
        if row is None:
            continue
        result.ids[row_key] = row.pk
        after = {name: value for name, value in values.items() if value is not KEEP and getattr(row, name) != value}
        if not after:
            continue
        change = Change(row.pk, row_key, {name: getattr(row, name) for name in after}, after)
        result.changes.append(change)
        alike[tuple(after)].append(change)
        for name, value in after.items():
            setattr(row, name, value)
        if _dated(model):
            row.changed_at = now
    for names, changes in alike.items():
        columns = {name: [change.after[name] for change in changes] for name in names}
        if _dated(model):
            columns["changed_at"] = [now] * len(changes)
        load.update(model, [change.id for change in changes], columns)


def _dated(model: type[Model]) -> bool:
    """Whether the table keeps when a row was first seen and last changed."""
    return {f.name for f in model._meta.fields} >= {"seen_at", "changed_at"}


def plain(value: Any) -> Any:
    """A column's value; inside lists and mappings everything becomes what JSON keeps, numbers exactly."""
    if type(value) in SIMPLE:
        return value
    if isinstance(value, tuple | list):
        return [_json(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _json(item) for name, item in value.items()}
    return value


def _json(value: Any) -> Any:
    if not isinstance(value, Decimal):
        return value if type(value) is str else plain(value)
    number = float(value)
    return number if Decimal(repr(number)) == value else str(value)
