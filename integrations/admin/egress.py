"""What addresses this hub calls out from, and what each vendor has been told of them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode

from config.addresses import Address, covered, ends, unreadable
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
        ours = [text for address in settings.HUB_EGRESS_ADDRESSES if (text := str(address).strip())]
        bad = unreadable(ours, besides="")
        ours = [text for text in ours if text not in bad]
        registered = list(AllowedNetwork.objects.filter(purpose=EGRESS, active=True))
        may = self.has_add_permission(request)  # type: ignore[attr-defined]
        vendors = Vendor.objects.defer("options", "abilities")
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": "Addresses this hub calls out from", "opts": self.opts, "ours": ours, "bad": bad,  # type: ignore[attr-defined]
            "lines": "\n".join(ours), "row": ", ".join(ours),
            "vendors": table(
                ("Vendor", "Is that what we use?", "Registered there", "Test saw this machine as", "Last agreed", "State"),
                [(link(vendor), *shown(vendor, registered, ours, may), seen(vendor), age(vendor.last_ok_at),
                  badge(vendor.get_state_display(), TONES.get(vendor.state, ""))) for vendor in vendors],
                empty="No vendor is connected yet.",
            ),
        }  # fmt: skip
        return TemplateResponse(request, "admin/integrations/egress.html", context)


class Agreement(NamedTuple):
    """Which of our addresses a vendor's list holds, which it lacks, and which are of a family it has nothing of."""

    held: list[str]
    missing: list[str]
    other: list[str]


def agreement(there: Iterable[str], ours: Iterable[str]) -> Agreement:
    """Compare what is registered with what we use: addresses, networks and ranges, each family by itself."""
    ranges = [pair for text in there if (pair := _ends(text))]
    families, found = {low.version for low, _ in ranges}, Agreement([], [], [])
    for text in ours:
        own = _ends(text)
        if own is not None:
            lacking = found.missing if own[0].version in families else found.other
            (found.held if covered(own, ranges) else lacking).append(text)
    return found


def shown(vendor: Vendor, registered: list[AllowedNetwork], ours: list[str], may: bool) -> tuple[Any, Any]:
    """Whether all our addresses are registered at this vendor, and what is noted as registered."""
    now = timezone.now()
    rows = [row for row in registered if row.vendor_id in (None, vendor.pk)]
    alive = [row.network for row in rows if row.expires_at is None or row.expires_at > now]
    found = agreement(alive, ours)
    noted = ", ".join(alive) or "nothing noted"
    if may:
        lacking = found.missing + found.other
        asked = urlencode(
            {"purpose": str(EGRESS), "vendor": str(vendor.pk), "network": lacking[0] if len(lacking) == 1 else ""}
        )
        add = reverse("admin:integrations_allowednetwork_add")
        noted = format_html('{} <a href="{}?{}">Note for {}</a>', noted, add, asked, vendor)
    return verdict(found) if alive and ours else badge("not known"), noted


def verdict(found: Agreement) -> Any:
    """In words. Where a vendor has only IPv4 of us, our IPv6 is no fault: it may be reached over IPv4 alone."""
    lacking = found.missing or ([] if found.held else found.other)
    verb = "is" if len(lacking) == 1 else "are"
    said = badge(f"{', '.join(lacking)} {verb} missing there", "bad") if lacking else badge("yes", "good")
    if not found.other or lacking == found.other:
        return said
    family = f"IPv{_ends(found.other[0])[0].version}"  # type: ignore[index]
    return format_html(
        '{} <span class="hub-quiet">{} not registered ({}): needed only if this vendor is reached over {}.</span>',
        said, family, ", ".join(found.other), family,
    )  # fmt: skip


def seen(vendor: Vendor) -> Any:
    if not vendor.seen_from:
        return "not tested yet"
    return format_html("{} ({})", vendor.seen_from, age(vendor.seen_from_at))


def _ends(text: str) -> tuple[Address, Address] | None:
    try:
        return ends(text)
    except ValueError:  # written past the form; it registers nothing
        return None
