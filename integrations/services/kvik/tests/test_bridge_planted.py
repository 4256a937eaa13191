"""The bridge's password is planted, as every vendor's secrets are: nothing that comes of it tells it, well or badly.

It holds the word the whole suite is watched for (`tests/secrets_watch.py`): rows, logs, pages, files, errors, mails, what commands
say. A real MariaDB where all is well and where it refuses; an impostor for a server that knows the password and says it back.
"""

import html
import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from integrations import circuit, connecting, connection, mysql, sync, trial, vault
from integrations.errors import VendorError
from integrations.models import ApiCall, Reject, SyncRun, Token, Trigger, Vendor
from integrations.services.kvik.simulator import Simulator
from integrations.services.kvik.tests.bridges import PASSWORD, Table, options_of, order
from integrations.services.kvik.tests.impostor import CLEAR, DIALOG, Impostor, refusal, rows
from integrations.services.kvik.tests.test_try import filled
from integrations.simulator.echo import SPELLED
from orders.models import Order
from tests import servers
from tests.secrets_watch import WORD, watch
from tests.servers import MariaDB
from tests.visiting import newest_rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("mariadb")]
WRONG = f"yesterday-{WORD}"
ALTER, EVENTS = "ALTER USER reader", "ALTER TABLE events"
# What the server's owner may get wrong, or the server itself: statements before, and after.
TROUBLES: dict[str, tuple[str, str]] = {
    "the password was changed there": (f"{ALTER} IDENTIFIED BY '{PASSWORD}-new'", f"{ALTER} IDENTIFIED BY '{PASSWORD}'"),
    "the account is locked": (f"{ALTER} ACCOUNT LOCK", f"{ALTER} ACCOUNT UNLOCK"),
    "the right is gone": ("REVOKE SELECT ON bridge.events FROM reader", "GRANT SELECT ON bridge.events TO reader"),
    "the table is gone": ("RENAME TABLE events TO later", "RENAME TABLE later TO events"),
    "a column is gone": (f"{EVENTS} CHANGE xml obsah MEDIUMTEXT", f"{EVENTS} CHANGE obsah xml MEDIUMTEXT"),
    "no letters but bytes": (f"{EVENTS} MODIFY xml LONGBLOB", f"{EVENTS} MODIFY xml MEDIUMTEXT"),
}  # fmt: skip


def ran(vendor: Vendor) -> SyncRun:
    """One whole run, whatever stopped an earlier one."""
    circuit.worked(vendor)
    Vendor.objects.filter(pk=vendor.pk).update(state="active", blocked_until=None, failed_runs=0)
    vendor = Vendor.objects.get(pk=vendor.pk)
    done = sync.run(vendor, "orders", Trigger.COMMAND_LINE, mode=SyncRun.Mode.FULL, slice_seconds=None)
    assert done is not None
    return done


def asked_every_way(vendor: Vendor, client: Client) -> SyncRun:
    """By a run, a test, a trial, on pages and by commands; all they say is looked at."""
    done = ran(vendor)
    watch.see("a verdict", f"{connection.probe(vendor)!r}")
    watch.see("a trial", repr(trial.try_flow(vendor, "orders", {})))
    for name in ("test", "tokens"):
        client.post(reverse(f"admin:integrations_vendor_{name}", args=[vendor.pk]), follow=True)
    page = reverse("admin:integrations_vendor_try", args=[vendor.pk, "orders"])
    assert client.post(page, {**filled(client.get(page).context["form"]), "do": "try"}).status_code == 200
    for line in ("probe shop", "probe shop --json", "sync shop --json --full", "unknown --json"):
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            try:
                call_command(*line.split(), stdout=out, stderr=out)
            except (CommandError, SystemExit) as ended:
                out.write(f"{ended!r} {ended}")
        watch.see(f"the command {line}", out.getvalue())
    return done


def looked_at(client: Client) -> None:
    """Each list, the newest row of each and its history, and the exports."""
    newest_rows(client, history=True)
    exported = client.get(reverse("admin:hub_auditentry_export"))
    watch.see_bytes("the audit log's export", b"".join(exported.streaming_content) if exported.streaming else exported.content)  # type: ignore[attr-defined] # fmt: skip


@pytest.fixture
def connected(server: MariaDB, table: Table, tiny: Simulator, admin_client: Client) -> Vendor:
    """By the form, over both sources, the password typed wrong the first time."""
    given = tiny.connections()[0]
    vendor = connecting.connect("kvik", "shop", base_url=given["base_url"], secrets=given["secrets"],
                                options={**given["options"], **options_of(server, orders_source="both")})  # fmt: skip
    connecting.confirm(vendor, ["orders"])
    page = reverse("admin:integrations_vendor_tokens", args=[vendor.pk])
    refused = admin_client.post(page, {"replace": "bridge_password", "bridge_password-value": WRONG})
    assert "Nothing was changed" in refused.content.decode()
    admin_client.post(page, {"replace": "bridge_password", "bridge_password-value": PASSWORD})
    assert vault.secrets_of(vendor)["bridge_password"] == PASSWORD
    return vendor


