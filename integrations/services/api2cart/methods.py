"""The methods the hub calls: verb, how parameters travel, paging, where the rows stand. Checked against the vendor's own list in a test.

Types and names are validated here. What is required differs from platform to platform, so that is left to the API.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.services.api2cart.write_methods import WRITES

# "texts": a list of nothing but texts.
TYPES: Mapping[str, type | tuple[type, ...]] = {
    "text": str, "int": int, "bool": bool, "number": (int, float), "list": list, "texts": list,
}  # fmt: skip
PAGED = "start:int count:int page_cursor"
TIMES = "created_from created_to modified_from modified_to"
REPORT = "report_request_id disable_report_cache:bool"


@dataclass(frozen=True)
class Method:
    """One method. `rows` is the member of `result` that holds the list; `account`: it takes no store key.

    carries: where parameters travel, "query" or "json"; the verb does not decide. paging: "cursor", "offset" or "".
    Of the two that take any shop system's credentials the names are those of `credentials.toml`.
    once: it takes an `idempotency_key`, with which a repetition within 15 minutes is answered and not done again.
    """

    name: str
    verb: str
    params: Mapping[str, str] = field(default_factory=dict)
    rows: str = ""
    carries: str = "query"
    paging: str = ""
    once: bool = False
    account: bool = False

    @property
    def path(self) -> str:
        return self.name if self.name.endswith(".file") else f"{self.name}.json"


def _read(name: str, rows: str = "", params: str = "", *, paging: str = "", account: bool = False) -> Method:
    known = {word.partition(":")[0]: word.partition(":")[2] or "text" for word in params.split()}
    return Method(name, "GET", known, rows, paging=paging, account=account)


def _change(name: str, verb: str, params: str, carries: str = "query", **more: Any) -> Method:
    known = {word.partition(":")[0]: word.partition(":")[2] or "text" for word in params.split()}
    return Method(name, verb, known, carries=carries, **{"once": "idempotency_key" in known, **more})


METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        _read("account.supported_platforms", "supported_platforms", account=True),
        _read("account.cart.list", "carts", "store_url store_key custom_label", account=True),
        _read("cart.info", params="store_id response_fields"),
        _read("cart.validate", params="validate_version:bool"),
        _read("cart.methods", "method"),
        _read(
            "category.list",
            "category",
            f"{PAGED} {TIMES} {REPORT} store_id lang_id parent_id avail:bool find_value find_where response_fields",
            paging="cursor",
        ),
        _read("category.info", params="id store_id"),
        _read(
            "product.list",
            "product",
            f"{PAGED} {TIMES} {REPORT} product_ids since_id sku store_id lang_id currency_id response_fields sort_by sort_direction",
            paging="cursor",
        ),
        _read(
            "product.child_item.list",
            "children",
            f"{PAGED} {TIMES} {REPORT} product_id product_ids sku store_id lang_id currency_id response_fields",
            paging="cursor",
        ),
        _read(
            "customer.list",
            "customer",
            f"{PAGED} {TIMES} ids since_id store_id group_id include_guests:bool find_value find_where response_fields "
            "sort_by sort_direction",
            paging="cursor",
        ),
        _read(
            "order.list",
            "order",
            f"{PAGED} {TIMES} ids order_ids since_id store_id order_status order_status_ids:list return_status currency_id "
            "response_fields sort_by sort_direction enable_cache:bool allow_user_defined_order_statuses:bool",
            paging="cursor",
        ),
        _read("order.info", params="id order_id store_id response_fields enable_cache:bool"),
        _read("order.shipment.list", "shipment", f"{PAGED} {TIMES} order_id store_id response_fields", paging="cursor"),
        _read(
            "order.shipment.event.list",
            "events",
            f"{PAGED} shipment_id order_id store_id response_fields",
            paging="cursor",
        ),
        _read(
            "order.transaction.list",
            "transactions",
            "count:int page_cursor order_ids store_id response_fields",
            paging="cursor",
        ),
        _read(
            "order.abandoned.list",
            "order",
            f"{PAGED} {TIMES} customer_id store_id skip_empty_email:bool response_fields",
            paging="cursor",
        ),
        _read(
            "order.status.list",
            "cart_order_statuses",
            "store_id action allow_user_defined_order_statuses:bool response_fields",
        ),
        _read(
            "return.list",
            "returns",
            f"{PAGED} {TIMES} {REPORT} order_id order_ids customer_id store_id status return_type response_fields",
            paging="cursor",
        ),
        _read("return.status.list", "return_statuses"),
        _read("return.reason.list", "return_reasons", "store_id"),
        _read("return.action.list", "return_actions"),
        Method("account.cart.add", "POST", carries="json", account=True),
        Method("account.config.update", "PUT", once=True),
        _read("bridge.download.file", params="whitelabel:bool"),
        Method("bridge.update", "POST"),
        _read("batch.job.result", "items", "id"),
        _read(
            "batch.job.list",
            "jobs",
            "count:int page_cursor ids created_from created_to processed_from processed_to response_fields",
            paging="cursor",
        ),
        _read("webhook.events", "events"),
        _read("webhook.list", "webhook", "start:int count:int entity action active:bool ids", paging="offset"),
        _change("webhook.create", "POST", "entity action callback label fields active:bool store_id", carries="json"),
        _change("webhook.update", "PUT", "id callback label fields active:bool", carries="json"),
        _change("webhook.delete", "DELETE", "id"),
        _read("account.failed_webhooks", "webhook", "start:int count:int ids", paging="offset", account=True),
        _read(
            "basket.live_shipping_service.list",
            "live_shipping_services",
            "start:int count:int store_id",
            paging="offset",
        ),
        _change("basket.live_shipping_service.create", "POST", "name callback store_id", once=True),
        _change("basket.live_shipping_service.delete", "DELETE", "id:int"),
        *(_change(name, verb, params, carries) for name, (verb, carries, params) in WRITES.items()),
    )
}


def checked(name: str, params: Mapping[str, Any]) -> tuple[Method, dict[str, Any]]:
    """The method, and its parameters as they travel. LookupError and TypeError are mistakes of the hub, told as such."""
    method = METHODS[name]
    found: dict[str, Any] = {}
    for param, value in params.items():
        if value is None:
            continue
        wanted = method.params.get(param)
        if wanted is None:
            raise LookupError(f"{name} takes no parameter “{param}”.")
        if not isinstance(value, TYPES[wanted]) or (wanted in ("int", "number") and isinstance(value, bool)):
            raise TypeError(f"{name}: {param} is {wanted}, not a {type(value).__name__}.")
        found[param] = (
            ("true" if value else "false") if isinstance(value, bool) and method.carries == "query" else value
        )
    return method, found
