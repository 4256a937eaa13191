"""What a lost hint or a dead process left lying: commands to be sent, unknown ones to be looked up."""

from collections.abc import Iterator
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from integrations.commands import claiming, looking, switches
from integrations.commands.claiming import State
from integrations.models import Command, CommandItem, Vendor

AT_ONCE = 1000


def sweep(expires: float) -> int:
    """Commands told to workers: those that are due and not held. Those whose sender died become unknown."""
    from integrations import tasks

    now = timezone.now()
    for command in Command.objects.filter(state=State.SENDING):
        if claiming.is_free(command):
            looking.lost(command)
    hints = 0
    for command in _ready(now):
        tasks.send_command.apply_async((command.pk,), queue="live", expires=expires)
        hints += 1
    for command in looking.due(now):
        tasks.look_up_command.apply_async((command.pk,), queue="live", expires=expires)
        hints += 1
    return hints


def _ready(now: datetime) -> Iterator[Command]:
    """Queued commands that may go now. What is held, or waits behind another, takes nobody's place, however much of it there is."""
    queued = Command.objects.filter(Q(not_before=None) | Q(not_before__lte=now), state=State.QUEUED)
    places = queued.order_by().values_list("vendor", "verb").distinct()
    vendors = Vendor.objects.in_bulk({vendor for vendor, _ in places})
    free = [Q(vendor=vendor, verb=verb) for vendor, verb in places if not switches.held(vendors[vendor], verb)]
    if not free:
        return
    mine = CommandItem.objects.filter(command=OuterRef("pk"), state=CommandItem.State.WAITING)
    taken = CommandItem.objects.filter(vendor=OuterRef("vendor"), thing=OuterRef("thing"), in_flight=True)
    blocked = Exists(mine.filter(Exists(taken.exclude(command=OuterRef("command")))))
    for command in queued.filter(reduce(or_, free)).exclude(blocked).order_by("id")[:AT_ONCE]:
        if claiming.is_free(command):
            yield command
