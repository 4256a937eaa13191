"""What people decide of commands by their keys, as the command line does: the same functions as behind the pages, and told as JSON."""

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from config import audit
from integrations.commands import approving, deciding, looking, sending, switches
from integrations.models import Command, Vendor

State = Command.State
BY = "command line"
ONE_KEY = re.compile(r"[-\w]{1,40}", re.ASCII)
MOST = 1000  # commands of one list
LISTS: Mapping[str, tuple[str, ...]] = {
    "awaiting": (State.AWAITING,),
    "queued": (State.QUEUED,),
    "held": (State.QUEUED,),
    "working": (State.WORKING,),
    "unknown": (State.UNKNOWN,),
    "open": (State.AWAITING, State.QUEUED, State.SENDING, State.WORKING, State.UNKNOWN),
}
CONNECTION = "connection"  # a verb without a mode of its own
MODES = (CONNECTION, *Vendor.Writes.values)
DONE = {"approve": "Approved", "reject": "Rejected", "confirm": "Confirmed", "again": "Sent again", "give_up": "Given up",
        "look_up": "Looked up"}  # fmt: skip


def for_several(key: str) -> str:
    """The key of a decision that may become several commands; a new one where none is given. Raises ValueError."""
    if key and not ONE_KEY.fullmatch(key):
        raise ValueError("The key of a decision for several rows has 1 to 40 letters, digits, - and _.")
    return key or uuid.uuid4().hex


def same_verb(rows: QuerySet[Command], key: str, vendor: Vendor, verb: str) -> None:
    """Raises ValueError where the key was used for something else."""
    first = rows.select_related("vendor").first()
    if first is not None and (first.vendor_id, first.verb) != (vendor.pk, verb):
        raise ValueError(f"The key “{key}” was used for “{first}” at {first.vendor}. Use another key.")


def found(keys: Sequence[str]) -> list[Command]:
    """The commands with these keys; a batch's stands for all of it that is open. Raises LookupError, naming the one there is not."""
    rows: dict[int, Command] = {}
    for key in keys:
        batch = Command.objects.filter(batch=key, state__in=LISTS["open"]).exclude(batch="").order_by("id")
        mine = Command.objects.filter(key=key) or batch
        if not mine:
            raise LookupError(
                f"There is no command, and no batch, with the key “{key}”. manage.py send --list names those that wait."
            )
        rows |= {row.pk: row for row in mine.select_related("vendor")}
    return [*rows.values()]


def decide(
    act: str, rows: Sequence[Command], *, reason: str = "", number: str = "", seen: str = ""
) -> list[dict[str, Any]]:
    """One after the other; one that cannot be decided stops no other, and its report says why under "wrong".

    What is approved or sent again goes at once, in the foreground.
    """
    acts: Mapping[str, Callable[[int], Any]] = {
        "approve": lambda pk: deciding.approve(pk, BY, seen),
        "reject": lambda pk: deciding.reject(pk, BY, reason),
        "confirm": lambda pk: deciding.confirm(pk, BY, number),
        "again": lambda pk: deciding.send_again(pk, BY, reason),
        "give_up": lambda pk: deciding.give_up(pk, BY, reason),
        "look_up": lambda pk: looking.look_up(pk, BY),
    }
    told = []
    for row in rows:
        wrong = ""
        try:
            acts[act](row.pk)
            audit.record("changed", row, who=BY, said=f"{DONE[act]}.{f' {reason}' if reason else ''}")
            if act in ("approve", "again"):
                sending.send(row.pk)
        except (deciding.TooLate, ValueError, LookupError) as why:
            wrong = str(why)
        told.append({**report(Command.objects.select_related("vendor").get(pk=row.pk)), "wrong": wrong or None})
    return told


def listed(which: str, vendor: Vendor | None) -> QuerySet[Command]:
    """The open commands of one kind, the oldest first."""
    rows = Command.objects.filter(state__in=LISTS[which]).select_related("vendor").order_by("id")
    return rows.filter(vendor=vendor) if vendor else rows


def reports(which: str, vendor: Vendor | None) -> list[dict[str, Any]]:
    told = (report(row) for row in listed(which, vendor)[:MOST])
    return [one for one in told if which != "held" or one["held"]]


def report(row: Command) -> dict[str, Any]:
    """One command with what a person needs to decide: the words, the exact request, why it waits, what the vendor shows."""
    held = switches.held(row.vendor, row.verb) if row.state == State.QUEUED else ""
    return {
        "vendor": row.vendor.slug, "verb": row.verb, "state": row.state, "key": row.key, "batch": row.batch or None,
        "about": row.about, "reference": row.reference or None, "words": row.words, "request": row.request,
        "seen": approving.seal(row, row.request), "asked_by": row.asked_by, "asked_at": row.asked_at.isoformat(timespec="seconds"),
        "sent_at": row.sent_at.isoformat(timespec="seconds") if row.sent_at else None, "number": row.number or None,
        "answer": row.answer, "error": f"{row.error} {row.cure}".strip() or None, "shown": row.shown or None, "held": held or None,
    }  # fmt: skip


def switched(vendor: Vendor, verb: str, act: str, reason: str) -> dict[str, Any]:
    """Stop or let go on, one verb or everything. Raises LookupError."""
    if verb:
        switches.verb_of(vendor, verb)
    if act == "stop":
        switches.stop(vendor, verb, by=BY, reason=reason)
    else:
        switches.resume(vendor, verb, by=BY)
    audit.record("changed", vendor, who=BY, said=f"Switch {act} {verb or 'all'}. {reason}".strip())
    held = [one["key"] for one in reports("held", vendor) if not verb or one["verb"] == verb]
    return {"vendor": vendor.slug, "verb": verb or None, "stopped": act == "stop", "held": held}


def moded(vendor: Vendor, verb: str, mode: str) -> dict[str, Any]:
    """How one verb writes from now on. Raises LookupError."""
    switches.verb_of(vendor, verb)
    before = switches.mode_of(vendor, verb)
    switches.set_mode(vendor, verb, "" if mode == CONNECTION else mode, by=BY)
    now = switches.mode_of(vendor, verb)
    audit.record(
        "changed", vendor, who=BY, said=f"Switch mode {verb}.", before={"writes": before}, after={"writes": now}
    )
    return {"vendor": vendor.slug, "verb": verb, "writes": now, "before": before}
