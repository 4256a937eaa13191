"""The simulated stores' orders, shipments, refunds and returns as they are written. What is assumed: `simulator_writing.py`."""

from typing import TYPE_CHECKING

from integrations.services.api2cart.simulator_envelope import Failed
from integrations.services.api2cart.simulator_rows import RETURN_STATUSES, STATUSES, Store
from integrations.services.api2cart.simulator_writing import found, new_id, stamp, taken
from integrations.simulator.wire import Row

if TYPE_CHECKING:
    from integrations.services.api2cart.simulator import Simulator


def _order(simulator: "Simulator", store: Store, body: Row) -> Row:
    return found(simulator, store, "orders", body.get("order_id"), "Order")


def _touched(simulator: "Simulator", store: Store, order: Row, **fields: object) -> None:
    table = simulator.table(store.table("orders"))
    table.change(order["order_id"], modified_at=stamp(simulator, store), **fields)


def _status(word: str) -> Row:
    known = next((row for row in STATUSES if word.lower() in (row["id"], row["name"].lower())), None)
    if known is None and "cancel" in word.lower():
        known = {"id": "cancelled", "name": "Cancelled"}
    if known is None:
        raise Failed(109, f"Wrong order_status {word}")
    return {**known, "history": [], "refund_info": None}


@taken("order.update", "order_id")
def update(simulator: "Simulator", store: Store, asked: Row) -> Row:
    order = _order(simulator, store, asked)
    changes: Row = {name: asked[name] for name in ("comment", "tags") if name in asked}
    if "order_status" in asked:
        changes["status"] = _status(asked["order_status"])
    _touched(simulator, store, order, **changes)
    simulator.ledger.accept("update_order", order["order_id"], asked)
    return {"updated_items": 1}


@taken("order.add", "order_status", "customer_email", "bill_first_name", "bill_country", "order_item")
def add(simulator: "Simulator", store: Store, body: Row) -> Row:
    number, at = new_id(simulator, store, "orders"), stamp(simulator, store)
    lines = [
        {"product_id": item["order_item_id"], "order_product_id": f"{number}{place}", "name": item["order_item_name"],
         "model": item.get("order_item_model"), "price": item["order_item_price"], "quantity": item["order_item_quantity"],
         "variant_id": item.get("order_item_variant_id"), "options": [],
         "total_price": item["order_item_price"] * item["order_item_quantity"]}
        for place, item in enumerate(body["order_item"])
    ]  # fmt: skip
    total = sum(line["total_price"] for line in lines)
    row = {
        "id": f"#{number}", "order_id": number, "create_at": at, "modified_at": at, "status": _status(body["order_status"]),
        "customer": {"id": None, "email": body["customer_email"], "first_name": body["bill_first_name"], "last_name": "",
                     "phone": None},
        "currency": {"id": store.currency, "iso3": store.currency}, "shipping_address": None, "billing_address": None,
        "total": {"total": total}, "totals": None, "order_products": lines, "bundles": [], "refunds": [], "store_id": "1",
        "additional_fields": {},
    }  # fmt: skip
    simulator.table(store.table("orders")).put(row, at=0)
    simulator.ledger.accept("add_order", number, body)
    return {"order_id": number, "id": f"#{number}", "customer_id": None}


def _left(simulator: "Simulator", store: Store, order: Row) -> dict[str, int]:
    left = {str(line["order_product_id"]): int(line["quantity"]) for line in order["order_products"]}
    for shipment in simulator.table(store.table("shipments")):
        if str(shipment["order_id"]) == str(order["order_id"]):
            for item in shipment["items"]:
                left[str(item["order_product_id"])] -= int(item["quantity"])
    return left


