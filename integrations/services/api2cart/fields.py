"""Fields of API2Cart's rows: dates as text or object, ids as text or number, money as JSON numbers, parts that may be lists or null."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from catalog.records import KEEP, Keep
from integrations.numbers import decimal_of, text_of
from integrations.service import Account, Row

LONGEST = 200
NO_YEAR = 1970  # shops write 0000-00-00 or the epoch where they know no time


def identity(row: Row, *names: str) -> str:
    """The first of these fields that holds an id, as text."""
    for name in names:
        value = row.get(name)
        if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
            raise ValueError(f"{name} is neither an integer nor a text")
        if found := text_of(value, limit=LONGEST):
            return found
    raise ValueError(f"The row has no {' and no '.join(names)}")


def short(value: Any, limit: int = LONGEST) -> str:
    """Text cut to what a column holds; the raw row keeps the whole. Objects and lists are refused."""
    text = text_of(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def told(row: Row, name: str, limit: int = LONGEST) -> str | Keep:
    """The field as text, KEEP where the row does not have it."""
    return short(row[name], limit) if name in row else KEEP


def moment(value: Any) -> datetime | None:
    """A time as `{value, format}` or as text, in UTC; None when there is none or it cannot be read.

    The format is a PHP pattern, normally `Y-m-d\\TH:i:sO`; a time without a zone is taken as UTC, a bare number as unix seconds.
    """
    if isinstance(value, Mapping):
        value = value.get("value")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        return None
    try:
        if text.isascii() and text.isdigit() and len(text) >= 9:
            found = datetime.fromtimestamp(int(text), UTC)
        else:
            found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    if found.year <= NO_YEAR:
        return None
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError:
        return None


def time_told(row: Row, *names: str) -> datetime | None | Keep:
    """The first of these times that is there; KEEP where the row has none of the fields."""
    if not any(name in row for name in names):
        return KEEP
    return next((found for name in names if (found := moment(row.get(name))) is not None), None)


def money(value: Any) -> Decimal | None:
    """An amount. Shops compute in binary floats: noise behind the sixth place is rounded off."""
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < 14:
        value = round(value, 6)
    return decimal_of(value)


def amount(row: Row, name: str) -> Decimal | None | Keep:
    return money(row[name]) if name in row else KEEP


def pieces(value: Any) -> Decimal | None:
    """A quantity, three places behind the point; None when it is missing."""
    if isinstance(value, Decimal) and value.is_finite():
        value = round(value, 3)
    return decimal_of(value, places=3)


def flag(value: Any) -> bool | None:
    """A boolean, also as number or text; None for all else."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text_of(value).lower())


def part(row: Row, name: str) -> Row:
    """The object under a name; {} for null, for a missing one and for PHP's empty list."""
    found = row.get(name)
    if found is None or found == []:
        return {}
    if not isinstance(found, Mapping):
        raise ValueError(f"{name} is not an object")
    return found


def listed(row: Row, name: str) -> list[Any]:
    """The objects under a name; [] for null, for a missing one and for PHP's empty object."""
    found = row.get(name)
    if found is None or found == {}:
        return []
    if not isinstance(found, list) or not all(isinstance(entry, Mapping) for entry in found):
        raise ValueError(f"{name} is not a list of objects")
    return found


def texts(row: Row, name: str) -> list[str]:
    """The ids or words under a name."""
    found = row.get(name)
    values = found if isinstance(found, list) else [] if found in (None, {}, "") else [found]
    return [text for value in values if not isinstance(value, (Mapping, list)) and (text := text_of(value))]


def currency_of(value: Any) -> str:
    """The three letters of a currency: of an object its `iso3`, else the text itself; "" for what is no code."""
    if isinstance(value, Mapping):
        value = value.get("iso3") or value.get("id")
    code = text_of(value).upper() if isinstance(value, str) else ""
    return code if len(code) == 3 and code.isascii() and code.isalpha() else ""


def store_currency(account: Account) -> str:
    """What the store's prices are in: the connection's own word, else what the store said of itself."""
    return account.currency or str(account.abilities.get("currency", ""))


def named(value: Any) -> tuple[str, str]:
    """Id and name of `{id, name}` or of a plain text."""
    if isinstance(value, Mapping):
        return short(value.get("id")), short(value.get("name"))
    text = short(value) if not isinstance(value, list) else ""
    return text, text


def storable(value: Any) -> Any:
    """The same as JSON columns take it: a Decimal as its exact text."""
    if isinstance(value, Mapping):
        return {name: storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [storable(inner) for inner in value]
    return str(value) if isinstance(value, Decimal) else value


def address(row: Row) -> dict[str, Any]:
    """An address as the admin shows it: country and state by their names, what is empty left out."""
    state, country = part(row, "state"), part(row, "country")
    found = {
        "name": " ".join(filter(None, (short(row.get("first_name")), short(row.get("last_name"))))),
        "company": short(row.get("company")),
        "address1": short(row.get("address1"), 500),
        "address2": short(row.get("address2"), 500),
        "postcode": short(row.get("postcode")),
        "city": short(row.get("city")),
        "state": short(state.get("name") or state.get("code")),
        "country": short(country.get("name") or country.get("code2")),
        "phone": short(row.get("phone") or row.get("phone_mobile")),
    }
    return {name: value for name, value in found.items() if value}
