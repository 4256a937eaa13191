"""An empty hub to measure in: a database of its own, and phases in processes of their own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import servers
from tests.bench.catalogue_child import answer_of

ROOT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def hub(kind: str) -> Iterator[Any]:
    """An empty, migrated database with the connection; yields ask(method, folder), which runs one phase."""
    with tempfile.TemporaryDirectory(prefix="crossdock-hub-") as var, _database(kind, Path(var)) as url:

        def ask(method: str, folder: Path, **more: str) -> Any:
            command = [sys.executable, "-m", "tests.bench.catalogue_child", method, str(folder)]
            keys = {
                "VENDOR_PRIVATE_HOSTS": "127.0.0.1",
                "SECRET_KEY": "of the bench",
                "HUB_KEYS": "of-the-bench",
                "LOG_LEVEL": "ERROR",
            }
            environment = {**os.environ, **keys, "DATABASE_URL": url, "HUB_VAR": var, **more}
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"{method} broke off: {done.stderr[-2000:]}")
            return answer_of(done.stdout)

        ask("migrate", Path(var))
        yield ask


@contextmanager
def _database(kind: str, var: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{var / 'hub.sqlite3'}"
    elif servers.is_postgres(os.environ.get("DATABASE_URL", "")):
        with servers.database(os.environ["DATABASE_URL"]) as url:
            yield url
    else:
        with servers.postgres(durable=True) as url:
            yield url
