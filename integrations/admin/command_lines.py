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
from integrations.models import Vendor
from integrations.verbs import Chosen
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
        from integrations.commands import bodies, doors, picking, switches

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
        free = [picking.Free(one.line, one.why, one.left) for one in lines]
        form = VerbForm(picking.asked(order, offer), request.POST if posted else None, numbered(offer.verb))
        closed, wrong, cards = closed_by(order.vendor, verb), "", []
        if form.more:
            form.errors.clear()
        elif posted and not chosen:
            wrong = "Tick at least one line."
        elif posted and any(one.quantity is None for one in chosen) and offer.door.together:
            wrong = "Write how many of each ticked line, more than none."
        elif posted and offer.door.together and (over := picking.too_many(free, chosen)):
            wrong = over
        elif posted and form.is_valid():
            wished = picking.wishes(offer, chosen, form.given())
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
        from integrations.commands import picking

        demand(request)
        with transaction.atomic():  # with their lines in the audit log, or not at all
            made = picking.decide(order, offer, wished, by=request.user.get_username(), key=key_of(request))
            for command in made:
                self.log_addition(request, command, "Decided.")  # type: ignore[attr-defined]
        tell(request, made)
        return HttpResponseRedirect(address(order))


def key_of(request: HttpRequest) -> str:
    """How the keys of what this form decides begin."""
    return f"form:{token_of(request)}:"


def choices_of(request: HttpRequest, order: Order, offer: Offer) -> list[Choice]:
    """The order's lines, each with why it cannot be chosen; those that can are ticked to begin with."""
    from integrations.commands import picking

    posted, ticked = request.method == "POST", set(request.POST.getlist("line"))
    wanted = set(request.GET.getlist("line"))
    found = []
    for free in picking.free(order, offer, apart=key_of(request)):
        line, left, key = free.line, free.left, str(free.line.pk)
        may = not free.why and (key in ticked if posted else not wanted or key in wanted)
        told = request.POST.get(f"quantity-{key}", "").strip() if posted else plain(left)
        found.append(Choice(line, free.why, left, may, told if offer.door.together else plain(line.quantity)))
    return found


def plain(number: Decimal | None) -> str:
    return "" if number is None else figure(number).replace(",", "")
