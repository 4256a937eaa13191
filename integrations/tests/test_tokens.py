"""Tokens over their lives: replaced in one step, refused, waited for, warned about, revoked, and never shown."""

import io
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import DatabaseError
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.models import AuditEntry
from integrations import (
    alerting,
    circuit,
    connecting,
    connection,
    replacing,
    schedules,
    sweeping,
    sync,
    token_health,
    vault,
)
from integrations.commands import switches
from integrations.models import AllowedNetwork, Callback, Schedule, SyncRun, Token, Vendor, WriteSwitch
from integrations.service import service_class
from integrations.services.elko.simulator import Simulator
from integrations.simulator import Server
from tests.stuck import refusing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elko() -> Iterator[Simulator]:
    sim = Simulator(seed="tiny")
    with Server(sim):
        yield sim


@pytest.fixture
def vendor(elko: Simulator) -> Vendor:
    given = elko.connections()[0]
    return connecting.connect("elko", "elko-test", name="ELKO", base_url=given["base_url"], options=given["options"],
                              secrets=given["secrets"])  # fmt: skip


@pytest.fixture
def mailed(settings: Any) -> list[Any]:
    settings.HUB_ALERT_EMAILS = ["ops@example.com"]
    mail.outbox.clear()
    return mail.outbox


def page(vendor: Vendor) -> str:
    return reverse("admin:integrations_vendor_tokens", args=[vendor.pk])


def new_token(elko: Simulator, word: str = "next") -> str:
    """The vendor makes another, as its portal does: the one before is dead from then on."""
    elko.token = f"{elko.token}-{word}"
    return elko.token


def everything_stored() -> str:
    """Every column of every table as text."""
    said = []
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            said += [repr(bytes(v) if isinstance(v, memoryview) else v) for row in cursor.fetchall() for v in row]
    return "\n".join(said)


# -- replaced


def test_a_good_one_takes_the_place_of_the_old_in_one_step(
    elko: Simulator, vendor: Vendor, admin_client: Client
) -> None:
    before = Token.objects.get(vendor=vendor)
    sealed, value = before.ciphertext, new_token(elko)
    answer = admin_client.post(
        page(vendor), {"replace": "token", "token-value": value, "token-ends": "2030-01-31"}, follow=True
    )
    assert "is replaced" in answer.content.decode()
    assert value not in answer.content.decode()
    now = Token.objects.get(vendor=vendor, active=True)
    assert vault.secrets_of(vendor) == {"token": value}
    assert (now.created_by.username if now.created_by else "", str(now.expires_at)[:10]) == ("admin", "2030-01-31")
    assert now.last_ok_at is not None
    before.refresh_from_db()
    assert (before.active, before.ciphertext) == (False, "")
    assert before.revoked_by is not None
    stored = everything_stored()
    assert sealed not in stored, "the old ciphertext is in no column"
    assert value not in stored
    assert now.ciphertext in stored, "this would see it"


def test_one_the_vendor_refuses_changes_nothing(elko: Simulator, vendor: Vendor, admin_client: Client) -> None:
    good = vault.secrets_of(vendor)
    connection.probe(vendor)
    for more in ({}, {"token-untested": "on"}):
        answer = admin_client.post(page(vendor), {"replace": "token", "token-value": "elko-wrong-0123456789", **more})
        text = answer.content.decode()
        assert "Nothing was changed" in text
        assert "elko-wrong" not in text
        assert vault.secrets_of(vendor) == good
        assert Token.objects.count() == 1
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.ACTIVE, "a wrong paste does not stop what works"
    assert connection.probe(vendor).ok


def begun(vendor: Vendor, meanwhile: Any) -> SyncRun:
    """A run of many calls; after its first page somebody does something to the connection."""
    assert sync.run(vendor, "products", "cli", slice_seconds=None)
    Vendor.objects.filter(pk=vendor.pk).update(options={**vendor.options, "batch": 1})
    done: list[SyncRun] = []

    def shown(run: SyncRun) -> None:
        if not done:
            done.append(run)
            meanwhile()

    ended = sync.run(Vendor.objects.get(pk=vendor.pk), "details", "cli", slice_seconds=None, progress=shown)
    assert done
    assert ended is not None
    vendor.refresh_from_db()
    return ended


