"""What attackers send a hub's pages: forged headers and forms, ways out, fields nobody offered, files, paths, and what time tells.

Attacks on what the hub calls are in integrations/tests/test_ssrf.py, on its list of addresses in test_allowlist.py, on what
vendors send in test_http.py and test_xmltree.py, on the doors vendors post to in tests/faults/test_webhooks.py.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import Group, User
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from config.audit_page import safe
from integrations import connecting
from integrations.models import Callback
from integrations.tests.test_admin import rows
from integrations.webhooks import addresses, known
from integrations.webhooks.view import Door
from tests.second_factor import PASSWORD, Phone
from tests.test_roles import WALKED, filled, signed_in

# Once, and so on one database: it is about what comes from outside.
pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.sqlite_only]
__all__ = ["rows", "signed_in"]
LOGIN = "/admin/login/"
ELSEWHERE = ["https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "https:evil.example",
             "///evil.example", "http:///evil.example", "https://testserver@evil.example/", "https://testserver.evil.example/"]  # fmt: skip


# -- headers


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver@evil.example", "testserver:80:80", "", "a b"]
)
def test_a_forged_host_is_not_answered(host: str, client: Client) -> None:
    answer = client.get(LOGIN, HTTP_HOST=host or "evil.example", HTTP_X_FORWARDED_HOST="testserver")
    assert answer.status_code == 400
    assert "evil.example" not in answer.content.decode()


def test_headers_that_some_servers_believe_are_not_believed(client: Client, settings: Any) -> None:
    """Nothing of a request but its line, its host and its cookies says where it goes, over what it came, or what it does."""
    forged: dict[str, Any] = {
        "HTTP_X_FORWARDED_HOST": "evil.example", "HTTP_X_HOST": "evil.example", "HTTP_FORWARDED": "host=evil.example;proto=https",
        "HTTP_X_ORIGINAL_URL": "/admin/", "HTTP_X_REWRITE_URL": "/admin/", "HTTP_X_HTTP_METHOD_OVERRIDE": "POST",
        "HTTP_X_METHOD_OVERRIDE": "DELETE", "HTTP_REMOTE_USER": "admin", "HTTP_X_REMOTE_USER": "admin", "REMOTE_USER": "admin",
        "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_SCRIPT_NAME": "/evil", "HTTP_X_FORWARDED_PREFIX": "/evil",
    }  # fmt: skip
    User.objects.create_superuser("admin", password=PASSWORD)
    home = client.get("/admin/", **forged)
    assert home["Location"] == "/admin/login/?next=/admin/"
    page = client.get(LOGIN, **forged)
    assert page.status_code == 200
    assert not page.wsgi_request.user.is_authenticated
    assert "evil" not in page.content.decode()
    assert client.get("/healthz", **forged).content == b"ok"
    settings.SECURE_SSL_REDIRECT = True
    plain = Client().get(LOGIN, **forged)
    assert (plain.status_code, plain["Location"]) == (301, "https://testserver/admin/login/"), (
        "it did come in the clear"
    )


# -- forged forms


def views(patterns: Any) -> Any:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield pattern


def test_one_door_alone_takes_posts_without_a_forms_token() -> None:
    loose = {
        pattern.callback.view_class
        for pattern in views(get_resolver().url_patterns)
        if getattr(pattern.callback, "csrf_exempt", False)
    }
    assert loose == {Door}, "vendors have no forms; they sign"


def test_no_page_takes_a_forged_post(signed_in: Any) -> None:
    """Without the token, with another's, and with the right one from another site: nothing is looked at."""
    boss = signed_in["superuser"]
    boss.handler.enforce_csrf_checks = True
    page = boss.get("/admin/password_change/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
    assert token is not None
    tried = {filled(place, model) for _, place, model in WALKED}
    tried |= {
        reverse(f"admin:{name}")
        for name in ("logout", "password_change", "authenticator", "step_up", "sessions", "login", "passkey")
    }
    for url in sorted(tried):
        assert boss.post(url, {"post": "yes"}).status_code in (403, 404), url
        assert boss.post(url, {"csrfmiddlewaretoken": "b" * 64}).status_code in (403, 404), url
    right = {"csrfmiddlewaretoken": token[1]}
    url = reverse("admin:sessions")
    for came in ("https://evil.example", "null", "http://testserver.evil.example", "https://testserver:444"):
        assert boss.post(url, right, HTTP_ORIGIN=came).status_code == 403, came
    assert boss.post(url, right, secure=True, HTTP_REFERER="https://evil.example/").status_code == 403
    assert boss.post(url, right).status_code == 302, "the hub's own form"


# -- ways out


def stays(answer: Any) -> bool:
    place = answer.get("Location", "")
    parts = urlsplit(place)
    return not place or (
        (not parts.netloc or parts.netloc == "testserver") and not place.startswith(("//", "/\\", "\\"))
    )


@pytest.mark.parametrize("away", ELSEWHERE)
def test_no_address_leads_out_of_the_hub(away: str, signed_in: Any) -> None:
    names = ("next", "back", "url", "return", "_changelist_filters", "_popup", "_to_field", "redirect", "continue")
    query = dict.fromkeys(names, away)
    for who in (signed_in["superuser"], Client()):
        for name, place, model in WALKED:
            if name.endswith(("_changelist", "_change", "_export", "_egress", "_add")):
                url = filled(place, model)
                assert stays(who.get(url, query, HTTP_REFERER=away)), url
        for url in ("/", LOGIN, "/admin/logout/", "/admin/confirm/", "/admin/password_change/", "/admin/authenticator/", "/admin/sessions/",
                    "/admin/second-factor/", "/admin/passkey/", "/admin/jsi18n/"):  # fmt: skip
            assert stays(who.get(url, query, HTTP_REFERER=away)), url
        for path in (
            f"/{away}",
            f"/admin/{away}",
            f"/admin/login{away}",
            "//evil.example/admin",
            f"/admin/r/1/{away}",
        ):
            assert stays(who.generic("GET", path)), path
    assert stays(signed_in["superuser"].post("/admin/logout/", query))


def test_a_form_sent_too_late_leads_back_to_no_other_site(signed_in: Any) -> None:
    boss = signed_in["superuser"]
    session = boss.session
    session["hub_fresh"] = 0.0
    session.save()
    url = reverse("admin:auth_user_add")
    for away in (*ELSEWHERE, "https://evil.example/admin/", "http://testserver//evil.example/"):
        answer = boss.post(url, {}, HTTP_REFERER=away)
        assert answer.status_code == 403
        assert not re.search(r'href="[^"]*confirm/\?next=(?:%2F%2F|http|%5C|/[/\\])', answer.content.decode()), away


# -- fields that are in no form


def test_nobody_gives_themselves_or_others_what_the_form_does_not_offer(signed_in: Any) -> None:
    """An admin who is no superuser posts every field a person has."""
    admin = signed_in["Admin"]
    everything = {"is_superuser": "on", "is_staff": "on", "is_active": "on", "user_permissions": ["1", "2", "3"],
                  "date_joined_0": "2001-01-01", "date_joined_1": "00:00", "date_joined": "2001-01-01",
                  "last_login": "2001-01-01", "id": "1", "pk": "1",
                  "password": "md5$a$b", "groups": [str(Group.objects.get(name="Admin").pk)]}  # fmt: skip
    made = {
        "username": "clerk",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "usable_password": "true",
        "first_name": "C",
    }
    admin.post(reverse("admin:auth_user_add"), {**everything, **made})
    clerk = User.objects.get(username="clerk")
    assert not clerk.is_superuser
    assert not clerk.user_permissions.exists()
    for person in (clerk, User.objects.get(username="the-Admin")):
        before = (person.password, person.date_joined, person.last_login)
        had = set(person.groups.values_list("name", flat=True))
        url = reverse("admin:auth_user_change", args=[person.pk])
        assert admin.post(url, {**everything, "username": person.username, "first_name": "D"}).status_code == 302
        person.refresh_from_db()
        assert person.first_name == "D", "the form was taken"
        assert not person.is_superuser
        assert not person.user_permissions.exists()
        assert (person.password, person.date_joined, person.last_login) == before
        if person.username == "the-Admin":
            assert set(person.groups.values_list("name", flat=True)) == had


# -- paths


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The test's own stays open, as Django's test client sees to."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def raw(path: str) -> tuple[int, bytes]:
    """A path as a server hands it on, with nothing made canonical on the way."""
    environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "testserver",
               "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(),
               "wsgi.url_scheme": "http", "REMOTE_ADDR": "127.0.0.1"}  # fmt: skip
    told: list[str] = []
    answer: Any = APPLICATION(environ, lambda status, headers: told.append(status))
    try:
        return int(told[0].split()[0]), b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()


