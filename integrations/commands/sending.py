"""One command, once: read what must still hold, say that it is being sent, send it, store what came of it.

Between "being sent" and its outcome nobody can know whether the vendor has it: whoever dies there leaves it unknown. A process
that lives on although its database went away does know: it puts back what never left, and keeps an answer until it is stored.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations import circuit, lease, outage
from integrations.commands import claiming, outcomes, switches
from integrations.commands.asking import entry, hint
from integrations.commands.claiming import State, store
from integrations.commands.telling import doing_of
from integrations.connection import with_service
from integrations.errors import Refused, Unknown, VendorError
from integrations.faultpoints import faultpoint
from integrations.http.answers import Answer
from integrations.models import Command, Vendor
from integrations.service import VendorService
from integrations.verbs import Request

BUG = "This is a mistake in the hub, not of the vendor: report it with the trace in the log."
LOST_CURE = "Look it up on the vendor's side before it is done again."
log = logging.getLogger(__name__)


class NotSent(Exception):
    """The database went away, or somebody stopped it, before anything left for the vendor."""


def send(pk: int) -> Command | None:
    """Send a queued command; None when it is not for us to send now. The command tells what came of it."""
    command = claiming.claim(pk)
    if command is None:
        return None
    try:
        _told(command, lambda: _sent(command))
    except lease.Stale:
        log.warning("command %s was taken over while it was being sent; what came of it is not stored", pk)
    wake(command)
    return Command.objects.select_related("vendor").get(pk=pk)


def wake(command: Command) -> None:
    """Tell workers of those that waited for this one, as they are about the same thing."""
    things = list(command.items.values_list("thing", flat=True))
    behind = Command.objects.filter(vendor_id=command.vendor_id, state=State.QUEUED, items__thing__in=things)
    for waiting in behind.exclude(pk=command.pk).distinct().order_by("id")[:20]:
        hint(waiting)


def _told(command: Command, work: Any) -> None:
    """Do the work and store what went wrong, where something did.

    Whether a call left is told by the count of them: the state in memory is further than the stored one when a COMMIT failed.
    """
    told: VendorError
    before = command.attempts
    try:
        work()
    except NotSent:
        _patiently(lambda: outcomes.put_back(command))
        return
    except (lease.Stale, *outage.PASSING):
        raise
    except VendorError as error:
        told = error
    except Exception as error:
        log.exception("command %s", command.pk)
        text = f"{type(error).__name__}: {error}".replace("\x00", "\ufffd")
        kind = Unknown if command.attempts > before else Refused
        told = kind(text, f"{BUG} {LOST_CURE}" if kind is Unknown else BUG, cause="bug")
    else:
        return
    was_sent = command.attempts > before
    _patiently(lambda: outcomes.failed(command, told, was_sent=was_sent))


def _sent(command: Command) -> None:
    answer: dict[str, Any] = {}
    with repaid() as used:

        def work(service: VendorService) -> None:
            used.append(service)
            _call(command, service, answer)

        try:
            with_service(
                command.vendor, work, command=command, before_call=lambda seconds: claiming.extend(command, seconds)
            )
        except outage.PASSING as away:  # had the call left, `_written` would have said what came of it
            raise NotSent from away
    _patiently(lambda: outcomes.confirm(command, answer["json"], answer["outcome"]))
    _patiently(lambda: circuit.worked(command.vendor))
    faultpoint("command.told")


@contextmanager
def repaid() -> Iterator[list[VendorService]]:
    """Services put into the list are closed, and their slots given back, whatever the database does: others wait for them."""
    used: list[VendorService] = []
    try:
        yield used
    finally:
        for service in used:
            service.http.close()
            if service.http.budget:
                _patiently(service.http.budget.repay)


def _call(command: Command, service: VendorService, answer: dict[str, Any]) -> None:
    verb, doing = switches.verb_of(command.vendor, command.verb), doing_of(command)
    if verb.check:
        getattr(service, verb.check)(doing)
        faultpoint("command.checked")
        if switches.held(Vendor.objects.get(pk=command.vendor_id), command.verb):
            raise NotSent  # somebody stopped it while that was read
    request = verb.request(doing)
    now = timezone.now()
    with transaction.atomic():
        store(
            command,
            (State.QUEUED, State.SENDING),
            state=State.SENDING,
            request=request.as_json(),
            sent_at=now,
            attempts=command.attempts + 1,
            story=[*command.story, entry(now, "", "being sent")],
        )
        faultpoint("command.before_sending")
    faultpoint("command.sending")
    got = _written(service, request)
    got = replace(got, body=service.http.repeated.bare(got.body))
    faultpoint("command.answered")
    told = got.json() if got.body.strip() else None
    answer["outcome"] = verb.outcome(doing, told)
    answer["json"] = outcomes.shown(told, service)


def _written(service: VendorService, request: Request) -> Answer:
    """The answer to the call, which is made once; also where the database goes away while the call is noted."""
    try:
        longest = service.patience
        return service.http.write(
            request.method, request.path, request.body, params=request.params or None, total=longest, read=longest - 30
        )
    except outage.PASSING:
        answer = service.http.came_of_it()
        if answer is None:
            raise
        return answer


def _patiently(work: Any) -> None:
    """Store what the vendor has done, whatever the database does meanwhile: only this process knows it."""
    patience = outage.Patience()
    while True:
        try:
            work()
            return
        except outage.PASSING as error:
            patience.sit_out(error, lambda: False)
