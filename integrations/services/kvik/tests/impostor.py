"""A server that speaks enough of MySQL's protocol to say a password back to whoever gave it, or to ask for it in plain words."""

import socket
import struct
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

CAPABILITIES = 1 | 8 | 512 | 0x8000 | 1 << 19  # long passwords, databases, protocol 4.1, its passwords, plugins by name
END = b"\xfe\0\0\2\0"
OK = b"\x00\x00\x00\x02\x00\x00\x00"
CLEAR, DIALOG = b"mysql_clear_password", b"dialog"


def refusal(code: int, text: str) -> bytes:
    """A packet that says no."""
    return b"\xff" + struct.pack("<H", code) + b"#HY000" + text.encode()


def rows(*values: str) -> list[bytes]:
    """Packets of a table with one column of whole numbers."""
    column = b"\x03def\0\0\0\x01n\0\x0c" + struct.pack("<HIBHBH", 45, 20, 8, 0, 0, 0)
    return [b"\x01", column, END, *(bytes([len(value)]) + value.encode() for value in values), END]


class Impostor:
    """Listens on `port` until the `with` block ends. `got` is everything it was told.

    first: a refusal in place of the greeting. version: what it calls itself. asks: the way it asks for the password.
    last: what it says when the password came. answers: packets, by the first words of a question; to others it says that all is well.
    """

    def __init__(
        self,
        *,
        first: bytes = b"",
        version: str = "8.0.36",
        asks: bytes = b"",
        last: bytes = OK,
        answers: Mapping[str, list[bytes]] = MappingProxyType({}),
    ) -> None:
        self.first, self.version, self.asks, self.last = first, version, asks, last
        self.answers = answers
        self.got = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])

    def __enter__(self) -> "Impostor":
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            line.settimeout(10)
            with line, suppress(OSError, EOFError):
                self._talk(line)

    def _talk(self, line: socket.socket) -> None:
        if self.first:
            self._say(line, 0, self.first)
            return
        low, high = CAPABILITIES & 0xFFFF, CAPABILITIES >> 16
        self._say(line, 0, b"\x0a" + self.version.encode() + b"\0" + struct.pack("<I", 7) + b"saltsalt\0"
                  + struct.pack("<HBHHB", low, 45, 2, high, 21) + bytes(10) + b"saltsaltsalt\0mysql_native_password\0")  # fmt: skip
        number = self._hear(line)
        if self.asks:
            told = b"\x04Password: " if self.asks == DIALOG else b""  # its first byte: the last question, and no echo
            self._say(line, number + 1, b"\xfe" + self.asks + b"\0" + told)
            number = self._hear(line)
        self._say(line, number + 1, self.last)
        while self.last == OK:
            number, asked = self._packet(line)
            heard = asked[1:].decode(errors="replace").lstrip()
            for packet in next((said for words, said in self.answers.items() if heard.startswith(words)), [OK]):
                number += 1
                self._say(line, number, packet)

    def _hear(self, line: socket.socket) -> int:
        return self._packet(line)[0]

    def _packet(self, line: socket.socket) -> tuple[int, bytes]:
        head = self._bytes(line, 4)
        body = self._bytes(line, int.from_bytes(head[:3], "little"))
        self.got += body
        return head[3], body

    @staticmethod
    def _bytes(line: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = line.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    @staticmethod
    def _say(line: socket.socket, number: int, body: bytes) -> None:
        line.sendall(len(body).to_bytes(3, "little") + bytes([number % 256]) + body)
