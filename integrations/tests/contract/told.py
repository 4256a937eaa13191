"""What goes wrong must be told with cause and cure, on the run, by the commands, and never with a secret."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management import call_command

from integrations import connection
from integrations.models import Schedule, SyncRun, Vendor
from integrations.service import Verdict
from integrations.tests.contract import stored
from integrations.tests.contract.party import Party
from tests.servers import free_port

FAILED = SyncRun.State.FAILED
# kind of error → the fault that brings it about, and how the run is told from others of its kind
FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "wait": ("status", {"code": 503}),
    "refused": ("status", {"code": 400, "body": "no such thing"}),
    "needs_auth": ("status", {"code": 401}),
    "bad_payload": ("html", {}),
}


class Mistake(Exception):
    """Stands for any mistake in a vendor's code."""


def hides_a_rejected_token(party: Party, flow: str, logged: pytest.LogCaptureFixture) -> None:
    vendor = party.connected()
    party.prepare(flow)
    secret = str(party.simulator.token)
    party.simulator.revoke_token()
    done = party.run(flow)
    assert (done.state, done.error_kind) == (FAILED, "needs_auth"), f"{flow} ended {done.state}, {done.error_kind}"
    assert "token" in (done.error + done.cure).lower(), f"{flow}: the error does not name the token: {done.error}"
    assert done.cure, f"{flow}: the error names no cure"
    assert secret not in logged.text, f"{flow}: the token stands in the log"
    places = sorted(set(stored.where_is(secret)))
    assert not places, f"{flow}: the token stands readable in {places}"
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.NEEDS_AUTH, f"{flow}: the vendor is still {vendor.state}"
    assert Schedule.objects.get(vendor=vendor, flow=flow).due_at is not None, "its schedule is kept"


def tells_every_kind_of_error(party: Party, flow: str, *kinds: str) -> None:
    """On the run's row, in the command's JSON and by its exit code; the flow recovers by itself afterwards."""
    party.connected()
    party.prepare(flow)
    for kind in kinds:
        _tells(party, flow, kind)


def tells_what_breaks_off_on_the_way(party: Party, flow: str) -> None:
    """Trouble at the second call, where a flow makes one: told, and the next run brings what is missing."""
    party.connected(page=2)
    party.prepare(flow)
    late = party.simulator.fault("status", code=503, after=1)
    done = party.run(flow, mode=SyncRun.Mode.FULL)
    party.simulator.clear_faults()
    assert (done.state, done.error_kind) == ((FAILED, "wait") if late.used else (SyncRun.State.OK, "")), (
        f"{flow} ended {done.state}, {done.error_kind} with trouble at its second call: {done.error}"
    )
    again = party.run(flow, mode=SyncRun.Mode.FULL)
    assert again.state == SyncRun.State.OK, f"{flow} did not recover from trouble on the way: {again.error}"
    wanted = party.simulator.ids_of(flow)
    assert stored.vouched(flow, party.vendor) == wanted, f"{flow}: rows are missing after trouble on the way"


def _tells(party: Party, flow: str, kind: str) -> None:
    with party.patch.context() as patch:
        if kind == "bug":

            def broken(self: Any, ask: Any) -> Any:
                raise Mistake("a list was expected")

            patch.setattr(party.service, flow, broken)
        else:
            name, options = FAULTS[kind]
            party.simulator.fault(name, **options)
        told, code = by_command(party, flow)
    party.simulator.clear_faults()
    run = SyncRun.objects.filter(vendor=party.vendor, flow=flow).latest("pk")
    assert (run.state, run.error_kind) == (FAILED, kind), f"{flow} ended {run.state}, {run.error_kind}: {run.error}"
    assert run.error, f"{flow}: a {kind} error without its cause"
    assert run.cure, f"{flow}: a {kind} error without its cure"
    assert run.finished_at is not None
    assert code == 1, f"{flow}: exit code {code} for a run that failed"
    [row] = told["runs"]
    assert (told["ok"], row["flow"], row["state"]) == (False, flow, "failed")
    assert run.error in row["error"], f"{flow}: the command does not tell the cause"
    assert run.cure in row["error"], f"{flow}: the command does not tell the cure"
    assert Schedule.objects.get(vendor=party.vendor, flow=flow).failures == 1
    assert party.run(flow, mode=SyncRun.Mode.FULL).state == SyncRun.State.OK, f"{flow} did not recover from {kind}"


