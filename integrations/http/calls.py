"""One call: what is to be sent, how far it may go, and what is kept of each attempt."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote, urlencode

from integrations import errors

Params = Mapping[str, Any]  # text, or a list of texts for a name that is repeated; None is left out


@dataclass(frozen=True)
class CallRecord:
    """One attempt as the call log keeps it: names of query parameters, never their values."""

    method: str
    path: str
    query_names: str
    status: int | None
    ms: int
    waited_ms: int
    bytes: int
    attempt: int
    error_kind: str = ""
    error: str = ""


@dataclass
class Call:
    """One exchange to be made, and how far it may go."""

    method: str
    path: str  # with the base path, without the query
    query: str
    names: str
    body: bytes | None
    headers: dict[str, str]
    total: float
    read: float
    cap: int
    write: bool = False
    quiet: bool = False
    sent: bool = False
    status: int | None = None
    bytes: int = 0
    lasted: float = 0.0  # seconds, of all its exchanges so far
    answer: Any = None  # of a write: what came of it, for a caller whose database went away while it was noted
    failed: Exception | None = None

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    def about(self) -> dict[str, Any]:
        return {"method": self.method, "path": self.path, "status": self.status}


def prepared(
    base: str, method: str, path: str, params: Params | None, body: Any, *, total: float, read: float, cap: int
) -> Call:
    """A call below the path `base`. Raises errors.Refused(cause="url") for a path that leads away from there."""
    parts = re.split(r"[/\\]|%2f|%5c", path, flags=re.IGNORECASE)
    odd = any(c.isspace() or not c.isprintable() for c in path)
    if "://" in path or path.startswith("//") or odd or "?" in path or "#" in path or "\\" in path:
        raise _bad_path("is not a path below the connection's address")
    if any(part.lower().replace("%2e", ".") in (".", "..") for part in parts):
        raise _bad_path("climbs out of the connection's address")
    whole = base.rstrip("/") + ("/" + path.lstrip("/") if path.strip("/") else "")
    pairs = [
        (name, str(value))
        for name, values in (params or {}).items()
        for value in (values if isinstance(values, list | tuple | set) else [values])
        if value is not None
    ]
    headers: dict[str, str] = {}
    data: bytes | None = None
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        headers["Content-Type"] = "application/json"
    names = ",".join(dict.fromkeys(name for name, _ in pairs))
    quoted = quote(whole or "/", safe="/%:@!$&'()*+,;=~-._")
    return Call(method, quoted, urlencode(pairs), names, data, headers, total, min(read, total), cap)


def refuse(path: str, never: Iterable[str]) -> None:
    """Raises errors.Refused(cause="url") for a path that must not be called, however it is spelled."""
    plain = "/".join(part for part in unquote(path).lower().split("/") if part)
    for no in never:
        if plain == no or plain.endswith(f"/{no}") or plain.startswith(f"{no}/"):
            raise errors.Refused(
                f"“{no}” must never be called. Nothing was sent.",
                "Correct the path among the connection's options.",
                cause="url",
            )


def _bad_path(what: str) -> errors.Refused:
    return errors.Refused(
        f"A path of this connection {what}. Nothing was sent.",
        "Correct the path among the connection's options: letters, digits and slashes, without host and query.",
        cause="url",
    )


class Repeat(Exception):
    """An attempt failed in a way that may pass. `error` is raised when no try is left; `after` is what was asked."""

    def __init__(self, error: errors.VendorError, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error, self.after = error, after


def told_of(error: errors.VendorError, call: Call) -> errors.VendorError:
    error.method, error.path = error.method or call.method, error.path or call.path
    return error


def in_seconds(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)
