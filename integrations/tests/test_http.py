"""The one way out, over real sockets, against a simulated vendor that misbehaves in every way it can."""

import base64
import json
import os
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from integrations import connection, errors, vault
from integrations.auth import Bearer, NoAuth
from integrations.http import Answer, Client, clean, decoding, read_json, retry_after
from integrations.models import ApiCall, Token, Vendor
from integrations.ratelimit import Budget
from integrations.service import Account, Rate, Secret, VendorService, Verdict
from integrations.services.elko.simulator import Simulator
from integrations.simulator import Server

GOODS = "/Catalog/Products"


@pytest.fixture
def elko(monkeypatch):
    monkeypatch.setattr("integrations.http.client.FIRST_PAUSE", 0.01)
    simulator = Simulator(seed="tiny")
    simulator.limit = 1000
    with Server(simulator):
        yield simulator


@pytest.fixture
def calls():
    return []


@pytest.fixture
def client(elko, calls):
    return Client(Account("elko", elko.url + "/v3.0/api", {}), Bearer(elko.token), log=calls.append)


def test_a_read_keeps_the_base_path_and_is_logged_without_values(client, elko, calls):
    answer = client.get(GOODS, {"elkoCode": ["1", "2"], "lang": "EN"})
    assert isinstance(answer.json(), list)
    [call] = calls
    assert (call.method, call.status, call.attempt, call.error_kind) == ("GET", 200, 1, "")
    assert call.path.endswith("/v3.0/api/Catalog/Products")
    assert call.query_names == "elkoCode,lang"
    assert isinstance(client.get("Catalog/Vendors").json(), list)
    assert elko.token not in repr(client) + repr(client._auth)


@pytest.mark.parametrize("path", ["http://evil.example/", "//evil.example", "/a/../b", "/%2e%2E/b", "/a?b=c", "/a\r\nX: y",
                                  "/a/..%2fb", "/a\\b", "/a#b"])  # fmt: skip
def test_paths_that_lead_away_are_refused(client, calls, path):
    with pytest.raises(errors.Refused) as refused:
        client.get(path)
    assert refused.value.cause == "url"
    assert calls == []


@pytest.mark.parametrize("fault", ["drop", "cut", "gzip_truncated", "wrong_length"])
def test_a_read_is_repeated_until_it_is_whole(client, elko, calls, fault):
    options = {"extra": 10} if fault == "wrong_length" else {}
    elko.faults.add(fault, times=2, **options)
    assert client.get(GOODS, read=2).json()
    assert [call.attempt for call in calls] == [1, 2, 3]
    assert [bool(call.error_kind) for call in calls] == [True, True, False]


@pytest.mark.parametrize(
    ("fault", "options", "kind"),
    [
        ("drop", {}, errors.Wait),
        ("status", {"code": 500}, errors.Wait),
        ("status", {"code": 503}, errors.Wait),
        ("cut", {"percent": 99}, errors.BadPayload),
        ("cut", {"chunked": True}, errors.BadPayload),
        ("gzip_truncated", {}, errors.BadPayload),
    ],
)
def test_what_stays_broken_is_told_after_four_tries(client, elko, calls, tmp_path, fault, options, kind):
    elko.faults.add(fault, times=100, **options)
    with pytest.raises(kind) as told:
        client.get(GOODS)
    assert len(calls) == 4
    assert told.value.cure
    with pytest.raises(kind):
        client.spool(GOODS, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "kind", "cause"),
    [
        (400, errors.Refused, "vendor"),
        (401, errors.NeedsAuth, "token"),
        (403, errors.NeedsAuth, "token"),
        (404, errors.Refused, "url"),
        (405, errors.Refused, "url"),
        (422, errors.Refused, "vendor"),
    ],
)
def test_a_refusal_is_told_once_and_without_the_token(client, elko, calls, code, kind, cause):
    body = f"no\x00\x1b[31m {elko.token} {base64.b64encode(elko.token.encode()).decode()} {quote(elko.token)}"
    elko.faults.add("status", code=code, body=body)
    with pytest.raises(kind) as told:
        client.get(GOODS)
    assert told.value.cause == cause
    assert len(calls) == 1
    for text in (str(told.value), told.value.cure, calls[0].error):
        assert elko.token not in text
        assert elko.token[:20] not in text
        assert "\x1b" not in text


