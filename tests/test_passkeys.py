"""Passkeys: set up, signed in and confirmed with, removed; and every answer that is not taken."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import reverse

from config import stepup
from config.models import AuditEntry, Authenticator, Passkey
from config.second import challenge, codes, passkeys
from config.second.place import place_of, why_not
from tests.passkey_device import ATTESTED, HOST, ORIGIN, PRESENT, VERIFIED, Browser, Device, text
from tests.second_factor import PASSWORD, Phone, twice_at_once

pytestmark = pytest.mark.django_db
HOME = "/admin/"
OWN = "/admin/authenticator/"


@pytest.fixture(autouse=True)
def at_its_name(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [HOST, "localhost", "127.0.0.1", "testserver", "other.example"]


@pytest.fixture
def person() -> User:
    return User.objects.create_superuser("ann", password=PASSWORD)


def password(client: Browser, name: str = "ann", back: str = HOME) -> Any:
    return client.post(reverse("admin:login"), {"username": name, "password": PASSWORD, "next": back})


def owner(name: str = "ann", **made: Any) -> tuple[Browser, Device]:
    """Somebody who is signed in and has set up a passkey, as the first factor."""
    client, device = Browser(), Device(**made)
    password(client, name)
    answer = set_up(client, device)
    assert answer.status_code == 200, "with recovery codes, the first one"
    return client, device


def set_up(client: Browser, device: Device, name: str = "Laptop", **said: Any) -> Any:
    return client.post(OWN, {"passkey": device.make(client.question("add"), **said), "name": name})


def give(client: Browser, answer: str, back: str = HOME) -> Any:
    return client.post(reverse("admin:second_factor"), {"passkey": answer, "next": back})


def confirm(client: Browser, answer: str, back: str = HOME) -> Any:
    return client.post(reverse("admin:step_up"), {"passkey": answer, "next": back})


def half_in(name: str = "ann") -> Browser:
    client = Browser()
    assert password(client, name)["Location"].startswith(reverse("admin:second_factor"))
    return client


def is_in(client: Browser) -> bool:
    return client.get(HOME).status_code == 200


def stale(client: Browser) -> None:
    session = client.session
    session[stepup.FRESH] = time.time() - 601
    session.save()


def last(what: str) -> AuditEntry:
    return AuditEntry.objects.filter(what=what).latest("pk")


# The way it goes.


def test_it_is_set_up_and_signs_in_without_an_app(person: User) -> None:
    client, device = owner()
    assert is_in(client), "this session goes on"
    key = Passkey.objects.get()
    assert (key.name, key.host, key.transports) == ("Laptop", HOST, ["internal", "hybrid"])
    assert last("added a passkey").said == "“Laptop” at hub.example"
    assert codes.codes_left(person) == codes.RECOVERY
    assert not Authenticator.objects.filter(confirmed=True).exists()
    other = half_in()
    assert not is_in(other), "the password alone signs nobody in"
    before = other.session.session_key
    shown = other.get(reverse("admin:second_factor")).content.decode()
    assert "Use a passkey" in shown
    assert "authenticator app" not in shown, "what this person does not have is not asked for"
    answer = give(other, device.use(other.question("sign-in")), "/admin/orders/sale/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/orders/sale/")
    assert is_in(other)
    assert other.session.session_key != before
    key.refresh_from_db()
    assert key.last_used_at is not None
    assert key.sign_count == device.count == 1
    assert not {"hub_pending", "hub_challenge"} & set(other.session.keys())


def test_the_question_is_random_and_names_what_there_is(person: User) -> None:
    client, device = owner()
    asked = client.question("add")
    assert [one["id"] for one in asked["excludeCredentials"]] == [text(device.credential)]
    assert asked["rp"] == {"name": "Crossdock", "id": HOST}
    assert asked["user"]["id"] == device.handle, "the same for all of a person's"
    assert asked["attestation"] == "none"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert {one["alg"] for one in asked["pubKeyCredParams"]} == {-7, -8, -257}
    other = half_in()
    first, second = other.question("sign-in"), other.question("sign-in")
    assert first["challenge"] != second["challenge"]
    assert len(first["challenge"]) >= 43, "256 bits"
    assert first["rpId"] == HOST
    assert first["userVerification"] == "required"
    assert [(one["id"], one["transports"]) for one in first["allowCredentials"]] == [
        (text(device.credential), ["internal", "hybrid"])
    ]
    assert second["challenge"] not in json.dumps(other.get(reverse("admin:second_factor")).content.decode())


def test_it_confirms_what_matters_and_the_session_gets_another_name(person: User) -> None:
    client, device = owner()
    stale(client)
    assert client.get(OWN)["Location"].startswith(reverse("admin:step_up"))
    shown = client.get(reverse("admin:step_up")).content.decode()
    assert "Use a passkey" in shown
    assert 'name="password"' not in shown
    before = client.session.session_key
    assert confirm(client, device.use(client.question("confirm")), OWN)["Location"] == OWN
    assert client.get(OWN).status_code == 200
    assert client.session.session_key != before
    stale(client)
    assert client.post(reverse("admin:step_up"), {"password": PASSWORD}).status_code == 200, "the password does not do"
    assert client.get(OWN).status_code == 302


def test_a_recovery_code_stands_in_for_it(person: User) -> None:
    client = Browser()
    password(client)
    made = set_up(client, Device()).context["made"]
    other = half_in()
    assert other.post(reverse("admin:second_factor"), {"code": made[0]}).status_code == 302
    assert is_in(other)
    stale(client)
    assert client.post(reverse("admin:step_up"), {"code": made[1]}).status_code == 302
    new = client.post(OWN, {"do": "codes"}).context["made"]
    assert not is_in(other), "who came in by a code that is no more is asked again"
    assert is_in(client)
    assert other.post(reverse("admin:second_factor"), {"code": new[0]}).status_code == 302
    assert other.post(OWN, {"do": "codes"}).status_code == 200
    assert is_in(other), "whoever made the new ones goes on"


def test_app_and_passkeys_stand_beside_each_other(person: User) -> None:
    client, device = owner()
    sheet = set(person.staticdevice_set.values_list("pk", flat=True))  # type: ignore[attr-defined]
    shown = client.get(OWN + "?replace=1")
    assert "Set up an authenticator app" in shown.content.decode()
    phone = Phone.__new__(Phone)
    phone.person, phone.seed, phone.ahead = person, Authenticator.objects.get().bin_key, -1
    assert client.post(OWN + "?replace=1", {"code": phone.code()})["Location"] == OWN
    assert set(person.staticdevice_set.values_list("pk", flat=True)) == sheet, "the codes go on"  # type: ignore[attr-defined]
    by_app, by_key = half_in(), half_in()
    for client_ in (by_app, by_key):
        shown = client_.get(reverse("admin:second_factor"))
        assert "Use a passkey" in shown.content.decode()
        assert "authenticator app" in shown.content.decode()
    assert by_app.post(reverse("admin:second_factor"), {"code": phone.code()}).status_code == 302
    assert give(by_key, device.use(by_key.question("sign-in"))).status_code == 302
    assert is_in(by_app)
    assert is_in(by_key)
    assert client.post(OWN, {"do": "remove-app"}).status_code == 302
    assert not is_in(by_app), "what it was signed in with is no more"
    assert is_in(by_key)
    assert is_in(client)
    assert last("removed the authenticator app").who == "ann"


def test_a_passkey_is_added_to_an_app_and_leaves_its_codes(person: User) -> None:
    phone = Phone(person)
    client = Browser()
    password(client)
    client.post(reverse("admin:second_factor"), {"code": phone.code()})
    for number in range(10):
        assert set_up(client, Device(), f"Key {number}").status_code == 302
    assert codes.take(person, phone.recovery[0]).right
    shown = client.get(OWN).content.decode()
    assert [f"Key {number}" in shown for number in range(10)] == [True] * 10
    assert len({key.handle for key in Passkey.objects.all()}) == 1
    assert is_in(client)


def test_there_is_an_end_to_how_many(person: User) -> None:
    client, _ = owner()
    row = Passkey.objects.get()
    for number in range(passkeys.MOST - 1):
        row.pk, row.credential = None, f"c{number}"
        row.save(force_insert=True)
    assert "as many as there may be" in set_up(client, Device()).content.decode()
    assert Passkey.objects.count() == passkeys.MOST


def test_where_everybody_must_have_one_a_passkey_will_do(person: User, settings: Any) -> None:
    settings.HUB_SECOND_FACTOR = "everybody"
    client = Browser()
    assert password(client)["Location"].startswith(OWN)
    assert not is_in(client)
    shown = client.get(OWN).content.decode()
    assert "Add a passkey" in shown
    assert "<svg" in shown, "or an app"
    set_up(client, Device())
    assert is_in(client)
    key = Passkey.objects.get()
    client.post(OWN, {"do": "remove-app"})
    for asked in ({"do": "remove"}, {"do": "remove-passkey", "id": key.pk}):
        assert "You need a second factor here" in client.post(OWN, asked).content.decode()
    assert Passkey.objects.exists(), "the last one can be replaced and not removed"
    assert "Remove" not in client.get(OWN).content.decode().partition("Passkeys")[2]
    set_up(client, Device(), "Phone")
    assert client.post(OWN, {"do": "remove-passkey", "id": key.pk}).status_code == 302
    assert [row.name for row in Passkey.objects.all()] == ["Phone"]
    assert is_in(client)


def test_the_page_lists_them_and_names_are_text(person: User) -> None:
    client, _ = owner()
    set_up(client, Device(), "<script>alert(1)</script>\r\nX: y" + "z" * 100)
    name = Passkey.objects.latest("pk").name
    assert len(name) == 64
    assert "\n" not in name
    shown = client.get(OWN).content.decode()
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown
    set_up(client, Device(), "  ")
    assert Passkey.objects.latest("pk").name == "Passkey"


# Removing.


def test_one_is_removed_and_whoever_came_in_by_it_is_asked(person: User) -> None:
    client, device = owner()
    phone = Device()
    set_up(client, phone, "Phone")
    others = {}
    for name, used in (("Laptop", device), ("Phone", phone)):
        others[name] = half_in()
        give(others[name], used.use(others[name].question("sign-in")))
        assert is_in(others[name])
    mine, asked = half_in(), half_in()
    question = asked.question("sign-in")
    key = Passkey.objects.get(name="Laptop")
    assert client.post(OWN, {"do": "remove-passkey", "id": key.pk}).status_code == 302
    assert last("removed a passkey").said == "“Laptop” at hub.example"
    assert is_in(client), "whoever removed it, confirmed just now, goes on"
    assert not is_in(others["Laptop"])
    assert is_in(others["Phone"])
    assert give(asked, device.use(question)).status_code == 200
    assert "not one of yours here" in give(mine, device.use(mine.question("sign-in"))).content.decode()
    assert not is_in(mine)


def test_the_last_one_takes_the_codes_with_it(person: User) -> None:
    client, _ = owner()
    client.post(OWN, {"do": "remove-passkey", "id": Passkey.objects.get().pk})
    assert not Passkey.objects.exists()
    assert not codes.has_codes(person)
    assert is_in(client)
    assert is_in_by_password_alone()
    assert last("removed the second factor").who == "ann"


def is_in_by_password_alone() -> bool:
    other = Browser()
    return bool(password(other)["Location"] == HOME) and is_in(other)


def test_nobody_removes_anothers(person: User) -> None:
    owner()
    key = Passkey.objects.get()
    User.objects.create_superuser("eve", password=PASSWORD)
    eve, _ = owner("eve")
    for given in (key.pk, "", "x", f"{key.pk} ", "-1", "9" * 40):
        assert eve.post(OWN, {"do": "remove-passkey", "id": given}).status_code == 302
    assert Passkey.objects.filter(pk=key.pk).exists()


@pytest.mark.parametrize("way", ["command", "admin"])
def test_a_lost_device_the_way_back_in(person: User, way: str, admin_client: Any) -> None:
    owner()
    if way == "command":
        call_command("second_factor", "ann", "--remove")
    else:
        asked = {"action": "remove_second_factor", "_selected_action": [person.pk], "index": 0}
        admin_client.post(reverse("admin:auth_user_changelist"), asked)
    assert not Passkey.objects.exists()
    assert is_in_by_password_alone()


def test_what_is_done_asks_for_a_fresh_factor(person: User) -> None:
    client, _ = owner()
    key = Passkey.objects.get()
    asked = client.question("add")
    stale(client)
    assert client.post(reverse("admin:passkey"), {"for": "add"}).status_code == 403
    assert client.post(OWN, {"do": "remove-passkey", "id": key.pk}).status_code == 403
    assert client.post(OWN, {"passkey": Device().make(asked), "name": "x"}).status_code == 403
    assert list(Passkey.objects.all()) == [key]


# What is not taken: each wrong in one thing alone.


def refused(client: Browser, answer: str) -> str:
    """The audit log's word for why an answer at sign-in was not taken."""
    before = AuditEntry.objects.filter(what="second factor refused").count()
    told = give(client, answer)
    assert told.status_code == 200
    assert not is_in(client)
    assert AuditEntry.objects.filter(what="second factor refused").count() == before + 1
    assert "errornote" in told.content.decode()
    entry = last("second factor refused")
    assert entry.who == "ann"
    return entry.said


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"origin": "https://hub.example:8443"}, "origin"),
    ({"origin": "http://hub.example"}, "origin"),
    ({"origin": "https://evil.example"}, "origin"),
    ({"origin": "https://hub.example.evil.example"}, "origin"),
    ({"origin": "https://hub.example/"}, "origin"),
    ({"origin": None}, "origin"),
    ({"host": "evil.example"}, "RP ID hash"),
    ({"flags": PRESENT}, "not verified"),
    ({"flags": VERIFIED}, "not present"),
    ({"flags": 0}, "not present"),
    ({"type": "webauthn.create"}, "client data type"),
    ({"challenge": text(bytes(32))}, "challenge"),
    ({"challenge": ""}, "challenge"),
    ({"challenge": 7}, "no answer of a passkey"),
    ({"key": ec.generate_private_key(ec.SECP256R1())}, "signature"),
    ({"cross_origin": True}, "frame of another site"),
    ({"credential": bytes(32)}, "unknown, removed, or another person's"),
    ({"credential": b""}, "unknown, removed, or another person's"),
    ({"handle": text(b"somebody else")}, "unknown, removed, or another person's"),
    ({"handle": 7}, "userHandle"),
    ({"flags": PRESENT | VERIFIED | 128}, "malformed"),
    ({"flags": PRESENT | VERIFIED | 16}, "backed up"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "why"), WRONG, ids=lambda one: str(one)[:40])
