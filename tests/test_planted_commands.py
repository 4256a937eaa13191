"""Every management command and every task there is: what it says, logs and leaves, when all is well and when nothing is.

They are found by listing, so a new one without a case here fails. Secrets hold the word the whole suite is watched for.
"""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from config.celery import app
from integrations import asking, connecting, sync, tasks, vault
from integrations.commands import asking as deciding
from integrations.models import Callback, Command, SyncRun, Token, Trigger, Vendor
from integrations.services.api2cart.simulator import Simulator as Shop
from integrations.services.elryan.simulator import Simulator
from integrations.simulator import Server
from tests.second_factor import Phone
from tests.secrets_watch import WORD, Watch, spellings, watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.sqlite_only]
ROOT = Path(__file__).resolve().parent.parent
# One to three lines for each command; {…} is filled in by the test. `demo` and `sandbox` start processes: their cases are below.
CASES: dict[str, tuple[str, ...]] = {
    "allow_ip": ("198.51.100.7 --note office", "{secret}", "198.51.100.8 --hours 2"),
    "confirm": ("shop cancel_line", "shop {word}", "nobody x"),
    "connect": (
        "elryan --slug other --base-url {url} --secret token={secret} --secret password=@{file}",
        "elryan --slug other --secret token=-",
        "elryan --slug other --secret {secret}",
        "elryan --slug other --secret {secret}=",
        "elryan --slug other --secret token=@{file}.not",
        "elryan --slug other --secret token= --writes approve",
    ),
    "demo": (),
    "probe": ("shop", "shop --json", "nobody"),
    "rotate_keys": ("",),
    "sandbox": (),
    "second_factor": ("phone --remove", "phone --remove", "nobody --remove"),
    "send": (
        'shop cancel_line --json-body {{"line":"1","reason":"out_of_stock"}}',
        "shop cancel_line --json-body @{file}",
        "shop cancel_line --json-body {secret}",
        "shop nothing",
    ),
    "sweep": ("",),
    "sync": ("shop", "shop --json --full", "shop {word}"),
    "unknown": ("", "--json --look-up"),
    "verify_audit": ("", "--end 1:{word}"),
}
TROUBLES: dict[str, tuple[str, dict[str, Any]]] = {
    "well": ("", {}),
    "refused": ("echo", {"code": 401, "place": "headers"}),
    "down": ("echo", {"code": 500, "how": "html"}),
    "odd": ("echo", {"code": 200, "place": "broken"}),
}
UNKEYED = "a key that none of them was sealed with"


def listed() -> set[str]:
    return {file.stem for file in ROOT.glob("*/management/commands/*.py")} - {"__init__"}


def test_every_command_has_a_case() -> None:
    assert set(CASES) == listed()


