"""A simulated kvik.shop App API below `/api/app`.

Documented, and held to: the address, gzip or 400, https or 403, the request for a token and its answer, invalid_client.
OUR ASSUMPTION, so that a passing test proves nothing about the shop: every path but the token's, every field, page and
word of an order, 401 for a dead token, how a price is asked for.
"""

import base64
import json
import time
import zlib
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from integrations import simulator
from integrations.services.kvik.simulator_orders import GOODS, PRAGUE, STATUSES, WORDS, order_id, order_row, stamp, tiny
from integrations.simulator import Request, Response, Table
from integrations.simulator.routes import Routes
from integrations.simulator.wire import Row, answer

routes = Routes()
TOKEN = "/api/app/oauth/access_token"
ROOMS = (("orders",), ("products",))


def failed(status: int, error: str, message: str) -> Response:
    """As a standard PHP OAuth 2 server says it; only `error` is documented."""
    return answer({"error": error, "error_description": message, "message": message}, status)


class Simulator(simulator.Simulator):
    """`token` is the client secret; tokens are given for it. `over_https`: whether requests count as having come that way
    (loopback speaks no TLS); `X-Forwarded-Proto: http` on one request says they did not. `token_life` in seconds.

    `envelope`: the name the list stands under, empty for a bare list. `honours_since`: whether `updated_from` filters.
    """

    label = "kvik.shop"
    settings = ("over_https", "token_life", "envelope", "honours_since", "max_limit", "gzip", "clock_ahead")
    secret_paths = ("/oauth/access_token",)
    always_packs = True
    status_field = {"orders": "status"}
    time_fields = {"orders": ("updated_at",)}

    def __init__(self, **options: Any) -> None:
        self.client_id = "0c3f9a52-6d1e-4b7a-9e55-2f8d4c7b1a60"
        self.over_https = self.honours_since = True
        self.token_life, self.envelope, self.max_limit = 3600, "items", 500
        self.tokens_given = 0
        self.good: dict[str, float] = {}  # token → until when, by time.monotonic()
        super().__init__(**options)

    def connections(self) -> list[dict[str, Any]]:
        return [
            {
                "label": "kvik.shop",
                "base_url": f"{self.url}/api/app",
                "options": {"client_id": self.client_id, "since_parameter": "updated_from", "status_map": WORDS},
                "secrets": {"client_secret": self.token},
            }
        ]

    def fill(self) -> dict[str, Table]:
        if self.seed == "tiny":
            return {"orders": Table("id", rows=tiny())}
        now = self.started
        return {"orders": Table("id", self.size or 160, lambda number: order_row(number, now), order_id)}

    def revoke_token(self) -> None:
        super().revoke_token()
        self.expire_tokens()

    def expire_tokens(self) -> None:
        """Every token given so far is dead; the client secret stays good."""
        self.good.clear()

    # -- the gate

    def gate(self, request: Request) -> Response | None:
        """ "HTTPS Only" and "Compressed Responses Only" come before the token."""
        if not self.over_https or request.header("X-Forwarded-Proto").lower() == "http":
            return failed(403, "forbidden", "Use HTTPS.")
        if not request.takes_gzip():
            return failed(400, "bad_request", "Accept-Encoding has to contain gzip.")
        if request.path == TOKEN or request.segments[:2] != ("api", "app") or request.segments[2:3] not in ROOMS:
            return None  # to be given a token, or told that nothing is there
        request.authorized = self.good.get(request.bearer() or "", 0.0) > time.monotonic()
        return None if request.authorized else self.refuse(request, "token")

    def refuse(self, request: Request, cause: str) -> Response:
        if cause == "ip":
            return failed(403, "access_denied", "Your IP address is not allowed.")
        return failed(401, "access_denied", "The resource owner or authorization server denied the request.")

    def handle(self, request: Request) -> Response:
        return routes.run(self, request)

    def give_token(self) -> str:
        """A JWT in looks, as in the document's example; nobody reads its claims."""
        self.tokens_given += 1
        now = int(time.time())
        claims = {"aud": "", "jti": f"{self.word}-{self.tokens_given}", "iat": now, "exp": now + self.token_life}
        parts = [_part({"typ": "JWT", "alg": "RS256"}), _part({**claims, "sub": self.client_id, "scopes": ["email"]})]
        token = ".".join([*parts, f"{self.word}-token-{self.tokens_given:06d}"])
        self.good[token] = time.monotonic() + self.token_life
        return token

    @routes("POST", TOKEN)
    def access_token(self, request: Request) -> Response:
        if not request.header("Content-Type").startswith("application/x-www-form-urlencoded"):
            return failed(400, "unsupported_grant_type", "The authorization grant type is not supported.")
        told = {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        if told.get("grant_type") != "client_credentials":
            return failed(400, "unsupported_grant_type", "The authorization grant type is not supported.")
        if told.get("scope") != "all":
            return failed(400, "invalid_scope", "The requested scope is invalid, unknown, or malformed.")
        if self.token is None or (told.get("client_id"), told.get("client_secret")) != (self.client_id, self.token):
            return failed(401, "invalid_client", "Client authentication failed")
        given = {"token_type": "Bearer", "expires_in": self.token_life, "access_token": self.give_token()}
        return answer({"_type": "AccessToken", **given})

    # -- our assumption from here on

    @routes("GET", "/api/app/orders")
    def orders(self, request: Request) -> Response:
        asked = dict(request.query)
        table = self.table("orders")
        rows: Table | list[Row] = table
        since = asked.get("updated_from") if self.honours_since else None
        if since or self.bends(request):
            rows = [row for row in table if not since or _moment(row["updated_at"]) >= _moment(since)]
            rows = self.bend(request, "orders", rows)
        limit = max(1, min(int(asked.get("limit", 50)), self.max_limit))
        start = int(asked["offset"]) if "offset" in asked else (int(asked.get("page", 1)) - 1) * limit
        page = self.page(request, "orders", rows, start, limit)
        return answer({"_type": "OrderList", self.envelope: page} if self.envelope else page)

    @routes("GET", "/api/app/orders/{id}")
    def one_order(self, request: Request, key: str) -> Response:
        row = self.table("orders").get(key)
        return answer(row) if row else failed(404, "not_found", f"There is no order {key}.")

    @routes("PATCH", "/api/app/orders/{id}")
    def change_order(self, request: Request, key: str) -> Response:
        """Status, payment and tracking; the shop does not know other fields, nor words that are not its own."""
        row = self.table("orders").get(key)
        if row is None:
            return failed(404, "not_found", f"There is no order {key}.")
        if not request.header("Content-Type").startswith("application/json"):
            return failed(415, "unsupported_media_type", "Content-Type has to be application/json.")
        told = request.json()
        if not isinstance(told, dict) or not told or set(told) - {"status", "payment", "tracking"}:
            return failed(422, "unprocessable", "Known fields: status, payment, tracking.")
        if told.get("status", STATUSES[0]) not in STATUSES:
            return failed(422, "unprocessable", f"There is no status {told['status']}.")
        changed = self.table("orders").change(key, **told, updated_at=stamp(self.now()))
        self.ledger.accept("update_order", key, told)
        return answer(changed)

    @routes("GET", "/api/app/products/{id}/price")
    def price(self, request: Request, key: str) -> Response:
        """Ten per cent less for whoever is named. The shop sells whatever it is asked for, but nothing without a digit."""
        if not any(sign.isdigit() for sign in key):
            return failed(404, "not_found", f"There is no product {key}.")
        full = next((price for sku, _, price in GOODS if sku == key), 100 + zlib.crc32(key.encode()) % 5000)
        user = dict(request.query).get("user", "")
        gross = full * 0.9 if user else float(full)
        told = {"price": f"{gross:.2f}", "price_without_vat": f"{gross / 1.21:.2f}", "currency": "CZK"}
        return answer({"_type": "ProductPrice", "product": key, "user": user or None, **told})

    def shifted(self, flow: str, row: Row, by: timedelta) -> Row:
        return {**row, "updated_at": stamp(_moment(row["updated_at"]) + by)}

    def reading_all(self, page: int | None = None) -> dict[str, Any]:
        return {"page_length": page} if page else {}

    def insert_front(self, flow: str) -> None:
        """A new order, placed just now."""
        with self.lock:
            table = self.table(flow)
            key = max([540000, *map(int, table.keys())]) + 1
            at = stamp(self.now())
            table.put(
                {**order_row(0, self.now()), "id": key, "number": f"K26{key}", "created_at": at, "updated_at": at}, 0
            )


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=PRAGUE)
