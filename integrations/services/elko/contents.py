"""What takes more than cutting a list: Description and MediaItems, asked by codes and joined to one row per product.

Description comes in two shapes. The newer names the product of each entry, so many can be asked at once; the older is one
flat list of lines, so each product is asked alone. Which one an account gets is learned from its first answer and kept.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from integrations import raw
from integrations.paging import BOM, cut, encode
from integrations.services.elko.parse_details import UNASKABLE

Slice = bytes | memoryview
NEW, OLD = "new", "old"
ASKABLE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass
class Joined:
    """What the calls of one batch told: fields of rows by code, and entries that are no objects."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    unreadable: list[Slice] = field(default_factory=list)

    def of(self, code: object) -> dict[str, Any]:
        return self.rows.setdefault(str(code), {})

    def slices(self, codes: Iterable[str]) -> list[Slice]:
        return [encode({"productId": code, **self.rows.get(code, {})}) for code in codes] + self.unreadable


class Descriptions:
    """`fetch`: comma-joined codes → the answer's body. `shape` is NEW, OLD or empty when not known yet."""

    def __init__(self, fetch: Callable[[str], bytes], shape: str) -> None:
        self.fetch, self.shape = fetch, shape

    def read(self, codes: list[str], into: Joined) -> None:
        """Ask for these codes in as few calls as the shape allows."""
        rest = list(codes)
        while rest:
            # While the shape is not known one product is asked alone: that answer is of use in either shape.
            part = rest if self.shape == NEW else rest[:1]
            if self._ask(part, into):
                rest = rest[len(part) :]

    def _ask(self, codes: list[str], into: Joined) -> bool:
        """False when nothing could be told apart: the account answers in the older shape by now."""
        rows, unreadable = objects_of(self.fetch(",".join(codes)))
        if rows:
            self.shape = NEW if all("productId" in row for row in rows) else OLD
        if self.shape == OLD and len(codes) > 1:
            return False
        into.unreadable += unreadable
        if self.shape == NEW:
            for row in rows:
                into.of(row["productId"])["description"] = row.get("description") or []
        elif rows:
            into.of(codes[0])["description"] = rows
        return True


def pictures(body: bytes, into: Joined) -> None:
    rows, unreadable = objects_of(body)
    into.unreadable += unreadable
    for row in rows:
        into.of(row.get("id"))["mediaFiles"] = row.get("mediaFiles") or []


def objects_of(body: bytes) -> tuple[list[dict[str, Any]], list[Slice]]:
    """The objects of a small list, and its entries that are none; null counts as an empty list: it says "no pictures"."""
    if body.removeprefix(BOM).strip() == b"null":
        return [], []
    rows: list[dict[str, Any]] = []
    unreadable: list[Slice] = []
    for entry in cut(body):
        try:
            row = raw.row(entry)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            rows.append(row)
        else:
            unreadable.append(bytes(entry))
    return rows, unreadable


class _Maker(msgspec.Struct, rename={"code": "vendorCode", "name": "vendorName"}):
    code: str = ""
    name: str = ""


_maker = msgspec.json.Decoder(_Maker)


def brand_of(row: Slice) -> tuple[str, str]:
    """Code and name of a product's brand; a row that cannot be read has none: the list of products tells of it."""
    try:
        found = _maker.decode(row)
    except msgspec.MsgspecError:
        return "", ""
    return found.code.strip(), found.name.strip()


def askable(codes: list[str]) -> tuple[list[str], list[Slice]]:
    """The codes that can stand in a path and a comma-joined list; for each other one a row that is refused as such."""
    good = [code for code in codes if ASKABLE.fullmatch(code)]
    why = "ELKO cannot be asked for this code: it must be of letters, digits, - and _ alone"
    return good, [encode({"productId": code, UNASKABLE: why}) for code in codes if not ASKABLE.fullmatch(code)]
