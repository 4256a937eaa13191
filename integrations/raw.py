"""A raw slice as a row for parsers (numbers exact) and as JSON for storing (cleaned of what databases refuse)."""

import json
import re
from decimal import Decimal
from typing import Any

# PostgreSQL's jsonb refuses NUL and lone surrogates; one such text must not cost the batch (reliability.md, accident 20).
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_REFUSED = re.compile("[\x00\ud800-\udfff]")


def text(raw: bytes | memoryview) -> str:
    return bytes(raw).decode("utf-8", "replace")


def row(raw: bytes | memoryview) -> Any:
    """The row as parsers see it: Decimal for every number with a point or exponent. ValueError for NaN and Infinity."""
    return _clean(raw, json.loads(bytes(raw), parse_float=Decimal, parse_constant=_refuse))


def stored(raw: bytes | memoryview) -> Any:
    """The row as it is kept beside the columns."""
    return _clean(raw, json.loads(bytes(raw), parse_constant=str))


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not a number JSON knows")


def _clean(raw: bytes | memoryview, value: Any) -> Any:
    return _cleaned(value) if _SUSPECT.search(bytes(raw)) else value


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _REFUSED.sub("\ufffd", value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {_cleaned(name): _cleaned(item) for name, item in value.items()}
    return value