def test_an_answer_that_is_wrong_in_one_thing_is_refused(person: User, said: dict[str, Any], why: str) -> None:
    _, device = owner()
    client = half_in()
    assert why in refused(client, device.use(client.question("sign-in"), **said))
    assert give(client, device.use(client.question("sign-in"))).status_code == 302, "nothing but that was wrong"


def test_an_answer_counts_once(person: User) -> None:
    """Also for devices that do not count their answers."""
    _, device = owner(counts=False)
    client = half_in()
    answer = device.use(client.question("sign-in"))
    assert give(client, answer).status_code == 302
    assert confirm(client, answer).status_code == 200
    other = half_in()
    assert refused(other, answer) == "passkey: nothing was asked for"
    asked = other.question("sign-in")
    assert "challenge" in refused(other, answer)
    assert refused(other, device.use(asked)) == "passkey: nothing was asked for", "a refusal spends it too"
    assert give(other, device.use(other.question("sign-in"))).status_code == 302


def test_only_the_last_question_of_a_session_is_open(person: User) -> None:
    _, device = owner()
    client = half_in()
    first, second = client.question("sign-in"), client.question("sign-in")
    assert "challenge" in refused(client, device.use(first))
    assert refused(client, device.use(second)) == "passkey: nothing was asked for"