def test_a_403_names_our_address(client, elko, settings):
    settings.HUB_EGRESS_ADDRESSES = ["198.51.100.7"]
    elko.faults.add("status", code=403, times=1)
    with pytest.raises(errors.NeedsAuth, match="IP") as told:
        client.get(GOODS)
    assert "198.51.100.7" in told.value.cure
    elko.faults.add("status", code=403, body="Your IP address is not allowed")
    with pytest.raises(errors.NeedsAuth) as told:
        client.get(GOODS)
    assert told.value.cause == "ip"


@pytest.mark.django_db(transaction=True)
def test_a_403_when_the_budget_is_spent_shuts_everybody_out(elko):
    rate = Rate(calls=4, seconds=30, block=60)
    account = Account("elko", elko.url + "/v3.0/api", {})
    client = Client(account, Bearer(elko.token), budget=Budget("e:1", rate, fresh=True), service_rate=rate)
    elko.faults.add("status", code=403, after=1)
    client.get(GOODS)
    with pytest.raises(errors.NeedsAuth):
        client.get(GOODS)
    with pytest.raises(errors.NeedsAuth):
        client.get(GOODS)
    with pytest.raises(errors.Wait) as told:
        client.get(GOODS)
    assert told.value.cause == "rate"
    assert told.value.until is not None
    assert told.value.until > datetime.now(UTC) + timedelta(seconds=55)
    with pytest.raises(errors.Wait, match="shut"):
        client.get(GOODS)


@pytest.mark.parametrize(
    ("fault", "options"),
    [("drop", {"accept": True}), ("status", {"code": 500, "accept": True}), ("cut", {}), ("gzip_truncated", {})],
)
def test_a_write_whose_answer_is_lost_is_unknown_and_never_repeated(client, elko, calls, fault, options):
    if fault in ("cut", "gzip_truncated"):
        elko.faults.add("status", code=201, body='{"done": true}' * 100)
    elko.faults.add(fault, times=10, **options)
    with pytest.raises(errors.Unknown) as told:
        client.write("POST", "/Orders", {"anything": True})
    assert "may or may not" in str(told.value)
    assert len(calls) == 1


def test_a_write_that_never_left_is_no_riddle(elko, calls):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    client = Client(Account("e", f"http://127.0.0.1:{port}", {}), NoAuth(), log=calls.append)
    with pytest.raises(errors.Wait, match="refused") as told:
        client.write("POST", "/Orders", {})
    assert told.value.cause == "network"
    assert len(calls) == 1


def test_redirects(client, elko, calls):
    elko.faults.add("redirect", path=GOODS, to="https://evil.example/x", times=1)
    with pytest.raises(errors.Refused, match=r"evil\.example") as told:
        client.get(GOODS)
    assert told.value.cause == "url"
    elko.faults.clear()
    elko.faults.add("redirect", to="/elko/v3.0/api/Catalog/Vendors", code=307, times=1)
    assert isinstance(client.get(GOODS).json(), list)
    elko.faults.add("redirect", to="/elko/v3.0/api/Catalog/Vendors", times=2)
    with pytest.raises(errors.Refused):
        client.get(GOODS)
    elko.faults.clear()
    elko.faults.add("redirect", to="/elko/v3.0/api/Orders", code=307)
    with pytest.raises(errors.Refused):
        client.write("POST", "/Orders", {})


@pytest.mark.parametrize("fault", ["gzip_bomb", "endless", "big"])
def test_a_body_over_the_cap_is_cut_off(client, elko, calls, fault, tmp_path):
    elko.faults.add(fault, times=10)
    with pytest.raises(errors.BadPayload, match="larger than 1 MB"):
        client.get(GOODS, cap=1 << 20)
    with pytest.raises(errors.BadPayload):
        client.spool(GOODS, folder=tmp_path, cap=1 << 20)
    assert list(tmp_path.iterdir()) == []
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("fault", "options"), [("drip", {"seconds": 0.1}), ("slow", {"seconds": 20}), ("slow_headers", {"seconds": 0.4})]
)
def test_the_whole_exchange_has_a_limit_however_lively_it_drips(client, elko, monkeypatch, fault, options):
    monkeypatch.setattr("integrations.http.client.TRIES", 1)
    elko.faults.add(fault, **options)
    began = time.monotonic()
    with pytest.raises(errors.VendorError, match="in time") as told:
        client.get(GOODS, total=0.6)
    assert told.value.cause == "network"
    assert time.monotonic() - began < 3


