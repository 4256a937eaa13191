"""Stores of an account in the admin: find them, connect one by a form built from what the vendor says, renew, look after."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse

from config.admin.rows import CANNOT, why
from config.stepup import demand
from integrations import errors
from integrations.admin.fields import JSONField
from integrations.models import Vendor
from integrations.stores import Blank, System, Way

ADDRESS = "store_url"


def field_for(blank: Blank) -> forms.Field:
    """The form field of one thing a system takes. What is secret is never rendered with a value."""
    common: dict[str, Any] = {
        "label": blank.label,
        "help_text": blank.help,
        "required": blank.required,
        "initial": blank.default,
    }
    if blank.secret:
        hidden = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "size": 60})
        return forms.CharField(**common, strip=True, widget=hidden, max_length=5000)
    if blank.kind == "choice":
        empty = () if blank.required else (("", "—"),)
        return forms.ChoiceField(
            choices=(*empty, *blank.choices), **{**common, "initial": blank.default if blank.required else ""}
        )
    if blank.kind == "int":
        return forms.IntegerField(**common)
    if blank.kind == "bool":
        return forms.BooleanField(**{**common, "required": False})
    if blank.kind == "json":
        return JSONField(**common, widget=forms.Textarea(attrs={"rows": 3, "cols": 60, "spellcheck": "false"}))
    plain = forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "off"})
    return forms.CharField(**common, strip=True, widget=plain, max_length=2000)


class StoreForm(forms.Form):
    """One way of one system, with what may be given besides."""

    required_css_class = "required"

    def __init__(self, system: System, way: Way, *args: Any, renewing: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        blanks = [blank for blank in way.blanks if not (renewing and blank.name == ADDRESS)]
        self.main = [blank.name for blank in blanks]
        self.further = [blank.name for blank in system.further if blank.name not in self.main]
        for blank in (*blanks, *(b for b in system.further if b.name in self.further)):
            self.fields[blank.name] = field_for(blank)
        self.secrets = {b.name for b in (*blanks, *system.further) if b.secret}
        if not renewing:
            self.fields["custom_label"] = forms.CharField(
                label="Name",
                required=False,
                max_length=100,
                help_text="What this store is called, here and at the vendor.",
            )
            self.fields["check"] = forms.BooleanField(
                label="Check the credentials first",
                required=False,
                initial=True,
                help_text="Without, the store is taken as it is, and trouble shows at its first run.",
            )

    @property
    def fieldsets(self) -> list[tuple[str, list[Any]]]:
        rest = [name for name in self.fields if name not in (*self.main, *self.further)]
        return [
            ("", [self[name] for name in (*self.main, *rest)]),
            ("More, where the shop needs it", [self[n] for n in self.further]),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            for name in self.secrets & cleaned.keys():
                if cleaned[name]:
                    self.add_error(name, "Paste it again: secrets are not kept while the form is corrected.")
        return cleaned

    @property
    def given(self) -> dict[str, Any]:
        values = {name: value for name, value in self.cleaned_data.items() if name != "check"}
        return {name: value for name, value in values.items() if value not in (None, "")}


class StoreViews:
    """Pages behind a connection whose account holds several stores: with the permission to change it."""

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view  # type: ignore[attr-defined]
        return [
            path("<int:pk>/stores/", view(self.stores_view), name="integrations_vendor_stores"),
            path("<int:pk>/stores/systems/", view(self.systems_view), name="integrations_vendor_systems"),
            path("<int:pk>/stores/new/<slug:system>/", view(self.new_store_view), name="integrations_vendor_new_store"),
            path("<int:pk>/stores/credentials/", view(self.credentials_view), name="integrations_vendor_credentials"),
            path("<int:pk>/stores/tool/<slug:tool>/", view(self.tool_view), name="integrations_vendor_tool"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def stores_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The account's stores as they are now; those chosen become connections."""
        from integrations import opening

        vendor = self._of_stores(request, pk)
        context: dict[str, Any] = {"title": f"Stores of {vendor}", "rows": []}
        try:
            rows = opening.found(vendor)
        except errors.VendorError as error:
            return self._page(request, vendor, "stores", {**context, "error": error})
        if request.method == "POST":
            chosen = set(request.POST.getlist("store"))
            wanted = [store for store, owner in rows if store.mark in chosen and owner is None]
            taken: list[Vendor] = []
            cannot: tuple[type[Exception], ...] = (*CANNOT, errors.VendorError)
            for store in wanted:
                try:
                    with transaction.atomic():  # with its line in the audit log, or not at all
                        new = opening.take(Vendor.objects.get(pk=pk), store, request.user)
                        self.log_addition(request, new, "Taken from the account's stores.")  # type: ignore[attr-defined]
                except cannot as wrong:
                    messages.error(request, f"{store.name or store.address} was not connected. {why(wrong)}")
                else:
                    taken.append(new)
            if taken:
                names = ", ".join(map(str, taken))
                messages.success(request, f"Connected: {names}. Their flows start within half a minute.")
                if len(taken) == 1:
                    return self.back(taken[0])  # type: ignore[attr-defined]
                return HttpResponseRedirect(reverse("admin:integrations_vendor_changelist"))
            if not wanted:
                messages.warning(request, "No store was chosen.")
        return self._page(request, vendor, "stores", {**context, "rows": rows})

    def systems_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Which shop system? As the vendor lists them at this moment."""
        from integrations import opening

        vendor = self._of_stores(request, pk)
        context: dict[str, Any] = {"title": "Which shop system?"}
        try:
            return self._page(request, vendor, "systems", {**context, "systems": opening.systems(vendor)})
        except errors.VendorError as error:
            return self._page(request, vendor, "systems", {**context, "error": error})

    def new_store_view(self, request: HttpRequest, pk: int, system: str) -> HttpResponse:
        from integrations import opening

        def connect(vendor: Vendor, form: StoreForm) -> HttpResponse:
            new = opening.add(vendor, system, form.given, check=form.cleaned_data["check"], user=request.user)
            self.log_addition(request, new, f"Connected a store of {system}.")  # type: ignore[attr-defined]
            messages.success(request, f"{new} is connected. Its flows start within half a minute.")
            return self.back(new)  # type: ignore[attr-defined]

        return self._form_page(request, pk, system, connect, renewing=False)

    def credentials_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """New credentials of this connection's store, handed to the vendor and kept nowhere here."""
        from integrations import opening

        vendor = self._of_stores(request, pk)
        try:
            system = opening.system_of(vendor)
        except errors.VendorError as error:
            return self._page(
                request, vendor, "store_form", {"title": "New credentials", "renewing": True, "error": error}
            )
        if not system:
            messages.error(request, "The account lists no store with this connection's key: press “Find stores” first.")
            return self.back(vendor)  # type: ignore[attr-defined]

        def hand_over(vendor: Vendor, form: StoreForm) -> HttpResponse:
            opening.renew(vendor, system, form.given)
            self.log_change(request, vendor, "Gave the vendor new credentials of the store.")  # type: ignore[attr-defined]
            messages.success(request, "The vendor has the new credentials. Test the connection next.")
            return self.back(vendor)  # type: ignore[attr-defined]

        return self._form_page(request, pk, system, hand_over, renewing=True)

    def tool_view(self, request: HttpRequest, pk: int, tool: str) -> HttpResponse:
        from integrations import opening

        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        vendor = self._of_stores(request, pk)
        stores = opening.manages(vendor)
        if tool not in {one.name for one in (stores.tools(vendor.account) if stores else ())}:
            raise Http404
        try:
            done = opening.use(vendor, tool)
        except errors.VendorError as error:
            messages.error(request, f"{error} {error.cure}")
            return self.back(vendor)  # type: ignore[attr-defined]
        self.log_change(request, vendor, f"Used “{tool}” of the store.")  # type: ignore[attr-defined]
        if done.body:
            answer = HttpResponse(done.body, content_type=done.content_type)
            answer["Content-Disposition"] = f'attachment; filename="{done.file_name}"'
            return answer
        messages.success(request, done.message)
        return self.back(vendor)  # type: ignore[attr-defined]

    # -- inside

    def _of_stores(self, request: HttpRequest, pk: int) -> Vendor:
        from integrations import opening

        vendor = get_object_or_404(Vendor, pk=pk)
        if not self.has_change_permission(request, vendor):  # type: ignore[attr-defined]
            raise PermissionDenied
        demand(request)  # whoever connects a store hands the account's key on
        try:
            declared = opening.manages(vendor)
        except LookupError:
            declared = None
        if declared is None:
            raise Http404("This kind of vendor has one store to an account.")
        return vendor

    def _form_page(self, request: HttpRequest, pk: int, name: str, act: Any, *, renewing: bool) -> HttpResponse:
        from integrations import opening

        vendor = self._of_stores(request, pk)
        title = "New credentials" if renewing else "Connect a store"
        context: dict[str, Any] = {"title": title, "renewing": renewing}
        try:
            system = next((one for one in opening.systems(vendor) if one.name == name), None)
        except errors.VendorError as error:
            return self._page(request, vendor, "store_form", {**context, "error": error})
        if system is None:
            raise Http404("The vendor connects no such system just now.")
        ways = {way.name: way for way in system.ways}
        way = ways.get(request.POST.get("way") or request.GET.get("way", ""), system.ways[0])
        data: Mapping[str, Any] | None = request.POST if request.method == "POST" else None
        form = StoreForm(system, way, data, renewing=renewing)
        context |= {"title": f"{title}: {system.title}", "system": system, "way": way, "form": form}
        if request.method == "POST" and form.is_valid():
            try:
                answer: HttpResponse = act(vendor, form)
                return answer
            except errors.VendorError as error:
                return self._page(
                    request, vendor, "store_form", {**context, "error": error, "again": bool(form.secrets)}
                )
        return self._page(request, vendor, "store_form", context)

    def _page(self, request: HttpRequest, vendor: Vendor, name: str, context: dict[str, Any]) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "vendor": vendor}  # type: ignore[attr-defined]
        return TemplateResponse(request, f"admin/integrations/{name}.html", {**shared, **context})