def test_a_question_is_open_for_five_minutes(person: User) -> None:
    _, device = owner()
    client = half_in()
    asked = client.question("sign-in")
    for age, status in ((301, 200), (-60, 200), (299, 302)):
        client = half_in()
        asked = client.question("sign-in")
        session = client.session
        session[challenge.HELD] = {**session[challenge.HELD], "at": time.time() - age}
        session.save()
        assert give(client, device.use(asked)).status_code == status, age


def test_a_question_is_for_one_purpose(person: User) -> None:
    client, device = owner()
    half = half_in()
    for purpose in ("confirm", "add", "", "x"):
        assert half.post(reverse("admin:passkey"), {"for": purpose}).status_code in (302, 400)
    assert client.post(reverse("admin:passkey"), {"for": "x"}).status_code == 400
    answer = device.use(client.question("add"))
    assert confirm(client, answer).status_code == 200
    assert last("confirmation refused").said == "passkey: nothing was asked for"
    new = Device()
    asked = {**client.question("confirm"), "user": {"id": device.handle}}
    assert "try again" in client.post(OWN, {"passkey": new.make(asked), "name": "x"}).content.decode()
    assert last("passkey not added").said == "nothing was asked for"
    assert Passkey.objects.count() == 1


def test_a_question_is_for_one_person_and_one_session(person: User) -> None:
    _, device = owner()
    User.objects.create_superuser("eve", password=PASSWORD)
    _, hers = owner("eve")
    ann, eve = half_in(), half_in("eve")
    asked = ann.question("sign-in")
    eve.question("sign-in")
    assert give(eve, hers.use(asked)).status_code == 200, "another session's question"
    assert give(eve, device.use(eve.question("sign-in"))).status_code == 200, "another person's passkey"
    assert last("second factor refused").who == "eve"
    session = eve.session
    session[challenge.HELD] = ann.session[challenge.HELD]
    session.save()
    assert give(eve, hers.use(asked)).status_code == 200, "a question to somebody else"
    assert not is_in(eve)
    assert give(ann, device.use(asked)).status_code == 302


