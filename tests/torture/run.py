"""One database's share, in a process of its own: `python -m tests.torture.run PULLS PUSHES SEED ROUND`. Prints as it goes."""

import sys
import tempfile
from pathlib import Path
from random import Random

from tests.torture import pushes
from tests.torture.plug import planned
from tests.torture.pulls import Told, drill
from tests.torture.vendors import Vendors
from tests.torture.wishes import Verdict

SHOWN = 50  # sentences about what is wrong


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(count: int, pushed: int, seed: int, size: int) -> int:
    """How many things were doubled, lost or wrong."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    database, bad = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}[connection.vendor], 0
    plan, whole = planned(count, Random(seed)), Told()
    with Vendors().open() as vendors:
        for start in range(0, count, size):
            with tempfile.TemporaryDirectory(prefix="crossdock-torture-") as folder:
                told = drill(Path(folder), vendors, plan[start : start + size], seed + start, say)
            bad += wrong(told.verdict)
            whole.add(told)
            vendors.reset()
            empty()
            say(f"{database}: {len(whole.pulled)} of {count} pulled, {whole.decided} decided, {bad} wrong so far")
        if pushed:
            with tempfile.TemporaryDirectory(prefix="crossdock-torture-") as folder:
                came = pushes.push(Path(folder), vendors, pushed, seed, say)
            bad += wrong(came.verdict)
            say(f"{database}: {came}")
    if count:
        say(f"{database}: {whole}")
    say(f"{database}: {f'NOT WELL, {bad} doubled, lost or wrong' if bad else 'nothing doubled, nothing lost'}")
    return bad


def empty() -> None:
    """Every connection and all that is theirs; the audit log, which nothing can empty, stays."""
    from django.apps import apps
    from django.core.management.color import no_style
    from django.db import connection

    rooms = (apps.get_app_config(name) for name in ("catalog", "orders", "integrations"))
    tables = [model._meta.db_table for room in rooms for model in room.get_models(include_auto_created=True)]
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), [*{*tables}], allow_cascade=True))


def wrong(verdict: Verdict) -> int:
    """How much, and what."""
    lines = list(verdict.lines())
    for line in lines[:SHOWN]:
        say(f"  {line}")
    return len(lines)


if __name__ == "__main__":
    sys.exit(1 if main(*map(int, sys.argv[1:5])) else 0)
