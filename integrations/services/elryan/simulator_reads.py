"""Elryan's reads. Stated in the manual are the paths of health-check, cron, the searches of categories, brands,
attributes, products, transactions and packages, the attribute, variant and package by key, and a delivery by id.
Every other path here is an assumption: the one with the best support in the vendor reference.
"""

from typing import TYPE_CHECKING

from integrations.services.elryan.simulator_envelope import Failed, body_of, found, ok, routes, search
from integrations.services.elryan.simulator_sales import REASONS, UNFULFILLED
from integrations.simulator.wire import Request, Response, answer

if TYPE_CHECKING:
    from integrations.services.elryan.simulator import Simulator


@routes("GET", "/api/health-check")
def health(simulator: "Simulator", request: Request) -> Response:
    return ok({"status": "ok"})


@routes("GET", "/api/cron/start")
def cron(simulator: "Simulator", request: Request) -> Response:
    """Starts Elryan's own job, for anybody who asks. A hub must never call it; `cron_started` counts."""
    simulator.cron_started += 1
    return ok({"message": "Cron started"}, "Cron started")


@routes("POST", "/api/users/generate-token")
def generate_token(simulator: "Simulator", request: Request) -> Response:
    """The account, its password included, as the manual shows. Assumed: the path; a living token is given again."""
    body = body_of(request)
    if (body.get("email"), body.get("password")) != (simulator.email, simulator.password):
        return Failed(401, "Invalid email or password").answer(401)
    return ok(simulator.account(simulator.living_token()))


@routes("POST", "/api/categories/search")
def categories(simulator: "Simulator", request: Request) -> Response:
    return search(simulator, request, "categories")


@routes("POST", "/api/brands/search")
def brands(simulator: "Simulator", request: Request) -> Response:
    return search(simulator, request, "brands")


@routes("POST", "/api/attributes/search")
def attributes(simulator: "Simulator", request: Request) -> Response:
    return search(simulator, request, "attributes")


@routes("POST", "/api/attribute-values/search")
def attribute_values(simulator: "Simulator", request: Request) -> Response:
    return search(simulator, request, "attribute_values")


@routes("POST", "/api/products/search")
def products(simulator: "Simulator", request: Request) -> Response:
    return search(simulator, request, "products")


@routes("POST", "/api/variants/search")
def variants(simulator: "Simulator", request: Request) -> Response:
    return search(simulator, request, "variants")


@routes("POST", "/api/transactions/search")
def transactions(simulator: "Simulator", request: Request) -> Response:
    """Without a recordType all kinds come (assumed)."""
    return search(simulator, request, "transactions")


@routes("POST", "/api/packages/search")
def packages(simulator: "Simulator", request: Request) -> Response:
    return search(simulator, request, "packages")


@routes("POST", "/api/package-trackings/search")
def trackings(simulator: "Simulator", request: Request) -> Response:
    return search(simulator, request, "trackings")


@routes("POST", "/api/orders/search")
def orders(simulator: "Simulator", request: Request) -> Response:
    """Filters: any column, and `updated_from` unless `honours_updated_from` is off (both assumed)."""
    return search(simulator, request, "orders")


@routes("POST", "/api/orders/unfulfilled-list")
def unfulfilled(simulator: "Simulator", request: Request) -> Response:
    return search(simulator, request, "orders", only=lambda row: row["Status"] in UNFULFILLED)


@routes("GET", "/api/orders/cancel-reasons")
def cancel_reasons(simulator: "Simulator", request: Request) -> Response:
    return ok(list(REASONS))


def _one(path: str, flow: str) -> None:
    """One row by its key, at `path`."""

    @routes("GET", path)
    def get(simulator: "Simulator", request: Request, key: str) -> Response:
        return ok(simulator.bend(request, flow, [found(simulator, flow, key)])[0])


_one("/api/categories/get/{remote_id}", "categories")
_one("/api/brands/get/{remote_id}", "brands")
_one("/api/attributes/get/{remote_id}", "attributes")
_one("/api/attribute-values/get/{remote_id}", "attribute_values")
_one("/api/products/get/{spu}", "products")
_one("/api/variants/get/{sku}", "variants")
_one("/api/orders/{po_line_id}", "orders")
_one("/api/transactions/get/{id}", "transactions")
_one("/api/package-trackings/{id}", "trackings")
_one("/api/deliveries/{id}/", "deliveries")


@routes("GET", "/api/packages/{id}")
def package(simulator: "Simulator", request: Request, key: str) -> Response:
    """By its `id`, or by `marketplace_package_id`: the manual's 13 could be either (assumed)."""
    return ok(found(simulator, "packages", simulator.package_key(key)))


def unknown(request: Request) -> Response:
    return answer({"data": None, "error_code": 404, "message": f"Cannot {request.method} {request.path}"}, 404)
