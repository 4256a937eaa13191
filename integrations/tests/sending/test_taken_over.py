"""A sender that paused: whoever took over stands, and it neither sends nor stores."""

import os
import signal
import sys
import traceback

import pytest
from django.db import connections
from django.utils import timezone

from integrations import faultpoints
from integrations.commands import asking, looking, sending
from integrations.commands import sweeping as writes
from integrations.models import Command, RateSlot
from integrations.tests.sending.acts import cancel, skus

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State


def test_a_paused_sender_cannot_store_a_stale_outcome(elryan, vendor):
    (command,) = asking.ask(vendor, "cancel_line", cancel(elryan))

    def taken_over(name: str) -> None:
        if name == "command.answered":
            Command.objects.filter(pk=command.pk).update(fence=99, state=State.UNKNOWN)

    faultpoints.hook = taken_over
    try:
        sending.send(command.pk)
    finally:
        faultpoints.hook = None
    command.refresh_from_db()
    assert (command.state, command.answer) == (State.UNKNOWN, None)


def test_a_sender_taken_over_before_the_call_does_not_make_it(elryan, vendor):
    (command,) = asking.ask(vendor, "cancel_line", cancel(elryan))

    def taken_over(name: str) -> None:
        if name == "command.sending":
            Command.objects.filter(pk=command.pk).update(fence=99)

    faultpoints.hook = taken_over
    try:
        sending.send(command.pk)
    finally:
        faultpoints.hook = None
    assert elryan.ledger.writes == 0


@pytest.mark.parametrize("point", ["command.sending", "request.connected"])
def test_a_process_that_slept_before_the_call_does_not_make_it_once_another_did(elryan, vendor, point):
    """Paused by SIGSTOP, as a machine under strain does: its time runs out, another looks it up and sends it, then it wakes."""
    sku = skus(elryan)[0]
    (command,) = asking.ask(vendor, "stock_and_price", {"items": [{"sku": sku, "stock": 41}]})
    sleeper = asleep(command.pk, point)
    try:
        assert writes.sweep(60) == 0, "it is alive and has time"
        Command.objects.filter(pk=command.pk).update(lease_until=timezone.now())
        RateSlot.objects.update(free_at=timezone.now())  # the time of the slot it sleeps on has run out as well
        writes.sweep(60)
        Command.objects.filter(pk=command.pk).update(not_before=None)  # nothing can be on its way any more
        assert looking.look_up(command.pk).state == State.QUEUED
        sending.send(command.pk)
        assert Command.objects.get(pk=command.pk).state == State.CONFIRMED
    finally:
        os.kill(sleeper, signal.SIGCONT)
        ended = os.waitpid(sleeper, 0)[1]
    assert os.waitstatus_to_exitcode(ended) == 0, "it finds out by itself, and leaves it"
    assert len(elryan.ledger.asked("/variants/stock-and-price")) == 1
    done = Command.objects.get(pk=command.pk)
    assert (done.state, done.attempts) == (State.CONFIRMED, 2)


def asleep(pk: int, point: str) -> int:
    """A process that sends the command, and has fallen asleep at the point."""

    def sleep(name: str) -> None:
        if name == point:
            faultpoints.hook = None
            os.kill(os.getpid(), signal.SIGSTOP)

    connections.close_all()
    child = os.fork()
    if not child:
        try:
            faultpoints.hook = sleep
            sending.send(pk)
        except BaseException:  # noqa: BLE001 - the child has nobody to raise to
            traceback.print_exc(file=sys.__stderr__)
            os._exit(1)
        os._exit(0)
    assert os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1])
    return child
