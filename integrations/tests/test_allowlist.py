"""Who may reach the admin from where; how one gets back in; and that nobody can pretend to be somewhere else."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from config.addresses import client_address, ends, normal, unreadable
from integrations import allowlist, blocking
from integrations.models import AllowedNetwork, Blocked

ADD, LIST = "/admin/integrations/allowednetwork/add/", "/admin/integrations/allowednetwork/"
LISTED, OTHER = "203.0.113.9", "198.51.100.66"
# Our own proxies, from the outermost to the one that calls the hub.
CHAIN = ["192.0.2.1", "10.0.0.2", "10.0.0.3"]


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    allowlist.forget()
    blocking.brake.__init__()  # type: ignore[misc]


def entry(network: str, **more: Any) -> AllowedNetwork:
    return AllowedNetwork.objects.create(purpose="admin", network=network, **more)


# -- forged headers: each in front of what our own proxies write

FORGED = [
    "", LISTED, f"{LISTED}, {LISTED}", ", ".join([LISTED] * 300), f"{LISTED}:4711", f"[{LISTED}]", f"::ffff:{LISTED}",
    f"[::ffff:{LISTED}]:80", "127.0.0.1", "::1", "localhost", "10.0.0.3", "10.0.0.2, 10.0.0.3", ", ".join(CHAIN),
    f"{LISTED}, " + ", ".join(CHAIN), "unknown", "_hidden", "unix", "unix:", ",", ",,,", " , ", f",{LISTED},", f"{LISTED};",
    f'"{LISTED}"', f"for={LISTED}", f"for={LISTED};proto=https;by={CHAIN[0]}", f'for="[2001:db8::1]:4711", for={LISTED}',
    f"{LISTED}\t", f"\t{LISTED}", f"{LISTED}\r\nX-Forwarded-For: {LISTED}", f"{LISTED}\x00", f"{LISTED}%eth0", f"{LISTED}%00",
    "２０３.0.113.9", "203.0.113", "3405803785", "0xcb007109", "0313.0.0161.011", "203.000.113.009", "fe80::1%eth0", "%", "[", "]", "[]",
    "[::1", "::1]", ":::", ":", "-", "*", "0.0.0.0", "::", "0.0.0.0/0", "null", "undefined", "${jndi:ldap://x}", "' OR 1=1 --",
    "<script>", "../../", "a" * 60_000, "é", "\ud7ff", f"{LISTED} {LISTED}", f"{LISTED}|{LISTED}",
]  # fmt: skip


@pytest.mark.parametrize("proxies", [0, 1, 2, 3])
@pytest.mark.parametrize("forged", FORGED, ids=range(len(FORGED)))
def test_no_forged_header_makes_a_caller_somebody_else(forged: str, proxies: int) -> None:
    names = CHAIN[len(CHAIN) - proxies :]
    for client in (OTHER, "2001:db8::66", "10.9.9.9"):
        if proxies == 0:
            remote, header = client, forged
        else:  # the outermost proxy writes whom it saw behind what came, each next one writes the one before
            remote = names[-1]
            header = ", ".join(filter(None, [forged, client, *names[:-1]]))
        assert str(client_address(remote, header, names)) == client
        told = str(client_address(client, header, names))
        assert told == client, "past the proxies the header is not looked at"


@pytest.mark.parametrize("proxies", [1, 2, 3])
@pytest.mark.parametrize(
    "written", ["", "unknown", "garbage", "203.0.113.9:x", "[2001:db8::7]x", "203.0.113.9/24", "203.0.113.9, "]
)
def test_what_our_own_proxy_did_not_write_is_nobody(written: str, proxies: int) -> None:
    names = CHAIN[len(CHAIN) - proxies :]
    header = ", ".join(filter(None, [LISTED if written else "", written, *names[:-1]]))
    assert client_address(names[-1], header, names) is None


@pytest.mark.parametrize(
    ("written", "who"),
    [
        ("203.0.113.9", "203.0.113.9"), ("203.0.113.9:4711", "203.0.113.9"), ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"), ("::ffff:203.0.113.9", "203.0.113.9"), ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%eth0]:80", "fe80::1"), (" 203.0.113.9\t", "203.0.113.9"),
    ],
)  # fmt: skip
def test_every_spelling_a_proxy_uses_is_read(written: str, who: str) -> None:
    assert str(client_address("10.0.0.3", f"{LISTED}, {written}", ["10.0.0.3"])) == who
    assert str(client_address("", f"{LISTED}, {written}", ["unix"])) == who


def test_a_network_of_proxies_vouches_for_one_hop() -> None:
    """A client within the proxies' own network cannot pass for a second proxy."""
    inside, names = "10.7.7.7", ["10.0.0.0/8"]
    assert str(client_address("10.0.0.3", f"{LISTED}, {inside}", names)) == inside
    assert str(client_address("10.0.0.3", f"{OTHER}, {inside}", [*names, *names])) == OTHER, "two were named"
    assert str(client_address("127.0.0.1", OTHER, ["127.0.0.1", "::1"])) == OTHER
    assert str(client_address("::1", OTHER, ["127.0.0.1", "::1"])) == OTHER
    assert client_address("", OTHER, []) is None
    assert unreadable(["10.0.0.0/8", "unix", "1", " ", "proxy.example"]) == ["1", "proxy.example"]
    assert str(client_address(OTHER, LISTED, ["1", "proxy.example", ""])) == OTHER


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (" 192.0.2.7 ", "192.0.2.7"), ("192.0.2.7/32", "192.0.2.7"), ("192.0.2.9/24", "192.0.2.0/24"),
        ("192.0.2.0-192.0.2.255", "192.0.2.0/24"), ("192.0.2.7 – 192.0.2.20", "192.0.2.7-192.0.2.20"),
        ("::ffff:192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.0/120", "192.0.2.0/24"), ("::ffff:192.0.2.7-192.0.2.9", "192.0.2.7-192.0.2.9"),
        ("fe80::1%eth0", "fe80::1"), ("fe80::1%eth0-fe80::2%eth0", "fe80::1-fe80::2"), ("2001:DB8:0::/64", "2001:db8::/64"),
        ("2001:0db8::0001", "2001:db8::1"),
    ],
)  # fmt: skip
def test_every_form_is_stored_in_one_spelling(written: str, stored: str) -> None:
    row = AllowedNetwork(purpose="admin", network=written)
    row.clean()
    assert row.network == stored
    assert normal(stored) == stored
    assert ends(stored) == ends(written)


