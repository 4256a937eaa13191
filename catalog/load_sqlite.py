"""SQLite's way: one prepared statement run for every row, with ids counted on from the last one.

Only one connection can write at a time, and a transaction here holds that right from its first statement on
(`transaction_mode` IMMEDIATE): nobody else takes the ids that were counted.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection, models

FEW = 0  # a statement costs no way to a server: one path for all sizes, and no insert_few
TEXT, INTEGER = frozenset({str}), frozenset({int})
# Types the sqlite3 module writes as the field would have them written.
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
    "BinaryField": frozenset({bytes, memoryview}),
}
Ready = Mapping[str, Sequence[Any]]  # database column → values in the database's form


def among(model: type[models.Model], column: str, keys: list[Any]) -> tuple[str, Any]:
    """The condition that a column holds one of these keys, and its one parameter."""
    table = _quoted(model._meta.db_table)
    return f"{table}.{_quoted(column)} IN (SELECT value FROM json_each(%s))", json.dumps(keys)


def writer(field: "models.Field[Any, Any]") -> Callable[[Any], Any] | None:
    """What puts a value into the database's form quicker than the field itself; None: nothing does."""
    if not isinstance(field, models.DecimalField):
        return None
    places, whole = field.decimal_places, field.max_digits - field.decimal_places

    def write(value: Any) -> Any:
        text = str(value)
        head, _, tail = text.partition(".")
        if (
            type(value) is Decimal
            and len(head) <= whole
            and len(tail) <= places
            and f"{head.lstrip('-')}{tail}".isdigit()
        ):
            return text
        return field.get_db_prep_save(value, connection)  # rounds, or says that it does not fit

    return write


def reserve(model: type[models.Model], count: int) -> list[int]:
    """Ids nobody else will get, as long as the transaction that asks goes on to write them."""
    table, pk = _quoted(model._meta.db_table), _quoted(str(model._meta.pk.column))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = %s), 0),"
            f" coalesce((SELECT max({pk}) FROM {table}), 0))",
            [model._meta.db_table],
        )
        last = int(cursor.fetchone()[0])
    return list(range(last + 1, last + count + 1))


def append(model: type[models.Model], columns: Ready) -> None:
    """Add rows that are not there; IntegrityError when one is."""
    _insert(model, columns, "INSERT")


def append_missing(model: type[models.Model], columns: Ready) -> None:
    """Add those rows that are not there."""
    _insert(model, columns, "INSERT", " ON CONFLICT DO NOTHING")


def update(model: type[models.Model], ids: Sequence[int], columns: Ready) -> None:
    """Set columns of rows by id."""
    changes = ", ".join(f"{_quoted(name)} = %s" for name in columns)
    table, pk = _quoted(model._meta.db_table), _quoted(str(model._meta.pk.column))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET {changes} WHERE {pk} = %s", list(zip(*columns.values(), ids, strict=True))
        )


def _insert(model: type[models.Model], columns: Ready, verb: str, rule: str = "") -> None:
    names, marks = ", ".join(map(_quoted, columns)), ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"{verb} INTO {_quoted(model._meta.db_table)} ({names}) VALUES ({marks}){rule}",
            list(zip(*columns.values(), strict=True)),
        )


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
