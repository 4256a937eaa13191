"""What addresses this hub calls out from, and what each vendor has been told of them."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode

from config.addresses import told
from config.admin import age, badge, link, table
from integrations.admin.vendor import TONES
from integrations.models import AllowedNetwork, Vendor

EGRESS = AllowedNetwork.Purpose.EGRESS


class EgressView:
    """A page beside the list of IP addresses."""

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.egress_view)  # type: ignore[attr-defined]
        return [path("egress/", view, name="integrations_allowednetwork_egress"), *super().get_urls()]  # type: ignore[misc]

    def egress_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        ours = [str(address).strip() for address in settings.HUB_EGRESS_ADDRESSES]
        registered = list(AllowedNetwork.objects.filter(purpose=EGRESS, active=True))
        may = self.has_add_permission(request)  # type: ignore[attr-defined]
        vendors = Vendor.objects.defer("options", "abilities")
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": "Addresses this hub calls out from", "opts": self.opts, "ours": ours,  # type: ignore[attr-defined]
            "lines": "\n".join(ours), "row": ", ".join(ours),
            "vendors": table(
                ("Vendor", "Registered there", "Is that what we use?", "Test saw this machine as", "Last agreed", "State"),
                [(link(vendor), *agreement(vendor, registered, ours, may), seen(vendor), age(vendor.last_ok_at),
                  badge(vendor.get_state_display(), TONES.get(vendor.state, ""))) for vendor in vendors],
                empty="No vendor is connected yet.",
            ),
        }  # fmt: skip
        return TemplateResponse(request, "admin/integrations/egress.html", context)


def agreement(vendor: Vendor, registered: list[AllowedNetwork], ours: list[str], may: bool) -> tuple[Any, Any]:
    """What is noted as registered at this vendor, and whether all our addresses are among it."""
    now = timezone.now()
    rows = [row for row in registered if row.vendor_id in (None, vendor.pk)]
    alive = [row for row in rows if row.expires_at is None or row.expires_at > now]
    noted = ", ".join(row.network for row in alive) or "nothing noted"
    if may:
        asked = urlencode(
            {"purpose": str(EGRESS), "vendor": str(vendor.pk), "network": ours[0] if len(ours) == 1 else ""}
        )
        add = reverse("admin:integrations_allowednetwork_add")
        noted = format_html('{} <a href="{}?{}">Note for {}</a>', noted, add, asked, vendor)
    if not alive or not ours:
        return noted, badge("not known")
    addresses = [told(text) for text in ours]
    left = [text for text, address in zip(ours, addresses, strict=True)
            if address is None or not any(row.holds(address) for row in alive)]  # fmt: skip
    return noted, badge(f"{', '.join(left)} is missing there", "bad") if left else badge("yes", "good")


def seen(vendor: Vendor) -> Any:
    if not vendor.seen_from:
        return "not tested yet"
    return format_html("{} ({})", vendor.seen_from, age(vendor.seen_from_at))