def test_no_flow_page_command_or_export_tells_the_password(
    connected: Vendor, table: Table, admin_client: Client
) -> None:
    table.put(order(901))
    done = asked_every_way(connected, admin_client)
    assert done.state == SyncRun.State.OK, done.error
    assert Order.objects.filter(external_id="901").exists()
    for trouble, (before, after) in TROUBLES.items():
        table.do(before)
        try:
            failed = asked_every_way(connected, admin_client)
            assert (failed.state == SyncRun.State.FAILED) == (trouble != "no letters but bytes"), f"{trouble}: {failed}"
        finally:
            table.do(after)
    table.put(order(902), at="2026-05-04 13:00:00")
    assert ran(connected).state == SyncRun.State.OK
    page = reverse("admin:integrations_vendor_tokens", args=[connected.pk])
    token = Token.objects.get(vendor=connected, name="bridge_password", active=True)
    admin_client.post(page, {"revoke": token.pk})
    assert ran(connected).error_kind == "needs_auth"
    looked_at(admin_client)


def test_a_password_in_the_rows_of_the_bridge_is_not_stored(
    connected: Vendor, table: Table, admin_client: Client
) -> None:
    """As text, as XML and JSON spell it, in a document that cannot be read, and as the name of a type or an element."""
    for key, written in enumerate(
        (PASSWORD, html.escape(PASSWORD), html.escape(PASSWORD, quote=False), json.dumps(PASSWORD))
    ):
        table.put(order(950 + key).replace("Ondřej Malý", written), at="2026-05-04 13:00:00")  # fmt: skip
    table.put(f"<order><id>{html.escape(PASSWORD)}")
    table.put("<payment/>", kind=PASSWORD)
    vendor = connected
    connecting.connect("kvik", "shop", options={**vendor.options, "bridge_types": "order"})
    done = asked_every_way(Vendor.objects.get(pk=vendor.pk), admin_client)
    assert done.state == SyncRun.State.PARTIAL, done.error
    assert "passed over: ***" in done.note
    assert "***" in Order.objects.get(external_id="950").buyer_name
    assert Reject.objects.exists()
    looked_at(admin_client)


def pointed_at(vendor: Vendor, port: int) -> Vendor:
    Vendor.objects.filter(pk=vendor.pk).update(
        options={**vendor.options, "orders_source": "bridge", "bridge_port": port}
    )
    return Vendor.objects.get(pk=vendor.pk)


@pytest.mark.parametrize("how", SPELLED)
def test_a_server_that_says_the_password_back_is_quoted_without_it(
    connected: Vendor, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """In place of a greeting, when it refuses, of the letters that are asked for, of a question, and as its own name."""
    monkeypatch.setattr(mysql, "READ", 5.0)
    told = SPELLED[how](PASSWORD)
    ways: dict[str, Callable[[], Impostor]] = {
        "too many": lambda: Impostor(first=refusal(1040, f"Too many connections of {told}")),
        "denied": lambda: Impostor(last=refusal(1045, f"Access denied (using password: {told})")),
        "letters": lambda: Impostor(answers={"SET NAMES": [refusal(1115, f"Unknown character set {told}")]}),
        "no such table": lambda: Impostor(answers={"SELECT": [refusal(1146, f"Table '{told}' doesn't exist")]}),
        "odd": lambda: Impostor(answers={"SELECT": [refusal(1064, f"An error near {told}")]}),
        "gone": lambda: Impostor(answers={"SELECT": [refusal(2006, f"{told} has gone away")]}),
        "no number": lambda: Impostor(version=told),
        "noise": lambda: Impostor(version=f"8.0 {told}", answers={"SELECT": [b"\xff"]}),
    }
    for way, made in ways.items():
        with made() as impostor:
            vendor = pointed_at(connected, impostor.port)
            done = ran(vendor)
            watch.see("a verdict", f"{connection.probe(vendor)!r}")
            watch.see("a trial", repr(trial.try_flow(vendor, "orders", {})))
        assert done.state == SyncRun.State.FAILED, way
        assert done.error_kind in ("wait", "refused", "needs_auth", "bad_payload"), f"{way}: {done.error}"
        assert impostor.got or way in ("too many", "no number"), way
    assert ApiCall.objects.filter(error_kind="refused").exists()
    with Impostor(version=f"8.0 {told}", answers={"SELECT MAX": rows("7"), "SELECT": rows()}) as impostor:
        verdict = connection.probe(pointed_at(connected, impostor.port))
        watch.see("a verdict", f"{verdict!r}")
    assert verdict.facts["bridge"].endswith("newest row 7"), verdict


@pytest.mark.parametrize("asks", [CLEAR, DIALOG])
def test_over_a_plain_line_nobody_is_told_the_password(asks: bytes) -> None:
    with Impostor(asks=asks) as impostor:
        place = mysql.Place("127.0.0.1", impostor.port, "bridge", "reader", PASSWORD, plain=True)
        with pytest.raises(VendorError, match="asks for the password in plain words"), mysql.reading(place):
            pass
    assert b"reader" in impostor.got
    assert PASSWORD.encode() not in impostor.got


def test_a_password_of_any_letters_signs_in(server: MariaDB, table: Table) -> None:
    """The driver takes Latin letters alone, and names the first other one and its place."""
    word = f"Žluťoučký-{WORD}"
    table.do("ALTER USER reader IDENTIFIED BY %s", word)
    place = mysql.Place(server.host, server.port, server.database, "reader", word, plain=True)
    with mysql.reading(place) as reading:
        assert reading.query("SELECT COUNT(*) FROM events") == [(0,)]


def test_nothing_that_is_down_is_told_the_password(connected: Vendor, admin_client: Client) -> None:
    done = asked_every_way(pointed_at(connected, servers.free_port()), admin_client)
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "wait")
    assert quote(PASSWORD, safe="") not in done.error
