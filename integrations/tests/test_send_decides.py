"""Deciding by the command line: the same functions, guards and audit rows as the pages; the simulator's ledger is the witness."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from config.models import AuditEntry
from integrations import connecting
from integrations.commands import asking, switches
from integrations.models import Command, Vendor
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Server
from tests.faults.rig import connected

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def vendor(elryan: Any) -> Vendor:
    connected(elryan, "shop")
    Vendor.objects.update(writes="approve")
    return Vendor.objects.get()


def said(*words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and the one JSON object, as a script sees them."""
    out, code = StringIO(), 0
    try:
        call_command("send", *words, stdout=out)
    except SystemExit as end:
        code = int(end.code or 0)
    told: dict[str, Any] = json.loads(out.getvalue())
    return code, told


def pushed(sim: Any, stock: int = 4) -> str:
    return json.dumps({"items": [{"sku": sim.truth("variants")[0]["sku"], "stock": stock}]})


def wished(sim: Any, stock: int = 4) -> str:
    """The key of a command that waits for approval."""
    code, told = said("shop", "stock_and_price", "--json-body", pushed(sim, stock))
    assert (code, told["state"]) == (1, "awaiting_approval")
    assert f"send --approve {told['key']}" in told["error"]
    return str(told["key"])


def audited() -> list[tuple[str, str, str]]:
    return [*AuditEntry.objects.filter(kind="integrations.command").order_by("pk").values_list("who", "what", "said")]


def test_what_waits_is_listed_shown_and_approved_once(elryan, vendor):
    key = wished(elryan)
    code, told = said("--list", "awaiting")
    (row,) = told["commands"]
    assert (code, row["key"], row["request"]["path"]) == (0, key, "variants/stock-and-price")
    assert elryan.ledger.writes == 0
    code, told = said("--approve", key, "--seen", "0" * 64)
    assert (code, elryan.ledger.writes) == (1, 0)
    assert "Look at it again" in told["commands"][0]["wrong"]
    code, told = said("--approve", key, "--seen", row["seen"])
    assert (code, told["ok"], told["commands"][0]["state"], elryan.ledger.writes) == (0, True, "confirmed", 1)
    code, told = said("--approve", key)
    assert (code, told["ok"], elryan.ledger.writes) == (1, False, 1)
    assert "confirmed by now" in told["commands"][0]["wrong"]
    assert audited() == [("command line", "added", "Decided."), ("command line", "changed", "Approved.")]
    assert Command.objects.get().story[1]["by"] == "command line"


def test_what_would_go_differently_is_not_approved_unseen(elryan, vendor):
    key = wished(elryan)
    connecting.store_options(vendor, {"stock_and_price_path": "variants/other"})
    code, told = said("--approve", key)
    assert (code, elryan.ledger.writes, told["commands"][0]["state"]) == (1, 0, "awaiting_approval")
    assert "is “variants/other” now" in told["commands"][0]["wrong"]


def test_a_no_needs_a_reason_and_a_batch_goes_by_its_own_key(elryan, vendor):
    connecting.store_options(vendor, {"stock_chunk": 1})
    vendor.refresh_from_db()
    made = asking.ask(vendor, "stock_and_price", {"items": [{"sku": f"S-{place}", "stock": 1} for place in range(3)]})
    with pytest.raises(CommandError, match="Write down why") as wrong:
        said("--reject", made[0].key)
    assert wrong.value.returncode == 2
    code, told = said("--reject", made[0].key, "--reason", "wrong shop")
    assert (code, [row["state"] for row in told["commands"]]) == (0, ["cancelled"])
    code, told = said("--reject", made[0].batch, "--reason", "all of it")
    assert (code, [row["state"] for row in told["commands"]]) == (0, ["cancelled", "cancelled"])
    assert Command.objects.first().story[-1]["what"].startswith("rejected: ")  # type: ignore[union-attr]
    with pytest.raises(CommandError, match="no command, and no batch, with the key “nix”") as stranger:
        said("--approve", "nix")
    assert stranger.value.returncode == 2


def test_what_is_unknown_is_looked_up_confirmed_sent_again_or_given_up(elryan, vendor):
    Vendor.objects.update(writes="on")
    elryan.fault("drop", path="/variants/stock-and-price", times=4)
    keys = []
    for nth in range(4):
        body = json.dumps({"items": [{"sku": f"S-{nth}" if nth else elryan.truth("variants")[0]["sku"], "stock": 7}]})
        code, told = said("shop", "stock_and_price", "--json-body", body)
        assert (code, told["state"]) == (1, "unknown")
        keys.append(told["key"])
    assert [row["key"] for row in said("shop", "--list", "unknown")[1]["commands"]] == keys
    code, told = said("--look-up", keys[0])
    assert (code, told["commands"][0]["state"]) == (1, "unknown")
    assert told["commands"][0]["shown"]
    with pytest.raises(CommandError, match="--number"):
        said("--confirm", keys[1])
    code, told = said("--confirm", keys[1], "--number", "N-1")
    assert (code, told["commands"][0]["state"], told["commands"][0]["number"]) == (0, "confirmed", "N-1")
    code, told = said("--again", keys[0], "--reason", "seen in the portal")
    assert (code, told["commands"][0]["state"], elryan.ledger.writes) == (0, "confirmed", 1)
    code, told = said("--give-up", keys[2], "--reason", "sold out")
    assert (code, told["commands"][0]["state"]) == (0, "cancelled")
    assert [who for who, *_ in audited()] == ["command line"] * 8
    assert ("command line", "changed", "Sent again. seen in the portal") in audited()


