"""Whatever comes to an address that asks for no sign-in, the hub answers it: 10,000 requests and more, and not one 500.

What there is comes from the URL configuration and from what each vendor's hooks declare; hypothesis makes up the rest. The
requests go through the whole WSGI application, middleware and all, written as a server hands them on.
"""

import io
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from config.second.views import PENDING
from config.session_names import SessionStore
from integrations import allowlist, blocking, connecting, vault
from integrations.models import AllowedNetwork, Callback, ShippingRate
from integrations.service import services
from integrations.simulator.found import kinds, load
from integrations.webhooks import addresses, known
from tests.second_factor import PASSWORD, Phone
from tests.test_attacks import one_connection

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.sqlite_only]
__all__ = ["one_connection"]
TOGETHER = 20  # requests of one example
EXAMPLES = {"open": 450, "closed": 60}
TOKEN = "a" * 32  # of the form, as cookie and as field, so that what lies behind it is reached
WORDS = ["", "0", "1", "-1", "admin", "ann", PASSWORD, "\0", "é", "\ud7ff", "🧪", "' OR 1=1 --", "<script>", "../../etc/passwd", "%00",
         "%2e%2e", "//evil.example", "a" * 5000, "null", "NaN", "1e999", "９", "{}", "[]", "v1:0:0", "\r\nX: y",
         "${jndi:ldap://x}", "true"]  # fmt: skip
FIELDS = ["username", "password", "next", "code", "csrfmiddlewaretoken", "this_is_the_login_form", "q", "p", "o", "e", "_popup",
          "_to_field", "app_label", "model_name", "field_name", "term", "do", "action", "_selected_action", "index",
          "store_key", "challenge_code", "passkey", "for"]  # fmt: skip
HEADERS = ["HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_REFERER", "HTTP_ORIGIN", "HTTP_USER_AGENT",
           "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT", "HTTP_RANGE", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH", "HTTP_CONTENT_ENCODING",
           "HTTP_TRANSFER_ENCODING", "HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_EXPECT", "HTTP_X_REQUESTED_WITH", "HTTP_AUTHORIZATION",
           "HTTP_X_WEBHOOK_ENTITY", "HTTP_X_WEBHOOK_ACTION", "HTTP_X_WEBHOOK_STORE_ID", "HTTP_X_WEBHOOK_ERROR_CODE",
           "HTTP_X_WEBHOOK_TIMESTAMP", "HTTP_X_SHIPPING_SERVICE_ID", "HTTP_X_SHIPPING_SERVICE_REQUEST_TIMESTAMP",
           "HTTP_X_SHIPPING_SERVICE_SIGNATURE", "HTTP_X_EBAY_SIGNATURE"]  # fmt: skip
METHODS = ["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", ""]
TYPES = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data", "text/plain",
         "application/json; charset=\xff", "application/xml", "", "x" * 300]  # fmt: skip
LOOSE = (
    b"{",
    b"\xff\xfe",
    b"\x1f\x8b\x08",
    b"PK\x03\x04",
    b"--x\r\n\r\n--x--",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    b"[" * 5000,
)


def templates(patterns: Any, prefix: str = "/") -> Iterator[str]:
    """Every address of the URL configuration, its arguments left as they are written there."""
    for pattern in patterns:
        place = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from templates(pattern.url_patterns, place)
        elif isinstance(pattern, URLPattern):
            yield place


PLACES = sorted(set(templates(get_resolver().url_patterns)))
ARGUMENT = re.compile(r"<[^>]+>|\(\?P<.*|\$|\\Z|\^")
SIGNING_IN = ("/admin/login/", "/admin/second-factor/", "/admin/confirm/", "/admin/logout/", "/admin/authenticator/", "/admin/sessions/",
              "/admin/passkey/", "/admin/password_change/", "/admin/jsi18n/", "/admin/autocomplete/", "/healthz", "/",
              "/static/hub/hub.css")  # fmt: skip


@dataclass
class Asked:
    """One request as a server would hand it on."""

    method: str
    path: str
    query: str
    kind: str
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict)
    remote: str = "127.0.0.1"
    length: int | None = None  # what it announces, where that is a lie


WORD = st.one_of(st.sampled_from(WORDS), st.text(max_size=12))
SCALAR = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORD)
# The names each hook's documents have, so that what they hold is looked at.
NAMES = st.sampled_from(["id", "order_id", "parent_id", "result", "packages", "items", "product", "weight", "weight_unit", "price",
                         "shipping_address", "country", "country_code", "state_code", "postcode", "currency", "cart_id", "store_url",
                         "plugin_version", "metadata", "notification", "data", "payload", "bridge_url", "store_key", "qty"])  # fmt: skip
TREE = st.recursive(
    SCALAR,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=5)),
    max_leaves=12,
)
FORM = st.dictionaries(st.sampled_from(FIELDS), WORD, max_size=5)
BODY = st.one_of(
    TREE.map(lambda tree: json.dumps(tree).encode("utf-8", "surrogatepass")),
    st.tuples(FORM, st.booleans()).map(
        lambda form: urlencode(
            {**form[0], **({"csrfmiddlewaretoken": TOKEN} if form[1] else {})}, errors="surrogatepass"
        ).encode()
    ),
    st.sampled_from(LOOSE),
    st.binary(max_size=60),
    st.just(b""),
)
REMOTE = st.one_of(
    st.integers(1, 250).map(lambda n: f"198.51.100.{n}"),
    st.sampled_from(["10.0.0.3", "", "unix", "::1", "fe80::1%eth0", "x" * 99]),
)
HEAD = st.dictionaries(
    st.sampled_from(HEADERS), st.one_of(WORD, st.sampled_from(["0", str(2**70), "198.51.100.7"])), max_size=4
)


