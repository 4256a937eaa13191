"""What becomes of a command is told by the cause: refused, later, or unknown; never sent again by itself."""

import pytest
from django.utils import timezone

from integrations import connecting
from integrations.commands import asking, looking, sending, switches
from integrations.commands import sweeping as writes
from integrations.models import Command, Vendor
from integrations.tests.sending.acts import cancel, sent

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State


def test_the_vendors_no_is_kept_and_not_repeated(elryan, vendor):
    done = sent(vendor, "cancel_line", {"POlineID": "999", "reason": "out_of_stock"})
    assert done.state == State.REFUSED
    assert "was not found" in done.error
    assert writes.sweep(60) == 0
    assert len(elryan.ledger.asked("/orders/cancel/999")) == 1


@pytest.mark.parametrize(
    ("fault", "more", "state", "kind", "waits"),
    [
        ("status", {"code": 429, "headers": {"Retry-After": "120"}}, State.QUEUED, "wait", True),
        ("status", {"code": 401}, State.QUEUED, "needs_auth", True),
        ("status", {"code": 400}, State.REFUSED, "refused", False),
        ("status", {"code": 404}, State.REFUSED, "refused", False),
        ("status", {"code": 503}, State.UNKNOWN, "unknown", False),
        ("html", {}, State.UNKNOWN, "unknown", False),
        ("empty", {}, State.UNKNOWN, "unknown", False),
        ("gzip_truncated", {}, State.UNKNOWN, "unknown", False),
    ],
)
def test_what_comes_next_is_told_by_the_cause(elryan, vendor, fault, more, state, kind, waits):
    elryan.fault(fault, path="*/orders/cancel/*", **more)
    done = sent(vendor, "cancel_line", cancel(elryan))
    assert (done.state, done.error_kind, bool(done.error)) == (state, kind, True), done.error
    assert (done.state == State.QUEUED and done.not_before is not None) is waits
    calls = len(elryan.ledger.asked("*/orders/cancel/*"))
    sending.send(done.pk)
    assert len(elryan.ledger.asked("*/orders/cancel/*")) == calls, "not before its time, and not by itself"


def test_what_waited_for_a_token_goes_as_soon_as_there_is_one(elryan, vendor):
    fault = elryan.fault("status", path="*/orders/cancel/*", code=401)
    waits = sent(vendor, "cancel_line", cancel(elryan))
    assert waits.state == State.QUEUED
    assert switches.held(vendor, "cancel_line"), "nobody calls with a token that is not accepted"
    elryan.clear_faults(fault)
    connecting.connect("elryan", vendor.slug, secrets={"token": elryan.living_token()})
    assert writes.sweep(60) == 1
    sending.send(waits.pk)
    assert Command.objects.get(pk=waits.pk).state == State.CONFIRMED


def test_nobody_answers_so_it_goes_later_and_later_still(elryan, vendor):
    Vendor.objects.filter(pk=vendor.pk).update(base_url="http://127.0.0.1:9/api")
    (command,) = asking.ask(vendor, "cancel_line", cancel(elryan))
    waits = []
    for _ in range(3):
        Command.objects.filter(pk=command.pk).update(not_before=None)
        Vendor.objects.filter(pk=vendor.pk).update(state="active", blocked_until=None)
        before = timezone.now()
        sending.send(command.pk)
        command.refresh_from_db()
        assert (command.state, command.error_kind) == (State.QUEUED, "wait")
        assert command.not_before
        waits.append((command.not_before - before).total_seconds())
    assert waits[0] < waits[1] < waits[2]


@pytest.mark.parametrize(
    ("code", "to", "state"),
    [
        (303, "/elryan/api/orders", State.UNKNOWN),
        (302, "/login", State.UNKNOWN),
        (301, "https://elsewhere.example/index", State.UNKNOWN),
        (307, "https://elsewhere.example/login", State.REFUSED),
        (308, "https://elsewhere.example{path}", State.REFUSED),
        (301, "https://elsewhere.example{path}", State.REFUSED),
        (303, "https://elsewhere.example{path}", State.UNKNOWN),
    ],
)
def test_a_redirect_after_a_write_says_no_only_where_it_can(elryan, vendor, code, to, state):
    body = cancel(elryan)
    base = vendor.base_url.partition("//")[2].partition("/")[2]
    there = to.format(path=f"/{base}/orders/cancel/{body['line']}")
    elryan.fault("redirect", path="*/orders/cancel/*", to=there, code=code, times=1, accept=state == State.UNKNOWN)
    done = sent(vendor, "cancel_line", body)
    assert (done.state, done.attempts) == (state, 1), done.error
    assert len(elryan.ledger.asked("*/orders/cancel/*")) == 1, "it is followed nowhere"
    if state == State.UNKNOWN:
        assert looking.look_up(done.pk).state == State.CONFIRMED
