"""The simulated stores' products, variants, pictures, categories and customers as they are written: see `simulator_writing.py`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from integrations.services.api2cart.simulator_envelope import Failed, given, ok
from integrations.services.api2cart.simulator_lists import method
from integrations.services.api2cart.simulator_rows import Store
from integrations.services.api2cart.simulator_writing import found, new_id, stamp, taken
from integrations.simulator.wire import Request, Response, Row

if TYPE_CHECKING:
    from integrations.services.api2cart.simulator import Simulator

# flow: where a row has what a write calls otherwise, and its time of change.
NAMES: dict[str, dict[str, str]] = {
    "products": {"sku": "u_sku", "model": "u_model", "ean": "u_ean", "upc": "u_upc", "gtin": "u_gtin", "mpn": "u_mpn",
                 "isbn": "u_isbn", "available_for_sale": "avail_sale", "available_for_view": "avail_view"},
    "variants": {"price": "default_price", "quantity": "inventory_level", "available_for_sale": "avail_for_sale"},
    "categories": {},
    "customers": {},
}  # fmt: skip
CHANGED = {
    "products": "modified_at",
    "variants": "modified_time",
    "categories": "modified_at",
    "customers": "modified_time",
}
MADE = {"products": "create_at", "variants": "created_time", "categories": "created_at", "customers": "created_time"}
WHAT = {"products": "Product", "variants": "Variant", "categories": "Category", "customers": "Customer"}
NO_VALUES = ("id", "store_id", "lang_id", "increase_quantity", "reduce_quantity", "product_id")


def _fields(flow: str, body: Row, stock: Any) -> Row:
    told: Row = {NAMES[flow].get(name, name): value for name, value in body.items() if name not in NO_VALUES}
    level = NAMES[flow].get("quantity", "quantity")
    by = body.get("increase_quantity", 0) - body.get("reduce_quantity", 0)
    if "increase_quantity" in body or "reduce_quantity" in body:
        told[level] = (stock or 0) + by
    if told.get(level) is not None and flow in ("products", "variants"):
        if told[level] < 0:
            raise Failed(107, "Final quantity cannot be less than 0")
        told["inventory"] = []
    if "special_price" in told:
        told["special_price"] = {"value": told["special_price"], "avail": True}
    if isinstance(told.get("categories_ids"), str):
        told["categories_ids"] = [part.strip() for part in told["categories_ids"].split(",") if part.strip()]
    return told


def change(simulator: "Simulator", store: Store, flow: str, body: Row, verb: str) -> bool:
    """Whether something changed."""
    row = found(simulator, store, flow, body.get("id"), WHAT[flow])
    told = _fields(flow, body, row.get(NAMES[flow].get("quantity", "quantity")))
    changed = any(row.get(name) != value for name, value in told.items())
    if changed:
        table = simulator.table(store.table(flow))
        table.change(row["id"], **{**told, CHANGED[flow]: stamp(simulator, store)})
    simulator.ledger.accept(verb, row["id"], body)
    return changed


def make(simulator: "Simulator", store: Store, flow: str, body: Row, verb: str, **more: Any) -> str:
    number, at = new_id(simulator, store, flow), stamp(simulator, store)
    row = {"id": number, **_fields(flow, body, 0), **more, MADE[flow]: at, CHANGED[flow]: at}
    simulator.table(store.table(flow)).put(row, at=0)
    simulator.ledger.accept(verb, body.get("sku") or body.get("name") or body.get("email") or number, body)
    return number


def make_product(simulator: "Simulator", store: Store, body: Row, verb: str) -> str:
    if any(row.get("u_sku") == body["sku"] for row in simulator.table(store.table("products")) if body.get("sku")):
        raise Failed(113, f"Product with sku {body['sku']} already exists")
    return make(simulator, store, "products", body, verb, type="simple", images=[], product_options=[], avail_sale=True)


def remove(simulator: "Simulator", store: Store, flow: str, key: object, verb: str) -> None:
    row = found(simulator, store, flow, key, WHAT[flow])
    simulator.table(store.table(flow)).remove(row["id"])
    simulator.ledger.accept(verb, row["id"], {"id": row["id"]})


def _updates(name: str, flow: str, verb: str) -> None:
    @taken(name, "id")
    def update(simulator: "Simulator", store: Store, body: Row) -> Row:
        return {"updated_items": int(change(simulator, store, flow, body, verb))}


def _deletes(name: str, flow: str, verb: str, told: str) -> None:
    @taken(name, "id")
    def delete(simulator: "Simulator", store: Store, asked: Row) -> Row:
        remove(simulator, store, flow, asked["id"], verb)
        return {told: 1}


_updates("product.update", "products", "update_product")
_updates("product.variant.update", "variants", "update_variant")
_updates("category.update", "categories", "update_category")
_updates("customer.update", "customers", "update_customer")
_deletes("product.delete", "products", "delete_product", "delete_items")
_deletes("product.variant.delete", "variants", "delete_variant", "deleted")
_deletes("category.delete", "categories", "delete_category", "delete_items")


@taken("product.add", "name", "description", "price")
def add_product(simulator: "Simulator", store: Store, body: Row) -> Row:
    return {"product_id": make_product(simulator, store, body, "add_product")}


@taken("product.variant.add", "product_id", "model")
def add_variant(simulator: "Simulator", store: Store, body: Row) -> Row:
    found(simulator, store, "products", body["product_id"], "Product")
    sku = body.get("sku") or body["model"]
    number = make(simulator, store, "variants", {**body, "sku": sku}, "add_variant", parent_id=body["product_id"])
    return {"product_variant_id": number}


@taken("category.add", "name")
def add_category(simulator: "Simulator", store: Store, asked: Row) -> Row:
    return {"category_id": make(simulator, store, "categories", {"avail": True, **asked}, "add_category")}


@method("GET", "category.info")
def category(simulator: "Simulator", request: Request) -> Response:
    return ok(found(simulator, simulator.store(request), "categories", given(request).get("id"), "Category"))


def _assigns(name: str, verb: str, inside: Callable[[list[str], str], list[str]]) -> None:
    @taken(name, "category_id", "product_id")
    def assign(simulator: "Simulator", store: Store, asked: Row) -> Row:
        found(simulator, store, "categories", asked["category_id"], "Category")
        row = found(simulator, store, "products", asked["product_id"], "Product")
        held = inside([str(one) for one in row["categories_ids"]], asked["category_id"])
        simulator.table(store.table("products")).change(
            row["id"], categories_ids=held, modified_at=stamp(simulator, store)
        )
        simulator.ledger.accept(verb, f"{row['id']}/{asked['category_id']}", asked)
        return {}


_assigns("category.assign", "assign_category", lambda held, one: [*held, *([] if one in held else [one])])
_assigns("category.unassign", "unassign_category", lambda held, one: [other for other in held if other != one])


@taken("customer.add", "email")
def add_customer(simulator: "Simulator", store: Store, body: Row) -> Row:
    if any(row["email"] == body["email"] for row in simulator.table(store.table("customers"))):
        raise Failed(113, "Customer already exists")
    plain = {name: value for name, value in body.items() if name != "address"}
    return {
        "customer_id": make(
            simulator, store, "customers", plain, "add_customer", address_book=[], group=[], is_guest=False
        )
    }


# -- what hangs on a product: noted on its row, so that it can be looked at


def _hangs(name: str, verb: str, flow: str, of: str, kept: str, told: str) -> None:
    """Adds to a list on the row: pictures, options, prices."""

    @taken(name, of)
    def hang(simulator: "Simulator", store: Store, body: Row) -> Row:
        row = found(simulator, store, flow, body[of], WHAT[flow])
        held = list(row.get(kept) or [])
        number = str(len(held) + 1)
        entry = {**body, "id": number}
        if kept == "images":
            entry = {"id": number, "http_path": body.get("url", ""), "type": body["type"], "avail": True}
        simulator.table(store.table(flow)).change(
            row["id"], **{kept: [*held, entry], CHANGED[flow]: stamp(simulator, store)}
        )
        simulator.ledger.accept(verb, f"{row['id']}/{number}", body)
        return {told: number}


def _loses(name: str, verb: str, flow: str, of: str, kept: str, which: str) -> None:
    @taken(name, of)
    def lose(simulator: "Simulator", store: Store, asked: Row) -> Row:
        row = found(simulator, store, flow, asked[of], WHAT[flow])
        held = [one for one in row.get(kept) or [] if asked.get(which) and str(one["id"]) != str(asked[which])]
        if len(held) == len(row.get(kept) or []):
            raise Failed(112, f"{which} not found")
        simulator.table(store.table(flow)).change(row["id"], **{kept: held, CHANGED[flow]: stamp(simulator, store)})
        simulator.ledger.accept(verb, f"{row['id']}/{asked.get(which, '')}", asked)
        return {"deleted": "1"}


_hangs("product.image.add", "add_image", "products", "product_id", "images", "id")
_hangs("product.variant.image.add", "add_variant_image", "variants", "product_variant_id", "images", "id")
_hangs("product.option.add", "add_option", "products", "product_id", "sandbox_options", "option_id")
_hangs("product.option.value.add", "add_option_value", "products", "product_id", "sandbox_values", "option_value_id")
_hangs("product.price.add", "add_prices", "products", "product_id", "sandbox_prices", "status")
_hangs("product.price.update", "update_prices", "products", "product_id", "sandbox_prices", "updated_items")
_hangs("product.variant.price.add", "add_variant_prices", "variants", "id", "sandbox_prices", "status")
_hangs("product.variant.price.update", "update_variant_prices", "variants", "id", "sandbox_prices", "updated_items")
_hangs("product.manufacturer.add", "set_manufacturer", "products", "product_id", "sandbox_makers", "manufacturer_id")
_hangs("product.store.assign", "assign_store", "products", "product_id", "sandbox_stores", "updated_items")
_loses("product.image.delete", "delete_image", "products", "product_id", "images", "id")
_loses("product.variant.image.delete", "delete_variant_image", "variants", "product_variant_id", "images", "id")
_loses("product.option.delete", "delete_option", "products", "product_id", "sandbox_options", "option_id")
_loses("product.price.delete", "delete_prices", "products", "product_id", "sandbox_prices", "group_prices")
_loses("product.variant.price.delete", "delete_variant_prices", "variants", "id", "sandbox_prices", "group_prices")


@taken("product.image.update", "product_id", "id")
def update_image(simulator: "Simulator", store: Store, asked: Row) -> Row:
    row = found(simulator, store, "products", asked["product_id"], "Product")
    if not any(str(one["id"]) == asked["id"] for one in row["images"]):
        raise Failed(112, "Image not found")
    simulator.ledger.accept("update_image", f"{row['id']}/{asked['id']}", asked)
    return {"updated": "1"}