def test_a_counter_that_goes_back_is_refused_and_written_down(person: User) -> None:
    _, device = owner()
    for count, right in ((5, True), (5, False), (4, False), (0, False), (2**32 - 1, True)):
        client = half_in()
        answer = device.use(client.question("sign-in"), count=count)
        if right:
            assert give(client, answer).status_code == 302, count
        else:
            assert refused(client, answer) == f"passkey: the counter of “Laptop” went from 5 to {count}: a copy?"
    assert Passkey.objects.get().sign_count == 2**32 - 1


def test_devices_that_do_not_count_are_taken(person: User) -> None:
    _, device = owner(counts=False)
    for _ in range(2):
        client = half_in()
        assert give(client, device.use(client.question("sign-in"))).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_comes_twice_at_once_counts_once(person: User) -> None:
    _, device = owner(counts=False)
    request = asking(person)
    answer = device.use(passkeys.ask(request, person, "sign-in"))
    held: Any = dict(request.session)

    def take() -> bool:
        mine = asking(person)
        mine.session = held.copy()
        return passkeys.take(mine, person, "sign-in", answer).right

    assert twice_at_once(take) == [False, True]


def asking(person: User, host: str = HOST, secure: bool = True) -> HttpRequest:
    request = RequestFactory(headers={"host": host}).get("/", secure=secure)
    request.session, request.user = {}, person  # type: ignore[assignment]
    return request


