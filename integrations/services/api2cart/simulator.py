"""A simulated API2Cart v1.1 below `/v1.1`: one account with a Shopify-like, a WooCommerce-like and an Amazon-like store.

What is assumed is said where it stands: in `simulator_envelope.py`; here: a limit counts calls being worked on, and a call
beyond it is refused at once.
"""

from datetime import timedelta
from typing import Any

from integrations import simulator
from integrations.services.api2cart import (  # they register their paths
    simulator_account,  # noqa: F401
    simulator_batches,  # noqa: F401
    simulator_goods,  # noqa: F401
    simulator_hooks,  # noqa: F401
    simulator_options,  # noqa: F401
    simulator_sales,  # noqa: F401
)
from integrations.services.api2cart.simulator_envelope import Failed, moment_of
from integrations.services.api2cart.simulator_lists import routes
from integrations.services.api2cart.simulator_rows import RETURN_STATUSES, Rows, Store
from integrations.simulator import Request, Response, Table
from integrations.simulator.seed import hex_id
from integrations.simulator.wire import Row

OPEN = ("account.supported_platforms", "account.cart.list", "account.cart.add", "account.failed_webhooks")
CHANGED = ("modified_at", "modified_time")


class Simulator(simulator.Simulator):
    """`report_calls`, `job_calls`: calls before a report or a job is ready. `account_limit`, `store_limit`: calls at once.

    `error_status`: HTTP status of answers with a return code. `work`: seconds each call is worked on. `stores[0]` is the
    one a hub connects first. `size`: the number of its products.
    """

    label = "API2Cart"
    settings = (
        "report_calls",
        "job_calls",
        "account_limit",
        "store_limit",
        "error_status",
        "work",
        "gzip",
        "clock_ahead",
    )
    secret_paths = ("/account.cart.add.json", "/account.config.update.json")
    sold_out = {"products": {"quantity": 0, "inventory": []}, "variants": {"inventory_level": 0, "inventory": []}}
    status_field = {"orders": "status", "returns": "status"}
    time_fields = {
        **dict.fromkeys(("categories", "products", "orders", "returns", "abandoned_carts"), ("modified_at",)),
        **dict.fromkeys(("variants", "customers", "shipments"), ("modified_time",)),
    }

    def __init__(self, **options: Any) -> None:
        self.report_calls, self.job_calls = 1, 2
        self.account_limit, self.store_limit = 10, 5
        self.error_status, self.work = 200, 0.0
        self.busy: dict[str, int] = {}
        self.peaks: dict[str, int] = {}  # most at once, of the account and of each store
        self.too_many = 0
        super().__init__(**options)

    def reset(self) -> None:
        with self.lock:
            self.reports: dict[str, int] = {}
            self.jobs: dict[str, Row] = {}
            self.answered: dict[tuple[str, str], Row] = {}  # by store and idempotency key
            # Ids of rows of a batch, each once: that fail for a reason that passes; that are done, and told as timed out; that
            # are done, and not told of at all.
            self.stumbles: set[str] = set()
            self.late: set[str] = set()
            self.untold: set[str] = set()
            self.hooks: list[Row] = []
            self.rates: list[Row] = []
            self.failed_webhooks: list[Row] = []
            super().reset()

    def fill(self) -> dict[str, Table]:
        self.stores = [
            Store("boutique", "Shopify", self.store_key("boutique"), "https://boutique.example", returns_by_order=True),
            Store(
                "depot", "WoocommerceApi", self.store_key("depot"), "https://depot.example/shop", "depot:", most=100,
                plain_times=True, number_ids=True, label="The depot", lacks=("order.abandoned.list",),
            ),
            Store(
                "bazaar", "AmazonSP", self.store_key("bazaar"), "https://bazaar.example", "bazaar:", most=100, listed=True,
                reports=True, return_window=timedelta(days=60),
                lacks=("customer.list", "order.abandoned.list", "order.transaction.list", "order.add", "category.add"),
            ),
        ]  # fmt: skip
        products, orders = (4, 3) if self.seed == "tiny" else (self.size or 60, (self.size or 60) * 3 // 2)
        tables: dict[str, Table] = {}
        for place, store in enumerate(self.stores):
            few = (4, 3) if self.seed == "tiny" or place else (products, orders)
            tables |= Rows(store, self.started, *few).fill()
        return tables

    def store_key(self, name: str) -> str:
        """The real ones are 32 hexadecimal digits and hold no word by which they could be found."""
        return f"{hex_id('key', name, 16)}-{self.word}"

    def connections(self) -> list[dict[str, Any]]:
        return [
            {
                "label": f"API2Cart: {store.name}",
                "base_url": f"{self.url}/v1.1",
                "options": {"store_url": store.url},
                "secrets": {"api_key": self.token, "store_key": store.key},
            }
            for store in self.stores
        ]

    # -- the gate

    def gate(self, request: Request) -> Response | None:
        if request.segments[0] != "v1.1":
            return None
        request.authorized = self.token is not None and request.header("x-api-key") == self.token
        return None if request.authorized else self.refuse(request, "token")

    def refuse(self, request: Request, cause: str) -> Response:
        failed = Failed(5, "API access is denied") if cause == "ip" else Failed(2, "Incorrect API Key")
        return failed.answer(self.error_status)

    def store(self, request: Request) -> Store:
        """The store whose key came. Raises Failed(101) for an unknown key, Failed(100) for a store that is closed to us."""
        found = next((store for store in self.stores if store.key == request.header("x-store-key")), None)
        if found is None:
            raise Failed(101, "Store not found")
        if not found.reachable:
            raise Failed(100, "Store API is not available or the credentials are not valid")
        return found

    # -- requests

    def answer(self, request: Request) -> Response:
        places = [("account", self.account_limit, 10), (request.header("x-store-key"), self.store_limit, 7)]
        taken: list[str] = []
        try:
            for name, limit, code in places:
                with self.lock:
                    full = self.busy.get(name, 0) >= limit
                    if not full:
                        self.busy[name] = self.busy.get(name, 0) + 1
                        self.peaks[name] = max(self.peaks.get(name, 0), self.busy[name])
                        taken.append(name)
                if full:
                    self.too_many += 1
                    return Failed(code, "Request limit is reached").answer(self.error_status)
            self.pause(self.work)
            return super().answer(request)
        finally:
            with self.lock:
                for name in taken:
                    self.busy[name] -= 1

    def handle(self, request: Request) -> Response:
        try:
            return routes.run(self, request)
        except Failed as failed:
            return failed.answer(self.error_status)

    def lift_limits(self) -> None:
        self.account_limit = self.store_limit = 10_000

    # -- the truth

    def ids_of(self, flow: str) -> set[str]:
        with self.lock:
            rows = list(self.table(flow))
            if flow == "shipments":
                return {f"{row['order_id']}/{row['id']}" for row in rows}
            if flow == "order_statuses":
                words = [("order", row) for row in rows] + [("return", row) for row in RETURN_STATUSES]
                return {f"{subject}:{row['id']}" for subject, row in words}
            return super().ids_of(flow)

    def reading_all(self, page: int | None = None) -> dict[str, Any]:
        return {"page_size": page} if page else {}

    def shifted(self, flow: str, row: Row, by: timedelta) -> Row:
        names = [name for name in CHANGED if (moment_of(row.get(name)) is not None)]
        return {**row, **{name: _moved(row[name], by) for name in names}}

    def reshape(self, value: Any, how: str, field: str, to: str, code: int) -> Any:
        """Inside the envelope: a wrong `result`, or a return code."""
        if how == "error":
            return {"return_code": code if code < 200 else 9, "return_message": "Something went wrong", "result": []}
        if not isinstance(value, dict) or "result" not in value or how == "text":
            return super().reshape(value, how, field, to, code)
        result = value["result"]
        if how == "renamed" and isinstance(result, dict):
            changed = {
                name: super(Simulator, self).reshape(part, how, field, to, code) if isinstance(part, list) else part
                for name, part in result.items()
            }
            return {**value, "result": changed}
        return {**value, "result": super().reshape(result, how, field, to, code)}

    def insert_front(self, flow: str) -> None:
        """A copy of the first row under a new key, changed just now."""
        with self.lock:
            table = self.table(flow)
            row = next(iter(table), None)
            if row is None:
                return
            key = f"{900_000 + table.revision}"
            names = {name: _now(row[name], self.now()) for name in CHANGED if row.get(name)}
            table.put({**row, **names, table.key: key, **({"id": key} if flow == "orders" else {})}, at=0)


def _moved(value: Any, by: timedelta) -> Any:
    at = moment_of(value)
    return _now(value, at + by) if at else value


def _now(value: Any, at: Any) -> Any:
    text = at.strftime("%Y-%m-%dT%H:%M:%S+0000")
    return {**value, "value": text} if isinstance(value, dict) else text
