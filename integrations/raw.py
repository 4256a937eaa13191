"""A raw slice as a row for parsers (numbers exact) and as JSON for storing (cleaned of what databases refuse)."""

import json
import re
from decimal import Decimal
from typing import Any

import msgspec

from catalog.jsontext import JsonText

# PostgreSQL's jsonb refuses NUL and lone surrogates; one such text must not cost the batch (reliability.md, accident 20).
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_REFUSED = re.compile("[\x00\ud800-\udfff]")
LARGEST_EXPONENT = 300  # beyond it neither a float nor, further on, a database's JSON holds the number


def text(raw: bytes | memoryview) -> str:
    return bytes(raw).decode("utf-8", "replace")


def row(raw: bytes | memoryview) -> Any:
    """The row as parsers see it: Decimal for every number with a point or exponent.

    ValueError for NaN, Infinity and an exponent beyond 300.
    """
    try:
        value = _decode(raw)
    except ValueError:  # the slower reader takes lone surrogates, and says better what is wrong with the rest
        value = json.loads(bytes(raw), parse_float=_exact, parse_constant=_refuse)
    return _cleaned(value) if _SUSPECT.search(raw) else value


def stored(raw: bytes | memoryview) -> JsonText:
    """The row as it is kept beside the columns: what the vendor sent, as JSON every database takes."""
    if not _SUSPECT.search(raw):
        return JsonText(bytes(raw).decode())
    value = json.loads(bytes(raw), parse_constant=str)
    return JsonText(json.dumps(_cleaned(value), ensure_ascii=False))


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not a number JSON knows")


def _exact(number: str) -> Decimal:
    value = Decimal(number)
    if abs(value.adjusted()) > LARGEST_EXPONENT and value:
        raise ValueError(f"{number[:40]} is further from one than any price or quantity")
    return value


_decode = msgspec.json.Decoder(float_hook=_exact).decode


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _REFUSED.sub("\ufffd", value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {_cleaned(name): _cleaned(item) for name, item in value.items()}
    return value
