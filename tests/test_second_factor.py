"""The second factor: setting it up, signing in with it, recovery codes, and no door beside it."""

import io
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from config import sealing
from config.models import Authenticator
from config.second import codes
from tests.second_factor import PASSWORD, Phone, twice_at_once

pytestmark = pytest.mark.django_db
HOME = "/admin/"


@pytest.fixture
def person() -> User:
    return User.objects.create_superuser("ann", password=PASSWORD)


@pytest.fixture
def phone(person: User) -> Phone:
    return Phone(person)


def password(client: Client, word: str = PASSWORD, back: str = HOME) -> Any:
    return client.post(reverse("admin:login"), {"username": "ann", "password": word, "next": back})


def give(client: Client, code: str, back: str = HOME) -> Any:
    return client.post(reverse("admin:second_factor"), {"code": code, "next": back})


def is_in(client: Client) -> bool:
    return client.get(HOME).status_code == 200


def test_the_password_alone_signs_nobody_in_who_has_a_second_factor(client: Client, phone: Phone) -> None:
    answer = password(client, back="/admin/orders/sale/")
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("admin:second_factor"))
    assert "_auth_user_id" not in client.session, "no session of the person's before both were right"
    assert not is_in(client)
    assert give(client, "000000").status_code == 200
    assert not is_in(client)
    phone.rested()
    answer = give(client, phone.code(), back="/admin/orders/sale/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/orders/sale/")
    assert is_in(client)


def test_the_page_does_not_tell_who_has_one(client: Client, phone: Phone) -> None:
    User.objects.create_superuser("bob", password=PASSWORD)
    told = {
        name: client.post(reverse("admin:login"), {"username": name, "password": "wrong"}).content.decode()
        for name in ("ann", "bob", "nobody")
    }
    blank = [re.sub(r'value="[^"]*"', "", text) for text in told.values()]
    assert len(set(blank)) == 1


def test_a_session_that_began_by_another_way_is_asked_too(client: Client, phone: Phone, person: User) -> None:
    client.force_login(person)
    assert not is_in(client)
    answer = client.get(HOME, follow=True)
    assert answer.redirect_chain[-1][0].startswith(reverse("admin:second_factor"))
    give(client, phone.code())
    assert is_in(client)


def every_page() -> list[str]:
    """The addresses of the site that take no argument."""
    found = [f"admin:{name}" for url in admin.site.get_urls() if (name := getattr(url, "name", None))]
    named = [name for name in found if not re.search(r"app_list|autocomplete|jsi18n|view_on_site", name)]
    models = [m._meta for m in admin.site._registry]
    return [reverse(n) for n in named] + [
        reverse(f"admin:{m.app_label}_{m.model_name}_{p}") for m in models for p in ("changelist", "add")
    ]


def test_no_page_opens_between_password_and_code(client: Client, phone: Phone, person: User) -> None:
    password(client)
    other = Client()
    other.force_login(person)
    open_to_all = {reverse("admin:login"), reverse("admin:second_factor"), reverse("admin:logout")}
    for half in (client, other):
        for url in every_page():
            if url not in open_to_all:
                answer = half.get(url)
                assert answer.status_code == 302, url
                assert "/login/" in answer["Location"], url


def test_a_code_works_once(client: Client, phone: Phone) -> None:
    code = phone.code()
    password(client)
    assert give(client, code).status_code == 302
    second = Client()
    password(second)
    assert give(second, code).status_code == 200
    assert not is_in(second)


@pytest.mark.django_db(transaction=True)
def test_a_code_that_comes_twice_at_once_works_once(person: User) -> None:
    phone = Phone(person)
    code = phone.code()
    assert twice_at_once(lambda: codes.take(person, code).right) == [False, True]


