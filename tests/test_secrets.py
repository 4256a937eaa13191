"""The watch over planted secrets bites: whatever a test leaks, wherever and however it is spelled, fails that test."""

import base64
import gzip
import html
import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import redis
from django.utils import timezone

from integrations import vault
from integrations.models import ApiCall, Token, Vendor
from integrations.simulator.found import kinds, load
from tests.browser import planted
from tests.secrets_watch import SPELLINGS, WORD, Watch

ROOT = Path(__file__).resolve().parent.parent
LEAKS = """
import logging
import pytest
from celery import shared_task
from django.contrib.admin.models import LogEntry
from django.contrib.messages import INFO
from django.contrib.messages.storage.cookie import CookieStorage
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from config import audit
from config.session_names import SessionStore
from integrations.errors import Refused
from integrations.models import Vendor
from tests.secrets_watch import WORD, watch

SECRET = f"elko-{WORD}-token"


def test_log():
    logging.getLogger("integrations.somewhere").debug("asked with %s", SECRET)


def test_traceback():
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("django").exception("it went wrong")


@pytest.mark.django_db
def test_row():
    Vendor.objects.create(kind="elko", slug="leak", name="x", options={"deep": [SECRET]})


@pytest.mark.django_db
def test_page():
    Client().get("/admin/login/", {"next": f"/{SECRET}"})


def test_stdout():
    print(SECRET)


def test_stdout_that_was_read(capsys):
    print(SECRET)
    assert capsys.readouterr().out


def test_exception():
    with pytest.raises(Refused):
        raise Refused(f"no: {SECRET}", "set another")


def test_failure():
    assert not f"the token is {SECRET}"


def test_mail():
    mail.send_mail("late", f"asked with {SECRET}", None, ["someone@example.com"])


def test_spool(settings):
    settings.SPOOL.mkdir(exist_ok=True)
    (settings.SPOOL / "answer.json").write_text(SECRET)


@pytest.mark.django_db
def test_session():
    store = SessionStore()
    store["typed"] = SECRET + "-" * 500
    store.save()


@pytest.mark.django_db
def test_cookie(admin_client, rf):
    request = rf.get("/")
    messages = CookieStorage(request)
    messages.add(INFO, f"it was {SECRET}" + "-" * 500)
    answer = HttpResponse()
    messages.update(answer)
    watch.see_cookies("the page /", answer)


@pytest.mark.django_db
def test_admin_log(admin_user):
    LogEntry.objects.create(user=admin_user, action_flag=1, object_repr="x", change_message=SECRET)


@pytest.mark.django_db
def test_audit_log():
    audit.record("changed", None, who="x", said=SECRET)


def test_worker():
    @shared_task
    def broken():
        raise ValueError(SECRET)
    logging.getLogger("celery.app.trace").error("failed", exc_info=broken.apply().result)


def test_message(settings):
    (settings.QUEUE / "messages" / "1.msg").write_text(SECRET)


@pytest.fixture
def loud():
    print(SECRET)


def test_fixture(loud):
    pass


@pytest.mark.leaks
def test_on_purpose():
    print(SECRET)


@pytest.mark.django_db
def test_clean(client):
    client.get("/admin/login/")
    Vendor.objects.create(kind="elko", slug="clean", name="x")
"""


