"""Rows sent as a job of the vendor's, and what came of them: for tests of vendors who work that way, and of the engine."""

from typing import Any

from integrations.commands import asking, looking, sending
from integrations.models import Command, Vendor
from integrations.simulator import Simulator


def sent(vendor: Vendor, verb: str, rows: Any, name: str = "products") -> Command:
    (command,) = asking.ask(vendor, verb, {name: rows})
    sending.send(command.pk)
    return Command.objects.get(pk=command.pk)


def told(pk: int, looks: int = 3) -> Command:
    """Asked until the job has ended, as the sweep does."""
    for _ in range(looks):
        looking.look_up(pk)
    return Command.objects.get(pk=pk)


def row(sim: Simulator, key: str, flow: str = "products") -> dict[str, Any]:
    return next(one for one in sim.truth(flow) if str(one["id"]) == key)


def states(command: Command) -> dict[str, str]:
    return {thing.partition(":")[2]: state for thing, state in command.items.values_list("thing", "state")}