def ship(simulator: "Simulator", store: Store, body: Row, verb: str) -> str:
    order = _order(simulator, store, body)
    left = _left(simulator, store, order)
    items = body.get("items") or [
        {"order_product_id": key, "quantity": count} for key, count in left.items() if count > 0
    ]
    for item in items:
        if item["quantity"] > left.get(str(item["order_product_id"]), 0):
            raise Failed(107, f"Invalid quantity for order product {item['order_product_id']}")
    if not items:
        raise Failed(107, "The order has no items left to ship")
    lines = {str(line["order_product_id"]): line for line in order["order_products"]}
    number, at = new_id(simulator, store, "shipments"), stamp(simulator, store)
    row = {
        "id": number, "order_id": order["order_id"], "name": f"{order['order_id']}-{number}", "warehouse_id": "1",
        "shipment_provider": body.get("shipment_provider"), "tracking_numbers": list(body.get("tracking_numbers") or []),
        "created_at": at, "modified_time": at, "is_shipped": body.get("is_shipped", True), "delivered_at": None,
        "items": [
            {**{name: lines[str(i["order_product_id"])].get(name) for name in ("product_id", "variant_id", "model", "name", "price")},
             "order_product_id": i["order_product_id"], "quantity": i["quantity"]}
            for i in items
        ],
    }  # fmt: skip
    simulator.table(store.table("shipments")).put(row, at=0)
    if not any(_left(simulator, store, order).values()):
        _touched(simulator, store, order, status=_status("shipped"))
    simulator.ledger.accept(verb, order["order_id"], body)
    return number


@taken("order.shipment.add", "order_id")
def add_shipment(simulator: "Simulator", store: Store, body: Row) -> Row:
    return {"shipment_id": ship(simulator, store, body, "add_shipment")}


@taken("order.shipment.update", "shipment_id")
def update_shipment(simulator: "Simulator", store: Store, body: Row) -> Row:
    row = found(simulator, store, "shipments", body["shipment_id"], "Shipment")
    numbers = list(body.get("tracking_numbers") or [])
    changes: Row = {name: body[name] for name in ("shipment_provider", "is_shipped", "delivered_at") if name in body}
    if numbers:
        changes["tracking_numbers"] = numbers if body.get("replace", True) else [*row["tracking_numbers"], *numbers]
    simulator.table(store.table("shipments")).change(row["id"], modified_time=stamp(simulator, store), **changes)
    simulator.ledger.accept("update_shipment", row["id"], body)
    return {"updated_items": 1}


@taken("order.shipment.tracking.add", "shipment_id", "tracking_number")
def add_tracking(simulator: "Simulator", store: Store, body: Row) -> Row:
    row = found(simulator, store, "shipments", body["shipment_id"], "Shipment")
    number = {"carrier_id": body.get("carrier_id"), "tracking_number": body["tracking_number"]}
    if any(one["tracking_number"] == number["tracking_number"] for one in row["tracking_numbers"]):
        raise Failed(113, "Tracking number already exists")
    numbers = [*row["tracking_numbers"], number]
    simulator.table(store.table("shipments")).change(
        row["id"], modified_time=stamp(simulator, store), tracking_numbers=numbers
    )
    simulator.ledger.accept("add_tracking", f"{row['id']}/{body['tracking_number']}", body)
    return {"shipment_tracking_id": f"{row['id']}-{len(numbers)}"}


@taken("order.shipment.event.add", "shipment_id", "status")
def add_event(simulator: "Simulator", store: Store, body: Row) -> Row:
    """Assumed: the status "delivered" ends the shipment."""
    row = found(simulator, store, "shipments", body["shipment_id"], "Shipment")
    events, at = list(row.get("sandbox_events") or []), stamp(simulator, store)
    if body.get("created_at"):
        at = {**at, "value": body["created_at"]} if isinstance(at, dict) else body["created_at"]
    place = {
        name: body.get(given) for name, given in (("address1", "address_1"), ("city", "city"), ("postcode", "postcode"))
    }
    event = {"id": f"{row['id']}-e{len(events) + 1}", "status": body["status"], "created_at": at, "message": body.get("message"),
             "estimated_delivery_at": None, "address": place, "additional_fields": {}, "custom_fields": {}}  # fmt: skip
    over = {"delivered_at": at} if body["status"] == "delivered" else {}
    simulator.table(store.table("shipments")).change(
        row["id"], modified_time=stamp(simulator, store), sandbox_events=[*events, event], **over
    )
    simulator.ledger.accept("add_shipment_event", f"{row['id']}/{event['id']}", body)
    return {"id": event["id"]}


