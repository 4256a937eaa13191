"""Processes that begin at the same moment."""

import os
import sys
import traceback
from collections.abc import Callable, Sequence

from django.db import connections


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
