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


def make_variant(simulator: "Simulator", store: Store, body: Row, verb: str) -> str:
    """One of a job: told by names, kept by the ids its product has for them."""
    product = found(simulator, store, "products", body["product_id"], "Product")
    mine = [row for row in simulator.table(store.table("variants")) if row["parent_id"] == body["product_id"]]
    if any(row.get("sku") == body["sku"] for row in mine):
        raise Failed(113, f"Variant with sku {body['sku']} already exists")
    pairs = [_pair(product, one["option_name"], one["option_value_name"]) for one in body["combination"]]
    told = {"parent_id": body["product_id"], "combination": pairs}
    return make(
        simulator, store, "variants", {name: body[name] for name in body if name != "combination"}, verb, **told
    )


def _pair(product: Row, name: str, value: str) -> Row:
    option = next((one for one in product["product_options"] if one["name"] == name), None)
    item = next((one for one in option["option_items"] if one["name"] == value), None) if option else None
    if option is None or item is None:
        raise Failed(112, f"Option {name} with value {value} not found")
    return {"option_id": option["id"], "option_value_id": item["id"]}


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


Hung = Callable[["Simulator", Store, str, Row], Row]  # (its new number, what was asked) → how the row shows it


def _hangs(name: str, verb: str, flow: str, of: str, kept: str, told: str, entry: Hung) -> None:
    """Adds to a list on the row: pictures, options, prices."""

    @taken(name, of)
    def hang(simulator: "Simulator", store: Store, body: Row) -> Row:
        row = found(simulator, store, flow, body[of], WHAT[flow])
        held = list(row.get(kept) or [])
        number = str(len(held) + 1)
        simulator.table(store.table(flow)).change(
            row["id"],
            **{kept: [*held, entry(simulator, store, number, body)], CHANGED[flow]: stamp(simulator, store)},
        )
        simulator.ledger.accept(verb, f"{row['id']}/{number}", body)
        return {told: number}


def _picture(simulator: "Simulator", store: Store, number: str, body: Row) -> Row:
    return {"id": number, "http_path": body.get("url", ""), "type": body["type"], "avail": True, "file_name": body["image_name"],
            "alt": body.get("label"), "create_at": stamp(simulator, store)}  # fmt: skip


def _option(simulator: "Simulator", store: Store, number: str, body: Row) -> Row:
    values = [one["value"] for one in body.get("values") or []] + str(body.get("option_values") or "").split(",")
    items = [{"id": str(place), "name": value.strip()} for place, value in enumerate(values) if value.strip()]
    return {
        "id": number,
        "name": body["name"],
        "type": body["type"],
        "used_in_combination": False,
        "option_items": items,
    }


def _priced(name: str, verb: str, flow: str, of: str, told: str) -> None:
    """Prices of groups: of one group there is one."""

    @taken(name, of, "group_prices")
    def price(simulator: "Simulator", store: Store, body: Row) -> Row:
        row = found(simulator, store, flow, body[of], WHAT[flow])
        held = {str(one["id"]): one for one in row.get("group_price") or []}
        for one in body["group_prices"]:
            group = str(one.get("group_id", ""))
            key = str(one.get("id") or next((k for k, old in held.items() if old["group_id"] == group), len(held) + 1))
            group = group or str(held.get(key, {}).get("group_id", ""))
            held[key] = {"id": key, "group_id": group, "price": one["price"], "quantity": one.get("qty")}
        changes = {"group_price": [*held.values()], CHANGED[flow]: stamp(simulator, store)}
        simulator.table(store.table(flow)).change(row["id"], **changes)
        simulator.ledger.accept(verb, f"{row['id']}/{len(held)}", body)
        return {told: len(body["group_prices"])}


def _loses(name: str, verb: str, flow: str, of: str, kept: str, which: str) -> None:
    @taken(name, of)
    def lose(simulator: "Simulator", store: Store, asked: Row) -> Row:
        row = found(simulator, store, flow, asked[of], WHAT[flow])
        named = [part.strip() for part in str(asked.get(which) or "").split(",")]
        held = [one for one in row.get(kept) or [] if asked.get(which) and str(one["id"]) not in named]
        if len(held) == len(row.get(kept) or []):
            raise Failed(112, f"{which} not found")
        simulator.table(store.table(flow)).change(row["id"], **{kept: held, CHANGED[flow]: stamp(simulator, store)})
        simulator.ledger.accept(verb, f"{row['id']}/{asked.get(which, '')}", asked)
        return {"deleted": "1"}


_hangs("product.image.add", "add_image", "products", "product_id", "images", "id", _picture)
_hangs("product.variant.image.add", "add_variant_image", "variants", "product_variant_id", "images", "id", _picture)
_hangs("product.option.add", "add_option", "products", "product_id", "product_options", "option_id", _option)
_priced("product.price.add", "add_prices", "products", "product_id", "status")
_priced("product.price.update", "update_prices", "products", "product_id", "updated_items")
_priced("product.variant.price.add", "add_variant_prices", "variants", "id", "status")
_priced("product.variant.price.update", "update_variant_prices", "variants", "id", "updated_items")
_loses("product.image.delete", "delete_image", "products", "product_id", "images", "id")
_loses("product.variant.image.delete", "delete_variant_image", "variants", "product_variant_id", "images", "id")
_loses("product.option.delete", "delete_option", "products", "product_id", "product_options", "option_id")
_loses("product.price.delete", "delete_prices", "products", "product_id", "group_price", "group_prices")
_loses("product.variant.price.delete", "delete_variant_prices", "variants", "id", "group_price", "group_prices")


@taken("product.image.update", "product_id", "id")
def update_image(simulator: "Simulator", store: Store, asked: Row) -> Row:
    row = found(simulator, store, "products", asked["product_id"], "Product")
    if not any(str(one["id"]) == asked["id"] for one in row["images"]):
        raise Failed(112, "Image not found")
    told: Row = {}
    if "label" in asked:
        told["alt"] = asked["label"]
    if "hidden" in asked:
        told["avail"] = asked["hidden"] != "true"
    changed = [{**one, **told} if str(one["id"]) == asked["id"] else one for one in row["images"]]
    simulator.table(store.table("products")).change(row["id"], images=changed, modified_at=stamp(simulator, store))
    simulator.ledger.accept("update_image", f"{row['id']}/{asked['id']}", asked)
    return {"updated": "1"}


@taken("product.manufacturer.add", "product_id", "manufacturer")
def set_manufacturer(simulator: "Simulator", store: Store, asked: Row) -> Row:
    row = found(simulator, store, "products", asked["product_id"], "Product")
    changes = {"u_brand": asked["manufacturer"], "modified_at": stamp(simulator, store)}
    simulator.table(store.table("products")).change(row["id"], **changes)
    simulator.ledger.accept("set_manufacturer", row["id"], asked)
    return {"manufacturer_id": "1"}


@taken("product.store.assign", "product_id", "store_id")
def assign_store(simulator: "Simulator", store: Store, asked: Row) -> Row:
    row = found(simulator, store, "products", asked["product_id"], "Product")
    shops = [*dict.fromkeys([*(row.get("stores_ids") or ["1"]), asked["store_id"]])]
    simulator.table(store.table("products")).change(row["id"], stores_ids=shops, modified_at=stamp(simulator, store))
    simulator.ledger.accept("assign_store", row["id"], asked)
    return {"updated_items": 1}
