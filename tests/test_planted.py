"""Every place a secret can enter gets a word of its own; then everything that comes out of the hub is searched for all of them.

The watch over the whole suite (tests/secrets_watch.py) looks for one word in whatever any test makes; here is the other half: no
way in is forgotten. A page with a field for a secret that is not named here fails.
"""

import io
import json
import logging
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.db import connection as database
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter, get_exception_reporter_filter, technical_500_response

from integrations import alerting, connecting, connection, sync, vault
from integrations.models import Callback, Schedule, Token, Trigger, Vendor, WebhookDelivery
from integrations.service import services
from integrations.services.elko.service import Service
from integrations.services.elko.simulator import Simulator
from integrations.simulator import Server
from integrations.webhooks import addresses
from tests import dumps
from tests.second_factor import Phone
from tests.secrets_watch import Watch, spellings
from tests.test_roles import addresses as every_address
from tests.test_roles import filled

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ROOT = Path(__file__).resolve().parent.parent


def word(place: str) -> str:
    return f"Pl4nt3d-{place}-9xQ"


# Where a secret enters, and nothing else: a person's own, a vendor's, and what whoever deploys sets.
PEOPLE = ("password", "wrongpass", "typedasname", "newpassword", "code", "searched", "passkey")
LOOKED_UP = ("typedasname", "searched")  # asked of the database as they were typed, and kept nowhere
VENDORS = (
    "form",
    "refused",
    "replaced",
    "down",
    "argument",
    "file",
    "stdin",
    "hookkey",
    "store",
    "storekey",
    "environment",
)
SETTINGS = ("signing", "sealing", "oldsealing", "database", "broker", "mail")
LEAKED = "leaked"  # on purpose, to see that it is seen
FIELDS = {
    "secret_token": "form", "token-value": "replaced", "secret_api_key": "form", "secret_store_key": "form", "api_key-value": "replaced",
    "store_key-value": "replaced", "new_key": "hookkey", "password": "password", "password1": "newpassword", "password2": "newpassword",
    "secret_password": "form", "password-value": "replaced", "secret_client_secret": "form", "client_secret-value": "replaced",
    "secret_bridge_password": "form", "bridge_password-value": "replaced", "old_password": "password",
    "new_password1": "newpassword", "new_password2": "newpassword",
}  # fmt: skip


