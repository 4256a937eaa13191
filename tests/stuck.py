"""A database that refuses to write certain rows, so that something fails in the middle: by a trigger of its own, on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


def stuck(table: str, verb: str, when: str) -> None:
    """Refuse this verb (INSERT, UPDATE, DELETE) from now on, where the condition on OLD or NEW holds. It goes with a rollback."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'stuck'; END $$")
            then = f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION stuck()"
        else:
            then = f"WHEN {when} BEGIN SELECT RAISE(ABORT, 'stuck'); END"
        cursor.execute(f"CREATE TRIGGER stuck BEFORE {verb} ON {table} {then}")


@contextmanager
def refusing(table: str, verb: str, when: str) -> Iterator[None]:
    """The same for a while, in tests that commit."""
    stuck(table, verb, when)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION stuck CASCADE" if connection.vendor == "postgresql" else "DROP TRIGGER stuck")
