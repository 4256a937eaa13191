"""The simulated account: its stores, what it can connect, the state of each store, bridges and batch jobs."""

from dataclasses import replace
from typing import TYPE_CHECKING

from integrations.services.api2cart.simulator_envelope import Failed, body_of, given, ok
from integrations.services.api2cart.simulator_lists import method, routes
from integrations.services.api2cart.simulator_rows import Rows, Store
from integrations.services.api2cart.write_methods import WRITES
from integrations.simulator.seed import hex_id
from integrations.simulator.wire import Request, Response, Row

if TYPE_CHECKING:
    from integrations.services.api2cart.simulator import Simulator

ZIP = b"PK\x05\x06" + bytes(18)  # an empty archive


def _set(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "description": name.replace("_", " ").capitalize()} for name in names]


# What can be connected here: a system with one set, one with two alternative sets, one that needs the bridge.
PLATFORMS: tuple[Row, ...] = (
    {"cart_id": "Shopify", "cart_name": "Shopify", "cart_versions": "-", "cart_method": "api",
     "params": {"required": [_set("shopify_access_token"), _set("shopify_api_key", "shopify_api_password")],
                "additional": _set("shopify_shared_secret")}},
    {"cart_id": "WoocommerceApi", "cart_name": "WooCommerce", "cart_versions": "2.6 – 9.x", "cart_method": "api",
     "params": {"required": [_set("wc_consumer_key", "wc_consumer_secret")], "additional": []}},
    {"cart_id": "AmazonSP", "cart_name": "Amazon SP-API", "cart_versions": "-", "cart_method": "api",
     "params": {"required": [_set("amazon_sp_client_id", "amazon_sp_client_secret", "amazon_sp_refresh_token",
                                  "amazon_sp_aws_region", "amazon_seller_id")],
                "additional": _set("amazon_sp_api_environment")}},
    {"cart_id": "Bol", "cart_name": "Bol", "cart_versions": "-", "cart_method": "api",
     "params": {"required": [_set("bol_api_key", "bol_api_secret")], "additional": _set("bol_retailer_id")}},
    {"cart_id": "Prestashop", "cart_name": "PrestaShop", "cart_versions": "1.4 – 8.x", "cart_method": "bridge",
     "params": {"required": [_set("store_key")], "additional": _set("bridge_url", "store_root", "db_tables_prefix")}},
)  # fmt: skip
ALL_METHODS = (
    "account.cart.list", "cart.info", "cart.methods", "cart.validate", "category.list", "customer.list", "order.abandoned.list",
    "order.info", "order.list", "order.shipment.list", "order.status.list", "order.transaction.list", "product.child_item.list",
    "product.list", "batch.job.result", "return.action.list", "return.list", "return.reason.list", "return.status.list",
    "category.info", *WRITES,
)  # fmt: skip


@method("GET", "account.supported_platforms")
def platforms(simulator: "Simulator", request: Request) -> Response:
    return ok({"supported_platforms_count": len(PLATFORMS), "supported_platforms": list(PLATFORMS)})


@method("GET", "account.cart.list")
def carts(simulator: "Simulator", request: Request) -> Response:
    asked = given(request)
    if "store_key" in asked:
        raise AssertionError("a store key went into an address")
    rows = [
        {"id": hex_id("cart", store.key, 8), "url": store.url, "store_key": store.key, "cart_id": store.cart_id,
         "custom_label": store.label, "bridge_version": store.bridge or None}
        for store in simulator.stores if asked.get("store_url", store.url) == store.url
    ]  # fmt: skip
    return ok({"carts_count": len(rows), "carts": rows})


@method("POST", "account.cart.add")
def add(simulator: "Simulator", request: Request) -> Response:
    """Checks names and one whole set of what is required; with `verify` also that no value is the word "wrong"."""
    body = body_of(request)
    known = next((row for row in PLATFORMS if row["cart_id"] == body.get("cart_id")), None)
    if known is None:
        raise Failed(109, "Wrong parameter cart_id")
    url = str(body.get("store_url") or f"https://{str(body['cart_id']).lower()}.example")
    if any(store.url == url for store in simulator.stores):
        raise Failed(8, "Store already exists")
    sets = [{one["name"] for one in names} for names in known["params"]["required"]]
    if not any(names <= {name for name, value in body.items() if value not in (None, "")} for names in sets):
        raise Failed(114, f"Required parameters are missing: {', '.join(sorted(sets[0] - set(body)))}")
    if body.get("verify", True) and "wrong" in body.values():
        raise Failed(100, "Store API is not available or the credentials are not valid")
    key = str(body.get("store_key") or simulator.store_key(url))
    store = Store(
        f"new{len(simulator.stores)}", str(body["cart_id"]), key, url, f"new{len(simulator.stores)}:",
        label=str(body.get("custom_label") or ""), bridge="167" if known["cart_method"] == "bridge" else "",
        credentials=dict(body),
    )  # fmt: skip
    simulator.stores.append(store)
    simulator.tables |= Rows(store, simulator.started, 8, 6).fill()
    return ok({"store_key": key})


@method("PUT", "account.config.update")
def config(simulator: "Simulator", request: Request) -> Response:
    store, asked = simulator.store(request), given(request)
    store.credentials |= asked
    store.reachable = "wrong" not in asked.values()
    return ok({"updated_items": len(asked)})


@method("GET", "cart.info")
def info(simulator: "Simulator", request: Request) -> Response:
    store = simulator.store(request)
    shop = {"store_id": "1", "name": store.name, "currency": {"id": store.currency, "iso3": store.currency},
            "timezone": "Europe/Riga", "weight_unit": "kg", "active": True}  # fmt: skip
    return ok({"name": store.name.capitalize(), "url": store.url, "version": "1", "stores_info": [shop],
               "bridge_version": store.bridge or None})  # fmt: skip


@method("GET", "cart.validate")
def validate(simulator: "Simulator", request: Request) -> Response:
    simulator.store(request)
    return ok({"status": "Store is available"})


POSTING = ("webhook.events", "webhook.create", "basket.live_shipping_service.create")


@method("GET", "cart.methods")
def methods(simulator: "Simulator", request: Request) -> Response:
    store = simulator.store(request)
    return ok({"method": [name for name in (*ALL_METHODS, *POSTING) if name not in store.lacks]})


@method("DELETE", "cart.delete")
def delete(simulator: "Simulator", request: Request) -> Response:
    store = simulator.store(request)
    simulator.stores.remove(store)
    return ok({"store": "removed"})


@routes("GET", "/v1.1/bridge.download.file")
def bridge(simulator: "Simulator", request: Request) -> Response:
    simulator.store(request)
    return Response(200, ZIP, "application/zip")


@method("POST", "bridge.update")
def bridge_update(simulator: "Simulator", request: Request) -> Response:
    store = simulator.store(request)
    if not store.bridge:
        raise Failed(105, "Bridge is not installed")
    position = simulator.stores.index(store)
    simulator.stores[position] = replace(store, bridge=str(int(store.bridge) + 1))
    return ok({"updated": True})
