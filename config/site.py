"""The admin site: Crossdock's name, the late alarm on every page, and the home page over Django's own admin."""

from datetime import datetime, time
from typing import Any

from django.apps import apps
from django.contrib.admin import AdminSite
from django.db.models import Count, F
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

# The menu's order.
APPS = ("orders", "catalog", "integrations", "auth")
MODELS = (
    "Sale", "Purchase", "Package", "Transaction", "StatusWord", "CancelReason",
    "Product", "Variant", "Category", "Brand", "Attribute", "AttributeValue", "PriceChange", "StockChange",
    "Vendor", "Schedule", "SyncRun", "Held", "Reject", "ApiCall",
)  # fmt: skip


def place(order: tuple[str, ...], name: str) -> int:
    return order.index(name) if name in order else len(order)


class HubSite(AdminSite):
    site_header = "Crossdock"
    site_title = "Crossdock"
    index_title = "Today"
    index_template = "admin/hub/home.html"
    site_url = None  # the admin is the site
    empty_value_display = "–"
    enable_nav_sidebar = False  # ours, in templates/admin/hub/menu.html, stands beside every page, home included

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        if context["has_permission"]:
            late = apps.get_model("integrations", "Schedule").objects.filter(enabled=True, alarmed_at__isnull=False)
            context["hub_late"] = late.count()
            context["hub_late_url"] = f"{page('schedule')}?alarmed_at__isempty=0&enabled__exact=1"
        return context

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """In the order of a working day, not of the alphabet; what is not named here comes after, as Django has it."""
        listed = super().get_app_list(request, app_label)
        for app in listed:
            app["models"].sort(key=lambda model: place(MODELS, model["object_name"]))
        return sorted(listed, key=lambda app: place(APPS, app["app_label"]))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().index(request, {**today(), **(extra_context or {})})


def page(model: str, app: str = "integrations") -> str:
    return reverse(f"admin:{app}_{model}_changelist")


def today() -> dict[str, Any]:
    """What the home page shows: troubles (each with the link to its list), last good runs, today's orders."""
    schedule = apps.get_model("integrations", "Schedule")
    run = apps.get_model("integrations", "SyncRun")
    held = apps.get_model("integrations", "Held")
    reject = apps.get_model("integrations", "Reject")
    order = apps.get_model("orders", "Order")
    flows = list(
        schedule.objects.filter(enabled=True, vendor__enabled=True)
        .select_related("vendor")
        .annotate(now=Now())
        .order_by("vendor__name", "flow")
    )
    failing = sum(1 for flow in flows if flow.failures)
    late = sum(1 for flow in flows if flow.alarmed_at)
    midnight = datetime.combine(timezone.localdate(), time.min, timezone.get_current_timezone())
    vendors = {flow.vendor_id: flow.vendor for flow in flows}
    connections = sorted(
        (vendor for vendor in vendors.values() if vendor.state in ("needs_auth", "blocked")), key=lambda v: v.name
    )
    troubles = [
        ("late", late, f"{page('schedule')}?alarmed_at__isempty=0&enabled__exact=1", "late flows"),
        ("failed", failing, f"{page('schedule')}?failing=yes", "flows failing now"),
        ("held", held.objects.filter(state="waiting").count(), f"{page('held')}?state__exact=waiting", "changes held"),
        (
            "rejected",
            reject.objects.filter(resolved_at__isnull=True)[:1001].count(),
            f"{page('reject')}?resolved_at__isempty=1",
            "rows rejected",
        ),
    ]
    return {
        "troubles": troubles,
        "flows": flows,
        "connections": connections,
        "running": run.objects.filter(state="running").count(),
        "running_url": f"{page('syncrun')}?state__exact=running",
        "orders_today": list(
            order.objects.filter(placed_at__gte=midnight)
            .values("vendor_id", "direction", name=F("vendor__name"))
            .annotate(orders=Count("pk"))
            .order_by("name", "direction")
        ),
        "day": timezone.localdate(),
        "sales_url": page("sale", "orders"),
        "purchases_url": page("purchase", "orders"),
        "vendors_url": page("vendor"),
    }
