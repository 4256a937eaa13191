"""Telling the workers that something came, without the caller waiting for the broker: from a thread, some times a second at most.

A hint that is lost costs time only: the sweep finds what waits.
"""

import logging
import os
import threading

from kombu.exceptions import KombuError

PAUSE = 0.5  # seconds in which many deliveries become one hint
LIVES = 300.0
log = logging.getLogger(__name__)
_lock = threading.Lock()
_waiting: set[int] = set()
_thread: tuple[int, threading.Thread] | None = None  # with the process it runs in: a fork takes no threads along
_come = threading.Event()


def hint(vendor_id: int) -> None:
    """Soon, a worker looks at what waits for this vendor."""
    global _thread
    with _lock:
        _waiting.add(vendor_id)
        if _thread is None or _thread[0] != os.getpid() or not _thread[1].is_alive():
            _thread = os.getpid(), threading.Thread(target=_work, name="hints", daemon=True)
            _thread[1].start()
    _come.set()


def _work() -> None:
    while True:
        _come.wait()
        threading.Event().wait(PAUSE)
        publish()


def publish() -> None:
    """One hint for each vendor that waits for one."""
    from integrations import tasks

    _come.clear()
    with _lock:
        vendors = sorted(_waiting)
        _waiting.clear()
    for vendor_id in vendors:
        try:
            tasks.read_news.apply_async((vendor_id,), queue="live", expires=LIVES, retry=False)
        except (OSError, KombuError) as error:
            log.warning("The broker took no hint (%s); the next sweep finds what waits", type(error).__name__)
            return
