"""The simulated stores' options: the store knows one, “Colour”, with all its values; a product has its own copy, with some of them.

Assumed: that an option put on a product has the values that were named, and that one thing is not put there twice.
"""

from typing import TYPE_CHECKING, Any

from integrations.services.api2cart.simulator_envelope import Failed
from integrations.services.api2cart.simulator_rows import COLOURS, Store
from integrations.services.api2cart.simulator_writing import found, stamp, taken
from integrations.simulator.wire import Row

if TYPE_CHECKING:
    from integrations.services.api2cart.simulator import Simulator

COLOUR = "7"
VALUES = {str(place): name for place, name in enumerate(COLOURS)}


def _product(simulator: "Simulator", store: Store, asked: Row) -> Row:
    return found(simulator, store, "products", asked["product_id"], "Product")


def _option(product: Row, number: str) -> Row:
    for one in product["product_options"]:
        if number in (str(one["id"]), one.get("product_option_id")):
            option: Row = one
            return option
    raise Failed(112, "Option not found")


def _item(option: Row, number: str) -> Row:
    for one in option["option_items"]:
        if str(one["id"]) == number:
            item: Row = one
            return item
    raise Failed(112, "Option value not found")


def _keep(simulator: "Simulator", store: Store, product: Row, options: list[Row]) -> None:
    table = simulator.table(store.table("products"))
    table.change(product["id"], product_options=options, modified_at=stamp(simulator, store))


def _values(simulator: "Simulator", store: Store, product: Row, option: Row, items: list[Row]) -> None:
    """The option has these values from now on."""
    options = [{**one, "option_items": items} if one is option else one for one in product["product_options"]]
    _keep(simulator, store, product, options)


@taken("product.option.assign", "product_id", "option_id")
def assign_option(simulator: "Simulator", store: Store, asked: Row) -> Row:
    product = _product(simulator, store, asked)
    if asked["option_id"] != COLOUR:
        raise Failed(112, "Option not found")
    if any(str(one["id"]) == COLOUR for one in product["product_options"]):
        raise Failed(113, "Option is assigned already")
    wanted = [part.strip() for part in asked.get("option_values", "").split(",") if part.strip()]
    items = [{"id": key, "name": name} for key, name in VALUES.items() if {key, name} & {*wanted}]
    number = str(9001 + len(simulator.ledger.accepted("assign_option")))  # of no other product's
    grown: Row = {"id": COLOUR, "product_option_id": number, "name": "Colour", "type": "option_type_select",
                  "required": asked.get("required") == "true", "used_in_combination": False, "option_items": items}  # fmt: skip
    _keep(simulator, store, product, [*product["product_options"], grown])
    simulator.ledger.accept("assign_option", f"{product['id']}/{COLOUR}", asked)
    return {"product_option_id": number}


@taken("product.option.value.add", "product_id", "option_id", "option_value")
def add_option_value(simulator: "Simulator", store: Store, asked: Row) -> Row:
    product = _product(simulator, store, asked)
    option = _option(product, asked["option_id"])
    number = str(max([int(one["id"]) for one in option["option_items"]], default=0) + 1)
    _values(simulator, store, product, option, [*option["option_items"], {"id": number, "name": asked["option_value"]}])
    simulator.ledger.accept("add_option_value", f"{product['id']}/{number}", asked)
    return {"option_value_id": number}


@taken("product.option.value.assign", "product_option_id", "option_value_id")
def assign_option_value(simulator: "Simulator", store: Store, asked: Row) -> Row:
    number, value = asked["product_option_id"], asked["option_value_id"]
    for product in simulator.table(store.table("products")):
        for option in product["product_options"]:
            if option.get("product_option_id") == number:
                return _assigned(simulator, store, product, option, value, asked)
    raise Failed(112, "Option not found")


def _assigned(
    simulator: "Simulator", store: Store, product: Row, option: Row, value: str, asked: dict[str, Any]
) -> Row:
    if value not in VALUES:
        raise Failed(112, "Option value not found")
    if any(str(one["id"]) == value for one in option["option_items"]):
        raise Failed(113, "Option value is assigned already")
    _values(simulator, store, product, option, [*option["option_items"], {"id": value, "name": VALUES[value]}])
    simulator.ledger.accept("assign_option_value", f"{product['id']}/{value}", asked)
    return {"product_option_value_id": value}


@taken("product.option.value.update", "product_id", "option_id", "option_value_id")
def update_option_value(simulator: "Simulator", store: Store, asked: Row) -> Row:
    product = _product(simulator, store, asked)
    option = _option(product, asked["option_id"])
    item = _item(option, asked["option_value_id"])
    told: Row = {name: float(asked[name]) for name in ("price", "quantity") if name in asked}
    if "option_value" in asked:
        told["name"] = asked["option_value"]
    items = [{**one, **told} if one is item else one for one in option["option_items"]]
    _values(simulator, store, product, option, items)
    simulator.ledger.accept("update_option_value", f"{product['id']}/{item['id']}", asked)
    return {"updated_items": 1}


@taken("product.option.value.delete", "product_id", "option_id", "option_value_id")
def delete_option_value(simulator: "Simulator", store: Store, asked: Row) -> Row:
    product = _product(simulator, store, asked)
    option = _option(product, asked["option_id"])
    item = _item(option, asked["option_value_id"])
    _values(simulator, store, product, option, [one for one in option["option_items"] if one is not item])
    simulator.ledger.accept("delete_option_value", f"{product['id']}/{item['id']}", asked)
    return {"deleted": "1"}
