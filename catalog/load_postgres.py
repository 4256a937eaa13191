"""PostgreSQL's way: COPY straight into the table; into a temporary one where rows may be there already, or are to be changed.

Ids are drawn from the sequence beforehand: COPY answers none, and an INSERT from a temporary table would write every row twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, models

FEW = 50  # so many rows go quicker in one INSERT than by COPY
TEXT, INTEGER = frozenset({str}), frozenset({int})
# Types psycopg writes as the field would have them written.
PLAIN: dict[str, frozenset[type]] = {
    "CharField": TEXT,
    "TextField": TEXT,
    "AutoField": INTEGER,
    "BigAutoField": INTEGER,
    "BigIntegerField": INTEGER,
    "IntegerField": INTEGER,
    "PositiveIntegerField": INTEGER,
    "SmallIntegerField": INTEGER,
    "FloatField": frozenset({float, int}),
    "BooleanField": frozenset({bool}),
    "DecimalField": frozenset({Decimal}),
    "DateTimeField": frozenset({datetime}),
    "DateField": frozenset({date}),
    "TimeField": frozenset({time}),
    "DurationField": frozenset({timedelta}),
    "UUIDField": frozenset({UUID, str}),
    "BinaryField": frozenset({bytes, memoryview}),
}
Ready = Mapping[str, Sequence[Any]]  # database column → values in the database's form


def among(model: type[models.Model], column: str, keys: list[Any]) -> tuple[str, Any]:
    """The condition that a column holds one of these keys, and its one parameter."""
    return f"{_table(model)}.{_quoted(column)} = ANY(%s)", keys


def writer(field: "models.Field[Any, Any]") -> None:
    """What puts a value into the database's form quicker than the field itself; None: nothing does."""
    return None


def insert_few(model: type[models.Model], columns: Ready, key: Sequence[str]) -> list[tuple[Any, ...]]:
    """One INSERT; of each row that was not there yet the columns `key`, then its id."""
    rows = list(zip(*columns.values(), strict=True))
    values = ", ".join([f"({', '.join(['%s'] * len(columns))})"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_table(model)} ({_list(columns)}) VALUES {values} ON CONFLICT DO NOTHING"
            f" RETURNING {_list([*key, _pk(model)])}",
            [value for row in rows for value in row],
        )
        return list(cursor.fetchall())


def reserve(model: type[models.Model], count: int) -> list[int]:
    """Ids nobody else will get."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [_table(model), _pk(model), count],
        )
        return [pk for (pk,) in cursor.fetchall()]


def append(model: type[models.Model], columns: Ready) -> None:
    """Add rows that are not there; IntegrityError when one is."""
    _copy(_table(model), columns)


def append_missing(model: type[models.Model], columns: Ready) -> None:
    """Add those rows that are not there."""
    stage = _stage(model)
    _copy(stage, columns)
    names = _list(columns)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {_table(model)} ({names}) SELECT {names} FROM {stage} ON CONFLICT DO NOTHING")
        cursor.execute(f"DELETE FROM {stage}")


def update(model: type[models.Model], ids: Sequence[int], columns: Ready) -> None:
    """Set columns of rows by id. `ids` ascend: rows are locked in this order before any is changed."""
    table, key = _table(model), _quoted(_pk(model))
    told = {_pk(model): ids, **columns}
    changes = ", ".join(f"{_quoted(name)} = told.{_quoted(name)}" for name in columns)
    with connection.cursor() as cursor:
        if len(ids) <= FEW:
            types = {str(field.column): field.cast_db_type(connection) for field in model._meta.concrete_fields}
            row = f"({', '.join(f'%s::{types[name]}' for name in told)})"
            cursor.execute(
                f"UPDATE {table} SET {changes} FROM (VALUES {', '.join([row] * len(ids))}) AS told ({_list(told)})"
                f" WHERE {table}.{key} = told.{key}",
                [value for values in zip(*told.values(), strict=True) for value in values],
            )
            return
        stage = _stage(model)
        _copy(stage, told)
        cursor.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {key} = ANY(%s) ORDER BY {key} FOR NO KEY UPDATE) AS locked",
            [list(ids)],
        )
        cursor.execute(f"UPDATE {table} SET {changes} FROM {stage} AS told WHERE {table}.{key} = told.{key}")
        cursor.execute(f"DELETE FROM {stage}")


def _copy(table: str, columns: Ready) -> None:
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {table} ({_list(columns)}) FROM STDIN") as copy,
    ):
        for row in zip(*columns.values(), strict=True):
            copy.write_row(row)


def _stage(model: type[models.Model]) -> str:
    """A temporary table of this session with the table's columns and none of its rules; made once, emptied at each commit."""
    name = _quoted(f"load_{model._meta.db_table}"[:63])
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ON COMMIT DELETE ROWS AS TABLE {_table(model)} WITH NO DATA"
        )
    return name


def _table(model: type[models.Model]) -> str:
    return _quoted(model._meta.db_table)


def _pk(model: type[models.Model]) -> str:
    return str(model._meta.pk.column)


def _list(columns: Iterable[str]) -> str:
    return ", ".join(map(_quoted, columns))


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
