"""Production settings: Django's deployment checks have nothing to say, and every answer carries what browsers need."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

ROOT = Path(__file__).resolve().parent.parent


def test_the_deployment_checks_are_clean(tmp_path: Path) -> None:
    production = {"SECURE_SSL": "true", "ALLOWED_HOSTS": "hub.example.com", "HUB_VAR": str(tmp_path), "DEBUG": "false"}
    dropped = ("SECRET_KEY", "HUB_KEYS", "DATABASE_URL", "HUB_SECOND_FACTOR", "VENDOR_PRIVATE_HOSTS", "TEST_SQLITE",
               "DJANGO_ALLOW_ASYNC_UNSAFE")  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, env={**kept, **production}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
    bare = {**kept, **production, "SECURE_SSL": "false"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, env=bare, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, "the check does look"


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
