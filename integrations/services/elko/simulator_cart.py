"""The simulated ELKO's cart. Of it only the kit's model is shown anywhere (EU manual, AddToCartKitModel): paths and answers are assumed."""

from typing import TYPE_CHECKING, Any

from integrations.simulator import Response
from integrations.simulator.routes import Routes
from integrations.simulator.vendor import problem
from integrations.simulator.wire import Request, answer

if TYPE_CHECKING:
    from integrations.services.elko.simulator import Simulator


def register(routes: Routes, *bases: str) -> None:
    """The cart's paths below each base."""

    def at(method: str, path: str) -> Any:
        return routes(method, *(base + path for base in bases))

    at("GET", "/Cart")(lambda simulator, request: answer(list(simulator.table("cart"))))
    at("POST", "/Cart")(add)
    at("POST", "/Cart/Kit")(add_kit)
    at("PUT", "/Cart/{code}")(change)
    at("DELETE", "/Cart/{code}")(take)


def add(simulator: "Simulator", request: Request) -> Response:
    """Added to what is there. Ledger: add_to_cart."""
    body = request.json()
    if not isinstance(body, dict) or not _whole(body.get("elkoCode")) or not _whole(body.get("quantity")):
        return problem("elkoCode and quantity are required integers")
    if simulator.table("products").get(body["elkoCode"]) is None:
        return problem(f"Product {body['elkoCode']} is not available for this account")
    row = _put(simulator, str(body["elkoCode"]), body["quantity"], {})
    simulator.ledger.accept("add_to_cart", row["elkoCode"], body)
    return answer(row)


def add_kit(simulator: "Simulator", request: Request) -> Response:
    """Ledger: add_kit_to_cart. A kit is what some product names as its obligatory one, or a product itself."""
    body = request.json()
    if not isinstance(body, dict) or not _whole(body.get("kitId")) or not _whole(body.get("quantity")):
        return problem("kitId and quantity are required integers")
    if not isinstance(body.get("selectedOptions", []), list):
        return problem("selectedOptions must be an array")
    products = simulator.table("products")
    if body["kitId"] not in products and all(row.get("obligatoryKit") != body["kitId"] for row in products):
        return problem(f"Kit {body['kitId']} was not found", 404)
    row = _put(simulator, str(body["kitId"]), body["quantity"], {"selectedOptions": body.get("selectedOptions", [])})
    simulator.ledger.accept("add_kit_to_cart", row["elkoCode"], body)
    return answer(row)


def change(simulator: "Simulator", request: Request, code: str) -> Response:
    """Ledger: change_in_cart."""
    body = request.json()
    if simulator.table("cart").get(code) is None:
        return problem(f"{code} is not in the cart", 404)
    if not isinstance(body, dict) or not _whole(body.get("quantity")):
        return problem("quantity is a required integer")
    simulator.ledger.accept("change_in_cart", code, body)
    return answer(simulator.table("cart").change(code, quantity=body["quantity"]))


def take(simulator: "Simulator", request: Request, code: str) -> Response:
    """Ledger: take_from_cart."""
    if simulator.table("cart").get(code) is None:
        return problem(f"{code} is not in the cart", 404)
    simulator.table("cart").remove(code)
    simulator.ledger.accept("take_from_cart", code, None)
    return answer({})


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _put(simulator: "Simulator", code: str, quantity: int, more: dict[str, Any]) -> dict[str, Any]:
    held = simulator.table("cart").get(code) or {"elkoCode": code, "quantity": 0}
    row = {**held, **more, "quantity": held["quantity"] + quantity}
    simulator.table("cart").put(row)
    return row
