"""Elryan's writes: taken into the ledger under the hub's own verbs, with the change of state they stand for.

Stated in the manual: the paths of the upserts of categories, brands and attributes, of cancelling a line, of fulfilling
a package. Assumed: every other path, what a write does to the state, and every refusal (an `error_code` with HTTP 200).
"""

from typing import TYPE_CHECKING, Any

from integrations.services.elryan import simulator_sales as sales
from integrations.services.elryan.simulator_catalogue import SELLER, utc
from integrations.services.elryan.simulator_envelope import Failed, body_of, found, ok, routes
from integrations.simulator.seed import hex_id
from integrations.simulator.wire import Request, Response, Row

if TYPE_CHECKING:
    from integrations.services.elryan.simulator import Simulator

VARIANT = ("name", "sku", "price", "stock", "currency")
PRODUCT = ("name", "spu", "category", "brand", "default_image_url", "tax", "is_active", "translations", "variants",
           "guarantee", "fulfillment_day")  # fmt: skip


def _need(body: Row, *names: str) -> None:
    if lacking := [name for name in names if name not in body or body[name] in (None, "")]:
        raise Failed(422, f"Required: {', '.join(lacking)}")


def _store(simulator: "Simulator", flow: str, body: Row, **new: Any) -> Row:
    """Insert or update by the table's key; a new row gets its ids and times."""
    table, now = simulator.table(flow), utc(simulator.now())
    held = table.get(body[table.key])
    row = held or {"userId": SELLER, "exported": False, "created_at": now, **new}
    table.put({**row, **body, "updated_at": now}, at=None if held else 0)
    return {**row, **body, "updated_at": now}


def _dictionary(path: str, flow: str, verb: str, *required: str) -> None:
    """An upsert of one of the seller's own dictionaries, keyed by `remote_id`."""

    @routes("POST", path)
    def upsert(simulator: "Simulator", request: Request) -> Response:
        body = body_of(request)
        _need(body, "remote_id", *required)
        row = _store(simulator, flow, body, id=hex_id(verb, body["remote_id"]))
        simulator.ledger.accept(verb, body["remote_id"], body)
        return ok(row)


_dictionary("/api/categories/upsert/", "categories", "upsert_category", "is_active")
_dictionary("/api/brands/upsert", "brands", "upsert_brand", "name", "is_active")
_dictionary("/api/attributes/upsert", "attributes", "upsert_attribute", "name", "is_active")
_dictionary(
    "/api/attribute-values/upsert", "attribute_values", "upsert_attribute_value", "value", "is_active", "attribute"
)


@routes("POST", "/api/products/upsert")
def upsert_product(simulator: "Simulator", request: Request) -> Response:
    body = body_of(request)
    _need(body, *PRODUCT)
    for variant in body["variants"]:
        _need(variant, *VARIANT)
    for variant in body["variants"]:
        _put_variant(simulator, {**variant, "spu": body["spu"]})
    plain = {name: value for name, value in body.items() if name != "variants"}
    ids = {"_id": hex_id("product", body["spu"]), "id": hex_id("product", body["spu"]), "__v": 0}
    row = _store(simulator, "products", plain, **ids)
    simulator.ledger.accept("upsert_product", body["spu"], body)
    return ok(row)


@routes("POST", "/api/variants/upsert")
def upsert_variant(simulator: "Simulator", request: Request) -> Response:
    body = body_of(request)
    _need(body, "sku", "spu")
    if body["spu"] not in simulator.table("products"):
        raise Failed(404, f"No product with spu {body['spu']}")
    row = _put_variant(simulator, body)
    simulator.ledger.accept("upsert_variant", body["sku"], body)
    return ok(row)


def _put_variant(simulator: "Simulator", body: Row) -> Row:
    table = simulator.table("variants")
    held = table.get(body["sku"])
    row = {**(held or {"_id": hex_id("variant", body["sku"]), "__v": 0, "userId": SELLER, "exported": False}), **body}
    table.put(row, at=None if held else 0)
    return row