def test_wrong_codes_wait_longer_and_longer_and_end_at_the_password(client: Client, phone: Phone) -> None:
    password(client)
    assert "That code is not right" in give(client, "000000").content.decode()
    assert "Wait 1 second" in give(client, phone.code()).content.decode(), "not even a right one is looked at"
    for _ in range(2):
        give(client, "000000")
    answer = give(client, "000000")
    assert answer.status_code == 302
    assert "/login/" in answer["Location"]
    assert "hub_pending" not in client.session
    Authenticator.objects.update(throttling_failure_count=40)
    device = Authenticator.objects.get()
    device.throttle_increment()
    allowed, why = device.verify_is_allowed()
    assert not allowed
    assert (why["locked_until"] - device.throttling_failure_timestamp).total_seconds() <= 600, "nobody is out for a day"


def test_a_recovery_code_signs_in_once_and_is_stored_hashed(client: Client, phone: Phone) -> None:
    assert len(phone.recovery) == len(set(phone.recovery)) == codes.RECOVERY
    kept = set(StaticToken.objects.values_list("token", flat=True))
    assert not kept & {codes.plain(code) for code in phone.recovery}
    password(client)
    assert give(client, phone.recovery[0].upper().replace("-", " ")).status_code == 302
    assert "9 are left" in client.get(HOME).content.decode()
    second = Client()
    password(second)
    assert give(second, phone.recovery[0]).status_code == 200
    assert not is_in(second)


def test_the_seed_is_sealed_for_its_person(phone: Phone, person: User) -> None:
    row = TOTPDevice.objects.get()
    assert row.key.startswith("v1:")
    assert phone.seed.hex() not in row.key
    assert len(row.key) <= 80
    row.user = User.objects.create_user("eve")
    row.save()
    with pytest.raises(sealing.VaultError, match="another row"):
        _ = Authenticator.objects.get().bin_key


def test_the_seed_goes_over_to_a_new_key(phone: Phone, person: User, settings: Any) -> None:
    settings.HUB_KEYS = ["a-newer-key", *settings.HUB_KEYS]
    assert codes.take(person, phone.code()).right, "before the rotation both keys open"
    call_command("rotate_keys", stdout=io.StringIO())
    settings.HUB_KEYS = ["a-newer-key"]
    phone.rested()
    assert codes.take(person, phone.code()).right
    settings.HUB_KEYS = ["a-wrong-key"]
    with pytest.raises(CommandError, match="could not be read: the authenticator of ann"):
        call_command("rotate_keys", stdout=io.StringIO())


def test_half_a_sign_in_ends_with_a_new_password_or_in_time(
    client: Client, phone: Phone, person: User, monkeypatch: Any
) -> None:
    password(client)
    person.set_password("another pass phrase, just set")
    person.save()
    assert "/login/" in give(client, phone.code())["Location"]
    late = Client()
    password(late, "another pass phrase, just set")
    session = late.session
    session["hub_pending"] = {**session["hub_pending"], "at": session["hub_pending"]["at"] - 301}
    session.save()
    assert "/login/" in give(late, phone.code())["Location"]
    assert not is_in(late)


def test_it_is_set_up_replaced_and_removed(client: Client, person: User) -> None:
    assert password(client)["Location"] == HOME
    page = reverse("admin:authenticator")
    shown = client.get(page)
    assert shown.status_code == 200
    assert "no-store" in shown["Cache-Control"]
    text = shown.content.decode()
    assert "<svg" in text
    assert "viewBox" in text, "it grows to a size that a phone reads"
    assert "style=" not in text.partition("<svg")[2].partition("</svg>")[0], "the policy forbids inline styles"
    assert client.get(page).context["secret"] == shown.context["secret"], "the same one while it is being scanned"
    assert is_in(client), "shown is not yet in force"
    phone = Phone.__new__(Phone)
    phone.person, phone.seed, phone.ahead = person, Authenticator.objects.get().bin_key, -1
    assert "not right" in client.post(page, {"code": "000000"}).content.decode()
    phone.rested()
    made = client.post(page, {"code": phone.code()}).context["made"]
    assert len(made) == codes.RECOVERY
    assert is_in(client), "this session goes on"
    elsewhere = Client()
    password(elsewhere)
    assert not is_in(elsewhere), "every other one is asked"
    assert made[0] not in client.get(page).content.decode()
    again = client.post(page, {"do": "codes"}).context["made"]
    assert not set(made) & set(again)
    assert not codes.take(person, made[0]).right
    client.get(page + "?replace=1")
    assert Authenticator.objects.count() == 2, "the old one is in force until the new one gave its first code"
    client.post(page, {"do": "remove"})
    assert not TOTPDevice.objects.exists()
    assert not StaticToken.objects.exists()
    assert is_in(client)