class Log(logging.Handler):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.watch.see(f"the log {record.name}", self.format(record))


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Eyes for every planted word, on every log."""
    found = Watch(spellings=tuple(spellings(word(place) for place in (*PEOPLE, *VENDORS, *SETTINGS, LEAKED))))
    handler = Log(found)
    logging.getLogger().addHandler(handler)
    yield found
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def elko(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    monkeypatch.setattr("integrations.http.client.FIRST_PAUSE", 0.01)  # calls and tries follow each other at once
    monkeypatch.setattr(Service, "rate", replace(Service.rate, seconds=0.0))
    sim = Simulator(seed="tiny")
    sim.lift_limits()
    with Server(sim):
        yield sim


class Looking(Client):
    """A browser whose every answer is searched."""

    watch: Watch

    def request(self, **request: Any) -> Any:
        answer: Any = super().request(**request)
        where = f"the page {request.get('PATH_INFO')}"
        self.watch.see(where, "\n".join(f"{name}: {value}" for name, value in answer.items()) + answer.cookies.output())
        self.watch.see_bytes(where, b"".join(answer.streaming_content) if answer.streaming else answer.content)
        return answer


def looking(watch: Watch) -> Looking:
    client = Looking(raise_request_exception=False)
    client.watch = watch
    return client


def said(watch: Watch, *arguments: str, given: str = "") -> None:
    """What a command says, and what it fails with."""
    out = io.StringIO()
    before, sys.stdin = sys.stdin, io.StringIO(given)
    try:
        with redirect_stdout(out), redirect_stderr(out):
            call_command(*arguments, stdout=out, stderr=out)
    except (CommandError, SystemExit) as error:
        out.write(f"{error!r}{error}")
    except DatabaseError:
        out.write(traceback.format_exc())
    finally:
        sys.stdin = before
    watch.see(f"the command {arguments[0]}", out.getvalue())


def signs_in(watch: Watch) -> Looking:
    """Somebody with a phone, who types everything wrong once."""
    User.objects.all().delete()
    person = User.objects.create_superuser("boss", password=word("password"))
    phone = Phone(person)
    client = looking(watch)
    login = reverse("admin:login")
    client.post(login, {"username": "boss", "password": word("wrongpass")})
    client.post(login, {"username": word("typedasname"), "password": "x"})
    assert [told.partition(": ")[0] for told in watch.take()] == ["the page /admin/login/"], (
        "the field it is still typed in, alone"
    )
    client.post(login, {"username": "boss", "password": word("password")})
    second = reverse("admin:second_factor")
    client.post(second, {"code": word("code")})
    named: Any = {"headers": {"host": "localhost"}}
    parts = dict.fromkeys(("id", "rawId", "type", "clientDataJSON", "authenticatorData", "signature"), word("passkey"))
    for wrong in (word("passkey"), json.dumps({**parts, "type": "public-key", "response": parts})):
        assert client.post(reverse("admin:passkey"), {"for": "sign-in"}, **named).status_code == 200
        client.post(second, {"passkey": wrong}, **named)
    phone.rested()
    assert client.post(second, {"code": phone.code()}).status_code == 302
    client.post(reverse("admin:step_up"), {"code": word("code")})
    client.post(reverse("admin:authenticator"), {"passkey": word("passkey"), "name": "Laptop"})
    new = {"new_password1": word("newpassword"), "new_password2": "another"}
    client.post(reverse("admin:password_change"), {"old_password": word("wrongpass"), **new})
    add = {
        "username": "clerk",
        "password1": word("newpassword"),
        "password2": word("wrongpass"),
        "usable_password": "true",
    }
    assert client.post(reverse("admin:auth_user_add"), add).status_code == 200, "said to differ"
    client.post(reverse("admin:auth_user_add"), {**add, "password2": word("newpassword")})
    assert User.objects.filter(username="clerk").exists()
    return client


def connects(client: Looking, elko: Simulator, tmp_path: Path) -> Vendor:
    """A vendor's token by every way there is: the form, the page of tokens, the command's three ways."""
    given = elko.connections()[0]
    url = reverse("admin:integrations_vendor_add") + "?kind=elko&preset=eu"
    form = client.get(url).context["adminform"].form
    fields = {name: form[name].value() for name in form.fields}
    fields = {
        name: "" if value in (None, False) else "on" if value is True else value for name, value in fields.items()
    }
    elko.token = word("form")
    answer = client.post(
        url, {**fields, "slug": "planted", "base_url": given["base_url"], "secret_token": word("form")}, follow=True
    )
    assert answer.status_code == 200
    vendor = Vendor.objects.get(slug="planted")
    page = reverse("admin:integrations_vendor_tokens", args=[vendor.pk])
    assert (
        "Nothing was changed"
        in client.post(page, {"replace": "token", "token-value": word("refused")}).content.decode()
    )
    elko.fault("status", code=500)
    client.post(page, {"replace": "token", "token-value": word("down"), "token-untested": "on"})
    elko.faults.clear()
    elko.token = word("replaced")
    client.post(page, {"replace": "token", "token-value": word("replaced")})
    assert vault.secrets_of(vendor) == {"token": word("replaced")}
    file = tmp_path / "token"
    file.write_text(word("file"))
    ways = (
        f"token={word('argument')}",
        f"token=@{file}",
        "token=-",
        f"nothing={word('argument')}",
        f"token=@{tmp_path}/{word('file')}.not",
    )
    for way in ways:
        said(
            client.watch,
            "connect",
            "elko",
            "--slug=by-command",
            f"--base-url={given['base_url']}",
            f"--secret={way}",
            given=word("stdin"),
        )
    assert vault.secrets_of(Vendor.objects.get(slug="by-command")) == {"token": word("stdin")}
    return vendor


def other_ways(client: Looking, settings: Any) -> None:
    """The key of an address vendors post to, and a store's own secrets."""
    settings.HUB_PUBLIC_URL = "https://hub.example"
    shop = connecting.connect(
        "api2cart",
        "shop",
        base_url="https://vendor.example/v1",
        options={},
        secrets={"api_key": word("store"), "store_key": word("storekey")},
    )
    for callback in Callback.objects.filter(vendor=shop).select_related("vendor"):
        url = reverse("admin:integrations_callback_change", args=[callback.pk])
        form = client.get(url).context["adminform"].form
        if "new_key" in form.fields:
            client.post(url, {"mode": "required", "active": "on", "new_key": word("hookkey")})
            client.post(url, {"mode": "nonsense", "new_key": word("hookkey")})
        path = addresses.path_of(callback)
        for sent in (b"{}", word("hookkey").encode()):
            client.post(path, sent, content_type="application/json", HTTP_X_SHIPPING_SERVICE_SIGNATURE="AAAA")
    assert Token.objects.filter(name__endswith=":key", active=True).exists()


