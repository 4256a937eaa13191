"""Numbers, texts, days and ids as vendors write them: one reader for all, so that unknown never becomes zero."""

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from catalog.gtin import gtin_of as gtin_of

PLAIN = re.compile(r"-?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?")
INTEGER = re.compile(rb"-?[0-9]+")
SURROGATE = re.compile("[\ud800-\udfff]")
LARGEST = Decimal(10) ** 14  # what the money columns hold before the point
MOST_PIECES = Decimal(10) ** 11  # what the stock columns hold
LONGEST_ID = 200


def decimal_of(value: Any, *, places: int = 6) -> Decimal | None:
    """The exact number of an int, a Decimal or a text such as `1,234.50`; None for None, "" and "null".

    Raises ValueError naming the value for everything else: NaN, comma as decimal point, other digits than 0-9, floats
    and booleans, more than `places` places behind the point, 10^14 and above.
    """
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if not text or text.lower() == "null":
            return None
        if not PLAIN.fullmatch(text):
            raise ValueError(f"{_shown(value)} is not a number")
        number = Decimal(text.replace(",", ""))
    elif isinstance(value, Decimal):
        number = value
    elif isinstance(value, int) and not isinstance(value, bool):
        if abs(value) >= LARGEST:
            raise ValueError("The number is larger than can be stored")
        number = Decimal(value)
    else:
        raise ValueError(f"{_shown(value)} is a {type(value).__name__}, not an exact number")
    if not number.is_finite():
        raise ValueError(f"{_shown(value)} is not a number")
    if number.adjusted() >= 14 and number:
        raise ValueError(f"{_shown(value)} is larger than can be stored")
    if not number:
        return Decimal(0)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -places:
        shorter = number.normalize()  # zeros at the end are no precision
        exponent = shorter.as_tuple().exponent
        if shorter != number or not isinstance(exponent, int) or exponent < -places:
            raise ValueError(f"{_shown(value)} has more than {places} places behind the point")
        number = shorter
    return number


def text_of(value: Any, *, limit: int | None = None) -> str:
    """The value as text a database can hold: stripped, without NUL, lone surrogates replaced. None is "".

    Raises ValueError for objects and lists, and for texts longer than `limit` characters.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float, Decimal)):
        raise ValueError(f"A text was expected, not a {type(value).__name__}")
    text = value if isinstance(value, str) else str(value)
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii():
        text = SURROGATE.sub("\ufffd", text)
    text = text.strip()
    if limit is not None and len(text) > limit:
        raise ValueError(f"The text {_shown(text)} has {len(text)} characters, more than the {limit} there is room for")
    return text


def at_least(value: Any) -> tuple[Decimal | None, bool]:
    """How many pieces, and whether there may be more: "> 50" and "50+" are (50, True), "12" is (12, False).

    What cannot be read, and what is below zero, is (None, False): unknown. Never raises.
    """
    more = False
    if isinstance(value, str):
        value = value.strip()
        more = value.startswith((">", "+")) or value.endswith("+")
        value = value.strip(">+= ")
    try:
        pieces = decimal_of(value, places=3)
    except ValueError:
        return None, False
    if pieces is None or pieces < 0 or pieces >= MOST_PIECES:
        return None, False
    return pieces, more


def jde_date(value: Any) -> date | None:
    """The day of a JD Edwards number: 118269 is 2018-09-26. None for 0, "" and what is no such day."""
    text = text_of(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        return None
    year, day = 1900 + int(text) // 1000, int(text) % 1000
    if not 1 <= day <= 366:
        return None
    found = date(year, 1, 1) + timedelta(days=day - 1)
    return found if found.year == year else None


def jde_number(day: date) -> int:
    """The JD Edwards number of a day from 1900 on: century digit, year in two digits, day of the year in three."""
    if day.year < 1900:
        raise ValueError(f"{day} is before 1900 and has no JD Edwards number")
    return (day.year - 1900) * 1000 + day.timetuple().tm_yday


def key_from(*names: str) -> Callable[[bytes | memoryview], str]:
    """A reader of external ids: the first of these fields of a raw JSON object that holds an integer or a text.

    Integers of any size stay exact. The reader raises ValueError when no field holds an id, or it is no JSON object.
    """
    decode = msgspec.json.Decoder(msgspec.defstruct("Ids", [(n, int | str | None, None) for n in names])).decode
    carefully = _key_of_any(names)

    def key(row: bytes | memoryview) -> str:
        try:
            values = msgspec.structs.astuple(decode(row))
        except (msgspec.MsgspecError, UnicodeError):
            return carefully(row)  # says what is wrong, or finds that only a field behind the first id is
        for value in values:
            if value is not None and value != "" and (found := _id(value)):
                return found
        return carefully(row)

    return key


def _id(value: int | str) -> str:
    """An id as text; "" leaves it to the careful reader."""
    if isinstance(value, int):
        return str(value)
    return value.strip() if value.isascii() and "\0" not in value and len(value) <= LONGEST_ID else ""


def _key_of_any(names: tuple[str, ...]) -> Callable[[bytes | memoryview], str]:
    shape = msgspec.defstruct("Ids", [(name, msgspec.Raw, msgspec.Raw(b"null")) for name in names])
    decoder = msgspec.json.Decoder(shape)

    def key(row: bytes | memoryview) -> str:
        try:
            ids = decoder.decode(row)
            held = {name: bytes(getattr(ids, name)) for name in names}
        except (msgspec.MsgspecError, UnicodeError) as broken:
            held = _beside_nan(row, names)
            if not held:
                raise ValueError(f"The row has no readable id: {broken}") from None
        for name in names:
            try:
                if found := _id_of(held.get(name, b"null"), name):
                    return found
            except (msgspec.MsgspecError, UnicodeError) as broken:
                raise ValueError(f"The row has no readable id: {broken}") from None
        raise ValueError(f"The row has no id: {' and '.join(names)} are missing or empty")

    return key


def _beside_nan(row: bytes | memoryview, names: tuple[str, ...]) -> dict[str, bytes]:
    """The id fields of a row that only NaN or Infinity keeps from being JSON; empty for any other row."""
    try:
        values = json.loads(bytes(row))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {name: json.dumps(values[name]).encode() for name in names if name in values}


def _id_of(raw: bytes, name: str) -> str:
    if raw == b"null":
        return ""
    if raw.startswith(b'"'):
        text = text_of(msgspec.json.decode(raw, type=str))
    elif INTEGER.fullmatch(raw):
        text = raw.decode()
    else:
        raise ValueError(f"The row's {name} is neither an integer nor a text")
    if len(text) > LONGEST_ID:
        raise ValueError(f"The row's {name} is longer than {LONGEST_ID} characters")
    return text


def _shown(value: Any) -> str:
    text = repr(str(value) if isinstance(value, Decimal) else value)
    return text if len(text) <= 60 else f"{text[:57]}…"