GARBAGE = [
    "x", "{}", "[]", "null", "7", '"a"', "[" * 16_000, "{" * 16_000, '{"id":' * 2_000, "\0", "\ud7ff", "é" * 100, "a" * 20_000, "NaN",
    '{"id":"a","rawId":"b","type":"public-key","response":{}}', '{"id":"","rawId":"","type":"public-key","response":null}',
    '{"id":"AAAA","rawId":"AAAA","type":"password","response":{"clientDataJSON":"","authenticatorData":"","signature":""}}',
    '{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"","authenticatorData":"","signature":""}}',
    '{"id":"\\u0000","rawId":"\\u0000","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"A","signature":"A"}}',
    '{"id":"é","rawId":"é","type":"public-key","response":{"clientDataJSON":"W10","authenticatorData":"AAA","signature":"AAA"}}',
]  # fmt: skip


@pytest.mark.parametrize("body", GARBAGE, ids=lambda body: body[:20].encode("unicode_escape").decode())
def test_garbage_is_refused_in_words(person: User, body: str) -> None:
    client, _ = owner()
    half = half_in()
    half.question("sign-in")
    assert refused(half, body).startswith("passkey: ")
    client.question("confirm")
    assert confirm(client, body).status_code == 200
    client.question("add")
    assert client.post(OWN, {"passkey": body, "name": body}).status_code == 200
    assert last("passkey not added").who == "ann"
    assert Passkey.objects.count() == 1
    assert is_in(client)


