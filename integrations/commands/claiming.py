"""Who sends a command: one owner at a time, known by a fence; one command at a time about one thing; the newest value last."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from integrations import lease
from integrations.commands import overtaking, switches
from integrations.commands.asking import entry
from integrations.faultpoints import faultpoint
from integrations.models import Command, CommandItem, Vendor
from integrations.service import service_class

State = Command.State
UNDER_WAY = timedelta(seconds=60)  # with a vendor who is given a minute for his answer


def claim(pk: int) -> Command | None:
    """The command, ours to send now. None when it is held, not due, somebody else's, or another about the same thing goes first."""
    with suppress(IntegrityError):  # another about the same thing was quicker
        with transaction.atomic():
            command = Command.objects.select_for_update(of=("self",)).select_related("vendor").filter(pk=pk).first()
            if command is None or not _may_go(command):
                return None
            if _asks_first(command):
                return None
            verb = switches.verb_of(command.vendor, command.verb)
            items = list(command.items.filter(state=CommandItem.State.WAITING))
            if _is_preceded(command, items):
                return None
            # First ours, then compared: whatever was given to these things meanwhile is stored by now.
            command.items.filter(state=CommandItem.State.WAITING).update(in_flight=True)
            if not overtaking.brought_up_to_date(command, verb, items):
                command.items.filter(in_flight=True).update(in_flight=False)
                return None
            command.fence += 1
            command.owner, command.lease_until = lease.me(), timezone.now() + term()
            command.save()
        faultpoint("command.claimed")
        return command
    return None


def _may_go(command: Command) -> bool:
    now = timezone.now()
    due = command.not_before is None or command.not_before <= now
    return (
        command.state == State.QUEUED and due and is_free(command) and not switches.held(command.vendor, command.verb)
    )


def _asks_first(command: Command) -> bool:
    """Whether it was decided while nobody was asked, never went, and somebody is to be asked by now: it waits for approval."""
    if command.approved or command.attempts or switches.mode_of(command.vendor, command.verb) != Vendor.Writes.APPROVE:
        return False
    command.state, command.owner, command.lease_until = State.AWAITING, "", None
    why = "waits for approval, as each is approved by now"
    command.story = [*command.story, entry(timezone.now(), "", why)]
    command.save()
    command.items.filter(in_flight=True).update(in_flight=False)
    return True


def _is_preceded(command: Command, items: Iterable[CommandItem]) -> bool:
    """Whether an earlier one about the same thing is to go first. Values do not queue up: the later replaces the earlier.

    But a value waits for an earlier act, such as so many pieces more, which else would be added to it.
    """
    acts = [item.thing for item in items if item.acts or not item.sets]
    values = [item.thing for item in items if item.sets and not item.acts]
    earlier = CommandItem.objects.filter(
        Q(thing__in=acts) | Q(thing__in=values, sets=[]) | Q(thing__in=values, acts=True),
        vendor_id=command.vendor_id,
        command_id__lt=command.pk,
        command__state=State.QUEUED,
        state=CommandItem.State.WAITING,
    )
    return earlier.exists()


def is_free(command: Command) -> bool:
    """Whether nobody works on it: nobody took it, its process is gone, or its time ran out."""
    if not command.owner or command.lease_until is None or command.lease_until < timezone.now():
        return True
    return lease.alive(command.owner) is False


def store(command: Command, states: Iterable[str], **values: Any) -> None:
    """Write the command's row, in the caller's transaction. lease.Stale when it is not ours in one of these states any more."""
    mine = Command.objects.filter(pk=command.pk, fence=command.fence, state__in=list(states))
    if not mine.update(**values):
        raise lease.Stale(f"Command {command.pk} has another owner by now.")
    for name, value in values.items():
        setattr(command, name, value)


def extend(command: Command, seconds: float) -> None:
    """Keep it ours for as long as a call may take; one who was taken over meanwhile does not make it.

    Asked before a slot is waited for, and again when the line stands, right before the first byte. What is left is a pause within the
    few instructions between this answer and that byte, longer than this term and `under_way` together (two minutes at least): then,
    if a look-up said meanwhile that the vendor does not have it, two may send. No lock of ours can exclude that; a vendor can,
    by a key or a number of ours that works once, which is why both are sent wherever one takes them.
    """
    store(command, (State.QUEUED, State.SENDING), lease_until=timezone.now() + timedelta(seconds=seconds) + term())


def under_way(command: Command) -> timedelta:
    """For how long a call whose answer nobody heard may still arrive: longer at a vendor who takes longer over his answers."""
    return UNDER_WAY + timedelta(seconds=max(0.0, service_class(command.vendor.kind).patience - 60.0))


def term() -> timedelta:
    return timedelta(seconds=settings.HUB_LEASE_SECONDS)
