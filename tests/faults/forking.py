"""Forked processes: some that begin at the same moment, one that dies at a named point."""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence

from django.db import connections

from integrations import faultpoints


def at_once(jobs: Sequence[Callable[[], bool]]) -> list[int]:
    """A forked process for each job. How they ended: 0 it went well, 1 it raised, 2 it says that it did not go well."""
    ready, go = os.pipe(), os.pipe()
    connections.close_all()
    children: list[int] = []
    for job in jobs:
        child = os.fork()
        if not child:
            try:
                os.write(ready[1], b".")
                os.read(go[0], 1)
                os._exit(0 if job() else 2)
            except BaseException:  # noqa: BLE001 - the child has nobody to raise to
                traceback.print_exc(file=sys.__stderr__)
                os._exit(1)
        children.append(child)
    for _ in jobs:
        os.read(ready[0], 1)
    os.write(go[1], b"." * len(jobs))
    return [os.WEXITSTATUS(os.waitpid(child, 0)[1]) for child in children]


class Killer:
    """Ends its own process as a power cut would, at the nth visit of a point."""

    def __init__(self, name: str, hit: int = 1) -> None:
        self.name, self.left = name, hit

    def __call__(self, name: str) -> None:
        self.left -= name == self.name
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)


def died(work: Callable[[], object], killer: Killer) -> bool:
    """Whether the forked process died at the point; it shares nothing with this one but the database and the simulator."""
    connections.close_all()
    child = os.fork()
    if not child:
        try:
            faultpoints.hook = killer
            work()
        except BaseException:  # noqa: BLE001 - the child has nobody to raise to
            traceback.print_exc(file=sys.__stderr__)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "the forked process failed by itself"
    return os.WIFSIGNALED(status)
