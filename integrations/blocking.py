"""Those who are turned away from the admin: counted, listed, and slowed down before they cost anything.

An address's attempts of this minute are counted in its row, for all processes together. A process that has seen enough of one
answers it from its own memory alone, so that whoever goes on trying costs no query.
"""

import threading
import time

from django.db.models import Case, F, Value, When
from django.utils import timezone

from integrations.models import Blocked

A_MINUTE = 10  # attempts of one address, at whichever process, that are answered with the page; each is written down
IN_ALL = 300  # such writes of this process a minute, whoever comes
EACH = 100  # of more attempts, this many are written down together
ADDRESSES = 10_000  # told apart at a time
KEPT = 1000  # rows of the list


class Brake:
    """How often each address tried this minute; of this process."""

    def __init__(self) -> None:
        self.lock, self.minute = threading.Lock(), 0
        self.counts: dict[str, int] = {}
        self.writes = 0

    def count(self, address: str, now: float) -> tuple[bool, int]:
        """Whether it came too often, and how many attempts are to be written down now."""
        with self.lock:
            if int(now // 60) != self.minute:
                self.minute, self.counts, self.writes = int(now // 60), {}, 0
            if address not in self.counts and len(self.counts) >= ADDRESSES:
                return True, 0
            self.counts[address] = times = self.counts.get(address, 0) + 1
            often, one_by_one = times > A_MINUTE, times <= A_MINUTE
            if self.writes >= IN_ALL or not (one_by_one or (times - A_MINUTE) % EACH == 0):
                return often or self.writes >= IN_ALL, 0
            self.writes += 1
            return often, 1 if one_by_one else EACH


brake = Brake()


def attempt(address: str, path: str) -> bool:
    """Note that it was turned away; whether it came too often this minute, here and at the other processes."""
    seconds = time.time()
    often, times = brake.count(address, seconds)
    if not times:
        return often
    return write(address, path, times, int(seconds // 60)) > A_MINUTE or often


def write(address: str, path: str, times: int, minute: int) -> int:
    """Add attempts to the address's row; how many of this minute it holds."""
    now, shown = timezone.now(), path[:100].replace("\x00", "\ufffd")
    row = Blocked.objects.filter(address=address)
    of_minute = Case(When(minute=minute, then=F("of_minute") + times), default=Value(times))
    new = {"times": F("times") + times, "of_minute": of_minute, "minute": minute, "last_at": now, "path": shown}
    if not row.update(**new):
        Blocked.objects.bulk_create([Blocked(address=address, first_at=now, last_at=now)], ignore_conflicts=True)
        row.update(**new)
    return row.values_list("of_minute", flat=True).first() or times


def trim() -> None:
    """Keep the newest."""
    old = list(Blocked.objects.order_by("-last_at", "-pk").values_list("pk", flat=True)[KEPT:][:5000])
    if old:
        Blocked.objects.filter(pk__in=old).delete()