def test_an_empty_answer_says_that_a_script_is_needed(person: User) -> None:
    client, _ = owner()
    assert "by a script, which did not run" in client.post(OWN, {"passkey": "", "name": "x"}).content.decode()
    half = half_in()
    assert "by a script, which did not run" in give(half, "").content.decode()
    assert "A passkey needs JavaScript" in give(half, "").content.decode()
    assert 'name="code"' in give(half, "").content.decode(), "codes work without it"


def test_a_form_of_any_size_is_a_plain_refusal(person: User) -> None:
    owner()
    half = half_in()
    assert give(half, "a" * 3_000_000).status_code == 400
    assert "16385 characters" in refused(half_and_asked(), "a" * 16_385)


def half_and_asked() -> Browser:
    client = half_in()
    client.question("sign-in")
    return client


def test_too_many_wrong_answers_end_at_the_password(person: User) -> None:
    client, _ = owner()
    half = half_in()
    for _ in range(4):
        refused(half, "{}")
    assert "/login/" in give(half, "{}")["Location"]
    assert "hub_pending" not in half.session
    assert give(half, "{}").status_code == 302
    for _ in range(4):
        assert confirm(client, "{}").status_code == 200
    assert "/login/" in confirm(client, "{}")["Location"]
    assert "_auth_user_id" not in client.session


NOT_MADE: list[tuple[dict[str, Any], str]] = [
    ({"alg": -65535}, "Unsupported credential public key alg"),
    ({"alg": -36}, "Unsupported credential public key alg"),
    ({"alg": 99}, "Unsupported credential public key alg"),
    ({"alg": None}, "missing alg"),
    ({"origin": "https://evil.example"}, "origin"),
    ({"host": "evil.example"}, "RP ID hash"),
    ({"flags": PRESENT | ATTESTED}, "not verified"),
    ({"flags": VERIFIED | ATTESTED}, "not present"),
    ({"flags": PRESENT | VERIFIED}, "malformed"),
    ({"type": "webauthn.get"}, "client data type"),
    ({"challenge": text(bytes(32))}, "challenge"),
    ({"cross_origin": True}, "frame of another site"),
    ({"fmt": "of-tomorrow"}, "Unsupported attestation type"),
    ({"fmt": 7}, "malformed attestation type"),
    ({"statement": {"sig": b"x"}}, "unexpected attestation statement"),
    ({"statement": 7}, "malformed"),
    ({"fmt": "packed", "statement": {"alg": -7, "sig": b"x"}}, "attestation statement signature"),
    ({"fmt": "tpm", "statement": {"x5c": [b"x"]}}, ""),
    ({"cose": cbor2.dumps({1: 2, 3: -7, -1: 1, -2: b"\1" * 32, -3: b"\1" * 32})}, "no answer of a passkey (ValueError)"),
    ({"cose": cbor2.dumps({1: 2, 3: -7})}, "no answer of a passkey (KeyError)"),
    ({"cose": cbor2.dumps({1: 9, 3: -7})}, "Unsupported credential public key type"),
    ({"cose": cbor2.dumps([1, 2])}, "no answer of a passkey"),
    ({"cose": b"\xff"}, "malformed"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "why"), NOT_MADE, ids=lambda one: str(one)[:40])