def works(watch: Watch, elko: Simulator, vendor: Vendor) -> None:
    """Every flow, well and badly; every command; mails."""
    for flow in Schedule.objects.filter(vendor=vendor).values_list("flow", flat=True):
        sync.run(vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None)
    for fault in ("status", "not_json", "cut", "redirect"):
        more: dict[str, Any] = (
            {"code": 403}
            if fault == "status"
            else {"to": "http://127.0.0.1:1/", "code": 302}
            if fault == "redirect"
            else {}
        )
        elko.faults.add(fault, **more)
        verdict = connection.probe(vendor)
        watch.see("a verdict", f"{verdict!r}")
        sync.run(Vendor.objects.get(pk=vendor.pk), "brands", Trigger.COMMAND_LINE, slice_seconds=None)
        elko.faults.clear()
    elko.token = "another, so that ours is refused"
    sync.run(Vendor.objects.get(pk=vendor.pk), "products", Trigger.COMMAND_LINE, slice_seconds=None)
    for command in (("probe", "planted"), ("probe", "planted", "--json"), ("sync", "planted", "--json"), ("sweep",), ("unknown", "--json"),
                    ("rotate_keys",), ("verify_audit",), ("check", "--database", "default"), ("dumpdata",)):  # fmt: skip
        said(watch, *command)
    alerting.tell("a token ends soon", [f"{vendor}: it ends"])
    assert mail.outbox


def looks_at_everything(client: Looking) -> None:
    """Every address of the admin with a row of its own, filters on secret columns, both exports' one, and what cannot be found."""
    for name, place, model in every_address():
        if name != "logout":
            client.get(filled(place, model))
    for row in Token.objects.all():
        client.get(reverse("admin:integrations_token_change", args=[row.pk]))
        client.get(reverse("admin:integrations_token_history", args=[row.pk]))
    for column in ("ciphertext", "fingerprint", "last_four"):
        client.get(reverse("admin:integrations_token_changelist"), {f"{column}__startswith": "Pl4"})
        client.get(reverse("admin:integrations_vendor_changelist"), {f"tokens__{column}__startswith": "Pl4"})
    export = reverse("admin:hub_auditentry_export")
    for asked in ({}, {"q": word("searched")}):
        assert client.get(export, asked).status_code == 200
    client.get("/admin/nothing/here/")