def by_command(party: Party, flow: str) -> tuple[dict[str, Any], int]:
    """What `sync --full --json` prints, and its exit code; all is asked for anew, whatever is known."""
    out, code = StringIO(), 0
    try:
        call_command("sync", party.slug, flow, "--full", "--json", stdout=out, stderr=StringIO())
    except SystemExit as ended:
        code = int(ended.code or 0)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found, code


# -- the probe


def probes_well(party: Party) -> None:
    party.connected()
    found = connection.probe(party.vendor)
    assert found.ok, f"the probe fails on a healthy vendor: {found.message}"
    assert found.cause is None


def names_the_cause(party: Party, what: str, folder: Path) -> None:
    """`what` is a key of CAUSES."""
    wanted, arrange = CAUSES[what]
    party.connected()
    with arrange(party, folder):
        found = connection.probe(party.vendor)
    _explained(party, what, found, wanted)


def names_a_spent_budget(party: Party) -> None:
    """A vendor who refuses for too many calls as for a wrong token is told apart by our own account of calls."""
    rate = party.rate
    party.patch.setattr(party.service, "rate", rate)
    party.connected()
    if not rate.block:
        party.simulator.fault("status", code=429, headers={"Retry-After": "120"})
        _explained(party, "rate", connection.probe(party.vendor), {"rate"})
        return
    asked = party.simulator.ledger.requests
    while party.simulator.ledger.requests - asked < ceil(rate.calls * 0.9):
        assert connection.probe(party.vendor).ok
    party.simulator.fault("status", code=403)
    found = connection.probe(party.vendor)
    _explained(party, "rate", found, {"rate"})
    assert "not before" in found.facts, "the probe does not say how long it will last"


def _explained(party: Party, what: str, found: Verdict, wanted: set[str]) -> None:
    assert not found.ok, f"{what}: the probe says that all is well"
    assert found.cause in wanted, f"{what}: the probe names {found.cause} instead: {found.message}"
    assert found.message, f"{what}: no message"
    assert found.cure, f"{what}: no cure"
    secret = party.simulator.token
    if secret:
        assert secret not in str(found), f"{what}: the verdict quotes the token"
    if what == "ip":
        assert "address" in found.cure, f"the cure does not name our outgoing address: {found.cure}"


@contextmanager
def wrong_token(party: Party, folder: Path) -> Iterator[None]:
    party.simulator.revoke_token()
    yield


@contextmanager
def foreign_address(party: Party, folder: Path) -> Iterator[None]:
    party.simulator.fault("foreign_ip")
    yield


@contextmanager
def trouble_of_its_own(party: Party, folder: Path) -> Iterator[None]:
    party.simulator.fault("status", code=502)
    yield


@contextmanager
def maintenance_page(party: Party, folder: Path) -> Iterator[None]:
    party.simulator.fault("html")
    yield


@contextmanager
def wrong_path(party: Party, folder: Path) -> Iterator[None]:
    _move(party, party.vendor.base_url + "/no/such/prefix")
    yield


@contextmanager
def no_such_name(party: Party, folder: Path) -> Iterator[None]:
    _move(party, "https://no-such-host.invalid/v1")
    yield


@contextmanager
def nobody_there(party: Party, folder: Path) -> Iterator[None]:
    _move(party, f"http://127.0.0.1:{free_port()}/v1")
    yield


@contextmanager
def not_encrypted(party: Party, folder: Path) -> Iterator[None]:
    _move(party, party.vendor.base_url.replace("http://", "https://"))
    yield


@contextmanager
def certificate_of_its_own(party: Party, folder: Path) -> Iterator[None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # the hub hangs up, as it must
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        _move(party, f"https://127.0.0.1:{server.server_address[1]}/v1")
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def self_signed(folder: Path) -> Path:
    """A PEM file with a fresh key and a certificate for 127.0.0.1 that nobody else signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "own.pem"
    path.write_bytes(private + made.sign(key, hashes.SHA256()).public_bytes(pem))
    return path


def _move(party: Party, base_url: str) -> None:
    Vendor.objects.filter(slug=party.slug).update(base_url=base_url)


CAUSES: dict[str, tuple[set[str], Any]] = {
    "token": ({"token"}, wrong_token),
    # A vendor may refuse both alike; then the cure names the address beside the token.
    "ip": ({"ip", "token"}, foreign_address),
    "path": ({"url"}, wrong_path),
    "name": ({"network"}, no_such_name),
    "closed": ({"network"}, nobody_there),
    "plain": ({"tls"}, not_encrypted),
    "certificate": ({"tls"}, certificate_of_its_own),
    "trouble": ({"vendor"}, trouble_of_its_own),
    "maintenance": ({"vendor"}, maintenance_page),
}
