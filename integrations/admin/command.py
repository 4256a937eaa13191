"""What goes out: the list of commands, each one's page, and the pages where people decide (`CommandDesks`)."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join

from config.admin import DateRange, age, badge, fold, link, table, when
from config.afterwards import after_commit
from integrations.admin.command_asking import CommandAsking
from integrations.admin.command_batch import CommandBatch
from integrations.admin.command_buying import CommandBuying
from integrations.admin.command_desks import CommandDesks
from integrations.admin.command_lines import CommandLines
from integrations.admin.command_many import CommandMany
from integrations.admin.doors import state_badge, title_of
from integrations.admin.records import RecordAdmin
from integrations.models import Command, CommandItem
from integrations.service import services

ITEM_TONES = {"done": "good", "refused": "bad", "overtaken": "quiet", "waiting": ""}
SHOWN = 200  # things on a command's page
OPEN = (Command.State.AWAITING, Command.State.QUEUED, Command.State.WORKING, Command.State.UNKNOWN)
LINES = 10  # lines of words shown outright


class VerbFilter(admin.SimpleListFilter):
    """Every verb some kind declares; no look through the table for those it has."""

    title = "what"
    parameter_name = "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return sorted({(name, verb.title) for service in services().values() for name, verb in service.verbs.items()})

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(verb=self.value()) if self.value() else queryset


class ThingFilter(admin.SimpleListFilter):
    """Commands about one thing, such as variant:1400001; pages of rows lead here."""

    title = "about"
    parameter_name = "thing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        thing = request.GET.get("thing", "")[:200]
        return [(thing, thing)] if thing else []

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        thing = self.value()
        return queryset.filter(pk__in=CommandItem.objects.filter(thing=thing).values("command")) if thing else queryset


MOST_LOOKED_UP = 100  # by one press


@admin.register(Command)
class CommandAdmin(CommandLines, CommandBuying, CommandMany, CommandBatch, CommandAsking, CommandDesks, RecordAdmin):
    list_display = ("what", "vendor", "thing", "state_shown", "numbered", "why", "asked_by", "asked")
    list_filter = ("vendor", VerbFilter, "state", ThingFilter, ("asked_at", DateRange))
    list_defer = ("body", "request", "words", "answer", "story", "shown")
    search_fields = ("reference", "number", "about")
    keyset = "asked_at"
    extra = ("what", "thing", "state_shown", "says", "request_shown")
    tables = ("items_table", "story_table", "calls_table")
    folded: ClassVar[tuple[str, ...]] = ("answer",)
    hidden: ClassVar[tuple[str, ...]] = (
        "verb", "state", "body", "request", "words", "story", "owner", "fence", "lease_until", "batch", "approved", "about",
        "error_kind",
    )  # fmt: skip
    inner: ClassVar[tuple[str, ...]] = ("key",)
    scarce: ClassVar[tuple[str, ...]] = (
        "reference", "number", "error", "cure", "not_before", "sent_at", "finished_at", "looked_at", "looks", "shown", "attempts",
    )  # fmt: skip
    actions = ("look_up_chosen",)
    change_form_template = "admin/integrations/command_form.html"

    def idle(self, part: Any, row: Any) -> bool:
        """What stands above already, where something is to be decided, is not told twice."""
        told = row.state in OPEN and getattr(part, "__name__", part) in ("says", "request_shown", "error", "cure")
        return told or super().idle(part, row)

    @admin.action(description="Look up at the vendor", permissions=["change"])
    def look_up_chosen(self, request: HttpRequest, queryset: Any) -> None:
        from integrations import tasks

        lost = queryset.filter(state=Command.State.UNKNOWN).order_by("id").values_list("pk", flat=True)
        keys = [*lost[:MOST_LOOKED_UP]]
        for pk in keys:
            after_commit(tasks.look_up_command.apply_async, (pk,), queue="live")
        if keys:
            text = f"{len(keys)} will be looked up. What their vendors show stands on their pages soon."
            self.message_user(request, text)
        if left := queryset.count() - len(keys):
            text = f"{left} left alone: looked up are those whose outcome is unknown, {MOST_LOOKED_UP} at once."
            self.message_user(request, text, messages.WARNING)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if (command := kwargs.get("obj")) is not None:
            context |= {
                **self.decidable(request, command),
                "is_open": command.state in OPEN,
                "dropped": dropped(command),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="what", ordering="verb")
    def what(self, row: Command) -> str:
        return title_of(row)

    @admin.display(description="about", ordering="about")
    def thing(self, row: Command) -> str:
        return row.about.replace(":", " ", 1)

    @admin.display(description="their number", ordering="number")
    def numbered(self, row: Command) -> str:
        return row.number

    @admin.display(description="state", ordering="state")
    def state_shown(self, row: Command) -> Any:
        return state_badge(row)

    @admin.display(description="error")
    def why(self, row: Command) -> str:
        return row.error[:140]

    @admin.display(description="asked", ordering="asked_at")
    def asked(self, row: Command) -> Any:
        return age(row.asked_at)

    @admin.display(description="in words")
    def says(self, row: Command) -> Any:
        if len(row.words) > LINES:
            return fold("\n".join(row.words), f"{row.words[0]}, and {len(row.words) - 1} more")
        return format_html_join("", "<div>{}</div>", ((word,) for word in row.words)) or "–"

    @admin.display(description="the exact request")
    def request_shown(self, row: Command) -> Any:
        return fold(row.request)

    @admin.display(description="What it changes")
    def items_table(self, row: Command) -> Any:
        items = row.items.all()[:SHOWN]
        lost = {"waiting": "Not known"} if row.state == Command.State.UNKNOWN else {}
        rows = [
            (
                i.thing.replace(":", " ", 1),
                badge(lost.get(i.state) or i.get_state_display(), ITEM_TONES[i.state]),
                i.told or "–",
            )
            for i in items
        ]
        return table(("Thing", "State", "Told"), rows)

    @admin.display(description="What happened to it")
    def story_table(self, row: Command) -> Any:
        rows = [(when(datetime.fromisoformat(s["at"])), s["by"] or "the hub", s["what"]) for s in row.story]
        return table(("When", "Who", "What"), rows)

    @admin.display(description="Calls")
    def calls_table(self, row: Command) -> Any:
        calls = row.calls.all()[:20]
        rows = [(link(c, f"{c.method} {c.path}"), c.status or "–", c.error or "–", age(c.at)) for c in calls]
        return table(("Call", "Status", "Error", "When"), rows)


def dropped(command: Command) -> bool:
    """Whether an earlier value was left out already because this one comes after it: without it neither is sent."""
    if command.state != Command.State.QUEUED:
        return False
    things = command.items.values_list("thing", flat=True)[:SHOWN]
    earlier = CommandItem.objects.filter(vendor=command.vendor_id, command_id__lt=command.pk, thing__in=[*things])
    since = earlier.filter(state=CommandItem.State.OVERTAKEN, command__finished_at__gte=command.asked_at)
    return since.exists()
