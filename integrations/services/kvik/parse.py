"""An order read into our words by the connection's own table of paths: kvik.shop documents no field of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from catalog.records import KEEP, Keep
from integrations import raw
from integrations.mapping import Reader, moment, storable
from integrations.numbers import text_of
from integrations.service import Account, Row, option_of
from integrations.services.kvik.bridge import document_of
from integrations.services.kvik.options import OPTIONS
from orders.records import OrderLineRecord, OrderRecord

LONGEST_WORD = 200


def keyed(account: Account) -> Callable[[bytes | memoryview], str]:
    """A reader of order ids by this connection's mapping."""

    def key(row: bytes | memoryview) -> str:
        return reader_of(raw.row(row), account).identity("external_id")

    return key


def reader_of(row: Any, account: Account) -> Reader:
    """By the mapping of the source the row came from. Raises ValueError for a row that cannot be read."""
    if not isinstance(row, Mapping):
        raise ValueError(f"The row is no object but {_shown(row)}")
    bridged = "_document" in row
    paths = option_of(OPTIONS, account, "xml_order_map" if bridged else "order_map")
    return Reader(document_of(row) if bridged else row, paths, zone_of(account))


def zone_of(account: Account) -> ZoneInfo:
    return ZoneInfo(account.time_zone or "Europe/Prague")


def order(row: Row, account: Account) -> OrderRecord:
    """A sale. Without an id it is refused; without money or currency it is kept, and says so."""
    read = reader_of(row, account)
    key, word = read.identity("external_id"), read.text("status", LONGEST_WORD)
    status = _meaning(word, account)
    placed, day_only = read.moment("placed_at")
    changed, _ = read.moment("changed_at")
    if changed is None and "_document" in row:
        changed = moment(
            row["_bridge"]["created"], read.zone
        )  # else an older document could not be told from a newer one
    lines = read.objects("lines")
    paths = option_of(OPTIONS, account, "xml_line_map" if "_document" in row else "line_map")
    told = [_line(read, Reader(line, paths, read.zone), n, word, account) for n, line in enumerate(lines or (), 1)]
    total = read.money("total", wanted=True)
    return OrderRecord(
        external_id=key,
        number=read.text("number", 200) or key,
        direction="sale",
        lines=tuple(_apart(told)),
        lines_complete=lines is not None,
        vendor_status=word,
        status=status,
        placed_at=placed,
        placed_day_only=day_only,
        vendor_changed_at=changed,
        buyer_name=_told(read, "buyer_name", 500),
        buyer_email=_told(read, "buyer_email", 500),
        buyer_phone=_told(read, "buyer_phone", 200),
        ship_to=_address(read.value("ship_to")),
        currency=read.currency("currency", account.currency),
        total=total,
        warning=read.warning,
    )


def _line(order: Reader, read: Reader, number: int, word: str, account: Account) -> OrderLineRecord:
    """One line. A line without an id goes by its place; without a status of its own it stands as its order does."""
    own = read.text("status", LONGEST_WORD) or word
    line = OrderLineRecord(
        external_id=read.text("external_id", 200) or str(number),
        position=number,
        sku=read.text("sku", 200),
        barcode=read.text("barcode", 200),
        name=read.text("name"),
        quantity=read.money("quantity", places=3),
        unit_price=read.money("unit_price"),
        total=read.money("total"),
        vendor_status=own,
        status=_meaning(own, account),
        warning=read.warning,
        raw=storable(read.row),
    )
    if line.unit_price is None and line.total is None:
        order.flag(f"line {number} has no price")
    return line


def _apart(lines: list[OrderLineRecord]) -> Iterator[OrderLineRecord]:
    """Each line under an id of its own: of two that share one, none is lost."""
    taken: set[str] = set()
    for line in lines:
        key = line.external_id if line.external_id not in taken else f"{line.external_id[:190]}#{line.position}"
        taken.add(key)
        yield replace(line, external_id=key)


def _meaning(word: str, account: Account) -> str:
    words: Mapping[str, str] = option_of(OPTIONS, account, "status_map")
    known = {theirs.casefold(): ours for theirs, ours in words.items()}
    return known.get(word.casefold(), "unknown")


def _told(read: Reader, name: str, limit: int) -> str | Keep:
    """KEEP where no path is mapped: then nobody said that there is none."""
    return read.text(name, limit) if read.paths.get(name) else KEEP


def _address(value: Any) -> Mapping[str, Any] | Keep:
    if value is None:
        return KEEP
    return storable(value) if isinstance(value, Mapping) else {"address": text_of(value)}


def _shown(value: Any) -> str:
    return "null" if value is None else repr(value)[:60]