APPLICATION: Any = get_wsgi_application()


def test_no_path_leads_to_a_file_that_is_not_served(settings: Any, one_connection: None) -> None:
    """The keys lie in the folder above the pages' own files."""
    planted = settings.VAR / "planted.txt"
    planted.write_text("planted in the folder of the keys")
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    assert raw("/static/hub/hub.css")[0] == 200
    up = [
        "../",
        "..\\",
        "%2e%2e/",
        "..%2f",
        "..%5c",
        "....//",
        "..;/",
        ".%2e/",
        "%252e%252e%252f",
        "..\x00/",
        "\u2025/".encode().decode("latin-1"),
    ]
    for step in up:
        for times in (1, 2, 3, 8):
            for file in ("planted.txt", "keys.txt", "config/settings.py", "etc/passwd", ".env"):
                for prefix in ("/static/", "/static/hub/", "/", "/admin/", "/hooks/", "/static//"):
                    status, body = raw(f"{prefix}{step * times}{file}")
                    assert status in (301, 302, 400, 403, 404), (prefix, step, file)
                    assert b"planted" not in body
                    assert b"root:" not in body
                    assert b"SECRET_KEY" not in body
    for path in (
        f"/static/{planted}",
        f"/static//{planted}",
        "/static//etc/passwd",
        "/static/",
        "/static/hub",
        "/static/hub/",
    ):
        assert raw(path)[0] in (301, 302, 403, 404), f"{path}: no file and no listing"


