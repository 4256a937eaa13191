"""What the verb's form is begun with, as the address says: a package, or chosen lines of a sale with a supplier's variants."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from catalog.models import Variant
from config.admin import address
from integrations.commands import doors
from integrations.commands.asking import Subject
from integrations.models import Vendor
from integrations.verbs import Chosen
from orders.models import Order, OrderLine, Package, Return

MOST = 200
ROWS: dict[str, Any] = {"order": Order, "package": Package, "return": Return}


@dataclass
class Begun:
    """A body as far as it is known, the rows it is decided on, and the page people came from."""

    body: dict[str, Any] = field(default_factory=dict)
    subjects: list[Subject] = field(default_factory=list)
    origin: Any = None
    trouble: str = ""

    @property
    def back(self) -> str:
        return address(self.origin) if self.origin is not None else ""


def may_look(request: HttpRequest, row: Any) -> bool:
    """Whether the person may see the row whose contents would stand in a form."""
    model = getattr(row, "page_model", None) or type(row)
    app, name = model._meta.app_label, model._meta.model_name
    return any(request.user.has_perm(f"{app}.{verb}_{name}") for verb in ("view", "change"))


def number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def quantity(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and found > 0 else None


def begun(request: HttpRequest, vendor: Vendor, verb: str) -> Begun:
    """From `?order=ID`, `?package=ID`, `?return=ID`, or `?line=ID:QUANTITY:VARIANT` several times; else nothing."""
    for kind in ROWS:
        if key := number(request.GET.get(kind, "")):
            return _row(request, vendor, verb, kind, key)
    if told := request.GET.getlist("line")[:MOST]:
        return _lines(request, vendor, verb, [part.split(":") for part in told])
    return Begun()


def _row(request: HttpRequest, vendor: Vendor, verb: str, kind: str, key: int) -> Begun:
    """One row of the vendor's own."""
    row = ROWS[kind]._default_manager.filter(pk=key, vendor=vendor).select_related("vendor").first()
    offer = doors.offer_of(vendor, verb, kind, foreign=False)
    if row is None or offer is None:
        return Begun(trouble=f"There is no such {kind} of this connection.")
    if not may_look(request, row):
        raise PermissionDenied
    chosen = Chosen(row)
    body = dict(offer.door.fill(vendor.account, [chosen], {}))
    return Begun(body, [(kind, row.pk, None)], row, " ".join(doors.refusals(offer, chosen)))


def _lines(request: HttpRequest, vendor: Vendor, verb: str, told: Sequence[Sequence[str]]) -> Begun:
    offer = doors.offer_of(vendor, verb, "line", foreign=True)
    wanted = {key: part for part in told if len(part) == 3 and (key := number(part[0]))}
    rows = OrderLine.objects.filter(pk__in=wanted).select_related("order__vendor", "variant").order_by("position", "id")
    lines = list(rows)
    variants = Variant.objects.filter(vendor=vendor, pk__in=[n for part in wanted.values() if (n := number(part[2]))])
    there = {variant.pk: variant for variant in variants.select_related("product")}
    if offer is None or not lines or len({line.order_id for line in lines}) > 1:
        return Begun(trouble="These are no lines of one order.")
    order: Order = lines[0].order
    if not may_look(request, order):
        raise PermissionDenied
    chosen = [
        Chosen(line, quantity(wanted[line.pk][1]), variant)
        for line in lines
        if (variant := there.get(number(wanted[line.pk][2]) or 0)) is not None and quantity(wanted[line.pk][1])
    ]
    if not chosen:
        return Begun(origin=order, trouble="Choose an article and a quantity for at least one line.")
    body = dict(offer.door.fill(vendor.account, chosen, {}))
    trouble = " ".join(text for one in chosen for text in doors.refusals(offer, one))
    return Begun(body, [("line", one.row.pk, one.quantity) for one in chosen], order, trouble)
