"""One phase of the catalogue's measurement in a process of its own: `python -m tests.bench.catalogue_child METHOD FOLDER`.

Prints one JSON object: seconds, memory over idle in MB, and what the database says was written.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# The run's own book-keeping, which every run writes whatever it finds.
OWN = ("integrations_syncrun", "integrations_runseen", "integrations_schedule", "integrations_vendor")


def main(method: str, folder: Path) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from tests.bench import catalogue_vendor as vendor

    vendor.declare()
    if method == "migrate":
        call_command("migrate", verbosity=0)
        vendor.connect()
        print(json.dumps({"seconds": 0}))  # noqa: T201
        return
    ways: dict[str, Callable[[Sequence[Path]], int]] = {
        "hub": lambda files: vendor.run(folder),
        "body": lambda files: vendor.run(folder, flow="body"),
        "vouch": lambda files: vendor.vouch(int(os.environ["BENCH_MANY"])),
        "many": lambda files: vendor.run(folder, flow="many", many=os.environ["BENCH_MANY"]),
    }
    if method not in ways:
        from tests.bench import catalogue_others as others

        ways[method] = getattr(others, f"floor_{connection.vendor}" if method == "floor" else method)
    if method in ("hub", "body", "many"):
        vendor.warm(folder)
    settle()
    before, wal = written(), log_position()
    files, memory = sorted(folder.glob("*.json")), Memory()
    with memory:
        began = time.perf_counter()
        count = ways[method](files)
        seconds = time.perf_counter() - began
    after = written()
    told = {table: after[table] - before.get(table, 0) for table in after if after[table] != before.get(table, 0)}
    print(  # noqa: T201
        json.dumps(
            {
                "count": count,
                "seconds": seconds,
                "memory": memory.over_idle,
                "wal": log_position() - wal,
                "rows": {table: number for table, number in told.items() if table not in OWN},
            }
        )
    )


class Memory:
    """The most memory of our own (not mapped files) while the block ran, in MB over what there was before."""

    def __enter__(self) -> "Memory":
        self.idle = self.peak = resident()
        self.over = threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.watcher.join()

    def _watch(self) -> None:
        while not self.over.wait(0.02):
            self.peak = max(self.peak, resident())

    @property
    def over_idle(self) -> float:
        return (self.peak - self.idle) / 1024


def resident() -> int:
    """Anonymous resident memory of this process, kB."""
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("RssAnon")).split()[1])


def settle() -> None:
    """What came before is on disk, so that the log shows the whole cost; tables are analysed once they hold something."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT EXISTS (SELECT FROM catalog_product)")
            if cursor.fetchone()[0]:
                cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def log_position() -> int:
    """Where the write-ahead log stands, in bytes; 0 on SQLite, whose log is a file that is written over."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")
        return int(cursor.fetchone()[0])


def written() -> dict[str, int]:
    """Row versions written so far by table: PostgreSQL's statistics; on SQLite counted by triggers from the first call on."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_stat_force_next_flush()")
            cursor.execute(
                "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables"
                " WHERE schemaname NOT LIKE 'pg_temp%'"  # no log is written of temporary tables, and nobody reads them
            )
            return {str(table): int(number) for table, number in cursor.fetchall()}
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%%\\_%%' ESCAPE '\\'")
        tables = [name for (name,) in cursor.fetchall() if not name.startswith(("sqlite_", "django_"))]
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS written (name text PRIMARY KEY, number int)")
        for table in tables if os.environ.get("BENCH_COUNT") else ():
            cursor.execute("INSERT OR IGNORE INTO written VALUES (%s, 0)", [table])
            for event in ("INSERT", "UPDATE", "DELETE"):
                cursor.execute(
                    f'CREATE TEMPORARY TRIGGER IF NOT EXISTS "{table}_{event}" AFTER {event} ON main."{table}"'
                    f" BEGIN UPDATE written SET number = number + 1 WHERE name = '{table}'; END"
                )
        cursor.execute("SELECT name, number FROM written")
        return dict(cursor.fetchall())


def answer_of(said: str) -> Any:
    """What a child printed last."""
    return json.loads(said.strip().splitlines()[-1])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
