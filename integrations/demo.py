"""Everything at once on simulators: the README's first command. Its data lives in a folder of its own."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command

from integrations import connecting, simulator, sync
from integrations.management.commands.sync import foreground, line
from integrations.models import SyncRun, Vendor
from integrations.service import service_class, services
from orders import words
from orders.models import Status, StatusWord

HOST = "127.0.0.1"


def environment() -> dict[str, str]:
    """The demo's own folder and permission to speak to simulators on loopback."""
    return {
        **os.environ,
        "HUB_VAR": str(settings.VAR / "demo"),
        "VENDOR_PRIVATE_HOSTS": "127.0.0.1,localhost",
        "HUB_DEMO": "1",
        "HUB_SECOND_FACTOR": os.environ.get("HUB_SECOND_FACTOR", "asked"),
        "C_FORCE_ROOT": "1",
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
    }


def listening(wanted: int) -> socket.socket:
    """A socket that listens on the wanted port, or on any free one when it is taken; two demos at once never get the same."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError):
            # Like the simulators' own: a demo that has just ended leaves its port waiting.
            return socket.create_server((HOST, port), backlog=128)
    raise OSError("no free port")


@contextmanager
def processes(logs: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Web, worker and beat, each with its log file; ended by their ids, gently first."""
    logs.mkdir(parents=True, exist_ok=True)
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        yield running
    finally:
        for process in running.values():
            process.send_signal(signal.SIGTERM)
        for process in running.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def start(
    running: dict[str, subprocess.Popen[bytes]], logs: Path, name: str, *command: str, pass_fds: Sequence[int] = ()
) -> None:
    with (logs / f"{name}.log").open("ab") as log:
        running[name] = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=settings.BASE_DIR, stdout=log, stderr=log, stdin=subprocess.DEVNULL, pass_fds=pass_fds,
        )  # fmt: skip


def served() -> simulator.Server:
    """Every vendor's simulator, on the port the documents name or on any free one."""
    try:
        return simulator.server(8100)
    except OSError:
        return simulator.server(0)


def password_for(name: str) -> str:
    """Make the demo's admin, or give an existing one a new password; shown once on the terminal."""
    users = get_user_model()
    word = secrets.token_urlsafe(9)
    user, _ = users.objects.get_or_create(username=name, defaults={"is_staff": True, "is_superuser": True})
    user.set_password(word)
    user.save()
    return word


def connect_all(server: Any) -> list[Vendor]:
    """One connection of each kind to its simulator, what is unproven confirmed: the simulators answer it. Writes wait for approval."""
    vendors = []
    for kind in services():
        given = server.simulators[kind].connections()[0]
        vendor = connecting.connect(
            kind,
            f"demo-{kind}",
            name=f"{service_class(kind).label} (demo)",
            base_url=given["base_url"],
            environment="sandbox",
            writes=Vendor.Writes.APPROVE,
            options=given["options"],
            secrets={name: value for name, value in given["secrets"].items() if name != "password"},
        )
        vendors.append(vendor)
        unproven = [name for name, flow in service_class(kind).flows.items() if not flow.proven]
        unproven += [name for name, verb in service_class(kind).verbs.items() if not verb.proven]
        unproven += [lookup.name for lookup in service_class(kind).lookups if not lookup.proven]
        if unproven:
            connecting.confirm(vendor, unproven)
    return vendors


def run(*, once: bool, say: Any) -> int:
    """Run the demo; returns the exit code. With `once` it ends after the first sync."""
    say("Preparing the database …")
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    logs = settings.VAR / "logs"
    with served() as server, listening(8000) as door, processes(logs) as running:
        say(f"Simulators of {', '.join(service_class(k).label for k in services())} on {server.root}")
        web, fd = door.getsockname()[1], door.fileno()
        start(running, logs, "web", "gunicorn", "config.wsgi", "--bind", f"fd://{fd}", "--threads", "4", pass_fds=[fd])
        vendors = connect_all(server)
        runs = first_sync(vendors, say)
        name_words()
        start(
            running, logs, "worker", "celery", "-A", "config", "worker", "-Q", "live,bulk", "-c", "2", "-l", "WARNING"
        )
        start(running, logs, "beat", "celery", "-A", "config", "beat", "-l", "WARNING")
        word = password_for("admin")
        bad = [r for r in runs if r is None or r.state not in (SyncRun.State.OK, SyncRun.State.PARTIAL)]
        say(f"\nOpen    http://{HOST}:{web}/admin/\nSign in admin\nPassword {word}\nLogs    {logs}\n")
        time.sleep(2 if once else 0)
        dead = [name for name, process in running.items() if process.poll() is not None]
        if dead:
            say(f"These stopped at once: {', '.join(dead)}. Their logs in {logs} say why.")
        if once:
            say(f"{len(runs) - len(bad)} of {len(runs)} flows came in well.")
            return 1 if bad or dead else 0
        say("Ctrl-C ends everything.")
        wait(running, say)
    return 0


def first_sync(vendors: list[Vendor], say: Any) -> list[SyncRun | None]:
    runs: list[SyncRun | None] = []
    for vendor in vendors:
        for flow in service_class(vendor.kind).flows:
            if not sync.schedule_of(vendor, flow).enabled:
                continue
            done = foreground(vendor, flow)
            runs.append(done)
            say(line(done) if done else f"{vendor.slug} {flow}: another process is running it")
    return runs


def name_words() -> None:
    """What an operator does on the first day: a vendor's status word that is one of ours gets its meaning."""
    choices = StatusWord._meta.get_field("meaning").flatchoices
    ours = {str(label).casefold(): value for value, label in choices}
    for word in StatusWord.objects.filter(meaning=Status.UNKNOWN):
        meaning = ours.get(word.word.replace("_", " ").casefold())
        if meaning:
            word.meaning, word.set_by_operator = meaning, True
            word.save(update_fields=["meaning", "set_by_operator"])
            words.remap(word)


def wait(running: dict[str, subprocess.Popen[bytes]], say: Any) -> None:
    """Until Ctrl-C or SIGTERM; a process that ends is told."""
    stop: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda got, _frame: stop.append(got))
    told: set[str] = set()
    while not stop:
        time.sleep(0.5)
        for name, process in running.items():
            if process.poll() is not None and name not in told:
                told.add(name)
                say(f"The {name} process ended with {process.returncode}; its log says why.")
    say("\nStopping …")
