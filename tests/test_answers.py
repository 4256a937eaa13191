"""Every answer, whatever went wrong with its request, carries the content policy; and none puts a secret path into a log."""

import logging
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

pytestmark = pytest.mark.django_db
SECRET_PATH = "/hooks/a-path-that-is-itself-a-secret/"
FORGED: dict[str, Any] = {"HTTP_HOST": "evil.example"}
EVERY: dict[str, tuple[int, str, str, dict[str, Any]]] = {
    "refused methods": (405, "TRACE", "/admin/", {}),
    "a forged name": (400, "GET", "/admin/login/", FORGED),
    "no form's token": (403, "POST", "/admin/login/", {}),
    "no page": (404, "GET", "/nothing/", {}),
    "no page of the admin": (302, "GET", "/admin/nothing", {}),
    "led on": (302, "GET", "/", {}),
    "a page": (200, "GET", "/admin/login/", {}),
    "a vendor's": (404, "POST", SECRET_PATH, {}),
    "a vendor's, odd": (405, "TRACE", SECRET_PATH, {}),
}


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "behind TLS"])
@pytest.mark.parametrize("asked", EVERY.values(), ids=list(EVERY))
def test_every_answer_has_the_policy(asked: Any, secure: bool, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = secure
    status, method, path, headers = asked
    answer = Client(enforce_csrf_checks=True).generic(method, path, secure=secure, **headers)
    assert answer.status_code == status
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"


def test_so_have_an_error_and_the_way_to_https(client: Client, settings: Any) -> None:
    client.raise_request_exception = False

    def gone(*_: Any) -> Any:
        raise OperationalError("gone")

    with connection.execute_wrapper(gone):
        answers = [client.get("/healthz")]
    settings.SECURE_SSL_REDIRECT = True
    answers += [Client().get("/admin/login/"), Client().get("/admin/login/", **FORGED)]
    assert [answer.status_code for answer in answers] == [500, 301, 400]
    assert all("frame-ancestors 'none'" in answer["Content-Security-Policy"] for answer in answers)


@pytest.mark.parametrize("method", ["GET", "POST", "TRACE", "BREW"])
@pytest.mark.parametrize("headers", [{}, FORGED, {"CONTENT_LENGTH": "x"}], ids=["", "forged name", "odd length"])
@pytest.mark.parametrize("secure", [False, True])
def test_no_refusal_tells_a_vendors_path(
    method: str, headers: dict[str, Any], secure: bool, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    with caplog.at_level(logging.DEBUG):
        answer = Client(raise_request_exception=False).generic(method, SECRET_PATH, secure=secure, **headers)
    assert answer.status_code in (400, 403, 404, 405)
    assert "itself-a-secret" not in caplog.text