def test_what_hangs_is_not_tried_again_and_again(client, elko, calls, monkeypatch):
    """Seconds are spent on tries, not four times the quarter of an hour a list may take."""
    monkeypatch.setattr("integrations.http.client.IN_PROCESS", 1.0)
    elko.faults.add("drip", seconds=0.1)
    with pytest.raises(errors.VendorError, match="in time"):
        client.get(GOODS, total=0.6)
    assert len(calls) == 2


def test_the_engine_is_told_before_every_step(elko):
    told: list[float] = []
    client = Client(Account("e", elko.url + "/v3.0/api", {}), Bearer(elko.token), before_call=told.append)
    elko.faults.add("drop", times=1)
    client.get(GOODS, total=42)
    assert told.count(42) == 2
    assert len(told) == 3


def test_spooling_writes_the_decoded_body_once_complete(client, elko, tmp_path):
    elko.faults.add("bom", times=1)
    path = client.spool(GOODS, folder=tmp_path)
    assert read_json(path.read_bytes()) == client.get(GOODS).json()
    assert list(tmp_path.iterdir()) == [path]
    assert os.stat(path).st_mode & 0o077 == 0
    for fault in ("html", "empty"):
        elko.faults.add(fault, times=10)
        with pytest.raises(errors.BadPayload):
            client.spool(GOODS, folder=tmp_path)
        elko.faults.clear()
    assert list(tmp_path.iterdir()) == [path]


def test_429_is_waited_out_or_parked(client, elko, calls, monkeypatch):
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    elko.faults.add("status", code=429, headers={"Retry-After": "3"}, times=1)
    client.get(GOODS)
    assert 3 <= naps[0] < 3.1
    elko.faults.add("status", code=429, headers={"Retry-After": "86400"})
    with pytest.raises(errors.Wait) as told:
        client.get(GOODS)
    assert told.value.cause == "rate"
    assert told.value.until is not None
    assert timedelta(seconds=800) < told.value.until - datetime.now(UTC) <= timedelta(seconds=900)
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("", None), ("-5", None), ("soon", None), ("7", 7), ("86400", 900), ("inf", 900), ("nan", None),
     ("Wed, 21 Oct 2015 07:28:00 GMT", None)],
)  # fmt: skip
def test_retry_after(header, seconds):
    assert retry_after(header) == seconds


def test_retry_after_as_a_date():
    seconds = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True))
    assert seconds is not None
    assert 27 < seconds <= 30


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"\xef\xbb\xbf<html>", "web page"),
        ("[1]".encode("utf-16"), "UTF-16"),
        ("[1]".encode("utf-16-le"), "UTF-16"),
        ('["é"]'.encode("latin-1"), "not UTF-8 from byte 2"),
        (b"[1, 2", "character"),
        (b"[NaN]", "NaN"),
        (b"[-Infinity]", "Infinity"),
        (b'["\\ud800"]', "surrogate"),
        (b"[" * 100_000 + b"]" * 100_000, "deep"),
        (b"[" + b"9" * 5000 + b"]", "digits"),
    ],
)
def test_bodies_that_are_not_json_are_told(body, said):
    with pytest.raises(errors.BadPayload, match=said):
        Answer(200, {}, body).json()
    with pytest.raises(errors.Unknown, match="not usable"):
        Answer(200, {}, body, "POST", "/x", wrote=True).json()


def test_json_as_it_should_be():
    assert read_json(b'\xef\xbb\xbf{"a": 0.10, "b": 18446744073709551616, "c": "\\ud83d\\ude00"}') == {
        "a": Decimal("0.10"),
        "b": 18446744073709551616,
        "c": "😀",
    }


