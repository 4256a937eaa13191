"""Elryan's token: pasted, or fetched with email and password, and fetched anew when it dies."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations import connection, schedules, vault
from integrations.errors import NeedsAuth
from integrations.models import ApiCall, SyncRun, Token, Vendor
from integrations.services.elryan.simulator import Simulator
from integrations.services.elryan.tests.runs import connected, good, run

pytestmark = pytest.mark.django_db(transaction=True)
LOGIN = "/users/generate-token"


def logins(simulator: Simulator) -> int:
    return len(simulator.ledger.asked(LOGIN))


def by_password(simulator: Simulator) -> Vendor:
    return connected(simulator, {"password": simulator.password})


def test_a_token_is_fetched_once_and_stored_encrypted(tiny: Simulator) -> None:
    vendor = by_password(tiny)
    tiny.vacation = True
    verdict = connection.probe(vendor)
    assert verdict.ok, verdict.message
    assert (verdict.facts["shop"], "on vacation" in verdict.facts["warning"]) == ("Karrada", True)
    good(vendor, "brands")
    good(vendor, "orders")
    assert logins(tiny) == 1
    token = Token.objects.get(vendor=vendor, name="token", active=True)
    assert tiny.token
    assert tiny.token not in token.ciphertext
    assert vault.secrets_of(vendor) == {"password": tiny.password, "token": tiny.token}


def test_a_vacation_is_warned_of_until_a_test_finds_it_over(tiny: Simulator, admin_client: Client) -> None:
    vendor = by_password(tiny)
    tiny.vacation = True
    good(vendor, "brands")

    def shown() -> list[bool]:
        pages = (
            admin_client.get(reverse("admin:index")),
            admin_client.get(reverse("admin:integrations_vendor_change", args=[vendor.pk])),
        )
        return ["says that this shop is on vacation" in page.content.decode() for page in pages]

    assert shown() == [True, True]
    assert connection.probe(vendor).facts["warning"].startswith("Elryan says")
    assert shown() == [True, True]
    tiny.vacation = False
    assert "warning" not in connection.probe(vendor).facts
    assert shown() == [False, False]
    before = logins(tiny)
    connection.probe(vendor)
    assert logins(tiny) == before, "a token nothing was warned of with is good enough for a test"


def test_a_pasted_token_is_kept_whatever_an_earlier_one_warned_of(tiny: Simulator) -> None:
    vendor = by_password(tiny)
    tiny.vacation = True
    good(vendor, "brands")
    vault.set_secret(vendor, "token", str(tiny.token))
    before = logins(tiny)
    assert "warning" not in connection.probe(vendor).facts
    assert logins(tiny) == before


@pytest.mark.parametrize("told_with_200", [False, True])
def test_a_token_that_dies_on_the_way_is_fetched_anew_and_the_run_goes_on(demo: Simulator, told_with_200: bool) -> None:
    vendor = connected(demo, page_length="20")
    demo.errors_with_200 = told_with_200
    dead = str(demo.token)
    demo.fault("revoke", "/variants/search", after=3)
    done = good(vendor, "variants")
    assert (done.created, done.pages) == (200, len(demo.ledger.asked("/variants/search", status=200)) - told_with_200)
    assert logins(demo) == 1
    assert demo.token != dead
    assert vault.secrets_of(vendor)["token"] == demo.token
    assert Token.objects.get(name="token", active=False).ciphertext == "", "the dead one is wiped"
    good(vendor, "brands")
    assert logins(demo) == 1


def test_a_pasted_token_that_dies_waits_for_a_person_and_goes_on_with_the_next(tiny: Simulator) -> None:
    vendor = connected(tiny, {"token": str(tiny.token)})
    tiny.revoke_token()
    done = run(vendor, "brands")
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "needs_auth")
    assert "password" in done.cure or "token" in done.cure
    assert logins(tiny) == 0
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.NEEDS_AUTH
    later = timezone.now() + timedelta(days=9)
    assert not [s for s in schedules.due(later) if s.vendor_id == vendor.pk]
    vault.set_secret(vendor, "token", tiny.living_token())
    assert [s for s in schedules.due(later) if s.vendor_id == vendor.pk], "it goes on by itself"
    good(vendor, "brands")


def test_a_refused_password_is_told_without_it_and_keeps_what_is_stored(tiny: Simulator) -> None:
    vendor = connected(tiny, {"password": "a-password-of-yesterday", "token": str(tiny.token)})
    tiny.revoke_token()
    done = run(vendor, "brands")
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "needs_auth")
    assert "email" in done.error
    assert "yesterday" not in done.error + done.cure
    assert logins(tiny) == 1, "asked once, not again and again"
    assert set(vault.secrets_of(vendor)) == {"password", "token"}
    verdict = connection.probe(vendor)
    assert (verdict.ok, verdict.cause) == (False, "token")
    assert "yesterday" not in f"{verdict}"


def test_a_fresh_token_that_is_refused_too_ends_the_run(tiny: Simulator) -> None:
    vendor = connected(tiny)
    tiny.fault("status", "/brands/search", code=401)
    done = run(vendor, "brands")
    assert (done.state, done.error_kind, logins(tiny)) == (SyncRun.State.FAILED, "needs_auth", 1)


def test_no_email_or_neither_secret_says_what_to_set(tiny: Simulator) -> None:
    for secrets, options in (({}, {}), ({"password": tiny.password}, {"email": ""})):
        vendor = connected(tiny, secrets, **options)
        with pytest.raises(NeedsAuth, match="no email and password"):
            connection.open_service(vendor)
    assert logins(tiny) == 0


def test_a_token_about_to_expire_is_fetched_before_it_is_used(tiny: Simulator) -> None:
    vendor = connected(tiny)
    Token.objects.filter(name="token").update(expires_at=timezone.now() + timedelta(seconds=5))
    good(vendor, "brands")
    assert logins(tiny) == 1
    assert not tiny.ledger.asked("/brands/search", status=401)


def test_several_at_once_fetch_one_token(tiny: Simulator) -> None:
    vendor = connected(tiny)
    tiny.revoke_token()
    together = Barrier(4)
    tiny.fault("slow", LOGIN, seconds=0.2)

    def ask(_: int) -> bool:
        try:
            service = connection.open_service(vendor)
            together.wait(20)
            again = connection.open_service(vendor, dead=service.signed_by)
            return again.probe().ok
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [True] * 4
    assert logins(tiny) == 1
    assert Token.objects.filter(name="token", active=True).count() == 1


def test_the_answers_echo_of_the_password_is_kept_nowhere(tiny: Simulator) -> None:
    vendor = by_password(tiny)
    connection.probe(vendor)
    tiny.fault("shape", LOGIN, how="text")
    tiny.revoke_token()
    done = run(vendor, "brands")
    assert (done.error_kind, "log-in" in done.error) == ("bad_payload", True)
    kept = [f"{values}" for model in (ApiCall, SyncRun, Vendor) for values in model._default_manager.values()]
    assert tiny.password not in "\n".join(kept)
