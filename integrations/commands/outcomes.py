"""What came of a command, stored: done item by item, taken on, put off, refused, or not known; in one transaction each."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations import circuit
from integrations.circuit import Leave
from integrations.commands import approving, claiming, mirroring, overtaking, switches, telling
from integrations.commands.asking import entry, hint
from integrations.commands.claiming import State, store
from integrations.commands.telling import doing_of
from integrations.errors import BadPayload, NeedsAuth, Refused, Unknown, VendorError, Wait
from integrations.faultpoints import faultpoint
from integrations.http.redaction import blotted_json
from integrations.models import Command, CommandItem
from integrations.service import VendorService
from integrations.verbs import Outcome, Verb

FIRST, LONGEST = timedelta(seconds=15), timedelta(minutes=15)
GATEWAYS = (408, 502, 504, *range(520, 528))  # told by whoever stands before the vendor (RFC 9110, 15.6; Cloudflare)
ROUNDS = 4  # times a command goes again with what is left of it


def put_back(command: Command) -> None:
    """Into the queue again, as nothing of it has left; whoever is free sends it."""
    with transaction.atomic():
        store(command, (State.QUEUED, State.SENDING), state=State.QUEUED, owner="", lease_until=None)
        command.items.filter(in_flight=True).update(in_flight=False)
        hint(command)


def shown(answer: Any, service: VendorService) -> Any:
    """An answer as it is kept: numbers as JSON has them, and without this account's secrets."""
    text = json.dumps(answer, default=mirroring.number, ensure_ascii=False).replace("\\u0000", "\\ufffd")
    return blotted_json(json.loads(text), service.http.hidden())


def confirm(command: Command, answer: Any, outcome: Outcome, by: str = "", what: str = "confirmed") -> None:
    """Done at the vendor: what it answered, item by item, and what of it is mirrored, in one transaction.

    Of several things, those that may be retried stay, and the command goes again with them; those of which nobody can tell
    stay, and it is unknown with them. A job is only noted.
    """
    if outcome.job:
        _taken(command, answer, outcome.job)
        return
    now, verb = timezone.now(), switches.verb_of(command.vendor, command.verb)
    with transaction.atomic():
        refused, left = _verdicts(command, verb, outcome)
        kept = [item.pk for item in left] if outcome.unknown else []
        command.items.filter(in_flight=True).exclude(pk__in=kept).update(in_flight=False)
        if not left:
            values = _closing(command, refused, outcome, by, what, now)
        else:
            values = (_not_known if outcome.unknown else _once_more)(command, verb, left, now)
        store(
            command,
            (State.SENDING, State.WORKING, State.UNKNOWN),
            **values,
            answer=answer,
            owner="",
            lease_until=None,
        )
        faultpoint("command.stored")
        mirroring.mirror(command, outcome)
        faultpoint("command.mirrored")
    faultpoint("command.committed")


def _verdicts(command: Command, verb: Verb, outcome: Outcome) -> tuple[list[CommandItem], list[CommandItem]]:
    """Each item's own outcome, stored; returns all that were refused so far, and those that are left: unknown, or to go again.

    Where some are unknown nothing goes by itself: what was not done for a reason that may pass is told as not done.
    """
    rounds = sum(1 for line in command.story if line["what"].startswith(telling.AGAIN))
    may = bool(verb.rows and verb.row_id and verb.repeatable) and rounds < ROUNDS and not outcome.unknown
    refused, again = dict(outcome.refused), {}
    if may:
        again = {name: why for name, why in outcome.again.items() if name not in refused}
    else:
        refused = {**outcome.again, **refused}
    items = list(command.items.filter(state=CommandItem.State.WAITING))
    for item in items:
        name = item.thing.partition(":")[2]
        told = outcome.unknown.get(name) or refused.get(name) or again.get(name) or ""
        state = CommandItem.State.REFUSED if name in refused else CommandItem.State.DONE
        stays = name in again or name in outcome.unknown
        item.state, item.told = (CommandItem.State.WAITING if stays else state), told[:300]
    CommandItem.objects.bulk_update(items, ["state", "told"], batch_size=500)
    left = [item for item in items if item.state == CommandItem.State.WAITING]
    return list(command.items.filter(state=CommandItem.State.REFUSED)), left


def _closing(
    command: Command, refused: list[CommandItem], outcome: Outcome, by: str, what: str, now: datetime
) -> dict[str, Any]:
    count = command.items.exclude(state=CommandItem.State.OVERTAKEN).count()
    none = bool(refused) and not command.items.filter(state=CommandItem.State.DONE).exists()
    return {
        "state": State.REFUSED if none else State.CONFIRMED,
        "number": (outcome.number or command.number)[:100],
        "error_kind": Refused.kind if refused else "",
        "error": f"{len(refused)} of {count} were not done: {refused[0].told}" if refused else "",
        "cure": "Each is listed with its reason; correct what is named, then send those again." if refused else "",
        "finished_at": now,
        "not_before": None,
        "story": [*command.story, entry(now, by, "refused" if none else what)],
    }


