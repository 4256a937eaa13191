"""What people decide of commands that wait for them: approve, reject, call back, confirm, send again."""

from django.db import transaction
from django.utils import timezone

from integrations.commands import claiming, looking, outcomes
from integrations.commands.asking import entry, hint
from integrations.models import Command, CommandItem
from integrations.verbs import Outcome

State = Command.State


class TooLate(Exception):
    """Somebody or something was quicker; says how the command stands now."""


def approve(pk: int, by: str) -> Command:
    """Let a command go that waits for approval. Raises TooLate."""
    with transaction.atomic():
        command = _locked(pk, State.AWAITING)
        command.state, command.story = State.QUEUED, [*command.story, entry(timezone.now(), by, "approved")]
        command.save(update_fields=["state", "story"])
        hint(command)
    return command


def reject(pk: int, by: str, reason: str) -> Command:
    """It shall not be sent; a reason is kept. Also for one that is still queued. Raises TooLate, ValueError."""
    _reasoned(reason)
    with transaction.atomic():
        command = _locked(pk, State.AWAITING, State.QUEUED)
        if not claiming.is_free(command):
            raise TooLate("It is being sent at this moment.")
        command.fence += 1
        claiming.over(command, State.CANCELLED, f"rejected: {reason.strip()}", by)
    return command


def confirm(pk: int, by: str, number: str) -> Command:
    """A person saw that the vendor has it, under this number. Raises TooLate, ValueError."""
    if not number.strip():
        raise ValueError("Write the number the vendor gave it.")
    with transaction.atomic():
        command = _locked(pk, State.UNKNOWN)
        outcomes.confirm(command, command.answer, Outcome(number=number.strip()), by, f"confirmed as {number.strip()}")
        Command.objects.filter(pk=pk).update(error="", error_kind="", cure="")
    return command


def send_again(pk: int, by: str, reason: str) -> Command:
    """A person is sure that the vendor does not have it. Raises TooLate, ValueError."""
    _reasoned(reason)
    with transaction.atomic():
        command = _locked(pk, State.UNKNOWN)
        looking.again(command, f"sent again: {reason.strip()}", by)
    return command


def give_up(pk: int, by: str, reason: str) -> Command:
    """A person is sure that the vendor does not have it, and nobody wants it any more. Raises TooLate, ValueError."""
    _reasoned(reason)
    with transaction.atomic():
        command = _locked(pk, State.UNKNOWN)
        command.fence += 1
        command.items.filter(state=CommandItem.State.WAITING).update(state=CommandItem.State.REFUSED)
        claiming.over(command, State.CANCELLED, f"given up: {reason.strip()}", by)
    return command


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise ValueError("Write down why.")


def _locked(pk: int, *states: str) -> Command:
    command = Command.objects.select_for_update(of=("self",)).select_related("vendor").get(pk=pk)
    if command.state not in states:
        raise TooLate(f"“{command}” is {command.get_state_display().lower()} by now.")
    return command
