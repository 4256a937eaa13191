"""Reading a list by row offset from a vendor who gives no total and no promise about its order.

A list may move while it is read: rows come in at the front, go from the middle, jump to the top when they change. So
each page begins with the last row of the page before. Where that is missing, rows have slipped by: it is read again
from further back. A short page does not end the list, the answer behind it does: a vendor that once sends 99 rows of
100, or caps pages below what was asked for, loses nothing. When the end is reached, the front is read again until it
brings nothing new. Rows are known again by their id, so a row that says something else each time is no news.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from integrations.errors import BadPayload
from integrations.faultpoints import faultpoint
from integrations.paging import cut
from integrations.service import Ask, Page

MAX_PAGES = 20_000
PATIENCE = 5  # reads at one place: a list that moves faster than that cannot be read
CURE = "Rows up to here are stored. It is tried again by itself; tell the vendor if it stays."

Fetch = Callable[[int, int], bytes]  # (start, length) → body
RowsOf = Callable[[bytes], list[Any]]


def by_offset(
    fetch: Fetch,
    *,
    ask: Ask,
    length: int,
    rows_of: RowsOf = cut,
    prefix: Mapping[str, Any] | None = None,
) -> Iterator[Page]:
    """Pages of rows not seen before, in the order read; the last one may be empty.

    `prefix` is kept in the position (for a flow that pages through several lists). Raises BadPayload when pages come
    again and again, or the list never ends or moves too fast.
    """
    reader = _Reader(fetch, length, rows_of, ask)
    for rows in reader.pages():
        faultpoint("page.cut")
        yield Page(rows, position={**(prefix or {}), **reader.position()}, last=reader.ended)


class _Reader:
    def __init__(self, fetch: Fetch, length: int, rows_of: RowsOf, ask: Ask) -> None:
        position = ask.position or {}
        self.fetch, self.rows_of, self.key = fetch, rows_of, ask.key
        self.length = max(length, 2)  # one row is the last one again
        self.start = int(position.get("start", 0))
        self.anchor = self.stored = str(position.get("anchor", ""))  # the last row read; the last one stored before
        self.resumed = self.start > 0  # what stands further in front is not known any more
        self.floor = max(self.start - self.length, 0)
        self.seen: set[str] = {self.anchor} if self.anchor else set()  # names of rows
        self.handed: set[bytes] = set()  # digests of rows handed on
        self.answers = 0  # with rows in them
        self.front = bool(position.get("front"))  # the front was read again; what it brought is stored
        self.restless = 0  # reads one after another whose rows had slipped by
        self.ended = False

    def position(self) -> dict[str, Any]:
        return {"start": self.start, "anchor": self.anchor, **({"front": True} if self.front else {})}

    def pages(self) -> Iterator[list[Any]]:
        idle = 0  # answers one after another without a row that was not known
        while not self.front:
            begun = self.start
            answer = self._next()
            fresh = answer.fresh
            if news := self._news(answer):
                yield news
            if fresh:
                idle = 0
            elif answer.most > 1:
                idle += 1
            elif begun or self._really_empty():
                break
            if idle > PATIENCE:
                raise BadPayload(f"The vendor sent the same rows again at {begun}: its paging runs in a circle.", CURE)
            if self.start > MAX_PAGES * self.length or self.answers > MAX_PAGES:
                raise BadPayload(f"The list did not end after {MAX_PAGES} pages.", CURE)
        if not self.front:
            yield from self._front_again()
        self.ended = True
        yield []

    def _next(self) -> "_Answer":
        """Read on from the last row."""
        start = max(self.start - 1, 0)
        answer = self._ask(start)
        most, steps = len(answer.rows), 0
        while start > self.floor and not (answer.names and answer.names[0] in self.seen):
            steps += 1
            if steps > PATIENCE or self.restless > PATIENCE:
                raise BadPayload(f"The vendor's list moves faster than it can be read, at row {self.start}.", CURE)
            start = max(start - self.length + 1, self.floor)
            answer = self._ask(start)
            most = max(most, len(answer.rows))
        answer.most = most
        self.restless = self.restless + 1 if steps else 0
        self.start = start + len(answer.rows)
        self.anchor = answer.names[-1] if answer.names else ""
        return answer

    def _ask(self, start: int) -> "_Answer":
        rows = self.rows_of(self.fetch(start, self.length))
        self.answers += bool(rows)
        digests = [blake2b(bytes(row), digest_size=16).digest() for row in rows]
        names = [self._name(row, digest) for row, digest in zip(rows, digests, strict=True)]
        return _Answer(rows, names, digests, sum(name not in self.seen for name in names))

    def _name(self, row: Any, digest: bytes) -> str:
        try:
            return f"={self.key(row)}" if self.key else digest.hex()
        except ValueError:
            return digest.hex()

    def _news(self, answer: "_Answer") -> list[Any]:
        """The rows of an answer not handed on before, as they are."""
        told = zip(answer.rows, answer.names, answer.digests, strict=True)
        news = [row for row, name, digest in told if digest not in self.handed and name != self.stored]
        self.handed.update(answer.digests)
        self.seen.update(answer.names)
        return news

    def _really_empty(self) -> bool:
        """Whether a list that came empty comes empty once more."""
        return not self._ask(0).rows

    def _front_again(self) -> Iterator[list[Any]]:
        """What came to the front meanwhile, up to a page without a new row. A list of one page cannot have moved."""
        if self.answers <= 2 and not self.resumed:
            return
        for _ in range(PATIENCE):
            at = fresh = 0
            while (answer := self._ask(at)).fresh:
                at, fresh = at + len(answer.rows), fresh + answer.fresh
                self.front = True
                yield self._news(answer)
                if self.resumed:
                    return
            if news := self._news(answer):
                yield news
            if not fresh:
                return
        raise BadPayload("The vendor's list moves faster than it can be read, at its front.", CURE)


@dataclass
class _Answer:
    """Rows with their names and digests, and how many of the names were not known."""

    rows: list[Any]
    names: list[str]
    digests: list[bytes]
    fresh: int
    most: int = 0  # rows in the largest of the answers that were needed to get here