def test_a_run_under_way_goes_on_with_the_one_that_replaced_its_own(
    elko: Simulator, vendor: Vendor, mailed: list[Any]
) -> None:
    """The vendor refuses the old one from then on: that says nothing of the new one, and stops nobody."""
    ended = begun(vendor, lambda: replacing.replace(vendor, "token", new_token(elko)))
    assert (ended.state, ended.error) == ("ok", "")
    assert vendor.state == Vendor.State.ACTIVE
    assert Token.objects.get(vendor=vendor, active=True).rejected_at is None
    assert mailed == []
    assert len([call for call in elko.ledger.asked() if call.authorized is False]) == 1


def test_a_run_under_way_ends_when_its_own_is_revoked(elko: Simulator, vendor: Vendor, mailed: list[Any]) -> None:
    calls: list[int] = []

    def revoke() -> None:
        replacing.revoke(Token.objects.get(vendor=vendor, active=True))
        calls.append(len(elko.ledger.asked()))

    ended = begun(vendor, revoke)
    assert (ended.state, ended.error_kind) == ("failed", "needs_auth")
    assert len(elko.ledger.asked()) == calls[0], "not one more call"
    assert vendor.state == Vendor.State.NEEDS_AUTH
    assert "was revoked here" in vendor.state_reason


def test_a_call_that_was_under_way_when_its_token_was_revoked_opens_nothing(elko: Simulator, vendor: Vendor) -> None:
    """The vendor answered it well: the connection waits for another token all the same, and nobody is told of a failed run."""
    assert connection.probe(vendor).ok
    replacing.revoke(Token.objects.get(vendor=vendor, active=True))
    circuit.worked(vendor)
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.NEEDS_AUTH
    assert "was revoked here" in vendor.state_reason
    assert replacing.replace(vendor, "token", str(elko.token))[0]
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.ACTIVE


def test_of_several_who_replace_it_at_once_one_stays_in_use(elko: Simulator, vendor: Vendor) -> None:
    together, answers = Barrier(4), []

    def work(_: int) -> None:
        try:
            together.wait(20)
            answers.append(replacing.replace(vendor, "token", str(elko.token))[0])
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert answers == [True] * 4
    assert Token.objects.filter(vendor=vendor, active=True).count() == 1
    assert not Token.objects.filter(active=False).exclude(ciphertext="").exists(), "all others are wiped"
    assert connection.probe(vendor).ok


def test_revoking_one_that_was_just_replaced_leaves_the_new_one_in_use(elko: Simulator, vendor: Vendor) -> None:
    seen = Token.objects.get(vendor=vendor, active=True)
    assert replacing.replace(vendor, "token", new_token(elko))[0]
    assert not replacing.revoke(seen)
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.ACTIVE
    assert connection.probe(vendor).ok


@pytest.mark.parametrize("act", ["replace", "revoke"])
def test_no_token_changes_without_its_line_in_the_audit_log(
    elko: Simulator, vendor: Vendor, admin_client: Client, act: str
) -> None:
    token, value = Token.objects.get(vendor=vendor, active=True), vault.secrets_of(vendor)
    asked = {"replace": "token", "token-value": new_token(elko)} if act == "replace" else {"revoke": str(token.pk)}
    with refusing(AuditEntry._meta.db_table, "INSERT", "NEW.what = 'changed'"), pytest.raises(DatabaseError):
        admin_client.post(page(vendor), asked)
    assert Token.objects.get(vendor=vendor, active=True) == token
    assert vault.secrets_of(vendor) == value, "nothing of it was wiped"
    admin_client.post(page(vendor), asked)
    assert not Token.objects.filter(pk=token.pk, active=True).exists(), "what was asked does change it"


def test_a_key_that_comes_back_needs_nobody(vendor: Vendor, settings: Any) -> None:
    """Without its key no token can be opened; with it again every connection goes on, and no button was pressed for each."""
    keys = settings.HUB_KEYS
    Schedule.objects.filter(vendor=vendor).exclude(flow="brands").update(enabled=False)

    def sweep() -> list[str]:
        past = timezone.now() - timedelta(seconds=1)
        Schedule.objects.filter(vendor=vendor, flow="brands").update(due_at=past)
        return [run.state for s in schedules.due() if (run := sweeping.run_if_due(s.vendor_id, s.flow))]

    settings.HUB_KEYS = ["another key that opens nothing of it"]
    assert sweep() == ["failed"]
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.NEEDS_AUTH
    assert "HUB_KEYS" in vendor.state_reason
    assert sweep() == [], "not again and again"
    settings.HUB_KEYS = keys
    assert vendor.blocked_until is not None
    assert vendor.blocked_until < timezone.now() + timedelta(minutes=15), "it is looked at again soon"
    Vendor.objects.filter(pk=vendor.pk).update(blocked_until=timezone.now())
    assert sweep() == ["ok"]
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.ACTIVE


