"""What a person approved is what goes out: the request as it stood on the page, held against the one that is about to go.

A request that would differ by now (another path in the connection's options, another address, a new version of the hub) goes
nowhere: the command waits for approval again, and its story says what changed. The approved one is not sent in its stead,
because whoever changed a path did so as the old one was wrong. What may differ without asking again: the key by which a vendor
knows a repetition, which is another after each answer; and rows or values that are left out because the vendor has newer ones
or has done them already, as nothing goes then that was not approved. The secrets are no part of a request, and not of this.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils import timezone

from integrations.commands.asking import entry, once_of
from integrations.models import Command
from integrations.verbs import Doing, Verb

MOST = 6  # differences that are told
AGAIN = "waits for approval again"


def built(command: Command, doing: Doing, verb: Verb) -> dict[str, Any]:
    """The request it would make now, as JSON, with the key of its first try."""
    return verb.request(replace(doing, once=once_of(command.key))).as_json()


def seal(command: Command, request: Mapping[str, Any]) -> str:
    """What a request to this connection's address is known by: 64 digits, the same for the same numbers however written."""
    told = [command.vendor.base_url, _plain(request)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def is_approved(command: Command, request: Mapping[str, Any]) -> bool:
    """Whether this request is the one a person approved; also where nobody had to."""
    return not command.approved or command.approved == seal(command, request)


def back(command: Command, request: Mapping[str, Any], why: str, verb: Verb) -> None:
    """To be approved anew as it would go now; in the caller's transaction, which stores it."""
    told = differences(command.request, request) or f"it would go to {command.vendor.base_url} by now"
    command.state, command.approved, command.not_before = Command.State.AWAITING, "", None
    command.request, command.words = dict(request), list(verb.says(command.body))
    command.story = [*command.story, entry(timezone.now(), "", f"{AGAIN}, {why}: {told}"[:1000])]


def returned(command: Command) -> str:
    """Why a command is to be approved once more; empty for one that was not yet."""
    last = command.story[-1]["what"] if command.story else ""
    return f"It {last}." if command.state == Command.State.AWAITING and last.startswith(AGAIN) else ""


def differences(before: Any, after: Any) -> str:
    """What of a request became something else, in words."""
    found = list(_differing(before, after, ""))
    more = f"; and {len(found) - MOST} more" if len(found) > MOST else ""
    return "; ".join(found[:MOST]) + more


def _differing(before: Any, after: Any, where: str) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in [*before, *(name for name in after if name not in before)]:
            place = f"{where}.{name}" if where else str(name)
            if name not in after:
                yield f"{place} was {_short(before[name])} and is left out"
            elif name not in before:
                yield f"{place} is {_short(after[name])}, and was not there"
            else:
                yield from _differing(before[name], after[name], place)
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple) and len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differing(old, new, f"{where}[{number}]")
    elif _plain(before) != _plain(after):
        yield f"{where} was {_short(before)}, and is {_short(after)} now"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"“{text[:80]}{'…' if len(text) > 80 else ''}”"


def _plain(value: Any) -> Any:
    """The same value whatever a database makes of a number: 25.0, 25.00 and 25 are one."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return {"number": f"{Decimal(str(value)).normalize():f}"}
    return value
