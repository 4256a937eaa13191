"""Tokens in the admin: all of them by when they end, and a page for each connection to replace, revoke and test its own."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html

from config import stepup
from config.admin import age, badge, table
from integrations import token_health, vault
from integrations.admin.records import RecordAdmin
from integrations.models import Token, Unread, Vendor
from integrations.service import Secret, service_class, services

SECRET_COLUMNS = ("ciphertext", "fingerprint", "last_four")
HISTORY = 20
PAST = "That day has passed: a token that has ended is no use."


def four(token: Token) -> str:
    return f"…{token.last_four}" if token.last_four else "–"


def setter(token: Token) -> str:
    return "the hub" if token.fetched else str(token.created_by or "–")


def ending(token: Token) -> Any:
    """The countdown, with a tone when it is short."""
    tone = token_health.standing(token)
    return badge(age(token.expires_at), tone[1]) if tone[0] in ("ended", "ends soon") else age(token.expires_at)


def health(token: Token) -> Any:
    unread = vault.why_unread(token) if token.active else ""
    shown = badge(*token_health.standing(token, unread))
    return format_html("{} {}", shown, unread) if unread else shown


class ReplaceForm(forms.Form):
    """The new value of one secret. It is never rendered again."""

    value = forms.CharField(
        strip=True,
        max_length=20_000,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "size": 50}),
    )
    ends = forms.DateField(
        label="Ends on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Only where the token does not say so itself: then you are told before that day.",
    )
    untested = forms.BooleanField(
        label="Store it even if the vendor cannot be asked now",
        required=False,
        help_text="For when the vendor is down. One that the vendor refuses is never stored.",
    )

    def __init__(self, secret: Secret, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"prefix": secret.name})
        self.fields["value"].label = f"New {secret.label}"
        self.fields["value"].help_text = secret.help

    def clean_ends(self) -> datetime | None:
        day = self.cleaned_data.get("ends")
        if day is None:
            return None
        end = datetime.combine(day, time.max.replace(microsecond=0), UTC)
        if end <= timezone.now():
            raise forms.ValidationError(PAST)
        return end


class TokenViews:
    """A connection's tokens: looked at with the right to see tokens, changed with the right to change them."""

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.tokens_view)  # type: ignore[attr-defined]
        return [path("<int:pk>/tokens/", view, name="integrations_vendor_tokens"), *super().get_urls()]  # type: ignore[misc]

    def tokens_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        vendor = get_object_or_404(Vendor, pk=pk)
        may = request.user.has_perm("integrations.change_token") and request.user.has_perm("integrations.change_vendor")
        if not may and not request.user.has_perm("integrations.view_token"):
            raise PermissionDenied
        if vendor.kind not in services():
            messages.error(request, f"This hub has no vendor folder “{vendor.kind}” any more: put it back first.")
            return HttpResponseRedirect(reverse("admin:integrations_vendor_changelist"))
        if may:
            stepup.demand(request)
        form = None
        if request.method == "POST":
            if not may:
                raise PermissionDenied
            if "revoke" in request.POST:
                self._revoke(request, vendor)
            else:
                form = self._replace(request, vendor)
            if form is None:
                return HttpResponseRedirect(request.path)
        return TemplateResponse(request, "admin/integrations/tokens.html", self._context(request, vendor, form, may))

    def _replace(self, request: HttpRequest, vendor: Vendor) -> ReplaceForm | None:
        """None when it is done, whatever came of it; else the form with what is wrong."""
        from integrations import replacing

        try:
            secret = replacing.declared_secret(vendor, request.POST.get("replace", ""))
        except LookupError as wrong:
            messages.error(request, str(wrong))
            return None
        form = ReplaceForm(secret, request.POST)
        if not form.is_valid():
            return form
        given = form.cleaned_data
        stored, verdict = replacing.replace(
            vendor, secret.name, given["value"], request.user, expires_at=given["ends"], untested=given["untested"],  # type: ignore[arg-type]
            noted=lambda: self.log_change(request, vendor, f"Replaced the secret {secret.name}."),  # type: ignore[attr-defined]
        )  # fmt: skip
        if not stored:
            form.add_error(None, f"Nothing was changed; the one there was stays. {verdict.message} {verdict.cure}")
            return form
        if verdict.ok:
            messages.success(
                request, f"{secret.label} is replaced. The vendor takes the new one; the old one is wiped."
            )
        else:
            messages.warning(
                request, f"{secret.label} is stored, but it was not tested: {verdict.message} {verdict.cure}"
            )
        return None

    def _revoke(self, request: HttpRequest, vendor: Vendor) -> None:
        from integrations import replacing

        key = request.POST["revoke"]
        known = Token.objects.filter(vendor=vendor, active=True).exclude(name__startswith=vault.HOOK)
        token = known.filter(pk=int(key)).first() if key.isascii() and key.isdigit() and len(key) < 19 else None
        with transaction.atomic():
            if token is None or not replacing.revoke(token, request.user):  # type: ignore[arg-type]
                messages.error(request, "That token is not in use any more.")
                return
            self.log_change(request, vendor, f"Revoked the secret {token.name}.")  # type: ignore[attr-defined]
        messages.success(request, f"{token.title} is revoked here and wiped. Take it back at the vendor, too.")

    def _context(self, request: HttpRequest, vendor: Vendor, bound: ReplaceForm | None, may: bool) -> dict[str, Any]:
        stored = vendor.tokens.exclude(name__startswith=vault.HOOK).select_related("created_by", "revoked_by", "vendor")
        tokens = {token.name: token for token in stored.filter(active=True)}
        kind = service_class(vendor.kind)
        declared = {secret.name: secret for secret in kind.secrets}
        rows = []
        for name in (*declared, *(name for name in tokens if name not in declared)):
            secret, token = declared.get(name), tokens.get(name)
            form = ReplaceForm(secret) if secret else None
            if bound is not None and secret and bound.prefix == name:
                form = bound
            rows.append({
                "name": name, "title": secret.label if secret else name, "token": token, "form": form if may else None,
                "open": form is not None and form.is_bound,
                "facts": facts(token) if token else [], "required": bool(secret and secret.required),
            })  # fmt: skip
        old = stored.filter(active=False).defer("ciphertext")[:HISTORY]
        return {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"Tokens of {vendor}", "opts": self.opts, "vendor": vendor, "rows": rows, "may": may,  # type: ignore[attr-defined]
            "unread": Unread.matters(Unread.objects.filter(vendor=vendor)),
            "may_test": request.user.has_perm("integrations.change_vendor"),
            "history": table(
                ("Token", "Last four", "Stored", "By", "Last used", "Out of use", "By"),
                [(t.title, four(t), age(t.created_at), setter(t), age(t.last_used_at), age(t.revoked_at), t.revoked_by or "the hub")
                 for t in old],
            ),
        }  # fmt: skip


