"""P10: a flood of deliveries at an even pace: how long each waits for its answer, that each is stored once, and that polls still run.

The web process and the database are real and on this machine, and so is the caller, whose own work counts against us. A delivery's
time begins when it is due, not when a caller got round to sending it.
"""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from tests import servers
from tests.bench.result import Result, Scale, at_most
from tests.bench.webhooks_caller import ROWS, ask

ROOT = Path(__file__).resolve().parent.parent.parent
PER_MINUTE = 10_000
POLL = timedelta(seconds=5)


def measure(scale: Scale) -> Iterator[Result]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from integrations import asking, connecting, sweeping
    from integrations.models import Callback, Schedule, SyncRun, WebhookDelivery
    from integrations.service import services
    from integrations.tests import posting_kind
    from integrations.webhooks import addresses, reading

    call_command("migrate", verbosity=0)
    services()["posting"] = posting_kind.Posting
    events = int(PER_MINUTE * scale.seconds / 60)
    with posting_kind.shop() as shop:
        for number in range(ROWS):
            shop.put("orders", str(number), status="new")
        vendor = connecting.connect("posting", "flood", base_url=shop.url, secrets={"token": posting_kind.KEY})
        Callback.objects.update(active=True, mode="required")
        Schedule.objects.filter(vendor=vendor).update(enabled=False)
        Schedule.objects.filter(vendor=vendor, flow="orders").update(enabled=True, every=POLL, due_at=timezone.now())
        path = addresses.path_of(Callback.objects.select_related("vendor").get(hook="events"))
        over = threading.Event()

        def worker() -> None:
            while not over.is_set():
                reading.read(vendor.pk)
                for run in asking.next_ones():
                    sweeping.go_on(run.pk)
                sweeping.run_if_due(vendor.pk, "orders")
                over.wait(0.5)

        with web() as port:
            thread = threading.Thread(target=worker)
            thread.start()
            try:
                waits, refused, lasted = called(port, path, events, scale.seconds)
            finally:
                over.set()
                thread.join(120)
        polls = SyncRun.objects.filter(trigger="schedule", state="ok").count()
        stored = WebhookDelivery.objects.count()
    waits.sort()
    p50, p99, last = (waits[min(len(waits) - 1, int(len(waits) * part))] for part in (0.5, 0.99, 1.0))
    yield at_most(
        "P10", f"{events:,} deliveries in {lasted:.0f} s: from due to answered, p99", p99 / 0.1, 1.0,
        ours=f"{p99 * 1000:.0f} ms", other="100 ms", note=f"median {p50 * 1000:.0f} ms, longest {last * 1000:.0f} ms",
    )  # fmt: skip
    once = stored == events and not refused
    yield Result(
        "P10", "Deliveries stored, each once", f"{stored:,}", f"{events:,} sent", wanted="all", met=once,
        note=f"{refused:,} not answered with 200" if refused else "",
    )  # fmt: skip
    due = int(lasted / POLL.total_seconds())
    yield Result(
        "P10", "Scheduled polls that ran meanwhile", f"{polls}", f"{due} due", wanted="half", met=polls * 2 >= due
    )


@contextmanager
def web() -> Iterator[int]:
    """gunicorn on the bench's database; its port."""
    port = servers.free_port()
    command = ("gunicorn", "tests.faults.posting_wsgi:application", "--bind", f"127.0.0.1:{port}", "--workers", "3")
    with subprocess.Popen(
        [sys.executable, "-m", *command, "--log-level", "error"], cwd=ROOT, env=os.environ
    ) as process:
        try:
            for _ in range(300):
                with suppress(OSError, http.client.HTTPException):
                    if ask(port, "GET", "/healthz", b"", {}) == 200:
                        break
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()


def called(port: int, path: str, events: int, seconds: float) -> tuple[list[float], int, float]:
    """What the caller's process measured."""
    command = [sys.executable, "-m", "tests.bench.webhooks_caller", str(port), path, str(events), str(seconds)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    waits, refused, lasted = json.loads(done.stdout)
    return waits, refused, lasted