def _not_known(command: Command, verb: Verb, left: list[CommandItem], now: datetime) -> dict[str, Any]:
    """Unknown with what nobody can tell of, and with nothing else: what was done or refused is settled."""
    told = f"{telling.PARTLY} {len(left)} of {command.items.count()}: {left[0].told}"
    body = overtaking.rows_about(verb, command.body, {item.thing for item in left})
    command.body, command.story = body, [*command.story, entry(now, "", told[:500])]
    looks = {"looks": 0, "not_before": None} if command.state != State.UNKNOWN else {}
    return {
        "state": State.UNKNOWN,
        **_part_of(command, verb),
        "error_kind": Unknown.kind,
        "error": f"Of {len(left)} of {command.items.count()} it is not known whether they were done: {left[0].told}",
        "cure": "Each is listed; look those up on the vendor's side before they are done again.",
        "story": command.story,
        **looks,
    }


def _once_more(command: Command, verb: Verb, left: list[CommandItem], now: datetime) -> dict[str, Any]:
    """Back into the queue with what may be retried."""
    told = f"{telling.AGAIN} {len(left)} of {command.items.count()}: {left[0].told}"
    command.story = [*command.story, entry(now, "", told[:500])]
    body = {
        **command.body,
        verb.rows: overtaking.rows_left(verb, command.body, {item.thing: item.sets for item in left}),
    }
    command.body, command.number = body, ""
    rounds = sum(1 for line in command.story if line["what"].startswith(telling.AGAIN))
    return {
        "state": State.QUEUED,
        **_part_of(command, verb),
        "number": "",
        "error_kind": "wait",
        "error": left[0].told,
        "cure": "The hub sends these again by itself.",
        "not_before": now + FIRST * 2 ** (2 * rounds),
        "story": command.story,
    }


def _part_of(command: Command, verb: Verb) -> dict[str, Any]:
    """The command with the rows that are left of it: a part of what was approved, where that was asked."""
    part = approving.built(command, doing_of(command), verb)
    return {
        "body": command.body,
        "request": verb.request(doing_of(command)).as_json(),
        "words": list(verb.says(command.body)),
        "approved": approving.seal(command, part) if command.approved else "",
    }


def _taken(command: Command, answer: Any, job: str) -> None:
    """The vendor has it and works on it: asked for by its number until it tells."""
    now = timezone.now()
    with transaction.atomic():
        store(
            command,
            (State.SENDING, State.UNKNOWN),
            state=State.WORKING,
            answer=answer,
            number=job[:100],
            error_kind="",
            error="",
            cure="",
            looks=0,
            shown="",
            owner="",
            lease_until=None,
            not_before=now + FIRST,
            story=[*command.story, entry(now, "", f"the vendor works on it, as its number {job}"[:500])],
        )
        faultpoint("command.taken")


def failed(command: Command, error: VendorError, *, was_sent: bool) -> None:
    """What a failure means: refused, later, or unknown; told on the row, and to the circuit where it is the account's."""
    now = timezone.now()
    lost = error.kind == Unknown.kind or (was_sent and isinstance(error, BadPayload))
    later = not lost and isinstance(error, Wait | NeedsAuth | BadPayload)
    state = State.UNKNOWN if lost else State.QUEUED if later else State.REFUSED
    word = {State.UNKNOWN: "the outcome is unknown", State.QUEUED: telling.LATER, State.REFUSED: "refused"}[state]
    with transaction.atomic():
        store(
            command,
            (State.QUEUED, State.SENDING),
            state=state,
            error_kind=Unknown.kind if lost else error.kind,
            error=str(error).replace("\x00", "\ufffd"),
            cure=error.cure,
            not_before=_later(command, error, now) if later else _settled(command, error, now) if lost else None,
            finished_at=now if state == State.REFUSED else None,
            owner="",
            lease_until=None,
            story=[*command.story, entry(now, "", f"{word}: {error.message}"[:500])],
        )
        if state != State.UNKNOWN:
            command.items.filter(in_flight=True).update(in_flight=False)
        if state == State.REFUSED:
            waiting = command.items.filter(state=CommandItem.State.WAITING)
            waiting.update(state=CommandItem.State.REFUSED, told=error.message[:300])
        if not isinstance(error, Unknown | Refused):
            circuit.failed(command.vendor, error, Leave.FREE)
        faultpoint("command.failure_told")


def _settled(command: Command, error: VendorError, now: datetime) -> datetime | None:
    """When a look-up may prove that it was not done: at once where the vendor answered, else when nothing is under way any more.

    A gateway answers in the vendor's stead, who may work on it still.
    """
    return None if error.status and error.status not in GATEWAYS else now + claiming.under_way(command)


def _later(command: Command, error: VendorError, now: datetime) -> datetime:
    if error.until is not None:
        return error.until
    tries = sum(1 for line in command.story if line["what"].startswith(telling.LATER))
    return now + min(FIRST * 2 ** min(tries, 8), LONGEST)