@routes("POST", "/api/variants/stock-and-price")
def stock_and_price(simulator: "Simulator", request: Request) -> Response:
    """A success even where SKUs were not found: they are only listed."""
    body = body_of(request)
    items = body.get("items")
    if not isinstance(items, list) or not all(isinstance(item, dict) and item.get("sku") for item in items):
        raise Failed(422, "items must be a list of {sku, stock, price, retail_price}")
    table = simulator.table("variants")
    there = [item for item in items if item["sku"] in table]
    for item in there:
        table.change(item["sku"], **{k: item[k] for k in ("stock", "price", "retail_price") if k in item})
        simulator.ledger.accept("stock_and_price", item["sku"], item)
    told = {
        "message": f"{len(there)} variants updated",
        "updatedCount": len(there),
        "foundVariantsInDb": [item["sku"] for item in there],
        "notFoundVariantsInDb": [item["sku"] for item in items if item["sku"] not in table],
    }
    return ok(told, "OK")


def _switch(path: str, flow: str, verb: str, active: bool) -> None:
    """Put on or take off sale: a GET that writes."""

    @routes("GET", path)
    def switch(simulator: "Simulator", request: Request, key: str) -> Response:
        found(simulator, flow, key)
        simulator.table(flow).change(key, is_active=active)
        simulator.ledger.accept(verb, key, {"is_active": active})
        return ok({"message": f"{key} {'enabled' if active else 'disabled'}"}, "OK")


_switch("/api/products/enabled/{spu}", "products", "enable_product", True)
_switch("/api/products/disabled/{spu}", "products", "disable_product", False)
_switch("/api/variants/enabled/{sku}", "variants", "enable_variant", True)
_switch("/api/variants/disabled/{sku}", "variants", "disable_variant", False)


def _move_line(simulator: "Simulator", key: str, status: str, **more: Any) -> Row:
    changed = {**sales.status_words(status), **sales.change_times(simulator.now()), **more}
    return simulator.table("orders").change(key, **changed)


@routes("PUT", "/api/orders/cancel/{po_line_id}")
def cancel_line(simulator: "Simulator", request: Request, key: str) -> Response:
    row, reason = found(simulator, "orders", key), body_of(request).get("reason")
    if reason not in sales.REASONS:
        raise Failed(422, f"reason must be one of {', '.join(sales.REASONS)}")
    if row["Status"] not in sales.UNFULFILLED:
        raise Failed(409, f"A line that is {row['Status']} cannot be cancelled")
    row = _move_line(simulator, key, "Cancelled", cancelReason=reason)
    simulator.ledger.accept("cancel_line", key, {"reason": reason})
    return ok(row)


@routes("PUT", "/api/orders/prepare/{po_line_id}")
def prepare_line(simulator: "Simulator", request: Request, key: str) -> Response:
    row = found(simulator, "orders", key)
    if row["Status"] not in sales.UNFULFILLED:
        raise Failed(409, f"A line that is {row['Status']} cannot be prepared")
    row = _move_line(simulator, key, "Preparing")
    simulator.ledger.accept("prepare_line", key, None)
    return ok(row)


@routes("POST", "/api/packages")
def create_package(simulator: "Simulator", request: Request) -> Response:
    """Needs `order_id` and `items`. The same package sent twice is two packages."""
    body, table = body_of(request), simulator.table("packages")
    _need(body, "order_id", "items")
    for item in body["items"]:
        if found(simulator, "orders", str(item.get("order_item_id")))["Status"] == "Cancelled":
            raise Failed(409, f"Line {item['order_item_id']} is cancelled")
    number, now = 56_000 + len(table), utc(simulator.now())
    row = {
        "company_id": 3, "remote_supplier_id": 7, "supplier_id": 7, "remote_id": "", "total_deci": len(body["items"]),
        "invoice": {}, "tracking": {}, **body, "status": "created", "id": hex_id("new package", number),
        "marketplace_package_id": number, "created_at": now, "updated_at": now,
    }  # fmt: skip
    table.put(row, at=0)
    for item in body["items"]:
        if found(simulator, "orders", str(item["order_item_id"]))["Status"] in sales.UNFULFILLED:
            _move_line(simulator, str(item["order_item_id"]), "Preparing")
    simulator.ledger.accept("create_package", body.get("remote_id") or body["order_id"], body)
    return ok(row)