@taken("order.shipment.delete", "shipment_id", "order_id")
def delete_shipment(simulator: "Simulator", store: Store, asked: Row) -> Row:
    row = found(simulator, store, "shipments", asked["shipment_id"], "Shipment")
    simulator.table(store.table("shipments")).remove(row["id"])
    simulator.ledger.accept("delete_shipment", row["id"], asked)
    return {"deleted_items": 1}


@taken("order.refund.add", "order_id")
def refund(simulator: "Simulator", store: Store, body: Row) -> Row:
    order = _order(simulator, store, body)
    refunds = list(order.get("refunds") or [])
    number = f"{order['order_id']}-R{len(refunds) + 1}"
    items = [
        {"order_product_id": item["order_product_id"], "qty": item["quantity"], "refund": item.get("price")}
        for item in body.get("items") or []
    ]
    total = body.get("total_price") or sum((item["refund"] or 0) * item["qty"] for item in items)
    made = {"id": number, "total": total, "shipping": body.get("shipping_price"), "items": items,
            "modified_time": stamp(simulator, store), "comment": body.get("message")}  # fmt: skip
    _touched(simulator, store, order, refunds=[*refunds, made])
    simulator.ledger.accept("refund_order", order["order_id"], body)
    return {"refund_id": number, "additional_refund_ids": None}


@taken("order.return.add", "order_id", "order_products")
def add_return(simulator: "Simulator", store: Store, body: Row) -> Row:
    """Shopify gives a return its status itself; goods that were never shipped cannot come back (manual)."""
    if store.cart_id == "Shopify" and body.get("return_status_id"):
        raise Failed(109, "Parameter return_status_id is not supported")
    order = _order(simulator, store, body)
    lines = {str(line["order_product_id"]): line for line in order["order_products"]}
    left = _left(simulator, store, order)
    goods = []
    for item in body["order_products"]:
        key, count = str(item.get("order_product_id")), int(item.get("order_product_quantity") or 0)
        if key not in lines:
            raise Failed(112, f"Order product with id {key} not found")
        if count > int(lines[key]["quantity"]) - left[key]:
            raise Failed(107, "Only shipped items can be returned")
        reason = item.get("order_product_reason_id") or body.get("return_reason_id")
        goods.append({
            "product_id": lines[key]["product_id"], "order_product_id": key, "sku": lines[key]["model"], "name": lines[key]["name"],
            "quantity": count, "reason": {"id": reason, "name": reason} if reason else None, "action": None, "condition": None,
            "customer_comment": item.get("order_product_customer_comment"), "additional_fields": {},
        })  # fmt: skip
    number, at = new_id(simulator, store, "returns"), stamp(simulator, store)
    row = {"id": number, "name": f"R{number}", "order_id": order["order_id"], "customer_id": None, "store_id": "1",
           "created_at": at, "modified_at": at, "status": dict(RETURN_STATUSES[0]), "comment": body.get("comment"),
           "staff_note": body.get("staff_note"), "additional_fields": {}, "order_products": goods}  # fmt: skip
    simulator.table(store.table("returns")).put(row, at=0)
    simulator.ledger.accept("add_return", order["order_id"], body)
    return {"return_id": number}


@taken("order.return.update", "return_id", "order_id")
def update_return(simulator: "Simulator", store: Store, body: Row) -> Row:
    row = found(simulator, store, "returns", body["return_id"], "Return")
    changes: Row = {name: body[name] for name in ("comment", "staff_note") if name in body}
    if wanted := body.get("return_status_id"):
        known = next((one for one in RETURN_STATUSES if one["id"] == wanted), None)
        if known is None:
            raise Failed(109, f"Wrong return_status_id {wanted}")
        changes["status"] = dict(known)
    simulator.table(store.table("returns")).change(row["id"], modified_at=stamp(simulator, store), **changes)
    simulator.ledger.accept("update_return", row["id"], body)
    return {"updated_items": 1}


@taken("order.return.delete", "return_id", "order_id")
def delete_return(simulator: "Simulator", store: Store, asked: Row) -> Row:
    row = found(simulator, store, "returns", asked["return_id"], "Return")
    simulator.table(store.table("returns")).remove(row["id"])
    simulator.ledger.accept("delete_return", row["id"], asked)
    return {"deleted": True}
