"""The database refused or went away in the middle: which errors pass, and how long a task waits for that.

After such an error nothing in memory is believed: the connection is closed and the run is read again from its stored row. That
holds for a COMMIT whose answer was lost as well: the row says whether it happened.
"""

import logging
import random
import time
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection

log = logging.getLogger(__name__)

# A server that restarts, ends our session, runs out of room, finds a deadlock or a conflict: all of them come as these two.
PASSING = (OperationalError, InterfaceError)
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds; doubled each time, then a random part of it
IN_ALL = 60.0  # seconds; then the task ends, and the sweep finds the run once the database is back


class Patience:
    """Waits out one outage after another; `rest` says that there was progress since."""

    def __init__(self, in_all: float = IN_ALL) -> None:
        self._in_all = in_all
        self.rest()

    def rest(self) -> None:
        self._since: float | None = None
        self._pause = FIRST_PAUSE

    def sit_out(self, error: Exception, stopping: Callable[[], bool]) -> None:
        """Drop the connection and pause. Raises the error again when it lasted too long, or the process is to stop."""
        if (
            connection.in_atomic_block
        ):  # a caller's transaction is lost with the connection; only the caller knows what was in it
            raise error
        connection.close()
        now = time.monotonic()
        self._since = self._since or now
        pause = random.uniform(self._pause / 2, self._pause)
        if stopping() or now + pause > self._since + self._in_all:
            raise error
        log.warning("database: %s; trying again in %.1f s", type(error).__name__, pause)
        time.sleep(pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
