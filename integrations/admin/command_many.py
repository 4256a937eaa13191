"""One verb for chosen products or variants, or for a whole list: what would happen is counted first."""

from copy import copy
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import path, reverse

from catalog.models import Product, Variant
from config.site import vendors_on
from config.stepup import demand
from integrations.admin.command_asking import closed_by, token_of
from integrations.admin.verb_form import VerbForm
from integrations.commands.doors import Offer
from integrations.models import Vendor

MODELS: dict[str, Any] = {"product": Product, "variant": Variant}
MOST_SENT = 400_000  # characters of a list of ids


class CommandMany:
    """A page for rows named in the address, with what could be sent about them and where."""

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.many_view)  # type: ignore[attr-defined]
        return [path("many/<slug:on>/", view, name="integrations_command_many"), *super().get_urls()]  # type: ignore[misc]

    def many_view(self, request: HttpRequest, on: str) -> HttpResponse:
        from integrations.commands import bodies, choices, many, switches

        if not self.has_change_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        if on not in MODELS:
            raise Http404("Products and variants alone can be sent many at a time.")
        if not may_see(request, MODELS[on]):
            raise PermissionDenied
        told = request.POST if request.method == "POST" else request.GET
        keys, whole = keys_of(told.get("keys", "")), told.get("scope") == "list"
        if whole:
            keys = listed(request, MODELS[on], told.get("list", ""), many.MOST + 1)
        offers = offers_on(request, on)
        offer = next((one for one in offers if name_of(one) == told.get("offer")), None)
        form, plan, wrong, closed = None, None, "", ""
        if len(keys) > many.MOST:
            wrong = f"More than {many.MOST:,} rows: narrow the list with a filter or a search first."
        elif offer is not None:
            closed = closed_by(offer.vendor, offer.name)
            asks = choices.resolved(offer.vendor, offer.door.asks)
            acts = {"preview", "decide"} & told.keys()
            form = VerbForm(asks, request.POST if request.method == "POST" and acts else None)
            if form.is_bound and form.is_valid():
                try:
                    given = bodies.filled(asks, form.given())
                    if "decide" in told and not closed:
                        return self._many_decided(request, offer, keys, given)
                    plan = many.plan(offer, keys, given)
                except (bodies.BadBody, switches.NotAllowed) as no:
                    wrong = str(no)
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"{offer.title}: {offer.vendor}" if offer else f"Send {MODELS[on]._meta.verbose_name_plural}",
            "opts": self.opts,  # type: ignore[attr-defined]
            "on": MODELS[on]._meta,
            "list_url": reverse(f"admin:catalog_{on}_changelist"),
            "keys": told.get("keys", ""),
            "list": told.get("list", ""),
            "whole": whole,
            "rows": len(keys),
            "offers": [(name_of(one), one) for one in offers],
            "offer": offer,
            "chosen_offer": name_of(offer) if offer else "",
            "form": form,
            "plan": plan,
            "cards": self._plan_cards(plan) if plan else [],
            "token": token_of(request),
            "wrong": wrong,
            "closed": closed,
            "asks_approval": offer is not None
            and not closed
            and switches.mode_of(offer.vendor, offer.name) == Vendor.Writes.APPROVE,
            "open_request": False,
        }
        return TemplateResponse(request, "admin/integrations/command_many.html", context)

    def _plan_cards(self, plan: Any) -> list[dict[str, Any]]:
        from integrations.admin.command_desks import cards_of

        return [card for row in plan.first for card in cards_of([row])]

    def _many_decided(self, request: HttpRequest, offer: Offer, keys: list[int], given: Any) -> HttpResponse:
        from config import audit
        from integrations.commands import many

        demand(request)
        batch, by = token_of(request), request.user.get_username()
        with transaction.atomic():  # with its line in the audit log, or not at all
            made = many.decide(offer, keys, given, by=by, batch=batch)
            said = f"{offer.name} for {len(keys)} rows: {made} commands, {batch}"
            audit.record("decided", offer.vendor, request=request, said=said)
        if not made:
            messages.warning(
                request, "Nothing new was decided: none of these rows can have it, or it was decided already."
            )
        return HttpResponseRedirect(reverse("admin:integrations_command_batch", args=[batch]))


def may_see(request: HttpRequest, model: Any) -> bool:
    return any(request.user.has_perm(f"catalog.{verb}_{model._meta.model_name}") for verb in ("view", "change"))


def keys_of(text: str) -> list[int]:
    """Ids with commas; what is none is left out."""
    return [int(key) for key in text[:MOST_SENT].split(",") if key.isascii() and key.isdigit() and len(key) < 19]


def name_of(offer: Offer) -> str:
    return f"{offer.vendor.slug}:{offer.name}"


def offers_on(request: HttpRequest, on: str) -> list[Offer]:
    """What any connection takes of such rows, its own and others', each once."""
    from integrations.commands import doors

    vendors = vendors_on(request)
    both = [*doors.offers(vendors, on, foreign=False), *doors.offers(vendors, on, foreign=True)]
    return list({name_of(one): one for one in both}.values())


def listed(request: HttpRequest, model: Any, query: str, most: int) -> list[int]:
    """Ids of what a list shows with these filters, the newest first."""
    asked = copy(request)
    asked.GET, asked.method = QueryDict(query[:4000]), "GET"
    try:
        found = admin.site._registry[model].get_changelist_instance(asked)
    except IncorrectLookupParameters:
        return []
    return list(found.queryset.order_by("-pk").values_list("pk", flat=True)[:most])