def test_secrets_are_blotted_out_in_every_spelling():
    secret = 'p/w+"ö ü&=?'
    raw = secret.encode()
    forms = [secret, quote(secret), quote(secret, safe=""), base64.b64encode(raw).decode(), json.dumps(secret)[1:-1]]
    said = clean(" ".join(f"<{form}>" for form in forms), [secret])
    assert said == " ".join(["<***>"] * len(forms))
    assert "hunter2" not in clean('{"password": "hunter2", "x": 1} token=hunter2')
    assert "\u202e" not in clean("a\u202eb")
    assert len(clean("x" * 5000)) == 300


def test_deflate_and_several_gzip_members():
    import gzip
    import zlib

    plain = b"x" * 300_000
    raw = zlib.compressobj(wbits=-15)
    for coding, packed in (
        ("deflate", zlib.compress(plain)),
        ("deflate", raw.compress(plain) + raw.flush()),
        ("gzip", gzip.compress(plain[:1000]) + gzip.compress(plain[1000:]) + b"\0" * 5),
    ):
        for step in (1, 7, len(packed)):
            machine = decoding.Unpack(coding)
            pieces = [p for at in range(0, len(packed), step) for p in machine.feed(packed[at : at + step])]
            assert b"".join(pieces) == plain
            assert machine.ended
            assert max(map(len, pieces)) <= decoding.PIECE


class Toy(VendorService):
    """As little of a service as there can be."""

    label = "Toy"
    rate = Rate(calls=5, seconds=10, block=60)
    secrets = (Secret("token", "Token", required=True),)

    @classmethod
    def auth(cls, account, secrets):
        return Bearer(secrets["token"])

    def probe(self):
        return Verdict(True, message=f"{len(self.http.get(GOODS).json())} products", facts={"asked": GOODS})


@pytest.mark.django_db(transaction=True)
def test_a_connection_is_probed_and_its_calls_are_kept(elko, monkeypatch):
    monkeypatch.setattr(connection, "service_class", lambda kind: Toy)
    vendor = Vendor.objects.create(kind="elko", name="E", slug="e", base_url=elko.url + "/v3.0/api")
    assert connection.probe(vendor).cause == "token"
    vault.set_secret(vendor, "token", "a-wrong-token-0123456789")
    wrong = connection.probe(vendor)
    assert (wrong.ok, wrong.cause) == (False, "token")
    assert "a-wrong-token" not in repr(wrong)
    assert wrong.facts["our outgoing addresses"] == "127.0.0.1"
    vendor.refresh_from_db()
    assert (vendor.state, vendor.last_ok_at) == ("new", None)
    token = vault.set_secret(vendor, "token", elko.token)
    right = connection.probe(vendor)
    assert (right.ok, right.cause, right.facts["asked"]) == (True, None, GOODS)
    assert (vendor.state, vendor.last_ok_at is None) == ("active", False)
    token.refresh_from_db()
    assert token.last_used_at is not None
    assert [call.error_kind for call in ApiCall.objects.order_by("id")] == ["needs_auth", ""]
    vendor.base_url = "http://10.0.0.1/"
    assert connection.probe(vendor).cause == "url"
    Token.objects.filter(pk=token.pk).update(ciphertext="v1:00000000:AAAA")
    vendor.base_url = elko.url
    assert connection.probe(vendor).cause == "vault"


def test_a_certificate_nobody_knows_is_told_and_not_repeated(monkeypatch, tmp_path, calls, settings):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(private + certificate.public_bytes(pem))
    (tmp_path / "ca.pem").write_bytes(certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "key.pem")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(self.headers["Host"]).encode())

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        port = server.server_address[1]
        client = Client(Account("t", f"https://localhost:{port}", {}), NoAuth(), log=calls.append)
        with pytest.raises(errors.Refused, match="certificate") as told:
            client.get("/")
        assert (told.value.cause, len(calls)) == ("tls", 1)
        settings.HUB_HTTP_CA = str(tmp_path / "ca.pem")
        assert client.get("/").json() == f"localhost:{port}"
        server.shutdown()