@routes("GET", "/api/packages/cancel/{id}")
def cancel_package(simulator: "Simulator", request: Request, key: str) -> Response:
    """A GET that writes."""
    row = _package(simulator, key, "created", "null")
    return ok(_packed(simulator, row["id"], "cancel_package", None, status="cancelled"))


@routes("POST", "/api/packages/fulfill/{id}")
def fulfil_package(simulator: "Simulator", request: Request, key: str) -> Response:
    body, row = body_of(request), _package(simulator, key, "created", "null")
    _ship(simulator, row)
    held = row["tracking"] if isinstance(row["tracking"], dict) else {}
    return ok(_packed(simulator, row["id"], "fulfil_package", body, status="in_transit", tracking={**held, **body}))


@routes("POST", "/api/packages/fulfill-online/{id}")
def fulfil_online(simulator: "Simulator", request: Request, key: str) -> Response:
    """The marketplace's courier gives the number and the link."""
    body, row = body_of(request), _package(simulator, key, "created", "null")
    _need(body, "provider")
    _ship(simulator, row)
    number = f"ON{row['marketplace_package_id']}"
    given = {"tracking_barcode": number, "tracking_link": f"https://track.{body['provider']}.example/{number}"}
    tracking = {**given, "provider": body["provider"], "tracking_provider": body.get("tracking_provider", "")}
    return ok(_packed(simulator, row["id"], "fulfil_package_online", body, status="in_transit", tracking=tracking))


def _package(simulator: "Simulator", key: str, *states: str) -> Row:
    row = found(simulator, "packages", simulator.package_key(key))
    if row["status"] not in states:
        raise Failed(409, f"The package is {row['status']}")
    return row


def _ship(simulator: "Simulator", row: Row) -> None:
    """Its lines are shipped, and a delivery of it begins (assumed)."""
    table = simulator.table("deliveries")
    key = str(90_001 + len(table))
    told = {"id": key, "package_id": row["id"], "status": "in_transit", "delivery_info": []}
    table.put({**told, "updated_at": utc(simulator.now())}, at=0)
    for item in row["items"]:
        if str(item["order_item_id"]) in simulator.table("orders"):
            _move_line(simulator, str(item["order_item_id"]), "Shipped")


def _packed(simulator: "Simulator", key: str, verb: str, payload: Any, **changes: Any) -> Row:
    row = simulator.table("packages").change(key, **changes, updated_at=utc(simulator.now()))
    simulator.ledger.accept(verb, key, payload)
    return row


@routes("POST", "/api/package-trackings/upsert")
def upsert_tracking(simulator: "Simulator", request: Request) -> Response:
    """Keyed by `id`, or by `package_id` where that is all that is given."""
    body, table = body_of(request), simulator.table("trackings")
    key = body.get("id") or next((row["id"] for row in table if row["package_id"] == body.get("package_id")), None)
    if not (key or body.get("package_id")):
        raise Failed(422, "Required: id or package_id")
    row = _store(simulator, "trackings", {**body, "id": key or hex_id("new tracking", body["package_id"])})
    simulator.ledger.accept("upsert_tracking", row["id"], body)
    return ok(row)


@routes("PUT", "/api/deliveries/{id}/event-info")
def delivery_event(simulator: "Simulator", request: Request, key: str) -> Response:
    body, row = body_of(request), found(simulator, "deliveries", key)
    _need(body, "delivery_info")
    told = body["delivery_info"] if isinstance(body["delivery_info"], list) else [body["delivery_info"]]
    row = simulator.table("deliveries").change(key, delivery_info=[*row["delivery_info"], *told])
    simulator.ledger.accept("update_delivery_event", key, body)
    return ok(row)


@routes("PUT", "/api/deliveries/{id}/status")
def delivery_status(simulator: "Simulator", request: Request, key: str) -> Response:
    body = body_of(request)
    found(simulator, "deliveries", key)
    _need(body, "status")
    row = simulator.table("deliveries").change(key, status=body["status"])
    if body["status"] == "delivered" and row["package_id"] in simulator.table("packages"):  # assumed
        package = simulator.table("packages").change(row["package_id"], status="delivered")
        for item in package["items"]:
            if str(item["order_item_id"]) in simulator.table("orders"):
                _move_line(simulator, str(item["order_item_id"]), "Delivered")
    simulator.ledger.accept("update_delivery_status", key, body)
    return ok(row)
