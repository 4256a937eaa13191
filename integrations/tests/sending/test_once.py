"""A command is asked for where it may be, sent once by whoever is there, and its answer is mirrored."""

import pytest

from integrations import connecting
from integrations.commands import asking, bodies, sending, switches
from integrations.commands import sweeping as writes
from integrations.models import Command, CommandItem
from integrations.tests.sending.acts import cancel, open_line, sent
from tests.faults.rig import connected

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State


def test_a_line_is_cancelled_once(elryan, vendor):
    body = cancel(elryan)
    done = sent(vendor, "cancel_line", body)
    assert (done.state, done.attempts, done.error) == (State.CONFIRMED, 1, "")
    assert [write.payload for write in elryan.ledger.accepted("cancel_line", body["line"])] == [
        {"reason": "out_of_stock"}
    ]
    assert done.answer
    assert done.answer["data"]["Status"] == "Cancelled"
    assert sending.send(done.pk) is None, "a command that has ended is not sent again"
    assert elryan.ledger.writes == 1
    from orders.models import OrderLine

    assert OrderLine.objects.get(external_id=body["line"]).vendor_status == "Cancelled", (
        "the answer is mirrored at once"
    )


def test_new_connections_send_nothing(elryan):
    vendor = connected(elryan, "new")
    with pytest.raises(switches.NotAllowed, match="only read"):
        asking.ask(vendor, "cancel_line", cancel(elryan))
    assert not Command.objects.exists()


def test_an_unproven_verb_waits_for_an_admins_word(elryan, vendor):
    with pytest.raises(switches.NotAllowed, match="not verified"):
        asking.ask(vendor, "prepare_line", {"line": open_line(elryan)})
    connecting.confirm(vendor, ["prepare_line"])
    assert sent(vendor, "prepare_line", {"line": open_line(elryan)}).state == State.CONFIRMED


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"line": "1"}, "reason is missing"),
        ({"line": "1", "reason": "bored"}, "reason cannot be “bored”"),
        ({"line": "1", "reason": "out_of_stock", "x": 1}, "x is not known here"),
        ([], "must be an object"),
        ({"line": {"a": 1}, "reason": "out_of_stock"}, "line must be a text"),
    ],
)
def test_a_body_that_does_not_fit_is_told(vendor, body, said):
    with pytest.raises(bodies.BadBody, match=said):
        asking.ask(vendor, "cancel_line", body)


def test_a_command_is_sent_by_a_worker_and_swept_when_its_hint_was_lost(elryan, vendor, worker):
    (command,) = asking.ask(vendor, "cancel_line", cancel(elryan))
    assert ("send_command", [command.pk], "live") in worker.hints
    worker.forget()
    assert writes.sweep(60) == 1
    worker.work()
    command.refresh_from_db()
    assert command.state == State.CONFIRMED
    assert CommandItem.objects.filter(in_flight=True).count() == 0
