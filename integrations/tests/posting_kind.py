"""A vendor made up for tests of webhooks: orders and brands that are read one by one, signed deliveries, and its server."""

import hashlib
import hmac
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, ClassVar
from urllib.parse import urlsplit

from catalog.records import BrandRecord
from integrations.auth import Auth, Bearer
from integrations.errors import Refused
from integrations.numbers import key_from
from integrations.paging import encode, whole_list
from integrations.service import Account, Ask, Flow, Page, Preset, Rate, Row, Secret, VendorService, Verdict
from integrations.webhooks.hook import Hook, News, Posted, Proved, Reply, Signature
from integrations.webhooks.shipping import offers
from orders.records import OrderRecord
from tests.secrets_watch import WORD

KEY = f"posting-{WORD}-key"
EVENTS = {"order": "orders", "brand": "brands"}


def sign(body: bytes, at: str, key: str = KEY) -> str:
    return hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def is_signed(posted: Posted, key: str) -> bool:
    wanted = sign(posted.body, posted.header("X-Posting-Time"), key)
    return hmac.compare_digest(wanted.encode(), posted.header("X-Posting-Sign").encode())


def sent_at(posted: Posted) -> datetime | None:
    return datetime.fromtimestamp(int(posted.header("X-Posting-Time")), UTC)


def news(posted: Posted, account: Account) -> News:
    entity, _, action = posted.header("X-Posting-Event").partition(".")
    if entity == "trouble":
        return News("trouble", trouble="The shop does not answer.", cure="Look at its keys.")
    ids = [str(json.loads(posted.body)["id"])]
    return News(f"{entity}.{action}", EVENTS.get(entity, ""), ids, once=posted.header("X-Posting-Id"))


def claim(posted: Posted, account: Account) -> News:
    if "shop" not in json.loads(posted.body):
        raise ValueError("It claims nothing.")
    return News("claim", claim=True)


def echo(posted: Posted, account: Account, callback: int) -> Reply:
    return Reply(200, b"echo " + posted.body + posted.query.get("q", "").encode(), "text/plain", "Echoed.")


def ship(posted: Posted, account: Account, callback: int) -> Reply:
    """What one parcel that cannot be read would cost."""
    [rates] = offers(account.slug, [None])
    return Reply(200, json.dumps([rate.code for rate in rates]).encode(), note="Rates.")


def order(row: Row, account: Account) -> OrderRecord:
    return OrderRecord(str(row["id"]), str(row["id"]), "sale", vendor_status=row["status"], status=row["status"])


def brand(row: Row, account: Account) -> BrandRecord:
    return BrandRecord(str(row["id"]), row["name"])


class Posting(VendorService):
    kind: ClassVar[str] = "posting"
    label = "Posting"
    presets = (Preset("live", "Live", "https://api.posting.example/v1"),)
    secrets = (Secret("token", "API token", required=True), Secret("pin", "PIN"))
    rate = Rate(100)
    flows: ClassVar[Mapping[str, Flow]] = {
        "orders": Flow(
            "Orders", timedelta(hours=1), timedelta(hours=9), key_from("id"), order, room="orders", single=True
        ),
        "brands": Flow(
            "Brands", timedelta(hours=1), timedelta(hours=9), key_from("id"), brand, single=True, complete=True
        ),
    }
    hooks: ClassVar[Mapping[str, Hook]] = {
        "events": Hook(
            "Events", news=news, signature=Signature(is_signed, ("token",), sent_at), keep=("x-posting-",), tended=True
        ),
        "claims": Hook("Claims", news=claim, keep=("x-posting-",), key="pair"),
        "echo": Hook("Echo", answer=echo, methods=("POST", "GET"), types=("text/plain",), keep_body=False),
        "ship": Hook("Ship", answer=ship, signature=Signature(is_signed, ("token",), sent_at), hurried=True),
    }
    tended: ClassVar[list[tuple[str, str, list[str]]]] = []
    missed: ClassVar[list[News]] = []

    @classmethod
    def auth(cls, account: Account, secrets: Mapping[str, str]) -> Auth:
        return Bearer(secrets["token"])

    @classmethod
    def lacks(cls, flow: str, account: Account) -> str:
        return f"This shop has no {flow}." if account.abilities.get("none") == flow else ""

    @classmethod
    def lacks_hook(cls, hook: str, account: Account) -> str:
        return f"This shop has no {hook}." if account.abilities.get("none") == hook else ""

    def probe(self) -> Verdict:
        self.http.get("brands")
        return Verdict(True, message="It answers.")

    def orders(self, ask: Ask) -> Iterator[Page]:
        yield from self.read("orders", ask)

    def brands(self, ask: Ask) -> Iterator[Page]:
        yield from self.read("brands", ask)

    def read(self, path: str, ask: Ask) -> Iterator[Page]:
        if not ask.only:
            yield from whole_list(self.http, path, ask=ask)
            return
        done = int((ask.position or {}).get("at", 0))
        for place, key in enumerate(ask.only[done:], done + 1):
            last = place == len(ask.only)
            try:
                yield Page([self.http.get(f"{path}/{key}").body], position={"at": place}, last=last)
            except Refused as error:
                if error.status != 404:
                    raise
                yield Page([], position={"at": place}, last=last, absent=[key])

    def tend_hook(self, hook: str, address: str, flows: Collection[str]) -> Sequence[str]:
        self.http.get("brands")
        self.tended.append((hook, address, sorted(flows)))
        return ["The webhook for orders was switched on again."] if len(self.tended) > 1 else ["Made."]

    def drop_hook(self, hook: str, address: str) -> Sequence[str]:
        return ["Taken away."]

    def prove(self, hook: str, posted: Posted) -> Proved:
        assert posted.key.startswith("-----BEGIN PRIVATE KEY-----")
        told = json.loads(posted.body)
        self.http.get(f"brands/{told['brand']}")
        return Proved(told["shop"], {}, {"token": told["token"]}, shared=("pin",))

    def missed_news(self, hook: str, address: str) -> Iterable[News]:
        return list(self.missed)


@dataclass
class Shop:
    """What the vendor knows, and what was asked of it."""

    tables: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {"orders": {}, "brands": {}})
    asked: list[str] = field(default_factory=list)
    down: bool = False
    url: str = ""
    lock: Lock = field(default_factory=Lock)

    def put(self, table: str, key: str, **values: Any) -> None:
        with self.lock:
            self.tables[table][key] = {"id": key, **values}

    def answer(self, path: str) -> tuple[int, bytes]:
        with self.lock:
            self.asked.append(path)
            if self.down:
                return 503, b"down"
            _, table, *key = path.split("/")
            rows = self.tables.get(table, {})
            if not key:
                return 200, encode(list(rows.values()))
            return (200, encode(rows[key[0]])) if key[0] in rows else (404, b'{"error": "no such row"}')

    def reads(self, path: str) -> int:
        return self.asked.count(path)


@contextmanager
def shop() -> Iterator[Shop]:
    """The vendor's server on a real socket."""
    found = Shop()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def log_message(self, *args: Any) -> None:
            """Silent."""

        def do_GET(self) -> None:
            status, body = found.answer(urlsplit(self.path).path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