def test_while_the_vendor_is_down_it_is_stored_only_when_asked_for(
    elko: Simulator, vendor: Vendor, admin_client: Client
) -> None:
    elko.fault("status", code=500)
    value = new_token(elko)
    given = {"replace": "token", "token-value": value}
    assert "Nothing was changed" in admin_client.post(page(vendor), given).content.decode()
    answer = admin_client.post(page(vendor), given | {"token-untested": "on"}, follow=True)
    assert "it was not tested" in answer.content.decode()
    assert vault.secrets_of(vendor) == {"token": value}


def test_what_is_typed_wrong_is_told_and_nothing_is_asked(
    elko: Simulator, vendor: Vendor, admin_client: Client
) -> None:
    asked = len(elko.ledger.asked())
    for given in (
        {"replace": "token", "token-value": "  "},
        {"replace": "token", "token-value": "x", "token-ends": "2001-01-01"},
        {"replace": "nothing", "nothing-value": "x"},
        {"revoke": "x"},
        {"revoke": "9" * 30},
        {"revoke": "0"},
        {},
    ):
        assert admin_client.post(page(vendor), given, follow=True).status_code == 200
    assert Token.objects.filter(active=True).count() == 1
    assert len(elko.ledger.asked()) == asked


def test_a_damaged_one_can_be_replaced_from_both_pages(elko: Simulator, vendor: Vendor, admin_client: Client) -> None:
    value = str(elko.token)
    Token.objects.update(ciphertext="v1:00000000:AAAA")
    verdict = connection.probe(vendor)
    assert (verdict.ok, verdict.cause) == (False, "vault")
    assert "HUB_KEYS" in verdict.message
    text = admin_client.get(page(vendor)).content.decode()
    assert "cannot be read" in text
    assert replacing.replace(vendor, "token", value)[0]
    assert connection.probe(vendor).ok
    Token.objects.filter(active=True).update(ciphertext="v1:00000000:AAAA")
    url = reverse("admin:integrations_vendor_change", args=[vendor.pk])
    form = admin_client.get(url).context["adminform"].form
    given = {name: form[name].value() for name in form.fields}
    given = {n: "" if v in (None, False) else "on" if v is True else v for n, v in given.items()}
    answer = admin_client.post(url, given | {"secret_token": value})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert vault.secrets_of(vendor) == {"token": value}


# -- refused, waited for, caught up


def test_a_dead_token_pauses_tells_once_and_a_good_one_catches_up_by_itself(
    elko: Simulator, vendor: Vendor, mailed: list[Any], admin_client: Client
) -> None:
    """The whole way: two flows work, the vendor kills the token, nobody calls any more, a person pastes another, and it goes on."""

    def sweep() -> list[SyncRun]:
        """What beat and worker do: every due flow once."""
        found = [sweeping.run_if_due(s.vendor_id, s.flow) for s in schedules.due() if s.flow in ("brands", "products")]
        return [run for run in found if run]

    def due() -> None:
        Schedule.objects.filter(vendor=vendor, enabled=True).update(due_at=timezone.now() - timedelta(seconds=1))

    Schedule.objects.filter(vendor=vendor).exclude(flow__in=("brands", "products")).update(enabled=False)
    due()
    assert {run.state for run in sweep()} == {"ok"}
    token = Token.objects.get(vendor=vendor, active=True)
    assert token.last_ok_at is not None
    kept = list(Schedule.objects.filter(vendor=vendor).order_by("pk").values_list("flow", "every", "enabled"))

    elko.change("products", elko.truth("products")[0]["id"], name="Renamed while away")
    value = new_token(elko)  # somebody made another at the vendor and told nobody
    for _ in range(4):
        due()
        sweep()
        Vendor.objects.filter(pk=vendor.pk, blocked_until__isnull=False).update(blocked_until=timezone.now())
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.NEEDS_AUTH
    assert vendor.blocked_until is None
    token.refresh_from_db()
    assert token.rejected_at is not None
    assert token_health.standing(token) == ("refused by the vendor", "bad")
    told = [m for m in mailed if "needs a good token" in m.subject]
    assert len(told) == 1, "at the first refusal, once"
    assert value not in told[0].body
    due()
    asked = len(elko.ledger.asked())
    assert sweep() == [], "paused by itself"
    assert len(elko.ledger.asked()) == asked
    assert list(Schedule.objects.filter(vendor=vendor).order_by("pk").values_list("flow", "every", "enabled")) == kept

    answer = admin_client.post(page(vendor), {"replace": "token", "token-value": value}, follow=True)
    assert "is replaced" in answer.content.decode()
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.ACTIVE
    assert {run.state for run in sweep()} == {"ok"}, "by itself, at the next sweep"
    from catalog.models import Product

    assert Product.objects.filter(vendor=vendor, name="Renamed while away").exists(), "what was missed is caught up"
    assert Token.objects.get(vendor=vendor, active=True).rejected_at is None


