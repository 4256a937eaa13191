"""What may be quoted of a vendor's words: no secret in any spelling, whole or in part, no control characters, not much of it."""

import re
from collections.abc import Sequence
from typing import Any

from integrations.http.spellings import found_in, pieces_of, unspelled

SECRET_FIELD = re.compile(
    r"""((?:password|passwd|token|secret|authorization|api_?key)"?\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|[^\s,}&]+)""",
    re.IGNORECASE,
)
SECRET_NAME = re.compile(r"password|passwd|token|secret|authorization|api_?key", re.IGNORECASE)
JWT = re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?")
GONE = "***"
LOOKED_INTO = 64 << 10  # characters that are also decoded; nobody is shown more


def clean(text: str, secrets: Sequence[str] = ()) -> str:
    """Text fit to be quoted: secrets blotted out in every spelling, no control characters, at most 300 characters."""
    text = blotted(text, secrets)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]


def blotted(text: str, secrets: Sequence[str] = ()) -> str:
    """The text with every spelling of these secrets, and what looks like another, replaced by ***.

    Where one shows only when the text is decoded further than that, nothing of the text is left.
    """
    return JWT.sub(GONE, SECRET_FIELD.sub(rf"\1{GONE}", _bare(text, secrets)))


def blotted_json(value: Any, secrets: Sequence[str] = ()) -> Any:
    """The same of a decoded JSON value, which stays one: its texts and names, and whole what is named as a secret."""
    if isinstance(value, str):
        return JWT.sub(GONE, _bare(value, secrets))
    if isinstance(value, list | tuple):
        return [blotted_json(inner, secrets) for inner in value]
    if isinstance(value, dict):
        return {
            blotted(name, secrets): GONE
            if isinstance(inner, str) and inner and SECRET_NAME.search(name)
            else blotted_json(inner, secrets)
            for name, inner in value.items()
        }
    return value


def holds(text: str, secrets: Sequence[str]) -> bool:
    """Whether a secret, or a long part of one, stands in the text however it is spelled."""
    return _bare(text, secrets) != text


def _bare(text: str, secrets: Sequence[str]) -> str:
    known = tuple(sorted({secret for secret in secrets if secret}))
    if not known or not text:
        return text
    places = found_in(text, known)
    if places:
        parts, end = [], 0
        for start, stop in places:
            parts += [text[end:start], GONE]
            end = stop
        text = "".join((*parts, text[end:]))
    pieces = pieces_of(known)
    return GONE if any(pieces.are_in(further) for further in unspelled(text[:LOOKED_INTO])) else text
