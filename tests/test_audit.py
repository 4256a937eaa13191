"""The audit log: what enters it, that nothing leaves it, and that a change by whoever may do anything is found."""

import csv
import io
import json
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from config import audit, audit_triggers
from config.afterwards import after_commit
from config.audit_page import safe
from config.models import AuditEntry, Unchangeable
from tests.second_factor import PASSWORD, Phone

pytestmark = pytest.mark.django_db
TABLE = audit_triggers.TABLE


def entries(what: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(what=what))


def three() -> list[AuditEntry]:
    return [audit.record("tried", who="ann", said=f"number {number}", after={"n": number}) for number in range(3)]


def verified(*arguments: str) -> str:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return f"{err.getvalue()}{error}"
    return out.getvalue()


def as_superuser(statement: str, *values: Any) -> None:
    """What whoever owns the database can do: take the triggers away, change a row, put them back."""
    on, off = audit_triggers.SQLITE_ON, audit_triggers.SQLITE_OFF
    if connection.vendor == "postgresql":
        on, off = audit_triggers.POSTGRES_ON, audit_triggers.POSTGRES_OFF
    with connection.cursor() as cursor:
        for line in off:
            cursor.execute(line)
        cursor.execute(statement, values)
        for line in on:
            cursor.execute(line)


def test_neither_the_orm_nor_the_database_changes_a_row() -> None:
    entry = three()[1]
    entry.said = "something else"
    for forbidden in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(who="eve"),
        lambda: AuditEntry.objects.bulk_update([entry], ["said"]),
        lambda: AuditEntry._base_manager.filter(pk=entry.pk).update(who="eve"),
        lambda: AuditEntry._base_manager.filter(pk=entry.pk).delete(),
    ):
        with pytest.raises((Unchangeable, DatabaseError)), transaction.atomic():
            forbidden()
    statements = [f"UPDATE {TABLE} SET who = 'eve'", f"DELETE FROM {TABLE}"]
    if connection.vendor == "postgresql":
        statements.append(f"TRUNCATE {TABLE}")
    else:
        statements.append(f"INSERT OR REPLACE INTO {TABLE} SELECT * FROM {TABLE}")
        statements.append(f"UPDATE OR REPLACE {TABLE} SET id = {entry.pk} WHERE id <> {entry.pk}")
    for statement in statements:
        with (
            pytest.raises(DatabaseError, match="only ever added to"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert [row.said for row in entries("tried")] == ["number 2", "number 1", "number 0"]
    assert verified().startswith("3 rows")


@pytest.mark.parametrize(
    "column", ["who", "what", "kind", "key", "thing", "said", "address", "before", "after", "at", "digest"]
)
def test_a_change_by_the_superuser_is_found(column: str) -> None:
    row = three()[1]
    values: dict[str, Any] = {"before": '{"n": 7}', "after": '{"n": 7}', "at": "2026-01-01 00:00:00+00:00"}
    as_superuser(f"UPDATE {TABLE} SET {column} = %s WHERE id = %s", values.get(column, "changed"), row.pk)
    said = verified()
    assert f"#{row.pk} of" in said
    assert "was changed" in said


def test_rows_taken_out_are_found_at_the_beginning_in_the_middle_and_at_the_end() -> None:
    kept = verified_end()
    rows = three()
    end = verified_end()
    as_superuser(f"DELETE FROM {TABLE} WHERE id = %s", rows[1].pk)
    assert "missing" in verified()
    as_superuser(f"DELETE FROM {TABLE} WHERE id = %s", rows[2].pk)
    assert verified().startswith("1 rows"), "cut off at the end, the rest holds"
    assert "cut off" in verified("--end", end)
    as_superuser(f"DELETE FROM {TABLE}")
    assert kept == "0:"
    assert "cut off" in verified("--end", end)


def test_a_chain_worked_out_anew_is_found_by_an_earlier_end() -> None:
    rows, last = three(), ""
    end = verified_end()
    as_superuser(f"UPDATE {TABLE} SET said = %s WHERE id = %s", "changed", rows[0].pk)
    for row in AuditEntry.objects.order_by("pk"):
        last = audit.digest(row, last)
        as_superuser(f"UPDATE {TABLE} SET digest = %s WHERE id = %s", last, row.pk)
    assert verified().startswith("3 rows"), "by itself it holds"
    assert "not there any more" in verified("--end", end)


@pytest.mark.postgres_only
def test_a_user_of_the_database_without_the_rights_adds_rows_and_changes_none() -> None:
    """As docs/security.md advises: a lock besides the triggers, for processes that do not own the table."""
    role = f"hub_process_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role}")
        cursor.execute(f"GRANT SELECT, INSERT ON {TABLE} TO {role}")
        cursor.execute(f"SET LOCAL ROLE {role}")
        assert three()
        for statement in (
            f"UPDATE {TABLE} SET who = 'eve'", f"DELETE FROM {TABLE}", f"TRUNCATE {TABLE}", f"DROP TRIGGER {TABLE}_rows ON {TABLE}",
        ):  # fmt: skip
            with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic():
                cursor.execute(statement)
        cursor.execute("RESET ROLE")


@pytest.mark.django_db(transaction=True)
def test_what_is_recorded_at_once_makes_one_chain() -> None:
    together = Barrier(4)

    def work(number: int) -> None:
        try:
            together.wait(20)
            for turn in range(5):
                with transaction.atomic():
                    audit.record("tried", who="ann", said=f"{number}, {turn}")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(entries("tried")) == 20
    assert verified().startswith("20 rows")


def verified_end() -> str:
    return verified().rpartition(" ")[2].strip()


def test_a_row_put_in_by_hand_is_found() -> None:
    first = three()[0]
    AuditEntry(at=first.at, who="eve", what="made up", digest="0" * 64).save()
    assert "does not fit" in verified()


def test_what_is_rolled_back_was_not_done() -> None:
    with transaction.atomic():
        audit.record("tried")
        transaction.set_rollback(True)
    assert not entries("tried")
    three()
    assert verified().startswith("3 rows")


class Lines(logging.Handler):
    """What whoever collects the output reads."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.read.append(json.loads(record.getMessage())["said"])


@pytest.fixture
def lines() -> Iterator[list[str]]:
    handler = Lines()
    audit.log.addHandler(handler)
    yield handler.read
    audit.log.removeHandler(handler)


def undone(said: str) -> None:
    with transaction.atomic():
        audit.record("tried", said=said)
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_the_copy_tells_what_stands_in_its_order_and_nothing_that_was_rolled_back(lines: list[str]) -> None:
    audit.record("tried", said="alone")
    assert lines == ["alone"], "at once"
    undone("undone")
    with transaction.atomic():
        audit.record("tried", said="first")
        undone("undone within")
        audit.record("tried", said="second")
        assert lines == ["alone"], "not before the end"
    assert lines == ["alone", "first", "second"]
    assert [row.said for row in reversed(entries("tried"))] == lines


@pytest.mark.django_db(transaction=True)
def test_refusals_stay_though_every_request_is_one_transaction(
    client: Client, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(User.objects.create_user("bob", is_staff=True))
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    page = reverse("admin:auth_user_changelist")
    assert client.get(page).status_code == 403
    assert entries("refused")[0].said == lines[-1] == f"GET {page}"
    Client().post(reverse("admin:login"), {"username": "ann", "password": "x"})
    assert entries("sign-in refused")[0].said == lines[-1]


@pytest.mark.django_db(transaction=True)
def test_what_fails_afterwards_undoes_nothing_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Such as a hint to a broker that is away: whatever is called, a bound task or a partial."""

    def away(word: str) -> None:
        raise BrokenPipeError(word)

    for act in (away, partial(away)):
        with transaction.atomic():
            audit.record("tried")
            after_commit(act, "gone")
        after_commit(act, "gone")
    assert len(entries("tried")) == 2
    assert len([line for line in caplog.messages if "in on_commit()" in line]) == 4


def test_whoever_waits_for_a_commit_waits_in_the_same_way() -> None:
    root = Path(__file__).resolve().parent.parent
    files = [path for app in ("config", "catalog", "orders", "integrations") for path in (root / app).rglob("*.py")]
    assert [path.name for path in files if "robust=True" in path.read_text()] == ["afterwards.py"]


def test_no_secret_enters_and_no_second_line() -> None:
    entry = audit.record(
        "changed",
        who="ann\n2026-01-01 eve",
        said="a\r\nb\x00c\u2028d",
        before={"secret_token": "hunter2", "password": "", "options": {"api_key": "hunter2", "layout": "eu"}},
        after={"secret_token": "hunter3", "groups": ["Staff"], "long": "x" * 9000},
    )
    entry.refresh_from_db()
    assert "hunter" not in str((entry.before, entry.after))
    assert entry.before["options"] == {"api_key": audit.HIDDEN, "layout": "eu"}
    assert entry.before["password"] == "", "that there was none may be told"
    assert len(entry.after["long"]) == 500
    assert entry.who == "ann 2026-01-01 eve"
    assert entry.said == "a  b c d"
    assert verified().startswith("1 rows")


def test_signing_in_is_recorded_and_so_is_every_refusal(client: Client) -> None:
    ann = User.objects.create_superuser("ann", password=PASSWORD)
    login = reverse("admin:login")
    client.post(login, {"username": "ann", "password": "hunter2"}, REMOTE_ADDR="192.0.2.7")
    (refused,) = entries("sign-in refused")
    assert (refused.who, refused.address) == ("ann", "192.0.2.7")
    assert "hunter2" not in str(refused.__dict__)
    client.post(login, {"username": "my-password-by-mistake", "password": ""}, REMOTE_ADDR="192.0.2.8")
    client.post(login, {"username": "my-password-by-mistake", "password": "x"}, REMOTE_ADDR="192.0.2.8")
    assert entries("sign-in refused")[0].who == "(nobody here)", "nor what was typed where the name belongs"
    client.post(login, {"username": "ann", "password": PASSWORD})
    (entry,) = entries("signed in")
    assert (entry.who, entry.kind, entry.key) == ("ann", "auth.user", str(ann.pk))
    client.post(reverse("admin:logout"))
    assert entries("signed out")[0].who == "ann"
    Phone(ann)
    client.post(login, {"username": "ann", "password": PASSWORD})
    client.post(reverse("admin:second_factor"), {"code": "000000"})
    assert entries("second factor refused")[0].who == "ann"
    assert len(entries("signed in")) == 1, "half way in is not in"


def test_what_somebody_signed_in_with_is_recorded(client: Client) -> None:
    """That a recovery code was used, above all: whoever did not use it learns that somebody else has it."""
    ann = User.objects.create_superuser("ann", password=PASSWORD)
    phone, confirm = Phone(ann), reverse("admin:step_up")
    client.post(reverse("admin:login"), {"username": "ann", "password": PASSWORD})
    assert client.post(reverse("admin:second_factor"), {"code": phone.recovery[0]}).status_code == 302
    (given,) = entries("second factor given")
    assert (given.who, given.thing, given.said) == ("ann", "ann", "a recovery code; 9 are left")
    phone.rested()
    assert client.post(confirm, {"code": phone.code()}).status_code == 302
    bob = Client()
    bob.force_login(User.objects.create_superuser("bob", password=PASSWORD))
    assert bob.post(confirm, {"password": PASSWORD}).status_code == 302
    assert [(row.who, row.said) for row in entries("confirmed who it is")] == [
        ("bob", "the password"),
        ("ann", "a code of the app"),
    ]
    assert phone.recovery[0] not in str([row.__dict__ for row in AuditEntry.objects.all()])


def test_what_is_not_allowed_is_recorded(client: Client) -> None:
    client.force_login(User.objects.create_user("bob", is_staff=True))
    page = reverse("admin:auth_user_changelist")
    assert client.get(page).status_code == 403
    assert [(row.who, row.said) for row in entries("refused")] == [("bob", f"GET {page}")]


def test_a_role_given_is_told_with_before_and_after(admin_client: Client) -> None:
    bob = User.objects.create_user("bob", is_staff=True)
    group = Group.objects.create(name="Buyers")
    page = reverse("admin:auth_user_change", args=[bob.pk])
    given = {"username": "bob", "is_staff": "on", "is_active": "on", "groups": [group.pk], "email": "bob@example.com"}
    assert admin_client.post(page, given).status_code == 302
    (entry,) = entries("changed")
    assert (entry.who, entry.thing, entry.kind) == ("admin", "bob", "auth.user")
    assert (entry.before["groups"], entry.after["groups"]) == ([], ["Buyers"])
    assert (entry.before["email"], entry.after["email"]) == ("", "bob@example.com")
    password = reverse("admin:auth_user_password_change", args=[bob.pk])
    new = {"password1": "sesame open thou", "password2": "sesame open thou", "usable_password": "true"}
    assert admin_client.post(password, new).status_code == 302
    assert "sesame" not in str([row.__dict__ for row in AuditEntry.objects.all()])
    assert len(entries("changed")) == 2
    admin_client.post(reverse("admin:auth_user_delete", args=[bob.pk]), {"post": "yes"})
    assert entries("deleted")[0].thing == "bob"


def test_the_pages_show_and_change_nothing(admin_client: Client) -> None:
    entry = three()[0]
    listed = admin_client.get(reverse("admin:hub_auditentry_changelist")).content.decode()
    assert "number 2" in listed
    page = reverse("admin:hub_auditentry_change", args=[entry.pk])
    assert admin_client.get(page).status_code == 200
    assert admin_client.post(page, {"who": "eve"}).status_code == 403
    assert admin_client.get(reverse("admin:hub_auditentry_add")).status_code == 403
    assert (
        admin_client.post(reverse("admin:hub_auditentry_delete", args=[entry.pk]), {"post": "yes"}).status_code == 403
    )
    assert not admin.site._registry[AuditEntry].actions


def test_the_export_has_the_filtered_rows_and_no_formula(admin_client: Client) -> None:
    three()
    audit.record("tried", who="=cmd|' /C calc'!A0", said="\t=1+1", after={})
    audit.record("other", said="not this one")
    url = reverse("admin:hub_auditentry_export") + "?what=tried"
    answer = admin_client.get(url)
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]
    assert [row[1] for row in rows] == ["who", "'=cmd|' /C calc'!A0", "ann", "ann", "ann"]
    assert not [cell for row in rows[1:] for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))]
    assert entries("exported")[0].who == "admin"
    for text in ("=1", "+1", "-1", "@a", "\t=1", "\r=1", " =1", "|x", "%0A=1"):
        assert safe(text) == f"'{text}"
    assert safe("a=1") == "a=1"
    assert Client().get(url).status_code == 302
    plain = Client()
    plain.force_login(User.objects.create_user("bob", is_staff=True))
    assert plain.get(url).status_code == 403


def test_lost_phone_and_codes_the_way_back_in() -> None:
    ann = User.objects.create_superuser("ann")
    Phone(ann)
    call_command("second_factor", "ann", "--remove", stdout=io.StringIO())
    assert not ann.totpdevice_set.exists()  # type: ignore[attr-defined]
    assert entries("removed the second factor")[0].who == "command line"
    for name in ("ann", "nobody"):
        with pytest.raises(CommandError):
            call_command("second_factor", name, "--remove")
