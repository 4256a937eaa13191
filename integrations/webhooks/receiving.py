"""A request's body, read to a cap and within a time, whatever the caller claims or does."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

PIECE = 65_536
PATIENCE = 10.0  # seconds a whole body may take; a vendor's takes milliseconds
SLOW = (408, "the body took too long")
CUT = (400, "the body was cut")


class NotTaken(Exception):
    """The body was not taken. `status` is the answer; the text says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def body_of(environ: dict[str, Any], most: int) -> bytes:
    """The bytes as they came. Raises NotTaken: 413 (before reading what is announced as too long), 408, 411, 415, 400."""
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in ("", "identity"):
        raise NotTaken(415, "a compressed body")
    length = _announced(environ, most)
    until, pieces, had = time.monotonic() + PATIENCE, [], 0
    with _cut_off(environ.get("gunicorn.socket"), PATIENCE):
        try:
            while length is None or had < length:
                piece = environ["wsgi.input"].read(min(PIECE, most + 1 - had if length is None else length - had))
                had += len(piece)
                pieces.append(piece)
                if had > most:
                    raise NotTaken(413, "the body is too long")
                if time.monotonic() > until:
                    raise NotTaken(*SLOW)
                if not piece:
                    break
        except OSError:  # the server's own errors about a cut body are some, too
            raise NotTaken(*SLOW if time.monotonic() > until else CUT) from None
    if length is not None and had < length:
        raise NotTaken(*CUT)
    return b"".join(pieces)


@contextmanager
def _cut_off(connection: socket.socket | None, patience: float) -> Iterator[None]:
    """Stop listening to a caller after so many seconds: a server waits for every single byte with new patience."""
    if connection is None:
        yield
        return

    def deaf() -> None:
        with suppress(OSError):  # the caller has gone
            connection.shutdown(socket.SHUT_RD)

    watch = threading.Timer(patience, deaf)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _announced(environ: dict[str, Any], most: int) -> int | None:
    """The length the caller announces; None for a chunked body, which only a server that ends it itself can hand on."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        if environ.get("wsgi.input_terminated"):
            return None
        raise NotTaken(411, "a body without a length")
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise NotTaken(400, "an unreadable length") from None
    if length > most:
        raise NotTaken(413, "the body is too long")
    return length