@pytest.mark.leaks
@pytest.mark.sqlite_only  # the rows of PostgreSQL are looked at below; this is about pytest
def test_every_way_out_is_watched(tmp_path: Path) -> None:
    path = tmp_path / "test_leaks.py"
    path.write_text(LEAKS)
    kept = {
        n: v
        for n, v in os.environ.items()
        if not n.startswith(("PYTEST_", "DJANGO_")) and n not in ("DATABASE_URL", "CI")
    }
    command = [sys.executable, "-m", "pytest", "-v", "-n0", "-p", "conftest", "-p", "no:cacheprovider", "-rA"]
    run = subprocess.run(
        [*command, "--rootdir", ROOT, path],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    outcomes = re.findall(r"^(FAILED|ERROR|PASSED)\s+\S*::(test_\w+)", run.stdout, re.MULTILINE)
    told = {name: word for word, name in outcomes}
    clean = {name for name, word in told.items() if word == "PASSED"}
    assert clean == {"test_clean", "test_on_purpose"}, run.stdout + run.stderr
    assert set(told) == set(re.findall(r"def (test_\w+)", LEAKS))
    for place in ("the log integrations.somewhere", "the log django", "a row of integrations_vendor", "the page /admin/login/",
                  "captured stdout call", "captured output", "the error Refused", "the failure", "a mail",
                  "the file 1.msg", "captured stdout setup", "the file answer.json", "a session", "the page /",
                  "a row of django_admin_log", "a row of hub_auditentry", "the log celery.app.trace"):  # fmt: skip
        assert f"  {place}: " in run.stdout, place


@pytest.mark.parametrize("before", ["", "a", "ab", '{"token": "'])
def test_every_spelling_is_known(before: str) -> None:
    text = f"{before}{WORD} and more"
    for spelled in (
        text,
        quote(text),
        quote_plus(text),
        html.escape(text),
        json.dumps(text),
        json.dumps(json.dumps(text)),
        json.dumps(text).replace("/", "\\/"),
        base64.b64encode(text.encode()).decode(),
        base64.urlsafe_b64encode(text.encode()).decode(),
        quote(base64.b64encode(text.encode()).decode(), safe=""),
        base64.b64encode(base64.b64encode(text.encode())).decode(),
        json.dumps({"body": base64.b64encode(json.dumps(text).encode()).decode()}),
        repr(text),
        repr(text.encode()),
        text.encode().hex(),
        base64.b64encode(f"hub:{text}".encode()).decode(),
        "".join(f"\\u{ord(sign):04x}" for sign in text),
        "".join(f"%{ord(sign):02x}" for sign in text),
        f"https://{text.lower()}.example/",
        text[: len(before) + 14],
        text[len(before) + 9 :],
    ):
        watch = Watch()
        watch.see("here", spelled)
        assert watch.found, spelled
        assert not any(spelling in told for told in watch.found for spelling in SPELLINGS), "told without telling it"
    watch = Watch()
    watch.see("here", text.replace("cAnaRy4Front", "canary").replace("Zx9", "Zx8"))
    assert not watch.found


@pytest.mark.leaks
@pytest.mark.django_db
def test_every_kind_of_column_is_read_but_the_sealed_one() -> None:
    secret = f"elko-{WORD}-token"
    vendor = Vendor.objects.create(kind="elko", slug="watched", name="x")
    vault.set_secret(vendor, "token", secret)
    Token.objects.update(ciphertext=secret)
    watch = Watch()
    watch.see_rows()
    assert watch.take() == []
    Vendor.objects.update(options={"deep": [{"est": secret}]})
    call = ApiCall.objects.create(vendor=vendor, method="GET", path=f"/{quote(secret, safe='')}", at=timezone.now())
    watch.see_rows()
    assert {found.split(":")[0] for found in watch.take()} == {
        "a row of integrations_vendor",
        "a row of integrations_apicall",
    }
    call.delete()
    Vendor.objects.update(options={})
    watch.see_rows()
    assert watch.take() == []


@pytest.mark.parametrize("packed", ["xlsx", "gzip"])
def test_what_is_packed_is_looked_into(packed: str) -> None:
    text = f"<c>elko-{WORD}-token</c>".encode()
    if packed == "gzip":
        data = gzip.compress(text)
    else:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/sharedStrings.xml", text * 20)
        data = made.getvalue()
    assert b"cAnaRy" not in data
    watch = Watch()
    watch.see_bytes("an export", data)
    watch.see_bytes("a damaged one", data[:-12] if packed == "xlsx" else data[:8])
    assert [told.partition(":")[0] for told in watch.found] == ["an export"]


@pytest.mark.leaks
@pytest.mark.broker
def test_the_queue_s_server_is_looked_into(valkey_url: str) -> None:
    client = redis.Redis.from_url(valkey_url)
    secret = f"elko-{WORD}-token"
    watch = Watch()
    watch.see_valkey(valkey_url)
    assert watch.take() == []
    for put in (
        lambda: client.lpush("live", json.dumps({"body": base64.b64encode(secret.encode()).decode()})),
        lambda: client.set(secret, "1"),
        lambda: client.hset("unacked", "tag", secret * 40),
        lambda: client.set("celery-task-meta-1", secret * 40),  # compressed where it is dumped
        lambda: client.sadd("_kombu.binding.live", secret * 40),
        lambda: client.zadd("unacked_index", {secret * 40: 1}),
        lambda: client.xadd("stream", {"x": secret * 40}),
        lambda: redis.Redis.from_url(valkey_url, db=3).set("x", secret),
    ):
        put()
        watch.see_valkey(valkey_url)
        assert watch.take(), "seen"
        client.flushall()
    watch.see_valkey(valkey_url)
    assert watch.take() == []


def test_what_a_demo_leaves_is_looked_into(tmp_path: Path) -> None:
    """Every byte of every file, freed pages of a database too; the password it prints may be printed once."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "demo.log").write_text("Password pass-4711-word")
    (tmp_path / "logs" / "web.log").write_text("all is well")
    file = sqlite3.connect(tmp_path / "hub.sqlite3", isolation_level=None)
    file.execute("PRAGMA secure_delete = OFF")
    file.execute("CREATE TABLE rows (text)")
    file.execute("CREATE TABLE django_session (session_key)")
    file.execute("INSERT INTO django_session VALUES ('session-4711')")
    assert planted.left(tmp_path, "pass-4711-word", "demo.log") == []
    file.execute("INSERT INTO rows VALUES (?)", [f"token-{WORD}-" + "." * 9000])
    file.execute("DELETE FROM rows")
    file.close()
    (tmp_path / "logs" / "worker.log").write_bytes(base64.b64encode(f"token-{WORD}".encode()))
    (tmp_path / "message").write_text(WORD.encode().hex())
    (tmp_path / "demo.log").write_text("Password pass-4711-word; once more: pass-4711-word")
    (tmp_path / "logs" / "web.log").write_text("signed in: session-4711")
    told = planted.left(tmp_path, "pass-4711-word", "demo.log")
    assert {one.partition(": ")[0] for one in told} == {
        "hub.sqlite3", "logs/worker.log", "message", "a way to sign in, in demo.log", "a way to sign in, in logs/web.log",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("started", "expected"),
    [
        ('sh -c "sleep 60; exit"; exit', set()),
        ('TOKEN="$HUB_KEYS" sh -c "sleep 60; exit" "$HUB_KEYS"; exit', {"a command line", "the variable TOKEN"}),
    ],
)
def test_what_is_seen_of_a_process_is_looked_at(started: str, expected: set[str]) -> None:
    """Of what it started, too; what was given to it may stand among its variables."""
    process = subprocess.Popen(["sh", "-c", started], env=os.environ | planted.ENVIRONMENT, start_new_session=True)
    try:
        end = time.monotonic() + 30
        while len(list(planted.below(process.pid))) < 3 and time.monotonic() < end:
            time.sleep(0.05)
        assert {one.partition(": ")[0] for one in planted.seen(process.pid)} == expected
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_every_simulators_secrets_hold_the_planted_word() -> None:
    for kind in kinds():
        for given in load(kind)(seed="tiny").connections():
            assert given["secrets"], kind
            assert all(WORD in secret for secret in given["secrets"].values()), kind
