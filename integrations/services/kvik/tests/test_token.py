"""The token: asked for as documented, kept encrypted for all processes, renewed once when it dies, and told to nobody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.db import connection as database
from django.utils import timezone

from integrations import connecting, connection, vault
from integrations.models import ApiCall, SyncRun, Token, Vendor
from integrations.services.kvik.service import Service
from integrations.services.kvik.simulator import TOKEN, Simulator
from integrations.services.kvik.tests.runs import connected, good, run
from integrations.simulator import Request

pytestmark = pytest.mark.django_db(transaction=True)
LOGIN = "/oauth/access_token"


def asked(simulator: Simulator) -> list[Request]:
    """Every request from now on, as it came."""
    seen: list[Request] = []
    simulator.fault("call", do=lambda _, request: seen.append(request))
    return seen


def test_every_call_says_gzip_and_nothing_else_and_the_token_is_asked_for_as_a_form(tiny: Simulator) -> None:
    seen = asked(tiny)
    good(connected(tiny))
    assert [request.path for request in seen][:2] == [TOKEN, "/api/app/orders"]
    assert {request.header("Accept-Encoding") for request in seen} == {"gzip"}
    first, second = seen[:2]
    assert (first.method, first.header("Content-Type")) == ("POST", "application/x-www-form-urlencoded")
    assert parse_qs(first.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": [tiny.client_id],
        "client_secret": [tiny.token],
        "scope": ["all"],
    }
    assert first.query == []
    assert not first.header("Authorization")
    assert second.header("Authorization").startswith("Bearer ")
    assert not second.header("Content-Type"), "a call without a body has no type of one"


def test_a_token_is_asked_for_once_and_stored_encrypted_until_it_is_about_to_expire(tiny: Simulator) -> None:
    vendor = connected(tiny)
    good(vendor)
    good(vendor)
    assert tiny.tokens_given == 1
    stored = Token.objects.get(vendor=vendor, name="access_token", active=True)
    [living] = tiny.good
    assert living not in stored.ciphertext
    assert vault.secrets_of(vendor)["access_token"] == living
    assert stored.expires_at is not None
    assert timedelta(minutes=59) < stored.expires_at - timezone.now() <= timedelta(hours=1)
    Token.objects.filter(pk=stored.pk).update(expires_at=timezone.now() + timedelta(seconds=50))
    good(vendor)
    assert tiny.tokens_given == 2, "sixty seconds early: a token that dies on its way is no use"


def test_a_token_that_dies_mid_run_costs_one_refresh_and_one_repetition(shop: Simulator) -> None:
    vendor = connected(shop, page_length="10")
    shop.fault("call", "/orders", after=2, times=1, do=lambda simulator, _: simulator.expire_tokens())
    done = good(vendor)
    assert (done.created, shop.tokens_given) == (40, 2)
    assert len(shop.ledger.asked("/orders", status=401)) == 1
    [dead] = Token.objects.filter(name="access_token", active=False)
    assert dead.ciphertext == "", "the dead one is wiped"


def test_a_fresh_token_that_is_refused_ends_the_run_and_the_connection_waits(tiny: Simulator) -> None:
    vendor = connected(tiny)
    good(vendor)
    tiny.fault("call", "/orders", do=lambda simulator, _: simulator.expire_tokens())
    done = run(vendor)
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "needs_auth")
    assert tiny.tokens_given == 2, "one refresh, no more"
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.NEEDS_AUTH


def test_an_unknown_client_is_told_plainly_and_asked_for_once(tiny: Simulator) -> None:
    vendor = connected(tiny, {"client_secret": "a-secret-of-yesterday"})
    done = run(vendor)
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "needs_auth")
    assert "invalid_client" in done.error
    assert "client id" in done.cure
    assert "yesterday" not in done.error + done.cure
    assert len(tiny.ledger.asked(LOGIN)) == 1
    verdict = connection.probe(vendor)
    assert (verdict.ok, verdict.cause) == (False, "token")
    vault.set_secret(vendor, "client_secret", str(tiny.token))
    assert connection.probe(vendor).ok
    good(vendor)


def test_a_refusal_for_another_reason_keeps_the_vendors_word(tiny: Simulator) -> None:
    verdict = connection.probe(connected(tiny, scope="email"))
    assert (verdict.ok, verdict.cause) == (False, "vendor")
    assert "invalid_scope" in verdict.message


def test_a_connection_test_asks_for_a_new_token_and_tells_how_long_it_lives(tiny: Simulator) -> None:
    vendor = connected(tiny)
    good(vendor)
    verdict = connection.probe(vendor)
    assert verdict.ok
    assert verdict.facts["token good for"] == "60 minutes"
    assert tiny.tokens_given == 2


def test_no_client_id_or_no_secret_says_what_is_missing(tiny: Simulator) -> None:
    for secrets, options in (({}, {}), (None, {"client_id": ""})):
        verdict = connection.probe(connected(tiny, secrets, **options))
        assert (verdict.ok, verdict.cause) == (False, "token")
        assert "client id" in verdict.message
    assert tiny.tokens_given == 0


def test_several_at_once_fetch_one_token(tiny: Simulator) -> None:
    vendor = connected(tiny)
    together = Barrier(4)
    tiny.fault("slow", LOGIN, seconds=0.2)

    def ask(_: int) -> str:
        try:
            together.wait(20)
            return connection.open_service(vendor).http.get("orders").path
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(ask, range(4)))) == 4
    assert tiny.tokens_given == 1


def test_a_changed_connection_does_not_take_its_token_along(tiny: Simulator) -> None:
    vendor = connected(tiny)
    good(vendor)
    connecting.connect("kvik", "shop", options={"client_id": "another-id"})
    assert "access_token" not in vault.secrets_of(vendor)
    assert run(vendor).error_kind == "needs_auth"


def test_hourly_tokens_leave_no_heap_of_dead_rows(tiny: Simulator) -> None:
    vendor = connected(tiny)
    for _ in range(9):
        assert connection.probe(vendor).ok
    assert Token.objects.filter(vendor=vendor, name="access_token", active=True).count() == 1
    assert Token.objects.filter(vendor=vendor, name="access_token").count() == 6
    assert Token.objects.filter(vendor=vendor, name="client_secret").count() == 1


def test_nothing_of_the_exchange_is_kept_or_quoted(tiny: Simulator) -> None:
    vendor = connected(tiny)
    good(vendor)
    tiny.fault("shape", LOGIN, how="renamed", field="access_token", to="acces_token")
    tiny.expire_tokens()
    done = run(vendor)
    assert (done.error_kind, "access_token" in done.error) == ("bad_payload", True)
    tiny.clear_faults()
    tiny.fault("status", "/orders", code=400, body=f"bad client {tiny.token}")
    done = run(vendor)
    assert "***" in done.error
    kept = [f"{values}" for model in (ApiCall, SyncRun, Vendor) for values in model._default_manager.values()]
    for secret in (str(tiny.token), *tiny.good):
        assert secret not in "\n".join(kept)


# -- https


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("shop.example.com", "https://shop.example.com/api/app"),
        ("http://shop.example.com/api/app/", "https://shop.example.com/api/app"),
        ("https://shop.example.com", "https://shop.example.com/api/app"),
        ("http://127.0.0.1:8100/kvik/api/app", "http://127.0.0.1:8100/kvik/api/app"),  # the operator vouches for it
    ],
)
def test_an_address_is_corrected_to_https_and_to_the_documented_path(given: str, stored: str) -> None:
    assert connecting.connect("kvik", "shop", base_url=given).base_url == stored


@pytest.mark.parametrize("given", ["ftp://shop.example.com", "https://", "shop .example"])
def test_what_is_no_address_is_refused_with_what_would_be(given: str) -> None:
    with pytest.raises(connecting.BadOption, match="Write"):
        connecting.connect("kvik", "shop", base_url=given)


def test_a_shop_that_answers_plain_http_with_403_is_told_from_a_wrong_token(tiny: Simulator) -> None:
    tiny.over_https = False
    verdict = connection.probe(connected(tiny))
    assert (verdict.ok, verdict.cause) == (False, "url")
    assert "https" in verdict.cure


def test_the_admins_form_takes_a_bare_domain(admin_client: Any) -> None:
    add = "/admin/integrations/vendor/add/?kind=kvik&preset=shop"
    form = admin_client.get(add).context["adminform"].form
    values: dict[str, Any] = {}
    for name in form.fields:
        value = form[name].value()
        if isinstance(value, dict):
            values |= {f"{name}.{key}": text for key, text in value.items()}
            continue
        values[name] = "" if value in (None, False) else "on" if value is True else value
    values |= {
        "base_url": "http://shop.invalid",  # a name that never leads anywhere (RFC 2606)
        "untested": "on",
        "option_client_id": "an-id",
        "secret_client_secret": "s-e-c-r-e-t-77",
    }
    answer = admin_client.post(add, values)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    vendor = Vendor.objects.get(kind="kvik")
    assert vendor.base_url == "https://shop.invalid/api/app"
    declared = {option.name: option.default for option in Service.options}
    assert vendor.options["order_map"] == declared["order_map"]
    assert vendor.options["status_map"] == {}
