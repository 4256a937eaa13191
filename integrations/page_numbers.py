"""Reading a list by page numbers from a vendor who gives no total and no promise about its order.

Rows that go or come while a list of several pages is read slip from one page to another. Unlike an offset, a page number
cannot begin with the last row of the page before; so a list of several pages is read a second time, and what the first
time missed is handed on then. An empty page ends the list, and so does a short last page that comes again for every
number behind it. Rows are known again by their id.
"""

from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from integrations.errors import BadPayload
from integrations.offsets import MAX_PAGES, PATIENCE, RowsOf
from integrations.paging import cut
from integrations.service import Ask, Page

CURE = (
    "Rows up to here are stored, and it is tried again by itself. If it stays, look at the connection's paging options: "
    "a parameter by another name is ignored, and each page is the first one again."
)

Fetch = Callable[[int, int], bytes]  # (number, length) → body


def by_page(
    fetch: Fetch,
    *,
    ask: Ask,
    length: int,
    first: int = 1,
    rows_of: RowsOf = cut,
    prefix: Mapping[str, Any] | None = None,
) -> Iterator[Page]:
    """Pages of rows not seen before; the last one may be empty. `prefix` is kept in the position.

    Raises BadPayload when the same page comes again and again, or the list never ends or moves too fast.
    """
    reader = _Reader(fetch, length, first, rows_of, ask)
    for rows in reader.pages():
        yield Page(rows, position={**(prefix or {}), **reader.position()}, last=reader.ended)


class _Reader:
    def __init__(self, fetch: Fetch, length: int, first: int, rows_of: RowsOf, ask: Ask) -> None:
        position = ask.position or {}
        self.fetch, self.length, self.first, self.rows_of, self.key = fetch, length, first, rows_of, ask.key
        self.number = int(position.get("page", first))
        self.round = int(position.get("round", 0))  # how often the list was read to its end
        self.before = str(position.get("before", ""))  # digest of the names on the page before
        self.idle = int(position.get("idle", 0))
        self.widest = int(position.get("widest", 0))  # rows on the longest page
        self.resumed = bool(position)  # names seen by whoever read so far are not known here
        self.seen: set[str] = set()
        self.handed: set[bytes] = set()
        self.news = 0  # rows of this round whose names were not known
        self.ended = False

    def position(self) -> dict[str, Any]:
        return {
            "page": self.number,
            "round": self.round,
            "before": self.before,
            "idle": self.idle,
            "widest": self.widest,
        }

    def pages(self) -> Iterator[list[Any]]:
        while not self.ended:
            rows = self.rows_of(self.fetch(self.number, self.length))
            names = [self._name(row) for row in rows]
            told = blake2b("\n".join(names).encode(), digest_size=8).hexdigest()
            again = told == self.before
            if not rows or (again and len(rows) < self.widest):
                self._round_over()
                yield []
                continue
            self._guard(again, names)
            self.number, self.before, self.widest = self.number + 1, told, max(self.widest, len(rows))
            yield self._fresh(rows, names)

    def _guard(self, again: bool, names: list[str]) -> None:
        known = again or (not self.round and self.seen.issuperset(names))
        self.idle = self.idle + 1 if known else 0
        if self.idle > PATIENCE:
            raise BadPayload(
                f"The vendor sent the same rows again as page {self.number}: its paging runs in a circle.", CURE
            )
        if self.number - self.first > MAX_PAGES:
            raise BadPayload(f"The list did not end after {MAX_PAGES} pages.", CURE)

    def _fresh(self, rows: list[Any], names: list[str]) -> list[Any]:
        digests = [blake2b(bytes(row), digest_size=16).digest() for row in rows]
        fresh = [row for row, digest in zip(rows, digests, strict=True) if digest not in self.handed]
        self.news += len({*names} - self.seen)
        self.handed.update(digests)
        self.seen.update(names)
        return fresh

    def _round_over(self) -> None:
        """Another round, unless this one brought nothing new or its list has one page only."""
        several = self.number - self.first > 1
        settled = self.round > 0 and (self.resumed or not self.news)
        if self.round > PATIENCE:
            raise BadPayload("The vendor's list moves faster than it can be read.", CURE)
        self.ended = settled or not several
        self.round, self.number, self.before, self.idle, self.news = self.round + 1, self.first, "", 0, 0

    def _name(self, row: Any) -> str:
        try:
            return f"={self.key(row)}" if self.key else bytes(row).hex()
        except ValueError:
            return blake2b(bytes(row), digest_size=16).hexdigest()
