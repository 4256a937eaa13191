"""The simulated batches: up to 250 items as a job, done at once, told of after `job_calls` calls, each item by its place."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from integrations.services.api2cart import simulator_goods as goods
from integrations.services.api2cart.simulator_envelope import Failed, given, ok
from integrations.services.api2cart.simulator_lists import method
from integrations.services.api2cart.simulator_rows import Store
from integrations.services.api2cart.simulator_sales import ship
from integrations.services.api2cart.simulator_writing import taken
from integrations.simulator.wire import Request, Response, Row

if TYPE_CHECKING:
    from integrations.services.api2cart.simulator import Simulator

Item = Callable[["Simulator", Store, Row], Any]  # → the entity's id, None when nothing was to change


def _changes(flow: str, verb: str) -> Item:
    def item(simulator: "Simulator", store: Store, body: Row) -> Any:
        return body["id"] if goods.change(simulator, store, flow, body, verb) else None

    return item


def _removes(flow: str, verb: str) -> Item:
    def item(simulator: "Simulator", store: Store, body: Row) -> Any:
        goods.remove(simulator, store, flow, body["id"], verb)
        return body["id"]

    return item


def _shipped(simulator: "Simulator", store: Store, body: Row) -> Any:
    if body.get("carrier_id") and (body.get("carrier_name") or body.get("tracking_link")):
        raise Failed(109, "carrier_id can not be used with carrier_name or tracking_link")
    number = {"carrier_id": body.get("carrier_id"), "tracking_number": body["tracking_number"]}
    return ship(simulator, store, {**body, "tracking_numbers": [number]}, "add_shipments")


# method: what one item does, and what it needs.
JOBS: dict[str, tuple[Item, tuple[str, ...]]] = {
    "product.update.batch": (_changes("products", "update_products"), ("id",)),
    "product.delete.batch": (_removes("products", "delete_products"), ("id",)),
    "product.add.batch": (lambda sim, store, body: goods.make_product(sim, store, body, "add_products"), ("sku", "name")),
    "product.variant.update.batch": (_changes("variants", "update_variants"), ("id", "product_id")),
    "product.variant.add.batch": (
        lambda sim, store, body: goods.make_variant(sim, store, body, "add_variants"), ("sku", "product_id", "combination"),
    ),
    "product.variant.delete.batch": (_removes("variants", "delete_variants"), ("id", "product_id")),
    "category.add.batch": (
        lambda sim, store, body: goods.make(sim, store, "categories", {"avail": True, **body}, "add_categories"), ("name",),
    ),
    "category.delete.batch": (_removes("categories", "delete_categories"), ("id",)),
    "order.shipment.add.batch": (_shipped, ("order_id", "tracking_number")),
}  # fmt: skip


def _done(simulator: "Simulator", store: Store, name: str, place: int, body: Row) -> Row:
    item, needed = JOBS[name]
    told: Row = {"id": place, "status": "success", "entity_id": None, "errors": [], "warnings": []}
    try:
        if lacking := [word for word in needed if body.get(word) in (None, "")]:
            raise Failed(114, f"{lacking[0]} is missing")
        key = str(body[needed[0]])
        if key in simulator.stumbles:
            simulator.stumbles.remove(key)
            raise Failed(110, "The request limit of the store was exceeded, please try again later")
        entity = item(simulator, store, body)
        if key in simulator.late:
            simulator.late.remove(key)
            raise Failed(107, "cURL error: Operation timed out after 30001 milliseconds")
    except Failed as failed:
        return {**told, "status": "failed", "errors": [str(failed)]}
    if entity is None:
        warning = f"Nothing to update for the key payload[{place}]."
        return {**told, "status": "partial", "entity_id": body.get("id"), "warnings": [warning]}
    return {**told, "entity_id": entity}


def _job(name: str) -> None:
    @taken(name, "payload")
    def begin(simulator: "Simulator", store: Store, body: Row) -> Row:
        payload = body["payload"]
        if not isinstance(payload, list) or not 1 <= len(payload) <= 250:
            raise Failed(109, "payload must hold 1 to 250 items")
        items = [_done(simulator, store, name, place, item) for place, item in enumerate(payload)]
        number = str(1000 + len(simulator.jobs))
        untold = {place for place, row in enumerate(payload) if str(row.get(JOBS[name][1][0])) in simulator.untold}
        simulator.untold -= {str(payload[place].get(JOBS[name][1][0])) for place in untold}
        told = [item for item in items if item["id"] not in untold]
        simulator.jobs[number] = {"left": simulator.job_calls, "method": name, "items": told}
        return {"job_id": int(number)}


for one in JOBS:
    _job(one)


@method("GET", "batch.job.result")
def job(simulator: "Simulator", request: Request) -> Response:
    """12 for the first `job_calls` calls."""
    simulator.store(request)
    number = given(request).get("id", "")
    held = simulator.jobs.get(number)
    if held is None:
        raise Failed(112, f"Job with id {number} not found")
    if held["left"] > 0:
        held["left"] -= 1
        raise Failed(12, "There are no result for this job yet. Please try again later.")
    done = sum(item["status"] == "success" for item in held["items"])
    return ok({"job_id": int(number), "job_name": held["method"], "items_processed": len(held["items"]),
               "items_succeed": done, "items": held["items"]})  # fmt: skip
