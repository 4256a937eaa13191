"""A person's authenticator app, as tests need one: it knows the seed and makes the codes of any moment."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connections
from django_otp.oath import TOTP

from config.models import Authenticator
from config.second import codes

PASSWORD = "a long enough pass phrase"


class Phone:
    """The app on a person's phone. `ahead` counts the codes used, since each works once."""

    def __init__(self, person: Any) -> None:
        device = codes.offered(person)
        self.person, self.seed, self.ahead = person, device.bin_key, -1
        done = codes.put_in_force(person, self.code())
        assert done is not None, "the first code puts it in force"
        self.recovery = done[1]

    def code(self) -> str:
        """A code that was not used yet: of half a minute ago, of now, of half a minute on."""
        totp = TOTP(self.seed, drift=self.ahead)
        totp.time = time.time()
        self.ahead += 1
        return f"{totp.token():06d}"

    def rested(self) -> None:
        """As if enough time had gone by since the last code, right or wrong."""
        Authenticator.objects.filter(user=self.person).update(
            last_t=-1, drift=0, throttling_failure_count=0, throttling_failure_timestamp=None
        )
        self.ahead = 0


def twice_at_once(act: Callable[[], bool]) -> list[bool]:
    """What came of it, done by two threads at the same moment; for tests that commit."""
    came, gate = [], threading.Barrier(2)

    def once() -> None:
        gate.wait(20)
        came.append(act())
        connections.close_all()

    started = [threading.Thread(target=once) for _ in range(2)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join(60)
    return sorted(came)