def reports(watch: Watch, vendor: Vendor, settings: Any) -> None:
    """What Django would mail or show of an error in the midst of each page that takes a secret, with the settings of the hub."""
    settings.ADMINS = [("Ops", "ops@example.com")]
    mailing = {"EMAIL_HOST_PASSWORD": word("mail")}
    settings.EMAIL_CONFIG, settings.EMAIL_HOST_PASSWORD = mailing, word("mail")
    settings.DATABASES = {"default": {"PASSWORD": word("database")}}
    settings.CELERY_BROKER_URL = f"redis://hub:{word('broker')}@127.0.0.1:1/0"
    for field, place in FIELDS.items():
        request = RequestFactory().post("/admin/x/", {field: word(place)}, HTTP_AUTHORIZATION=word("stdin"))
        request.COOKIES["sessionid"] = word("code")
        pasted = word(place)  # as the locals of every function on the way have it
        try:
            vault.set_secret(vendor, f"{pasted[:0]}token", pasted, expires_at="no time")  # type: ignore[arg-type]
        except Exception:  # noqa: BLE001 - whatever it is
            report = ExceptionReporter(request, *sys.exc_info())
            watch.see("an exception report", report.get_traceback_text())
            watch.see("an exception report", report.get_traceback_html())
            AdminEmailHandler(include_html=True).emit(logging.makeLogRecord({
                "levelname": "ERROR", "msg": "Internal Server Error: %s", "args": (request.path,), "request": request,
                "exc_info": sys.exc_info(), "status_code": 500,
            }))  # fmt: skip
            settings.DEBUG = True
            watch.see_bytes("a page for developers", technical_500_response(request, *sys.exc_info()).content)
            settings.DEBUG = False
            shown = get_exception_reporter_filter(request).get_post_parameters(request)
            assert set(shown) == {field}, "names are told"
        else:
            raise AssertionError("it should have failed")


