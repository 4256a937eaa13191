"""Vendors in the admin: the form their kind declares, how each stands, and the list."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from config import stepup
from config.admin import HubAdmin, age, badge, link, table, when
from integrations.admin.asked import TONES as RUN_TONES
from integrations.admin.asked import queue, run_link, usable
from integrations.admin.command_desks import may_set_modes, switchboard
from integrations.admin.connect import UNTESTED, VendorForm, form_for
from integrations.admin.fields import OPTION, SECRET, option_text, shown_option
from integrations.admin.stores import StoreViews
from integrations.admin.tokens import TokenViews
from integrations.admin.tried import TriedFirst
from integrations.admin.tryout import TryOut, flows_to_try
from integrations.admin.vendor_buttons import VendorButtons, unproven
from integrations.models import SyncRun, Token, Vendor
from integrations.service import Preset, VendorService, service_class, services

TONES = {"active": "good", "needs_auth": "bad", "blocked": "bad", "paused": "warn"}
SOON = timedelta(days=14)  # a token that ends within this is warned about


@admin.register(Vendor)
class VendorAdmin(TriedFirst, TokenViews, StoreViews, TryOut, VendorButtons, HubAdmin):
    list_display = ("name", "kind_shown", "environment", "state_shown", "enabled", "writes", "success")
    list_filter = ("state", "enabled", "environment")
    list_defer = ("options",)
    search_fields = ("name", "slug", "base_url")
    change_form_template = "admin/integrations/vendor_form.html"
    actions = ("sync_now",)
    readonly_fields = ("state_shown", "success_shown", "options_table", "tokens_table", "schedules_table", "runs_table")

    # The two steps of adding one.

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.GET.get("kind") not in services():
            return self.choose(request)
        stepup.demand(request)  # before anything is pasted
        context = {"title": f"Connect {self.service_of(request).label}", "addresses": settings.HUB_EGRESS_ADDRESSES}
        return super().add_view(request, form_url, context)

    def choose(self, request: HttpRequest) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Which system?",
            "opts": self.opts,
            # Not the classes: a template calls what can be called.
            "kinds": [
                {"kind": kind, **{name: getattr(service, name) for name in ("label", "summary", "presets", "manual")}}
                for kind, service in services().items()
            ],
        }
        return TemplateResponse(request, "admin/integrations/vendor_choose.html", context)

    def service_of(self, request: HttpRequest, obj: Vendor | None = None) -> type[VendorService]:
        return service_class(obj.kind if obj else request.GET.get("kind", ""))

    def preset_of(self, request: HttpRequest) -> Preset | None:
        presets = self.service_of(request).presets
        return next((preset for preset in presets if preset.name == request.GET.get("preset")), None)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = form_for(self.service_of(request, obj), obj)
        return super().get_form(request, obj, change=change, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        service, preset = self.service_of(request), self.preset_of(request)
        initial: dict[str, Any] = {"time_zone": service.time_zone, "currency": service.currency, "name": service.label}
        if preset:
            declared = {option.name: option for option in service.options}
            initial |= {"base_url": preset.base_url, "environment": preset.environment}
            initial["name"] = " ".join(dict.fromkeys((service.label, preset.label)))
            initial |= {
                OPTION + name: shown_option(declared[name], value)
                for name, value in preset.options.items()
                if name in declared
            }
        return initial

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What happens first, then what is set once; of the options those of a group are folded away."""
        edits = self.may_edit(request, obj)
        return [
            *(self.happening() if obj else ()),
            ("Connection", {"fields": VendorForm.Meta.fields}),
            *(self.secrets_asked(self.service_of(request, obj)) if edits else ()),
            *(self.secrets_kept(request) if obj else ()),
            # Whoever only looks gets the stored values as text; the generated fields exist in the form alone.
            *(
                self.options_asked(self.service_of(request, obj), new=obj is None)
                if edits
                else [related("Options", "options_table")]
            ),
        ]

    @staticmethod
    def happening() -> list[Any]:
        stand = ("How it stands", {"fields": ("state_shown", "success_shown"), "classes": ["hub-facts"]})
        return [stand, related("Flows", "schedules_table"), related("Last runs", "runs_table")]

    @staticmethod
    def secrets_asked(service: Any) -> list[Any]:
        fields = [*(SECRET + secret.name for secret in service.secrets), UNTESTED]
        told = "Tried at the vendor first; encrypted when saved and never shown again."
        return [("Secrets", {"fields": fields, "description": told})] if service.secrets else []

    @staticmethod
    def secrets_kept(request: HttpRequest) -> list[Any]:
        may = request.user.has_perm("integrations.view_token")
        return [related("Stored secrets", "tokens_table")] if may else []

    @staticmethod
    def options_asked(service: Any, *, new: bool) -> list[Any]:
        groups: dict[str, list[Any]] = {}
        for option in service.options:
            groups.setdefault(option.group, []).append(option)
        return [
            (
                group or "Options",
                {
                    "fields": [OPTION + option.name for option in options],
                    "classes": ["collapse"] if group and not (new and any(map(must_be_filled, options))) else [],
                },
            )
            for group, options in groups.items()
        ]

    def may_edit(self, request: HttpRequest, obj: Any) -> bool:
        return self.has_change_permission(request, obj) if obj else self.has_add_permission(request)

    def save_model(self, request: HttpRequest, obj: Vendor, form: Any, change: bool) -> None:
        from integrations import connecting, connection, renewal, schedules, vault
        from integrations.webhooks import addresses

        leading = {option.name for option in form.service.options if option.leads}
        sensitive = {"base_url", "writes"} & set(form.changed_data) or form.dropped or leading & set(form.altered)
        if sensitive or any(form.cleaned_data.get(SECRET + secret.name) for secret in form.service.secrets):
            stepup.demand(request)
        # Name only what the form holds: a run may write how the connection stands at this moment.
        obj.save(update_fields=[*VendorForm.Meta.fields, "kind", "options", "confirmed"] if change else None)
        renewal.drop(obj)
        if change:
            connecting.read_anew(obj, form.altered)
        for token in Token.objects.filter(vendor=obj, name__in=form.dropped, active=True):
            vault.revoke(token, request.user)  # type: ignore[arg-type]
        for secret in form.service.secrets:
            value = form.cleaned_data.get(SECRET + secret.name)
            if value:
                token = vault.set_secret(obj, secret.name, value, user=request.user)  # type: ignore[arg-type]
                if ending := ends_soon(token):
                    messages.warning(request, ending)
        if form.unresolved:
            messages.warning(request, f"Saved, but the address leads nowhere just now: {form.unresolved}")
        if form.verdict is not None and form.verdict.ok:
            connection.answered(obj)
        elif form.verdict is not None:
            messages.warning(request, f"Stored without a test: {form.verdict.message} {form.verdict.cure}".strip())
        schedules.ensure(obj)
        addresses.ensure(obj)

    def response_add(self, request: HttpRequest, obj: Vendor, post_url_continue: str | None = None) -> HttpResponse:
        """On its own page, where the connection test is the next thing to press."""
        if "_addanother" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        verdict = getattr(request, "hub_verdict", None)
        next_step = "The vendor takes what was pasted." if verdict and verdict.ok else "Test the connection next."
        messages.success(request, f"{obj} is stored. {next_step}")
        return self.back(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Orders and products point at it, and history must stay; switch it off instead.
        return False

    # The page.

    def get_object(self, request: HttpRequest, object_id: Any, from_field: str | None = None) -> Any:
        """Read once a request, with its secrets' names: the page, its form and its tables all ask for it."""
        kept = getattr(request, "hub_vendor", None)
        if kept is None or str(kept.pk) != str(object_id):
            kept = super().get_object(request, object_id, from_field)
            if kept is not None:
                kept.kept_tokens = list(kept.tokens.select_related("created_by").defer("ciphertext")[:100])
            request.hub_vendor = kept  # type: ignore[attr-defined]
        return kept

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        vendor = self.get_object(request, object_id)
        context: dict[str, Any] = {**(extra_context or {}), "addresses": settings.HUB_EGRESS_ADDRESSES}
        if isinstance(vendor, Vendor) and vendor.kind in services():
            service = services()[vendor.kind]
            flows = dict(service.flows)
            context["flows"] = [(name, flow.title) for name, flow in flows.items() if usable(vendor, flows, name)]
            context["unproven"] = unproven(service, vendor)
            context["to_try"] = flows_to_try(service)
            context["has_stores"] = service.stores is not None
            context["store_tools"] = service.stores.tools(vendor.account) if service.stores else ()
            context["modes"] = SyncRun.Mode.choices
            if request.user.has_perm("integrations.view_command"):
                context["board"] = next(iter(switchboard([vendor])), None)
                context["may_decide"] = request.user.has_perm("integrations.change_command")
                context |= {"may_set_modes": may_set_modes(request), "write_modes": Vendor.Writes.choices}
            held = [token for token in getattr(vendor, "kept_tokens", ()) if token.active]
            context["warnings"] = [
                text for token in held for text in (token.warned, ends_soon(token)) if text
            ] + vendor.ends_soon
        elif isinstance(vendor, Vendor):
            messages.error(
                request, f"This hub has no vendor folder “{vendor.kind}” any more: put it back to use this connection."
            )
            return HttpResponseRedirect(reverse("admin:integrations_vendor_changelist"))
        return super().change_view(request, object_id, form_url, context)

    @admin.action(description="Sync now", permissions=["run"])
    def sync_now(self, request: HttpRequest, queryset: Any) -> None:
        for vendor in queryset:
            queue(request, vendor)

    # Cells.

    @admin.display(description="system", ordering="kind")
    def kind_shown(self, row: Vendor) -> str:
        service = services().get(row.kind)
        return service.label if service else row.kind

    @admin.display(description="state", ordering="state")
    def state_shown(self, row: Vendor) -> Any:
        text = f"{row.get_state_display()}: {row.state_reason}" if row.state_reason else row.get_state_display()
        return badge(text, TONES.get(row.state, ""))

    @admin.display(description="last success", ordering="last_ok_at")
    def success(self, row: Vendor) -> Any:
        return age(row.last_ok_at)

    @admin.display(description="last success")
    def success_shown(self, row: Vendor) -> Any:
        return when(row.last_ok_at)

    @admin.display(description="options")
    def options_table(self, row: Vendor) -> Any:
        declared = service_class(row.kind).options
        return table(("Option", "Value"), [(o.label, option_text(o, row.options)) for o in declared])

    @admin.display(description="secrets")
    def tokens_table(self, row: Vendor) -> Any:
        return table(
            ("Secret", "Ends in", "Stored", "By", "Last used", "Expires", "State"),
            [
                (
                    token.title, f"…{token.last_four}" if token.last_four else "–", age(token.created_at),
                    "the hub" if token.fetched else token.created_by or "–", age(token.last_used_at),
                    badge(age(token.expires_at), "bad") if ends_soon(token) else age(token.expires_at),
                    "in use" if token.active else "replaced",
                )
                for token in getattr(row, "kept_tokens", ())[:20]
            ],
        )  # fmt: skip

    @admin.display(description="flows")
    def schedules_table(self, row: Vendor) -> Any:
        flows = service_class(row.kind).flows
        return table(
            ("Flow", "On", "Last good run", "Next", "Failures"),
            [
                (
                    link(item, item.title),
                    switched(row, item, flows[item.flow].proven if item.flow in flows else True),
                    age(item.last_ok_at),
                    age(item.due_at) if item.enabled else "–",
                    item.failures,
                )
                for item in row.schedules.all()
            ],
        )

    @admin.display(description="runs")
    def runs_table(self, row: Vendor) -> Any:
        runs = row.runs.defer("position", "cursor_before", "cursor_after")[:10]
        return table(
            ("Run", "Started", "State", "Seen", "New", "Changed", "Rejected", "Error"),
            [
                (run_link(run.pk, run.flow.replace("_", " ").capitalize()), age(run.started_at),
                 badge(run.get_state_display(), RUN_TONES.get(run.state, "")),
                 run.seen, run.created, run.updated, run.rejected, run.error[:120])
                for run in runs
            ],
        )  # fmt: skip


def must_be_filled(option: Any) -> bool:
    return option.required and option.default in ("", None)


def related(title: str, field: str) -> Any:
    return (title, {"fields": [field], "classes": ["hub-related"]})


def switched(vendor: Vendor, schedule: Any, proven: bool) -> str:
    if not proven and schedule.flow not in vendor.confirmed:
        return "off: not verified for this account"
    if schedule.lacks:
        return schedule.lacks
    return "on" if schedule.enabled else "off"


def ends_soon(token: Token) -> str:
    """What to say of a secret a person has to replace within two weeks; empty for all others."""
    if token.fetched or token.expires_at is None or token.expires_at > timezone.now() + SOON:
        return ""
    ended = token.expires_at <= timezone.now()
    day = timezone.localtime(token.expires_at).strftime("%Y-%m-%d")
    text = f"ended on {day}" if ended else f"ends on {day}"
    return f"The secret “{token.title}” {text}. Make a new one at the vendor and paste it under Secrets."
