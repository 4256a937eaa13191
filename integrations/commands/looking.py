"""Commands whose outcome is not known: what the vendor's own lists show of them, and nothing guessed."""

import logging
from contextlib import suppress
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from integrations import lease, outage
from integrations.commands import claiming, outcomes, sending, switches
from integrations.commands.asking import entry, hint
from integrations.commands.claiming import State, store
from integrations.commands.telling import doing_of
from integrations.connection import with_service
from integrations.errors import VendorError
from integrations.faultpoints import faultpoint
from integrations.http.redaction import blotted
from integrations.models import Command, Vendor
from integrations.service import VendorService, service_class
from integrations.verbs import Found, Verb

log = logging.getLogger(__name__)
UNTIL = timedelta(days=1)  # a job that says nothing for so long is shown to people
SOON, SELDOM = timedelta(seconds=15), timedelta(minutes=5)
AGAIN: tuple[timedelta, ...] = (
    timedelta(seconds=20),
    timedelta(minutes=2),
    timedelta(minutes=15),
    timedelta(hours=2),
    timedelta(days=1),
)


def look_up(pk: int, by: str = "") -> Command:
    """Ask the vendor about a command whose outcome is unknown, or that it works on. Only proof changes its state.

    That the vendor does not have it proves nothing while the call may still be on its way there.
    """
    command = Command.objects.select_related("vendor").get(pk=pk)
    verb = switches.verb_of(command.vendor, command.verb)
    name = {State.UNKNOWN: verb.look_up, State.WORKING: verb.job}.get(State(command.state), "")
    if not name:
        return command
    try:
        found = _own(command, verb, _found(command, name))
    except VendorError as error:
        found = Found(None, f"It could not be looked up: {error} {error.cure}")
    except outage.PASSING:
        raise
    except Exception as error:  # an answer of another shape: the desk stands, and the others are looked up
        log.exception("command %s: its look-up", pk)
        found = Found(
            None, f"It could not be looked up: {type(error).__name__}. {sending.BUG}"
        )  # its text may quote an answer
    with suppress(lease.Stale):  # somebody decided meanwhile; what they said stands
        if command.state == State.WORKING:
            _store_job(command, found)
        else:
            _store(command, found, by, repeatable=verb.repeatable)
    if command.state in (State.CONFIRMED, State.REFUSED):
        sending.wake(command)
    return Command.objects.select_related("vendor").get(pk=pk)


def _found(command: Command, name: str) -> Found:
    with sending.repaid() as used:

        def work(service: VendorService) -> Found:
            used.append(service)
            found: Found = getattr(service, name)(doing_of(command))
            return Found(
                found.done,
                blotted(found.told, service.http.hidden()),
                outcomes.shown(found.answer, service),
                found.outcome,
            )

        return with_service(command.vendor, work, command=command)


def _own(command: Command, verb: Verb, found: Found) -> Found:
    """What another command made proves nothing of this one: a second refund of the same lines is no proof of the first."""
    number = found.outcome.number
    if not (verb.once and found.done and number):
        return found
    alike = [name for name, other in service_class(command.vendor.kind).verbs.items() if other.look_up == verb.look_up]
    done = Command.objects.filter(vendor=command.vendor_id, verb__in=alike, number=number, state=State.CONFIRMED)
    other = done.exclude(pk=command.pk).first()
    return (
        Found(None, f"{found.told} But that is what “{other}” of {other.asked_at:%Y-%m-%d %H:%M} UTC made.")
        if other
        else found
    )


def _store(command: Command, found: Found, by: str, *, repeatable: bool) -> None:
    now = timezone.now()
    early = command.not_before is not None and command.not_before > now
    told = f"{found.told} It may still be on its way." if found.done is False and early else found.told
    with transaction.atomic():
        seen: dict[str, Any] = {"looked_at": now, "looks": command.looks + 1, "shown": told}
        store(command, (State.UNKNOWN,), **seen)
        faultpoint("command.looked_up")
        if found.done:
            outcomes.confirm(command, found.answer, found.outcome, by, f"confirmed by a look-up: {found.told}"[:500])
        elif found.done is False and repeatable and not early:
            again(command, f"goes again, as the vendor does not have it: {found.told}"[:500], by)


def _store_job(command: Command, found: Found) -> None:
    now = timezone.now()
    with transaction.atomic():
        seen = {"looked_at": now, "looks": command.looks + 1, "shown": found.told}
        wait = min(SOON * 2 ** min(command.looks, 8), SELDOM)
        store(command, (State.WORKING,), **seen, not_before=now + wait)
        faultpoint("command.asked_of_job")
        if found.done:
            outcomes.confirm(command, found.answer, found.outcome)
        elif found.done is False or now - (command.sent_at or command.asked_at) > UNTIL:
            store(
                command,
                (State.WORKING,),
                state=State.UNKNOWN,
                error_kind="unknown",
                error=f"The vendor took it as its number {command.number}, and does not say what came of it.",
                cure=sending.LOST_CURE,
                looks=0,
                not_before=None,
                story=[*command.story, entry(now, "", f"the outcome is unknown: {found.told}"[:500])],
            )


def again(command: Command, why: str, by: str) -> None:
    """Back into the queue, in the caller's transaction: whoever sends it next is another owner."""
    now = timezone.now()
    values: dict[str, Any] = {"state": State.QUEUED, "fence": command.fence + 1, "owner": "", "lease_until": None}
    store(command, (State.UNKNOWN,), **values, not_before=None, story=[*command.story, entry(now, by, why)])
    command.items.filter(in_flight=True).update(in_flight=False)
    hint(command)


def due(now: Any) -> list[Command]:
    """Commands to be asked of: those the vendor works on, and unknown ones; soon at first, then seldom."""
    found = list(
        Command.objects.filter(state=State.WORKING, not_before__lte=now, vendor__enabled=True)
        .select_related("vendor")
        .order_by("id")[:500]
    )
    # What was looked up often enough, is not due yet, or cannot be looked up takes nobody's place.
    lost = Command.objects.filter(state=State.UNKNOWN, vendor__enabled=True)
    lost = lost.annotate(since=Coalesce("looked_at", "sent_at", "asked_at"))
    is_due = reduce(or_, (Q(looks=looks, since__lte=now - wait) for looks, wait in enumerate(AGAIN)))
    places = lost.order_by().values_list("vendor", "verb").distinct()
    vendors = Vendor.objects.in_bulk({vendor for vendor, _ in places})
    shown = [Q(vendor=vendor, verb=verb) for vendor, verb in places if _has_look_up(vendors[vendor], verb)]
    if shown:
        found += lost.filter(is_due, reduce(or_, shown)).select_related("vendor").order_by("id")[:500]
    return found


def _has_look_up(vendor: Vendor, name: str) -> bool:
    try:
        return bool(switches.verb_of(vendor, name).look_up)
    except LookupError:
        return False


def lost(command: Command) -> bool:
    """A command whose sender is gone: nobody can know whether the vendor has it. Whether it was us who said so."""
    now = timezone.now()
    won = Command.objects.filter(pk=command.pk, fence=command.fence, state=State.SENDING).update(
        state=State.UNKNOWN,
        fence=command.fence + 1,
        owner="",
        lease_until=None,
        not_before=now + claiming.under_way(command),
        error_kind="unknown",
        error="The process that sent this ended before it knew the answer. It may or may not have been done.",
        cure=sending.LOST_CURE,
        story=[*command.story, entry(now, "", "the outcome is unknown: its process ended")],
    )
    faultpoint("command.lost")
    return bool(won)