def breaks(watch: Watch, client: Looking, vendor: Vendor, settings: Any) -> None:
    """The database fails in the midst of every page that takes a secret, and of every command; the admins are mailed about pages."""
    settings.ADMINS = [("Ops", "ops@example.com")]
    tokens = reverse("admin:integrations_vendor_tokens", args=[vendor.pk])
    added = {
        "username": "third",
        "password1": word("newpassword"),
        "password2": word("newpassword"),
        "usable_password": "true",
    }
    changed = {
        "old_password": word("password"),
        "new_password1": word("newpassword"),
        "new_password2": word("newpassword"),
    }
    hook = reverse("admin:integrations_callback_change", args=[Callback.objects.earliest("pk").pk])
    posts = {
        tokens: {"replace": "token", "token-value": word("replaced")},
        hook: {"mode": "required", "active": "on", "new_key": word("hookkey")},
        reverse("admin:auth_user_add"): added,
        reverse("admin:password_change"): changed,
        reverse("admin:step_up"): {"code": word("code")},
    }
    mailed = len(mail.outbox)

    def failing(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE")):
            raise DatabaseError("disk I/O error")
        return execute(sql, params, many, context)

    with database.execute_wrapper(failing):
        for url, fields in posts.items():
            assert client.post(url, fields).status_code == 500, url
        stranger = looking(watch)
        for name in ("boss", word("typedasname")):
            stranger.post(reverse("admin:login"), {"username": name, "password": word("password")})
        secret = f"--secret=token={word('argument')}"
        said(watch, "connect", "elko", "--slug=third", f"--base-url={vendor.base_url}", secret)
        for command in (("probe", "planted"), ("sync", "planted"), ("sweep",), ("rotate_keys",)):
            said(watch, *command)
    assert len(mail.outbox) >= mailed + len(posts), "each was mailed"


class Statements(Watch):
    """Eyes for all planted words in what the database is asked, whose own log may have any of it."""

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        told = f"{sql} {params!r}"
        for place in LOOKED_UP:
            told = told.replace(word(place), "")
        self.see("a statement", told)
        return execute(sql, params, many, context)


@pytest.fixture
def statements() -> Iterator[Statements]:
    found = Statements(spellings=tuple(spellings(("Pl4nt3d-",))))
    with database.execute_wrapper(found):
        yield found


def test_no_planted_secret_is_seen_anywhere(
    watch: Watch, statements: Statements, elko: Simulator, settings: Any, tmp_path: Path
) -> None:
    settings.HUB_ALERT_EMAILS = ["ops@example.com"]
    settings.HUB_KEYS = [word("sealing"), word("oldsealing")]
    settings.SECRET_KEY = word("signing")
    client = signs_in(watch)
    vendor = connects(client, elko, tmp_path)
    other_ways(client, settings)
    works(watch, elko, vendor)
    looks_at_everything(client)
    breaks(watch, client, vendor, settings)
    reports(watch, vendor, settings)
    assert any("Internal Server Error" in message.subject for message in mail.outbox)
    for message in mail.outbox:
        watch.see(
            "a mail", message.message().as_string() + str(message.body) + str(getattr(message, "alternatives", ""))
        )
    watch.see_rows()
    watch.see_files(settings.VAR)
    stored = Watch(spellings=tuple(spellings(word(place) for place in (*PEOPLE, *VENDORS, *SETTINGS))))
    for name, data in (*dumps.backups(tmp_path), *dumps.files()):
        assert not data or b"planted" in data, f"{name}: it has what was made here"
        stored.see_bytes(name, data)
    assert watch.take() + statements.take() + stored.take() == []


@pytest.mark.sqlite_only
def test_the_watch_sees_each_word(watch: Watch, statements: Statements) -> None:
    """Else the test above would find nothing in anything."""
    User.objects.create_user("leaky", first_name=word(LEAKED))
    assert {told.partition(": ")[0] for told in statements.take()} == {"a statement"}
    watch.see_rows()
    logging.getLogger("django").warning("it was %s", word("mail"))
    client = looking(watch)
    client.get(reverse("admin:login"), {"next": f"/{word('code')}"})
    found = " ".join(watch.take())
    for place in ("a row of auth_user", "the log django", "the page /admin/login/"):
        assert place in found
    for place in (*PEOPLE, *VENDORS, *SETTINGS):
        watch.see(place, json.dumps({"a": word(place)}))
    assert len(watch.take()) == len({*PEOPLE, *VENDORS, *SETTINGS})


def test_the_watch_sees_into_a_dump(watch: Watch, tmp_path: Path) -> None:
    """Also what was posted to us, which a dump has as hexadecimal."""
    connecting.connect("api2cart", "shop", base_url="https://vendor.example/v1", secrets={"api_key": "k" * 32})
    callback = Callback.objects.earliest("pk")
    WebhookDelivery.objects.create(
        callback=callback, vendor=callback.vendor, event="x", body=word(LEAKED).encode(), digest="d", state="done",
        received_at=timezone.now(),
    )  # fmt: skip
    for name, data in dumps.backups(tmp_path):
        watch.see_bytes(name, data)
        assert [told.partition(": ")[0] for told in watch.take()] == [name]


@pytest.mark.sqlite_only
def test_every_field_for_a_secret_is_one_of_those_above(admin_client: Client, settings: Any) -> None:
    """Walked: whatever page offers a hidden field."""
    settings.HUB_PUBLIC_URL = "https://hub.example"
    for kind, service in services().items():
        secrets = {secret.name: "k" * 32 for secret in service.secrets}
        connecting.connect(kind, kind, base_url="https://vendor.example/v1", options={}, secrets=secrets)
    pages = {filled(place, model) for name, place, model in every_address() if name != "logout"}
    pages |= {reverse("admin:integrations_callback_change", args=[row.pk]) for row in Callback.objects.all()}
    pages |= {reverse("admin:integrations_vendor_tokens", args=[row.pk]) for row in Vendor.objects.all()}
    pages |= {reverse("admin:integrations_vendor_add") + f"?kind={kind}" for kind in services()}
    found: set[str] = set()
    for url in pages:
        answer = admin_client.get(url)
        if answer.status_code == 200 and not answer.streaming:
            for field in re.findall(r"<input[^>]*>", answer.content.decode()):
                if 'type="password"' in field:
                    found |= set(re.findall(r'name="([^"]+)"', field))
    assert admin.site.is_registered(Token)
    assert found - set(FIELDS) == set(), "give them a word above, and a way they are typed in"
    assert {"secret_token", "token-value", "new_key", "old_password", "secret_bridge_password"} <= found


@pytest.mark.sqlite_only
@pytest.mark.parametrize("command", [
    ("manage.py", "check", "--deploy"), ("manage.py", "check", "--database", "default"), ("manage.py", "sweep"),
    ("manage.py", "probe", "x"), ("manage.py", "migrate", "--check"),
    ("-m", "celery", "-A", "config", "call", "integrations.tasks.sweep"), ("-m", "celery", "-A", "config", "report"),
    ("scripts/healthy.py", "worker", "live"), ("scripts/healthy.py", "beat"),
], ids=lambda command: " ".join(command[-2:]))  # fmt: skip
def test_nothing_says_what_the_environment_holds(command: tuple[str, ...], tmp_path: Path) -> None:
    """Where nothing can be reached, so that every error there is comes up."""
    planted = {
        "SECRET_KEY": word("signing") * 3, "HUB_KEYS": f"{word('sealing')},{word('oldsealing')}", "HUB_VAR": str(tmp_path),
        "DATABASE_URL": f"postgresql://hub:{word('database')}@127.0.0.1:1/hub?connect_timeout=2",
        "CELERY_BROKER_URL": f"redis://hub:{word('broker')}@127.0.0.1:1/0", "EMAIL_URL": f"smtp+tls://hub:{word('mail')}@127.0.0.1:1",
        "LOG_LEVEL": "DEBUG", "ALLOWED_HOSTS": "hub.example.com",
    }  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if name not in ("TEST_SQLITE", "PYTEST_CURRENT_TEST")}
    try:
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env={**kept, **planted}, capture_output=True, text=True, timeout=60
        )
        told = done.stdout + done.stderr
    except subprocess.TimeoutExpired as late:
        told = "".join(part.decode() if isinstance(part, bytes) else part or "" for part in (late.stdout, late.stderr))
    assert told.strip(), "it says something"
    watch = Watch(spellings=tuple(spellings(word(place) for place in SETTINGS)))
    watch.see("it", told)
    assert watch.take() == []


