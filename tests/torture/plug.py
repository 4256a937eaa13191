"""Pulling the plug: at which step, of what. Whoever comes by the step first pulls it, in its own process."""

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any

import psycopg
from django.db import OperationalError, connection

from tests.faults import points

HOWS = ("child", "worker", "database")
# The steps between a claim and its outcome that are not the commands' own: the budget's slot, the wire, the call log.
ON_THE_WIRE = (
    "slot.taken",
    "request.connected",
    "request.sent",
    "answer.begun",
    "answer.received",
    "call.logged",
    "slot.returned",
)
ELSEWHERE = (
    "command.taken",
    "command.asked_of_job",
)  # jobs, which neither vendor here has: tests/faults/test_writes.py
# Steps of the vendor's, who pulls the plug of whoever is asking: the request has arrived; it is carried out and not answered yet.
AT_THE_VENDOR = ("vendor.arrived", "vendor.accepted")


@dataclass(frozen=True)
class Pull:
    """number: of this run. how: the process at the step, its whole worker with all its children, or its database connection.

    first: a step at which a child has to die before, for there to be anything left lying.
    """

    number: int
    point: str
    how: str
    first: str = ""

    def __str__(self) -> str:
        return f"{self.point}, {self.how}"


def steps() -> list[str]:
    """Every step from the decision to its outcome; those of the commands' own as the code names them."""
    return [*(name for name in points.names_of_writes() if name not in ELSEWHERE), *ON_THE_WIRE, *AT_THE_VENDOR]


def planned(count: int, dice: Random) -> list[Pull]:
    """So many pulls: every step in every way before any comes again, in an order of the dice."""
    every = [(step, how) for step in steps() for how in HOWS if not (step in AT_THE_VENDOR and how == "database")]
    dice.shuffle(every)
    first = {"command.lost": "command.sending"}
    return [
        Pull(number, point, how, first.get(point, ""))
        for number, (point, how) in enumerate(islice(cycle(every), count))
    ]


class Plug:
    """The file by which the parent arms a pull; it is gone as soon as somebody has taken it."""

    def __init__(self, folder: Path) -> None:
        self._armed, self._taken = folder / "armed", folder / "taken"

    def arm(self, pull: Pull) -> None:
        self._taken.unlink(missing_ok=True)
        self._write(pull)

    def _write(self, pull: Pull) -> None:
        part = self._armed.with_suffix(".part")
        part.write_text(json.dumps(asdict(pull)))
        part.replace(self._armed)

    def disarm(self) -> bool:
        """False when somebody has taken it already."""
        with suppress(FileNotFoundError):
            self._armed.unlink()
            return True
        return False

    @property
    def pulled(self) -> bool:
        return self._taken.exists()

    def hook(self, name: str) -> None:
        """For `faultpoints.hook` of the processes that work: pull, when this is the step."""
        try:
            pull = Pull(**json.loads(self._armed.read_text()))
            if name != (pull.first or pull.point):
                return
            # One of all processes does it.
            os.rename(self._armed, self._armed.with_suffix(".first") if pull.first else self._taken)
        except (FileNotFoundError, json.JSONDecodeError):
            return
        if pull.first:
            self._write(replace(pull, first=""))
        WAYS["child" if pull.first else pull.how]()


def _child() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _worker() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)


def end_session() -> None:
    """PostgreSQL ends our session; SQLite, which has no server, fails at the next statement."""
    if connection.vendor == "postgresql":
        if connection.connection is None:
            return
        given = connection.get_connection_params()
        outside = {name: given[name] for name in ("host", "port", "dbname", "user", "password") if given.get(name)}
        with psycopg.connect(**outside, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
        return

    def refuse(execute: Any, sql: str, *more: Any) -> Any:
        connection.execute_wrappers.remove(refuse)
        raise OperationalError("disk I/O error")

    connection.execute_wrappers.append(refuse)


WAYS: dict[str, Callable[[], None]] = {"child": _child, "worker": _worker, "database": end_session}


def kill_of(pid: int, how: str) -> None:
    """From outside: a process that works, or its whole worker."""
    with suppress(ProcessLookupError):
        if how == "worker":
            os.killpg(os.getpgid(pid), signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
