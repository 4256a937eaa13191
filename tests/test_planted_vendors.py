"""Every kind of vendor there is, every flow and every verb of it, well and in every way a vendor can say our own secrets back to us.

The secrets are the simulators' own, which hold the word the whole suite is watched for (`tests/secrets_watch.py`): whatever of it
reaches a log, a row, a page, a file, a mail or an error here fails the test.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations import circuit, connecting, connection, sync, vault
from integrations.models import SyncRun, Trigger, Vendor
from integrations.service import services
from integrations.tests.contract.party import Party, served
from tests.secrets_watch import WORD

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.sqlite_only]
KINDS = sorted(services())
# What a vendor may answer with, and what of the request is in it.
ECHOES: dict[str, dict[str, Any]] = {
    "401": {"code": 401},
    "401 in headers": {"code": 401, "place": "headers"},
    "403 in JSON": {"code": 403, "place": "values", "how": "json"},
    "400 as an address": {"code": 400, "how": "quoted"},
    "404 in base64": {"code": 404, "how": "base64"},
    "422 for addresses": {"code": 422, "how": "urlsafe"},
    "400 as a name and a password": {"code": 400, "how": "basic"},
    "400 in hexadecimal": {"code": 400, "how": "hex"},
    "400 escaped": {"code": 400, "how": "escaped"},
    "400 escaped twice": {"code": 400, "how": "twice"},
    "429": {"code": 429, "place": "headers"},
    "500": {"code": 500, "how": "html"},
    "JSON that is cut": {"code": 200, "place": "broken"},
    "JSON of another shape": {"code": 200, "place": "values"},
    "no JSON": {"code": 200},
    "an odd coding": {"code": 200, "place": "coding"},
    "led on to a path": {"code": 302, "place": "path"},
    "led on with a query": {"code": 307, "place": "query"},
    "led to a host": {"code": 302, "place": "host"},
    "led away": {"code": 301, "place": "away"},
}  # fmt: skip
ROUNDS = [(kind, part) for kind in KINDS for part in range(2)]


@pytest.fixture
def party(kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Party]:
    monkeypatch.setattr("integrations.http.client.TRIES", 1)
    with served(kind, monkeypatch) as found:
        yield found


def connected(party: Party, *, without: str = "", slug: str = "planted") -> Vendor:
    """The connection with every secret there is, but for one; all that is unproven is vouched for."""
    given = party.simulator.connections()[0]
    secrets = {name: value for name, value in given["secrets"].items() if name != without}
    assert all(WORD in value for value in secrets.values())
    options = {**given["options"], **party.simulator.reading_all()}
    vendor = connecting.connect(
        party.kind, slug, base_url=given["base_url"], options=options, secrets=secrets, writes="on"
    )
    kind = party.service
    parts = [*kind.flows.items(), *kind.verbs.items(), *((one.name, one) for one in kind.lookups)]
    connecting.confirm(vendor, [name for name, part in parts if not part.proven])
    return vendor


def again(vendor: Vendor) -> Vendor:
    """As after a good token: nothing that went wrong before keeps a call from being made."""
    circuit.worked(Vendor.objects.get(pk=vendor.pk))
    Vendor.objects.filter(pk=vendor.pk).update(state="active", blocked_until=None, failed_runs=0)
    return Vendor.objects.get(pk=vendor.pk)


def ran(vendor: Vendor, flow: str) -> SyncRun | None:
    return sync.run(again(vendor), flow, Trigger.COMMAND_LINE, mode=SyncRun.Mode.FULL, slice_seconds=None)


@pytest.mark.parametrize("kind", KINDS)
def test_flows_that_go_well_tell_no_secret(party: Party) -> None:
    """Signed with what was pasted, and with what the vendor gave for it."""
    ways = {"", *(name for name in (party.service.fetches,) if name in party.simulator.connections()[0]["secrets"])}
    for place, without in enumerate(sorted(ways)):
        vendor = connected(party, without=without, slug=f"planted-{place}")
        assert connection.probe(vendor).ok
        for flow in party.service.flows:
            done = ran(vendor, flow)
            assert done is not None
            assert done.state in (SyncRun.State.OK, SyncRun.State.PARTIAL), f"{flow}: {done.error}"
        assert any(WORD in value for value in vault.secrets_of(vendor).values())
    assert party.simulator.ledger.requests > len(party.service.flows)


@pytest.mark.parametrize(("kind", "part"), ROUNDS)
def test_flows_of_a_vendor_who_says_our_secrets_back(party: Party, part: int) -> None:
    vendor = connected(party)
    for flow in party.service.flows:
        ran(vendor, flow)
    for name, echo in [*ECHOES.items()][part::2]:
        said = party.simulator.fault("echo", **echo)
        for flow in party.service.flows:
            done = ran(vendor, flow)
            assert done is not None
            assert done.error or done.state != SyncRun.State.FAILED
        found = connection.probe(again(vendor))
        assert said.used, name
        party.simulator.clear_faults()
        assert repr(found)