def test_a_dump_of_the_database_says_nothing(elko: Simulator, tmp_path: Path) -> None:
    """A back-up without the keys, in every spelling; and nothing in it of what was replaced, sealed or not."""
    given = elko.connections()[0]
    long = word("form") + "." * 20_000  # pages of its own, which are free when it is gone
    vendor = connecting.connect(
        "elko", "one", base_url=given["base_url"], options=given["options"], secrets={"token": long}
    )
    sealed = Token.objects.get(vendor=vendor).ciphertext
    pieces = [sealed[at : at + 40] for at in range(0, len(sealed) - 40, 500)]
    for name, data in dumps.backups(tmp_path):
        assert any(piece.encode() in data for piece in pieces), f"{name}: it would be seen"
    vault.set_secret(vendor, "token", word("replaced"))
    person = User.objects.create_superuser("ann", password=word("password"))
    phone = Phone(person)
    codes = [code.replace("-", "") for code in phone.recovery]
    watch = Watch(
        spellings=(
            *spellings((word("form"), word("replaced"), word("password"))),
            phone.seed.hex(),
            *pieces,
            *codes,
            *phone.recovery,
        )
    )
    for name, data in (*dumps.backups(tmp_path), *dumps.files()):
        watch.see(name, data.decode("latin-1"))
        assert phone.seed not in data, name
    assert watch.take() == []
    watch.see("it", data.decode("latin-1") + word("form"))
    assert watch.take(), "it would be seen"
