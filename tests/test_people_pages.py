"""Small promises about people's accounts that docs/security.md makes, each looked up where it is kept."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import global_settings, settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from config.session_names import stored
from tests.second_factor import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "another long pass phrase"


@pytest.fixture
def ann(client: Client) -> User:
    person = User.objects.create_superuser("ann", password=PASSWORD)
    client.force_login(person)
    return person


def test_a_new_password_asks_for_the_old(client: Client, ann: User) -> None:
    url, new = reverse("admin:password_change"), {"new_password1": NEW, "new_password2": NEW}
    for old in ({}, {"old_password": ""}, {"old_password": NEW}):
        assert client.post(url, {**new, **old}).status_code == 200
        ann.refresh_from_db()
        assert ann.check_password(PASSWORD)
    assert client.post(url, {**new, "old_password": PASSWORD}).status_code == 302
    ann.refresh_from_db()
    assert ann.check_password(NEW)


def test_fields_of_passwords_are_hidden_and_may_be_filled_in(client: Client, ann: User, fresh: Any) -> None:
    fresh(client)
    pages = [
        Client().get(reverse("admin:login")),
        client.get(reverse("admin:password_change")),
        client.get(reverse("admin:auth_user_add")),
    ]
    for page in pages:
        fields = re.findall(r'<input[^>]*name="[^"]*password[^"]*"[^>]*>', page.content.decode())
        typed = [field for field in fields if 'type="radio"' not in field]
        assert typed
        for field in typed:
            assert 'type="password"' in field
            assert "onpaste" not in field
            assert 'autocomplete="off"' not in field
            assert "value=" not in field
            assert "maxlength" not in field


def test_no_account_comes_with_the_hub() -> None:
    assert not User.objects.exists(), "after all migrations"


def test_signed_out_the_session_is_gone(client: Client, ann: User) -> None:
    kept = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert Session.objects.filter(session_key=stored(kept)).exists()
    assert client.post(reverse("admin:logout")).status_code in (200, 302)
    assert not Session.objects.filter(session_key=stored(kept)).exists()
    client.cookies[settings.SESSION_COOKIE_NAME] = kept
    assert client.get("/admin/").status_code == 302


def test_a_copy_of_the_database_is_nobodys_cookie(client: Client, ann: User) -> None:
    """What stands in the rows of somebody who is signed in signs nobody in."""
    name = settings.SESSION_COOKIE_NAME
    kept, row = client.cookies[name].value, Session.objects.get()
    assert client.get("/admin/").status_code == 200
    assert kept not in f"{row.session_key} {row.session_data} {row.get_decoded()}"
    for found in (row.session_key, row.session_data, stored(row.session_key)):
        thief = Client()
        thief.cookies[name] = found
        assert thief.get("/admin/").status_code == 302
    before = client.cookies[name].value
    client.post(reverse("admin:step_up"), {"password": PASSWORD})
    assert client.cookies[name].value != before
    assert Session.objects.get().session_key == stored(client.cookies[name].value), "the row before is gone"


def test_passwords_are_hashed_slowly() -> None:
    text = (settings.BASE_DIR / "config" / "settings.py").read_text()
    assert "PASSWORD_HASHERS" not in text, "Django's own first choice is what a hub runs on"
    assert global_settings.PASSWORD_HASHERS[0].endswith(".PBKDF2PasswordHasher")
    assert PBKDF2PasswordHasher.iterations >= 600_000


def test_scripts_keep_nothing_but_looks() -> None:
    """Names under which the hub's scripts keep something in a browser."""
    folder = Path(settings.BASE_DIR) / "config" / "static" / "hub"
    text = "\n".join(file.read_text() for file in folder.glob("*.js"))
    kept = set(re.findall(r'(?:local|session)Storage\.\w+\(\s*"([^"]+)"', text)) | set(
        re.findall(r'document\.cookie = "(\w+)=', text)
    )
    assert text.count("Storage.") == len(re.findall(r'Storage\.\w+\(\s*"', text)), "each names what it keeps"
    assert kept == {"hub_zone", "hub.menu"}, "the zone of the clock, and whether the menu is folded"
