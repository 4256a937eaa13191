"""Reading a list by API2Cart's cursors: sent alone, decoded once, with guards against lists that never end.

A page that is too large is asked for again with fewer rows. A report or a job that is not ready is waited for.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from integrations.errors import BadPayload, Wait
from integrations.service import Ask, Page
from integrations.services.api2cart.answers import ReportNotReady, TooManyAsked, Unfinished, next_of, rows_of
from integrations.services.api2cart.methods import METHODS

MAX_PAGES = 20_000
MAX_WAITS = 30  # for one report
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(minutes=5)
CURE = "Rows up to here are stored. It is tried again by itself; tell the vendor if it stays."

Call = Callable[[str, Mapping[str, Any]], bytes]  # (method, parameters) → body


def by_cursor(
    call: Call,
    method: str,
    filters: list[dict[str, Any]],
    *,
    ask: Ask,
    size: int,
    cursor: dict[str, Any] | None = None,
) -> Iterator[Page]:
    """Pages of the lists these filters ask for, one after another; the last page of the last list is the last.

    The position names list, cursor, size and what was read last. Raises BadPayload when pages come again or never end.
    """
    position = dict(ask.position or {})
    first = int(position.get("list", 0))
    for number in range(first, len(filters)):
        place = position if number == first else {"size": position.get("size", size)}
        for page in Chain(call, method, filters[number], place, size).pages():
            position["size"] = page.position["size"]
            page.position["list"] = number
            if page.last and number + 1 < len(filters):
                page.last, page.position = False, {"list": number + 1, "size": page.position["size"]}
            if page.last:
                page.cursor = cursor
            yield page


class Chain:
    """One chain of pages."""

    def __init__(
        self,
        call: Call,
        method: str,
        filters: Mapping[str, Any],
        position: Mapping[str, Any],
        size: int,
    ) -> None:
        self.call, self.method, self.filters = call, METHODS[method], filters
        self.cursor = str(position.get("cursor", ""))
        self.size = int(position.get("size", size))
        self.report = str(position.get("report", ""))
        self.waits = int(position.get("waits", 0))
        self.last = str(position.get("last", ""))  # digest of the rows read last
        self.cursors: set[str] = {self.cursor} - {""}
        self.digests = {self.last} - {""}

    def pages(self) -> Iterator[Page]:
        for _ in range(MAX_PAGES):
            try:
                body = self.call(self.method.name, self._params())
            except TooManyAsked:
                self._shrink()
                continue
            except (ReportNotReady, Unfinished) as waiting:
                yield self._wait(waiting)
                continue
            rows, following = rows_of(body, self.method.rows), next_of(body)
            self._guard(rows, following)
            self.report, self.waits, self.cursor = "", 0, following
            yield Page(rows, position=self._position(), last=not following)
            if not following:
                return
        raise BadPayload(f"The list did not end after {MAX_PAGES} pages.", CURE)

    def _params(self) -> dict[str, Any]:
        """A cursor goes alone: it holds the filters already, and some platforms refuse it beside anything else."""
        if self.cursor:
            return {"page_cursor": self.cursor}
        report = {"report_request_id": self.report} if self.report else {}
        return {**self.filters, "count": self.size, **report}

    def _position(self) -> dict[str, Any]:
        held = {"cursor": self.cursor, "size": self.size, "last": self.last, "report": self.report, "waits": self.waits}
        return {name: value for name, value in held.items() if value}

    def _shrink(self) -> None:
        """Half as many rows; behind a cursor the list begins anew, as the cursor holds the size."""
        if self.size <= 1:
            raise BadPayload("The store gives not even one row at once.", CURE)
        self.size //= 2
        self.cursor, self.last = "", ""
        self.cursors.clear()
        self.digests.clear()

    def _wait(self, waiting: ReportNotReady | Unfinished) -> Page:
        self.waits += 1
        report = waiting.report if isinstance(waiting, ReportNotReady) else ""
        self.report = report if "report_request_id" in self.method.params else ""
        if self.waits > MAX_WAITS:
            raise Wait(
                "The shop system did not finish in two hours what it prepares.",
                "It is tried again by itself; ask the shop system if it stays.",
                said=waiting.said,
            )
        pause = min(FIRST_WAIT * self.waits, LONGEST_WAIT)
        return Page(
            [],
            position=self._position(),
            until=datetime.now(UTC) + pause,
            note="Waited for what the shop system prepares.",
        )

    def _guard(self, rows: list[Any], following: str) -> None:
        """A page or a cursor that was there before means that the chain is a circle."""
        if following and following in self.cursors:
            raise BadPayload("The vendor's cursor came a second time: its paging runs in a circle.", CURE)
        self.cursors.add(following)
        if not rows:
            return
        content = blake2b(digest_size=12)
        for row in rows:
            content.update(bytes(row))
        digest = content.hexdigest()
        if digest in self.digests:
            raise BadPayload("The vendor sent the same rows again: its paging runs in a circle.", CURE)
        self.digests.add(digest)
        self.last = digest
