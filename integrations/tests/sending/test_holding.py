"""What holds commands back: approval, stop switches, a verb's own mode; and what is held is in nobody's way."""

import pytest
from django.utils import timezone

from integrations.commands import asking, deciding, sending, switches
from integrations.commands import sweeping as writes
from integrations.models import Command
from integrations.tests.sending.acts import cancel, sent, skus, write

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State


def test_what_is_held_does_not_stand_in_the_way_of_what_may_go(elryan, vendor, monkeypatch):
    monkeypatch.setattr(writes, "AT_ONCE", 2)
    switches.stop(vendor, "cancel_line", by="Ada")
    for number in range(3):
        asking.ask(vendor, "cancel_line", {"line": f"held-{number}", "reason": "out_of_stock"})
    first, second = skus(elryan)[:2]
    elryan.fault("drop", path="/variants/stock-and-price", times=1)
    sent(vendor, "stock_and_price", {"items": [{"sku": first, "stock": 1}]})
    for value in (2, 3):
        asking.ask(vendor, "stock_and_price", {"items": [{"sku": first, "stock": value}]})
    (free,) = asking.ask(vendor, "stock_and_price", {"items": [{"sku": second, "stock": 9}]})
    assert [command.pk for command in writes._ready(timezone.now())] == [free.pk]


def test_approval_shows_the_request_and_sends_only_then(elryan, vendor):
    vendor = write(vendor, "approve")
    body = cancel(elryan)
    waiting = sent(vendor, "cancel_line", body)
    assert waiting.state == State.AWAITING
    assert waiting.request == {
        "method": "PUT",
        "path": f"orders/cancel/{body['line']}",
        "body": {"reason": "out_of_stock"},
    }
    assert elryan.ledger.writes == 0
    deciding.approve(waiting.pk, "Ada")
    sending.send(waiting.pk)
    assert elryan.ledger.writes == 1
    with pytest.raises(deciding.TooLate):
        deciding.approve(waiting.pk, "Bob")
    other = sent(vendor, "cancel_line", body)
    deciding.reject(other.pk, "Ada", "the customer called")
    other.refresh_from_db()
    assert (other.state, other.story[-1]["what"]) == (State.CANCELLED, "rejected: the customer called")


def test_a_stopped_verb_holds_its_commands_and_lets_them_go_again(elryan, vendor):
    switches.stop(vendor, "cancel_line", by="Ada", reason="stock count")
    held = sent(vendor, "cancel_line", cancel(elryan))
    assert held.state == State.QUEUED
    assert switches.held(vendor, "cancel_line") == "Stopped by Ada: stock count."
    assert writes.sweep(60) == 0
    switches.resume(vendor, "cancel_line", by="Ada")
    assert writes.sweep(60) == 1
    sending.send(held.pk)
    assert elryan.ledger.writes == 1


def test_what_was_decided_freely_waits_once_each_is_approved(elryan, vendor):
    (command,) = asking.ask(vendor, "cancel_line", cancel(elryan))
    write(vendor, "approve")
    assert sending.send(command.pk) is None
    command.refresh_from_db()
    assert (command.state, command.story[-1]["what"]) == (
        State.AWAITING,
        "waits for approval, as each is approved by now",
    )
    deciding.approve(command.pk, "Ada")
    assert elryan.ledger.writes == 0
    sending.send(command.pk)
    command.refresh_from_db()
    assert command.state == State.CONFIRMED


def test_a_verb_may_write_less_freely_than_its_connection(elryan, vendor):
    switches.set_mode(vendor, "cancel_line", "approve", by="Ada")
    assert sent(vendor, "cancel_line", cancel(elryan)).state == State.AWAITING
    write(vendor, "off")
    switches.set_mode(vendor, "cancel_line", "on", by="Ada")
    vendor.refresh_from_db()
    assert switches.mode_of(vendor, "cancel_line") == "off", "a connection that only reads only reads"