def test_another_one_that_is_no_good_either_is_told_at_its_first_refusal(
    elko: Simulator, vendor: Vendor, mailed: list[Any]
) -> None:
    """Stored without a test while the connection waits: its state stays as it was, and yet somebody has to know."""

    def sweep() -> None:
        for _ in range(2):
            Schedule.objects.filter(vendor=vendor, flow="brands").update(due_at=timezone.now(), enabled=True)
            sweeping.run_if_due(vendor.pk, "brands")
            Vendor.objects.filter(pk=vendor.pk, blocked_until__isnull=False).update(blocked_until=timezone.now())

    def told() -> int:
        return len([m for m in mailed if "needs a good token" in m.subject])

    new_token(elko)
    sweep()
    assert told() == 1
    vault.set_secret(vendor, "token", "wrong-0123456789")
    sweep()
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.NEEDS_AUTH
    assert told() == 2, "once for each"


def test_a_name_with_a_line_end_in_it_is_told_all_the_same(mailed: list[Any]) -> None:
    """Shops are called what their vendors say: nothing of it becomes a header, and the mail goes."""
    assert alerting.tell("A shop\r\nBcc: eve@evil.example needs a good token", ["It was refused."])
    assert mailed[0].message()["Subject"] == "Crossdock: A shop Bcc: eve@evil.example needs a good token"
    assert mailed[0].recipients() == ["ops@example.com"]


def test_a_mail_server_that_falls_silent_holds_nobody_up(settings: Any) -> None:
    from django.conf import settings as real

    assert 0 < real.EMAIL_TIMEOUT <= 30
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the call, and never says a word
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()[:2]
        settings.EMAIL_TIMEOUT, settings.HUB_ALERT_EMAILS = 0.2, ["ops@example.com"]
        alerting.tell("something", ["a line"])
        silent.accept()[0].close()


# -- revoked


def test_revoked_it_is_wiped_and_nobody_calls(elko: Simulator, vendor: Vendor, admin_client: Client) -> None:
    token = Token.objects.get(vendor=vendor)
    sealed = token.ciphertext
    answer = admin_client.post(page(vendor), {"revoke": token.pk}, follow=True)
    assert "is revoked here and wiped" in answer.content.decode()
    assert sealed not in everything_stored()
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.NEEDS_AUTH
    assert not [s for s in schedules.due(timezone.now() + timedelta(days=9)) if s.vendor_id == vendor.pk]
    assert replacing.replace(vendor, "token", str(elko.token))[0]
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.ACTIVE


# -- warned about


@pytest.mark.parametrize("enabled", [True, False])
def test_an_end_is_told_14_7_and_1_days_before_and_when_it_came_each_once(
    vendor: Vendor, mailed: list[Any], enabled: bool
) -> None:
    Vendor.objects.update(enabled=enabled)
    token = Token.objects.get(vendor=vendor)
    told = []
    for days in (30, 14.5, 13.9, 13.5, 8, 6.9, 6, 2, 0.9, 0.2, -0.1, -3):
        Token.objects.filter(pk=token.pk).update(expires_at=timezone.now() + timedelta(days=days))
        mailed.clear()
        sweeping.sweep()
        token_health.warn()
        if mailed:
            assert len(mailed) == 1
            assert "ELKO: “token” end" in mailed[0].body
            told.append(days)
    assert told == ([13.9, 6.9, 0.9, -0.1] if enabled else [])
    if enabled:
        vault.set_secret(vendor, "token", "another-one-0123", expires_at=timezone.now() + timedelta(days=3))
        mailed.clear()
        token_health.warn()
        assert len(mailed) == 1, "a new one is told of anew"


