"""What is done to accounts and rights past the admin's forms: each once in the audit log, and what is no change not at all."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.models import AuditEntry
from tests.second_factor import PASSWORD

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent
NEW = "another long pass phrase"
BY_CODE = "By code, without a page of the admin."


def told() -> list[tuple[str, str, str, str]]:
    rows = AuditEntry.objects.filter(kind__in=("auth.user", "auth.group")).order_by("pk")
    return [(row.who, row.what, row.thing, row.said) for row in rows]


def last() -> AuditEntry:
    return AuditEntry.objects.latest("pk")


@pytest.mark.django_db(transaction=True)
def test_commands_leave_a_row_with_the_command_s_name() -> None:
    given = connection.settings_dict
    url = f"sqlite:///{given['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgresql://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
    env = {**os.environ, "DATABASE_URL": url, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}

    def run(*words: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout

    out = run("createsuperuser", "--noinput", "--username", "ann", "--email", "ann@example.com")
    assert told() == [("command line", "added", "ann", "By manage.py createsuperuser.")]
    assert last().after["is_superuser"] is True
    code = "from django.contrib.auth.models import User as U; u = U.objects.get(); u.set_password('x'); u.is_staff = False; u.save()"
    out += run("shell", "-c", code)
    assert told()[1:] == [("command line", "changed", "ann", "By manage.py shell.")]
    assert (last().before["is_staff"], last().after["is_staff"]) == (True, False)
    assert "password" in last().after
    assert '"By manage.py shell."' in subprocess_copy(env), "and a copy on its output"
    assert PASSWORD not in out + str([row.__dict__ for row in AuditEntry.objects.all()])
    assert User.objects.get().password not in str([row.__dict__ for row in AuditEntry.objects.all()])


def subprocess_copy(env: dict[str, str]) -> str:
    code = "from django.contrib.auth.models import User as U; u = U.objects.get(); u.is_active = False; u.save()"
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", code],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout + done.stderr


def test_the_password_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.create_user("ann", password=PASSWORD)
    monkeypatch.setattr("getpass.getpass", lambda prompt: NEW)
    call_command("changepassword", "ann", stdout=io.StringIO())
    assert told()[1:] == [("", "changed", "ann", BY_CODE)]
    assert list(last().after) == ["password"]
    assert NEW not in str(last().__dict__)


def test_rights_given_in_a_shell_are_told_from_either_side() -> None:
    ann, buyers, packers = (
        User.objects.create_user("ann"),
        *(Group.objects.create(name=n) for n in ("Buyers", "Packers")),
    )
    ann.groups.add(buyers)
    assert (last().before, last().after) == ({"groups": []}, {"groups": ["Buyers"]})
    packers.user_set.add(ann)
    assert last().after == {"groups": ["Buyers", "Packers"]}
    count = AuditEntry.objects.count()
    ann.groups.add(buyers)
    ann.groups.set([buyers, packers])
    assert AuditEntry.objects.count() == count, "nothing was changed"
    buyers.user_set.clear()
    assert (last().thing, last().after) == ("ann", {"groups": ["Packers"]})
    ann.groups.clear()
    assert last().after == {"groups": []}
    ann.user_permissions.add(Permission.objects.get(codename="view_vendor"))
    assert "vendor" in str(last().after["user_permissions"])
    ann.delete()
    assert (last().what, last().thing) == ("deleted", "ann")
    assert {who for who, *_ in told()} == {""}


def test_what_the_forms_tell_is_told_once(admin_client: Client) -> None:
    page = reverse("admin:auth_user_add")
    word = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    assert admin_client.post(page, {"username": "bob", **word}).status_code == 302
    bob = User.objects.get(username="bob")
    group = Group.objects.create(name="Buyers")
    count = AuditEntry.objects.count()
    page = reverse("admin:auth_user_change", args=[bob.pk])
    given = {"username": "bob", "is_staff": "on", "is_active": "on", "groups": [group.pk]}
    admin_client.post(page, given)
    assert AuditEntry.objects.count() == count + 1
    admin_client.post(reverse("admin:auth_user_password_change", args=[bob.pk]), word)
    assert AuditEntry.objects.count() == count + 2
    chosen = {"action": "delete_selected", "_selected_action": [bob.pk], "post": "yes"}
    admin_client.post(reverse("admin:auth_user_changelist"), chosen)
    assert not User.objects.filter(username="bob").exists()
    assert [row[:3] for row in told() if row[2] == "bob"] == [
        ("admin", "added", "bob"), ("admin", "changed", "bob"), ("admin", "changed", "bob"), ("admin", "deleted", "bob"),
    ]  # fmt: skip


def test_one_s_own_new_password_is_told_once(client: Client) -> None:
    ann = User.objects.create_superuser("ann", password=PASSWORD)
    client.force_login(ann)
    new = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert client.post(reverse("admin:password_change"), new).status_code == 302
    assert [row[:3] for row in told()[1:] if row[1].startswith("changed")] == [("ann", "changed a password", "ann")]


def test_a_sign_in_is_no_change_even_when_its_hash_has_aged(client: Client, settings: Any) -> None:
    ann = User.objects.create_superuser("ann", password=PASSWORD)
    was, count = ann.password, AuditEntry.objects.count()
    settings.PASSWORD_HASHERS = [
        "tests.test_audit_accounts.Slow", "django.contrib.auth.hashers.MD5PasswordHasher",
    ]  # fmt: skip
    assert client.post(reverse("admin:login"), {"username": "ann", "password": PASSWORD}).status_code == 302
    ann.refresh_from_db()
    assert ann.password != was
    assert [row.what for row in AuditEntry.objects.order_by("pk")[count:]] == ["signed in"]


class Slow(PBKDF2PasswordHasher):
    """Another hash than the one tests are made with, and quick."""

    algorithm = "slow"
    iterations = 2


def test_a_sign_in_s_own_write_asks_nothing_more() -> None:
    ann = User.objects.create_user("ann")
    with CaptureQueriesContext(connection) as asked:
        ann.save(update_fields=["last_login"])
    assert len(asked) == 1