def facts(token: Token) -> list[tuple[str, Any]]:
    return [
        ("Health", health(token)),
        ("Last four", four(token)),
        ("Stored", age(token.created_at)),
        ("By", setter(token)),
        ("Expires", ending(token)),
        ("Last used", age(token.last_used_at)),
        ("Last success", age(token.last_ok_at)),
        ("First refused", age(token.rejected_at)),
    ]


class EndFilter(admin.SimpleListFilter):
    title = "end"
    parameter_name = "ends"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("soon", "Within 14 days"), ("ended", "Has ended"), ("never", "Not known")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        soon = now + timedelta(days=max(token_health.BEFORE))
        wanted: dict[str, dict[str, Any]] = {
            "soon": {"expires_at__gt": now, "expires_at__lte": soon},
            "ended": {"expires_at__lte": now},
            "never": {"expires_at": None},
        }
        return queryset.filter(**wanted.get(self.value() or "", {}))


@admin.register(Token)
class TokenAdmin(RecordAdmin):
    """Every token in use, the one that ends next first. No value is here: it cannot be shown, searched or sorted by."""

    list_display = ("named", "vendor", "last_digits", "stored", "by", "expires", "used", "worked", "how")
    list_filter = ("vendor", EndFilter)
    list_select_related = ("vendor", "created_by")
    page_related = ("vendor", "created_by", "revoked_by")
    search_fields = ("name", "vendor__name")
    ordering = (F("expires_at").asc(nulls_last=True), "vendor__name", "name")
    hidden: ClassVar[tuple[str, ...]] = ("ciphertext", "fingerprint", "last_four", "name", "warned_days")
    extra = ("named", "last_digits", "how", "manage")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        if any(part in SECRET_COLUMNS for part in lookup.split("__")):
            return False
        return super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Token]:
        rows = super().get_queryset(request)
        match = request.resolver_match
        if match and (match.url_name or "").endswith("_changelist"):
            return rows.filter(active=True).exclude(name__startswith=vault.HOOK)
        return rows

    @admin.display(description="token", ordering="name")
    def named(self, row: Token) -> str:
        return row.title

    @admin.display(description="last four")
    def last_digits(self, row: Token) -> str:
        return four(row)

    @admin.display(description="stored", ordering="created_at")
    def stored(self, row: Token) -> Any:
        return age(row.created_at)

    @admin.display(description="by")
    def by(self, row: Token) -> str:
        return setter(row)

    @admin.display(description="expires", ordering="expires_at")
    def expires(self, row: Token) -> Any:
        return ending(row)

    @admin.display(description="last used", ordering="last_used_at")
    def used(self, row: Token) -> Any:
        return age(row.last_used_at)

    @admin.display(description="last success", ordering="last_ok_at")
    def worked(self, row: Token) -> Any:
        return age(row.last_ok_at)

    @admin.display(description="health")
    def how(self, row: Token) -> Any:
        return health(row)

    @admin.display(description="replace, revoke, test")
    def manage(self, row: Token) -> Any:
        url = reverse("admin:integrations_vendor_tokens", args=[row.vendor_id])
        return format_html('<a href="{}">Tokens of {}</a>', url, row.vendor)
