"""Emptying a PostgreSQL database after a test that committed: rows are deleted where there are any.

Django truncates every table, which takes a third of a second however little a test has left; there are a thousand such tests.
"""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.backends.sqlite3.base import DatabaseWrapper as Sqlite

from config import audit_triggers as triggers

SqliteOperations = Sqlite.ops_class  # on PostgreSQL its own module cannot be the first that is imported
NOW_AND_THEN = 100  # everything is truncated, so that what was deleted leaves no gaps to read over
STATIC = {"django_content_type", "auth_permission"}  # `migrate` made them, and would make them again

_truncated = DatabaseOperations.sql_flush
_turn = count(1)


def install() -> None:
    for operations, on, off in (
        (DatabaseOperations, triggers.POSTGRES_ON, triggers.POSTGRES_OFF),
        (SqliteOperations, triggers.SQLITE_ON, triggers.SQLITE_OFF),
    ):
        unguarded(operations, on, off)


def unguarded(operations: Any, on: Sequence[str], off: Sequence[str]) -> None:
    """Between two tests even the audit log is emptied: its triggers are taken away and put back in the same transaction."""
    flush = _deleted if operations is DatabaseOperations else operations.sql_flush

    def sql_flush(self: Any, style: Any, tables: Sequence[str], **given: Any) -> list[str]:
        made = flush(self, style, tables, **given)
        return [*off, *made, *on] if any(triggers.TABLE in statement for statement in made) else made

    operations.sql_flush = sql_flush


def _deleted(
    self: DatabaseOperations,
    style: Any,
    tables: Sequence[str],
    *,
    reset_sequences: bool = False,
    allow_cascade: bool = False,
) -> list[str]:
    """Statements for one transaction; foreign keys are looked at when it ends. A table with triggers of its own is truncated."""
    if reset_sequences or not tables or next(_turn) % NOW_AND_THEN == 0:
        return _truncated(self, style, tables, reset_sequences=reset_sequences, allow_cascade=allow_cascade)
    quoted: Callable[[str], str] = self.quote_name
    with self.connection.cursor() as cursor:
        asked = (f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quoted(name)})" for name in set(tables) - STATIC)
        cursor.execute(" UNION ALL ".join(asked))
        filled = sorted(name for (name,) in cursor.fetchall())
        cursor.execute(
            "SELECT DISTINCT relname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal"
        )
        guarded = {name for (name,) in cursor.fetchall()} & set(filled) - {triggers.TABLE}
    if guarded:
        return _truncated(self, style, tables, reset_sequences=False, allow_cascade=allow_cascade)
    return [f"DELETE FROM {quoted(name)}" for name in filled]
