"""The hub's real processes on one database: workers with children, somebody who decides, and the clock that has them swept."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent.parent
LEASE = 2.0  # seconds
TICK = 1.0  # seconds between two sweeps, each of which hints again at all that waits


class Plant:
    """`with Plant(folder)`: workers run. `tend` starts again what somebody killed. The database is this process's own."""

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 2,
        children: int = 2,
        decider: tuple[int, int] | None = None,
        tick: float = TICK,
    ) -> None:
        """decider: the seed of what is decided, and how many at most; None: the caller decides."""
        self.folder, self._children, self._decider, self._every = folder, children, decider, tick
        self._workers: list[subprocess.Popen[bytes] | None] = [None] * workers
        self._deciding: subprocess.Popen[bytes] | None = None
        self._over = threading.Event()
        self._clock = threading.Thread(target=self._tick, daemon=True)
        self._started = 0
        self.revived = 0
        self.environment = {**os.environ, **_database(), "TORTURE_FOLDER": str(folder)}
        self.environment.pop("PYTEST_XDIST_WORKER", None)

    def __enter__(self) -> Self:
        self.tend()
        self.revived = 0
        self._clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._clock.join(10)
        for process in [*self._workers, self._deciding]:
            if process is not None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def tend(self) -> None:
        """Whoever is dead is started again, as a supervisor does."""
        for place, worker in enumerate(self._workers):
            if worker is None or worker.poll() is not None:
                name = f"torture{self._started}@test"
                options = (
                    "-A",
                    "tests.torture.worker",
                    "worker",
                    "-Q",
                    "live,bulk",
                    "-c",
                    str(self._children),
                    "-n",
                    name,
                )
                self._workers[place] = self._start(
                    "celery", *options, "-l", "WARNING", "--without-gossip", "--without-mingle"
                )
        if self._decider and not self.enough and (self._deciding is None or self._deciding.poll() is not None):
            self._deciding = self._start("tests.torture.decider", *map(str, self._decider))

    def _start(self, module: str, *options: str) -> "subprocess.Popen[bytes]":
        self._started += 1
        self.revived += 1
        log = self.folder / f"log-{self._started}"
        with log.open("wb") as out:
            return subprocess.Popen(
                [sys.executable, "-m", module, *options], cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip

    @property
    def enough(self) -> bool:
        return (self.folder / "enough").exists()

    def stop_deciding(self) -> None:
        """No further decisions; what is decided goes on."""
        (self.folder / "enough").touch()
        if self._deciding is not None:
            self._deciding.wait(60)

    def decided(self) -> list[int]:
        """Numbers of the decisions the hub said it had taken."""
        path = self.folder / "decided"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def said(self) -> str:
        return "\n".join(log.read_text(errors="replace") for log in sorted(self.folder.glob("log-*")))

    def _tick(self) -> None:
        """What beat does, more often."""
        from integrations import tasks

        while not self._over.wait(self._every):
            with suppress(OSError):
                tasks.sweep.apply_async(queue="live", expires=10 * self._every)


def _database() -> dict[str, Any]:
    """The environment in which another process finds this one's database and queue."""
    from django.conf import settings
    from django.db import connection

    given = connection.settings_dict
    url = f"sqlite:///{given['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgresql://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
    return {
        "DATABASE_URL": url, "HUB_VAR": str(settings.VAR), "CELERY_BROKER_URL": "filesystem://", "HUB_LEASE_SECONDS": str(LEASE),
        "EMAIL_URL": "memorymail://", "LOG_LEVEL": "WARNING", "DJANGO_SETTINGS_MODULE": "config.settings",
    }  # fmt: skip
