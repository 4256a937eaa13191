"""IP addresses in the admin: who may reach it, who may post, what vendors have registered as ours, and who was turned away."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import DatabaseError, connection, models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode

from config.addresses import caller
from config.admin import HubAdmin, age, badge, when
from config.admin.rows import why
from config.stepup import FreshForms, demand
from integrations import allowlist
from integrations.admin.egress import EgressView
from integrations.admin.records import RecordAdmin
from integrations.models import AllowedNetwork, Blocked

ADMIN = AllowedNetwork.Purpose.ADMIN
OPEN = "Nothing is listed for the admin any more: it is open to every address."


class NetworkForm(forms.ModelForm):
    caller: Any = None  # the address of whoever fills it in
    force = forms.BooleanField(
        label="Even if it locks me out",
        required=False,
        help_text="Saves it although you could not come back from where you are. "
        "Then only another listed address, or manage.py allow_ip on the server, opens the admin again.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("network", "purpose"):
            if name in self.fields and name not in cleaned:
                return cleaned
        row = AllowedNetwork(pk=self.instance.pk)
        for name in ("purpose", "network", "active", "expires_at"):
            setattr(row, name, cleaned.get(name, getattr(self.instance, name)))
        was_admin = bool(self.instance.pk) and self.initial.get("purpose") == ADMIN
        if (row.purpose == ADMIN or was_admin) and not cleaned.get("force"):
            if connection.in_atomic_block:  # as where it is saved
                allowlist.hold()
            after = allowlist.with_change([row])
            reason = allowlist.locks_out(self.caller, after) or allowlist.shuts_later(after)
            if reason:
                self.add_error(None, reason)
        return cleaned


@admin.register(AllowedNetwork)
class AllowedNetworkAdmin(EgressView, FreshForms, HubAdmin):
    form = NetworkForm
    list_display = ("network", "purpose_shown", "vendor", "state", "expires", "note", "changed", "changed_by")
    list_filter = ("purpose", "vendor", "active")
    list_select_related = ("vendor",)
    page_related = ("vendor",)
    search_fields = ("network", "note")
    actions = ("switch_off",)
    change_list_template = "admin/integrations/networks.html"
    readonly_fields = ("entered", "last_changed")
    fields = ("purpose", "network", "vendor", "note", "active", "expires_at", "force", "entered", "last_changed")
    # One field with its label, in place of Django's two without.
    formfield_overrides: ClassVar[dict[Any, Any]] = {
        models.DateTimeField: {
            "form_class": forms.DateTimeField,
            "widget": forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        }
    }

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        made = super().get_form(request, obj, change=change, **kwargs)
        return type("NetworkForm", (made,), {"caller": caller(request)})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        stored = ("entered", "last_changed")
        return [name for name in self.fields if (obj or name not in stored) and (may or name != "force")]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Who let whom in, and when, stays; an entry is switched off instead.
        return False

    def save_model(self, request: HttpRequest, obj: AllowedNetwork, form: Any, change: bool) -> None:
        was_open = not allowlist.read().closed
        obj.changed_by = request.user.get_username()
        if not change:
            obj.created_by = obj.changed_by
        super().save_model(request, obj, form, change)
        if was_open and obj.purpose == ADMIN and obj.active:
            messages.warning(request, "The admin is closed to every address that is not listed from now on.")
        elif not was_open and not allowlist.read().closed:
            messages.warning(request, OPEN)

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[AllowedNetwork]) -> None:
        """All of them or none: what stays in force is judged with all of them off, while nobody else changes the list."""
        demand(request)
        try:
            with transaction.atomic():
                allowlist.hold()
                rows = list(AllowedNetwork.objects.filter(pk__in=queryset.values("pk"), active=True))
                for row in rows:
                    row.active, row.changed_by = False, request.user.get_username()
                self.refuse_lock_out(request, rows)
                for row in rows:
                    row.save(update_fields=["active", "changed_by", "changed_at"])
                    self.log_change(request, row, "Switched off.")
        except (forms.ValidationError, DatabaseError) as wrong:
            reason = wrong.messages[0] if isinstance(wrong, forms.ValidationError) else why(wrong)
            self.message_user(request, f"Nothing was changed. {reason}", messages.ERROR)
            return
        self.message_user(request, f"{len(rows)} switched off.")
        if any(row.purpose == ADMIN for row in rows) and not allowlist.read().closed:
            self.message_user(request, OPEN, messages.WARNING)

    @staticmethod
    def refuse_lock_out(request: HttpRequest, rows: list[AllowedNetwork]) -> None:
        """Raises ValidationError where whoever does it, or one day everybody, could not come in any more."""
        if any(row.purpose == ADMIN for row in rows):
            after = allowlist.with_change(rows)
            reason = allowlist.locks_out(caller(request), after) or allowlist.shuts_later(after)
            if reason:
                raise forms.ValidationError(reason)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        forwarded = "HTTP_X_FORWARDED_FOR" in request.META and not settings.HUB_TRUSTED_PROXIES
        context = {"open_to_all": not allowlist.rules().closed, "yours": caller(request), "forwarded": forwarded}
        return super().changelist_view(request, context | (extra_context or {}))

    # Cells.

    @admin.display(description="purpose", ordering="purpose")
    def purpose_shown(self, row: AllowedNetwork) -> str:
        return row.get_purpose_display()

    @admin.display(description="state", ordering="active")
    def state(self, row: AllowedNetwork) -> Any:
        if not row.active:
            return badge("off")
        ended = row.expires_at is not None and row.expires_at <= timezone.now()
        return badge("expired", "warn") if ended else badge("in force", "good")

    @admin.display(description="expires", ordering="expires_at")
    def expires(self, row: AllowedNetwork) -> Any:
        return age(row.expires_at)

    @admin.display(description="changed", ordering="changed_at")
    def changed(self, row: AllowedNetwork) -> Any:
        return age(row.changed_at)

    @admin.display(description="entered")
    def entered(self, row: AllowedNetwork) -> Any:
        return format_html("{} by {}", when(row.created_at), row.created_by or "–")

    @admin.display(description="last changed")
    def last_changed(self, row: AllowedNetwork) -> Any:
        return format_html("{} by {}", when(row.changed_at), row.changed_by or "–")


@admin.register(Blocked)
class BlockedAdmin(RecordAdmin):
    """Read-only; the way to let one in leads to the form, filled in."""

    list_display = ("address", "times", "path", "first", "last", "let_in")
    list_filter = ()
    list_select_related = ()
    page_related = ()
    search_fields = ("address",)
    keyset = "last_at"
    extra = ("let_in",)
    hidden = ("minute", "of_minute")

    @admin.display(description="first", ordering="first_at")
    def first(self, row: Blocked) -> Any:
        return age(row.first_at)

    @admin.display(description="last", ordering="last_at")
    def last(self, row: Blocked) -> Any:
        return age(row.last_at)

    @admin.display(description="let in")
    def let_in(self, row: Blocked) -> Any:
        if row.address == "unknown":
            return "–"
        asked = urlencode({"purpose": ADMIN, "network": row.address})
        return format_html(
            '<a href="{}?{}">Let {} in</a>', reverse("admin:integrations_allowednetwork_add"), asked, row.address
        )