def test_a_warning_that_did_not_go_goes_when_the_mail_server_is_back(
    vendor: Vendor, mailed: list[Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Token.objects.filter(vendor=vendor).update(expires_at=timezone.now() + timedelta(days=3), warned_days=14)
    monkeypatch.setattr(token_health, "_not_before", 0.0)  # as it is again after the test
    works = settings.EMAIL_BACKEND
    with socket.create_server(("127.0.0.1", 0)) as closed:
        settings.EMAIL_HOST, settings.EMAIL_PORT = closed.getsockname()[:2]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    token_health.warn()
    assert Token.objects.get(vendor=vendor).warned_days == 14, "nobody was told"
    settings.EMAIL_BACKEND = works
    mailed.clear()
    token_health.warn()
    assert not mailed, "not at once again: each try may wait for the server"
    monkeypatch.setattr(token_health, "_not_before", 0.0)
    token_health.warn()
    assert len(mailed) == 1
    token_health.warn()
    assert (len(mailed), Token.objects.get(vendor=vendor).warned_days) == (1, 7)


def test_that_a_vendor_refused_a_token_is_told_when_the_mail_server_is_back(
    elko: Simulator, vendor: Vendor, mailed: list[Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_health, "_not_before", 0.0)  # as it is again after the test
    new_token(elko)
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    Schedule.objects.filter(vendor=vendor, flow="brands").update(due_at=timezone.now(), enabled=True)
    sweeping.run_if_due(vendor.pk, "brands")
    vendor.refresh_from_db()
    assert (vendor.state, vendor.untold) == ("needs_auth", True)
    settings.EMAIL_BACKEND = working
    assert token_health.tell_again() == 0, "a mail server that is away is left alone for a while"
    monkeypatch.setattr(token_health, "_not_before", 0.0)
    sweeping.sweep()
    assert [mail.subject for mail in mailed] == ["Crossdock: ELKO needs a good token"]
    sweeping.sweep()
    assert len(mailed) == 1, "once"


def test_that_a_flow_is_late_is_told_when_the_mail_server_is_back(
    vendor: Vendor, mailed: list[Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "_not_before", 0.0)  # as it is again after the test
    long_ago = timezone.now() - timedelta(days=30)
    Schedule.objects.filter(vendor=vendor).exclude(flow="brands").update(enabled=False)
    Schedule.objects.filter(vendor=vendor, flow="brands").update(last_ok_at=long_ago, enabled=True, alarmed_at=None)
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert sweeping.sweep().late == 1
    settings.EMAIL_BACKEND = working
    assert sweeping.sweep().late == 0
    monkeypatch.setattr(sweeping, "_not_before", 0.0)
    assert [sweeping.sweep().late, sweeping.sweep().late] == [1, 0]
    assert [mail.subject for mail in mailed] == ["Crossdock: a sync is late"]


def test_a_short_lived_token_the_hub_fetches_is_nobodys_concern(vendor: Vendor, mailed: list[Any]) -> None:
    Token.objects.update(fetched=True, expires_at=timezone.now() + timedelta(hours=1))
    assert token_health.warn() == 0


# -- looked at


def test_all_tokens_are_listed_by_when_they_end(vendor: Vendor, admin_client: Client) -> None:
    now = timezone.now()
    for number, days in enumerate((40, None, 3, -2)):
        other = Vendor.objects.create(kind="elko", slug=f"v{number}", name=f"V{number}", base_url="https://x.example")
        ends = now + timedelta(days=days) if days else None
        vault.set_secret(other, "token", f"planted-{number}-0123456789", expires_at=ends)
    vault.set_secret(vendor, "hook:events", "a-path-0123456789", signs_in=False)
    Token.objects.filter(vendor=vendor, name="token").update(ciphertext="v1:00000000:AAAA")
    url = reverse("admin:integrations_token_changelist")
    answer = admin_client.get(url)
    text = answer.content.decode()
    assert [row.vendor.name for row in answer.context["cl"].result_list] == ["V3", "V2", "V0", "ELKO", "V1"]
    for word in ("ended", "ends soon", "cannot be read", "not used yet", "…6789"):
        assert word in text, word
    assert "planted-" not in text
    assert "v1:" not in text
    assert [r.vendor.name for r in admin_client.get(url, {"ends": "soon"}).context["cl"].result_list] == ["V2"]
    for row in Token.objects.all():
        shown = admin_client.get(reverse("admin:integrations_token_change", args=[row.pk]))
        assert "v1:" not in shown.content.decode()
        assert row.fingerprint not in shown.content.decode()


@pytest.mark.parametrize(
    "query",
    ["ciphertext__startswith=v1", "ciphertext=v1", "fingerprint__gt=0", "last_four=6789", "fingerprint__startswith=a",
     "vendor__tokens__ciphertext__contains=v", "o=ciphertext"],
)  # fmt: skip
def test_nothing_of_a_value_is_found_by_asking(vendor: Vendor, admin_client: Client, query: str) -> None:
    answer = admin_client.get(f"{reverse('admin:integrations_token_changelist')}?{query}")
    if query.startswith("o="):
        assert answer.status_code in (200, 302)
    else:
        assert answer.status_code == 400
    found = admin_client.get(reverse("admin:integrations_token_changelist"), {"q": "6789"})
    assert found.context["cl"].result_count == 0


def test_who_only_looks_changes_nothing(vendor: Vendor, django_user_model: Any) -> None:
    from django.contrib.auth.models import Permission

    person = django_user_model.objects.create_user("auditor", is_staff=True)
    client = Client()
    client.force_login(person)
    assert client.get(page(vendor)).status_code == 403
    person.user_permissions.set(Permission.objects.filter(codename__in=["view_vendor", "view_token"]))
    token = Token.objects.get()
    text = client.get(page(vendor)).content.decode()
    assert "Health" in text
    for word in ("Revoke", "password", "Test connection"):
        assert word not in text.partition('id="content"')[2], word
    for given in ({"revoke": token.pk}, {"replace": "token", "token-value": "x"}):
        assert client.post(page(vendor), given).status_code == 403
    assert Token.objects.get().active


def test_every_change_asks_for_a_fresh_second_factor(
    vendor: Vendor, django_user_model: Any, settings: Any, elko: Simulator
) -> None:
    settings.HUB_SECOND_FACTOR = "asked"
    client = Client()
    client.force_login(django_user_model.objects.create_superuser("root", password="x"))
    change = reverse("admin:integrations_vendor_change", args=[vendor.pk])
    step_up = reverse("admin:step_up")
    for url in (page(vendor), "/admin/integrations/vendor/add/?kind=elko", "/admin/integrations/allowednetwork/add/"):
        answer = client.get(url)
        assert answer.status_code == 302, url
        assert answer["Location"].startswith(step_up), url
    token = Token.objects.get()
    form = client.get(change).context["adminform"].form
    same = {name: form[name].value() for name in form.fields}
    same = {n: "" if v in (None, False) else "on" if v is True else v for n, v in same.items()}
    posts: list[tuple[str, dict[str, Any]]] = [
        (page(vendor), {"revoke": token.pk}),
        (page(vendor), {"replace": "token", "token-value": new_token(elko)}),
        (change, same | {"secret_token": "x" * 20}),
        (change, same | {"writes": "on"}),
        (change, same | {"base_url": "https://example.com/v1", "secret_token": "y" * 20}),
        ("/admin/integrations/allowednetwork/add/", {"purpose": "webhook", "network": "192.0.2.1", "active": "on"}),
        ("/admin/integrations/allowednetwork/", {"action": "switch_off", "_selected_action": [1]}),
    ]
    for url, given in posts:
        answer = client.post(url, given)
        assert answer.status_code == 403, (url, given.keys())
        assert "Nothing was changed" in answer.content.decode()
    row = Vendor.objects.get()
    assert (row.writes, row.base_url) == ("off", vendor.base_url)
    assert Token.objects.get().ciphertext == token.ciphertext
    assert client.post(change, same | {"name": "Renamed"}).status_code == 302, "what is harmless asks for nothing"


def test_so_do_the_pages_beside_it(django_user_model: Any, settings: Any) -> None:
    """A verb's write mode, what was stopped, keys and paths of addresses, an account's stores, decisions one by one and many."""
    settings.HUB_SECOND_FACTOR = "asked"
    client = Client()
    client.force_login(django_user_model.objects.create_superuser("root", password="x"))
    shop = connecting.connect("api2cart", "shop", secrets={"api_key": "k" * 32, "store_key": "s" * 32})
    verb = next(iter(service_class("api2cart").verbs))
    switches.stop(shop, verb, by="root", reason="")
    hook = Callback.objects.filter(vendor=shop).first()
    assert hook is not None
    before = [list(table.objects.order_by("pk").values()) for table in (Vendor, Token, Callback, WriteSwitch)]
    switchboard, stores = (
        reverse("admin:integrations_command_switches"),
        reverse("admin:integrations_vendor_stores", args=[shop.pk]),
    )
    posts: list[tuple[str, dict[str, Any]]] = [
        (switchboard, {"act": f"mode:shop:{verb}", f"mode-shop-{verb}": "on"}),
        (switchboard, {"act": f"resume:shop:{verb}"}),
        (stores, {"store": ["x"]}),
        (f"{stores}new/Shopify/", {"way": "x"}),
        (f"{stores}credentials/", {}),
        (f"{stores}tool/bridge/", {}),
        (
            reverse("admin:integrations_callback_changelist"),
            {"action": "replace_address", "_selected_action": [hook.pk]},
        ),
        (reverse("admin:integrations_command_decide"), {"act": "approve", "command": ["1"]}),
    ]
    pages = [
        reverse("admin:integrations_callback_change", args=[row.pk]) for row in Callback.objects.filter(vendor=shop)
    ]
    keyed = [url for url in pages if "new_key" in client.get(url).context["adminform"].form.fields]
    posts += [(url, {"mode": "off", "new_key": "k" * 20}) for url in keyed]
    assert keyed
    for url, given in posts:
        answer = client.post(url, given)
        assert answer.status_code == 403, (url, given)
        assert "Nothing was changed" in answer.content.decode(), url
    assert [list(table.objects.order_by("pk").values()) for table in (Vendor, Token, Callback, WriteSwitch)] == before


def test_what_is_registered_and_when_it_was_last_seen_to_agree_stand_side_by_side(
    elko: Simulator, vendor: Vendor, admin_client: Client, settings: Any
) -> None:
    settings.HUB_EGRESS_ADDRESSES = ["203.0.113.20", "2001:db8::20"]
    url = reverse("admin:integrations_allowednetwork_egress")
    before = admin_client.get(url).content.decode()
    for word in ("203.0.113.20\n2001:db8::20", "nothing noted", "not known", "not tested yet"):
        assert word in before, word
    AllowedNetwork.objects.create(purpose="egress", network="203.0.113.0/24", vendor=vendor)
    assert "IPv6 not registered (2001:db8::20)" in admin_client.get(url).content.decode()
    AllowedNetwork.objects.create(purpose="egress", network="2001:db8::/64", vendor=vendor)
    assert connection.probe(vendor).ok
    vendor.refresh_from_db()
    after = admin_client.get(url).content.decode()
    assert vendor.last_ok_at is not None
    assert vendor.seen_from == "203.0.113.20, 2001:db8::20"
    for word in (vendor.last_ok_at.isoformat(), f"{vendor.seen_from} (", ">yes<"):
        assert word in after, word
    assert "not registered" not in after


def test_a_dump_without_the_keys_reveals_nothing(vendor: Vendor, elko: Simulator, settings: Any) -> None:
    out = io.StringIO()
    call_command("dumpdata", "--all", stdout=out)
    dump = out.getvalue()
    rows = {row["model"]: row["fields"] for row in json.loads(dump) if row["model"] == "integrations.token"}
    sealed = rows["integrations.token"]["ciphertext"]
    assert sealed.startswith("v1:")
    assert str(elko.token) not in dump
    assert settings.HUB_KEYS[0] not in dump
    settings.HUB_KEYS = ["a key somebody guessed"]
    with pytest.raises(vault.VaultError, match="not among HUB_KEYS"):
        vault.secrets_of(vendor)
