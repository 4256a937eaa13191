"""Every kind of vendor there is, every flow and every verb of it, well and in every way a vendor can say our own secrets back to us.

The secrets are the simulators' own, which hold the word the whole suite is watched for (`tests/secrets_watch.py`): whatever of it
reaches a log, a row, a page, a file, a mail or an error here fails the test.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations import circuit, connecting, connection, lookups, sync, trial, vault
from integrations.commands import asking, bodies, looking, sending, switches
from integrations.models import Callback, Command, SyncRun, Trigger, Vendor, WebhookDelivery
from integrations.service import services
from integrations.tests.contract.party import Party, served
from integrations.webhooks import addresses, known, reading, tending
from tests.secrets_watch import WORD, watch
from tests.visiting import newest_rows

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
    parts: list[tuple[str, Any]] = [
        *kind.flows.items(),
        *kind.verbs.items(),
        *((one.name, one) for one in kind.lookups),
    ]
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
def test_flows_of_a_vendor_who_says_our_secrets_back(
    party: Party, part: int, admin_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    lost: dict[str, Any]
    for lost in ({"name": "drop"}, {"name": "cut"}, {"name": "slow", "seconds": 0.4})[part::2]:
        monkeypatch.setattr("integrations.connection.IMPATIENT", 0.2)
        party.simulator.fault(**lost)
        ran(vendor, next(iter(party.service.flows)))
        assert not connection.probe(again(vendor)).ok, lost
        party.simulator.clear_faults()
    newest_rows(admin_client)


# -- what goes out

SENT = ("401", "400 as a name and a password", "500", "JSON that is cut", "JSON of another shape", "led on to a path")
MADE = {"int": 1, "decimal": "1.00", "bool": True, "text": "1"}


def body_of(fields: Any) -> dict[str, Any]:
    """A body with a value in every field: the declared example, or the plainest there is."""
    found: dict[str, Any] = {}
    for field in fields:
        if field.kind == "group":
            found[field.name] = body_of(field.fields)
        elif field.kind == "rows":
            found[field.name] = [body_of(field.fields)]
        else:
            found[field.name] = field.example or (field.choices or (MADE.get(field.kind, "1"),))[0]
    return found


def wished(vendor: Vendor, verb: str) -> list[Command]:
    """Decided and sent; nothing that was left of an earlier one is in its way."""
    Command.objects.exclude(state__in=["confirmed", "refused"]).update(state="cancelled")
    declared = services()[vendor.kind].verbs[verb]
    required = [field for field in declared.fields if field.required]
    rest = [field for field in declared.fields if not field.required]
    for chosen in (declared.fields, required, *([*required, field] for field in rest)):
        try:
            made = asking.ask(again(vendor), verb, body_of(chosen), by="planted", hinted=False)
        except (bodies.BadBody, switches.NotAllowed):
            continue
        for command in made:
            sending.send(command.pk)
        return list(Command.objects.filter(pk__in=[command.pk for command in made]))
    return []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if services()[kind].verbs])
def test_commands_to_a_vendor_who_says_our_secrets_back(party: Party) -> None:
    vendor, sent = connected(party), set()
    for name in ("", *SENT, "lost"):
        if name:
            lost = ("drop", {"accept": True}) if name == "lost" else ("echo", ECHOES[name])
            party.simulator.fault(lost[0], **lost[1])
        for verb in party.service.verbs:
            for command in wished(vendor, verb):
                sent.add(verb) if command.sent_at else None
                if command.state in ("unknown", "working"):
                    looking.look_up(command.pk)
                    if name == "lost":
                        party.simulator.clear_faults()
                        looking.look_up(command.pk)
                        party.simulator.fault(lost[0], **lost[1])
        party.simulator.clear_faults()
    assert len(sent) * 3 > len(party.service.verbs), f"enough are really sent: {sorted(sent)}"
    assert Command.objects.exclude(error="").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_questions_and_trials_of_a_vendor_who_says_our_secrets_back(party: Party, admin_client: Any) -> None:
    """Pages: what they show is watched."""
    vendor = connected(party)
    for name in ("", *ECHOES):
        if name:
            party.simulator.fault("echo", **ECHOES[name])
        assert connection.probe(again(vendor)).ok or name
        admin_client.post(reverse("admin:integrations_vendor_test", args=[vendor.pk]), follow=True)
        for lookup in party.service.lookups:
            watch.see(
                "a look-up", repr(lookups.ask(again(vendor), lookup, {field.name: "1" for field in lookup.fields}))
            )
        for flow in [flow for flow, declared in party.service.flows.items() if declared.tried]:
            page = reverse("admin:integrations_vendor_try", args=[vendor.pk, flow])
            assert admin_client.post(page, {"try": ""}).status_code == 200
            watch.see("a trial", repr(trial.try_flow(again(vendor), flow, {})))
        if party.service.stores is not None and name in ("", "401", "500", "JSON of another shape"):
            stores(admin_client, again(vendor))
        party.simulator.clear_faults()


def stores(client: Any, vendor: Vendor) -> None:
    """Every page about an account's stores, with secrets typed into each of its fields."""

    def page(name: str, *more: str) -> str:
        return reverse(f"admin:integrations_vendor_{name}", args=[vendor.pk, *more])

    for name in ("stores", "systems", "credentials"):
        client.get(page(name))
    for tool in services()[vendor.kind].stores.tools(vendor.account):  # type: ignore[union-attr]
        client.post(page("tool", tool.name), follow=True)
    for system in services()[vendor.kind].stores.described()[:3]:  # type: ignore[union-attr]
        typed = {blank.name: f"typed-{WORD}" if blank.secret else "1" for way in system.ways for blank in way.blanks}
        for given in ({**typed, "store_url": "https://new.example"}, {}):
            client.post(page("new_store", system.name), given, follow=True)
        client.post(page("credentials"), typed, follow=True)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if services()[kind].hooks])
def test_what_is_posted_to_us_with_our_own_secrets_in_it(party: Party, client: Any, settings: Any) -> None:
    """In body, headers and query; signed and not; good, odd and cut; and the vendor who is asked to post says them back."""
    settings.HUB_PUBLIC_URL = "https://hub.example"
    vendor = connected(party)
    own = f"hook-{WORD}-signing-key"
    for callback in Callback.objects.filter(vendor=vendor):
        addresses.set_key(callback, own)
    values = [*vault.secrets_of(vendor).values()]
    assert own in values
    for mode in Callback.Mode.values:
        Callback.objects.filter(vendor=vendor).update(active=True, mode=mode)
        known.forget()
        for callback in Callback.objects.filter(vendor=vendor).select_related("vendor"):
            path = addresses.path_of(callback)
            for place, text in enumerate((json.dumps({"id": values[0], "keys": values}), " ".join(values), "{")):
                told = {
                    f"HTTP_X_WEBHOOK_{name}": value
                    for name, value in zip(("ENTITY", "ACTION", "KEY", "SIGNATURE"), values, strict=False)
                }
                client.post(
                    path,
                    text.encode(),
                    content_type="application/json",
                    **told,
                    **({} if place else {"QUERY_STRING": "challenge_code=x"}),
                )
                client.get(path, {"challenge_code": "x"})
    for fault in (None, *ECHOES.values()):
        if fault:
            party.simulator.fault("echo", **fault)
        for callback in Callback.objects.filter(vendor=vendor):
            Callback.objects.filter(pk=callback.pk).update(tend_at=timezone.now())
            again(vendor)
            tending.tend(callback.pk)
        reading.read(vendor.pk)
        party.simulator.clear_faults()
    assert WebhookDelivery.objects.filter(vendor=vendor).exists()
