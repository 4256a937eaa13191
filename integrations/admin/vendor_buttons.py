"""What an admin does on a vendor's page besides saving it: test the connection, sync now, vouch for what is unproven."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse

from integrations.admin.asked import queue
from integrations.admin.fields import option_text
from integrations.models import SyncRun, Vendor
from integrations.service import VendorService, service_class


def unproven(service: type[VendorService], vendor: Vendor) -> list[dict[str, Any]]:
    """Flows, verbs, look-ups and options that no document proves and nobody has confirmed yet."""
    flows = [
        {"name": name, "what": "Flow", "title": flow.title, "value": ""}
        for name, flow in service.flows.items()
        if not flow.proven
    ]
    options = [
        {"name": o.name, "what": "Option", "title": o.label, "value": option_text(o, vendor.options)}
        for o in service.options
        if not o.proven
    ]
    lookups = [
        {"name": one.name, "what": "Look-up", "title": one.label, "value": ""}
        for one in service.lookups
        if not one.proven
    ]
    verbs = [
        {"name": name, "what": "Verb", "title": verb.title, "value": ""}
        for name, verb in service.verbs.items()
        if not verb.proven and not service.lacks_verb(name, vendor.account)
    ]
    return [item for item in (*flows, *verbs, *lookups, *options) if item["name"] not in vendor.confirmed]


class VendorButtons:
    """Views behind the buttons: POST only, with the right to change the vendor, or to ask for runs."""

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view  # type: ignore[attr-defined]
        return [
            path("<int:pk>/test/", view(self.test_view), name="integrations_vendor_test"),
            path("<int:pk>/sync/", view(self.sync_view), name="integrations_vendor_sync"),
            path("<int:pk>/confirm/", view(self.confirm_view), name="integrations_vendor_confirm"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def posted(self, request: HttpRequest, pk: int, *, to_run: bool = False) -> Vendor | HttpResponse:
        """to_run: for whoever sees the connection and may ask for runs; else for whoever may change it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        vendor = get_object_or_404(Vendor, pk=pk)
        may_run = to_run and self.has_view_permission(request, vendor) and self.has_run_permission(request)  # type: ignore[attr-defined]
        if not (may_run or self.has_change_permission(request, vendor)):  # type: ignore[attr-defined]
            raise PermissionDenied
        return vendor

    def back(self, vendor: Vendor) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:integrations_vendor_change", args=[vendor.pk]))

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The one page that waits for a vendor, some seconds at most: the operator asked whether it answers."""
        from integrations import connection

        vendor = self.posted(request, pk)
        if isinstance(vendor, HttpResponse):
            return vendor
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"Connection test: {vendor}",
            "opts": self.opts,  # type: ignore[attr-defined]
            "vendor": vendor,
            "verdict": connection.probe(vendor),
            "addresses": settings.HUB_EGRESS_ADDRESSES,
        }
        return TemplateResponse(request, "admin/integrations/vendor_verdict.html", context)

    def sync_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        vendor = self.posted(request, pk, to_run=True)
        if isinstance(vendor, HttpResponse):
            return vendor
        flow, mode = request.POST.get("flow", ""), request.POST.get("mode", "")
        chosen = mode if mode in SyncRun.Mode.values else SyncRun.Mode.CHANGES
        runs = queue(request, vendor, [(flow, ())] if flow else None, chosen)
        if len(runs) == 1:
            return HttpResponseRedirect(reverse("admin:integrations_syncrun_change", args=[runs[0].pk]))
        return self.back(vendor)

    def confirm_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        from integrations import connecting

        vendor = self.posted(request, pk)
        if isinstance(vendor, HttpResponse):
            return vendor
        name = request.POST.get("name", "")
        waiting = {item["name"]: item for item in unproven(service_class(vendor.kind), vendor)}
        if name not in waiting:
            messages.error(request, f"There is nothing to confirm under the name “{name[:60]}”.")
            return self.back(vendor)
        connecting.confirm(vendor, [name])
        item = waiting[name]
        self.log_change(request, vendor, f"Confirmed the unproven {item['what'].lower()} {name}.")  # type: ignore[attr-defined]
        on = " and switched on" if item["what"] == "Flow" else ""
        messages.success(request, f"“{item['title']}” is confirmed for this account{on}.")
        return self.back(vendor)
