"""Whether the database could not be reached a moment ago: to reach for it may take longer than anybody waits for an answer."""

import time

from django.db import connection

AWAY = 5.0  # seconds in which it is not reached for again
_until = 0.0


def failed() -> None:
    """Something failed at the database. One that is there and says no is not away."""
    global _until
    if connection.connection is None:
        _until = time.monotonic() + AWAY


def is_away() -> bool:
    return time.monotonic() < _until
