"""The admin site: Crossdock's name, the late alarm on every page, and the home page over Django's own admin."""

from datetime import datetime, time, timedelta
from typing import Any

from django.apps import apps
from django.contrib.admin import AdminSite
from django.contrib.auth import get_user_model
from django.db.models import Count, F, IntegerField, Q, Subquery
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from config.admin.paging import CAP
from config.second.standing import is_staff, may_set_up, passed, wanted_page

ENDS_SOON = timedelta(days=14)  # a secret that ends within this is told
TROUBLED = ("needs_auth", "blocked", "paused")

# The menu's order.
APPS = ("orders", "catalog", "integrations", "auth", "hub")
MODELS = (
    "Sale", "Purchase", "Package", "Return", "Transaction", "Customer", "AbandonedCart", "StatusWord", "CancelReason",
    "ReturnReason", "ReturnAction",
    "Product", "Variant", "Category", "Brand", "Attribute", "AttributeValue", "PriceChange", "StockChange",
    "Command", "Vendor", "Token", "Schedule", "SyncRun", "Held", "Reject", "WebhookDelivery", "Callback", "AllowedNetwork", "Blocked",
    "ShippingRate", "ShippingZone", "ApiCall",
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
            now = timezone.now()
            context["hub_late"] = sum(flow.is_late(now) for flow in watched(request))
            context["hub_late_url"] = f"{page('schedule')}?late=yes" if may_see(request, "schedule") else ""
        return context

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff who have passed the second factor, by whatever way the session began."""
        return super().has_permission(request) and passed(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The password, and from here to whatever this person still has to give."""
        from config.second import views

        back = wanted_page(request)
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        if request.method == "GET" and may_set_up(request):
            return HttpResponseRedirect(views.page("authenticator", back))
        if request.method == "GET" and is_staff(request):
            return HttpResponseRedirect(views.page("second_factor", back))
        context = {
            **self.each_context(request),
            "title": _("Log in"),
            "subtitle": None,
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
            "next": back,
            **(extra_context or {}),
        }
        return views.SignIn.as_view(
            extra_context=context, authentication_form=views.SignInForm, template_name="admin/login.html"
        )(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        from config.own_password import ChangeOwn

        context = {**self.each_context(request), **(extra_context or {})}
        template = "registration/password_change_form.html"
        request.current_app = self.name
        return ChangeOwn.as_view(extra_context=context, template_name=template)(request)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Signed out, the browser forgets what it kept of the pages, too."""
        response = super().logout(request, extra_context)
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response

    def get_urls(self) -> list[Any]:
        from config.second import own, sessions, views

        # Each asks for itself who may come: the person is not, or not quite, signed in.
        return [
            path("second-factor/", views.second_factor, name="second_factor"),
            path("confirm/", views.step_up, name="step_up"),
            path("sessions/", sessions.page, name="sessions"),
            path("authenticator/", own.authenticator, name="authenticator"),
            path("passkey/", views.passkey, name="passkey"),
            *super().get_urls(),
        ]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """In the order of a working day, not of the alphabet; what is not named here comes after, as Django has it."""
        listed = super().get_app_list(request, app_label)
        for app in listed:
            app["models"].sort(key=lambda model: place(MODELS, model["object_name"]))
        return sorted(listed, key=lambda app: place(APPS, app["app_label"]))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().index(request, {**today(request), **(extra_context or {})})


def page(model: str, app: str = "integrations") -> str:
    return reverse(f"admin:{app}_{model}_changelist")


def desk(name: str) -> str:
    return reverse("admin:integrations_command_desk", args=[name])


def may_see(request: HttpRequest, model: str, app: str = "integrations") -> bool:
    return any(request.user.has_perm(f"{app}.{verb}_{model}") for verb in ("view", "change"))


def watched(request: HttpRequest) -> list[Any]:
    """The flows that are to run, read once a request: the alarm on every page and the home page both ask."""
    return [flow for flow in _flows(request) if flow.enabled]


def vendors_on(request: HttpRequest) -> list[Any]:
    """The connections that are switched on, by name; from the same one query as their flows."""
    return list({flow.vendor_id: flow.vendor for flow in _flows(request)}.values())


def _flows(request: HttpRequest) -> list[Any]:
    kept = getattr(request, "hub_flows", None)
    if kept is None:
        flows = apps.get_model("integrations", "Schedule").objects.filter(vendor__enabled=True)
        kept = list(flows.select_related("vendor").defer("cursor").order_by("vendor__name", "flow"))
        request.hub_flows = kept  # type: ignore[attr-defined]
    return kept


class Capped(Subquery):
    """How many rows, counted no further than CAP and one: the same cost on a table of any size."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS capped)"
    output_field = IntegerField()


def waiting(request: HttpRequest) -> dict[str, int]:
    """Open matters by name, all in one query."""
    names = ("Held", "Reject", "SyncRun", "Callback", "Command", "Unread")
    held, reject, run, callback, command, unread = (apps.get_model("integrations", name).objects for name in names)
    rows = {
        "held": held.filter(state="waiting"),
        "rejected": reject.filter(resolved_at__isnull=True),
        "running": run.filter(state="running"),
        "queued": run.filter(state="queued"),
        "approval": command.filter(state="awaiting_approval"),
        "unknown": command.filter(state="unknown"),
        "webhooks": callback.filter(active=True).exclude(trouble=""),
        "unread": unread.all(),
    }
    me = get_user_model().objects.filter(pk=request.user.pk)  # type: ignore[misc]
    counts = me.values_list(*(Capped(part.order_by().values("pk")[: CAP + 1]) for part in rows.values())).get()
    return dict(zip(rows, counts, strict=True))


def unread_secrets(request: HttpRequest) -> list[dict[str, Any]]:
    """What some process cannot open, grouped by why, each with the way to where it is set right."""
    model = apps.get_model("integrations", "Unread")
    found = []
    for matter in model.matters(model.objects.all()):
        people = None in matter.vendors
        if not may_see(request, *(("user", "auth") if people else ("vendor", "integrations"))):
            continue
        url = page("user", "auth") if people else page("token") if may_see(request, "token") else ""
        if url and not people and len(matter.vendors) == 1:
            url = reverse("admin:integrations_vendor_tokens", args=[*matter.vendors])
        found.append({"what": matter.what, "why": matter.why, "url": url, "people": people})
    return found


def orders_since(moment: datetime, directions: list[str]) -> list[Any]:
    """Orders placed since then by vendor; named by direction, so that the index of the lists serves it."""
    order = apps.get_model("orders", "Order")
    return list(
        order.objects.filter(direction__in=directions, placed_at__gte=moment)
        .values("vendor_id", "direction", name=F("vendor__name"))
        .annotate(orders=Count("pk"))
        .order_by("name", "direction")
    )


def today(request: HttpRequest) -> dict[str, Any]:
    """What the home page shows: troubles (each with the link to its list), last good runs, today's orders."""
    now, day = timezone.now(), timezone.localdate()
    flows = watched(request)
    counts = waiting(request)
    troubles = [
        ("late", sum(flow.is_late(now) for flow in flows), f"{page('schedule')}?late=yes", "late flows", "schedule"),
        (
            "failed",
            sum(bool(f.failures) for f in flows),
            f"{page('schedule')}?failing=yes",
            "flows failing now",
            "schedule",
        ),
        ("held", counts["held"], f"{page('held')}?state__exact=waiting", "changes held", "held"),
        ("approval", counts["approval"], desk("approval"), "commands to approve", "command"),
        ("unknown", counts["unknown"], desk("unknown"), "outcomes unknown", "command"),
        ("rejected", counts["rejected"], f"{page('reject')}?resolved_at__isempty=1", "rows rejected", "reject"),
    ]
    if counts["webhooks"]:
        url = f"{page('callback')}?active__exact=1&trouble__isempty=0"
        troubles.append(("webhooks", counts["webhooks"], url, "webhooks in trouble", "callback"))
    sees_vendors = may_see(request, "vendor")
    tokens = apps.get_model("integrations", "Token").objects.filter(
        Q(fetched=False, expires_at__lt=now + ENDS_SOON) | ~Q(warning=""), active=True, vendor__enabled=True
    )
    vendors = {flow.vendor_id: flow.vendor for flow in flows}
    midnight = datetime.combine(day, time.min, timezone.get_current_timezone())
    directions = [name for name in ("sale", "purchase") if may_see(request, name, "orders")]
    return {
        "troubles": [trouble[:4] for trouble in troubles if may_see(request, trouble[4])],
        "flows": [{"row": flow, "late": flow.is_late(now)} for flow in flows] if may_see(request, "schedule") else [],
        "sees_flows": may_see(request, "schedule"),
        "connections": sorted((v for v in vendors.values() if v.state in TROUBLED), key=lambda v: v.name)
        if sees_vendors
        else [],
        "tokens": list(tokens.select_related("vendor").defer("ciphertext", "vendor__options")[:20])
        if sees_vendors
        else [],
        "unread": unread_secrets(request) if counts["unread"] else [],
        "endings": [(vendor, text) for vendor in vendors.values() for text in vendor.ends_soon] if sees_vendors else [],
        "running": counts["running"],
        "running_url": f"{page('syncrun')}?state__exact=running",
        "queued": counts["queued"],
        "queued_url": f"{page('syncrun')}?state__exact=queued",
        "sees_runs": may_see(request, "syncrun"),
        "orders_today": orders_since(midnight, directions) if directions else [],
        "now": now,
        "day": day,
        "sales_url": page("sale", "orders"),
        "purchases_url": page("purchase", "orders"),
        "vendors_url": page("vendor"),
        "open_url": page("allowednetwork")
        if getattr(request, "hub_open", False) and may_see(request, "allowednetwork")
        else "",
    }