def latin(text: str) -> str:
    """Text as WSGI has it: bytes, each as one letter."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


@st.composite
def requests(draw: Any, paths: list[str]) -> Asked:
    where = draw(st.integers(0, 9))
    if where < 4:
        path, likely = draw(st.sampled_from(paths)), "POST"
    elif where < 7:
        path, likely = draw(st.sampled_from(SIGNING_IN)), draw(st.sampled_from(["GET", "POST"]))
    else:
        path, likely = ARGUMENT.sub(lambda found: draw(WORD), draw(st.sampled_from(PLACES))), "GET"
    if draw(st.integers(0, 19)) == 0:
        path += draw(WORD)
    method = likely if draw(st.integers(0, 3)) else draw(st.sampled_from(METHODS))
    body = draw(BODY)
    expected = TYPES[0] if path in paths else TYPES[1]
    kind = expected if draw(st.integers(0, 3)) else draw(st.sampled_from(TYPES))
    query = urlencode(draw(FORM), errors="surrogatepass") if draw(st.booleans()) else latin(draw(WORD))
    lie = draw(st.sampled_from([None] * 9 + [len(body) + 5]))
    return Asked(method, latin(path), query, kind, body, draw(HEAD), draw(REMOTE), lie)


class Hub:
    """The application, with a callback of every hook switched on, and somebody who is half signed in."""

    def __init__(self) -> None:
        self.application: Any = get_wsgi_application()
        self.paths: list[str] = []
        for kind in kinds():
            if services()[kind].hooks:
                one = load(kind)(seed="tiny").connections()[0]
                vendor = connecting.connect(
                    kind, kind, base_url="https://vendor.example/v1", options=one["options"], secrets=one["secrets"]
                )
                for callback in Callback.objects.filter(vendor=vendor).select_related("vendor"):
                    if services()[kind].hooks[callback.hook].key == "own":
                        vault.set_secret(vendor, f"hook:{callback.hook}:key", "k" * 40, signs_in=False)
                    self.paths.append(addresses.path_of(callback))
                ShippingRate.objects.create(vendor=vendor, name="Post", code="post", price=5, currency="EUR")
        Callback.objects.update(active=True, mode="off")
        self.person = User.objects.create_superuser("ann", password=PASSWORD)
        Phone(self.person)
        self.answers: Counter[tuple[str, int]] = Counter()

    def half_in(self) -> str:
        """A session between password and code."""
        session = SessionStore()
        backend = "config.permissions.OneQuery"
        proof = self.person.get_session_auth_hash()
        session[PENDING] = {"person": self.person.pk, "backend": backend, "hash": proof, "at": time.time()}
        session.save()
        return str(session.session_key)

    def ask(self, asked: Asked, session: str) -> None:
        length = asked.length or len(asked.body)
        environ = {
            "REQUEST_METHOD": asked.method, "SCRIPT_NAME": "", "PATH_INFO": asked.path, "QUERY_STRING": asked.query,
            "SERVER_NAME": "testserver", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "testserver",
            "CONTENT_TYPE": asked.kind, "CONTENT_LENGTH": str(length), "REMOTE_ADDR": asked.remote, "wsgi.version": (1, 0),
            "HTTP_COOKIE": f"csrftoken={TOKEN}; sessionid={session}", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(asked.body),
            "wsgi.errors": io.StringIO(), "wsgi.multithread": False, "wsgi.multiprocess": True, "wsgi.run_once": False,
            **{name: latin(text) for name, text in asked.headers.items()},
        }  # fmt: skip
        told: list[Any] = []
        answer = self.application(environ, lambda status, headers: told.extend((status, headers)))
        try:
            text = b"".join(answer)
        finally:
            answer.close()
        status = int(told[0].split()[0])
        assert status < 500, (asked, text[:300])
        assert b"Traceback" not in text, asked
        place = "hook" if asked.path in self.paths else asked.path if asked.path in SIGNING_IN else "other"
        self.answers[place, status] += 1


def fuzz(hub: Hub, examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(requests(hub.paths), min_size=TOGETHER, max_size=TOGETHER))
    def run(together: list[Asked]) -> None:
        session = hub.half_in()
        for asked in together:
            hub.ask(asked, session)

    run()


def test_nothing_that_comes_without_a_sign_in_breaks_the_hub(settings: Any, one_connection: None) -> None:
    settings.HUB_TRUSTED_PROXIES = ["10.0.0.3", "unix"]
    settings.HUB_PUBLIC_URL = "https://hub.example"
    known.forget()
    hub = Hub()
    fuzz(hub, EXAMPLES["open"])
    Callback.objects.update(mode="required")
    known.forget()
    AllowedNetwork.objects.create(purpose="admin", network="203.0.113.9")
    allowlist.forget()
    blocking.brake.__init__()  # type: ignore[misc]
    before = sum(hub.answers.values())
    fuzz(hub, EXAMPLES["closed"])
    total = sum(hub.answers.values())
    assert total >= 10_000, total
    assert total > before
    assert len(hub.paths) >= 4, "webhooks, the plugin's callback, live rates, account deletion"
    seen = {place: {status for at, status in hub.answers if at == place} for place, _ in hub.answers}
    assert {200, 401, 405, 415} <= seen["hook"], "deliveries were taken, and refused"
    assert {200, 403} <= seen["/admin/login/"], "forms were looked at, and forged ones refused"
    assert {302, 403, 429} <= seen["other"]
    assert 200 in seen["/admin/second-factor/"], "wrong codes were looked at"
    assert set(seen) >= {"hook", "other", *SIGNING_IN}
