"""Steering a simulator from another process, over HTTP below `/_sim/<kind>/`. All bodies are JSON.

GET    /_sim/                          the simulators served here
GET    /_sim/<kind>                    state: url, token set or not, settings, faults, rows by flow
POST   /_sim/<kind>/reset              as new
PUT    /_sim/<kind>/token              {"token": "…"}, or null to revoke
PUT    /_sim/<kind>/settings           {"limit": 50, …}
GET    /_sim/<kind>/faults             the armed faults; POST {"name": "slow", "path": …, "times": 1, "seconds": 5}
DELETE /_sim/<kind>/faults[/<id>]      clear all or one; a held request goes on
GET    /_sim/<kind>/ledger?path=&verb= what was asked and accepted; DELETE forgets it
GET    /_sim/<kind>/truth/<flow>       the rows; POST adds one in front
PATCH  /_sim/<kind>/truth/<flow>/<key> sets fields; DELETE removes the row
"""

import json
from typing import TYPE_CHECKING, Any

from integrations.simulator.wire import Request, Response, answer

if TYPE_CHECKING:
    from integrations.simulator.vendor import Simulator


def answer_control(simulators: "dict[str, Simulator]", request: Request) -> Response:
    """Carry out one control request; a mistake in it is told with 400 or 404."""
    kind, *what = [segment for segment in request.segments if segment] or [""]
    if not kind:
        return answer(sorted(simulators))
    if kind not in simulators:
        return answer({"error": f"no simulator {kind!r} here; there are: {', '.join(simulators)}"}, 404)
    try:
        return answer(_carry_out(simulators[kind], request, what))
    except LookupError as error:
        return answer({"error": str(error.args[0])}, 404)
    except (ValueError, TypeError) as error:
        return answer({"error": str(error)}, 400)


def _carry_out(simulator: "Simulator", request: Request, what: list[str]) -> Any:
    match request.method, what:
        case "GET", []:
            return _state(simulator)
        case "POST", ["reset"]:
            simulator.reset()
        case "PUT", ["token"]:
            simulator.token = _object(request)["token"]
        case "PUT", ["settings"]:
            return _set(simulator, _object(request))
        case "GET", ["faults"]:
            return [fault.as_json() for fault in simulator.faults.armed()]
        case "POST", ["faults"]:
            options = _object(request)
            if options.get("name") == "call" or "match" in options:
                raise ValueError("'call' and 'match' are Python code: they can be used in process only")
            return simulator.faults.add(**options).as_json()
        case "DELETE", ["faults", *number]:
            simulator.clear_faults(int(number[0]) if number else None)
        case "GET", ["ledger"]:
            query = dict(request.query)
            return simulator.ledger.as_json(query.get("path"), query.get("verb"))
        case "DELETE", ["ledger"]:
            simulator.ledger.clear()
        case "GET", ["truth", flow]:
            return simulator.truth(flow)
        case "POST", ["truth", flow]:
            simulator.put(flow, _object(request), at=0)
        case "PATCH", ["truth", flow, key]:
            return simulator.change(flow, key, **_object(request))
        case "DELETE", ["truth", flow, key]:
            simulator.remove(flow, key)
        case method, path:
            raise LookupError(
                f"no control {method} /{'/'.join(path)}; they are listed in integrations/simulator/control.py"
            )
    return {"ok": True}


def _state(simulator: "Simulator") -> dict[str, Any]:
    return {
        "kind": simulator.kind,
        "url": simulator.url,
        "token_set": simulator.token is not None,
        "settings": {name: getattr(simulator, name) for name in simulator.settings},
        "faults": [fault.as_json() for fault in simulator.faults.armed()],
        "rows": {flow: len(table) for flow, table in simulator.tables.items()},
        "connections": simulator.connections(),
    }


def _set(simulator: "Simulator", values: dict[str, Any]) -> dict[str, Any]:
    if unknown := values.keys() - set(simulator.settings):
        raise ValueError(f"no setting {', '.join(sorted(unknown))}; there are: {', '.join(simulator.settings)}")
    for name, value in values.items():
        setattr(simulator, name, value)
    return {name: getattr(simulator, name) for name in simulator.settings}


def _object(request: Request) -> dict[str, Any]:
    try:
        value = request.json()
    except json.JSONDecodeError as error:
        raise ValueError(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError("the body must be a JSON object")
    return value
