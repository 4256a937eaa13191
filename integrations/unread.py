"""The look at every stored secret as a process starts: what it cannot open is told once, and shown as long as that is so."""

import logging
import os
import threading
import time
from collections.abc import Iterator

from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from integrations import alerting, rotation
from integrations.models import Unread

SHOWN = 20  # names in one message
WAITS = (1.0, 5.0, 15.0, 60.0, 300.0)  # seconds until the web looks again while the database is not up
MAIL_AGAIN = 900.0  # seconds until this process tries once more to tell, after a mail did not go
log = logging.getLogger(__name__)

_looked = False
_not_before = 0.0  # of time.monotonic()
_busy = threading.Lock()  # held while the thread looks: no process is forked off in the middle of a query


def started(process: str) -> bool:
    """Look once, now; whether that went. A database that is not up raises nothing: `sweep` looks later."""
    try:
        look(process)
    except DatabaseError as error:
        log.warning("stored secrets could not be looked over yet: %s", error)
        return False
    finally:
        connections.close_all()
    return True


def started_aside(process: str) -> threading.Thread:
    """The same in a thread, again and again until the database is up: nobody waits for it."""

    def run() -> None:
        for wait in (*WAITS, None):
            with _busy:
                done = started(process)
            if done or wait is None:
                return
            time.sleep(wait)

    os.register_at_fork(before=_busy.acquire, after_in_parent=_busy.release, after_in_child=_busy.release)
    thread = threading.Thread(target=run, name="secrets", daemon=True)
    thread.start()
    return thread


def look(process: str) -> int:
    """Open every secret; how many could not be. What a process of this sort can open again is withdrawn."""
    global _looked
    now = timezone.now()
    known = {(row.kind, row.key): row for row in Unread.objects.filter(process=process)}
    bad: set[tuple[str, int]] = set()
    for place, row, why in rotation.unopened():
        label = place.model._meta.label_lower
        bad.add((label, row.pk))
        values = {"name": place.name(row)[:400], "why": why[:400], "vendor_id": getattr(row, "vendor_id", None)}
        old = known.get((label, row.pk))
        if old is None:
            new = Unread(process=process, kind=label, key=row.pk, found_at=now, **values)
            Unread.objects.bulk_create([new], ignore_conflicts=True)  # three web processes look at once
            continue
        if any(getattr(old, name) != value for name, value in values.items()):
            Unread.objects.filter(pk=old.pk).update(**values)
        if old.told_at is not None:
            log.error("still cannot be read: %s", old)
    for pair, row in known.items():
        if pair not in bad:
            row.delete()
            log.info("can be read again, or is no more: %s", row.name)
    _looked = True
    tell()
    return len(bad)


def sweep() -> None:
    """What a worker does about it every half minute: look if it has not yet, drop what is no more, tell what was not told."""
    if not _looked:
        look(Unread.Process.WORKER)
    gone = list(_gone())
    if gone:
        Unread.objects.filter(pk__in=gone).delete()
    if time.monotonic() >= _not_before:
        tell()


def tell() -> int:
    """Tell people of what nobody has told them yet; how many were told. A mail that did not go is tried again."""
    global _not_before
    untold = Unread.objects.filter(told_at=None)
    if not untold.exists():
        return 0
    with transaction.atomic():
        rows = list(untold.select_for_update())
        marked = Unread.objects.filter(pk__in=[row.pk for row in rows])
        marked.update(told_at=timezone.now())
    lines = [str(row) for row in rows[:SHOWN]] + ([f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else [])
    subject = "a stored secret cannot be read" if len(rows) == 1 else f"{len(rows)} stored secrets cannot be read"
    if rows and not alerting.tell(subject, lines):
        _not_before = time.monotonic() + MAIL_AGAIN
        marked.update(told_at=None)
    return len(rows)


def _gone() -> Iterator[int]:
    """Findings about secrets that were wiped, or whose row is no more."""
    places = {place.model._meta.label_lower: place for place in rotation.PLACES}
    kinds: dict[str, list[Unread]] = {}
    for row in Unread.objects.all():
        kinds.setdefault(row.kind, []).append(row)
    for kind, rows in kinds.items():
        keys = [row.key for row in rows]
        there = set(places[kind].rows().filter(pk__in=keys).values_list("pk", flat=True)) if kind in places else set()
        yield from (row.pk for row in rows if row.key not in there)
