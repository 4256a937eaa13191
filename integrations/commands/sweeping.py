"""What a lost hint or a dead process left lying: commands to be sent, unknown ones to be looked up."""

from django.db.models import Q
from django.utils import timezone

from integrations.commands import claiming, looking, switches
from integrations.commands.claiming import State
from integrations.models import Command

AT_ONCE = 1000


def sweep(expires: float) -> int:
    """Commands told to workers: those that are due and not held. Those whose sender died become unknown."""
    from integrations import tasks

    now = timezone.now()
    for command in Command.objects.filter(state=State.SENDING):
        if claiming.is_free(command):
            looking.lost(command)
    hints, held = 0, {}
    waiting = Command.objects.filter(Q(not_before=None) | Q(not_before__lte=now), state=State.QUEUED)
    for command in waiting.select_related("vendor").order_by("id")[:AT_ONCE]:
        place = (command.vendor_id, command.verb)
        if place not in held:
            held[place] = switches.held(command.vendor, command.verb)
        if held[place] or not claiming.is_free(command):
            continue
        tasks.send_command.apply_async((command.pk,), queue="live", expires=expires)
        hints += 1
    for command in looking.due(now):
        tasks.look_up_command.apply_async((command.pk,), queue="live", expires=expires)
        hints += 1
    return hints