@pytest.mark.parametrize("text", [
    "", "x", "192.0.2.300", "192.0.2.0/33", "192.0.2.9-192.0.2.1", "1.2.3.4-::1", "127.0.0.1%lo", "::1%lo", "1-2-3", "0x7f.1",
])  # fmt: skip
def test_what_is_no_address_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"192\.0\.2\.0/24"):
        normal(text)


# -- the gate


@pytest.mark.django_db
def test_nothing_listed_is_open_and_one_entry_closes_it_to_others(admin_client: Client) -> None:
    for path in ("/admin/", "/admin/login/", "/"):
        assert admin_client.get(path, REMOTE_ADDR=OTHER).status_code in (200, 302), path
    entry(LISTED)
    assert admin_client.get("/admin/", REMOTE_ADDR=LISTED).status_code == 200
    for path in (
        "/admin/",
        "/admin/login/",
        "/",
        "/nothing-here/",
        "/admin/integrations/vendor/",
        "/healthzz",
        "/hooks",
    ):
        assert admin_client.get(path, REMOTE_ADDR=OTHER).status_code == 403, path
    answer = admin_client.get("/admin/", REMOTE_ADDR=OTHER)
    text = answer.content.decode()
    assert OTHER in text
    assert f"allow_ip {OTHER}" in text
    assert LISTED not in text
    assert answer["Cache-Control"] == "no-store"
    assert "Content-Security-Policy" in answer
    assert admin_client.post("/admin/login/", {"username": "x"}, REMOTE_ADDR=OTHER).status_code == 403
    assert admin_client.get("/healthz", REMOTE_ADDR=OTHER).status_code == 200
    assert admin_client.post("/hooks/x", REMOTE_ADDR=OTHER).status_code == 404, "vendors have a list of their own"
    assert admin_client.get("/admin/", REMOTE_ADDR="").status_code == 403, "an address that cannot be told"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "header",
    ["X_FORWARDED_FOR", "X_REAL_IP", "FORWARDED", "CLIENT_IP", "X_CLIENT_IP", "TRUE_CLIENT_IP", "CF_CONNECTING_IP",
     "X_CLUSTER_CLIENT_IP", "X_FORWARDED", "FORWARDED_FOR", "X_ORIGINATING_IP", "X_REMOTE_IP", "X_REMOTE_ADDR", "VIA",
     "X_HOST", "FASTLY_CLIENT_IP", "X_ORIGINAL_FORWARDED_FOR", "REMOTE_ADDR", "X_FORWARDED_HOST", "X_ORIGINAL_URL", "X_REWRITE_URL"],
)  # fmt: skip
def test_no_header_opens_the_gate(header: str, client: Client, settings: Any) -> None:
    entry(LISTED)
    for proxies in ([], ["10.0.0.3"]):
        settings.HUB_TRUSTED_PROXIES = proxies
        for value in (LISTED, f"for={LISTED}", f"{LISTED}, {LISTED}", "/healthz"):
            given: dict[str, Any] = {f"HTTP_{header}": value, "REMOTE_ADDR": OTHER}
            assert client.get("/admin/login/", **given).status_code in (403, 429)
    if header != "X_FORWARDED_FOR":
        given = {f"HTTP_{header}": LISTED, "REMOTE_ADDR": "10.0.0.3"}
        assert client.get("/admin/login/", **given).status_code in (403, 429), "the proxy wrote nothing we read"


