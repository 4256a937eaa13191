"""What people decide of commands that wait for them: approve, reject, call back, confirm, send again."""

from django.db import transaction
from django.utils import timezone

from integrations.commands import approving, claiming, looking, outcomes, overtaking, switches, telling
from integrations.commands.asking import entry, hint
from integrations.models import Command, CommandItem
from integrations.verbs import Outcome

State = Command.State
APPROVED = ["state", "story", "approved", "body", "request", "words", "not_before"]


class TooLate(Exception):
    """Somebody or something was quicker; says how the command stands now."""


def approve(pk: int, by: str, seen: str = "") -> Command:
    """Let a command go that waits for approval, exactly as it stands. Raises TooLate.

    seen: what the request is known by (`approving.seal`) that the person had before them, where that is known.
    """
    with transaction.atomic():
        command = _locked(pk, State.AWAITING)
        other = "it was changed since" if seen and seen != approving.seal(command, command.request) else ""
        changed = other or let_go(command, by)
        command.save(update_fields=APPROVED)
        hint(command)
    if changed:
        raise TooLate(
            f"“{command}” would go differently from what you saw: {changed}. Look at it again, then approve it."
        )
    return command


def let_go(command: Command, by: str) -> str:
    """Queue it as approved, unless it would go differently from how it stands: returns what changed. The caller stores APPROVED."""
    try:
        verb = switches.verb_of(command.vendor, command.verb)
    except LookupError as gone:
        return str(gone)
    command.body = overtaking.as_of_now(command, verb)
    request = approving.built(command, telling.doing_of(command), verb)
    if changed := approving.differences(command.request, request):
        approving.back(command, request, "as it would go differently by now", verb)
        return changed
    command.approved = approving.seal(command, request)
    command.state, command.story = State.QUEUED, [*command.story, entry(timezone.now(), by, "approved")]
    return ""


def reject(pk: int, by: str, reason: str) -> Command:
    """It shall not be sent; a reason is kept. Also for one that is still queued. Raises TooLate, ValueError."""
    _reasoned(reason)
    with transaction.atomic():
        command = _locked(pk, State.AWAITING, State.QUEUED)
        if not claiming.is_free(command):
            raise TooLate("It is being sent at this moment.")
        _ended(command, f"rejected: {reason.strip()}", by)
    return command


def confirm(pk: int, by: str, number: str) -> Command:
    """A person saw that the vendor has it, under this number. Raises TooLate, ValueError."""
    if not number.strip():
        raise ValueError("Write the number the vendor gave it.")
    with transaction.atomic():
        command = _locked(pk, State.UNKNOWN)
        outcomes.confirm(command, command.answer, Outcome(number=number.strip()), by, f"confirmed as {number.strip()}")
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
        _ended(command, f"given up: {reason.strip()}", by)
    return command


def _ended(command: Command, why: str, by: str) -> None:
    """Over, with what was not done of it; what an answer before said of the rest stands."""
    command.fence += 1
    left = command.items.filter(state=CommandItem.State.WAITING)
    count = left.update(state=CommandItem.State.REFUSED, told=why[:300])
    if command.items.filter(state=CommandItem.State.DONE).exists():
        command.error, command.cure = f"{count} of {command.items.count()} were {why}", ""
        telling.over(command, State.CONFIRMED, why, by)
    else:
        telling.over(command, State.CANCELLED, why, by)


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise ValueError("Write down why.")


def _locked(pk: int, *states: str) -> Command:
    command = Command.objects.select_for_update(of=("self",)).select_related("vendor").get(pk=pk)
    if command.state not in states:
        raise TooLate(f"“{command}” is {command.get_state_display().lower()} by now.")
    return command