def test_a_switch_holds_a_verb_and_lets_it_go_on(elryan, vendor):
    Vendor.objects.update(writes="on")
    code, told = said("shop", "stock_and_price", "--stop", "--reason", "stock count")
    assert (code, told) == (0, {"vendor": "shop", "verb": "stock_and_price", "stopped": True, "held": []})
    code, told = said("shop", "stock_and_price", "--json-body", pushed(elryan))
    assert (code, told["state"], told["error"]) == (1, "queued", "Stopped by command line: stock count.")
    (row,) = said("--list", "held")[1]["commands"]
    assert row["held"] == "Stopped by command line: stock count."
    with pytest.raises(CommandError, match="has no verb “fly”"):
        said("shop", "fly", "--stop")
    assert said("shop", "stock_and_price", "--resume")[1] == {
        "vendor": "shop", "verb": "stock_and_price", "stopped": False, "held": [],
    }  # fmt: skip
    assert said("--list", "held")[1]["commands"] == []
    switches = AuditEntry.objects.filter(kind="integrations.vendor", what="changed").values_list("who", "said")
    assert {*switches} >= {
        ("command line", "Switch stop stock_and_price. stock count"), ("command line", "Switch resume stock_and_price."),
    }  # fmt: skip


def test_a_verb_gets_a_mode_of_its_own(elryan, vendor):
    assert said("shop", "stock_and_price", "--mode", "off") == (
        0,
        {
            "vendor": "shop",
            "verb": "stock_and_price",
            "writes": "off",
            "before": switches.mode_of(vendor, "cancel_line"),
        },
    )
    code, told = said("shop", "stock_and_price", "--json-body", pushed(elryan))
    assert (code, told["state"], elryan.ledger.writes) == (1, "refused", 0)
    assert said("shop", "stock_and_price", "--mode", "connection")[1]["writes"] == switches.mode_of(
        vendor, "cancel_line"
    )
    entry = AuditEntry.objects.filter(kind="integrations.vendor", said="Switch mode stock_and_price.").earliest("id")
    assert (entry.who, entry.before, entry.after) == ("command line", {"writes": "approve"}, {"writes": "off"})
    with pytest.raises(CommandError, match="no verb"):
        said("shop", "fly", "--mode", "on")


def test_a_preview_stores_nothing(elryan, vendor):
    code, told = said("shop", "stock_and_price", "--preview", "--json-body", pushed(elryan))
    assert (code, told["commands"][0]["request"]["method"]) == (0, "POST")
    assert not Command.objects.exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [([], "Name a connection"), (["shop"], "Name a verb"), (["shop", "--stop", "--resume"], "not allowed with")],
)
def test_wrong_usage_says_what_is_lacking(vendor, words, why):
    with pytest.raises(CommandError, match=why):
        said(*words)


@pytest.mark.sqlite_only
def test_a_process_of_its_own_prints_one_object_and_its_exit_code(tmp_path):
    environment = {
        **os.environ, "HUB_VAR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path / 'hub.sqlite3'}",
        "VENDOR_PRIVATE_HOSTS": "127.0.0.1", "LOG_LEVEL": "WARNING",
    }  # fmt: skip

    def shell(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=180, check=False
        )

    with Server(sim := Elryan(seed="tiny")):
        given = sim.connections()[0]
        assert shell("migrate", "--verbosity", "0").returncode == 0
        secrets = [word for name, value in given["secrets"].items() for word in ("--secret", f"{name}={value}")]
        options = [word for name, value in given["options"].items() for word in ("--set", f"{name}={value}")]
        made = shell(
            "connect",
            "elryan",
            "--slug",
            "shop",
            "--base-url",
            given["base_url"],
            "--writes",
            "approve",
            *secrets,
            *options,
        )
        assert made.returncode == 0, made.stderr
        asked = shell("send", "shop", "stock_and_price", "--json-body", pushed(sim))
        assert (asked.returncode, asked.stdout.count("\n")) == (1, 1)
        done = shell("send", "--approve", json.loads(asked.stdout)["key"])
        assert (done.returncode, json.loads(done.stdout)["commands"][0]["state"], sim.ledger.writes) == (
            0,
            "confirmed",
            1,
        )
        assert shell("send", "--reject", "nix").returncode == 2
