"""The simulated ELKO's reservations. Nothing public shows them: path, fields and answers are assumed."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from integrations.services.elko import simulator_orders as ordering
from integrations.simulator.wire import Request

if TYPE_CHECKING:
    from integrations.services.elko.simulator import Simulator

DAYS = 3


def reserve(simulator: "Simulator", request: Request, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """All or nothing; held three days unless told otherwise. Raises ordering.Refused."""
    body, table = request.json(), simulator.table("reservations")
    if any(line["quantity"] < line["quantityRequested"] for line in lines):
        raise ordering.Refused("Not all products can be reserved in the quantity asked for")
    until = str(body.get("until") or (simulator.now().date() + timedelta(days=DAYS)).isoformat())
    row = {"id": str(70_500 + len(table)), "customerPo": ordering.reference(body), "until": until, "lines": lines}
    table.put(row)
    simulator.ledger.accept("reserve", row["customerPo"], body)
    return row
