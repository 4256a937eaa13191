"""Buy what was sold: for each line of a sale, what suppliers have of it, with price, stock and age."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse

from config.admin import address
from config.site import vendors_on
from integrations import matching
from integrations.admin.command_begun import may_look, number, quantity
from integrations.admin.command_lines import plain
from integrations.commands.doors import Offer
from orders.models import Order, OrderLine, Status

OVER = (Status.CANCELLED, Status.DELIVERED, Status.RETURNED, Status.SHIPPED)


@dataclass
class Wanted:
    """A line with what could be bought for it. `taken`: the variant that is chosen, `already`: what was ordered for it before."""

    line: OrderLine
    matches: list[matching.Match]
    taken: int | None
    quantity: str
    typed: str
    already: list[Any] = field(default_factory=list)


class CommandBuying:
    """A page for a sale, which leads to the form of a supplier's verb. It decides nothing, so all it takes is an address."""

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.buy_view)  # type: ignore[attr-defined]
        return [path("buy/<int:pk>/", view, name="integrations_command_buy"), *super().get_urls()]  # type: ignore[misc]

    def buy_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        from integrations.commands import doors

        if not self.has_change_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        order = get_object_or_404(Order.objects.select_related("vendor").defer("raw", "search"), pk=pk)
        if not may_look(request, order):
            raise PermissionDenied
        others = [vendor for vendor in vendors_on(request) if vendor.pk != order.vendor_id]
        offers = doors.offers(others, "line", foreign=True)
        lines = wanted(request, order, {offer.vendor.pk for offer in offers})
        wrong = ""
        if go := request.GET.get("go"):
            offer = next((one for one in offers if f"{one.vendor.slug}:{one.name}" == go), None)
            picked = [one for one in lines if picks(one, offer)]
            if offer is not None and picked:
                return HttpResponseRedirect(onward(offer, picked))
            wrong = "Choose an article of that supplier, and how many, for at least one line."
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"Buy at a supplier: order {order}",
            "opts": self.opts,  # type: ignore[attr-defined]
            "order": order,
            "back": address(order),
            "lines": lines,
            "offers": offers,
            "wrong": wrong,
        }
        return TemplateResponse(request, "admin/integrations/command_buy.html", context)


def wanted(request: HttpRequest, order: Order, suppliers: set[int]) -> list[Wanted]:
    """The lines that are still to be delivered, each with its matches; what was typed for a line is looked for as well."""
    from integrations.commands import buying, doors

    lines = [line for line in doors.lines_of(order) if line.status not in OVER]
    matches, already = matching.found(lines, suppliers), buying.by_line(lines)
    begun, rows = "go" in request.GET or "find" in request.GET, []
    for line in lines:
        found, typed = list(matches.get(line.pk, ())), request.GET.get(f"find-{line.pk}", "").strip()
        if typed:
            known = {one.variant.pk for one in found}
            found += [one for one in matching.by_words(typed, suppliers) if one.variant.pk not in known]
        taken = number(request.GET.get(f"variant-{line.pk}", ""))
        if not begun and not already.get(line.pk) and found and found[0].how == "GTIN":
            taken = found[0].variant.pk
        many = request.GET.get(f"quantity-{line.pk}", "").strip() if begun else plain(line.quantity)
        rows.append(Wanted(line, found, taken, many, typed, already.get(line.pk, [])))
    return rows


def picks(one: Wanted, offer: Offer | None) -> bool:
    """Whether the line is to be bought by this offer: its supplier's article is chosen, and how many."""
    return (
        offer is not None
        and quantity(one.quantity) is not None
        and any(match.variant.pk == one.taken and match.variant.vendor_id == offer.vendor.pk for match in one.matches)
    )


def onward(offer: Offer, picked: list[Wanted]) -> str:
    chosen = [("line", f"{one.line.pk}:{one.quantity}:{one.taken}") for one in picked]
    return f"{reverse('admin:integrations_command_ask', args=[offer.vendor.slug, offer.name])}?{urlencode(chosen)}"
