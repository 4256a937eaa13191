"""A vendor's answer as services get it. Content decides what it is, whatever its headers say."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from integrations import errors
from integrations.http.redaction import clean

HEAD = 64 << 10  # bytes that show whether a body can be JSON
ERROR_BODY = 16 << 10  # bytes of an answer that may be quoted from


@dataclass(frozen=True)
class Answer:
    """A 2xx answer, decoded. A write's answer that cannot be read means that we do not know what happened."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    method: str = "GET"
    path: str = ""
    wrote: bool = False
    redact: Callable[[str], str] = field(default=clean, repr=False)

    def json(self) -> Any:
        """The body as JSON, fractions as Decimal. Judged by content, whatever the header says.

        Raises errors.BadPayload saying what came instead; errors.Unknown when it answers a write.
        """
        try:
            return read_json(self.body)
        except ValueError as error:
            kind = errors.Unknown if self.wrote else errors.BadPayload
            raise kind(
                f"The vendor's answer is not usable: {error}.",
                "Look at the vendor's side before it is done again: it may have happened."
                if self.wrote
                else "It is usually their maintenance and passes. If it stays, check the address and its path.",
                cause="vendor",
                method=self.method,
                path=self.path,
                status=self.status,
                said=self.redact(self.body[:ERROR_BODY].decode("utf-8", "replace")),
                quoted=True,
            ) from None


def read_json(body: bytes) -> Any:
    """JSON with Decimal for fractions; a byte-order mark is dropped. Raises ValueError in an operator's words."""
    if wrong := not_json(body[:HEAD]):
        raise ValueError(wrong)
    if body.startswith(b"\xef\xbb\xbf"):
        body = body[3:]
    try:
        value = json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 from byte {error.start} on") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON from character {error.pos} on ({error.msg})") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if re.search(rb"\\u[dD][89a-fA-F]", body):
        try:
            json.dumps(value, ensure_ascii=False, default=str).encode()
        except UnicodeEncodeError:
            raise ValueError("it holds half a character (a lone surrogate)") from None
    return value


def not_json(head: bytes) -> str:
    """What the beginning of a body shows it to be when it cannot be JSON; empty when it may be."""
    if not head.removeprefix(b"\xef\xbb\xbf").strip():
        return "it is empty"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head[:4]:
        return "it is UTF-16 or UTF-32 text, not UTF-8"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        return "it is a web page (HTML or XML) where JSON was expected"
    return ""


def _no_constant(name: str) -> Any:
    raise ValueError(f"it holds {name}, which is no number")
