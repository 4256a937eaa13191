"""A simulated ELKO eCommerce API v3.0: the EU layout below `/v3.0/api/Catalog`, the UA layout below `/v3.0/Catalogs`.

Two accounts in one: `products`, `orders`, … are the EU account's rows, `products_ua`, `orders_ua`, … the UA account's;
each has its own call window, one token opens both. Sources: the two manuals, and what public clients send and get.

Assumptions, for want of any source: all three kinds of 403 have the same body; unknown product codes are left out of
answers; `Catalogs/Vendors` on UA; whatever `simulator_gate.py` and `simulator_orders.py` name as such.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from integrations import simulator
from integrations.services.elko import simulator_cart as cart
from integrations.services.elko import simulator_orders as ordering
from integrations.services.elko import simulator_products as goods
from integrations.services.elko import simulator_reservations as reservations
from integrations.services.elko import simulator_tables as tables
from integrations.services.elko.simulator_gate import CallWindow, listed
from integrations.simulator import Request, Response, Table
from integrations.simulator.routes import Routes
from integrations.simulator.vendor import problem
from integrations.simulator.whole import WholeList
from integrations.simulator.wire import Row, answer, text

EU, UA = "/v3.0/api", "/v3.0"
TYPES = ("Availability", "AvailabilityPrice", "AvailabilityIncoming", "AvailabilityIncomingPrice")
routes = Routes()


class Simulator(simulator.Simulator):
    """`limit` calls in `window` seconds, else `block` seconds of 403: `blocks` counts. `refusals` counts 403s by cause.

    `allowed_ips`: addresses, CIDR networks, first-last ranges. `description_shape`: "new" or "old", for either layout.
    """

    label = "ELKO"
    settings = ("limit", "window", "block", "allowed_ips", "description_shape", "credit_limit", "gzip", "clock_ahead")
    sold_out = {
        "products": {"quantity": "0"},
        "products_ua": {"quantity": "0"},
        "availability": {"stockQuantity": "0"},
    }
    status_field = {"orders": "status", "orders_ua": "status"}

    def __init__(self, **options: Any) -> None:
        self.limit, self.window, self.block = 50, 10.0, 60.0
        self.allowed_ips = ["127.0.0.0/8", "::1"]
        self.description_shape = ""  # "": new on EU, old on UA
        self.credit_limit = 20_000.0
        super().__init__(**options)

    @property
    def blocks(self) -> int:
        return sum(window.blocks for window in self._windows.values())

    def reset(self) -> None:
        with self.lock:
            self.refusals: Counter[str] = Counter()
            self._windows = {EU: CallWindow(), UA: CallWindow()}
            self._lists = {"products": WholeList(), "products_ua": WholeList()}
            super().reset()

    def connections(self) -> list[dict[str, Any]]:
        secrets = {"token": self.token}
        return [
            {"label": "ELKO EU", "base_url": self.url + EU, "options": {"layout": "eu"}, "secrets": secrets},
            {"label": "ELKO UA", "base_url": self.url + UA, "options": {"layout": "ua"}, "secrets": secrets},
        ]

    def issue_token(self, expires_in: timedelta | None = timedelta(days=365)) -> str:
        """A new token as eCom makes them, three parts with an expiry claim; the one before is dead from now on."""
        claims: dict[str, Any] = {
            "iss": "https://ecom.elko.example",
            "aud": self.url,
            "iat": int(self.now().timestamp()),
        }
        if expires_in is not None:
            claims["exp"] = int((self.now() + expires_in).timestamp())
        parts = (json.dumps({"alg": "none", "typ": "JWT"}), json.dumps(claims), "sandbox")
        self.token = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
        return self.token

    def fill(self) -> dict[str, Table]:
        return tables.fill(self.seed, self.size, self.url, self.started)

    # -- the gate

    def gate(self, request: Request) -> Response | None:
        if request.segments[0] != "v3.0":
            return None
        if not listed(request.client, self.allowed_ips):
            return self.refuse(request, "ip")
        window = self._windows[EU if request.segments[1:2] == ("api",) else UA]
        if not window.admits(self.limit, self.window, self.block):
            return self.refuse(request, "rate")
        request.authorized = self.token is not None and request.bearer() == self.token
        return None if request.authorized else self.refuse(request, "token")

    def refuse(self, request: Request, cause: str) -> Response:
        """One 403 for all causes: that is ELKO's riddle, which a hub must solve by its own account of calls."""
        self.refusals[cause] += 1
        return text("Forbidden", 403)

    # -- catalogue

    def handle(self, request: Request) -> Response:
        return routes.run(self, request)

    @routes("GET", f"{EU}/Catalog/Categories")
    def categories(self, request: Request) -> Response:
        return self._list(request, "categories")

    @routes("GET", f"{UA}/Catalogs/CategoryList")
    def category_list(self, request: Request) -> Response:
        return self._list(request, "categories_ua")

    @routes("GET", f"{EU}/Catalog/Categories/Tree")
    def tree(self, request: Request) -> Response:
        return answer(tables.tree(list(self.table("categories"))))

    @routes("GET", f"{EU}/Catalog/Vendors", f"{UA}/Catalogs/Vendors")
    def vendors(self, request: Request) -> Response:
        return self._list(request, _flow(request, "vendors"))

    @routes("GET", f"{EU}/Catalog/Products", f"{UA}/Catalogs/Products")
    def products(self, request: Request) -> Response:
        """One array with everything. elkoCode repeated or comma-joined; catalog plain or as CODE_id; lang ignored."""
        flow = _flow(request, "products")
        codes, vendors = request.params("elkoCode"), request.params("vendorCode")
        catalogs = [code.partition("_")[0] for code in request.params("catalog")]
        if not (codes or catalogs or vendors or self.bends(request)):
            return self._lists[flow].answer(self.table(flow))
        table = self.table(flow)
        rows = [row for code in codes if (row := table.get(code))] if codes else list(table)
        rows = [
            r
            for r in rows
            if (not catalogs or r["catalog"] in catalogs) and (not vendors or r["vendorCode"] in vendors)
        ]
        return answer(self.bend(request, flow, rows))

    @routes("GET", f"{UA}/Catalogs/Products/Esd")
    def esd(self, request: Request) -> Response:
        """Licences only, in the shape of products, those of the other list among them (assumed)."""
        rows = [*(row for row in self.table("products_ua") if row["catalog"] == "ESD"), *self.table("esd_ua")]
        return answer(self.bend(request, "products_ua", rows))

    @routes("GET", f"{EU}/Catalog/Products/{{codes}}/Description", f"{UA}/Catalogs/Products/{{codes}}/Description")
    def descriptions(self, request: Request, codes: str) -> Response:
        suffix = _flow(request, "")
        old = self.description_shape == "old" or (not self.description_shape and suffix == "_ua")
        ukrainian = request.params("lang") == ["UA"]
        found = [self._described(row, suffix, ukrainian) for row in self._named(request, codes)]
        if old:  # one flat list: with several codes nothing says which product a line is about
            return answer([{**line, "comlexName": None} for row in found for line in row["description"]])
        return answer(self.bend(request, "descriptions", found))

    @routes("GET", f"{EU}/Catalog/MediaItems/{{codes}}", f"{UA}/Catalogs/MediaItems/{{codes}}")
    def media(self, request: Request, codes: str) -> Response:
        """A product without pictures has an empty list, or null when its number is odd; both are seen."""
        items = [self._pictured(row, _flow(request, "")) for row in self._named(request, codes)]
        return answer(self.bend(request, "media", items))

    @routes("GET", f"{EU}/Catalog/AvailabilityAndPrice/{{kind}}")
    def availability(self, request: Request, kind: str) -> Response:
        """Assumed: `expectedDate` is a JD Edwards day as text; parts a type does not ask for are null or absent."""
        codes = request.params("elkoCodes")
        if kind not in TYPES:
            return problem(f"The value '{kind}' is not valid for type")
        if not codes or not all(code.isdigit() for code in codes):
            return problem("elkoCodes must be a comma-separated list of integers")
        rows = [self._available(row, kind) for code in codes if (row := self.table("products").get(code))]
        return answer(self.bend(request, "availability", rows))

    def _available(self, row: Row, kind: str) -> Row:
        told: Row = {"productId": row["id"], "stockQuantity": row["quantity"], "incoming": None}
        if "Incoming" in kind:
            arrival = goods.jde((self.started + timedelta(days=9)).date())
            coming = row["incomingQuantity"]
            told["incoming"] = {"quantity": str(coming), "expectedDate": str(arrival) if coming else ""}
        if "Price" in kind:
            told["prices"] = {name: row[name] for name in ("currency", "price", "discountPrice", "copyrightTax")}
        return told

    # -- orders and invoices

    @routes("GET", f"{EU}/Orders", f"{UA}/Orders")
    def orders(self, request: Request) -> Response:
        return self._list(request, _flow(request, "orders"))

    @routes("POST", f"{EU}/Orders", f"{UA}/Orders")
    def place(self, request: Request) -> Response:
        """Accepted at once, partly where stock is short; sent twice it is two orders. Ledger: place_order."""
        table = self.table(_flow(request, "orders"))
        try:
            body = request.json()
            lines = self._order_lines(request, body)
        except ValueError as refused:
            return problem(str(refused))
        number = str(10_250_400 + len(table))
        while number in table:
            number = str(int(number) + 1)
        order = ordering.order_row(number, lines, body, self.now().date(), self.credit_limit)
        for line in lines:
            self._reserve(request, line["elkoCode"], line["quantity"])
        table.put(order)
        self.ledger.accept("place_order", ordering.reference(body), body)
        return answer(order)

    @routes("GET", f"{EU}/Orders/{{number}}", f"{UA}/Orders/{{number}}")
    def order(self, request: Request, number: str) -> Response:
        """Assumed path."""
        row = self.table(_flow(request, "orders")).get(number)
        return (
            answer(self.bend(request, _flow(request, "orders"), [row])[0]) if row else problem("Order not found", 404)
        )

    @routes("PUT", f"{EU}/Orders/{{number}}", f"{UA}/Orders/{{number}}")
    def change_order(self, request: Request, number: str) -> Response:
        """Assumed path: the lines given replace the order's. Refused once shipped. Ledger: change_order."""
        table = self.table(_flow(request, "orders"))
        row = table.get(number)
        if not row:
            return problem("Order not found", 404)
        if row["status"] in ("Shipped", "Cancelled"):
            return problem(f"Order {number} is {row['status'].lower()} and cannot be changed")
        try:
            body = request.json()
            lines = self._order_lines(request, body)
        except ValueError as refused:
            return problem(str(refused))
        made = {name: row[name] for name in ("created", "createdBy", "customerPo")}
        table.put({**ordering.order_row(number, lines, {**row, **body}, self.now().date(), self.credit_limit), **made})
        self.ledger.accept("change_order", number, body)
        return answer(table.get(number))

    @routes("DELETE", f"{EU}/Orders/{{number}}", f"{UA}/Orders/{{number}}")
    def cancel_order(self, request: Request, number: str) -> Response:
        """Assumed path: the order stays listed as cancelled. Refused once shipped. Ledger: cancel_order."""
        table = self.table(_flow(request, "orders"))
        row = table.get(number)
        if not row:
            return problem("Order not found", 404)
        if row["status"] == "Shipped":
            return problem(f"Order {number} is shipped and cannot be cancelled")
        self.ledger.accept("cancel_order", number, None)
        return answer(table.change(number, status="Cancelled"))

    @routes("POST", f"{EU}/Reservations", f"{UA}/Reservations")
    def reserve(self, request: Request) -> Response:
        """Assumed path. Ledger: reserve."""
        try:
            return answer(reservations.reserve(self, request, self._order_lines(request, request.json())))
        except ValueError as refused:
            return problem(str(refused))

    @routes("GET", f"{EU}/Reservations", f"{UA}/Reservations")
    def reservations(self, request: Request) -> Response:
        """Assumed path."""
        return answer(list(self.table("reservations")))

    @routes("PUT", f"{EU}/Reservations/{{number}}", f"{UA}/Reservations/{{number}}")
    def extend(self, request: Request, number: str) -> Response:
        """Assumed path. Ledger: extend_reservation."""
        body, table = request.json(), self.table("reservations")
        if not table.get(number) or not isinstance(body, dict) or not body.get("until"):
            return problem("Reservation not found, or until is missing", 404)
        self.ledger.accept("extend_reservation", number, body)
        return answer(table.change(number, until=body["until"]))

    @routes("DELETE", f"{EU}/Reservations/{{number}}", f"{UA}/Reservations/{{number}}")
    def release(self, request: Request, number: str) -> Response:
        """Assumed path. Ledger: release_reservation."""
        table = self.table("reservations")
        if not table.get(number):
            return problem("Reservation not found", 404)
        row = table.get(number)
        table.remove(number)
        self.ledger.accept("release_reservation", number, None)
        return answer(row)

    @routes("GET", f"{EU}/Finances/Invoices/{{start}}/{{end}}", f"{UA}/Finances/Invoices/{{start}}/{{end}}")
    def invoices(self, request: Request, start: str, end: str) -> Response:
        """Both days JD Edwards numbers, both included (assumed)."""
        if not (start.isdigit() and end.isdigit()):
            return problem("from and to must be JD Edwards dates such as 126325")
        rows = [r for r in self.table(_flow(request, "invoices")) if int(start) <= r["dateCreate"] <= int(end)]
        return answer(self.bend(request, "invoices", rows))

    @routes("GET", f"{EU}/Finances/Invoices/{{full}}", f"{UA}/Finances/Invoices/{{full}}")
    def all_invoices(self, request: Request, full: str) -> Response:
        """`true` with additionalInfo, `false` with null in its place (assumed)."""
        if full not in ("true", "false"):
            return problem(f"The value '{full}' is not valid")
        rows = [r if full == "true" else {**r, "additionalInfo": None} for r in self.table(_flow(request, "invoices"))]
        return answer(self.bend(request, "invoices", rows))

    # -- inside

    def _list(self, request: Request, flow: str) -> Response:
        return answer(self.bend(request, flow, list(self.table(flow))))

    def _named(self, request: Request, codes: str) -> list[Row]:
        table = self.table(_flow(request, "products"))
        return [row for code in codes.split(",") if (row := table.get(code.strip()))]

    def _order_lines(self, request: Request, body: Any) -> list[Row]:
        asked = ordering.asked_lines(body)
        lines: list[Row] = []
        products = self.table(_flow(request, "products"))
        for code, quantity, note in asked:
            product = products.get(code)
            if product is None:
                raise ordering.Refused(f"Product {code} is not available for this account")
            lines.append(
                ordering.line_row(len(lines) + 1, product, quantity, ordering.confirm(product, quantity), note)
            )
        if len({(products.get(code) or {})["catalog"] == "ESD" for code, _, _ in asked}) > 1:
            raise ordering.Refused("Electronic licences and goods cannot share an order")
        if body.get("orderIfAllAvailable") is True and any(
            line["quantity"] < line["quantityRequested"] for line in lines
        ):
            raise ordering.Refused("Not all products are available in the quantity asked for")
        return lines

    def _reserve(self, request: Request, code: int, quantity: int) -> None:
        table = self.table(_flow(request, "products"))
        row = table.get(code) or {}
        stock, at_least = ordering.stock_of(str(row["quantity"]))
        left = row["quantity"] if at_least or not quantity else str(stock - quantity)
        table.change(code, quantity=left, reservedQuantity=row["reservedQuantity"] + quantity)

    def _described(self, row: Row, suffix: str, ukrainian: bool = False) -> Row:
        held = self.table("descriptions" + suffix).get(row["id"])
        return held or {"productId": row["id"], "description": goods.description(row, self.url, ukrainian)}

    def _pictured(self, row: Row, suffix: str) -> Row:
        files = goods.media(row, self.url) or (None if row["id"] % 2 else [])
        return self.table("media" + suffix).get(row["id"]) or {"id": row["id"], "mediaFiles": files}

    def truth(self, flow: str) -> list[Row]:
        """The rows, and what follows from them: `tree`, `availability`, `descriptions`, `media` (and `_ua`)."""
        with self.lock:
            name, _, suffix = flow.partition("_")
            products = self.table("products" + (f"_{suffix}" if suffix else ""))
            match name:
                case "tree":
                    return tables.tree(list(self.table("categories")))
                case "availability":
                    return [self._available(row, TYPES[-1]) for row in products]
                case "descriptions":
                    return [self._described(row, flow[len(name) :]) for row in products]
                case "media":
                    return [self._pictured(row, flow[len(name) :]) for row in products]
            return super().truth(flow)

    def lift_limits(self) -> None:
        self.limit = 1_000_000

    def table_of(self, flow: str) -> str:
        return {"brands": "vendors", "details": "products", "availability": "products"}.get(flow, flow)

    def ids_of(self, flow: str) -> set[str]:
        if flow != "categories":
            return super().ids_of(flow)
        with self.lock:
            rows = list(self.table(flow))
            return {str(row["code"]) for row in rows} | {str(n["code"] or n["id"]) for n in _nodes(tables.tree(rows))}

    def reading_all(self, page: int | None = None) -> dict[str, Any]:
        return {"availability_scope": "all", **({"batch": page} if page else {})}

    def insert_front(self, flow: str) -> None:
        with self.lock:
            table = self.table(flow)
            row = next(iter(table), None)
            if row is None:
                return
            numbers = [int(key) for key in table.keys() if key.isdigit()]  # noqa: SIM118 - a table iterates over rows
            new = type(row[table.key])(max(numbers) + 1 if numbers else 100 + len(table))
            table.put({**row, **({"elkoCode": new} if "elkoCode" in row else {}), table.key: new}, at=0)


cart.register(routes, EU, UA)


def _nodes(tree: list[Row]) -> Iterator[Row]:
    for node in tree:
        yield node
        yield from _nodes(node["childs"])


def _flow(request: Request, flow: str) -> str:
    """The rows of the account the path speaks to."""
    return flow if request.segments[1:2] == ("api",) else f"{flow}_ua"
