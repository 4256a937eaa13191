"""Connecting a vendor: the form its kind declares, the connection test, "sync now" and what an admin vouches for."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.dateparse import parse_duration
from django.utils.text import slugify

from config.admin import HubAdmin, age, badge, link, table, when
from integrations.models import Token, Trigger, Vendor
from integrations.service import Option, Preset, Secret, VendorService, service_class, services

TONES = {"active": "good", "needs_auth": "bad", "blocked": "bad", "paused": "warn"}
OPTION, SECRET = "option_", "secret_"


def field_of(option: Option) -> forms.Field:
    """The form field of a declared option."""
    help_text = option.help if option.proven else f"{option.help} Not verified: no document states it.".strip()
    common: dict[str, Any] = {"label": option.label, "required": option.required, "help_text": help_text}
    if option.kind == "bool":
        return forms.BooleanField(**{**common, "required": False})
    if option.kind == "int":
        return forms.IntegerField(min_value=option.least, max_value=option.most, **common)
    if option.kind == "decimal":
        return forms.DecimalField(min_value=option.least, max_value=option.most, **common)
    if option.kind == "duration":
        return forms.DurationField(**common)
    if option.kind == "json":
        return forms.JSONField(**common)
    if option.kind == "choice":
        blank = () if option.required else (("", "—"),)
        return forms.ChoiceField(choices=(*blank, *option.choices), **common)
    if option.kind == "url":
        return forms.URLField(assume_scheme="https", **common)
    return forms.CharField(**common)


def shown_option(option: Option, value: Any) -> Any:
    """A stored option as its field wants it at first."""
    if value in (None, ""):
        value = option.default
    if option.kind == "duration" and isinstance(value, str):
        return parse_duration(value)
    return value


def stored_option(value: Any) -> Any:
    """A cleaned option as JSON."""
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, Decimal):
        return str(value)
    return value


def secret_field(secret: Secret, token: Token | None, asked: bool) -> forms.Field:
    """Write-only: never rendered with a value; what is stored is told by its last four and its age."""
    stored = ""
    if token is not None:
        stored = f" Stored: …{token.last_four}, {age(token.created_at)}. Leave empty to keep it."
    return forms.CharField(
        label=secret.label,
        required=secret.required and asked and token is None,
        help_text=f"{secret.help}{stored}".strip(),
        strip=True,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
    )


class VendorForm(forms.ModelForm):
    service: type[VendorService]

    class Meta:
        model = Vendor
        fields = ("name", "slug", "environment", "base_url", "enabled", "writes", "time_zone", "currency")

    def clean_slug(self) -> str:
        slug = self.cleaned_data.get("slug") or slugify(self.cleaned_data.get("name", ""))[:60]
        if not slug:
            raise forms.ValidationError("Give a short name of letters and digits: the name has none to make it from.")
        if Vendor.objects.filter(slug=slug).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(f"“{slug}” is taken by another connection.")
        return slug

    def clean_base_url(self) -> str:
        url = str(self.cleaned_data["base_url"])
        if not url.startswith(("https://", "http://")):
            raise forms.ValidationError(
                "Begin with https:// (or http:// for a simulator): vendors are called over HTTP."
            )
        return url

    def save(self, commit: bool = True) -> Any:
        given = {option.name: stored_option(self.cleaned_data[OPTION + option.name]) for option in self.service.options}
        self.instance.options = {**self.instance.options, **given}
        self.instance.kind = self.service.kind
        return super().save(commit)


def form_for(service: type[VendorService], vendor: Vendor | None) -> type[VendorForm]:
    """The form of one kind, and of one connection of it when it is stored already."""
    tokens = {token.name: token for token in getattr(vendor, "kept_tokens", ()) if token.active}
    values = vendor.options if vendor else {}
    fields: dict[str, Any] = {
        "slug": forms.SlugField(
            label="short name",
            required=False,
            max_length=60,
            help_text="Names this connection on the command line; made from the name when empty.",
        )
    }
    for option in service.options:
        fields[OPTION + option.name] = field_of(option)
        fields[OPTION + option.name].initial = shown_option(option, values.get(option.name))
    for secret in service.secrets:
        fields[SECRET + secret.name] = secret_field(secret, tokens.get(secret.name), asked=True)
    return type("VendorForm", (VendorForm,), {**fields, "service": service})


@admin.register(Vendor)
class VendorAdmin(HubAdmin):
    list_display = ("name", "kind_shown", "environment", "state_shown", "enabled", "writes", "success")
    list_filter = ("state", "enabled", "environment")
    list_defer = ("options",)
    search_fields = ("name", "slug", "base_url")
    change_form_template = "admin/integrations/vendor_form.html"
    actions = ("sync_now",)
    readonly_fields = ("state_shown", "success_shown", "tokens_table", "schedules_table", "runs_table")

    # The two steps of adding one.

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.GET.get("kind") not in services():
            return self.choose(request)
        return super().add_view(request, form_url, {"title": f"Connect {self.service_of(request).label}"})

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
            initial |= {"base_url": preset.base_url, "environment": preset.environment, "name": preset.label}
            initial |= {
                OPTION + name: shown_option(declared[name], value)
                for name, value in preset.options.items()
                if name in declared
            }
        return initial

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        service = self.service_of(request, obj)
        sets: list[Any] = []
        if obj:
            sets.append(("How it stands", {"fields": ("state_shown", "success_shown"), "classes": ["hub-facts"]}))
        sets.append(("Connection", {"fields": VendorForm.Meta.fields}))
        if service.secrets:
            sets.append(
                (
                    "Secrets",
                    {
                        "fields": [SECRET + secret.name for secret in service.secrets],
                        "description": "Encrypted when saved and never shown again.",
                    },
                )
            )
        groups: dict[str, list[str]] = {}
        for option in service.options:
            groups.setdefault(option.group, []).append(OPTION + option.name)
        sets += [(group or "Options", {"fields": names}) for group, names in groups.items()]
        if obj:
            sets += [
                (title, {"fields": [name], "classes": ["hub-related"]})
                for title, name in (
                    ("Flows", "schedules_table"),
                    ("Last runs", "runs_table"),
                    ("Stored secrets", "tokens_table"),
                )
            ]
        return sets

    def save_model(self, request: HttpRequest, obj: Vendor, form: Any, change: bool) -> None:
        from integrations import schedules, vault

        super().save_model(request, obj, form, change)
        for secret in form.service.secrets:
            value = form.cleaned_data.get(SECRET + secret.name)
            if value:
                vault.set_secret(obj, secret.name, value, user=request.user if request.user.is_authenticated else None)
        schedules.ensure(obj)

    def response_add(self, request: HttpRequest, obj: Vendor, post_url_continue: str | None = None) -> HttpResponse:
        """On its own page, where the connection test is the next thing to press."""
        if "_addanother" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        messages.success(request, f"{obj} is stored. Test the connection next.")
        return self.back(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Orders and products point at it, and history must stay; switch it off instead.
        return False

    # The page and its buttons.

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/test/", view(self.test_view), name="integrations_vendor_test"),
            path("<int:pk>/sync/", view(self.sync_view), name="integrations_vendor_sync"),
            path("<int:pk>/confirm/", view(self.confirm_view), name="integrations_vendor_confirm"),
            *super().get_urls(),
        ]

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
        context: dict[str, Any] = {**(extra_context or {})}
        if isinstance(vendor, Vendor) and vendor.kind in services():
            flows = services()[vendor.kind].flows
            context["flows"] = [
                (name, flow.title) for name, flow in flows.items() if flow.proven or name in vendor.confirmed
            ]
            context["unproven"] = [
                (name, flow.title) for name, flow in flows.items() if not flow.proven and name not in vendor.confirmed
            ]
        elif isinstance(vendor, Vendor):
            messages.error(
                request, f"This hub has no vendor folder “{vendor.kind}” any more: put it back to use this connection."
            )
            return HttpResponseRedirect(reverse("admin:integrations_vendor_changelist"))
        return super().change_view(request, object_id, form_url, context)

    def posted(self, request: HttpRequest, pk: int) -> Vendor | HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        vendor = get_object_or_404(Vendor, pk=pk)
        if not self.has_change_permission(request, vendor):
            raise PermissionDenied
        return vendor

    def back(self, vendor: Vendor) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:integrations_vendor_change", args=[vendor.pk]))

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The one page that waits for a vendor: the operator asked whether it answers."""
        from integrations import connection

        vendor = self.posted(request, pk)
        if isinstance(vendor, HttpResponse):
            return vendor
        context = {
            **self.admin_site.each_context(request),
            "title": f"Connection test: {vendor}",
            "opts": self.opts,
            "vendor": vendor,
            "verdict": connection.probe(vendor),
            "addresses": settings.HUB_EGRESS_ADDRESSES,
        }
        return TemplateResponse(request, "admin/integrations/vendor_verdict.html", context)

    def sync_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        vendor = self.posted(request, pk)
        if isinstance(vendor, HttpResponse):
            return vendor
        flow = request.POST.get("flow", "")
        queue(request, vendor, [flow] if flow else None)
        return self.back(vendor)

    def confirm_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        vendor = self.posted(request, pk)
        if isinstance(vendor, HttpResponse):
            return vendor
        name = request.POST.get("flow", "")
        flow = service_class(vendor.kind).flows.get(name)
        if flow is None or flow.proven:
            messages.error(request, f"There is nothing to confirm under the name “{name}”.")
            return self.back(vendor)
        with transaction.atomic():
            locked = Vendor.objects.select_for_update().get(pk=vendor.pk)
            locked.confirmed = sorted({*locked.confirmed, name})
            locked.save(update_fields=["confirmed"])
        self.log_change(request, vendor, f"Confirmed the unproven flow {name}.")
        messages.success(request, f"“{flow.title}” is confirmed for this account and may now be switched on.")
        return self.back(vendor)

    @admin.action(description="Sync now", permissions=["change"])
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

    @admin.display(description="secrets")
    def tokens_table(self, row: Vendor) -> Any:
        return table(
            ("Secret", "Ends in", "Stored", "By", "Last used", "Expires", "State"),
            [
                (
                    token.name, f"…{token.last_four}", age(token.created_at), token.created_by or "–", age(token.last_used_at),
                    age(token.expires_at), "in use" if token.active else "replaced",
                )
                for token in getattr(row, "kept_tokens", ())[:20]
            ],
        )  # fmt: skip

    @admin.display(description="flows")
    def schedules_table(self, row: Vendor) -> Any:
        return table(
            ("Flow", "On", "Last good run", "Next", "Failures"),
            [
                (
                    link(item, item.flow),
                    "on" if item.enabled else "off",
                    age(item.last_ok_at),
                    age(item.due_at),
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
                (link(run, run.flow), age(run.started_at), run.get_state_display(), run.seen, run.created, run.updated, run.rejected,
                 run.error[:120])
                for run in runs
            ],
        )  # fmt: skip


def queue(request: HttpRequest, vendor: Vendor, flows: list[str] | None = None) -> None:
    """Ask for runs of these flows, or of all that are switched on; say so."""
    from integrations import tasks

    if not vendor.enabled:
        messages.error(request, f"{vendor} is switched off: enable it first.")
        return
    declared = service_class(vendor.kind).flows
    if flows is None:
        flows = list(vendor.schedules.filter(enabled=True).values_list("flow", flat=True))
    wanted = [name for name in flows if name in declared and (declared[name].proven or name in vendor.confirmed)]
    for name in wanted:
        tasks.run_flow.delay_on_commit(vendor.pk, name, Trigger.OPERATOR)  # type: ignore[attr-defined]
    if wanted:
        messages.success(request, f"Queued for {vendor}: {', '.join(wanted)}. The run log shows the outcome.")
    else:
        messages.warning(request, f"{vendor} has no flow that is switched on and confirmed: nothing was queued.")
