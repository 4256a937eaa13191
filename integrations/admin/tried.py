"""Secrets typed into a connection's form are tried before anything of it is stored, as those on its page of tokens are."""

from copy import copy
from typing import Any

from django.http import HttpRequest, HttpResponse

from config import stepup
from integrations.admin.connect import VendorForm, origin
from integrations.admin.fields import SECRET, stored_option
from integrations.models import Vendor
from integrations.service import Verdict


class TriedFirst:
    """The vendor is asked before Django's view begins its transaction: nobody else waits for the database meanwhile."""

    def changeform_view(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            request.hub_verdict = self._verdict(request, object_id)  # type: ignore[attr-defined]
        answer: HttpResponse = super().changeform_view(request, object_id, *args, **kwargs)  # type: ignore[misc]
        return answer

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        form.verdict = getattr(request, "hub_verdict", None)
        return form

    def _verdict(self, request: HttpRequest, object_id: Any) -> Verdict | None:
        """How a test with what was typed went; None where there is nothing to try, or something else is wrong with the form."""
        from integrations import connecting, connection, vault

        obj = self.get_object(request, object_id) if object_id else None  # type: ignore[attr-defined]
        if (object_id and obj is None) or not self.may_edit(request, obj):  # type: ignore[attr-defined]
            return None
        form: VendorForm = self.get_form(request, obj, change=obj is not None)(request.POST, instance=copy(obj))
        form.trying = True
        if not form.is_valid():
            return None
        secrets = {one.name: form.cleaned_data[SECRET + one.name] for one in form.service.secrets}
        secrets = {name: value for name, value in secrets.items() if value}
        if not secrets:
            return None
        stepup.demand(request)
        vault.encrypt("", bound="")  # what could not be stored is not tried
        vendor: Vendor = form.instance
        vendor.kind = form.service.kind
        given = {one.name: stored_option(form.cleaned_data[f"option_{one.name}"]) for one in form.service.options}
        connecting.change_options(vendor, given)
        if obj is not None and origin(obj.base_url) != origin(vendor.base_url):
            vendor.pk = None  # what is stored was meant for the other host, and is not sent to this one
        return connection.probe(vendor, secrets)
