"""Cutting a list out of a body that is JSON but for something in some row, so that at most that row is refused.

NaN and Infinity are left in their rows, whose parser refuses them; half a character (a lone surrogate) becomes U+FFFD.
"""

import json
import re
from collections.abc import Sequence

import msgspec

SPACE = " \t\r\n"
HEX = rb"[0-9a-fA-F]{2}"
ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB]" + HEX + rb"\\u[dD][c-fC-F]" + HEX + rb"|u[dD][89a-fA-F]" + HEX + rb"|.)", re.DOTALL
)
HALF = 6  # bytes of an escape that stands alone


def whole_characters(body: bytes) -> bytes:
    """The body with every lone surrogate's escape replaced; escapes that come in pairs, or mean a backslash, stay."""
    return ESCAPE.sub(lambda found: b"\\ufffd" if len(found[0]) == HALF else found[0], body)


def cut(view: bytes | memoryview, where: Sequence[str] = ()) -> list[msgspec.Raw] | None:
    """The raw rows of the list at `where`, a path of keys. None when NaN or Infinity is not what is wrong with the body."""
    try:
        text = bytes(view).decode()
    except UnicodeDecodeError:
        return None
    if "NaN" not in text and "Infinity" not in text:
        return None
    try:
        at = _skip(text, 0)
        for name in where:
            at = _member(text, at, name)
        return _rows(text, at)
    except (ValueError, IndexError, RecursionError):
        return None


def _skip(text: str, at: int) -> int:
    while text[at] in SPACE:
        at += 1
    return at


def _member(text: str, at: int, name: str) -> int:
    """Where the value of a member begins. Raises ValueError when there is no such object or member."""
    decoder = json.JSONDecoder()
    if text[at] != "{":
        raise ValueError("no object")
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = decoder.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] != ":":
            raise ValueError("no member")
        at = _skip(text, at + 1)
        if key == name:
            return at
        _, at = decoder.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    raise ValueError("no such member")


def _rows(text: str, at: int) -> list[msgspec.Raw]:
    decoder = json.JSONDecoder()
    rows: list[msgspec.Raw] = []
    if text[at] != "[":
        raise ValueError("no list")
    at = _skip(text, at + 1)
    while text[at] != "]":
        _, end = decoder.raw_decode(text, at)
        rows.append(msgspec.Raw(text[at:end].encode()))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return rows
