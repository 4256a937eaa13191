"""What vendors post: our addresses, the inbox, and from where they may."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from config import stepup
from config.admin import DateRange, HubAdmin, age, badge, fold, link, outside, table, when
from config.admin.mirror import readable
from config.admin.rows import Done, row_by_row
from config.afterwards import after_commit
from integrations.admin.asked import run_link
from integrations.admin.records import RecordAdmin
from integrations.models import Callback, WebhookDelivery
from integrations.vault import VaultError

TONES = {"done": "good", "failed": "bad", "waiting": "warn", "reading": "warn"}
VERIFIED = {None: ("not checked", ""), True: ("good", "good"), False: ("not good", "bad")}
SHOWN = 20_000  # letters of a body
NOT_SET = (
    "Set HUB_PUBLIC_URL, the address vendors reach this hub by, and restart; then the whole address is shown here."
)


def signature_cell(row: WebhookDelivery) -> Any:
    return badge(*VERIFIED[row.verified])


def run_of(row: WebhookDelivery) -> Any:
    return run_link(row.run_id, row.flow or "run") if row.run_id else "–"


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(RecordAdmin):
    list_display = ("event", "vendor", "external_id", "signature", "state_shown", "caused", "source", "received")
    list_filter = ("vendor", "state", "verified", "source", ("received_at", DateRange))
    list_defer = ("body", "headers", "external_ids", "note")
    page_related = ("vendor", "callback__vendor")
    search_fields = ("event", "external_id")
    keyset = "received_at"
    actions = ("replay",)
    extra = ("state_shown", "signature", "caused", "body_shown")
    hidden: ClassVar[tuple[str, ...]] = (
        "state",
        "verified",
        "body",
        "digest",
        "once",
        "trouble",
        "claim",
        "run",
        "not_before",
    )

    @admin.action(description="Read again", permissions=["run"])
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        from integrations import tasks
        from integrations.webhooks import reading

        def replayed(delivery: WebhookDelivery) -> Done:
            reading.replay(delivery)
            after_commit(tasks.read_news.apply_async, (delivery.vendor_id,), queue="live")
            return Done()

        rows = list(queryset.defer("body", "headers"))
        about = [row for row in rows if row.flow or row.trouble or row.claim]
        again = len(row_by_row(self, request, about, replayed))
        if again:
            self.message_user(request, f"{again} will be read from the vendor again. Their runs are linked here soon.")
        if len(about) < len(rows):
            self.message_user(request, "Deliveries that are about no flow were left alone.", messages.WARNING)

    @admin.display(description="signature", ordering="verified")
    def signature(self, row: WebhookDelivery) -> Any:
        return signature_cell(row)

    @admin.display(description="state", ordering="state")
    def state_shown(self, row: WebhookDelivery) -> Any:
        return badge(row.get_state_display(), TONES.get(row.state, ""))

    @admin.display(description="caused")
    def caused(self, row: WebhookDelivery) -> Any:
        return run_of(row)

    @admin.display(description="received", ordering="received_at")
    def received(self, row: WebhookDelivery) -> Any:
        return age(row.received_at)

    @admin.display(description="body")
    def body_shown(self, row: WebhookDelivery) -> Any:
        return fold(readable(bytes(row.body[:SHOWN]).decode(errors="replace")))


class CallbackForm(forms.ModelForm):
    new_key = forms.CharField(
        label="Key of its own",
        required=False,
        strip=True,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text="Where the vendor gave one to sign with, or asks for one. Encrypted, never shown; the one before is good for a day.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "mode" in self.fields and signature_of(self.instance) is None:
            self.fields["mode"].disabled = True
            self.fields["mode"].help_text = "This vendor declares no signature for this address."
        why = lacks_of(self.instance)
        if "active" in self.fields and why and not self.instance.active:
            self.fields["active"].disabled, self.fields["active"].help_text = True, why


@admin.register(Callback)
class CallbackAdmin(HubAdmin):
    """Where a vendor posts to. Whoever may change it sees the secret path, since it has to be given to the vendor."""

    form = CallbackForm
    list_display = ("named", "vendor", "active", "mode", "last", "refused", "trouble_shown", "tended")
    list_filter = ("vendor", "active", "mode", ("trouble", admin.EmptyFieldListFilter))
    list_select_related = ("vendor",)
    page_related = ("vendor",)
    search_fields = ("hook", "vendor__name")
    ordering = ("vendor__name", "hook")
    actions = ("replace_address", "look_after")
    fields = (
        "vendor", "named", "help_shown", "address_shown", "public_key_shown", "active", "mode", "new_key", "last_shown",
        "refused_shown", "trouble_shown", "tended_shown", "deliveries_table",
    )  # fmt: skip
    readonly_fields = (
        "vendor", "named", "help_shown", "address_shown", "public_key_shown", "last_shown", "refused_shown",
        "trouble_shown", "tended_shown", "deliveries_table",
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        hook = hook_of(obj) if obj else None
        pair = bool(hook and hook.key == "pair")
        without = {"new_key"} if pair or not (hook and (hook.signature or hook.key)) else set()
        without |= set() if pair else {"public_key_shown"}
        without |= set() if self.has_change_permission(request, obj) else {"new_key", "address_shown"}
        return [name for name in self.fields if name not in without]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Callback]:
        own = WebhookDelivery.objects.filter(vendor=OuterRef("vendor"), callback=OuterRef("pk"))
        newest = own.order_by("-received_at", "-pk").values("received_at")[:1]
        return super().get_queryset(request).annotate(last_at=Subquery(newest))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Callback, form: Any, change: bool) -> None:
        from integrations.webhooks import addresses

        key = form.cleaned_data.get("new_key")
        if key or {"mode", "active"} & set(form.changed_data):  # what may come in, and how it is checked
            stepup.demand(request)
        hook = hook_of(obj)
        if "active" in form.changed_data and hook and hook.tended:
            obj.tend_at = timezone.now()
        obj.save(update_fields=["active", "mode", "tend_at"])
        if obj.active and hook and hook.key == "pair":
            addresses.make_pair(obj, request.user)  # type: ignore[arg-type]
        if key:
            addresses.set_key(obj, key, request.user)  # type: ignore[arg-type]

    @admin.action(description="Replace the address", permissions=["change"])
    def replace_address(self, request: HttpRequest, queryset: QuerySet[Callback]) -> None:
        from integrations.webhooks import addresses

        stepup.demand(request)

        def replaced(callback: Callback) -> Done:
            addresses.replace(callback, request.user)  # type: ignore[arg-type]
            hook = addresses.declared(callback)
            tells = hook and hook.tended and callback.active
            who = "The hub tells the vendor" if tells else "Give the new one to the vendor"
            text = f"{callback} has a new address. The old one is good for a day. {who}."
            return Done(text, "Replaced the address.")

        row_by_row(self, request, queryset, replaced)

    @admin.action(description="Look after it now", permissions=["change"])
    def look_after(self, request: HttpRequest, queryset: QuerySet[Callback]) -> None:
        asked = queryset.count()
        due = Callback.objects.filter(pk__in=queryset.values("pk"), active=True).update(tend_at=timezone.now())
        if due:
            text = "Within half a minute the vendor's side of {} is looked at; what was done is told here."
            self.message_user(request, text.format(due))
        if due < asked:
            self.message_user(request, f"{asked - due} switched off: left alone.", messages.WARNING)

    @admin.display(description="hook", ordering="hook")
    def named(self, row: Callback) -> str:
        hook = hook_of(row)
        return hook.title if hook else row.hook

    @admin.display(description="what for")
    def help_shown(self, row: Callback) -> str:
        hook = hook_of(row)
        parts = [hook.help, hook.signature.help if hook.signature else ""] if hook else []
        return " ".join(filter(None, parts)) or "–"

    @admin.display(description="address")
    def address_shown(self, row: Callback) -> Any:
        from integrations.webhooks import addresses

        try:
            path = addresses.path_of(row)
        except VaultError as error:
            return str(error)
        whole = addresses.url_of(row)
        return outside(whole) if whole else format_html("{}<br>{}", path, NOT_SET)

    @admin.display(description="public key")
    def public_key_shown(self, row: Callback) -> Any:
        from integrations.webhooks import addresses

        try:
            return fold(addresses.public_key(row) or "Made when the address is switched on.")
        except VaultError as error:
            return str(error)

    @admin.display(description="last delivery")
    def last(self, row: Callback) -> Any:
        return age(getattr(row, "last_at", None))

    @admin.display(description="last delivery")
    def last_shown(self, row: Callback) -> Any:
        return when(getattr(row, "last_at", None))

    @admin.display(description="refused")
    def refused_shown(self, row: Callback) -> Any:
        if not row.refused:
            return "none"
        return format_html("{}, the last {}: {}", row.refused, age(row.refused_at), row.refused_why)

    @admin.display(description="trouble")
    def trouble_shown(self, row: Callback) -> Any:
        return badge(row.trouble, "bad") if row.trouble else "–"

    @admin.display(description="looked after", ordering="tended_at")
    def tended(self, row: Callback) -> Any:
        return age(row.tended_at)

    @admin.display(description="looked after")
    def tended_shown(self, row: Callback) -> Any:
        hook = hook_of(row)
        if hook is None or not hook.tended:
            return "not by the hub: give the address to the vendor yourself"
        return format_html("{} {}", when(row.tended_at), row.told)

    @admin.display(description="last deliveries")
    def deliveries_table(self, row: Callback) -> Any:
        newest = row.deliveries.defer("body", "headers", "external_ids")[:10]
        return table(
            ("Delivery", "Signature", "State", "Received"),
            [(link(d), signature_cell(d), badge(d.get_state_display(), TONES.get(d.state, "")), age(d.received_at))
             for d in newest],
        )  # fmt: skip


def hook_of(row: Callback) -> Any:
    from integrations.webhooks import addresses

    return addresses.declared(row)


def lacks_of(row: Callback) -> str:
    from integrations.webhooks import addresses

    return addresses.lacks(row) if row.pk else ""


def signature_of(row: Callback) -> Any:
    hook = hook_of(row) if row.pk else None
    return hook.signature if hook else None
