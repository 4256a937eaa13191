"""The simulator is as strict as the document."""

import gzip
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from integrations.services.kvik.simulator import Simulator
from integrations.simulator.asking import ask

GZIP = {"Accept-Encoding": "gzip"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def fields(simulator: Simulator, **changes: str) -> bytes:
    asked = {
        "grant_type": "client_credentials",
        "client_id": simulator.client_id,
        "client_secret": str(simulator.token),
    }
    return urlencode({**asked, "scope": "all", **changes}).encode()


def token(simulator: Simulator, body: Any = None, **headers: str) -> Any:
    url = f"{simulator.url}/api/app/oauth/access_token"
    return ask(url, "POST", body=fields(simulator) if body is None else body, headers={**GZIP, **FORM, **headers})


def read(answer: Any) -> Any:
    assert answer.headers["Content-Encoding"] == "gzip", "every answer is compressed"
    return json.loads(gzip.decompress(answer.body))


def test_the_answer_to_a_good_request_is_the_documented_one(tiny: Simulator) -> None:
    answer = token(tiny)
    told = read(answer)
    assert (answer.status, told["_type"], told["token_type"], told["expires_in"]) == (
        200,
        "AccessToken",
        "Bearer",
        3600,
    )
    assert len(told["access_token"].split(".")) == 3
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("coding", ["identity", "br", "gzip;q=0", ""])
def test_no_gzip_is_refused_with_400(tiny: Simulator, coding: str) -> None:
    assert token(tiny, **{"Accept-Encoding": coding}).status == 400


def test_plain_http_is_refused_with_403(tiny: Simulator) -> None:
    assert token(tiny, **{"X-Forwarded-Proto": "http"}).status == 403
    tiny.over_https = False
    assert token(tiny).status == 403


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "no"}, 401, "invalid_client"),
        ({"client_id": "no"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "email"}, 400, "invalid_scope"),
    ],
)
def test_wrong_requests_for_a_token(tiny: Simulator, changes: dict[str, str], status: int, error: str) -> None:
    answer = token(tiny, fields(tiny, **changes))
    assert (answer.status, read(answer)["error"]) == (status, error)


def test_a_request_in_json_or_in_the_address_is_refused(tiny: Simulator) -> None:
    asked = dict(pair.split("=") for pair in fields(tiny).decode().split("&"))
    assert token(tiny, asked, **{"Content-Type": "application/json"}).status == 400
    url = f"{tiny.url}/api/app/oauth/access_token?{fields(tiny).decode()}"
    assert ask(url, "POST", body=b"", headers={**GZIP, **FORM}).status == 400


def test_a_token_lives_as_long_as_it_says(tiny: Simulator) -> None:
    tiny.token_life = 0
    dead = read(token(tiny))["access_token"]
    tiny.token_life = 60
    living = read(token(tiny))["access_token"]
    for given, status in ((dead, 401), (living, 200), (None, 401)):
        assert ask(f"{tiny.url}/api/app/orders", token=given, headers=GZIP).status == status


def test_a_path_that_is_not_there_is_404(tiny: Simulator) -> None:
    for path in ("/api/app/nothing", "/app/orders", "/api/app/v2/oauth/access_token"):
        assert ask(f"{tiny.url}{path}", headers=GZIP).status == 404
