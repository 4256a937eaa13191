"""A simulated Elryan Merchant API 1.0.0 below `/api`, after its manual.

What is assumed is said where it stands: in `simulator_reads.py`, `simulator_writes.py`, `simulator_catalogue.py` and
`simulator_sales.py`; here: a wrong token is told with HTTP 401 and error_code 401.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from integrations import simulator
from integrations.services.elryan import simulator_catalogue as catalogue
from integrations.services.elryan import simulator_tiny, simulator_writes  # noqa: F401 - registers its paths
from integrations.services.elryan.simulator_catalogue import SELLER, utc
from integrations.services.elryan.simulator_envelope import Failed, routes
from integrations.services.elryan.simulator_reads import unknown
from integrations.services.elryan.simulator_sales import REASONS, Sales, change_times
from integrations.simulator import Request, Response, Table
from integrations.simulator.seed import hex_id
from integrations.simulator.wire import Row

OPEN = ("/api/health-check", "/api/cron/start", "/api/users/generate-token")
DATED = ("categories", "brands", "attributes", "attribute_values", "products", "packages", "trackings", "deliveries")


class Simulator(simulator.Simulator):
    """`nested_data`: rows one level deeper, as in the API this one is modelled on. `max_length`: longest page.

    `honours_updated_from`: off, the orders search ignores that filter. `errors_with_200`: a wrong token is told with
    HTTP 200 and an error_code only. `cron_started` counts what a hub must never do. `size`: the number of products.
    """

    label = "Elryan"
    settings = (
        "nested_data", "max_length", "honours_updated_from", "errors_with_200", "vacation", "email",
        "gzip", "clock_ahead",
    )  # fmt: skip
    secret_paths = ("/users/generate-token",)
    sold_out = {"variants": {"stock": 0}}
    status_field = {"orders": "Status", "packages": "status", "trackings": "status", "deliveries": "status"}
    time_fields = {
        "orders": ("updatedTime", "updatedLocalTime", "POLastModified"),
        **dict.fromkeys(DATED, ("updated_at",)),
    }

    def __init__(self, **options: Any) -> None:
        self.email, self.password = "seller@sandbox.example", f"{self.word}-password"
        self.nested_data = self.errors_with_200 = self.vacation = False
        self.honours_updated_from, self.max_length = True, 1000
        self._issued = 0
        super().__init__(**options)

    def reset(self) -> None:
        with self.lock:
            self.cron_started = 0
            self.searches: dict[str, tuple[object, list[Row]]] = {}
            super().reset()

    def connections(self) -> list[dict[str, Any]]:
        return [
            {
                "label": "Elryan",
                "base_url": f"{self.url}/api",
                "options": {"email": self.email},
                "secrets": {"password": self.password, "token": self.token},
            }
        ]

    def fill(self) -> dict[str, Table]:
        now = self.started
        if self.seed == "tiny":
            return simulator_tiny.fill(self.url, now)
        products = self.size or 120
        variants, lines = catalogue.variants_of(products), max(1, products * 4 // 3)
        packages, transactions = products // 2, products * 3 // 4

        def sold() -> Sales:
            return Sales(self.url, now, variants, lines, packages)

        plan = sold()
        return {
            "categories": Table("remote_id", rows=catalogue.categories(now)),
            "brands": Table("remote_id", rows=catalogue.brands(now, self.url)),
            "attributes": Table("remote_id", rows=catalogue.attributes(now)),
            "attribute_values": Table("remote_id", rows=catalogue.attribute_values(now)),
            "products": Table("spu", products, lambda n: catalogue.product_row(n, self.url, now), catalogue.spu),
            "variants": Table("sku", variants, lambda n: catalogue.variant_row(n, self.url), catalogue.sku),
            "orders": Table("POlineID", lines, lambda n: sold().line(n), plan.line_id),
            "transactions": Table("id", transactions, lambda n: sold().transaction(n), plan.transaction_id),
            "packages": Table("id", packages, lambda n: sold().package(n), plan.package_id),
            "trackings": Table("id", packages, lambda n: sold().tracking(n), plan.tracking_id),
            "deliveries": Table("id", packages, lambda n: sold().delivery(n), plan.delivery_id),
        }

    # -- the gate and the token

    def gate(self, request: Request) -> Response | None:
        if request.segments[0] != "api" or request.path in OPEN:
            return None
        request.authorized = self.token is not None and request.bearer() == self.token
        return None if request.authorized else self.refuse(request, "token")

    def refuse(self, request: Request, cause: str) -> Response:
        code = 403 if cause == "ip" else 401
        failed = Failed(code, "Forbidden" if cause == "ip" else "Unauthorized")
        return failed.answer(200 if self.errors_with_200 else code)

    def living_token(self) -> str:
        if self.token is None:
            self._issued += 1
            self.token = f"{self.kind}-{self.word}-token-{self._issued}"
        return self.token

    def account(self, token: str) -> Row:
        """The answer of generate-token. It echoes the password: whoever logs answers must not log this one."""
        return {
            "_id": SELLER,
            "vacation": self.vacation,
            "syncStatus": True,
            "accountUsername": "karrada",
            "mailAddress": self.email,
            "mobileNumber": "+964 770 000 0000",
            "name": "Karrada Trading",
            "password": self.password,
            "shopBrandName": "Karrada",
            "id": SELLER,
            "role": "vendor",
            "APIToken": token,
        }

    # -- requests

    def handle(self, request: Request) -> Response:
        try:
            response = routes.run(self, request)
        except Failed as failed:
            return failed.answer()
        return unknown(request) if response.status == 404 else response

    def ids_of(self, flow: str) -> set[str]:
        return set(REASONS) if flow == "cancel_reasons" else super().ids_of(flow)

    def reading_all(self, page: int | None = None) -> dict[str, Any]:
        with self.lock:
            options = {"delivery_ids": ",".join(self.table("deliveries").keys())}
        return {**options, **({"page_length": page} if page else {})}

    def package_key(self, key: str) -> str:
        """A package's `id` for what stands in a path: that id, or `marketplace_package_id`."""
        table = self.table("packages")
        if key in table or not key.isdigit():
            return key
        return next((str(row["id"]) for row in table if str(row["marketplace_package_id"]) == key), key)

    def reshape(self, value: Any, how: str, field: str, to: str, code: int) -> Any:
        """Inside the envelope: what a hub has to survive is a wrong `data`, or an error with HTTP 200."""
        if how == "error":
            return {"error_code": code, "message": "Something went wrong"}
        if not isinstance(value, dict) or "data" not in value or how == "text":
            return super().reshape(value, how, field, to, code)
        if how == "renamed" and isinstance(value["data"], dict):
            return {**value, "data": super().reshape(value["data"], how, field, to, code)[0]}
        return {**value, "data": super().reshape(value["data"], how, field, to, code)}

    def shifted(self, flow: str, row: Row, by: timedelta) -> Row:
        if "updatedTime" in row:
            return {**row, **change_times(_moment(row["updatedTime"]) + by)}
        return {**row, "updated_at": utc(_moment(row["updated_at"]) + by)} if row.get("updated_at") else row

    def insert_front(self, flow: str) -> None:
        """A copy of the first row under a new key, changed just now; of an order line, a new order."""
        with self.lock:
            table = self.table(flow)
            row = next(iter(table), None)
            if row is None:
                return
            if flow == "orders":
                key = str(max(map(int, table.keys())) + 10)
                order = {"Purchase Order ID": key[:-1], "Order Number": f"PO9{key[:-1]}", **change_times(self.now())}
            else:
                key, order = hex_id(f"moved {flow}", table.revision), {}
            table.put({**row, "id": hex_id(flow, key), **order, table.key: key}, at=0)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
