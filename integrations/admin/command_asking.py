"""Decide a write: a form made from what the vendor's folder declares, a preview of the exact request, then the decision."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join

from config.stepup import demand
from integrations.admin.command_begun import Begun, begun
from integrations.admin.verb_form import VerbForm
from integrations.models import Command, Vendor
from integrations.service import services
from integrations.verbs import Verb
from orders.models import OrderLine

SHOWN = 5  # calls of one decision that are shown in full


class CommandAsking:
    """The form's address beside the list; needs the permission to change commands."""

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.ask_view)  # type: ignore[attr-defined]
        name = "integrations_command_ask"
        return [path("ask/<slug:slug>/<slug:verb>/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def ask_view(self, request: HttpRequest, slug: str, verb: str) -> HttpResponse:
        from integrations.commands import bodies, buying, choices, switches

        if not self.has_change_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        vendor = get_object_or_404(Vendor, slug=slug)
        kind = services().get(vendor.kind)
        declared = kind.verbs.get(verb) if kind else None
        if declared is None:
            raise Http404("This connection has no such verb.")
        start = begun(request, vendor, verb)
        data = request.POST if request.method == "POST" else None
        form = VerbForm(choices.resolved(vendor, declared.fields), data, {**numbered(declared), **start.body})
        cards: list[dict[str, Any]] = []
        closed, doubled = closed_by(vendor, verb), doubled_by(vendor, start)
        if form.more:
            form.errors.clear()  # only further rows were asked for
        elif form.is_bound and form.is_valid():
            try:
                if "decide" in request.POST and not closed:
                    return self._decided(request, vendor, verb, form.given(), start)
                cards = self._cards(vendor, verb, form.given())
            except buying.AlreadyBought as already:
                doubled = str(already)
                form.add_error(None, "Write down why it is bought again, or leave it.")
            except (bodies.BadBody, switches.NotAllowed) as wrong:
                form.add_error(None, str(wrong))
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"{declared.title}: {vendor}",
            "opts": self.opts,  # type: ignore[attr-defined]
            "vendor": vendor,
            "verb": declared,
            "form": form,
            "token": token_of(request),
            "cards": cards[:SHOWN],
            "count": len(cards),
            "closed": closed,
            "doubled": doubled,
            "anyway": request.POST.get("anyway", ""),
            "start": start,
            "asks_approval": closed == "" and switches.mode_of(vendor, verb) == Vendor.Writes.APPROVE,
            "open_request": True,
        }
        return TemplateResponse(request, "admin/integrations/command_ask.html", context)

    def _cards(self, vendor: Vendor, verb: str, given: Any) -> list[dict[str, Any]]:
        from integrations.admin.command_desks import cards_of
        from integrations.commands import asking

        cards = []
        for row in asking.preview(vendor, verb, given):
            cards += cards_of([row])  # one by one: rows that are not stored have no key to tell them apart
        return cards

    def _decided(self, request: HttpRequest, vendor: Vendor, verb: str, given: Any, start: Begun) -> HttpResponse:
        from integrations.commands import asking

        demand(request)
        key, by = f"form:{token_of(request)}", request.user.get_username()
        made = list(Command.objects.filter(Q(key=key) | Q(key__startswith=f"{key}:")).order_by("id"))
        if not made:  # else the button was pressed twice
            anyway = request.POST.get("anyway", "")[:300]
            with transaction.atomic():  # with its line in the audit log, or not at all
                made = asking.ask(vendor, verb, given, by=by, key=key, subjects=start.subjects, anyway=anyway)
                for command in made:
                    self.log_addition(request, command, "Decided.")  # type: ignore[attr-defined]
        tell(request, made)
        if start.back:
            return HttpResponseRedirect(start.back)
        if len(made) > 1:
            return HttpResponseRedirect(reverse("admin:integrations_command_changelist"))
        return HttpResponseRedirect(reverse("admin:integrations_command_change", args=[made[0].pk]))


def numbered(verb: Verb) -> dict[str, str]:
    """A form begins with a number of ours where the verb takes one, so that what is shown is what will go."""
    from integrations.commands import asking

    return {verb.reference: asking.new_reference()} if verb.reference else {}


def token_of(request: HttpRequest) -> str:
    """What makes one opening of a form one decision, however often its button is pressed."""
    given = request.POST.get("token", "")
    return given if len(given) == 32 and given.isalnum() else uuid.uuid4().hex


def closed_by(vendor: Vendor, verb: str) -> str:
    """Why nothing of this may be asked for now; empty when it may."""
    from integrations.commands import switches

    try:
        switches.allowed(vendor, verb)
    except switches.NotAllowed as why:
        return str(why)
    return ""


def doubled_by(vendor: Vendor, start: Begun) -> str:
    """What is bought already of the sale's lines the form was begun with, so that with this it would be more than was sold."""
    from integrations.commands import buying

    wanted = {row: quantity for kind, row, quantity in start.subjects if kind == "line"}
    lines = OrderLine.objects.filter(pk__in=wanted).exclude(order__vendor=vendor).order_by("pk") if wanted else ()
    return buying.too_many([(line, wanted[line.pk]) for line in lines])


def tell(request: HttpRequest, made: list[Command]) -> None:
    """What was decided and what happens next, with the way to each command's page."""
    waits = made[0].state == Command.State.AWAITING
    pages = ((reverse("admin:integrations_command_change", args=[one.pk]), one) for one in made[:SHOWN])
    links = format_html_join(", ", '<a href="{}">{}</a>', pages)
    more = f" and {len(made) - SHOWN} more" if len(made) > SHOWN else ""
    text = "It waits for approval: {}{}." if waits else "It is sent soon: {}{}. Its page says what came of it."
    messages.success(request, format_html(text, links, more))
