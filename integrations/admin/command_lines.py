"""What is done with chosen lines of an order at its own vendor: accept, cancel with a reason, pack some of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path

from config.admin import address, figure
from config.stepup import demand
from integrations.admin.command_asking import SHOWN, closed_by, numbered, tell, token_of
from integrations.admin.command_begun import may_look, quantity
from integrations.admin.verb_form import VerbForm
from integrations.commands.doors import Offer
from integrations.models import Command, Vendor
from integrations.verbs import Chosen, Field
from orders.models import Order, OrderLine


@dataclass
class Choice:
    """A line as the page offers it. left: how many of it no package holds yet."""

    line: OrderLine
    why: str
    left: Decimal | None
    ticked: bool
    quantity: str

    @property
    def packed(self) -> bool:
        return self.left is not None and self.line.quantity is not None and self.left < self.line.quantity


class CommandLines:
    """A page for an order and one verb that is about its lines."""

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.lines_view)  # type: ignore[attr-defined]
        name = "integrations_command_lines"
        return [path("order/<int:pk>/<slug:verb>/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def lines_view(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        from integrations.commands import bodies, choices, doors, switches

        if not self.has_change_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        order = get_object_or_404(Order.objects.select_related("vendor").defer("raw", "search"), pk=pk)
        offer = doors.offer_of(order.vendor, verb, "line", foreign=False)
        if offer is None:
            raise Http404("This order's vendor has no such verb for lines.")
        if not may_look(request, order):
            raise PermissionDenied
        lines, posted = choices_of(request, order, offer), request.method == "POST"
        chosen = [Chosen(one.line, quantity(one.quantity)) for one in lines if one.ticked]
        declared = choices.resolved(
            order.vendor, left_over(offer, [Chosen(one.line, one.line.quantity) for one in lines])
        )
        form = VerbForm(declared, request.POST if posted else None, numbered(offer.verb))
        closed, wrong, cards = closed_by(order.vendor, verb), "", []
        if form.more:
            form.errors.clear()
        elif posted and not chosen:
            wrong = "Tick at least one line."
        elif posted and any(one.quantity is None for one in chosen) and offer.door.together:
            wrong = "Write how many of each ticked line, more than none."
        elif over := posted and offer.door.together and too_many(lines):
            wrong = f"Only {over} left to choose."
        elif posted and form.is_valid():
            wished = wishes(offer, chosen, form.given())
            try:
                if "decide" in request.POST and not closed:
                    return self._lines_decided(request, order, offer, wished)
                cards = [card for body, _ in wished for card in self._cards(order.vendor, verb, body)]  # type: ignore[attr-defined]
            except (bodies.BadBody, switches.NotAllowed) as told:
                wrong = str(told)
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"{offer.title}: order {order}",
            "opts": self.opts,  # type: ignore[attr-defined]
            "order": order,
            "back": address(order),
            "offer": offer,
            "lines": lines,
            "form": form,
            "wrong": wrong,
            "token": token_of(request),
            "closed": closed,
            "cards": cards[:SHOWN],
            "count": len(cards),
            "asks_approval": not closed and switches.mode_of(order.vendor, verb) == Vendor.Writes.APPROVE,
            "open_request": len(cards) == 1,
        }
        return TemplateResponse(request, "admin/integrations/command_lines.html", context)

    def _lines_decided(
        self, request: HttpRequest, order: Order, offer: Offer, wished: Sequence[tuple[Any, Sequence[Chosen]]]
    ) -> HttpResponse:
        from integrations.commands import asking, bodies

        demand(request)
        made: list[Command] = []
        with transaction.atomic():  # all of them or, when one cannot be asked for, none
            # Two who pack the same lines in one moment: the later waits here, and is told what is left.
            Order.objects.select_for_update(no_key=True, of=("self",)).only("pk").get(pk=order.pk)
            if over := offer.door.together and too_many(choices_of(request, order, offer)):
                raise bodies.BadBody(f"Only {over} left to choose.")
            for body, rows in wished:
                subjects = [("line", one.row.pk, one.quantity) for one in rows]
                key = f"form:{token_of(request)}:{rows[0].row.pk}"
                by = request.user.get_username()
                made += asking.ask(order.vendor, offer.name, body, by=by, key=key, subjects=subjects)
        for command in made:
            self.log_addition(request, command, "Decided.")  # type: ignore[attr-defined]
        tell(request, made)
        return HttpResponseRedirect(address(order))


def choices_of(request: HttpRequest, order: Order, offer: Offer) -> list[Choice]:
    """The order's lines, each with why it cannot be chosen; those that can are ticked to begin with."""
    from integrations.commands import doors

    packed, going = {}, {}
    if offer.door.together and not offer.door.also_packed:
        packed, going = doors.packed(order), doors.decided(order, offer.name, apart=f"form:{token_of(request)}:")
    posted, ticked = request.method == "POST", set(request.POST.getlist("line"))
    wanted = set(request.GET.getlist("line"))
    found = []
    for line in doors.lines_of(order):
        taken = packed.get(line.pk, Decimal(0)) + going.get(line.pk, Decimal(0))
        left = None if line.quantity is None else max(line.quantity - taken, Decimal(0))
        why = " ".join(doors.refusals(offer, Chosen(line, left)))
        if offer.door.together and left == 0 and not why:
            why = "All of it is packed, or about to be." if going.get(line.pk) else "All of it is packed."
        key = str(line.pk)
        may = not why and (key in ticked if posted else not wanted or key in wanted)
        told = request.POST.get(f"quantity-{key}", "").strip() if posted else "" if left is None else plain(left)
        found.append(Choice(line, why, left, may, told if offer.door.together else plain(line.quantity)))
    return found


def too_many(lines: Sequence[Choice]) -> str:
    """The first ticked line of which more was asked for than there is left; empty when there is none."""
    for one in lines:
        asked = quantity(one.quantity) if one.ticked else None
        if asked is not None and one.left is not None and asked > one.left:
            return f"{plain(one.left)} of {one.line.sku or one.line} are"
    return ""


def left_over(offer: Offer, chosen: Sequence[Chosen]) -> list[Field]:
    """What the lines do not say, so that a person has to: the verb's fields the door does not fill, and the door's own."""
    known = offer.door.fill(offer.vendor.account, chosen if offer.door.together else chosen[:1], {}) if chosen else {}
    told = {*known, *(field.name for field in offer.door.asks)}
    return [*offer.door.asks, *(field for field in offer.verb.fields if field.name not in told)]


def wishes(offer: Offer, chosen: Sequence[Chosen], given: dict[str, Any]) -> list[tuple[Any, Sequence[Chosen]]]:
    """A body for all that is ticked, or one for each, with the lines it is about."""
    from integrations.commands import doors

    groups = [list(chosen)] if offer.door.together else [[one] for one in chosen]
    return [(doors.body_of(offer, group, given), group) for group in groups]


def plain(number: Decimal | None) -> str:
    return "" if number is None else figure(number).replace(",", "")
