"""Each command once as a process of its own: what stands on standard output, and the exit code a script sees."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integrations.service import services
from integrations.services.elko.simulator import Simulator
from integrations.simulator import Server

ROOT = Path(__file__).resolve().parents[2]
Shell = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    simulator = Simulator(seed="tiny")
    simulator.lift_limits()
    with Server(simulator):
        yield simulator


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A hub of its own in an empty folder, on SQLite."""
    return {
        **os.environ,
        "HUB_VAR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'hub.sqlite3'}",
        "VENDOR_PRIVATE_HOSTS": "127.0.0.1",
        "LOG_LEVEL": "WARNING",  # below it the audit log speaks on standard error
    }


@pytest.fixture
def shell(environment: dict[str, str]) -> Shell:
    def run(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            input=given, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=180, check=False,
        )  # fmt: skip

    assert run("migrate", "--verbosity", "0").returncode == 0
    return run


def test_a_shop_from_connecting_to_rotating_its_keys(shell: Shell, sim: Simulator, environment: dict[str, str]) -> None:
    given = sim.connections()[0]
    made = shell(
        "connect", "elko", "--slug", "shop", "--base-url", given["base_url"], "--secret", "token=-", given=f"{sim.token}\n"
    )  # fmt: skip
    assert (made.returncode, made.stderr) == (0, "")
    told = json.loads(shell("probe", "shop", "--json").stdout)
    assert told["ok"] is True
    assert shell("confirm", "shop", "invoices").returncode == 0
    row = sim.truth("products")[3]
    sim.change("products", row["id"], price="twelve")
    ran = shell("sync", "shop", "categories", "products", "--json")
    told = json.loads(ran.stdout)
    assert (ran.returncode, [run["state"] for run in told["runs"]]) == (3, ["ok", "partial"])
    assert ran.stdout.count("\n") == 1, "one object, and nothing else on standard output"
    sim.revoke_token()
    failed = shell("sync", "shop", "orders", "--json")
    assert (failed.returncode, json.loads(failed.stdout)["ok"]) == (1, False)
    wrong = shell("sync", "shop", "parcels", "--json")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "Traceback" not in failed.stderr + wrong.stderr
    assert shell("connect", "elko").returncode == 2
    assert re.match(r"\d+ due", shell("sweep").stdout)
    environment["HUB_KEYS"] = f"a-new-key-of-this-test,{environment['HUB_KEYS']}"
    rotated = shell("rotate_keys")
    assert (rotated.returncode, rotated.stdout) == (0, "1 secrets re-encrypted with the newest key.\n")
    for done in (made, ran, failed, wrong, rotated):
        assert str(sim.token) not in done.stdout + done.stderr


def test_the_sandbox_serves_every_vendor_until_it_is_told_to_stop(environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "sandbox", "--port", "0"],
        cwd=ROOT, env={**environment, "PYTHONUNBUFFERED": ""}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert "http://127.0.0.1:" in first
        for kind in services():
            assert any(f"/{kind}/" in line for line in iter(process.stdout.readline, "")), kind
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
