"""The simulated API2Cart's envelope, its return codes, its cursors and its filters by time.

Assumed: errors come with HTTP 200 (the vendor publishes bodies only); `error_status` on the simulator sets another.
"""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from integrations.simulator.wire import Request, Response, Row, answer

if TYPE_CHECKING:
    from integrations.services.api2cart.simulator import Simulator
    from integrations.services.api2cart.simulator_rows import Store

MOST = 250
TIMES = {"created": ("create_at", "created_at", "created_time"), "modified": ("modified_at", "modified_time")}


class Failed(Exception):
    """A request that is answered with a return code other than 0."""

    def __init__(self, code: int, message: str, result: Any = None) -> None:
        super().__init__(message)
        self.code, self.result = code, {} if result is None else result

    def answer(self, status: int = 200) -> Response:
        return answer({"return_code": self.code, "return_message": str(self), "result": self.result}, status)


def ok(result: Any, **more: Any) -> Response:
    return answer({"return_code": 0, "return_message": "", **more, "result": result})


def given(request: Request) -> dict[str, str]:
    """The query's parameters, each once. Raises Failed(109)."""
    found: dict[str, str] = {}
    for name, value in request.query:
        if name in found:
            raise Failed(109, f"Wrong parameter {name}: it came twice")
        found[name] = value
    return found


def body_of(request: Request) -> Row:
    try:
        body = request.json()
    except ValueError:
        raise Failed(109, "The body is not JSON") from None
    if not isinstance(body, dict):
        raise Failed(109, "The body must be a JSON object")
    return body


def listing(
    simulator: "Simulator", request: Request, store: "Store", flow: str, member: str, counted: str,
    only: Callable[[dict[str, str], Row], bool] | None = None,
) -> Response:  # fmt: skip
    """One page of a list: by filters at first, then by a cursor that stands alone and holds them."""
    asked = given(request)
    cursor = asked.get("page_cursor")
    if cursor is not None:
        if set(asked) != {"page_cursor"}:
            raise Failed(109, "page_cursor can not be used with other parameters")
        asked, start = _opened(cursor, request.segments[-1], store)
    else:
        start = _whole(asked, "start", 0)
    count = _whole(asked, "count", 10)
    if not 1 <= count <= MOST or count > store.most:
        raise Failed(111, f"Too many items requested, the most is {min(store.most, MOST)}")
    table = simulator.table(store.table(flow))
    rows = [row for row in table if _in_time(asked, row) and (only is None or only(asked, row))]
    rows = simulator.bend(request, flow, rows)
    page = simulator.page(request, store.table(flow), rows, start, count)
    more = start + count < len(rows)
    following = cursor_of(request.segments[-1], store.key[:6], start + count, asked) if more else None
    result: dict[str, Any] = {counted: len(page)} if counted else {}
    return ok({**result, member: page}, pagination={"previous": None, "next": following})


def cursor_of(method: str, store: str, start: int, asked: dict[str, str]) -> str:
    """Percent-encoded as the vendor sends it: a client that sends it back as it came encodes it twice."""
    text = json.dumps([method, store, start, asked], separators=(",", ":"))
    text += " " * (2 if len(text) % 3 == 0 else 0)  # so that it ends with "=", which is encoded
    return quote(base64.b64encode(text.encode()).decode(), safe="")


def _opened(cursor: str, method: str, store: "Store") -> tuple[dict[str, str], int]:
    try:
        found, key, start, asked = json.loads(base64.b64decode(cursor, validate=True))
    except ValueError:
        raise Failed(109, "Wrong page_cursor") from None
    if (found, key) != (method, store.key[:6]):
        raise Failed(109, "The page_cursor belongs to another list")
    return asked, start


def _whole(asked: dict[str, str], name: str, otherwise: int) -> int:
    text = asked.get(name, str(otherwise))
    if not text.isdigit():
        raise Failed(109, f"Parameter {name} must be an integer")
    return int(text)


def moment_of(value: Any) -> datetime | None:
    text = value.get("value") if isinstance(value, dict) else value
    return datetime.fromisoformat(text).astimezone(UTC) if isinstance(text, str) and text else None


def bound(name: str, text: str) -> datetime:
    """A time as the hub may write it; a day stands for its first moment."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Failed(109, f"Parameter {name} has a wrong format") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _in_time(asked: dict[str, str], row: Row) -> bool:
    """Bounds are inclusive. A row without that time falls out of the filter."""
    for kind, names in TIMES.items():
        low, high = asked.get(f"{kind}_from"), asked.get(f"{kind}_to")
        if low is None and high is None:
            continue
        at = next((found for name in names if (found := moment_of(row.get(name)))), None)
        if at is None or (low and at < bound(f"{kind}_from", low)):
            return False
        if high and at > bound(f"{kind}_to", high) + timedelta(seconds=1):
            return False
    return True


def ids_in(asked: dict[str, str], *names: str) -> set[str] | None:
    """The ids asked for by commas; None when none of the parameters came."""
    texts = [asked[name] for name in names if name in asked]
    return {part.strip() for text in texts for part in text.split(",") if part.strip()} if texts else None
