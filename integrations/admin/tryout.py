"""The page that tries a flow on one page of a vendor's: the raw answer beside what the mapping makes of it, to be edited and saved."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse

from config import stepup
from integrations.admin.fields import OPTION, field_of, led_elsewhere, misled, shown_option, stored_option
from integrations.models import Vendor
from integrations.service import Flow, Option, VendorService, services


def flows_to_try(service: type[VendorService]) -> list[tuple[str, str]]:
    """Names and titles of the flows that can be tried."""
    return [(name, flow.title) for name, flow in service.flows.items() if flow.tried]


FIRST = 2  # groups of options that always stand open


class TryForm(forms.Form):
    """The options a flow is tried with. `groups` are its fields by fieldset."""

    def __init__(self, options: list[Option], vendor: Vendor, data: Any = None) -> None:
        super().__init__(data)
        self.groups: dict[str, list[str]] = {}
        self.set = {o.name for o in options if shown_option(o, vendor.options.get(o.name)) != shown_option(o, None)}
        for option in options:
            name = OPTION + option.name
            field = field_of(option, option.name in vendor.confirmed)
            if not option.proven:
                field.help_text = option.help  # the page says it once for all
            field.initial = shown_option(option, vendor.options.get(option.name))
            self.fields[name] = field
            self.groups.setdefault(option.group or "Options", []).append(name)

    def options(self) -> dict[str, Any]:
        return {name.removeprefix(OPTION): stored_option(value) for name, value in self.cleaned_data.items()}

    def fieldsets(self) -> list[tuple[str, list[forms.BoundField], bool]]:
        """Title, fields, and whether it stands open: behind the first two only what somebody has filled in."""
        found = []
        for place, (title, names) in enumerate(self.groups.items()):
            fields = [self[name] for name in names]
            touched = any(field.errors or field.name.removeprefix(OPTION) in self.set for field in fields)
            found.append((title, fields, place < FIRST or touched))
        return found


class TryOut:
    """Mixed into the vendor's admin."""

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.try_view)  # type: ignore[attr-defined]
        return [path("<int:pk>/try/<slug:flow>/", view, name="integrations_vendor_try"), *super().get_urls()]  # type: ignore[misc]

    def try_view(self, request: HttpRequest, pk: int, flow: str) -> HttpResponse:
        """GET shows the mapping; POST fetches a page with what is in the form (`do=try`), or saves it (save, confirm)."""
        vendor = get_object_or_404(Vendor, pk=pk)
        if not self.has_change_permission(request, vendor):  # type: ignore[attr-defined]
            raise PermissionDenied
        service = services().get(vendor.kind)
        if service is None or flow not in dict(flows_to_try(service)):
            raise Http404("There is nothing to try under this name.")
        declared = service.flows[flow]
        options = [option for option in service.options if option.name in declared.tried]
        posted = request.method == "POST"
        form = TryForm(options, vendor, request.POST if posted else None)
        tried = None
        if posted and form.is_valid() and led_elsewhere(options, vendor.options, form.options()):
            stepup.demand(request)
            self._keep_where_it_was_meant(service, vendor, form)
        if posted and form.is_valid():
            if request.POST.get("do") in ("save", "confirm"):
                return self._saved(request, vendor, flow, declared, form)
            from integrations import trial

            tried = trial.try_flow(vendor, flow, form.options())
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"Try it: {declared.title}",
            "opts": self.opts,  # type: ignore[attr-defined]
            "vendor": vendor,
            "flow": declared,
            "form": form,
            "tried": tried,
            "confirmed": declared.proven or flow in vendor.confirmed,
        }
        return TemplateResponse(request, "admin/integrations/try_flow.html", context)

    def _keep_where_it_was_meant(self, service: type[VendorService], vendor: Vendor, form: TryForm) -> None:
        """A stored secret goes nowhere else by this page, which has no field to paste it again."""
        held = vendor.tokens.filter(active=True).values_list("name", flat=True)
        given = {**vendor.options, **form.options()}
        for secret in misled(service, held, vendor.options, given):
            told = f"{secret.label} would be sent elsewhere: change this on the connection's page, where it is pasted again."
            for option in service.options:
                if option.name in secret.follows and led_elsewhere([option], vendor.options, given):
                    form.add_error(OPTION + option.name, told)

    def _saved(self, request: HttpRequest, vendor: Vendor, name: str, flow: Flow, form: TryForm) -> HttpResponse:
        from integrations import connecting

        changed = connecting.store_options(vendor, form.options())
        told = f"Changed {', '.join(sorted(changed))}." if changed else "Saved the mapping as it was."
        self.log_change(request, vendor, told)  # type: ignore[attr-defined]
        here = reverse("admin:integrations_vendor_try", args=[vendor.pk, name])
        if request.POST.get("do") == "save":
            messages.success(request, "The mapping is saved. The next run reads every row with it.")
            return HttpResponseRedirect(here)
        unproven = [o.name for o in services()[vendor.kind].options if o.name in flow.tried and not o.proven]
        connecting.confirm(vendor, [name, *unproven])
        self.log_change(request, vendor, f"Confirmed the flow {name} with its options.")  # type: ignore[attr-defined]
        messages.success(request, f"The mapping is saved, and “{flow.title}” is confirmed and switched on.")
        return HttpResponseRedirect(reverse("admin:integrations_vendor_change", args=[vendor.pk]))
