"""Step-up: what matters asks for a fresh second factor, keeps what was typed, and lets nothing through without it."""

import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path, reverse

from config import stepup
from config.urls import urlpatterns as ours
from tests.second_factor import PASSWORD, Phone

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
DONE: list[str] = []


@stepup.fresh_second_factor
def matters(request: HttpRequest, what: str = "") -> HttpResponse:
    DONE.append(request.method or "")
    return HttpResponse("done")


class Desk:
    @stepup.fresh_second_factor
    def act(self, request: HttpRequest, rows: object) -> str:
        return "done"


urlpatterns = [path("matters/", matters), path("matters/<what>/", matters), *ours]


@pytest.fixture(autouse=True)
def nothing_done() -> None:
    DONE.clear()


@pytest.fixture
def person() -> User:
    return User.objects.create_superuser("ann", password=PASSWORD)


@pytest.fixture
def stale(person: User) -> Client:
    """Signed in; the factor was given a while ago."""
    client = Client()
    client.force_login(person)
    return client


def confirm(client: Client, **given: str) -> Any:
    return client.post(reverse("admin:step_up"), {"next": "/matters/x/?a=1", **given})


def test_a_page_leads_to_the_confirmation_and_back(stale: Client) -> None:
    answer = stale.get("/matters/x/?a=1&b=2")
    assert answer["Location"] == reverse("admin:step_up") + "?next=%2Fmatters%2Fx%2F%3Fa%3D1%26b%3D2"
    shown = stale.get(answer["Location"])
    assert 'name="password"' in shown.content.decode(), "who has no second factor gives the password"
    assert not DONE
    answer = confirm(stale, password=PASSWORD)
    assert answer["Location"] == "/matters/x/?a=1"
    assert stale.get(answer["Location"]).content == b"done"


def test_the_session_gets_another_name_when_it_is_confirmed(stale: Client) -> None:
    before = stale.session.session_key
    confirm(stale, password=PASSWORD)
    assert stale.session.session_key != before


def test_a_form_sent_too_late_changes_nothing_and_says_what_to_do(stale: Client) -> None:
    answer = stale.post("/matters/", {"token": "hunter2"}, HTTP_REFERER="http://testserver/matters/form/?x=1")
    assert answer.status_code == 403
    said = answer.content.decode()
    assert "Nothing was changed" in said
    assert "next=%2Fmatters%2Fform%2F%3Fx%3D1" in said
    assert "hunter2" not in said
    assert not DONE
    elsewhere = stale.post("/matters/", HTTP_REFERER="http://evil.example/x/")
    assert "evil" not in elsewhere.content.decode()


def test_whoever_has_a_second_factor_cannot_do_with_the_password(stale: Client, person: User) -> None:
    phone = Phone(person)
    session = stale.session
    session["hub_factor"] = person.totpdevice_set.get().pk  # type: ignore[attr-defined]
    session.save()
    shown = stale.get(reverse("admin:step_up")).content.decode()
    assert 'name="code"' in shown
    assert 'name="password"' not in shown
    assert confirm(stale, password=PASSWORD).status_code == 200
    assert stale.get("/matters/").status_code == 302
    phone.rested()
    assert confirm(stale, code=phone.code()).status_code == 302
    assert stale.get("/matters/").status_code == 200
    assert confirm(stale, code=phone.recovery[0]).status_code == 302


def test_it_holds_for_ten_minutes_and_not_longer(stale: Client) -> None:
    confirm(stale, password=PASSWORD)
    for age, status in ((599, 200), (601, 302), (-1, 302)):
        session = stale.session
        session[stepup.FRESH] = time.time() - age - (1 if age < 0 else 0) if age >= 0 else time.time() + 60
        session.save()
        assert stale.get("/matters/").status_code == status, age


def test_wrong_answers_sign_out(stale: Client) -> None:
    for _ in range(4):
        assert confirm(stale, password="wrong").status_code == 200
    assert "/login/" in confirm(stale, password="wrong")["Location"]
    assert "_auth_user_id" not in stale.session


def test_signing_in_counts(person: User) -> None:
    client = Client()
    client.post(reverse("admin:login"), {"username": "ann", "password": PASSWORD})
    assert client.get("/matters/").status_code == 200
    client.post(reverse("admin:logout"))
    client.force_login(person)
    assert client.get("/matters/").status_code == 302, "a session does not hand it on"


def test_where_the_second_factor_is_off_nobody_without_one_is_asked(stale: Client, person: User, settings: Any) -> None:
    settings.HUB_SECOND_FACTOR = "off"
    assert stale.get("/matters/").status_code == 200
    Phone(person)
    assert stale.get("/matters/").status_code == 302


def test_a_method_is_guarded_too(person: User) -> None:
    request = RequestFactory().post("/")
    request.user, request.session = person, {}  # type: ignore[assignment]
    with pytest.raises(stepup.Stale):
        Desk().act(request, [])
    stepup.refresh(request)
    assert Desk().act(request, rows=[]) == "done"


def test_strangers_are_sent_to_sign_in(client: Client) -> None:
    assert "/login/" in client.get(reverse("admin:step_up"))["Location"]
    assert "/login/" in client.get(reverse("admin:authenticator"))["Location"]
