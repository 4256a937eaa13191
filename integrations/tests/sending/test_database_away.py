"""The database goes away, or the hub errs, while a command is on its way: what is known is kept, what never left goes back."""

from typing import Any

import pytest
from django.db import DataError

from integrations import faultpoints
from integrations.commands import looking, sending
from integrations.models import Command, RateSlot
from integrations.tests.sending.acts import cancel, sent

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State


@pytest.mark.parametrize("point", ["command.sending", "request.connected"])
def test_what_never_left_is_put_back_when_the_database_goes_away(elryan, vendor, refusing, point):
    refusing(point)
    done = sent(vendor, "cancel_line", cancel(elryan))
    assert (done.state, done.owner, elryan.ledger.writes) == (State.QUEUED, "", 0)
    sending.send(done.pk)
    assert Command.objects.get(pk=done.pk).state == State.CONFIRMED


@pytest.mark.parametrize("point", ["request.sent", "answer.received", "call.logged", "command.answered"])
def test_an_answer_is_kept_although_the_database_goes_away(elryan, vendor, refusing, point):
    refusing(point)
    done = sent(vendor, "cancel_line", cancel(elryan))
    assert (done.state, done.attempts, elryan.ledger.writes) == (State.CONFIRMED, 1, 1)
    assert not RateSlot.objects.exclude(holder="").exists(), "nobody has to wait for its slot"


@pytest.mark.parametrize("point", ["request.sent", "call.logged"])
def test_a_lost_answer_stays_unknown_although_the_database_goes_away(elryan, vendor, refusing, point):
    elryan.fault("drop", path="*/orders/cancel/*", times=1, accept=True)
    refusing(point)
    done = sent(vendor, "cancel_line", cancel(elryan))
    assert (done.state, elryan.ledger.writes) == (State.UNKNOWN, 1)


@pytest.mark.parametrize("point", ["command.stored", "command.mirrored"])
def test_a_mistake_of_ours_after_the_vendors_yes_never_says_no(elryan, vendor, point):
    def mistaken(name: str) -> None:
        if name == point:
            faultpoints.hook = None
            raise RuntimeError("a mistake of the hub")

    faultpoints.hook = mistaken
    try:
        done = sent(vendor, "cancel_line", cancel(elryan))
    finally:
        faultpoints.hook = None
    assert (done.state, elryan.ledger.writes) == (State.UNKNOWN, 1)
    assert looking.look_up(done.pk).state == State.CONFIRMED


def test_a_yes_stands_although_its_row_cannot_be_stored(elryan, vendor, monkeypatch):
    def unable(batch: Any) -> None:
        raise DataError("value too long")

    monkeypatch.setattr("orders.mirror.orders", unable)
    done = sent(vendor, "cancel_line", cancel(elryan))
    assert (done.state, elryan.ledger.writes) == (State.CONFIRMED, 1)
