"""XML2DB: a MySQL database into which kvik.shop writes an XML document for every new and every changed order.

Documented is only that: table, columns, elements and who deletes what are the connection's options. The hub reads and never
marks or deletes a row. Ids may be committed out of their order, so some before the last known one are read again each time.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from integrations import mysql, xmltree
from integrations.errors import NeedsAuth, Refused
from integrations.http import Client
from integrations.paging import encode
from integrations.service import Ask, Fact, Page

PAGE = 200  # rows; more than are read again, so that of several versions of one order the newest is on the same page
AGAIN = 100  # ids
LARGEST = 1 << 20  # bytes of one document
TOGETHER = 32 << 20  # bytes of the documents of one page
DECLARED = re.compile(rb"^\s*<\?xml[^>]*encoding\s*=\s*[\"']([\w.-]+)[\"']")


class Bridge:
    """The bridge of one connection. `option` and `secret` give a setting by its name."""

    def __init__(self, http: Client, option: Callable[[str], Any], secret: Callable[[str], str]) -> None:
        self.http, self.option = http, option
        self.place = mysql.Place(
            host=str(option("bridge_host")).strip(),
            port=int(option("bridge_port")),
            database=str(option("bridge_database")).strip(),
            user=str(option("bridge_user")).strip(),
            password=secret("bridge_password"),
            plain=option("bridge_tls") == "off",
        )
        self.roots = {word.casefold() for word in _words(option("bridge_roots"))} - {"*"}
        self.types = {word.casefold() for word in _words(option("bridge_types"))}

    def pages(self, ask: Ask) -> Iterator[Page]:
        """Order documents in the order of their ids, from some before the last known one on."""
        after = int((ask.position or {}).get("after", self._start(ask)))
        while True:
            with self._reading() as reading:  # not kept open while a page is stored
                found, last = self._rows(reading, after)
            told: list[bytes] = []
            passed: set[str] = set()
            for row in found:
                kind, line = self._told(row)
                if line is None:
                    passed.add(kind)
                else:
                    told.append(line)
            self.http.repeated.look(b"\n".join(told))
            after = int(found[-1][0]) if found else after
            note = (
                f"Of the bridge's rows these were no orders and passed over: {', '.join(sorted(passed))}."
                if passed
                else ""
            )
            note = self.http.quotable(note)
            known = max(after, int(ask.cursor.get("bridge", 0)))
            yield Page(told, {"after": after}, last, cursor={"bridge": known} if last else None, note=note)
            if last:
                return

    def facts(self) -> list[Fact]:
        """Whether the table can be read, for a connection test."""
        with self._reading() as reading:
            newest = reading.query(f"SELECT MAX({self._column('id')}) FROM {self._table()}", what=self._named())[0][0]
            self._rows(reading, int(newest or 1) - 1)  # every column is there
            return [("bridge", f"{reading.server}, newest row {newest if newest is not None else 'none yet'}")]

    # -- rows

    def _start(self, ask: Ask) -> int:
        """Where to begin. A table whose ids begin anew is read from its start."""
        known = int(ask.cursor.get("bridge", 0))
        if not known:
            return 0
        with self._reading() as reading:
            newest = reading.query(f"SELECT MAX({self._column('id')}) FROM {self._table()}", what=self._named())[0][0]
        return 0 if newest is not None and int(newest) < known - AGAIN else max(0, known - AGAIN)

    def _rows(self, reading: mysql.Reading, after: int) -> tuple[list[tuple[Any, ...]], bool]:
        """(id, type, created, length, document or None where it is too large) of the next rows, and whether they are the last.

        Lengths are asked for first, so that no page is larger than fits.
        """
        key, text, table = self._column("id"), self._column("xml"), self._table()
        sizes = reading.query(
            f"SELECT {key}, LENGTH({text}) FROM {table} WHERE {key} > %s ORDER BY {key} LIMIT {PAGE}",
            [after],
            self._named(),
        )
        if not sizes:
            return [], True
        room, fitting = TOGETHER, 0
        while fitting < len(sizes) and (room >= 0 or not fitting):
            room -= min(sizes[fitting][1] or 0, LARGEST)
            fitting += 1
        kind, created = (
            self._column(name) if self.option(f"bridge_{name}_column") else "NULL" for name in ("type", "created")
        )
        rows = reading.query(
            f"SELECT {key}, {kind}, {created}, LENGTH({text}), IF(LENGTH({text}) <= %s, {text}, NULL) "
            f"FROM {table} WHERE {key} > %s AND {key} <= %s ORDER BY {key}",
            [LARGEST, after, sizes[fitting - 1][0]],
            self._named(),
        )
        return rows, fitting == len(sizes) < PAGE

    def _told(self, row: Sequence[Any]) -> tuple[str, bytes | None]:
        """What kind of row it is, and the row as a slice; None for what is no order."""
        key, kind, created, length, document = row
        named = _text(kind).strip()
        if self.types and named.casefold() not in self.types:
            return named or "without a type", None
        about = {"id": int(key), "type": named, "created": _moment(created)}
        if document is None:
            return named, encode({"_bridge": {**about, "bytes": length}, "_document": None})
        text = _text(document)
        root = self._root(text)
        if root and self.roots and root.casefold() not in self.roots:
            return f"<{root}>", None
        return named, encode({"_bridge": about, "_document": text})

    @staticmethod
    def _root(text: str) -> str:
        """The root element's name; empty for what cannot be read, which its parser says why."""
        try:
            return xmltree.tree(text)[0]
        except xmltree.BadDocument:
            return ""

    # -- names

    def _reading(self) -> Any:
        missing = [
            label
            for label, value in (
                ("host", self.place.host),
                ("database", self.place.database),
                ("user", self.place.user),
            )
            if not value
        ]
        if missing:
            raise Refused(
                f"The bridge has no {', no '.join(missing)}.",
                "Fill in the XML2DB options, or read orders over the App API.",
            )
        if not self.place.password:
            raise NeedsAuth("No password of the bridge is set.", "Set it on the vendor's page.", cause="password")
        return mysql.reading(self.place, log=self.http.log, before=self.http.before_call)

    def _table(self) -> str:
        return mysql.name(str(self.option("bridge_table")), "table")

    def _column(self, what: str) -> str:
        return mysql.name(str(self.option(f"bridge_{what}_column")), "column")

    def _named(self) -> str:
        return f"{self.place.database}/{self.option('bridge_table')}"


def document_of(row: Mapping[str, Any]) -> Any:
    """What is in the document of a bridge's row. Raises ValueError with the reason where it cannot be read."""
    if row["_document"] is None:
        raise ValueError(
            f"The document of the bridge's row {row['_bridge']['id']} has {row['_bridge']['bytes']} bytes, "
            f"more than the {LARGEST} that are read"
        )
    _, inside = xmltree.tree(row["_document"])
    if not isinstance(inside, Mapping):
        raise ValueError("The document holds a text and no elements")
    return inside


def _words(text: Any) -> list[str]:
    return [word.strip() for word in str(text or "").split(",") if word.strip()]


def _text(value: Any) -> str:
    """A column's text; of bytes by the encoding the document declares."""
    if isinstance(value, bytes):
        declared = DECLARED.match(value)
        try:
            return value.decode(declared[1].decode("ascii") if declared else "utf-8")
        except (LookupError, UnicodeDecodeError):
            return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def _moment(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else _text(value)
