"""Mixed into the pages where people work: what can be sent about this very row, and what was."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import JSONField, OuterRef, Subquery, TextField, Value
from django.db.models.functions import Concat, JSONObject
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.admin import UNKNOWN, age, badge, table
from config.site import vendors_on
from integrations.models import Command, CommandItem
from integrations.service import services
from integrations.verbs import Chosen

TONES = {
    "awaiting_approval": "warn", "queued": "", "sending": "warn", "working": "warn", "confirmed": "good", "refused": "bad",
    "unknown": "bad", "cancelled": "quiet",
}  # fmt: skip


def title_of(command: Command) -> str:
    """The verb as people read it, also when the kind has it no more."""
    kind = services().get(command.vendor.kind)
    verb = kind.verbs.get(command.verb) if kind else None
    return verb.title if verb else command.verb


def state_badge(command: Command) -> SafeString:
    return badge(command.get_state_display(), TONES.get(command.state, ""))


def command_link(command: Command) -> SafeString:
    return format_html(
        '<a href="{}">{}</a>', reverse("admin:integrations_command_change", args=[command.pk]), title_of(command)
    )


class Doors:
    """`doors_of` gives a page's buttons; `sent_table` its commands, newest first."""

    door: ClassVar[str] = ""

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        row = kwargs.get("obj")
        if row is not None and request.user.has_perm("integrations.change_command"):
            context["doors"] = self.doors_of(request, row)
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]
        return answer

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        row = super().get_object(request, *args, **kwargs)  # type: ignore[misc]
        if row is not None:
            row.hub_sees_commands = request.user.has_perm("integrations.view_command")
        return row

    def doors_of(self, request: HttpRequest, row: Any) -> list[tuple[str, str]]:
        """(address, title) of what can be begun here."""
        from integrations.commands import doors

        chosen = Chosen(row)
        return [
            (f"{ask_page(offer)}?{self.door}={row.pk}", offer.title)
            for offer in doors.offers([row.vendor], self.door, foreign=False)
            if not doors.refusals(offer, chosen)
        ]

    def touched(self, row: Any) -> list[Command]:
        from integrations.commands import doors, subjects

        return subjects.touching(row.vendor_id, doors.things_of(row), [(self.door, [row.pk])])

    @admin.display(description="What was sent")
    def sent_table(self, row: Any) -> SafeString:
        """Every command that touched it: what, how it went, who decided it, when."""
        sees = getattr(row, "hub_sees_commands", False)
        return table(
            ("What", "In words", "Outcome", "Number", "By", "When"),
            [
                (
                    command_link(one) if sees else title_of(one),
                    in_words(one), outcome(one), one.number or UNKNOWN, one.asked_by or "the hub", age(one.asked_at),
                )
                for one in self.touched(row)
            ],
            empty="Nothing yet.",
        )  # fmt: skip


def ask_page(offer: Any) -> str:
    return reverse("admin:integrations_command_ask", args=[offer.vendor.slug, offer.name])


def in_words(command: Command) -> str:
    words: Sequence[str] = command.words or ()
    more = f" (+{len(words) - 1})" if len(words) > 1 else ""
    return f"{command.vendor}: {words[0][:110] if words else command.about}{more}"


def outcome(command: Command) -> SafeString:
    return format_html("{} {}", state_badge(command), command.error[:120])


def last_sent(kind: str) -> Subquery:
    """The newest command about a row as an annotation, where a page has no query left for the whole list of them."""
    named = Concat(Value(f"{kind}:"), OuterRef("external_id"), output_field=TextField())
    items = CommandItem.objects.filter(vendor=OuterRef("vendor"), thing=named).order_by("-command_id")
    facts = JSONObject(pk="command_id", verb="command__verb", state="command__state", at="command__asked_at")
    return Subquery(items.values(facts=facts)[:1], output_field=JSONField())


def last_sent_shown(row: Any) -> Any:
    """The newest command, how it went and when; the way to all of them for whoever may see them."""
    facts = getattr(row, "last_sent", None)
    if not facts:
        return UNKNOWN
    kind, at = services().get(row.vendor.kind), parse_datetime(str(facts["at"]))
    verb = kind.verbs.get(facts["verb"]) if kind else None
    state = badge(Command.State(facts["state"]).label, TONES.get(facts["state"], ""))
    when = age(at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at)
    told = format_html("{} {} {}", verb.title if verb else facts["verb"], state, when)
    if not getattr(row, "hub_sees_commands", False):
        return told
    asked = urlencode({"vendor__id__exact": row.vendor_id, "thing": f"{row._meta.model_name}:{row.external_id}"})
    return format_html('{} <a href="{}?{}">all</a>', told, reverse("admin:integrations_command_changelist"), asked)


class OrderDoors(Doors):
    """On an order: what its own vendor takes for its lines, and what can be bought for them elsewhere."""

    door = "line"

    def doors_of(self, request: HttpRequest, row: Any) -> list[tuple[str, str]]:
        from integrations.commands import doors

        lines, whole = doors.lines_of(row), Chosen(row)
        found = [
            (f"{ask_page(offer)}?order={row.pk}", offer.title)
            for offer in doors.offers([row.vendor], "order", foreign=False)
            if not doors.refusals(offer, whole)
        ]
        found += [
            (reverse("admin:integrations_command_lines", args=[row.pk, offer.name]), offer.title)
            for offer in doors.offers([row.vendor], "line", foreign=False)
            if any(not doors.refusals(offer, Chosen(line, line.quantity)) for line in lines)
        ]
        others = [vendor for vendor in vendors_on(request) if vendor.pk != row.vendor_id]
        if row.direction == row.Direction.SALE and doors.offers(others, "line", foreign=True):
            found.append((reverse("admin:integrations_command_buy", args=[row.pk]), "Buy at a supplier"))
        return found

    def touched(self, row: Any) -> list[Command]:
        from integrations.commands import doors, subjects

        lines = doors.lines_of(row)
        packages = self.packages_of(row)
        rows = [("order", [row.pk]), ("line", [line.pk for line in lines]), ("package", [one.pk for one in packages])]
        return subjects.touching(row.vendor_id, doors.things_of(row, lines, packages), rows)

    def packages_of(self, row: Any) -> Sequence[Any]:
        return ()


class CatalogueDoors(Doors):
    """On products and variants, one by one and by the list: what any connection takes of them, with a preview that counts."""

    def doors_of(self, request: HttpRequest, row: Any) -> list[tuple[str, str]]:
        from integrations.admin.command_many import name_of
        from integrations.commands import doors

        others = [vendor for vendor in vendors_on(request) if vendor.pk != row.vendor_id]
        own = [
            (offer, offer.title)
            for offer in doors.offers([row.vendor], self.door, foreign=False)
            if offer.door.either or not doors.refusals(offer, Chosen(row))
        ]
        theirs = [(offer, f"{offer.title}: {offer.vendor}") for offer in doors.offers(others, self.door, foreign=True)]
        return [
            (f"{many_page(self.door)}?{urlencode({'keys': row.pk, 'offer': name_of(offer)})}", title)
            for offer, title in own + theirs
        ]

    @admin.action(description="Send to a vendor: publish, on or off sale, price and stock", permissions=["send"])
    def send_chosen(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        keys = ",".join(str(key) for key in queryset.order_by("pk").values_list("pk", flat=True))
        asked = {"keys": keys, "list": request.GET.urlencode()}
        return HttpResponseRedirect(f"{many_page(self.door)}?{urlencode(asked)}")

    def has_send_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("integrations.change_command"))


def many_page(on: str) -> str:
    return reverse("admin:integrations_command_many", args=[on])
