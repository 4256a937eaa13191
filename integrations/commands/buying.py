"""A sale's line is bought elsewhere once: whoever buys more of it than was sold is told of what is bought already, and says why."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from integrations.models import Command, CommandSubject, Vendor
from integrations.numbers import decimal_of
from orders.models import Order, OrderLine, Status

NOTHING_CAME = ("refused", "cancelled")


class AlreadyBought(Exception):
    """So much of a line is asked for elsewhere that with this it would be more than was sold; names the purchases."""


def line_of(told: str) -> tuple[str, int, Decimal | None]:
    """What is bought, as `asking.ask` takes it, from the text "SLUG:LINE" or "SLUG:LINE:QUANTITY": the sale's connection, its line's
    number there, and how many; else all of it. Raises LookupError, ValueError."""
    slug, _, rest = told.partition(":")
    number, _, many = rest.partition(":")
    line = OrderLine.objects.filter(order__vendor__slug=slug, external_id=number).first()
    if line is None:
        raise LookupError(
            f"There is no order line “{number}” of a connection “{slug}”; write SLUG:LINE or SLUG:LINE:QUANTITY."
        )
    quantity = decimal_of(many) if many else line.quantity
    if many and (quantity is None or quantity <= 0):
        raise ValueError(f"“{many}” is no quantity.")
    return "line", line.pk, quantity


def guard(vendor: Vendor, subjects: Iterable[tuple[str, int, Any]], *, anyway: str = "") -> str:
    """Hold a second purchase back, in the caller's transaction: two who buy in one moment wait here for one another.

    subjects: as of `asking.ask`. anyway: why more is bought all the same. Returns what is overridden, for the story. Raises
    AlreadyBought.
    """
    wanted = {row: quantity for kind, row, quantity in subjects if kind == "line"}
    lines = OrderLine.objects.filter(pk__in=wanted).exclude(order__vendor=vendor)
    sales = sorted(set(lines.values_list("order_id", flat=True)))
    if not sales:
        return ""
    # The sale, not its lines: a purchase takes several, and two that held one each would wait for ever.
    list(Order.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=sales).order_by("pk").only("pk"))
    told = too_many([(line, wanted[line.pk]) for line in lines.order_by("pk")])
    if told and not anyway.strip():
        raise AlreadyBought(told)
    return told


def too_many(wanted: Sequence[tuple[OrderLine, Decimal | None]]) -> str:
    """What speaks against buying so many of these lines; empty where nothing does. A quantity that is not known counts as all."""
    found, told = by_line([line for line, _ in wanted]), []
    for line, quantity in wanted:
        before = found.get(line.pk, [])
        amounts = [quantity, line.quantity, *(one.quantity for one in before)]
        in_all = sum((one.quantity or 0 for one in before), quantity or 0)
        if before and (None in amounts or in_all > (line.quantity or 0)):
            told.append(f"{line.sku or line}, sold {_plain(line.quantity)}: {'; '.join(map(_purchase, before))}.")
    return " ".join(["Bought already, or about to be:", *told]) if told else ""


def by_line(lines: Sequence[OrderLine]) -> dict[int, list[CommandSubject]]:
    """By line's id: what was asked for elsewhere and may come, which is all but what was refused, called back, or cancelled since."""
    rows = CommandSubject.objects.filter(kind="line", row__in=[line.pk for line in lines])
    rows = rows.exclude(command__state__in=NOTHING_CAME).select_related("command__vendor").order_by("id")
    homes = dict(OrderLine.objects.filter(pk__in=[line.pk for line in lines]).values_list("pk", "order__vendor_id"))
    heavy = ("command__body", "command__request", "command__answer", "command__story")
    live = [row for row in rows.defer(*heavy) if row.command.vendor_id != homes.get(row.row)]
    numbers = {row.command.number for row in live} - {""}
    gone = set(
        Order.objects.filter(external_id__in=numbers, status=Status.CANCELLED).values_list("vendor_id", "external_id")
    )
    found: dict[int, list[CommandSubject]] = {}
    for row in live:
        if (row.command.vendor_id, row.command.number) not in gone:
            found.setdefault(row.row, []).append(row)
    return found


def _purchase(subject: CommandSubject) -> str:
    command: Command = subject.command
    name = command.number or command.reference or command.key
    who = f", asked for by {command.asked_by}" if command.asked_by else ""
    return f"{_plain(subject.quantity)} at {command.vendor} as {name} ({command.get_state_display().lower()}{who})"


def _plain(number: Decimal | None) -> str:
    return "?" if number is None else f"{number.normalize():f}"
