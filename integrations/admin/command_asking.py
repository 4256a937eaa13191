"""Decide a write by hand: a form made from what the vendor's folder declares, a preview of the exact request, then the decision."""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse

from config.stepup import demand
from integrations.models import Command, Vendor
from integrations.service import services
from integrations.verbs import Field, Verb

YES_NO = (("", "–"), ("true", "Yes"), ("false", "No"))


def form_of(verb: Verb, data: Any = None) -> forms.Form:
    """One field for each the verb declares; lists and objects as JSON, begun with an example."""
    from integrations.commands import bodies

    form = forms.Form(data)
    for field in verb.fields:
        form.fields[f"f_{field.name}"] = _field(field, bodies.example((field,))[field.name])
    return form


def _field(field: Field, example: Any) -> forms.Field:
    shared: dict[str, Any] = {"label": field.label, "required": field.required, "help_text": field.help}
    if field.kind == "bool":
        return forms.ChoiceField(choices=YES_NO, **shared)
    if field.kind == "choice":
        words = [(word, word.replace("_", " ")) for word in field.choices]
        return forms.ChoiceField(choices=[("", "–"), *words], **shared)
    if field.kind in ("group", "rows"):
        text = json.dumps(example, indent=2, ensure_ascii=False)
        shared["help_text"] = f"{field.help} As JSON; leave out what is not wanted.".strip()
        area = forms.Textarea(attrs={"rows": min(12, text.count("\n") + 2), "dir": "ltr", "spellcheck": "false"})
        return forms.JSONField(widget=area, initial=example if field.required else None, **shared)
    return forms.CharField(max_length=2000, **shared)


class CommandAsking:
    """The form's address beside the list; needs the permission to change commands."""

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.ask_view)  # type: ignore[attr-defined]
        name = "integrations_command_ask"
        return [path("ask/<slug:slug>/<slug:verb>/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def ask_view(self, request: HttpRequest, slug: str, verb: str) -> HttpResponse:
        from integrations.commands import bodies, switches

        if not self.has_change_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        vendor = get_object_or_404(Vendor, slug=slug)
        kind = services().get(vendor.kind)
        declared = kind.verbs.get(verb) if kind else None
        if declared is None:
            raise Http404("This connection has no such verb.")
        form = form_of(declared, request.POST if request.method == "POST" else None)
        cards: list[dict[str, Any]] = []
        closed = ""
        try:
            switches.allowed(vendor, verb)
        except switches.NotAllowed as why:
            closed = str(why)
        if form.is_bound and form.is_valid():
            given = {name.removeprefix("f_"): value for name, value in form.cleaned_data.items()}
            try:
                if "decide" in request.POST and not closed:
                    return self._decided(request, vendor, verb, given)
                cards = self._cards(vendor, verb, given)
            except (bodies.BadBody, switches.NotAllowed) as wrong:
                form.add_error(None, str(wrong))
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"{declared.title}: {vendor}",
            "opts": self.opts,  # type: ignore[attr-defined]
            "vendor": vendor,
            "verb": declared,
            "form": form,
            "cards": cards[:5],
            "count": len(cards),
            "closed": closed,
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

    def _decided(self, request: HttpRequest, vendor: Vendor, verb: str, given: Any) -> HttpResponse:
        from integrations.commands import asking

        demand(request)
        made = asking.ask(vendor, verb, given, by=request.user.get_username())
        for command in made:
            self.log_addition(request, command, "Decided.")  # type: ignore[attr-defined]
        waits = made[0].state == Command.State.AWAITING
        messages.success(
            request, "It waits for approval." if waits else "It is sent soon; its page says what came of it."
        )
        if len(made) > 1:
            return HttpResponseRedirect(reverse("admin:integrations_command_changelist"))
        return HttpResponseRedirect(reverse("admin:integrations_command_change", args=[made[0].pk]))
