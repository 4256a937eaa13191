"""The commands that touched a row of ours: those that change it at its vendor, and those decided on it at another."""

from collections.abc import Iterable, Sequence

from integrations.models import Command, CommandItem, CommandSubject

SHOWN = 30
HEAVY = ("body", "request", "answer", "story", "shown")


def touching(vendor_id: int, things: Iterable[str], subjects: Sequence[tuple[str, Sequence[int]]]) -> list[Command]:
    """The newest commands about these things of the vendor, or decided on these rows: (kind, ids) each. One query."""
    about = CommandItem.objects.filter(vendor_id=vendor_id, thing__in=list(things)).order_by().values("command_id")
    decided = [
        CommandSubject.objects.filter(kind=kind, row__in=list(rows)).order_by().values("command_id")
        for kind, rows in subjects
        if rows
    ]
    found = about.union(*decided) if decided else about
    rows = Command.objects.filter(pk__in=found).select_related("vendor").defer(*HEAVY, "vendor__options")
    return list(rows.order_by("-id")[:SHOWN])
