"""The commands as an operator and a script use them: what they say, where they say it, and their exit codes."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from config.models import AuditEntry
from integrations import lease, sync, vault
from integrations.models import Schedule, SyncRun, Token, Trigger, Vendor
from integrations.services.elko.simulator import Simulator
from integrations.simulator import Server

pytestmark = pytest.mark.django_db
RUN = {
    "flow", "state", "seen", "created", "updated", "unchanged", "rejected", "gone", "held", "requests", "waited_s",
    "error",
}  # fmt: skip


@pytest.fixture
def sim(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    monkeypatch.setattr("integrations.http.client.FIRST_PAUSE", 0.01)
    simulator = Simulator(seed="tiny")
    simulator.lift_limits()
    with Server(simulator):
        yield simulator


@pytest.fixture
def shop(sim: Simulator) -> Vendor:
    address = sim.connections()[0]["base_url"]
    assert said("connect", "elko", "--slug", "shop", "--base-url", address, "--secret", f"token={sim.token}")[0] == 0
    return Vendor.objects.get(slug="shop")


def said(*words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error, as the shell would see them."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(*words, stdout=out, stderr=err)
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    except CommandError as error:
        code = error.returncode
        err.write(str(error))
    return code, out.getvalue(), err.getvalue()


# -- connect


def test_connect_makes_a_connection_that_only_reads(db: None) -> None:
    code, out, err = said(
        "connect", "elko", "--slug", "elko-lv", "--name", "ELKO Latvia", "--secret", "token=a-long-token-1234"
    )
    vendor = Vendor.objects.get()
    assert (code, err) == (0, "")
    assert "elko-lv" in out
    assert (vendor.name, vendor.base_url, vendor.writes) == ("ELKO Latvia", "https://api.elko.cloud/v3.0/api", "off")
    assert (vendor.options, vendor.environment, vendor.time_zone) == ({"layout": "eu"}, "production", "Europe/Riga")
    assert vault.secrets_of(vendor) == {"token": "a-long-token-1234"}
    assert set(vendor.schedules.values_list("flow", flat=True)) >= {"products", "orders"}
    assert "a-long-token-1234" not in out


def test_connect_updates_what_it_is_given_and_leaves_the_rest(db: None) -> None:
    said("connect", "elko", "--slug", "a", "--name", "One", "--set", "lang=EE", "--secret", "token=the-first-token-1")
    Vendor.objects.update(state="active")
    assert said("connect", "elko", "--slug", "a", "--writes", "approve", "--secret", "token=the-second-token-2")[0] == 0
    vendor = Vendor.objects.get()
    assert (vendor.name, vendor.writes, vendor.options["lang"], vendor.state) == ("One", "approve", "EE", "active")
    assert vault.secrets_of(vendor) == {"token": "the-second-token-2"}
    old, new = Token.objects.order_by("pk")
    assert (old.active, old.ciphertext, new.active) == (False, "", True)


def test_a_secret_comes_from_a_file_or_from_standard_input(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("from-a-file-1234\n")
    assert said("connect", "elko", "--slug", "a", "--secret", f"token=@{tmp_path / 'token'}")[0] == 0
    assert vault.secrets_of(Vendor.objects.get()) == {"token": "from-a-file-1234"}
    monkeypatch.setattr("sys.stdin", io.StringIO("from-a-pipe-1234\nnot this\n"))
    assert said("connect", "elko", "--slug", "a", "--secret", "token=-")[0] == 0
    assert vault.secrets_of(Vendor.objects.get()) == {"token": "from-a-pipe-1234"}


@pytest.mark.parametrize(
    ("kind", "words", "address", "environment"),
    [
        ("elko", ["--set", "layout=ua"], "https://uaapi.elko.cloud/v3.0", "production"),
        ("elko", ["--environment", "ua"], "https://uaapi.elko.cloud/v3.0", "production"),
        ("elryan", ["--environment", "staging"], "https://merchantstaging.elryan.com/api", "staging"),
        ("elryan", ["--environment", "sandbox"], "https://merchant.elryan.com/api", "sandbox"),
        ("elko", ["--base-url", "http://127.0.0.1:1/x", "--set", "layout=ua"], "http://127.0.0.1:1/x", "production"),
    ],
)
def test_presets_give_the_address(kind: str, words: list[str], address: str, environment: str) -> None:
    assert said("connect", kind, "--slug", "a", *words)[0] == 0
    vendor = Vendor.objects.get()
    assert (vendor.base_url, vendor.environment) == (address, environment)
    assert said("connect", kind, "--slug", "b")[0] == 0
    assert said("connect", kind, "--slug", "b", *words)[0] == 0
    other = Vendor.objects.get(slug="b")
    assert (other.base_url, other.environment) == (address, environment), "an existing one is moved as well"
    assert said("connect", kind, "--slug", "b", "--environment", environment)[0] == 0
    other.refresh_from_db()
    assert other.base_url == address, "and stays where it fits"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nokind", "--slug", "a"], "Known kinds: "),
        (["elko"], "--slug"),
        (["elko", "--slug", "My Shop!"], "“my-shop” would do"),
        (["elko", "--slug", "a", "--set", "nope=1"], "has no option “nope”. Its options: layout"),
        (["elko", "--slug", "a", "--set", "layout"], "“layout” has no value"),
        (["elko", "--slug", "a", "--set", "layout=fr"], "Choices: eu, ua"),
        (["elko", "--slug", "a", "--set", "batch=many"], "must be a int"),
        (["elko", "--slug", "a", "--set", "esd=maybe"], "must be a bool"),
        (["elko", "--slug", "a", "--secret", "key=abc"], "--secret names a secret of elko: token=…"),
        (["elko", "--slug", "a", "--secret", "token"], "--secret names a secret of elko: token=…"),
        (["elko", "--slug", "a", "--secret", "token="], "is empty"),
        (["elko", "--slug", "a", "--secret", "token=@/no/such/file"], "cannot be read: No such file"),
        (["elko", "--slug", "a", "--writes", "maybe"], "--writes"),
        (["elko", "--slug", "a", "--environment", "moon"], "Choices: eu, ua, production"),
        (["elko", "--slug", "a", "--base-url", "api.elko.cloud"], "is no address"),
        (["elko", "--slug", "a", "--base-url", "ftp://api.elko.cloud/"], "is no address"),
    ],
)
def test_connect_refuses_what_is_wrong_by_its_name_and_changes_nothing(words: list[str], told: str) -> None:
    code, out, err = said("connect", *words)
    assert (code in (1, 2), out) == (True, ""), "argparse itself counts as 1 inside a process, as 2 from a shell"
    assert told in err
    assert not Vendor.objects.exists()
    assert not Token.objects.exists()


def test_a_slug_belongs_to_one_kind(db: None) -> None:
    said("connect", "elko", "--slug", "a")
    code, _, err = said("connect", "elryan", "--slug", "a")
    assert (code, "is a connection of kind elko" in err) == (2, True)


# -- confirm, probe


def test_confirm_switches_an_unproven_flow_on(shop: Vendor) -> None:
    assert not shop.schedules.get(flow="invoices").enabled
    code, out, _ = said("confirm", "shop", "invoices")
    assert (code, "invoices" in out) == (0, True)
    assert shop.schedules.get(flow="invoices").enabled
    assert Schedule.objects.get(vendor=shop, flow="invoices").due_at is not None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["confirm", "nowhere", "invoices"], "There is no connection “nowhere”. Connections: shop"),
        (["confirm", "shop", "parcels"], "has no flow “parcels”. Its flows: categories"),
        (["probe", "nowhere"], "There is no connection “nowhere”"),
        (["sync", "nowhere"], "There is no connection “nowhere”"),
        (["sync", "shop", "parcels"], "has no flow “parcels”"),
        (["sync", "shop", "products", "parcels", "--json"], "has no flow “parcels”"),
    ],
)
def test_wrong_names_are_wrong_usage(shop: Vendor, words: list[str], told: str) -> None:
    code, out, err = said(*words)
    assert (code, out) == (2, "")
    assert told in err
    assert not SyncRun.objects.exists()


def test_probe_says_how_it_is(shop: Vendor, sim: Simulator) -> None:
    code, out, _ = said("probe", "shop", "--json")
    told = json.loads(out)
    assert (code, set(told)) == (0, {"vendor", "ok", "cause", "message", "cure"})
    assert (told["vendor"], told["ok"], told["cause"]) == ("shop", True, None)
    assert "ELKO answers" in said("probe", "shop")[1]
    sim.revoke_token()
    code, out, _ = said("probe", "shop", "--json")
    told = json.loads(out)
    assert (code, told["ok"], told["cause"]) == (1, False, "token")
    assert told["message"]
    assert told["cure"]
    code, out, _ = said("probe", "shop")
    assert (code, "Cure:" in out) == (1, True)


# -- sync


def synced(*words: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = said("sync", "shop", *words, "--json")
    told: dict[str, Any] = json.loads(out)
    assert set(told) == {"vendor", "ok", "runs"}
    assert told["vendor"] == "shop"
    assert told["ok"] is (code == 0)
    return code, told


def test_sync_runs_what_is_on_or_what_is_named(shop: Vendor) -> None:
    code, told = synced()
    on = list(shop.schedules.filter(enabled=True).values_list("flow", flat=True))
    assert (code, sorted(run["flow"] for run in told["runs"])) == (0, sorted(on))
    assert all(set(run) == RUN and run["error"] is None for run in told["runs"])
    code, told = synced("invoices", "products")
    assert (code, [run["flow"] for run in told["runs"]]) == (0, ["invoices", "products"]), "named ones run though off"
    assert [run["created"] for run in told["runs"]] == [1, 0]
    assert SyncRun.objects.filter(trigger=Trigger.COMMAND_LINE).count() == SyncRun.objects.count()
    plain = said("sync", "shop", "products")[1]
    assert "11 seen" in plain


def test_full_compares_values_and_repairs(shop: Vendor) -> None:
    from catalog.models import Product

    synced("products")
    Product.objects.filter(external_id="1400009").update(name="somebody else's")
    assert synced("products")[1]["runs"][0]["updated"] == 0
    code, told = synced("products", "--full")
    assert (code, told["runs"][0]["updated"], told["runs"][0]["seen"]) == (0, 1, 11)


def test_exit_codes_tell_partial_failed_held_and_busy_apart(shop: Vendor, sim: Simulator) -> None:
    row = sim.truth("products")[3]
    sim.change("products", row["id"], price="twelve")
    code, told = synced("products")
    assert (code, told["runs"][0]["state"], told["runs"][0]["rejected"]) == (3, "partial", 1)
    sim.change("products", row["id"], price=row["price"])
    assert synced("products")[0] == 0
    sim.fault("empty_list", "/Catalog/Products")
    code, told = synced("products")
    assert (code, told["runs"][0]["state"]) == (1, "held")
    sim.clear_faults()
    sim.fault("status", "/Catalog/Products", code=400, body="no such filter")
    code, told = synced("products", "orders")
    assert (code, [run["state"] for run in told["runs"]]) == (1, ["failed", "ok"]), "the flows behind it still run"
    assert "no such filter" in told["runs"][0]["error"]
    sim.clear_faults()
    other = lease.claim(sync.schedule_of(shop, "products"), trigger=Trigger.SCHEDULE)
    assert other is not None
    code, told = synced("products")
    assert (code, told["runs"][0]["state"]) == (1, "running")
    assert "Another process" in told["runs"][0]["error"]


def test_what_is_changed_from_a_terminal_is_in_the_audit_log_without_its_secrets(shop: Vendor, settings: Any) -> None:
    words = ("connect", "elko", "--slug", "shop", "--base-url", "https://other.example/v1", "--writes", "approve")
    assert said(*words, "--secret", "token=planted-long-token")[0] == 0
    settings.HUB_KEYS = ["the-new-key", *settings.HUB_KEYS]
    assert said("rotate_keys")[0] == 0
    rotated, changed = AuditEntry.objects.order_by("-pk")[:2]
    assert changed.before == {"base_url": shop.base_url, "writes": "off"}
    assert changed.after == {"base_url": "https://other.example/v1", "writes": "approve"}
    assert (changed.who, changed.said) == ("command line", "Set the secrets token.")
    assert (rotated.what, rotated.said) == ("rotated keys", "1 secrets re-encrypted with the newest key.")


# -- sweep, rotate_keys


def test_sweep_says_what_it_found(shop: Vendor) -> None:
    Schedule.objects.filter(vendor=shop).update(due_at=timezone.now() + timedelta(days=1))
    Schedule.objects.filter(vendor=shop, flow="products").update(due_at=timezone.now())
    code, out, _ = said("sweep")
    assert (code, out.startswith("1 due, 0 left lying")) == (0, True)


def test_rotate_keys_uses_the_newest_and_says_what_cannot_be_read(shop: Vendor, settings: Any) -> None:
    old = settings.HUB_KEYS
    settings.HUB_KEYS = ["the-new-key", *old]
    assert said("rotate_keys")[:2] == (0, "1 secrets re-encrypted with the newest key.\n")
    assert said("rotate_keys")[1].startswith("0 secrets")
    settings.HUB_KEYS = ["the-new-key"]
    assert vault.secrets_of(shop)
    settings.HUB_KEYS = ["a-wrong-key"]
    code, _, err = said("rotate_keys")
    assert (code, "could not be read" in err) == (1, True)
    settings.HUB_KEYS = []
    assert said("connect", "elko", "--slug", "b", "--secret", "token=a-long-token-1234")[0] == 1
