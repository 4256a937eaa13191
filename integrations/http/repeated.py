"""Our own secrets in what a vendor answers with HTTP 200: found as the body comes in, and kept out of what is stored of it.

Only long ones, as they are or escaped as JSON or XML: a short password may be a word of a product's name.
"""

import html
import json
from collections.abc import Callable, Iterable, Iterator

LONG = 16  # characters
GONE = b"***"


class Repeated:
    """What of these secrets an account's answers held. `seen` stays True once one did."""

    def __init__(self, secrets: Callable[[], Iterable[str]]) -> None:
        self._secrets, self.seen = secrets, False

    def look(self, body: bytes) -> bool:
        found = any(needle in body for needle in self._needles())
        self.seen = self.seen or found
        return found

    def watched(self, pieces: Iterator[bytes], wrong: Callable[[], Exception]) -> Iterator[bytes]:
        """The pieces of a body; raises `wrong()` where one, or the seam of two, holds a secret."""
        needles, before = self._needles(), b""
        longest = max(map(len, needles), default=0)
        for piece in pieces:
            both = before + piece
            if any(needle in both for needle in needles):
                raise wrong()
            before = both[-longest:] if longest else b""
            yield piece

    def bare(self, row: bytes | memoryview) -> bytes:
        """A row, or a whole body, without them."""
        text = bytes(row)
        for needle in self._needles():
            text = text.replace(needle, GONE)
        return text

    def _needles(self) -> list[bytes]:
        """Longest first, as one may be part of another."""
        found = set()
        for secret in self._secrets():
            if len(secret) >= LONG:
                for plain in (secret, html.escape(secret), html.escape(secret, quote=False)):  # as XML has it, too
                    once = json.dumps(plain)[1:-1]
                    twice = json.dumps(once)[1:-1]  # a text that is JSON itself
                    written = (
                        plain,
                        once,
                        twice,
                        json.dumps(plain, ensure_ascii=False)[1:-1],
                        once.replace("/", "\\/"),
                    )
                    found |= {text.encode("utf-8", "surrogatepass") for text in written}
        return sorted(found, key=len, reverse=True)
