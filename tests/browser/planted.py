"""`manage.py demo` on simulators whose secrets hold the planted word, and what is left of it searched for that word."""

import os
import sqlite3
import sys
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

from tests import servers
from tests.secrets_watch import WORD, Watch, spellings

# What whoever deploys gives the processes; the mail server's password is in an address, as theirs is. Mails are printed.
ENVIRONMENT = {
    "SECRET_KEY": f"signing-{WORD}" * 2,
    "HUB_KEYS": f"sealing-{WORD}",
    "EMAIL_URL": f"consolemail://hub:{quote(WORD, safe='')}@mail.example",
    "HUB_ALERT_EMAILS": "ops@example.com",
}
GIVEN = {*ENVIRONMENT, "DATABASE_URL"}


def demo() -> None:
    from django.core.management import execute_from_command_line

    from integrations.simulator.vendor import Simulator

    Simulator.word = WORD
    execute_from_command_line(["manage.py", "demo"])


def left(folder: Path, password: str, said: str) -> list[str]:
    """Where the word is in what the demo left, in words that do not tell it.

    That is every byte of every file: what its processes said, the queue's messages, the database with its free pages and its
    journal, the spool. The password of its admin is printed for whoever started it, once, and stands in `said` alone. The names of
    sessions stand in their table alone.
    """
    watch, other = Watch(), Watch(spellings=(*spellings((password,)), *sessions(folder)))
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data, name = path.read_bytes(), str(path.relative_to(folder))
            watch.see_bytes(name, data)
            if name == said:
                data = data.replace(password.encode(), b"", 1)
            if ".sqlite3" not in name or password.encode() in data:
                other.see_bytes(f"a way to sign in, in {name}", data)
    return watch.take() + other.take()


def sessions(folder: Path) -> list[str]:
    """Their names, where they lie in SQLite."""
    names = []
    for file in folder.glob("*.sqlite3"):
        with closing(sqlite3.connect(file)) as database, suppress(sqlite3.OperationalError):  # not the hub's own
            names += [name for (name,) in database.execute("SELECT session_key FROM django_session")]
    return names


def with_password(database: str) -> str:
    """The URL with a planted password; a server that trusts does not look at it."""
    parts = urlsplit(database)
    if parts.password:
        return database
    return parts._replace(netloc=f"{parts.username}:{quote(WORD, safe='')}@{parts.hostname}:{parts.port}").geturl()


def dumped(database: str) -> list[str]:
    """Where the word is in a dump of a PostgreSQL database."""
    watch = Watch()
    watch.see_bytes("pg_dump", servers.dump(database))
    return watch.take()


def seen(root: int, given: Collection[str] = GIVEN) -> list[str]:
    """Where the word is in what `ps` shows of a process and those it started, and in variables that were not given to them."""
    watch = Watch()
    for place in below(root):
        with suppress(OSError):
            watch.see("a command line", (place / "cmdline").read_text(errors="replace") + (place / "comm").read_text())
            for pair in (place / "environ").read_bytes().decode(errors="replace").split("\0"):
                name, _, value = pair.partition("=")
                if name not in given:
                    watch.see(f"the variable {name}", value)
    return watch.take()


def below(root: int) -> Iterator[Path]:
    """The process and those it started, and those they did, as folders of /proc."""
    yield Path("/proc", str(root))
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((place / "stat").read_text().rpartition(")")[2].split()[1]) == root:
                yield from below(int(place.name))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
    demo()
