"""The demo as a browser finds it: its real processes on a folder of their own, with troubles put in on purpose."""

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.browser import planted

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 240.0  # seconds; two cores may be busy with the rest of the suite
SCRIPT = '<img src=x onerror="document.title=\'ran\'"><script>document.title="ran"</script>Cedar lamp'

# What a bad day leaves behind: a script in a vendor's text, a rejected row, held changes, price and stock changes,
# a flow that is late, a second user, something a vendor posted.
TROUBLES = """
from django.contrib.auth.models import Group, User
from django.utils import timezone
from datetime import timedelta
import json, urllib.request
from integrations import connecting, sync
from integrations.commands import asking
from integrations.models import (
    AllowedNetwork, Schedule, ShippingRate, ShippingZone, Trigger, Vendor, WebhookDelivery
)

SIMULATORS, SCRIPT = {simulators!r}, {script!r}

def ask(method, path, body):
    data = json.dumps(body).encode()
    sent = urllib.request.Request(SIMULATORS + "/_sim" + path, data, {{"Content-Type": "application/json"}}, method=method)
    with urllib.request.urlopen(sent, timeout=30) as answer:
        return json.load(answer)

def truth(flow):
    with urllib.request.urlopen(SIMULATORS + "/_sim/elko/truth/" + flow, timeout=30) as answer:
        return json.load(answer)

rows = truth("products")
ask("PATCH", "/elko/truth/products/" + str(rows[0]["id"]), {{"name": SCRIPT}})
ask("PATCH", "/elko/truth/products/" + str(rows[1]["id"]), {{"price": "twelve"}})
ask("PATCH", "/elko/truth/products/" + str(rows[2]["id"]), {{"price": round(rows[2]["price"] * 1.1, 2), "quantity": "7"}})
elko, elryan = Vendor.objects.get(slug="demo-elko"), Vendor.objects.get(slug="demo-elryan")

def run(vendor, flow):
    return sync.run(vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None)

run(elko, "products")
ask("POST", "/elko/faults", {{"name": "empty_list", "path": "/Catalog/Products"}})
run(elko, "products")
ask("DELETE", "/elko/faults", {{}})
ask("POST", "/elryan/faults", {{"name": "not_json", "path": "/attributes/search"}})  # stays, so that the flow stays failed
run(elryan, "attributes")
now = timezone.now()
late = Schedule.objects.filter(vendor=elryan, flow="attribute_values")
late.update(last_ok_at=now - timedelta(days=9), alarmed_at=now, due_at=now + timedelta(days=1))
User.objects.create_user("colleague", is_staff=True)
Vendor.objects.filter(pk=elko.pk).update(writes="approve")
elko.refresh_from_db()
connecting.confirm(elko, ["place_order"])
wanted = str(rows[3].get("elkoCode") or rows[3]["id"])
asking.ask(elko, "place_order", {{"reference": "W-9", "lines": [{{"sku": wanted, "quantity": 1}}]}}, by="admin")

shop = Vendor.objects.filter(callbacks__isnull=False).first()
callback = shop.callbacks.get(hook="events")
WebhookDelivery.objects.create(
    callback=callback, vendor=shop, event="order.update", flow="orders", external_id="7", external_ids=["7"],
    headers={{"X-Webhook-Entity": "order"}}, body=json.dumps({{"id": "7", "name": SCRIPT}}).encode(), digest="d",
    state="done", received_at=now,
)
zone = ShippingZone.objects.create(vendor=shop, name="Baltic", countries="LV, LT, EE")
ShippingRate.objects.create(vendor=shop, zone=zone, name="Courier", code="courier", price=5, currency="EUR")
AllowedNetwork.objects.create(network="198.51.100.0/24", vendor=shop, note="Their office", expires_at=now)
Group.objects.create(name="Buyers")
from integrations.models import AllowedNetwork, Blocked, Token
AllowedNetwork.objects.create(network="198.51.100.0/24", vendor=elryan, note="Their office", created_by="admin", changed_by="admin")
AllowedNetwork.objects.create(purpose="egress", network="203.0.113.20", vendor=elko, note="eCom, API Integration")
Blocked.objects.create(address="2001:db8::66", times=12, path="/admin/login/", first_at=now - timedelta(hours=2), last_at=now)
Token.objects.filter(vendor=elko).update(expires_at=now + timedelta(days=5))
"""


@dataclass
class Hub:
    """A running hub. `sign_in` is its admin's password; `ask` runs a line of Python on its database."""

    address: str
    simulators: str
    password: str = field(repr=False)
    environment: dict[str, str] = field(repr=False)

    def ask(self, line: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", line],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"The hub's shell failed:\n{done.stderr}")
        return done.stdout

    def fault(self, kind: str, **what: Any) -> None:
        import json

        self._control("POST", f"/{kind}/faults", json.dumps(what).encode())

    def clear(self, kind: str) -> None:
        self._control("DELETE", f"/{kind}/faults", b"{}")

    def _control(self, method: str, path: str, body: bytes) -> None:
        sent = urllib.request.Request(f"{self.simulators}/_sim{path}", body, method=method)
        urllib.request.urlopen(sent, timeout=30).close()


@contextmanager
def running(database: str = "", troubles: str = TROUBLES) -> Iterator[Hub]:
    """`manage.py demo` until it answers, on SQLite or this database, with the troubles in; ended by its own id.

    Its secrets hold the planted word, and what it leaves is searched for them. AssertionError says where one is.
    """
    with tempfile.TemporaryDirectory(prefix="crossdock-browser-", ignore_cleanup_errors=True) as folder:
        ours = ("DATABASE_URL", "TEST_SQLITE", "DJANGO_SETTINGS_MODULE", "CELERY_BROKER_URL", "SECRET_KEY", "HUB_KEYS")
        environment = {name: value for name, value in os.environ.items() if name not in ours} | {
            "HUB_VAR": folder, "HUB_DEMO": "1", "HUB_EGRESS_ADDRESSES": "203.0.113.20,2001:db8::20",
            "HUB_SECOND_FACTOR": "off", "VENDOR_PRIVATE_HOSTS": "127.0.0.1,localhost", "C_FORCE_ROOT": "1",
            "LOG_LEVEL": "INFO", "PYTHONUNBUFFERED": "1",
        } | planted.ENVIRONMENT  # fmt: skip
        if database:
            environment["DATABASE_URL"] = planted.with_password(database)
        said = Path(folder) / "demo.log"
        with said.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.browser.planted"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
            try:
                text = wait_for("Password", said, process)
            except BaseException:
                process.kill()
                raise
        try:
            found = {name: re.search(rf"{name}\s+(\S+)", text) for name in ("Open", "Password", "on")}
            address, password, simulators = (found[n].group(1) for n in ("Open", "Password", "on"))  # type: ignore[union-attr]
            hub = Hub(address.removesuffix("/admin/"), simulators, password, environment)
            if troubles:
                hub.ask(troubles.format(simulators=simulators, script=SCRIPT))
            yield hub
            told = planted.seen(process.pid)
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        told += planted.left(Path(folder), hub.password, said.name)
        if database:
            told += planted.dumped(database)
        assert told == [], "A planted secret was seen in\n  " + "\n  ".join(told)


def wait_for(word: str, said: Path, process: "subprocess.Popen[bytes]") -> str:
    """What the demo said until the word came; RuntimeError with its last lines when it ends or takes too long."""
    deadline = time.monotonic() + PATIENCE
    while True:
        text = said.read_text(errors="replace")
        if word in text:
            return text
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The demo did not come up. It said:\n{text[-3000:]}")
        time.sleep(0.2)
