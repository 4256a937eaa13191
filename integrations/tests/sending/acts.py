"""What these tests do over and over: send a command, and find something to send it about."""

from typing import Any

from integrations.commands import asking, sending
from integrations.models import Command, Vendor


def write(vendor: Vendor, mode: str) -> Vendor:
    Vendor.objects.filter(pk=vendor.pk).update(writes=mode)
    return Vendor.objects.get(pk=vendor.pk)


def open_line(sim: Any, nth: int = 0) -> str:
    rows = [row for row in sim.truth("orders") if row["Status"] in ("Pending Confirmation", "Confirmed", "Preparing")]
    return str(rows[nth]["POlineID"])


def sent(vendor: Vendor, verb: str, body: Any, **more: Any) -> Command:
    (command,) = asking.ask(vendor, verb, body, **more)
    sending.send(command.pk)
    return Command.objects.get(pk=command.pk)


def cancel(sim: Any, nth: int = 0) -> dict[str, str]:
    return {"line": open_line(sim, nth), "reason": "out_of_stock"}


def skus(sim: Any) -> list[str]:
    return [str(row["sku"]) for row in sim.truth("variants")]
