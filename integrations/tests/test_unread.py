"""What a process cannot open as it starts: told once, shown with the cure, gone when it can be opened or is no more."""

import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as hub
from django.contrib.auth.models import Group, User
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config import roles
from config.models import Authenticator
from integrations import unread, vault
from integrations.models import Token, Unread, Vendor
from tests import servers
from tests.faults.test_workers import until
from tests.second_factor import PASSWORD

OLD, NEW = "the-old-key", "the-new-key"
ROOT = Path(__file__).resolve().parent.parent.parent
VALUE = "planted-secret-0123456789"


@pytest.fixture
def vendor(settings: Any) -> Vendor:
    settings.HUB_KEYS, settings.HUB_ALERT_EMAILS = [OLD], ["ops@example.com"]
    made = Vendor.objects.create(kind="elko", name="Riga", slug="riga", base_url="https://vendor.example")
    vault.set_secret(made, "token", VALUE)
    return made


def tokens_page(client: Client, vendor: Vendor) -> str:
    return client.get(reverse("admin:integrations_vendor_tokens", args=[vendor.pk])).content.decode()


@pytest.mark.django_db
def test_a_lost_key_is_told_once_shown_with_the_cure_and_withdrawn(
    vendor: Vendor, settings: Any, admin_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert unread.look("worker") == 0
    assert not mail.outbox
    settings.HUB_KEYS = [NEW]
    assert unread.look("worker") == unread.look("worker") == 1
    [sent] = mail.outbox
    assert "“token” of Riga" in sent.body
    assert "by the worker" in sent.body
    assert "not among HUB_KEYS" in sent.body
    assert [r.levelname for r in caplog.records if "“token” of Riga" in r.getMessage()] == ["ERROR", "ERROR"], (
        "each start"
    )
    assert unread.look("web") == 1
    assert len(mail.outbox) == 2, "the web cannot either, which is news"
    settings.HUB_KEYS = [NEW, OLD]  # the page's own process can
    for text in (admin_client.get("/admin/").content.decode(), tokens_page(admin_client, vendor)):
        assert "A stored secret cannot be read by the worker and the web: “token” of Riga" in text
        assert "Put the old key back at the end of HUB_KEYS, or set the secret again." in text
        assert VALUE not in text
    assert reverse("admin:integrations_vendor_tokens", args=[vendor.pk]) in admin_client.get("/admin/").content.decode()
    unread.look("worker")
    assert "by the web: " in admin_client.get("/admin/").content.decode(), "which has not started with both keys yet"
    unread.look("web")
    assert "cannot be read" not in admin_client.get("/admin/").content.decode() + tokens_page(admin_client, vendor)
    assert len(mail.outbox) == 2


@pytest.mark.django_db
def test_replaced_it_is_withdrawn_at_once_whoever_found_it(vendor: Vendor, settings: Any) -> None:
    settings.HUB_KEYS = [NEW]
    unread.look("web")
    vault.set_secret(vendor, "token", "another-0123456789")
    assert not Unread.objects.exists()


@pytest.mark.django_db
def test_of_people_s_authenticators_only_those_hear_who_see_people(
    vendor: Vendor, settings: Any, client: Client
) -> None:
    roles.keep()
    ann = User.objects.create_superuser("ann", password=PASSWORD)
    device = Authenticator(user=User.objects.create_user("bob"), name="phone", confirmed=True)
    device.bin_key = b"a seed of 20 bytes.."
    device.save()
    settings.HUB_KEYS = [NEW]
    assert unread.look("web") == 2
    client.force_login(ann)
    text = client.get("/admin/").content.decode()
    assert "the authenticator of bob" in text
    assert "remove the second factor under People" in text
    cid = User.objects.create_user("cid", is_staff=True)
    cid.groups.add(Group.objects.get(name="Operator"))
    client.force_login(cid)
    text = client.get("/admin/").content.decode()
    assert "“token” of Riga" in text
    assert "the authenticator of bob" not in text
    device.delete()
    unread.sweep()
    assert [row.kind for row in Unread.objects.all()] == ["integrations.token"]


@pytest.mark.django_db
def test_a_mail_that_did_not_go_is_sent_later(vendor: Vendor, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HUB_KEYS = [NEW]
    with closing(socket.create_server(("127.0.0.1", 0))) as door:
        port = door.getsockname()[1]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    unread.look("worker")
    assert Unread.objects.get().told_at is None
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    unread.sweep()
    assert not mail.outbox, "not every half minute"
    monkeypatch.setattr(unread, "_not_before", 0.0)
    unread.sweep()
    unread.sweep()
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_a_thousand_lost_secrets_are_one_mail_and_a_few_queries(vendor: Vendor, settings: Any) -> None:
    sealed = Token.objects.get().ciphertext
    Token.objects.bulk_create(
        Token(vendor=vendor, name=f"t{n}", ciphertext=sealed, created_at=timezone.now()) for n in range(250)
    )
    settings.HUB_KEYS = [NEW]
    unread.look("web")
    assert len(mail.outbox) == 1
    assert "and 231 more" in mail.outbox[0].body
    assert len(Unread.matters(Unread.objects.all())) == 1
    with CaptureQueriesContext(connection) as again:
        unread.look("web")
    assert len(again) < 10


# -- real processes


def env(**more: str) -> dict[str, str]:
    given = connection.settings_dict
    url = f"sqlite:///{given['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgresql://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
    return {**os.environ, "DATABASE_URL": url, "HUB_VAR": str(hub.VAR), "HUB_KEYS": NEW, "C_FORCE_ROOT": "1", **more}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("process", "command"),
    [
        ("web", "gunicorn config.wsgi --workers 2 --bind 127.0.0.1:{port}"),
        ("web", "gunicorn config.wsgi --preload --workers 2 --bind 127.0.0.1:{port}"),
        ("worker", "celery -A config worker -P solo -Q nothing -l INFO"),
        ("beat", "celery -A config beat -l INFO"),
    ],
    ids=["gunicorn", "preloaded", "worker", "beat"],
)
def test_every_process_looks_as_it_starts(vendor: Vendor, tmp_path: Path, process: str, command: str) -> None:
    log = tmp_path / "log"
    words = command.format(port=servers.free_port()).split()
    with log.open("wb") as out:
        running = subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, env=env(), stdout=out, stderr=out)
    try:
        found = until(Unread.objects.first, say=f"nothing was found: {log.read_text()}")
        until(lambda: "ERROR integrations.alerting a stored secret cannot be read" in log.read_text())
        assert running.poll() is None, "it goes on"
    finally:
        running.terminate()
        running.wait(60)
    assert (found.process, found.key) == (process, Token.objects.get().pk)
    assert VALUE not in log.read_text()