def test_an_export_names_its_file_itself(signed_in: Any) -> None:
    url = reverse("admin:hub_auditentry_export")
    assert signed_in["Admin"].get(url, {"filename": "../../x"}).status_code == 302, "it asks for nothing of the kind"
    for query in ({}, {"q": '"; filename="../../x.exe'}, {"q": "\r\nX-Evil: 1"}):
        answer = signed_in["Admin"].get(url, query)
        assert answer["Content-Disposition"] == 'attachment; filename="audit.csv"'
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\u200b=1", "\ufeff=1", "＝1",
                                  "＋1", "－1", "＠a",
                                  "\u202e=1", "|x", "%0A=1", "\x00=1", "=cmd|' /C calc'!A0",
                                  "=HYPERLINK(\"https://evil.example\")"])  # fmt: skip
def test_no_cell_of_an_export_is_a_formula(text: str) -> None:
    assert safe(text) == f"'{text}"
    assert safe(f"a{text}") == f"a{text}"


# -- bodies and files


def part(name: str, text: str, file: str = "") -> str:
    named = f'; filename="{file}"' if file else ""
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n{text}\r\n'


@pytest.mark.parametrize("who", ["stranger", "superuser"])
def test_what_is_too_long_and_every_file_is_refused_before_it_is_kept(
    who: str, signed_in: Any, settings: Any, tmp_path: Path
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    client = signed_in.get(who) or Client(raise_request_exception=False)
    url = LOGIN if who == "stranger" else reverse("admin:auth_user_add")
    multipart = "multipart/form-data; boundary=b"
    for kind, body in (
        ("application/x-www-form-urlencoded", "username=" + "a" * 3_000_000),
        ("application/x-www-form-urlencoded", "&".join(f"a{number}=1" for number in range(1500))),
        (multipart, part("username", "a" * 3_000_000) + "--b--\r\n"),
        (multipart, "".join(part(f"a{number}", "1") for number in range(1500)) + "--b--\r\n"),
        (multipart, part("photo", "x" * 3_000_000, "../../x.php") + "--b--\r\n"),
        (multipart, part("photo", "<?php", "x.php") + "--b--\r\n"),
        (multipart, "x" * 3_000_000),
    ):
        answer = client.generic("POST", url, body, content_type=kind)
        assert answer.status_code == 400, (kind, body[:90])
    assert list(tmp_path.iterdir()) == []
    short = client.generic("POST", url, part("username", "ann") + "--b--\r\n", content_type=multipart)
    assert short.status_code == 200, "a form that is one"


def test_a_form_that_cannot_be_read_is_told_so_wherever_it_is_sent(client: Client) -> None:
    client.raise_request_exception = False
    for kind in ("multipart/form-data", "multipart/form-data; boundary=\xff", "application/x-www-form-urlencoded"):
        for path, status in (("/nothing/", 404), ("/admin/nothing/", 302), (LOGIN, 400)):
            body = b"a" * 3_000_000 if kind.endswith("urlencoded") else b"--"
            assert client.generic("POST", path, body, content_type=kind).status_code in (status, 400), (kind, path)


# -- what time tells


class Counted(MD5PasswordHasher):
    """Counts the hashes that are made: each takes a third of a second where real ones are made."""

    made: ClassVar[int] = 0

    def encode(self, password: str, salt: str, *more: Any) -> str:
        type(self).made += 1
        return super().encode(password, salt, *more)


def work(ask: Any) -> tuple[list[str], int, str]:
    """Statements without their values, hashes, and what a person sees."""
    Counted.made = 0
    with CaptureQueriesContext(connection) as asked:
        answer = ask()
    text = re.sub(r'value="[^"]*"', "", answer.content.decode())
    values = re.compile(r"'(?:[^']|'')*'|\b\d+\b|\"s\d+_x\d+\"")
    return (
        [values.sub("?", query["sql"]) for query in asked.captured_queries],
        Counted.made,
        f"{answer.status_code} {text}",
    )


def test_signing_in_does_the_same_work_for_names_that_exist_and_names_that_do_not(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.{Counted.__name__}"]
    User.objects.create_superuser("ann", password=PASSWORD)
    Phone(User.objects.create_superuser("bob", password=PASSWORD))
    User.objects.create_user("left", password=PASSWORD, is_active=False, is_staff=True)
    User.objects.create_user("never", is_staff=True)
    User.objects.create_user("customer", password=PASSWORD)

    def sign_in(name: str, address: str) -> Any:
        return Client().post(LOGIN, {"username": name, "password": "wrong"}, REMOTE_ADDR=address)

    nobody = work(lambda: sign_in("nobody", "192.0.2.1"))
    assert nobody[1] == 1
    for number, name in enumerate(("ann", "bob", "left", "never", "customer"), 2):
        found = work(lambda name=name, number=number: sign_in(name, f"192.0.2.{number}"))
        assert found[1] == 1, f"{name}: as many hashes"
        assert found[2] == nobody[2].replace("nobody", name), f"{name}: told the same"
        assert len(found[0]) == len(nobody[0]), f"{name}: as many statements"
        assert found[0] == nobody[0], f"{name}: the same statements"


def test_the_doors_vendors_post_to_do_the_same_work_for_paths_that_are_none() -> None:
    made = connecting.connect(
        "api2cart",
        "shop",
        base_url="https://vendor.example/v1",
        options={},
        secrets={"api_key": "k" * 32, "store_key": "s" * 32},
    )
    path = addresses.path_of(Callback.objects.select_related("vendor").filter(vendor=made)[0])
    token = path.split("/")[2]

    def knock(at: str) -> Any:
        known.forget()
        return work(lambda: Client().post(at, b"{}", content_type="application/json"))

    unknown = knock(f"/hooks/{'a' * len(token)}/")
    assert unknown[2].startswith("404")
    assert knock(path) == unknown, "switched off"
    assert knock(f"/hooks/{token[:-1]}{'b' if token[-1] == 'a' else 'a'}/") == unknown, "all but the last letter"
    Callback.objects.update(active=True)
    type(made).objects.update(enabled=False)
    assert knock(path) == unknown, "of a connection that is switched off"
    with CaptureQueriesContext(connection) as asked:
        Client().post(path, b"{}", content_type="application/json")
    assert not [query for query in asked.captured_queries if token in query["sql"]], "it is looked for by its digest"
