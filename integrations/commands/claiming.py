"""Who sends a command: one owner at a time, known by a fence; one command at a time about one thing; the newest value last."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from integrations import lease
from integrations.commands import approving, switches
from integrations.commands.asking import entry, once_of
from integrations.faultpoints import faultpoint
from integrations.models import Command, CommandItem
from integrations.service import service_class
from integrations.verbs import Doing, Verb

State = Command.State
UNDER_WAY = timedelta(seconds=60)  # with a vendor who is given a minute for his answer
LIVES = (State.QUEUED, State.SENDING, State.WORKING, State.CONFIRMED, State.UNKNOWN)
# How lines of a story begin that tell of an answer after which it goes once more.
LATER, AGAIN, PARTLY = "goes later", "goes again with", "unknown of"


def claim(pk: int) -> Command | None:
    """The command, ours to send now. None when it is held, not due, somebody else's, or another about the same thing goes first."""
    with suppress(IntegrityError):  # another about the same thing was quicker
        with transaction.atomic():
            command = Command.objects.select_for_update(of=("self",)).select_related("vendor").filter(pk=pk).first()
            if command is None or not _may_go(command):
                return None
            verb = switches.verb_of(command.vendor, command.verb)
            items = list(command.items.filter(state=CommandItem.State.WAITING))
            if _is_preceded(command, items):
                return None
            if not _goes_as_approved(command, verb) or not _trimmed(command, verb, items):
                return None
            command.fence += 1
            command.owner, command.lease_until = lease.me(), timezone.now() + term()
            command.save()
            waiting = [item.pk for item in items if item.state == CommandItem.State.WAITING]
            CommandItem.objects.filter(pk__in=waiting).update(in_flight=True)
        faultpoint("command.claimed")
        return command
    return None


def _may_go(command: Command) -> bool:
    now = timezone.now()
    due = command.not_before is None or command.not_before <= now
    return (
        command.state == State.QUEUED and due and is_free(command) and not switches.held(command.vendor, command.verb)
    )


def _is_preceded(command: Command, items: Iterable[CommandItem]) -> bool:
    """Whether an earlier one about the same thing is to go first. Values do not queue up: the later replaces the earlier.

    But a value waits for an earlier act, such as so many pieces more, which else would be added to it.
    """
    acts = [item.thing for item in items if not item.sets]
    values = [item.thing for item in items if item.sets]
    earlier = CommandItem.objects.filter(
        Q(thing__in=acts) | Q(thing__in=values, sets=[]),
        vendor_id=command.vendor_id,
        command_id__lt=command.pk,
        command__state=State.QUEUED,
        state=CommandItem.State.WAITING,
    )
    return earlier.exists()


def _goes_as_approved(command: Command, verb: Verb) -> bool:
    """Whether it is what a person approved, where one had to; else it waits for approval again."""
    if not command.approved:
        return True
    try:
        request = approving.built(command, doing_of(command), verb)
    except (ValueError, LookupError):
        return True  # whoever sends it finds the same, and tells it
    if approving.is_approved(command, request):
        return True
    approving.back(command, request, "as it would go differently from what was approved", verb)
    command.save()
    return False


def _trimmed(command: Command, verb: Verb, items: list[CommandItem]) -> bool:
    """Take out values that something decided later replaces; False when nothing is left, and the command is over."""
    later: dict[str, set[str]] = {}
    valued = {item.thing: item for item in items if item.sets}
    if valued:
        rows = CommandItem.objects.filter(
            vendor_id=command.vendor_id, command_id__gt=command.pk, command__state__in=LIVES, thing__in=list(valued)
        ).exclude(state=CommandItem.State.REFUSED)
        for thing, sets in rows.values_list("thing", "sets"):
            later.setdefault(thing, set()).update(sets)
    gone = []
    for item in valued.values():
        left = [name for name in item.sets if name not in later.get(item.thing, ())]
        if left == item.sets:
            continue
        gone.append(f"{item.thing} ({', '.join(name for name in item.sets if name not in left)})")
        item.sets = left
        if not left:
            item.state, item.told = CommandItem.State.OVERTAKEN, "A later value replaces it."
        item.save(update_fields=["sets", "state", "told"])
    if not later:
        return True
    kept = {item.thing: item.sets for item in items if item.state == CommandItem.State.WAITING}
    if not kept:
        partly = command.items.filter(state=CommandItem.State.DONE).exists()
        over(
            command, State.CONFIRMED if partly else State.CANCELLED, "overtaken: later values replace all that was left"
        )
        return False
    if verb.rows and verb.row_id:
        command.body = {**command.body, verb.rows: rows_left(verb, command.body, kept)}
        command.request = verb.request(doing_of(command)).as_json()
        command.words = list(verb.says(command.body))
        if gone:
            told = f"goes without what later decisions give: {'; '.join(gone[:10])}{' …' if len(gone) > 10 else ''}"
            command.story = [*command.story, entry(timezone.now(), "", told[:1000])]
        if command.approved:  # a part of what was approved
            command.approved = approving.seal(command, approving.built(command, doing_of(command), verb))
    return True


def rows_left(verb: Verb, body: dict[str, Any], kept: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The body's rows about these things, with these of their properties."""
    rows = []
    for row in body[verb.rows]:
        sets = kept.get(f"{verb.about}:{row[verb.row_id]}")
        if sets is not None:
            names = (verb.row_id, *verb.row_keeps, *sets)
            rows.append({name: value for name, value in row.items() if name in names})
    return rows


def rows_about(verb: Verb, body: dict[str, Any], kept: Collection[str]) -> dict[str, Any]:
    """The body with its rows about these things alone."""
    things = [f"{verb.about}:{name}" for name in verb.objects(body)]
    rows = [row for thing, row in zip(things, body[verb.rows], strict=True) if thing in kept]
    return {**body, verb.rows: rows}


def over(command: Command, state: str, why: str, by: str = "") -> None:
    """End a command that nobody sends; in the caller's transaction."""
    now = timezone.now()
    command.state, command.finished_at, command.owner, command.lease_until = state, now, "", None
    command.story = [*command.story, entry(now, by, why)]
    command.save()
    command.items.filter(in_flight=True).update(in_flight=False)


def doing_of(command: Command) -> Doing:
    """The command for the vendor's functions. `once` changes with each answer, so that an old answer is not had again."""
    answers = sum(1 for line in command.story if line["what"].startswith((LATER, AGAIN, PARTLY)))
    known = (command.reference, command.asked_at, once_of(command.key, answers), command.number, command.verb)
    return Doing(command.vendor.account, command.body, *known)


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
    """Keep it ours for as long as a call may take; right before the call, so that one who was taken over does not make it."""
    store(command, (State.QUEUED, State.SENDING), lease_until=timezone.now() + timedelta(seconds=seconds) + term())


def under_way(command: Command) -> timedelta:
    """For how long a call whose answer nobody heard may still arrive: longer at a vendor who takes longer over his answers."""
    return UNDER_WAY + timedelta(seconds=max(0.0, service_class(command.vendor.kind).patience - 60.0))


def term() -> timedelta:
    return timedelta(seconds=settings.HUB_LEASE_SECONDS)
