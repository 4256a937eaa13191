"""The wire: connections to addresses that were checked, and a deadline that can cut them from another thread."""

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from threading import Timer
from typing import Any

from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection


class Line:
    """A connection to an address that was checked; `guard` lets another thread cut it, encrypted or not."""

    addresses: Sequence[tuple[socket.AddressFamily, tuple[str | int, ...]]] = ()
    guard: socket.socket | None = None
    timeout: Any
    sock: Any

    def _new_conn(self) -> socket.socket:
        last: OSError = OSError("no address")
        for family, place in self.addresses:
            line = socket.socket(family, socket.SOCK_STREAM)
            try:
                line.settimeout(self.timeout)
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                line.connect(place)
                self.guard = line.dup()
                return line
            except OSError as error:
                line.close()
                last = error
        raise last

    def settimeout(self, seconds: float) -> None:
        self.sock.settimeout(seconds)

    def cut(self) -> None:
        guard = self.guard
        if guard:
            with suppress(OSError):
                guard.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        super().close()  # type: ignore[misc]
        guard, self.guard = self.guard, None
        if guard:
            guard.close()


class Plain(Line, HTTPConnection):
    pass


class Secure(Line, HTTPSConnection):
    pass


class Deadline:
    """Cuts the line when the whole exchange has lasted too long, however lively it drips."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._line: Line | None = None
        self._timer = Timer(seconds, self._strike)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, line: Line) -> None:
        self._line = line

    def watched(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The pieces; a body that only ends because the line was cut raises TimeoutError."""
        yield from pieces
        if self.passed:
            raise TimeoutError

    def cancel(self) -> None:
        self._timer.cancel()

    def _strike(self) -> None:
        self.passed = True
        if self._line:
            self._line.cut()


def context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.HUB_HTTP_CA:
        context.load_verify_locations(cafile=settings.HUB_HTTP_CA)
    return context
