"""Celery tasks: ids and names in, at most five lines, and hand over. A task is a hint; doing it twice is harmless."""

from multiprocessing.sharedctypes import RawValue
from typing import Any

from celery import shared_task
from celery.signals import beat_init, worker_ready, worker_shutting_down

from integrations import sweeping, sync, unread
from integrations.commands import looking, sending
from integrations.webhooks import reading, tending

# Made before the pool forks, so that the children see it when the worker is told to stop and park at the next page. Without a
# lock: a child that was killed while it held one would hang all the others.
_stop = RawValue("b", 0)


def _stopping() -> bool:
    return bool(_stop.value)


sync.stopping = _stopping


@worker_shutting_down.connect
def _park_runs(**_: Any) -> None:
    _stop.value = 1


@worker_ready.connect
def _look_at_secrets(**_: Any) -> None:
    """In the parent, which reads no secret otherwise: said at the start, not when a flow fails at night."""
    unread.started("worker")


@beat_init.connect
def _look_as_beat(**_: Any) -> None:
    unread.started("beat")


@shared_task
def continue_run(run_id: int) -> None:
    """Go on with a run that parked or lost its owner; nothing when it has ended meanwhile."""
    sweeping.go_on(run_id)


@shared_task
def run_due(vendor_id: int, flow: str) -> None:
    """Run a flow if its time has come by the database's word."""
    sweeping.run_if_due(vendor_id, flow)


@shared_task
def send_command(command_id: int) -> None:
    """Send a command that was decided, if it still waits and nobody else has it."""
    sending.send(command_id)


@shared_task
def look_up_command(command_id: int) -> None:
    """Ask the vendor about a command whose answer was lost."""
    looking.look_up(command_id)


@shared_task
def read_news(vendor_id: int) -> None:
    """Ask for the rows that a vendor's deliveries are about."""
    reading.read(vendor_id)


@shared_task
def tend_hook(callback_id: int) -> None:
    """Look after what a vendor posts to one of our addresses, and ask for what it could not deliver."""
    tending.tend(callback_id)


@shared_task
def sweep() -> None:
    """Publish what a lost hint left due, pick up runs whose owner is gone, raise late alarms, trim the call log."""
    sweeping.sweep()
