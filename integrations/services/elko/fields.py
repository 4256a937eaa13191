"""Fields of ELKO's rows: each reader says what it does with what is missing, and refuses what it cannot read."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from catalog.records import KEEP, Keep
from integrations.numbers import MOST_PIECES, at_least, decimal_of, jde_date, text_of
from integrations.service import Row

T = TypeVar("T")

NO_CODE = 200  # longest code, name of a field and the like that is stored
NUMBER = 60  # longest number of an invoice, an order or a line: three of them make one id


def storable(value: Any) -> Any:
    """The same as JSON columns take it: a Decimal as its exact text."""
    if isinstance(value, Mapping):
        return {name: storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [storable(inner) for inner in value]
    return str(value) if isinstance(value, Decimal) else value


def identity(row: Row, *names: str, limit: int = NO_CODE) -> str:
    """The first of these fields that holds an id, as text; a number stays exact."""
    for name in names:
        value = row.get(name)
        if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
            raise ValueError(f"{name} is neither an integer nor a text")
        if found := text_of(value, limit=limit):
            return found
    raise ValueError(f"The row has no {' and no '.join(names)}")


def told(row: Row, read: Callable[[Any], T], *names: str) -> T | Keep:
    """The first of these fields that is in the row, read; KEEP when none is."""
    return next((read(row[name]) for name in names if name in row), KEEP)


def short(value: Any) -> str:
    return text_of(value, limit=NO_CODE)


def currency_of(value: Any) -> str:
    code = text_of(value).upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise ValueError(f"{code[:20]!r} is not a currency code")
    return code


def cut_to(limit: int) -> Callable[[Any], str]:
    """A reader of free text that cuts what does not fit its column; the raw row keeps the whole."""

    def read(value: Any) -> str:
        text = text_of(value)
        return text if len(text) <= limit else f"{text[: limit - 1]}…"

    return read


def price_of(value: Any) -> Decimal | None:
    """An amount. Numbers are binary floats on ELKO's side: noise behind the sixth place is rounded off."""
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < 14:
        value = round(value, 6)
    return decimal_of(value)


def price_or_none(value: Any) -> Decimal | None:
    """ELKO writes 0 where it has no such price."""
    return price_of(value) or None


def pieces(value: Any) -> Decimal | None:
    return at_least(value)[0]


def quantity_of(value: Any) -> Decimal | None:
    number = decimal_of(value, places=3)
    if number is not None and abs(number) >= MOST_PIECES:
        raise ValueError(f"{number} pieces are more than can be stored")
    return number


def numbered(rows: list[Any], name: str) -> list[str]:
    """An id for each of these rows: their own where each has one of its own, else their places from 1 on."""
    ids = [text_of(row.get(name), limit=NUMBER) for row in rows]
    return ids if all(ids) and len(set(ids)) == len(ids) else [str(place + 1) for place in range(len(rows))]


def day_of(value: Any) -> date | None:
    """No source tells the form of `expectedDate`: a JD Edwards number and an ISO day are read, all else is unknown."""
    if found := jde_date(value):
        return found
    try:
        return date.fromisoformat(text_of(value)[:10])
    except ValueError:
        return None


def part(row: Row, name: str) -> Row:
    part = row.get(name)
    if part is None:
        return {}
    if not isinstance(part, Mapping):
        raise ValueError(f"{name} is not an object")
    return part


def objects(row: Row, name: str) -> list[Any]:
    """The field's objects or texts; absent and null are an empty list."""
    found = row.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise ValueError(f"{name} is not a list")
    if name != "serials" and not all(isinstance(entry, Mapping) for entry in found):
        raise ValueError(f"{name} holds something that is not an object")
    return found
