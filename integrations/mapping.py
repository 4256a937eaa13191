"""Rows whose field names no document states, read by a table of paths that a person filled in for one connection.

What is missing or cannot be read among money, currencies and times is flagged and unknown; it never costs the row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from integrations.numbers import LONGEST_ID, decimal_of, text_of

LONGEST_FLAGS = 300


def at(row: Any, path: str) -> Any:
    """What stands at a path; None where nothing does.

    `a.b` goes into objects, `a.0` into lists, `a | b` is the first of the two that is there, `a + b` both texts with a space.
    """
    for one in path.split("|"):
        parts = [_one(row, part.strip()) for part in one.split("+")]
        found = parts[0] if len(parts) == 1 else " ".join(filter(None, map(text_of, parts)))
        if found not in (None, ""):
            return found
    return None


def _one(row: Any, path: str) -> Any:
    if not path:
        return None
    found = row
    for step in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, list) and step.isascii() and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def moment(value: Any, zone: ZoneInfo) -> datetime | None:
    """An ISO time in UTC, read in `zone` where it has no offset; None when it cannot be read."""
    try:
        found = datetime.fromisoformat(value.strip() if isinstance(value, str) else "")
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def storable(value: Any) -> Any:
    """The value as a JSON column holds it: without Decimals."""
    if isinstance(value, Mapping):
        return {str(name): storable(held) for name, held in value.items()}
    if isinstance(value, list):
        return [storable(held) for held in value]
    return str(value) if isinstance(value, Decimal) else value


@dataclass
class Reader:
    """One row by a connection's paths (our field → path). `flags` collects what a person should know of it."""

    row: Any
    paths: Mapping[str, str]
    zone: ZoneInfo
    flags: list[str] = field(default_factory=list)

    def value(self, name: str) -> Any:
        return at(self.row, self.paths.get(name, ""))

    def plain(self, name: str) -> Any:
        """The value, or its text where that has attributes beside it."""
        found = self.value(name)
        return found["#text"] if isinstance(found, Mapping) and "#text" in found else found

    def identity(self, name: str) -> str:
        """An id as text. Raises ValueError that names the path."""
        path, found = self.paths.get(name, ""), self.plain(name)
        if not path:
            raise ValueError(f"No path is mapped to “{name}”, so that nothing names the row: fill it in")
        if isinstance(found, str | int) and not isinstance(found, bool) and (text := text_of(found, limit=LONGEST_ID)):
            return text
        raise ValueError(f"The row has no id at “{path}”: correct the path of “{name}”")

    def text(self, name: str, limit: int | None = None) -> str:
        """A text or number as text. Raises ValueError naming field and path when an object stands there."""
        try:
            return text_of(self.plain(name), limit=limit)
        except ValueError as wrong:
            raise ValueError(f"{name}, at “{self.paths.get(name)}”: {wrong}") from None

    def money(self, name: str, *, places: int = 6, wanted: bool = False) -> Decimal | None:
        """An exact number; None with a flag where it cannot be read, or where it is wanted and missing."""
        try:
            found = decimal_of(self.plain(name), places=places)
        except ValueError as wrong:
            self.flag(f"{name}: {wrong}")
            return None
        if found is None and wanted:
            self.flag(f"{name} is missing")
        return found

    def currency(self, name: str, otherwise: str) -> str:
        """A code of three letters; `otherwise` where the row names none. Flagged where neither does, or it is no code."""
        found = self.plain(name)
        if found is None:
            if not otherwise:
                self.flag("the currency is missing")
            return otherwise
        code = found.strip().upper() if isinstance(found, str) else ""
        if len(code) == 3 and code.isascii() and code.isalpha():
            return code
        self.flag(f"“{str(found)[:20]}” is no currency code")
        return ""

    def moment(self, name: str) -> tuple[datetime | None, bool]:
        """A time, and whether only its day was told."""
        found = self.plain(name)
        if found is None:
            return None, False
        read = moment(found, self.zone)
        if read is None:
            self.flag(f"{name}: “{str(found)[:40]}” is no ISO time")
            return None, False
        return read, len(found.strip()) == len("2026-04-03")

    def objects(self, name: str) -> list[Mapping[str, Any]] | None:
        """The objects of a list, or the one that stands there alone; None, with a flag, where there is nothing to read."""
        if not self.paths.get(name):
            return None
        found = self.value(name)
        listed = found if isinstance(found, list) else [found]
        if found is None or not all(isinstance(entry, Mapping) for entry in listed):
            self.flag(f"no {name} at “{self.paths[name]}”")
            return None
        return listed

    def flag(self, text: str) -> None:
        if text not in self.flags:
            self.flags.append(text)

    @property
    def warning(self) -> str:
        """The flags as one sentence that fits its column."""
        told = "; ".join(self.flags)
        return f"{told[:1].upper()}{told[1:]}."[:LONGEST_FLAGS] if told else ""
