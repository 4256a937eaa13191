"""Fields of Elryan's rows. Money that cannot be read rejects the row; the word "null" and "" are missing wherever they stand."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from catalog.records import KEEP, Keep
from integrations.numbers import decimal_of, key_from, text_of
from integrations.service import Account, Row

T = TypeVar("T")

BAGHDAD = ZoneInfo("Asia/Baghdad")
CURRENCY = "USD"  # of orders and transactions, whose rows name none
RATE = "Magento IQD Exchange Rate"


def key_of(*names: str) -> Callable[[bytes | memoryview], str]:
    """A reader of external ids like numbers.key_from, for which the word "null" is no id."""
    readers = [key_from(name) for name in names]

    def key(row: bytes | memoryview) -> str:
        for reader in readers:
            try:
                found = reader(row)
            except ValueError:
                continue
            if found.lower() != "null":
                return found
        raise ValueError(f"The row has no {' and no '.join(names)}")

    return key


def moment(value: Any) -> datetime | None:
    """A true UTC time such as `2026-04-03T21:17:42.306Z`; None when it cannot be read."""
    try:
        found = datetime.fromisoformat(value.strip() if isinstance(value, str) else "")
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def iso_day(value: Any) -> date | None:
    try:
        return date.fromisoformat(text(value)[:10])
    except ValueError:
        return None


def day_first(value: Any) -> date | None:
    try:
        return datetime.strptime(text(value), "%d/%m/%Y").replace(tzinfo=BAGHDAD).date()
    except ValueError:
        return None


def plain(value: Any) -> Any:
    """Money is text, at times with spaces between thousands."""
    return "".join(value.split()) if isinstance(value, str) else value


def money(value: Any) -> Decimal | None:
    return decimal_of(plain(value))


def percent(value: Any) -> Decimal | None:
    """10 of `10.0%`."""
    return decimal_of(plain(value).removesuffix("%") if isinstance(value, str) else value, places=4)


def order_currency(account: Account) -> str:
    return currency_of(account.options.get("order_currency")) or account.currency or CURRENCY


def currency_of(value: Any) -> str:
    code = text(value).upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise ValueError(f"{code[:20]!r} is not a currency code")
    return code


def text(value: Any, limit: int | None = None) -> str:
    found = text_of(value, limit=limit)
    return "" if found.lower() == "null" else found


def identity(row: Row, *names: str) -> str:
    for name in names:
        value = row.get(name)
        if not isinstance(value, bool) and isinstance(value, (str, int)) and (found := text(value, 200)):
            return found
    raise ValueError(f"The row has no {' and no '.join(names)}")


def flag(value: Any) -> bool | None:
    """A boolean, also as a text; None for all else."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text(value).lower())


def told(row: Row, read: Callable[[Any], T], name: str) -> T | Keep:
    return read(row[name]) if name in row else KEEP


def part(row: Row, name: str) -> Row:
    found = row.get(name)
    if found is None or found in ("", "null"):
        return {}
    if not isinstance(found, Mapping):
        raise ValueError(f"{name} is not an object")
    return found


def listed(row: Row, name: str) -> list[Any]:
    """The field's objects; absent and null are an empty list."""
    found = row.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(entry, Mapping) for entry in found):
        raise ValueError(f"{name} is not a list of objects")
    return found


def status_of(word: str, words: Mapping[str, str]) -> str:
    """Our word; of the words nobody documented only those that speak of a cancellation are understood."""
    low = word.lower()
    if low in words:
        return words[low]
    return "cancelled" if "cancel" in low or "reject" in low else "unknown"
