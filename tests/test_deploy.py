"""Production settings: Django's deployment checks have nothing to say, and every answer carries what browsers need."""

import json
import logging
import os
import re
import subprocess
import sys
import unicodedata
from logging.config import DictConfigurator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

ROOT = Path(__file__).resolve().parent.parent
DROPPED = ("SECRET_KEY", "HUB_KEYS", "DATABASE_URL", "HUB_SECOND_FACTOR", "VENDOR_PRIVATE_HOSTS", "TEST_SQLITE",
           "DJANGO_ALLOW_ASYNC_UNSAFE")  # fmt: skip
TOLD = """
import json
from config import settings as s
names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY",
         "CSRF_COOKIE_HTTPONLY", "SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "DEBUG", "HUB_SECOND_FACTOR")
print(json.dumps({name: getattr(s, name) for name in names}))
"""


def production(folder: Path) -> dict[str, str]:
    """The environment of a hub behind TLS."""
    kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
    return {**kept, "SECURE_SSL": "true", "ALLOWED_HOSTS": "hub.example.com", "HUB_VAR": str(folder), "DEBUG": "false"}


def check(environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_the_deployment_checks_are_clean(tmp_path: Path) -> None:
    done = check(production(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
    assert check({**production(tmp_path), "SECURE_SSL": "false"}).returncode == 1, "the check does look"
    short = check({**production(tmp_path), "HUB_KEYS": f"{'k' * 43},secret"})
    assert short.returncode == 1
    assert "number 2 has less than 32 characters" in short.stderr


def test_behind_tls_cookies_are_for_this_host_alone(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TOLD],
        cwd=ROOT,
        env=production(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    told = json.loads(done.stdout)
    assert (told["SESSION_COOKIE_NAME"], told["CSRF_COOKIE_NAME"]) == ("__Host-sessionid", "__Host-csrftoken")
    assert all(told[f"{cookie}_COOKIE_{what}"] for cookie in ("SESSION", "CSRF") for what in ("SECURE", "HTTPONLY"))
    assert told["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert told["SECURE_HSTS_INCLUDE_SUBDOMAINS"]
    assert not told["DEBUG"]
    assert told["HUB_SECOND_FACTOR"] == "everybody"


def test_the_policy_allows_no_inline_code_and_no_other_site(db: None) -> None:
    answer = Client().get("/admin/login/")
    policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "script-src" not in policy, "default-src holds for scripts"
    assert policy["object-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == policy["base-uri"] == "'self'"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer.cookies["csrftoken"]["samesite"] == "Lax"


@pytest.mark.parametrize("word", ["short-one!", "password1234", "ann.example.com"])
def test_weak_passwords_are_refused(word: str, django_user_model: type) -> None:
    with pytest.raises(ValidationError):
        validate_password(word, django_user_model(username="ann.example", email="ann.example@example.com"))


def test_long_passphrases_are_taken_whole() -> None:
    validate_password("correct horse battery staple " * 3)
    assert settings.SESSION_COOKIE_AGE <= 12 * 3600
    assert settings.SESSION_COOKIE_HTTPONLY


@pytest.mark.parametrize(
    "word", ["crossdock-crossdock", "Crossdock2026!!", "elko-elryan-kvik1", "admin-password-1", "hub.testserver.hub"]
)
def test_words_of_the_house_are_no_password(word: str, django_user_model: type) -> None:
    with pytest.raises(ValidationError, match="anybody would try here"):
        validate_password(word)
    validate_password(f"{word} correct horse battery")


def test_a_password_is_taken_as_it_was_typed(db: None, django_user_model: Any) -> None:
    word = "  Ünïcode ＷＩＤＥ\tand spaces  "
    person = django_user_model.objects.create_user("ann", password=word)
    assert person.check_password(word)
    for other in (word.strip(), word.lower(), word[:-1], unicodedata.normalize("NFKC", word)):
        assert not person.check_password(other)


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT"])
def test_methods_that_echo_are_refused(method: str, db: None) -> None:
    for path in ("/", "/admin/login/", "/healthz", "/hooks/x/", "/static/hub/hub.css"):
        answer = Client().generic(method, path, HTTP_X_ECHO="echo-me")
        assert answer.status_code == 405
        assert b"echo-me" not in answer.content


def test_every_answer_says_what_it_is_and_pages_are_kept_nowhere(db: None, admin_client: Client, settings: Any) -> None:
    for path in (
        "/healthz",
        "/admin/login/",
        "/admin/",
        "/admin/auth/user/",
        "/admin/password_change/",
        "/admin/nothing/",
        "/nothing/",
        "/hooks/x/",
    ):
        answer = admin_client.get(path)
        if answer.content:
            assert "charset=utf-8" in answer["Content-Type"], path
        assert answer["X-Content-Type-Options"] == "nosniff", path
        assert answer["Referrer-Policy"] == "same-origin", path
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"], path
        assert "Access-Control-Allow-Origin" not in answer.headers
        if path.startswith("/admin/") and answer.status_code == 200:
            assert "no-store" in answer["Cache-Control"], path
            assert reverse("admin:logout") in answer.content.decode() or "login" in path, (
                "the way out stands on every page"
            )
    assert admin_client.post(reverse("admin:logout"))["Clear-Site-Data"] == '"cache", "storage"'


def test_people_are_led_to_https_and_vendors_are_not(db: None, settings: Any) -> None:
    """A vendor that posts in the clear learns so; its path is not sent to it once more."""
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get("/admin/login/")["Location"] == "https://testserver/admin/login/"
    refused = Client().post("/hooks/some-secret-path/", b"{}", content_type="application/json")
    assert (refused.status_code, refused.content) == (403, b"")
    assert (
        Client().post("/hooks/some-secret-path/", b"{}", content_type="application/json", secure=True).status_code
        == 404
    )


def test_an_unforeseen_error_tells_nothing(db: None, client: Client) -> None:
    """A database that is gone: whoever asks learns that it is the hub's fault, and no word of what it was."""
    client.raise_request_exception = False

    def gone(*_: Any) -> Any:
        raise OperationalError("could not connect to secret-host as secret-user")

    with connection.execute_wrapper(gone):
        answer = client.get("/healthz")
    assert answer.status_code == 500
    text = answer.content.decode()
    assert "secret-" not in text
    assert "Traceback" not in text
    assert "OperationalError" not in text


def line_of(message: str, *given: object, error: Exception | None = None) -> str:
    """What a process would write."""
    kept: Any = {"version": 1, "formatters": settings.LOGGING["formatters"]}
    line = DictConfigurator(kept).configure_formatter(kept["formatters"]["line"])
    trace = (type(error), error, error.__traceback__) if error else None
    return str(line.format(logging.LogRecord("hub", logging.INFO, "", 0, message, given, trace)))


def test_the_logs_lines_say_their_zone() -> None:
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} INFO hub done$", line_of("done"))


@pytest.mark.parametrize(
    "end", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x1b[2K", "\x00", "\u202e"]
)
def test_nobody_writes_a_second_line_into_a_log(end: str) -> None:
    """Neither in what a vendor says nor in an error that quotes it."""
    forged = f"no{end}2026-01-01T00:00:00+0000 INFO hub.audit all is well"
    told = line_of("%s: %s", "a vendor said", forged)
    assert told.isprintable()
    assert "all is well" in told
    try:
        raise ValueError(forged)
    except ValueError as error:
        lines = line_of("it broke", error=error).splitlines()
    assert all(line.startswith("  ") for line in lines[1:])
    assert "all is well" in lines[-1]
