"""The simulated account's webhooks and live rates: kept for each store, and what it could not deliver.

It posts nothing by itself. `failed_webhooks` on the simulator is the account's list, as `fail` fills it.
"""

from typing import TYPE_CHECKING, Any

from integrations.services.api2cart.simulator_envelope import Failed, body_of, given, ok
from integrations.services.api2cart.simulator_lists import method

if TYPE_CHECKING:
    from integrations.services.api2cart.simulator import Simulator
    from integrations.simulator.wire import Request, Response, Row

EVENTS = [(entity, action) for entity in ("order", "product", "customer") for action in ("add", "update", "delete")]


def _mine(simulator: "Simulator", request: "Request") -> "list[Row]":
    key = simulator.store(request).key
    return [row for row in simulator.hooks if row["store"] == key]


def _page(request: "Request", rows: "list[Row]") -> "list[Row]":
    asked = given(request)
    start, count = int(asked.get("start", 0)), int(asked.get("count", 10))
    return [{name: value for name, value in row.items() if name != "store"} for row in rows[start : start + count]]


def _found(simulator: "Simulator", request: "Request", number: Any) -> "Row":
    found = next((row for row in _mine(simulator, request) if str(row["id"]) == str(number)), None)
    if found is None:
        raise Failed(112, "Webhook not found")
    return found


@method("GET", "webhook.events")
def events(simulator: "Simulator", request: "Request") -> "Response":
    simulator.store(request)
    return ok(
        {"events": [{"webhook_name": f"{e} {a}", "entity": e, "action": a, "filterable_fields": {}} for e, a in EVENTS]}
    )


@method("GET", "webhook.list")
def hooks(simulator: "Simulator", request: "Request") -> "Response":
    return ok({"webhook": _page(request, _mine(simulator, request))})


@method("POST", "webhook.create")
def create(simulator: "Simulator", request: "Request") -> "Response":
    store, body = simulator.store(request), body_of(request)
    if (body.get("entity"), body.get("action")) not in EVENTS:
        raise Failed(109, "Wrong parameter entity or action")
    number = max((row["id"] for row in simulator.hooks), default=0) + 1
    simulator.hooks.append({"fields": "force_all", "active": True, **body, "id": number, "store": store.key})
    return ok({"id": number})


@method("PUT", "webhook.update")
def update(simulator: "Simulator", request: "Request") -> "Response":
    body = body_of(request)
    found = _found(simulator, request, body.get("id"))
    found |= {name: value for name, value in body.items() if name != "id"}
    return ok({"updated": "1"})


@method("DELETE", "webhook.delete")
def delete(simulator: "Simulator", request: "Request") -> "Response":
    simulator.hooks.remove(_found(simulator, request, given(request).get("id")))
    return ok({"deleted": "1"})


@method("GET", "account.failed_webhooks")
def failed(simulator: "Simulator", request: "Request") -> "Response":
    rows = simulator.failed_webhooks
    return ok({"all_failed_webhook": str(len(rows)), "webhook": _page(request, rows)})


@method("GET", "basket.live_shipping_service.list")
def services(simulator: "Simulator", request: "Request") -> "Response":
    key = simulator.store(request).key
    return ok({"live_shipping_services": _page(request, [row for row in simulator.rates if row["store"] == key])})


@method("POST", "basket.live_shipping_service.create")
def service(simulator: "Simulator", request: "Request") -> "Response":
    asked, store = given(request), simulator.store(request)
    if not asked.get("name") or not asked.get("callback"):
        raise Failed(114, "Required parameters are missing: name, callback")
    number = 1 + max((int(row["id"]) for row in simulator.rates), default=0)
    simulator.rates.append(
        {"id": str(number), "name": asked["name"], "callback": asked["callback"], "callback_err_cnt": 0,
         "enabled_on_store": True, "store": store.key}
    )  # fmt: skip
    return ok({"id": number})


@method("DELETE", "basket.live_shipping_service.delete")
def no_service(simulator: "Simulator", request: "Request") -> "Response":
    key, number = simulator.store(request).key, given(request).get("id")
    before = len(simulator.rates)
    simulator.rates = [row for row in simulator.rates if (row["store"], row["id"]) != (key, number)]
    if len(simulator.rates) == before:
        raise Failed(112, "Service not found")
    return ok({"status": True})
