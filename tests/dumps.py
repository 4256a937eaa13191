"""The tests' own database as a back-up has it: every byte that whoever gets hold of one could read."""

from collections.abc import Iterator
from pathlib import Path

from django.db import connection

from tests import servers


def url() -> str:
    """Of the database the tests run on, for other programs."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    return f"postgresql://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


def backups(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What the tools for it write, by their names."""
    if connection.vendor == "postgresql":
        yield "pg_dump", servers.dump(url())
        yield "pg_dump --inserts", servers.dump(url(), "--inserts")
        return
    file = folder / "backup.sqlite3"
    file.unlink(missing_ok=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(file)])
    yield "VACUUM INTO", file.read_bytes()


def files() -> Iterator[tuple[str, bytes]]:
    """SQLite's own files, free pages included, once what waited beside the database is in it."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for end in ("", "-wal"):
            path = Path(f"{connection.settings_dict['NAME']}{end}")
            yield path.name, path.read_bytes() if path.exists() else b""