@pytest.mark.django_db
@pytest.mark.parametrize("path", [
    "//admin/", "/hooks/../admin/", "/healthz/../admin/", "/%61dmin/login/", "/./admin/", "/ADMIN/", "/admin/%2e%2e/",
])  # fmt: skip
def test_no_spelling_of_a_path_leads_past_the_gate(path: str, client: Client) -> None:
    entry(LISTED)
    answer = client.get(path, REMOTE_ADDR=OTHER)
    assert answer.status_code in (403, 404)
    assert b"Log in" not in answer.content


@pytest.mark.django_db
def test_behind_a_named_proxy_the_list_holds(client: Client, settings: Any) -> None:
    settings.HUB_TRUSTED_PROXIES = ["10.0.0.3"]
    entry("203.0.113.0/24")
    entry("2001:db8::/64")

    def asked(forwarded: str, remote: str = "10.0.0.3") -> int:
        return client.get("/admin/login/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded).status_code

    assert asked(LISTED) == asked("[2001:db8::5]:99") == asked(f"{OTHER}, {LISTED}") == 200
    assert asked(f"{LISTED}, {OTHER}") == asked("garbage") == asked("") == asked(LISTED, OTHER) == 403


@pytest.mark.django_db
def test_behind_a_named_proxy_guesses_are_counted_for_whoever_guesses(client: Client, settings: Any) -> None:
    from config.models import AuditEntry

    settings.HUB_TRUSTED_PROXIES = ["10.0.0.3"]
    given = {"username": "nobody", "password": "x"}
    client.post("/admin/login/", given, REMOTE_ADDR="10.0.0.3", HTTP_X_FORWARDED_FOR=f"{LISTED}, {OTHER}")
    assert AuditEntry.objects.get(what="sign-in refused").address == OTHER
    client.post("/admin/login/", given, REMOTE_ADDR="10.0.0.3", HTTP_X_FORWARDED_FOR="garbage")
    assert AuditEntry.objects.filter(what="sign-in refused").latest("pk").address == "10.0.0.3"


@pytest.mark.django_db
def test_what_was_closed_stays_closed_when_the_last_entry_ends(client: Client) -> None:
    row = entry(LISTED, expires_at=timezone.now() + timedelta(hours=1))
    assert client.get("/admin/login/", REMOTE_ADDR=LISTED).status_code == 200
    row.expires_at = timezone.now() - timedelta(seconds=1)
    row.save()
    assert client.get("/admin/login/", REMOTE_ADDR=LISTED).status_code == 403
    row.active = False
    row.save()
    assert client.get("/admin/login/", REMOTE_ADDR=OTHER).status_code == 200
    entry("written past the form")
    assert client.get("/admin/login/", REMOTE_ADDR=OTHER).status_code == 403, "what cannot be read lets nobody in"


@pytest.mark.django_db
def test_blocked_attempts_are_counted_listed_and_slowed_down(admin_client: Client) -> None:
    entry(LISTED)
    codes = [admin_client.get("/admin/x/", REMOTE_ADDR=OTHER).status_code for _ in range(blocking.A_MINUTE + 3)]
    assert codes == [403] * blocking.A_MINUTE + [429] * 3
    row = Blocked.objects.get()
    assert (row.address, row.times, row.path) == (OTHER, blocking.A_MINUTE, "/admin/x/")
    for _ in range(blocking.EACH):
        answer = admin_client.get("/admin/x/", REMOTE_ADDR=OTHER)
    assert answer["Retry-After"] == "60"
    assert Blocked.objects.get().times == blocking.A_MINUTE + blocking.EACH
    text = admin_client.get("/admin/integrations/blocked/", REMOTE_ADDR=LISTED).content.decode()
    assert OTHER in text
    assert f"?purpose=admin&amp;network={OTHER}" in text
    form = admin_client.get(f"{ADD}?purpose=admin&network={OTHER}", REMOTE_ADDR=LISTED).context["adminform"].form
    assert (form["network"].value(), form["purpose"].value()) == (OTHER, "admin")


def test_the_brake_holds_whoever_comes() -> None:
    brake = blocking.Brake()
    written = sum(brake.count(f"2001:db8::{number:x}", 60.0)[1] for number in range(blocking.ADDRESSES + 500))
    assert written == blocking.IN_ALL
    assert len(brake.counts) == blocking.ADDRESSES
    assert brake.count("2001:db8::1", 120.0) == (False, 1), "the next minute"


ANOTHER_PROCESS = """
import sys, time
import django
django.setup()
from integrations import blocking
print(int(time.time() // 60), *[int(blocking.attempt(sys.argv[1], "/admin/")) for _ in range(int(sys.argv[2]))])
"""


def elsewhere(address: str, times: int) -> tuple[int, list[int]]:
    """Attempts at another process of this hub: the minute it began in, and which came too often."""
    given = connection.settings_dict
    url = f"sqlite:///{given['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgresql://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
    done = subprocess.run(
        [sys.executable, "-c", ANOTHER_PROCESS, address, str(times)], cwd=settings.BASE_DIR, capture_output=True, text=True,
        timeout=120, check=True, env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"},
    )  # fmt: skip
    minute, *often = (int(word) for word in done.stdout.split())
    return minute, often


@pytest.mark.django_db(transaction=True)
def test_all_processes_count_together() -> None:
    for number in range(5):  # a minute that ends meanwhile begins the count anew
        address = f"198.51.100.{number}"
        first, seven = elsewhere(address, 7)
        second, six = elsewhere(address, 6)
        here = blocking.attempt(address, "/admin/")
        if first == second == int(time.time() // 60):
            break
    assert seven == [0] * 7
    assert six == [0] * 3 + [1] * 3, "ten in all, whoever answers"
    assert here, "and this process has not seen one of them"
    row = Blocked.objects.get(address=address)
    assert row.times == row.of_minute == 14, "each is written down"
    row.minute -= 1
    row.save()
    blocking.brake.__init__()  # type: ignore[misc]
    assert not blocking.attempt(address, "/admin/"), "the next minute"
    row.refresh_from_db()
    assert (row.times, row.of_minute) == (15, 1)


@pytest.mark.django_db
def test_the_list_of_the_blocked_is_kept_short(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    Blocked.objects.bulk_create(
        Blocked(address=f"a{number}", first_at=now, last_at=now + timedelta(seconds=number)) for number in range(1010)
    )
    blocking.trim()
    assert Blocked.objects.count() == blocking.KEPT
    assert not Blocked.objects.filter(address="a9").exists()


# -- changes that would lock out whoever makes them


def given(network: str, **more: Any) -> dict[str, Any]:
    return {"purpose": "admin", "network": network, "active": "on", "vendor": "", "note": "", **more}


@pytest.mark.django_db
def test_nobody_locks_themselves_out_by_mistake(admin_client: Client) -> None:
    answer = admin_client.post(ADD, given(LISTED), REMOTE_ADDR=OTHER)
    assert "It would lock you out" in answer.content.decode()
    assert OTHER in answer.content.decode()
    assert not AllowedNetwork.objects.exists()
    answer = admin_client.post(ADD, given("198.51.100.0/24", note="us"), REMOTE_ADDR=OTHER, follow=True)
    assert "closed to every address that is not listed" in answer.content.decode()
    row = AllowedNetwork.objects.get()
    assert (row.created_by, row.changed_by) == ("admin", "admin")
    page = f"{LIST}{row.pk}/change/"
    entry(LISTED)
    off = given("198.51.100.0/24")
    del off["active"]
    for change in (
        given("198.51.100.128/25"), off, given("198.51.100.0/24", purpose="webhook"),
        given("198.51.100.0/24", expires_at="2020-01-01T00:00"),
    ):  # fmt: skip
        answer = admin_client.post(page, change, REMOTE_ADDR=OTHER)
        assert "It would lock you out" in answer.content.decode(), change
        row.refresh_from_db()
        assert (row.network, row.active, row.purpose, row.expires_at) == ("198.51.100.0/24", True, "admin", None)
    action = {"action": "switch_off", "_selected_action": [row.pk]}
    answer = admin_client.post(LIST, action, REMOTE_ADDR=OTHER, follow=True)
    assert "Nothing was changed" in answer.content.decode()
    assert AllowedNetwork.objects.get(pk=row.pk).active
    answer = admin_client.post(page, given("203.0.113.0/24", force="on"), REMOTE_ADDR=OTHER)
    assert answer.status_code == 302
    assert admin_client.get(page, REMOTE_ADDR=OTHER).status_code == 403, "they were told"


@pytest.mark.django_db
def test_nobody_locks_everybody_out_for_later(admin_client: Client) -> None:
    """An admin whose every entry has an end shuts by itself one night."""
    answer = admin_client.post(ADD, given(OTHER, expires_at="2099-01-01T00:00"), REMOTE_ADDR=OTHER)
    assert "after the last one, 2099-01-01 00:00 UTC, nobody could come in" in answer.content.decode()
    assert not AllowedNetwork.objects.exists()
    assert admin_client.post(ADD, given(OTHER), REMOTE_ADDR=OTHER).status_code == 302
    lasting = AllowedNetwork.objects.get()
    assert admin_client.post(ADD, given(LISTED, expires_at="2099-01-01T00:00"), REMOTE_ADDR=OTHER).status_code == 302
    page = f"{LIST}{lasting.pk}/change/"
    answer = admin_client.post(page, given(OTHER, expires_at="2099-02-01T00:00"), REMOTE_ADDR=OTHER)
    assert "nobody could come in" in answer.content.decode()
    action = {"action": "switch_off", "_selected_action": [lasting.pk]}
    answer = admin_client.post(LIST, action, REMOTE_ADDR=LISTED, follow=True)
    assert "nobody could come in" in answer.content.decode()
    lasting.refresh_from_db()
    assert (lasting.active, lasting.expires_at) == (True, None)
    everything = {"action": "switch_off", "_selected_action": list(AllowedNetwork.objects.values_list("pk", flat=True))}
    answer = admin_client.post(LIST, everything, REMOTE_ADDR=OTHER, follow=True)
    assert "it is open to every address" in answer.content.decode()
    assert (
        admin_client.post(ADD, given(OTHER, expires_at="2099-01-01T00:00", force="on"), REMOTE_ADDR=OTHER).status_code
        == 302
    )


@pytest.mark.django_db
def test_an_address_that_cannot_be_told_is_told_so(admin_client: Client) -> None:
    answer = admin_client.post(ADD, given(LISTED), REMOTE_ADDR="")
    assert "HUB_TRUSTED_PROXIES" in answer.content.decode()
    assert not AllowedNetwork.objects.exists()


@pytest.mark.django_db
def test_a_proxy_nobody_named_is_told_where_it_would_be_let_in(admin_client: Client, settings: Any) -> None:
    url, told = "/admin/integrations/allowednetwork/", "seems to be a proxy"
    assert told not in admin_client.get(url).content.decode()
    assert told in admin_client.get(url, HTTP_X_FORWARDED_FOR="203.0.113.9").content.decode()
    settings.HUB_TRUSTED_PROXIES = ["127.0.0.1"]
    assert told not in admin_client.get(url, HTTP_X_FORWARDED_FOR="203.0.113.9").content.decode()


def test_entries_of_other_purposes_lock_nobody_out(admin_client: Client) -> None:
    assert admin_client.post(ADD, given(LISTED, purpose="webhook"), REMOTE_ADDR=OTHER).status_code == 302
    assert admin_client.get("/admin/", REMOTE_ADDR=OTHER).status_code == 200
    answer = admin_client.post(ADD, given("everybody", purpose="webhook"), REMOTE_ADDR=OTHER)
    assert "Write an address" in answer.content.decode()


# -- the way back in


def allow(*given: Any, **named: Any) -> str:
    out = StringIO()
    call_command("allow_ip", *given, stdout=out, **named)
    return out.getvalue()


@pytest.mark.django_db
def test_the_command_lets_somebody_back_in(client: Client) -> None:
    with pytest.raises(CommandError, match="open to every address"):
        allow(OTHER, hours=2)
    entry(LISTED)
    assert client.get("/admin/login/", REMOTE_ADDR=OTHER).status_code == 403
    assert "until" in allow(f"::ffff:{OTHER}", hours=2, note="Ann, at home")
    row = AllowedNetwork.objects.get(network=OTHER)
    assert (row.note, row.created_by) == ("Ann, at home", "command line")
    assert row.expires_at is not None
    assert timedelta(hours=1) < row.expires_at - timezone.now() <= timedelta(hours=2)
    assert client.get("/admin/login/", REMOTE_ADDR=OTHER).status_code == 200
    assert "until" not in allow(OTHER)
    assert AllowedNetwork.objects.get(network=OTHER).expires_at is None
    assert AllowedNetwork.objects.count() == 2
    assert "Nothing was changed" in allow(OTHER, hours=2), "what has no end is not given one"
    assert AllowedNetwork.objects.get(network=OTHER).expires_at is None
    for wrong in (["nonsense"], [OTHER, "--hours", "0"], [OTHER, "--hours", "-1"], [OTHER, "--hours", "nan"]):
        with pytest.raises(CommandError):
            allow(*wrong)


@pytest.mark.django_db
def test_the_command_says_what_to_do_when_the_database_takes_nothing() -> None:
    def locked(execute: Any, sql: str, *given: Any) -> Any:
        if sql.startswith("INSERT"):
            raise OperationalError("database is locked")
        return execute(sql, *given)

    with connection.execute_wrapper(locked), pytest.raises(CommandError, match="is locked"):
        call_command("allow_ip", LISTED)
    assert not AllowedNetwork.objects.exists()


@pytest.mark.django_db
def test_the_command_says_when_it_closes_the_admin() -> None:
    assert "closed to all others" in allow("192.0.2.0/24")


# -- what people see


@pytest.mark.django_db
def test_an_open_admin_that_others_can_reach_says_so(admin_client: Client, settings: Any) -> None:
    assert "open to every address" not in admin_client.get("/admin/").content.decode(), "on a machine of one's own"
    settings.ALLOWED_HOSTS = ["testserver", "hub.example.com"]
    text = admin_client.get("/admin/").content.decode()
    assert "open to every address" in text
    assert LIST in text
    entry("127.0.0.1")
    assert "open to every address" not in admin_client.get("/admin/").content.decode()