def test_a_passkey_that_is_wrong_in_one_thing_is_not_stored(person: User, said: dict[str, Any], why: str) -> None:
    client, _ = owner()
    answer = set_up(client, Device(), **said)
    assert answer.status_code == 200
    assert "errornote" in answer.content.decode()
    assert why in last("passkey not added").said
    assert Passkey.objects.count() == 1


def test_weak_and_odd_keys_are_not_stored(person: User) -> None:
    client, _ = owner()
    for bits, right in ((1024, False), (2048, True)):
        numbers = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key().public_numbers()
        cose = cbor2.dumps({1: 3, 3: -257, -1: numbers.n.to_bytes(bits // 8, "big"), -2: b"\1\0\1"})
        assert set_up(client, Device(), cose=cose).status_code == (302 if right else 200), bits
    assert last("passkey not added").said == "RSA of 1024 bits"
    assert set_up(client, Device(credential=bytes(1024))).status_code == 200
    assert last("passkey not added").said == "an id of 1024 bytes"
    assert set_up(client, Device(credential=bytes(1023))).status_code == 302


def test_the_same_one_is_not_stored_twice(person: User) -> None:
    client, device = owner()
    assert "set up already" in set_up(client, device).content.decode()
    User.objects.create_superuser("eve", password=PASSWORD)
    eve = Browser()
    password(eve, "eve")
    assert "set up already" in set_up(eve, device).content.decode(), "nor by another person"
    assert Passkey.objects.get().user == person
    assert not codes.has_codes(User.objects.get(username="eve")), "nothing is left of what was refused"


# Where it works.


@pytest.mark.parametrize(
    ("host", "secure", "told"),
    [("hub.example", True, ""), ("hub.example:8443", True, ""), ("localhost:8000", False, ""), ("hub.localhost", False, ""),
     ("hub.example", False, "over https alone"), ("127.0.0.1:8000", False, "localhost"), ("10.0.0.5", True, "the address 10.0.0.5"),
     ("[::1]:8000", False, "bound to a name")],
)  # fmt: skip
def test_the_page_says_where_no_browser_would_use_one(
    person: User, settings: Any, host: str, secure: bool, told: str
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    request = asking(person, host, secure)
    assert told in why_not(request)
    assert bool(told) == bool(why_not(request))
    assert place_of(request).origin == f"http{'s' * secure}://{host}"


def test_at_an_address_the_page_offers_none_and_says_why(person: User) -> None:
    client, _ = owner()
    shown = client.get(OWN, headers={"host": "127.0.0.1:8000"}).content.decode()
    assert "opened at the address 127.0.0.1" in shown
    assert "Add a passkey" not in shown
    answer = client.post(reverse("admin:passkey"), {"for": "add"}, headers={"host": "127.0.0.1:8000"})
    assert answer.status_code == 400
    assert "localhost" in answer.json()["said"]


def test_one_works_at_the_host_it_was_made_at_alone(person: User) -> None:
    _, device = owner()
    elsewhere = Browser()
    elsewhere.defaults["HTTP_HOST"] = "other.example"
    password(elsewhere)
    shown = elsewhere.get(reverse("admin:second_factor")).content.decode()
    assert "made at hub.example" in shown
    assert "Use a passkey" not in shown
    asked = elsewhere.question("sign-in")
    assert asked["rpId"] == "other.example"
    assert asked["allowCredentials"] == []
    answer = device.use(asked, host="other.example", origin="https://other.example")
    assert "unknown" in refused(elsewhere, answer)


@pytest.mark.parametrize(("trusted", "status"), [(("HTTP_X_FORWARDED_PROTO", "https"), 302), (None, 200)])
def test_behind_a_proxy_the_scheme_is_what_the_trusted_header_says(
    person: User, settings: Any, trusted: Any, status: int
) -> None:
    _, device = owner()
    settings.SECURE_PROXY_SSL_HEADER = trusted
    client = half_in()
    client.get(HOME)
    asked = client.question("sign-in")
    place = place_of(RequestFactory(headers={"host": HOST, "X-Forwarded-Proto": "https"}).get("/"))
    assert place.origin == ("https" if trusted else "http") + "://hub.example"
    assert give(client, device.use(asked, origin=place.origin)).status_code == (302 if trusted else 200) == status
    assert ORIGIN.startswith("https")


# Beside it.


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_it_leads_nowhere_else(person: User, back: str) -> None:
    _, device = owner()
    client = half_in()
    assert give(client, device.use(client.question("sign-in")), back)["Location"] == HOME
    assert confirm(client, device.use(client.question("confirm")), back)["Location"] == HOME


def test_no_forged_post_asks_or_answers(person: User) -> None:
    strict = Browser(enforce_csrf_checks=True)
    strict.force_login(person)
    for asked in PURPOSES:
        assert strict.post(reverse("admin:passkey"), {"for": asked}).status_code == 403
    assert challenge.HELD not in strict.session


PURPOSES = challenge.PURPOSES


def test_who_comes_by_a_link_or_unknown_is_led_to_the_sign_in(person: User) -> None:
    for purpose in (*PURPOSES, ""):
        assert "/login/" in Browser().post(reverse("admin:passkey"), {"for": purpose})["Location"]
    client, _ = owner()
    assert "/login/" in client.get(reverse("admin:passkey"))["Location"]


def test_sessions_of_before_go_on(person: User) -> None:
    """What a session noted for the app was its bare id, and still is."""
    Phone(person)
    client = Browser()
    client.force_login(person)
    session = client.session
    session["hub_factor"] = Authenticator.objects.get().pk
    session.save()
    assert is_in(client)


def test_a_person_is_read_in_one_query_with_all_factors(
    person: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    client, _ = owner()
    set_up(client, Device())
    Phone(person)
    from config.permissions import OneQuery
    from config.second.standing import factors_of

    with django_assert_num_queries(1):
        found = OneQuery().get_user(person.pk)
        factors = factors_of(found)
    keys = {f"passkey:{key.pk}" for key in Passkey.objects.all()}
    assert len(keys) == 2
    app, sheet = Authenticator.objects.get().pk, person.staticdevice_set.get().pk  # type: ignore[attr-defined]
    assert factors == keys | {app, f"codes:{sheet}"}


@pytest.mark.django_db(transaction=True)  # the audit log tells its copy once a row stands
def test_nothing_of_it_is_said_in_a_log(person: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client, device = owner()
    half = half_in()
    asked = half.question("sign-in")
    refused(half, device.use(asked, origin="https://evil.example"))
    give(half, device.use(half.question("sign-in")))
    said = caplog.text
    assert "second factor refused" in said
    assert asked["challenge"] not in said
    assert str(client.session.session_key) not in said


def test_the_library_is_not_read_before_it_is_needed() -> None:
    import subprocess
    import sys
    from pathlib import Path

    line = (
        "import django; django.setup(); import config.urls, config.celery; from django.urls import reverse;"
        "reverse('admin:index'); import sys; print([m for m in ('webauthn', 'OpenSSL', 'cbor2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, timeout=120, check=True,
                          cwd=Path(__file__).resolve().parent.parent)  # fmt: skip
    assert done.stdout.strip() == "[]"
