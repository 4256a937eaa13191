"""How rows reach a table fastest: COPY on PostgreSQL, executemany on SQLite, Django's own bulk methods anywhere else.

Values are given by column, as models hold them; each is put into the database's form by its field. What a caller does not name
gets its field's default. Nothing here compares: `rows` decides what has to be written.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import reduce
from operator import or_
from types import ModuleType
from typing import Any

import msgspec
from django.db import IntegrityError, connection, models, transaction

from catalog import load_postgres, load_sqlite
from catalog.jsontext import JsonText

Columns = Mapping[str, Sequence[Any]]  # column name (a foreign key's with _id) → one value per row
WAYS: dict[str, ModuleType] = {"postgresql": load_postgres, "sqlite": load_sqlite}
PART = 500


def insert(
    model: type[models.Model], scope: Mapping[str, Any], key: str | tuple[str, ...], columns: Columns
) -> dict[Any, int]:
    """Add rows of `scope`, told apart by `key` (one column, or several); returns the id of each that was added, by its key.

    A row that another connection has put there first is left alone and is not in the answer. No id is given twice, but some
    may stay unused.
    """
    names = (key,) if isinstance(key, str) else key
    keys = columns[key] if isinstance(key, str) else list(zip(*(columns[name] for name in key), strict=True))
    way = WAYS.get(connection.vendor)
    if not keys:
        return {}
    told: dict[str, Sequence[Any]] = {**columns, **{name: [value] * len(keys) for name, value in scope.items()}}
    if way is None:
        before = _ids(model, scope, key, keys)
        _plainly(model, told)
        return {row_key: pk for row_key, pk in _ids(model, scope, key, keys).items() if row_key not in before}
    ready = _ready(model, told)
    if len(keys) <= way.FEW:
        found = way.insert_few(model, ready, [_column(model, name) for name in names])
        return {row[0] if isinstance(key, str) else row[:-1]: row[-1] for row in found}
    ids = way.reserve(model, len(keys))
    ready = {str(model._meta.pk.column): ids, **ready}
    try:
        with transaction.atomic():
            way.append(model, ready)
        return dict(zip(keys, ids, strict=True))
    except IntegrityError:
        way.append_missing(model, ready)
        ours = set(ids)
        return {row_key: pk for row_key, pk in _ids(model, scope, key, keys).items() if pk in ours}


def add(model: type[models.Model], columns: Columns) -> None:
    """Add rows whose ids nobody asks for; one that breaks a uniqueness rule is left out."""
    count, way = len(next(iter(columns.values()))), WAYS.get(connection.vendor)
    if not count:
        return
    if way is None:
        _plainly(model, columns)
        return
    ready = _ready(model, columns)
    if count <= way.FEW:
        way.insert_few(model, ready, [])
        return
    try:
        with transaction.atomic():
            way.append(model, ready)
    except IntegrityError:
        way.append_missing(model, ready)


def update(model: type[models.Model], ids: Sequence[int], columns: Columns) -> None:
    """Set these columns of the rows with these ids: one new row version for each."""
    way = WAYS.get(connection.vendor)
    if not ids:
        return
    if way is None:
        objects = _objects(model, {"pk": ids, **columns})
        model._default_manager.bulk_update(objects, list(columns), batch_size=PART)
        return
    ready = {_column(model, name): _adapted(model, name, values) for name, values in columns.items()}
    order = sorted(range(len(ids)), key=ids.__getitem__)  # two flows that write the same rows lock them in one order
    sorted_ids = [ids[at] for at in order]
    way.update(model, sorted_ids, {name: [values[at] for at in order] for name, values in ready.items()})


def keyed(
    model: type[models.Model], scope: Mapping[str, Any], key: str | tuple[str, ...], keys: Sequence[Any]
) -> "models.QuerySet[Any]":
    """The stored rows of `scope` with these keys."""
    rows = model._default_manager.filter(**scope)
    way = WAYS.get(connection.vendor)
    if isinstance(key, str) and way is not None:  # one list as one value: Django would look at each of its members
        condition, value = way.among(model, _column(model, key), list(keys))
        return rows.extra(where=[condition], params=[value])  # names of our own, values as parameters  # nosec B610
    if isinstance(key, str):
        return rows.filter(**{f"{key}__in": keys})
    return rows.filter(reduce(or_, (models.Q(**dict(zip(key, values, strict=True))) for values in keys)))


def default_of(model: type[models.Model], name: str) -> Any:
    """What a column holds when nobody says."""
    return _field(model, name).get_default()


def _plainly(model: type[models.Model], columns: Columns) -> None:
    model._default_manager.bulk_create(_objects(model, columns), batch_size=PART, ignore_conflicts=True)


def _objects(model: type[models.Model], columns: Columns) -> list[models.Model]:
    rows = zip(*columns.values(), strict=True)
    told = (dict(zip(columns, row, strict=True)) for row in rows)
    return [model(**{n: v.value if isinstance(v, JsonText) else v for n, v in row.items()}) for row in told]


def _ids(
    model: type[models.Model], scope: Mapping[str, Any], key: str | tuple[str, ...], keys: Sequence[Any]
) -> dict[Any, int]:
    names = (key,) if isinstance(key, str) else key
    found: dict[Any, int] = {}
    for start in range(0, len(keys), PART):
        for *values, pk in keyed(model, scope, key, keys[start : start + PART]).values_list(*names, "pk"):
            found[values[0] if isinstance(key, str) else tuple(values)] = pk
    return found


def _ready(model: type[models.Model], columns: Columns) -> dict[str, Sequence[Any]]:
    """Every column of the table but its key, in the database's form."""
    count = len(next(iter(columns.values())))
    ready: dict[str, Sequence[Any]] = {}
    for field in model._meta.concrete_fields:
        name = field.attname
        if name in columns:
            ready[str(field.column)] = _adapted(model, name, columns[name])
        elif not field.primary_key and not field.generated and not field.has_db_default():
            ready[str(field.column)] = _adapted(model, name, [field.get_default()]) * count
    return ready


def _adapted(model: type[models.Model], name: str, values: Sequence[Any]) -> list[Any]:
    """The values in the form the database takes; those of a type it takes as they are cost nothing."""
    field = _field(model, name)
    field = field.target_field if isinstance(field, models.ForeignKey) else field
    plain = WAYS[connection.vendor].PLAIN.get(field.get_internal_type(), frozenset())
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= plain:
        return list(values)
    convert = WAYS[connection.vendor].writer(field) or _by_field(field)
    if isinstance(field, models.JSONField) and field.encoder is None:
        convert = _json
    return [value if value is None or type(value) in plain else convert(value) for value in values]


def _by_field(field: "models.Field[Any, Any]") -> Callable[[Any], Any]:
    last: list[Any] = [None, None]  # a batch has one "now" for all its rows

    def convert(value: Any) -> Any:
        if value is not last[0]:
            last[:] = value, field.get_db_prep_save(value.value if isinstance(value, Enum) else value, connection)
        return last[1]

    return convert


def _json(value: Any) -> str:
    if isinstance(value, JsonText):
        return value.text
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError):
        return json.dumps(value)  # says what is wrong with it, and takes numbers of any size


def _column(model: type[models.Model], name: str) -> str:
    return str(_field(model, name).column)


def _field(model: type[models.Model], name: str) -> Any:
    return model._meta.pk if name == "pk" else model._meta.get_field(name)