@pytest.mark.parametrize("role", ["superuser", "admin group", "a group of its own", "operator"])
def test_where_it_is_required_an_admin_sees_nothing_before_it(client: Client, settings: Any, role: str) -> None:
    settings.HUB_SECOND_FACTOR = "required"
    person = User.objects.create_user("ann", password=PASSWORD, is_staff=True, is_superuser=role == "superuser")
    if role == "admin group":
        person.groups.add(Group.objects.get_or_create(name="Admin")[0])
    if role == "a group of its own":
        group = Group.objects.create(name="Keepers")
        group.permissions.set(Permission.objects.filter(codename="change_token"))
        person.groups.add(group)
    if role == "operator":
        person.groups.add(Group.objects.get(name="Operator"))
    answer = password(client)
    if role == "operator":
        assert answer["Location"] == HOME
        assert is_in(client)
        return
    assert answer["Location"].startswith(reverse("admin:authenticator"))
    for url in every_page():
        if not re.search(r"/(login|logout|authenticator|confirm)/$", url):
            assert client.get(url).status_code == 302, url
    page = reverse("admin:authenticator")
    assert "needed" in client.get(page).context
    seed = Authenticator.objects.get().bin_key
    phone = Phone.__new__(Phone)
    phone.person, phone.seed, phone.ahead = person, seed, 0
    assert client.post(page, {"code": phone.code()}).status_code == 200
    assert is_in(client)
    client.post(page, {"do": "remove"})
    assert Authenticator.objects.exists(), "it can be replaced and not removed"


def test_where_everybody_must_have_one_so_must_staff(client: Client, settings: Any) -> None:
    settings.HUB_SECOND_FACTOR = "everybody"
    client.force_login(User.objects.create_user("packer", is_staff=True))
    assert client.get("/admin/")["Location"].startswith(reverse("admin:login"))
    settings.HUB_SECOND_FACTOR = "required"
    assert client.get("/admin/").status_code == 200, "required asks admins alone"


@pytest.mark.parametrize(
    "back",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "https:evil.example",
     "///evil.example", "\thttps://evil.example", "http:///evil.example", "/%09/evil.example\n", "evil"],
)  # fmt: skip
def test_no_page_leads_out_of_the_hub(client: Client, phone: Phone, person: User, back: str) -> None:
    def leads_home(answer: Any) -> bool:
        place = answer["Location"]
        return place.startswith("/") and not place.startswith(("//", "/\\")) and place != "evil"

    assert leads_home(password(client, back=back))
    assert leads_home(give(client, phone.code(), back=back))
    phone.rested()
    assert leads_home(client.post(reverse("admin:step_up"), {"code": phone.code(), "next": back}))
    one = Client()
    User.objects.create_superuser("bob", password=PASSWORD)
    asked = reverse("admin:login") + "?" + urlencode({"next": back})
    assert leads_home(one.post(asked, {"username": "bob", "password": PASSWORD}))


def test_the_pages_of_the_second_factor_take_no_forged_post(phone: Phone, person: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person)
    for name in ("second_factor", "step_up", "authenticator"):
        assert strict.post(reverse(f"admin:{name}"), {"code": "1"}).status_code in (302, 403), name
    assert strict.post(reverse("admin:second_factor"), {"code": phone.code()}).status_code == 403


def test_seeds_and_codes_have_no_page(phone: Phone) -> None:
    assert not [model for model in admin.site._registry if model._meta.app_label.startswith("otp_")]