@pytest.fixture
def elryan(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    monkeypatch.setattr("integrations.http.client.TRIES", 1)
    simulator = Simulator(seed="tiny")
    with Server(simulator):
        yield simulator


@pytest.fixture
def shop(elryan: Simulator) -> Vendor:
    given = elryan.connections()[0]
    vendor = connecting.connect(
        "elryan", "shop", base_url=given["base_url"], options=given["options"], secrets=given["secrets"], writes="on"
    )
    sync.run(vendor, "orders", Trigger.COMMAND_LINE, slice_seconds=None)
    return vendor


def said(line: str, given: str = "") -> str:
    out, before = io.StringIO(), sys.stdin
    sys.stdin = io.StringIO(given)
    try:
        call_command(*line.split(), stdout=out, stderr=out)
    except (CommandError, SystemExit) as ended:
        out.write(f"{ended!r} {ended}")
    finally:
        sys.stdin = before
    watch.see(f"the command {line.split()[0]}", out.getvalue())
    return out.getvalue()


@pytest.mark.parametrize("trouble", TROUBLES)
def test_commands_tell_no_secret(
    elryan: Simulator, shop: Vendor, trouble: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{elryan.password}\n")
    known = Phone(User.objects.create_superuser("phone", password=f"phone-{WORD}"))
    filling = {"secret": f"argument-{WORD}", "word": "something", "file": file, "url": shop.base_url}
    if fault := TROUBLES[trouble][0]:
        elryan.fault(fault, **TROUBLES[trouble][1])
    spoken = ""
    for command, lines in CASES.items():
        for line in lines:
            spoken += said(f"{command} {line.format(**filling)}", given=f"stdin-{WORD}\n")
    looked = Watch(
        spellings=(*spellings(known.recovery), known.seed.hex(), *[code.replace("-", "") for code in known.recovery])
    )
    looked.see("second_factor", spoken)
    assert looked.take() == []
    assert len(spoken) > 1000, "they say something"
    assert vault.secrets_of(Vendor.objects.get(slug="other"))["token"] == f"stdin-{WORD}"
    told = capfd.readouterr()
    watch.see("standard output", told.out + told.err)


def test_commands_without_the_keys_tell_no_secret(shop: Vendor, settings: Any) -> None:
    settings.HUB_KEYS = [UNKEYED]
    for command, lines in CASES.items():
        for line in lines:
            answer = said(f"{command} {line.format(secret=f'a-{WORD}', word='x', file='/none', url=shop.base_url)}")
            assert UNKEYED not in answer, command


# -- tasks

GIVEN = {
    "continue_run": lambda: SyncRun.objects.filter(state="queued").values_list("pk"),
    "run_due": lambda: [(vendor.pk, "orders") for vendor in Vendor.objects.all()],
    "send_command": lambda: Command.objects.values_list("pk"),
    "look_up_command": lambda: Command.objects.values_list("pk"),
    "read_news": lambda: Vendor.objects.values_list("pk"),
    "tend_hook": lambda: Callback.objects.values_list("pk"),
    "sweep": lambda: [()],
}


def test_every_task_has_a_case() -> None:
    assert {name.rpartition(".")[2] for name in app.tasks if name.startswith("integrations.")} == set(GIVEN)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_tasks_leave_no_secret_in_results_messages_or_errors(
    elryan: Simulator, shop: Vendor, trouble: str, settings: Any
) -> None:
    """Eagerly, so that whatever a worker would report is at hand; what they publish lies in the queue's folder, which is watched."""
    settings.HUB_PUBLIC_URL = "https://hub.example"
    with Server(Shop(seed="tiny")) as served:
        simulator: Any = served.simulators["api2cart"]
        given = simulator.connections()[0]
        store = connecting.connect("api2cart", "store", base_url=given["base_url"], options=given["options"],
                                   secrets=given["secrets"], writes="on")  # fmt: skip
        Callback.objects.update(active=True, tend_at="2026-01-01T00:00:00Z")
        asking.ask(shop, "brands")
        asking.ask(store, "products")
        deciding.ask(shop, "cancel_line", {"line": "1", "reason": "out_of_stock"}, by="ann")
        for one in (elryan, simulator):
            if fault := TROUBLES[trouble][0]:
                one.fault(fault, **TROUBLES[trouble][1])
        for name, rows in GIVEN.items():
            for arguments in list(rows()):
                done = getattr(tasks, name).apply(args=arguments)
                watch.see(f"the task {name}", f"{done.result!r} {done.traceback} {done.args!r}")
                assert done.state == "SUCCESS", f"{name}: {done.traceback}"
    assert list((settings.QUEUE / "messages").iterdir()), "something was published, and is looked at"


def test_a_task_that_breaks_reports_no_secret(shop: Vendor, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """By a mistake of ours with a token in its hands: neither the log nor the result has it."""
    settings.HUB_KEYS = [UNKEYED]
    Token.objects.update(ciphertext=f"v1:{'A' * 40}")
    asking.ask(shop, "brands")
    for name, rows in GIVEN.items():
        for arguments in list(rows()):
            done = getattr(tasks, name).apply(args=arguments)
            watch.see(f"the task {name}", f"{done.result!r} {done.traceback}")


# -- processes


def test_the_sandbox_and_the_demo_say_nothing_of_the_environment(tmp_path: Path) -> None:
    """The sandbox tells its own invented credentials, and a demo where nothing can be reached tells why."""
    signing, sealing = (f"{name}-{WORD}" for name in ("signing", "sealing"))
    planted = {
        "SECRET_KEY": signing * 2, "HUB_KEYS": sealing, "HUB_VAR": str(tmp_path), "HUB_DEMO": "1",
        "DATABASE_URL": "postgresql://hub:Pl4nt3d-database-9xQ@127.0.0.1:1/hub?connect_timeout=2",
        "CELERY_BROKER_URL": "redis://hub:Pl4nt3d-broker-9xQ@127.0.0.1:1/0", "EMAIL_URL": "smtp+tls://hub:Pl4nt3d-mail-9xQ@127.0.0.1:1",
        "LOG_LEVEL": "DEBUG",
    }  # fmt: skip
    environment = {
        name: value for name, value in os.environ.items() if name not in ("TEST_SQLITE", "PYTEST_CURRENT_TEST")
    } | planted
    looked = Watch(
        spellings=(*spellings(("Pl4nt3d-database-9xQ", "Pl4nt3d-broker-9xQ", "Pl4nt3d-mail-9xQ")), *spellings())
    )
    demo = subprocess.run([sys.executable, "manage.py", "demo", "--once"], cwd=ROOT, env=environment, capture_output=True, text=True,
                          timeout=120)  # fmt: skip
    assert demo.returncode != 0
    looked.see("the demo", demo.stdout + demo.stderr)
    sandbox = subprocess.Popen([sys.executable, "manage.py", "sandbox", "--port", "0"], cwd=ROOT, env=environment, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    assert sandbox.stdout is not None
    first = sandbox.stdout.readline()
    sandbox.send_signal(signal.SIGTERM)
    rest, _ = sandbox.communicate(timeout=30)
    assert "Simulators on" in first
    looked.see("the sandbox", first + rest)
    assert looked.take() == []
