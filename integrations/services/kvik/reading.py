"""Orders over the App API: paths, parameters and paging as the connection's options say."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from integrations import raw
from integrations.errors import Refused
from integrations.http import Client
from integrations.mapping import at, moment
from integrations.offsets import by_offset
from integrations.page_numbers import by_page
from integrations.service import Account, Ask, Page, Row
from integrations.services.kvik.answers import row_of, rows_of
from integrations.services.kvik.parse import zone_of

FORMATS: Mapping[str, Callable[[datetime], str]] = {
    "iso": lambda at: at.isoformat(timespec="seconds"),
    "utc": lambda at: at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "local": lambda at: at.strftime("%Y-%m-%d %H:%M:%S"),
    "day": lambda at: at.strftime("%Y-%m-%d"),
    "unix": lambda at: str(int(at.timestamp())),
}


class Orders:
    """The orders of one connection. `option` gives a setting by its name."""

    def __init__(self, http: Client, account: Account, option: Callable[[str], Any]) -> None:
        self.http, self.account, self.option = http, account, option
        self.zone = zone_of(account)

    def pages(self, ask: Ask) -> Iterator[Page]:
        """All orders, or those changed since some hours before the newest one the last run knew."""
        newest = moment((ask.position or ask.cursor).get("updated"), self.zone)
        for page in self._listed(ask):
            seen = [min(changed, ask.started_at) for row in page.rows if (changed := self._changed(row))]
            newest = max([*seen, *([newest] if newest else [])], default=None)
            if self.option("read_details"):
                page.rows = [self._whole(row, ask) for row in page.rows]
            known = {"updated": newest.isoformat()} if newest else {}
            if page.position is not None:
                page.position = {**page.position, **known}
            if page.last:
                page.cursor = known or {"updated": ask.started_at.isoformat()}
            yield page

    def one_by_one(self, ask: Ask) -> Iterator[Page]:
        """The orders an operator named, each by its own call."""
        total, done = len(ask.only), int((ask.position or {}).get("done", 0))
        if done >= total:
            yield Page([], last=True, total=total)
        for place, key in enumerate(ask.only[done:], start=done + 1):
            yield Page([self.one(key)], position={"done": place}, last=place == total, total=total)

    def one(self, key: str) -> bytes:
        """One order as the vendor sends it."""
        if key in ("", ".", ".."):
            raise Refused(f"“{key}” is no id of an order.", "Correct what was asked for.")
        path = str(self.option("order_detail_path"))
        if "{order_id}" not in path:
            raise Refused(
                "The path of one order does not say where its id goes.",
                "Write {order_id} into it, such as orders/{order_id}.",
                cause="url",
            )
        paths = self.option("order_map")
        whole = path.replace("{order_id}", quote(key, safe=""))
        return row_of(self.http.get(whole), lambda row: at(row, paths.get("external_id", "")) is not None)

    def _whole(self, row: bytes | memoryview, ask: Ask) -> bytes | memoryview:
        """The order of a short row; the row itself where it names none, or where the order is gone meanwhile."""
        try:
            return self.one(ask.key(row)) if ask.key else row
        except ValueError:
            return row
        except Refused as gone:
            if gone.status != 404:
                raise
            return row

    # -- calls

    def _listed(self, ask: Ask) -> Iterator[Page]:
        fixed, length = self._since(ask), int(self.option("page_length"))
        rows = rows_of(str(self.option("list_key")))
        limit = {str(self.option("limit_parameter")): length}
        if self.option("paging") == "offset":
            skip = str(self.option("offset_parameter"))
            yield from by_offset(
                lambda start, count: self._get({**fixed, **limit, skip: start}), ask=ask, length=length, rows_of=rows
            )
        elif self.option("paging") == "page":
            number, first = str(self.option("page_parameter")), int(self.option("first_page"))
            yield from by_page(
                lambda page, count: self._get({**fixed, **limit, number: page}),
                ask=ask,
                length=length,
                first=first,
                rows_of=rows,
            )
        else:
            found = rows(self._get(fixed))
            yield Page(found, last=True, total=len(found))

    def _get(self, params: Mapping[str, Any]) -> bytes:
        named = {name: value for name, value in params.items() if name}
        return self.http.get(str(self.option("orders_list_path")), named).body

    def _since(self, ask: Ask) -> dict[str, str]:
        name, known = str(self.option("since_parameter")), moment(ask.cursor.get("updated"), self.zone)
        if not name or known is None or ask.full:
            return {}
        since = (known - timedelta(hours=int(self.option("overlap_hours")))).astimezone(self.zone)
        return {name: FORMATS[str(self.option("since_format"))](since)}

    def _changed(self, slice_: bytes | memoryview) -> datetime | None:
        try:
            row: Row = raw.row(slice_)
            return moment(at(row, self.option("order_map").get("changed_at", "")), self.zone)
        except ValueError:
            return None
