"""Faults 48 to 54 over real sockets: the hub's own web server, a vendor's server, and callers that behave as badly as they can."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from integrations import asking, connecting, faultpoints, sweeping
from integrations.models import Callback, Schedule, ShippingRate, SyncRun, Vendor, WebhookDelivery
from integrations.service import services
from integrations.tests import posting_kind
from integrations.tests.posting_kind import Posting, Shop, sign
from integrations.webhooks import addresses, known, reach, reading
from orders.models import Order
from tests import servers
from tests.faults import points
from tests.faults.test_workers import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ROOT = Path(__file__).resolve().parent.parent.parent
SENT = 10.0  # seconds a raw socket waits for an answer


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setitem(services(), "posting", Posting)
    with posting_kind.shop() as found:
        yield found


@pytest.fixture
def vendor(shop: Shop) -> Vendor:
    made = connecting.connect("posting", "post", base_url=shop.url, secrets={"token": posting_kind.KEY})
    Schedule.objects.filter(vendor=made).update(due_at=timezone.now() + timedelta(hours=1))
    Callback.objects.update(active=True, mode="required")
    return made


class Web:
    """gunicorn on this test's database."""

    def __init__(self, folder: Path, workers: int = 2, **env: str) -> None:
        self.port, self.log = servers.free_port(), folder / "web.log"
        given = connection.settings_dict
        url = f"sqlite:///{given['NAME']}"
        if connection.vendor == "postgresql":
            url = f"postgresql://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
        command = (
            "gunicorn",
            "tests.faults.posting_wsgi:application",
            "--bind",
            f"127.0.0.1:{self.port}",
            "--workers",
            str(workers),
        )
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command, "--timeout", "60"], cwd=ROOT, stdout=out, stderr=out,
                start_new_session=True, env={**os.environ, "DATABASE_URL": url, "HUB_VAR": str(settings.VAR), **env},
            )  # fmt: skip
        until(self.answers, say="the web process")

    def answers(self) -> bool:
        with suppress(OSError, http.client.HTTPException):
            return self.ask("GET", "/healthz")[0] == 200
        return False

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        caller = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            caller.request(
                method, path, body, headers={name.replace("_", "-"): value for name, value in headers.items()}
            )
            answer = caller.getresponse()
            return answer.status, answer.read()
        finally:
            caller.close()

    def post(self, path: str, key: str, once: str = "", **body: Any) -> int:
        raw, at = json.dumps({"id": key, **body}).encode(), str(int(time.time()))
        return self.ask(
            "POST", path, raw, Content_Type="application/json", X_Posting_Event="order.update", X_Posting_Id=once,
            X_Posting_Time=at, X_Posting_Sign=sign(raw, at),
        )[0]  # fmt: skip

    def raw(self, head: str, pieces: list[bytes], pause: float = 0.0) -> int:
        """Send a head and pieces of a body without heed to what comes back; the status of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=SENT) as line:
            line.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
            for piece in pieces:
                if pause:
                    time.sleep(pause)
                try:
                    line.sendall(piece)
                except OSError:  # hung up on
                    break
            answer = b""
            with suppress(OSError):
                while b"\r\n" not in answer and (more := line.recv(1000)):
                    answer += more
            return int(answer.split(b" ")[1]) if answer else 0

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture
def web(vendor: Vendor, tmp_path: Path) -> Iterator[Web]:
    found = Web(tmp_path, POSTING_PATIENCE="1.0")
    yield found
    found.stop()


def path_of(hook: str = "events") -> str:
    return addresses.path_of(Callback.objects.select_related("vendor").get(hook=hook))


def work(vendor: Vendor) -> None:
    """What a worker does until nothing waits."""
    for _ in range(20):
        reading.read(vendor.pk)
        runs = list(asking.next_ones())
        for run in runs:
            sweeping.go_on(run.pk)
        if not runs:
            return


def test_bodies_that_are_too_long_too_slow_or_odd_are_not_taken(web: Web, vendor: Vendor) -> None:
    path = path_of()
    host = "Host: 127.0.0.1\nContent-Type: application/json"
    assert web.raw(f"POST {path} HTTP/1.1\n{host}\nContent-Length: 100000000", []) == 413, "before a byte of it"
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    assert web.raw(f"POST {path} HTTP/1.1\n{host}\nTransfer-Encoding: chunked", [chunk] * 40) in (413, 0)
    head = f"POST {path} HTTP/1.1\n{host}\nContent-Length: 1000"
    assert web.raw(head, [b"x"] * 8, pause=0.4) == 408, "a byte now and then"
    assert web.raw(head, []) == 408, "not a byte"
    gzip = {"Content_Encoding": "gzip", "Content_Type": "application/json"}
    assert web.ask("POST", path, b"\x1f\x8b", **gzip)[0] == 415
    assert web.ask("POST", path, b"a=1", Content_Type="application/x-www-form-urlencoded")[0] == 415
    assert web.ask("POST", path, b'{"id": "7"}', Content_Type="application/json")[0] == 401
    assert web.post(path, "7") == 200, "and it goes on working"
    assert WebhookDelivery.objects.count() == 1
    assert path.split("/")[2] not in web.log.read_text(), "the path is a secret"


def test_a_chunked_body_is_taken_whole(web: Web, vendor: Vendor) -> None:
    Callback.objects.update(mode="off")
    body = b'{"id": "7"}'
    head = f"POST {path_of()} HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\nX-Posting-Event: order.update"
    pieces = [b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:4], body[4:])] + [b"0\r\n\r\n"]
    assert web.raw(f"{head}\nTransfer-Encoding: chunked", pieces) == 200
    assert WebhookDelivery.objects.get().external_id == "7"


def test_a_flood_is_answered_stored_once_and_read_together(web: Web, shop: Shop, vendor: Vendor) -> None:
    """Scaled down: 300 deliveries about 30 orders, each sent twice, by eight callers at once."""
    path, told = path_of(), [(str(number % 30), f"d-{number}", number) for number in range(300)]
    for number in range(30):
        shop.put("orders", str(number), status="new")
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda one: web.post(path, one[0], one[1], step=one[2]), told + told))
    assert set(answers) == {200}
    assert WebhookDelivery.objects.count() == 300
    Schedule.objects.filter(vendor=vendor, flow="orders").update(due_at=timezone.now())
    assert reading.read(vendor.pk) == [], "the poll is not starved: what is due goes first"
    assert sweeping.run_if_due(vendor.pk, "orders") is not None
    work(vendor)
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"done"}
    assert (Order.objects.count(), [shop.reads(f"/orders/{number}") for number in range(30)]) == (30, [1] * 30)


def test_a_crash_between_storing_and_answering_costs_and_doubles_nothing(
    shop: Shop, vendor: Vendor, tmp_path: Path
) -> None:
    web = Web(tmp_path, POSTING_DIE_AT="hook.stored", POSTING_DIED=str(tmp_path / "died"))
    try:
        shop.put("orders", "7", status="new")
        with pytest.raises((OSError, http.client.HTTPException)):
            web.post(path_of(), "7", "d-1")
        assert WebhookDelivery.objects.count() == 1
        assert web.post(path_of(), "7", "d-1") == 200, "the vendor tries again"
        assert WebhookDelivery.objects.count() == 1
    finally:
        web.stop()
    assert sweeping.sweep().news == 1, "and it needs no hint"
    work(vendor)
    assert (WebhookDelivery.objects.get().state, shop.reads("/orders/7")) == ("done", 1)


def test_a_crash_while_news_are_handed_on_loses_none(shop: Shop, vendor: Vendor) -> None:
    assert "news.asked" in points.names_of_news()
    shop.put("orders", "7", status="new")
    callback = Callback.objects.get(hook="events")
    WebhookDelivery.objects.create(
        callback=callback, vendor=vendor, event="order.update", flow="orders", external_id="7", external_ids=["7"],
        digest="d", received_at=timezone.now(),
    )  # fmt: skip
    connections.close_all()
    child = os.fork()
    if not child:
        faultpoints.hook = lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == "news.asked" else None
        with suppress(BaseException):
            reading.read(vendor.pk)
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert (WebhookDelivery.objects.get().state, SyncRun.objects.count()) == ("waiting", 0)
    work(vendor)
    assert (WebhookDelivery.objects.get().state, Order.objects.get().external_id) == ("done", "7")


@pytest.mark.sqlite_only  # a server is put out of reach by moving the folder of its file
def test_rates_are_answered_from_memory_while_the_database_is_away(vendor: Vendor, tmp_path: Path) -> None:
    ShippingRate.objects.create(vendor=vendor, zone=None, name="Post", code="post", price=25, currency="EUR")
    here, away = (tmp_path / name for name in ("here", "away"))
    here.mkdir()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(here / "copy.sqlite3")])
    web = Web(tmp_path, workers=1, DATABASE_URL=f"sqlite:///{here / 'copy.sqlite3'}")

    def asked(key: str = posting_kind.KEY) -> tuple[int, bytes]:
        at = str(int(time.time()))
        told = {"Content_Type": "application/json", "X_Posting_Time": at, "X_Posting_Sign": sign(b"{}", at, key)}
        return web.ask("POST", path_of("ship"), b"{}", **told)

    try:
        assert asked() == (200, b'["post"]')
        here.rename(away)
        time.sleep(known.FRESH)
        assert [asked() for _ in range(3)] == [(200, b'["post"]')] * 3
        assert asked("forged")[0] in (401, 503), "and nobody else is let in"
        assert web.post(path_of(), "7") == 503, "what has to be stored is to be sent again"
        away.rename(here)
        until(lambda: web.post(path_of(), "7") == 200, say="the database is back")
        time.sleep(reach.AWAY)
        assert asked() == (200, b'["post"]')
    finally:
        web.stop()
    with sqlite3.connect(here / "copy.sqlite3") as stored:
        found = stored.execute("SELECT event, note FROM integrations_webhookdelivery ORDER BY id").fetchall()
    assert [event for event, _ in found] == ["ship", "order.update", "ship"], (
        "what was answered meanwhile is in no inbox"
    )


def test_every_point_of_the_way_of_news_is_one_of_those_above() -> None:
    assert set(points.names_of_news()) == {"hook.stored", "news.asked"}
