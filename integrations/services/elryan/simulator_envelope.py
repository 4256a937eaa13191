"""Elryan's envelope, `{"data": …, "error_code": 0}`, and searches: rows by `start` and `length`, never a total."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from integrations.simulator import Table
from integrations.simulator.routes import Routes
from integrations.simulator.wire import Request, Response, Row, answer

if TYPE_CHECKING:
    from integrations.services.elryan.simulator import Simulator

Only = Callable[[Row], bool]
routes = Routes()
# A search key that is not a column of the row: where in the row to look instead.
WHERE = {
    "remote_category_id": ("category", "remote_id"),
    "remote_brand_id": ("brand", "remote_id"),
    "remote_attribute_id": ("attribute", "remote_id"),
    "remote_supplier_id": ("supplier", "remote_id"),
    "package_status": ("status",),
}


class Failed(Exception):
    """A request Elryan answers with an `error_code` (assumed: with HTTP 200, the code as HTTP would number it)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

    def answer(self, status: int = 200) -> Response:
        return answer({"data": None, "error_code": self.code, "message": str(self)}, status)


def ok(data: Any, message: str | None = None) -> Response:
    return answer({"data": data, "error_code": 0, **({} if message is None else {"message": message})})


def body_of(request: Request) -> Row:
    """The JSON object sent. Raises Failed(400)."""
    try:
        body = request.json()
    except ValueError:
        raise Failed(400, "The body is not JSON") from None
    if not isinstance(body, dict):
        raise Failed(400, "The body must be a JSON object")
    return body


def missing(value: Any) -> bool:
    """What means "no filter" or "none" here."""
    return value in (None, "", "null")


def search(simulator: "Simulator", request: Request, flow: str, only: Only | None = None) -> Response:
    """Rows `start` … `start + length` of those that fit `search` and the condition `only`."""
    body = body_of(request)
    start, length = body.get("start", 0), body.get("length", 0)
    if not isinstance(start, int) or not isinstance(length, int) or start < 0 or length < 0:
        raise Failed(400, "start and length must be integers")
    wanted = {name: value for name, value in (body.get("search") or {}).items() if not missing(value)}
    table = simulator.table(flow)
    rows: Table | list[Row] = table
    if wanted or only or simulator.bends(request):
        rows = simulator.bend(request, flow, _fitting(simulator, request, table, wanted, only))
    page = simulator.page(request, flow, rows, start, _length(simulator, length))
    return ok({"data": page} if simulator.nested_data else page)


def _fitting(simulator: "Simulator", request: Request, table: Table, wanted: Row, only: Only | None) -> list[Row]:
    """The rows a search finds; kept for its next page, as going through 100,000 rows takes seconds."""
    asked = (table.revision, str(wanted), simulator.honours_updated_from)
    before, rows = simulator.searches.get(request.path, (None, []))
    if before != asked:
        rows = [row for row in table if (only is None or only(row)) and _fits(simulator, row, wanted)]
        simulator.searches[request.path] = (asked, rows)
    return rows


def _length(simulator: "Simulator", length: int) -> int:
    """No length, or 0, gives ten rows (assumed); never more than `max_length`."""
    return min(length or 10, simulator.max_length)


def _fits(simulator: "Simulator", row: Row, wanted: Row) -> bool:
    """Filters on names a row does not have are ignored (assumed)."""
    for name, value in wanted.items():
        if name == "updated_from" and "updatedTime" in row:
            if simulator.honours_updated_from and str(row["updatedTime"]) < str(value):
                return False
            continue
        held: Any = row
        for step in WHERE.get(name, (name,)):
            held = held.get(step) if isinstance(held, dict) else None
        if held is None:
            continue
        if name in ("name", "value"):
            if str(value).lower() not in str(held).lower():
                return False
        elif str(held).lower() != str(value).lower():
            return False
    return True


def found(simulator: "Simulator", flow: str, key: str) -> Row:
    """Raises Failed(404)."""
    row = simulator.table(flow).get(key)
    if row is None:
        raise Failed(404, f"{key} was not found in {flow}")
    return row
