"""A row's page offers what vendors can be asked about it, and a page of its own shows the answer. Nothing is stored."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse

from config.site import vendors_on
from integrations.admin.fields import field_of
from integrations.models import Vendor
from integrations.service import Lookup


def form_of(lookup: Lookup, row: Any, data: Any = None) -> forms.Form:
    """The look-up's fields, begun with what the row has."""
    form = forms.Form(data)
    for option in lookup.fields:
        field = field_of(option)
        held = (getattr(row, name, "") for name in lookup.fills.get(option.name, ()))
        field.initial = next(filter(None, held), option.default)
        form.fields[option.name] = field
    return form


class LookUps:
    """Mixed into the admin of rows that vendors can be asked about. `about` names them in the vendors' declarations."""

    about: ClassVar[str] = ""

    def get_urls(self) -> Any:
        opts = self.opts  # type: ignore[attr-defined]
        view = self.admin_site.admin_view(self.ask_view)  # type: ignore[attr-defined]
        name = f"{opts.app_label}_{opts.model_name}_ask"
        return [path("<int:pk>/ask/<int:vendor>/<slug:lookup>/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        from integrations import lookups

        row = kwargs.get("obj")
        opts = self.opts  # type: ignore[attr-defined]
        if row is not None and self.has_run_permission(request):  # type: ignore[attr-defined]
            name = f"admin:{opts.app_label}_{opts.model_name}_ask"
            context["lookups"] = [
                {"label": one.label, "vendor": vendor, "url": reverse(name, args=[row.pk, vendor.pk, one.name])}
                for vendor, one in lookups.offered(self.about, vendors_on(request))
            ]
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]
        return answer

    def ask_view(self, request: HttpRequest, pk: int, vendor: int, lookup: str) -> HttpResponse:
        from integrations import lookups

        row = get_object_or_404(self.get_queryset(request), pk=pk)  # type: ignore[attr-defined]
        if not (self.has_view_permission(request, row) and self.has_run_permission(request)):  # type: ignore[attr-defined]
            raise PermissionDenied
        asked = get_object_or_404(Vendor, pk=vendor)
        declared = lookups.of(asked, lookup, self.about)
        if declared is None:
            raise Http404("This connection offers no such look-up, or nobody has confirmed it yet.")
        form = form_of(declared, row, request.POST if request.method == "POST" else None)
        answered = lookups.ask(asked, declared, form.cleaned_data) if form.is_bound and form.is_valid() else None
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"{declared.label}: {asked}",
            "opts": self.opts,  # type: ignore[attr-defined]
            "row": row,
            "vendor": asked,
            "lookup": declared,
            "form": form,
            "answered": answered,
        }
        return TemplateResponse(request, "admin/integrations/look_up.html", context)
