"""The simulated lists, with what each shop system demands of whoever asks for them."""

from datetime import datetime
from typing import TYPE_CHECKING

from integrations.services.api2cart.simulator_envelope import Failed, bound, given, ids_in, listing, ok
from integrations.services.api2cart.simulator_rows import RETURN_STATUSES
from integrations.simulator.routes import Routes
from integrations.simulator.wire import Request, Response, Row

if TYPE_CHECKING:
    from integrations.services.api2cart.simulator import Simulator

routes = Routes()


def method(verb: str, *names: str):  # type: ignore[no-untyped-def] # it hands on what Routes gives
    return routes(verb, *(f"/v1.1/{name}.json" for name in names))


@method("GET", "category.list")
def categories(simulator: "Simulator", request: Request) -> Response:
    store = simulator.store(request)
    return listing(simulator, request, store, "categories", "category", "categories_count", _wanted)


@method("GET", "product.list")
def products(simulator: "Simulator", request: Request) -> Response:
    store = simulator.store(request)
    if store.reports:
        _report(simulator, request)

    def only(asked: dict[str, str], row: dict[str, object]) -> bool:
        wanted = ids_in(asked, "product_ids")
        return (wanted is None or str(row["id"]) in wanted) and asked.get("sku") in (None, row.get("u_sku"))

    return listing(simulator, request, store, "products", "product", "products_count", only)


def _wanted(asked: dict[str, str], row: dict[str, object]) -> bool:
    """Only what a value is looked for in: `find_where` names the field."""
    return "find_value" not in asked or row.get(asked.get("find_where", "name")) == asked["find_value"]


def _report(simulator: "Simulator", request: Request) -> None:
    """The first call orders the report; it is there after `report_calls` more calls with its id."""
    asked = given(request)
    if "page_cursor" in asked:
        return
    number = asked.get("report_request_id", "")
    if number not in simulator.reports:
        number = f"R{len(simulator.reports) + 1}DER17112202"
        simulator.reports[number] = simulator.report_calls
    elif simulator.reports[number] > 0:
        simulator.reports[number] -= 1
    if simulator.reports[number] > 0:
        raise Failed(107, f"Report is not ready yet, please try again later (report_request_id={number})")


@method("GET", "product.child_item.list")
def children(simulator: "Simulator", request: Request) -> Response:
    def only(asked: dict[str, str], row: dict[str, object]) -> bool:
        parents = ids_in(asked, "product_id", "product_ids")
        return (parents is None or str(row["parent_id"]) in parents) and asked.get("sku") in (None, row.get("sku"))

    return listing(simulator, request, simulator.store(request), "variants", "children", "total_count", only)


@method("GET", "customer.list")
def customers(simulator: "Simulator", request: Request) -> Response:
    def only(asked: dict[str, str], row: dict[str, object]) -> bool:
        wanted = ids_in(asked, "ids")
        return (wanted is None or str(row["id"]) in wanted) and _wanted(asked, row)

    return listing(simulator, request, simulator.store(request), "customers", "customer", "customers_count", only)


@method("GET", "order.list")
def orders(simulator: "Simulator", request: Request) -> Response:
    def only(asked: dict[str, str], row: dict[str, object]) -> bool:
        wanted = ids_in(asked, "order_ids", "ids")
        return wanted is None or str(row["order_id"]) in wanted or str(row["id"]) in wanted

    return listing(simulator, request, simulator.store(request), "orders", "order", "orders_count", only)


@method("GET", "order.shipment.list")
def shipments(simulator: "Simulator", request: Request) -> Response:
    return _of_orders(simulator, request, "shipments", "shipment", "shipment_count", "order_id")


@method("GET", "order.shipment.event.list")
def shipment_events(simulator: "Simulator", request: Request) -> Response:
    store, asked = simulator.store(request), given(request)
    if not asked.get("shipment_id"):
        raise Failed(114, "Parameter shipment_id is required")
    rows = [row for row in simulator.table(store.table("shipments")) if str(row["id"]) == asked["shipment_id"]]
    if not rows:
        raise Failed(112, f"Shipment with id {asked['shipment_id']} not found")
    events = rows[0].get("sandbox_events") or []
    return ok({"total_count": len(events), "events": events})


@method("GET", "order.transaction.list")
def transactions(simulator: "Simulator", request: Request) -> Response:
    return _of_orders(simulator, request, "transactions", "transactions", "transactions_count", "order_ids")


@method("GET", "order.abandoned.list")
def carts(simulator: "Simulator", request: Request) -> Response:
    return listing(simulator, request, simulator.store(request), "abandoned_carts", "order", "")


@method("GET", "return.list")
def returns(simulator: "Simulator", request: Request) -> Response:
    store, asked = simulator.store(request), given(request)
    if "page_cursor" not in asked:
        if store.returns_by_order and not ids_in(asked, "order_id", "order_ids"):
            raise Failed(114, "Parameter order_id or order_ids is required")
        if store.return_window:
            if "return_type" not in asked:
                raise Failed(114, "Parameter return_type is required")
            start, end = (asked.get(name) for name in ("created_from", "created_to"))
            if start is None or end is None or _span(start, end) > store.return_window.total_seconds():
                raise Failed(107, f"The range must not be longer than {store.return_window.days} days")
    return _of_orders(simulator, request, "returns", "returns", "total_count", "")


def _span(start: str, end: str) -> float:
    first, last = bound("created_from", start), bound("created_to", end)
    assert isinstance(first, datetime)
    return (last - first).total_seconds()


def _of_orders(
    simulator: "Simulator", request: Request, flow: str, member: str, counted: str, required: str
) -> Response:
    asked = given(request)
    if required and not {required, "page_cursor"} & set(asked):
        raise Failed(114, f"Parameter {required} is required")

    def only(asked: dict[str, str], row: dict[str, object]) -> bool:
        wanted = ids_in(asked, "order_id", "order_ids")
        mine = wanted is None or str(row["order_id"]) in wanted
        return mine and (asked.get("return_type") in (None, row.get("return_type", "MFN")))

    return listing(simulator, request, simulator.store(request), flow, member, counted, only)


@method("GET", "order.status.list")
def statuses(simulator: "Simulator", request: Request) -> Response:
    store = simulator.store(request)
    rows = simulator.bend(request, "order_statuses", list(simulator.table(store.table("order_statuses"))))
    return ok({"cart_order_statuses": rows})


@method("GET", "return.status.list")
def return_statuses(simulator: "Simulator", request: Request) -> Response:
    simulator.store(request)
    return ok({"return_statuses": [dict(row) for row in RETURN_STATUSES]})


@method("GET", "return.reason.list")
def return_reasons(simulator: "Simulator", request: Request) -> Response:
    return ok({"return_reasons": _choices(simulator, request, "return_reasons")})


@method("GET", "return.action.list")
def return_actions(simulator: "Simulator", request: Request) -> Response:
    return ok({"return_actions": _choices(simulator, request, "return_actions")})


def _choices(simulator: "Simulator", request: Request, flow: str) -> list[Row]:
    store = simulator.store(request)
    return simulator.bend(request, flow, list(simulator.table(store.table(flow))))
