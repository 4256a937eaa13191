"""What may be quoted of a vendor's words: no secret in any spelling, no control characters, not much of it."""

import base64
import json
import re
from collections.abc import Sequence
from urllib.parse import quote, quote_plus

SECRET_FIELD = re.compile(
    r"""((?:password|passwd|token|secret|authorization|api_?key)"?\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|[^\s,}&]+)""",
    re.IGNORECASE,
)
JWT = re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?")


def clean(text: str, secrets: Sequence[str] = ()) -> str:
    """Text fit to be quoted: secrets blotted out in every spelling, no control characters, at most 300 characters."""
    text = blotted(text, secrets)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]


def blotted(text: str, secrets: Sequence[str] = ()) -> str:
    """The text with every spelling of these secrets, and what looks like another, replaced by ***."""
    spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, "***")
    return JWT.sub("***", SECRET_FIELD.sub(r"\1***", text))


def _spellings(secret: str) -> set[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    coded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    escaped = json.dumps(secret)[1:-1]
    return (
        {
            secret,
            quote(secret, safe=""),
            quote(secret),
            quote_plus(secret),
            escaped,
            *coded,
            *(text.rstrip("=") for text in coded),
        }
        if secret
        else set()
    )
