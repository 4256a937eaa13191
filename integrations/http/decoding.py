"""Bodies as they come off the wire: unpacked piece by piece, never more than their cap."""

import zlib
from collections.abc import Iterator
from typing import IO, Any

import urllib3

from integrations.http.calls import Call

PIECE = 64 << 10


class TooLarge(Exception):
    pass


class BadCoding(Exception):
    pass


def decoded(response: urllib3.BaseHTTPResponse, call: Call) -> Iterator[bytes]:
    """The body in pieces of at most 64 KB, unpacked. Raises TooLarge, BadCoding."""
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    declared = response.headers.get("Content-Length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > call.cap:
        raise TooLarge
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise BadCoding(f"it is packed as “{coding}”, which we did not ask for")
    unpack = Unpack(coding) if coding not in ("", "identity") else None
    size = 0
    for wire in response.stream(PIECE, decode_content=False):
        call.bytes += len(wire)
        if call.bytes > call.cap:
            raise TooLarge
        for piece in unpack.feed(wire) if unpack else (wire,):
            size += len(piece)
            if size > call.cap:
                raise TooLarge
            yield piece
    if unpack and call.bytes and not unpack.ended:
        raise BadCoding("its packed data ends too early")


class Unpack:
    """gzip (also several in a row) and deflate (with or without its zlib header), never more than 64 KB at a time."""

    def __init__(self, coding: str) -> None:
        self._gzip = coding != "deflate"
        self._machine: Any = None
        self.ended = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self.ended:
                if not self._gzip or not data.lstrip(b"\0"):
                    return  # padding
                self._machine = None
            if self._machine is None:
                self._machine = zlib.decompressobj(self._window(data[0]))
                self.ended = False
            piece = self._machine.decompress(data, PIECE)
            if piece:
                yield piece
            self.ended = self._machine.eof
            data = self._machine.unused_data if self.ended else self._machine.unconsumed_tail
            if not data and not self.ended and len(piece) == PIECE:  # more may lie inside the machine
                while piece := self._machine.decompress(b"", PIECE):
                    yield piece
                self.ended = self._machine.eof

    def _window(self, first: int) -> int:
        if self._gzip:
            return 31
        return 15 if first & 0x0F == 8 else -15


def pour(pieces: Iterator[bytes], file: IO[bytes]) -> None:
    head = b""
    for piece in pieces:
        if len(head) < 3:
            head += piece
            if len(head) < 3:
                continue
            piece = head.removeprefix(b"\xef\xbb\xbf")
        file.write(piece)
    if len(head) < 3:
        file.write(head)
