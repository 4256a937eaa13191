"""Lines of ASVS 5.0 that say what the hub does not do, or where a trace is left: each looked at where it would show."""

import ast
import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from logging.config import DictConfigurator
from pathlib import Path
from typing import Any

import pytest
from celery.app.trace import build_tracer
from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError, connection, models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from config import audit
from integrations import tasks
from tests.second_factor import PASSWORD
from tests.test_asvs import sources

ROOT = Path(__file__).resolve().parent.parent
GIVEN = "planted-value-of-the-request"
LINE = re.compile(r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}) (?P<level>[A-Z]+) (?P<logger>[\w.]+) (?P<said>.*)")


@pytest.fixture
def written() -> Iterator[StringIO]:
    """What the process writes to its output, as production formats it."""
    kept: Any = {"version": 1, "formatters": settings.LOGGING["formatters"]}
    handler = logging.StreamHandler(StringIO())
    handler.setFormatter(DictConfigurator(kept).configure_formatter(kept["formatters"]["line"]))
    logging.getLogger().addHandler(handler)
    yield handler.stream
    logging.getLogger().removeHandler(handler)


def gone(*_: Any) -> Any:
    raise OperationalError("the database is gone")


def parsed(text: str) -> list[re.Match[str]]:
    """Entries; lines of a traceback belong to the entry before them, and are indented."""
    lines = text.splitlines()
    assert lines
    assert not lines[0].startswith(" ")
    found = [LINE.fullmatch(line) for line in lines if not line.startswith("  ")]
    assert all(found), text
    return [entry for entry in found if entry]


@pytest.mark.django_db
def test_a_password_of_ten_years_ago_is_as_good_as_ever(client: Client) -> None:
    """Nobody is led to another password, and no page asks for one."""
    ago = timezone.now() - timedelta(days=3653)
    User.objects.create_superuser("ann", password=PASSWORD)
    User.objects.update(date_joined=ago, last_login=ago)
    answer = client.post(reverse("admin:login"), {"username": "ann", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, reverse("admin:index"))
    index = client.get(reverse("admin:index"))
    assert index.status_code == 200
    pages = {page for page in re.findall(r'href="(/admin/[\w/]+/)"', index.content.decode()) if "password" not in page}
    assert len(pages) > 5
    for page in sorted(pages)[:8]:
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert not re.search(r"password[^<]{0,40}(expire|too old|is due)|new_password", answer.content.decode()), page


def named(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for part in patterns:
        yield str(part.pattern)
        if isinstance(part, URLResolver):
            yield from named(part.url_patterns)
        else:
            yield part.name or ""


@pytest.mark.django_db
def test_nobody_gets_in_by_a_question_or_a_hint() -> None:
    told = list(named(get_resolver().url_patterns))
    assert "password_change" in told, "it looks where such a page would be"
    asks = re.compile(r"reset|forgot|question|hint|remind")
    assert not [name for name in told if asks.search(name)]
    fields = [field.name for field in User._meta.get_fields() if isinstance(field, models.Field)]
    assert not [name for name in fields if asks.search(name) or "answer" in name]
    page = Client().get(reverse("admin:login")).content.decode()
    [form] = re.findall(r'<form[^>]*id="login-form".*?</form>', page, re.DOTALL)
    assert set(re.findall(r'name="(\w+)"', form)) == {"csrfmiddlewaretoken", "username", "password", "next"}


@pytest.mark.django_db
def test_what_breaks_in_a_page_is_logged_without_what_was_sent(written: StringIO) -> None:
    client = Client(raise_request_exception=False, headers={"X-Given": GIVEN, "User-Agent": GIVEN})
    client.cookies["given"] = GIVEN
    with connection.execute_wrapper(gone):
        answer = client.post(f"/healthz?given={GIVEN}", {"password": GIVEN})
    assert answer.status_code == 500
    [error] = [entry for entry in parsed(written.getvalue()) if entry["level"] == "ERROR"]
    assert error["logger"] == "django.request"
    assert "the database is gone" in written.getvalue()
    assert GIVEN not in written.getvalue()


@pytest.mark.django_db
def test_what_breaks_in_a_task_is_logged(written: StringIO) -> None:
    """As the worker runs it. A task is given ids and names alone, and not even these are in the line."""
    run = build_tracer(tasks.run_due.name, tasks.run_due, app=tasks.run_due.app)
    with connection.execute_wrapper(gone):
        run("an-id", [4_815_162, GIVEN], {}, {})
    [error] = [entry for entry in parsed(written.getvalue()) if entry["level"] == "ERROR"]
    assert tasks.run_due.name in error["said"]
    assert "the database is gone" in written.getvalue()
    assert GIVEN not in written.getvalue()


@pytest.mark.django_db(transaction=True)
def test_every_entry_of_the_log_can_be_read_by_a_machine(written: StringIO, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    person = User.objects.create_superuser("ann", password=PASSWORD)
    client = Client(raise_request_exception=False)
    client.post(reverse("admin:login"), {"username": "a\n b", "password": "wrong"})
    client.post(reverse("admin:login"), {"username": "ann", "password": PASSWORD})
    client.get("/nothing/")
    audit.record("tried", person, said="two\nlines and a “quote”", after={"n": 1, "text": "{}\r\n"})
    with connection.execute_wrapper(gone):
        client.get("/healthz")
    entries = parsed(written.getvalue())
    assert {entry["logger"] for entry in entries} >= {"django.request", "hub.audit"}
    copies = [json.loads(entry["said"]) for entry in entries if entry["logger"] == "hub.audit"]
    assert len(copies) >= 3
    assert all(set(copy) == {*audit.FIELDS, "digest"} for copy in copies)
    assert copies[-1]["after"] == {"n": 1, "text": "{}  "}


def left_out() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_image_and_the_addresses_hold_no_tests_and_no_simulated_vendor() -> None:
    assert {"**/tests", "conftest.py", ".git", ".env", "requirements-*", "var"} <= set(left_out())
    assert not [line for line in left_out() if line.startswith("!") and line != "!.env.example"]
    parts = ("catalog", "config", "integrations", "orders", "scripts", "templates")
    tests = [file for part in parts for file in (ROOT / part).rglob("test_*.py")]
    assert tests
    assert not [file for file in tests if "tests" not in file.relative_to(ROOT).parts[:-1]], "where none is left out"
    [command] = re.findall(r"^CMD (.*)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert json.loads(command)[:2] == ["gunicorn", "config.wsgi"]
    for name, tree in sources():
        if not name.endswith(("commands/demo.py", "commands/sandbox.py")):
            loaded = re.findall(r"(?:import|from) [^\n]*", ast.unparse(tree))
            assert not [line for line in loaded if re.search(r"simulator|\bdemo\b|sandbox|\btests\b", line)], name
    assert not [name for name in named(get_resolver().url_patterns) if re.search(r"simulat|demo|sandbox", name)]
