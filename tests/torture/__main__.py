"""Pulls the plug of the hub's processes a thousand times, and pushes ten thousand values against a vendor who answers badly.

    make torture                                        1,000 pulls and 10,000 pushes, half of each on SQLite, half on PostgreSQL
    make torture ARGS="--pulls 50 --pushes 0 --seed 7"  fewer; the same seed decides and pulls the same
    make torture ARGS="--database sqlite"               on one database alone
    make torture ARGS="--pulls 0 --pushes 0 --histories 10000"  random histories of vendor, faults, deaths and decisions (goal R3)

The exit code is 1 when anything was doubled, lost or left lying.
"""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import servers

ROOT = Path(__file__).resolve().parent.parent.parent


def asked(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make torture ARGS=…", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--pulls", type=int, default=1000)
    parser.add_argument("--pushes", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--round", type=int, default=100, help="pulls before everything comes to rest and is judged")
    parser.add_argument("--histories", type=int, default=0, help="random histories of the way in; about one a second")
    parser.add_argument("--database", choices=("both", "sqlite", "postgresql"), default="both")
    return parser.parse_args(arguments)


@contextmanager
def database(name: str, folder: str) -> Iterator[str]:
    if name == "sqlite":
        yield f"sqlite:///{folder}/torture.sqlite3"
    else:
        with servers.postgres() as url:
            yield url


def histories(name: str, count: int) -> int:
    """The exit code of so many random histories, a part of each scene (tests/faults/histories.py)."""
    from tests.faults.histories import SCENES

    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "tests/faults/test_histories.py"]
    environment = {**os.environ, "HUB_HISTORIES": str(-(-count // len(SCENES)))}
    ahead = [sys.executable, "scripts/with_postgres.py"] if name == "postgresql" else []
    return subprocess.run([*ahead, *command], cwd=ROOT, env=environment).returncode


def run(name: str, options: argparse.Namespace, share: int) -> int:
    """The exit code of one database's share."""
    with tempfile.TemporaryDirectory(prefix="crossdock-torture-") as folder, database(name, folder) as url:
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "HUB_VAR": folder,
            "SECRET_KEY": secrets.token_hex(20),
            "HUB_KEYS": secrets.token_hex(20),
            "VENDOR_PRIVATE_HOSTS": "127.0.0.1,localhost",
            "CELERY_BROKER_URL": "filesystem://",
            "EMAIL_URL": "memorymail://",
            "C_FORCE_ROOT": "1",
            "LOG_LEVEL": "ERROR",
        }
        numbers = (options.pulls // share, options.pushes // share, options.seed, options.round)
        command = [sys.executable, "-m", "tests.torture.run", *map(str, numbers)]
        return subprocess.run(command, cwd=ROOT, env=environment).returncode


def main() -> int:
    options, began = asked(), time.monotonic()
    names = ["sqlite", "postgresql"] if options.database == "both" else [options.database]
    codes = [run(name, options, len(names)) for name in names] if options.pulls or options.pushes else []
    codes += [histories(name, options.histories // len(names)) for name in names if options.histories]
    sys.stdout.write(f"torture: {'NOT WELL' if any(codes) else 'well'}, in {(time.monotonic() - began) / 60:.1f} min\n")
    return 1 if any(codes) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except servers.ServerMissing as missing:
        sys.exit(str(missing))
    except KeyboardInterrupt:
        sys.exit(130)