@pytest.mark.slow
@pytest.mark.sqlite_only
@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_not_up_yet_holds_the_web_up_by_nothing(vendor: Vendor, tmp_path: Path) -> None:
    log, later, port = tmp_path / "log", tmp_path / "later.sqlite3", servers.free_port()
    words = f"gunicorn config.wsgi --workers 1 --bind 127.0.0.1:{port}".split()
    with log.open("wb") as out:
        running = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=ROOT, env=env(DATABASE_URL=f"sqlite:///{later}"), stdout=out, stderr=out
        )

    def answers() -> bool:
        with closing(socket.socket()) as caller:
            return caller.connect_ex(("127.0.0.1", port)) == 0

    def found() -> bool:
        with closing(sqlite3.connect(later)) as database:
            return bool(database.execute("SELECT count(*) FROM integrations_unread").fetchone()[0])

    try:
        until(answers)
        until(lambda: "could not be looked over yet" in log.read_text())
        assert running.poll() is None
        with (
            closing(sqlite3.connect(hub.DATABASES["default"]["NAME"])) as here,
            closing(sqlite3.connect(later)) as there,
        ):
            here.backup(there)
        until(found)
    finally:
        running.terminate()
        running.wait(60)


def test_a_worker_whose_database_is_away_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """As the parent of a worker asks: nothing is raised, and the sweep of its children looks later."""
    code = "import django; django.setup(); from integrations import unread; print(unread.started('worker'))"
    url = f"postgresql://nobody:x@127.0.0.1:{servers.free_port()}/nothing"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"},
    )  # fmt: skip
    assert done.stdout.strip() == "False", done.stderr
    assert "could not be looked over yet" in done.stderr
