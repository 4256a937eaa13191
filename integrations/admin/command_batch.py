"""What came of one decision for many rows: how many of each state, and row by row what the vendor said."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.db.models import Case, Count, F, Q, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from config import audit
from config.admin.rows import why
from config.stepup import demand
from integrations.admin.doors import TONES, title_of
from integrations.models import Command, CommandItem

SHOWN = 200
ORDER = ("awaiting_approval", "queued", "sending", "working", "unknown", "refused", "confirmed", "cancelled")
ITEMS = {"refused": "Not done", "lost": "Not known", "waiting": "Waiting", "done": "Done", "overtaken": "Overtaken"}
LOST = Q(state=CommandItem.State.WAITING, command__state=Command.State.UNKNOWN)


class CommandBatch:
    """A page for all commands of a batch; whoever may decide approves or rejects all of it at once."""

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.batch_view)  # type: ignore[attr-defined]
        name = "integrations_command_batch"
        return [path("batch/<slug:batch>/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def batch_view(self, request: HttpRequest, batch: str) -> HttpResponse:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        may_decide = self.has_change_permission(request)  # type: ignore[attr-defined]
        if request.method == "POST":
            if not may_decide:
                raise PermissionDenied
            self._batch_decided(request, batch)
            return HttpResponseRedirect(reverse("admin:integrations_command_batch", args=[batch]))
        rows = Command.objects.filter(batch=batch)
        first = rows.select_related("vendor").order_by("id").first()
        if first is None:
            raise Http404("There is no such batch.")
        states = dict(rows.order_by().values_list("state").annotate(count=Count("pk")))
        fate = Case(When(LOST, then=Value("lost")), default=F("state"))
        items = CommandItem.objects.filter(command__batch=batch).annotate(fate=fate)
        fates = dict(items.order_by().values_list("fate").annotate(count=Count("pk")))
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"{title_of(first)}: {first.vendor}",
            "opts": self.opts,  # type: ignore[attr-defined]
            "batch": batch,
            "first": first,
            "states": [(s, Command.State(s).label, states[s], TONES[s]) for s in ORDER if s in states],
            "fates": [(ITEMS[s], fates[s], s == "refused") for s in ITEMS if s in fates],
            "rows": self._batch_rows(items),
            "waiting": states.get("awaiting_approval", 0),
            "may_decide": may_decide,
            "hub_reload": 5 if any(states.get(s) for s in ("queued", "sending", "working")) else 0,
            "more": sum(fates.values()) > SHOWN,
        }
        return TemplateResponse(request, "admin/integrations/command_batch.html", context)

    def _batch_rows(self, items: Any) -> list[CommandItem]:
        """What was not done first, then what is still open, then the rest."""
        found: list[CommandItem] = []
        for fate in ITEMS:
            if len(found) < SHOWN:
                part = (
                    items.filter(fate=fate)
                    .select_related("command")
                    .defer("command__body", "command__request", "command__answer", "command__story")
                )
                found += part.order_by("id")[: SHOWN - len(found)]
        for item in found:
            item.fate_shown = ITEMS[item.fate]  # type: ignore[attr-defined]
        return found

    def _batch_decided(self, request: HttpRequest, batch: str) -> None:
        from integrations.commands import many

        demand(request)
        act, by, reason = (
            request.POST.get("act", ""),
            request.user.get_username(),
            request.POST.get("reason", "").strip(),
        )
        waiting = Command.objects.filter(batch=batch, state=Command.State.AWAITING)
        first, before = waiting.select_related("vendor").order_by("id").first(), waiting.count()
        if act not in ("approve", "reject") or first is None:
            return
        if act == "reject" and not reason:
            messages.error(request, "Write down why.")
            return
        # Before the first of them goes: they are decided a few at a time, each few for good.
        said = f"{act} all that wait of batch {batch}: {before}. {reason if act == 'reject' else ''}".strip()
        audit.record("decided", first.vendor, request=request, said=said)
        try:
            done = many.approve(batch, by) if act == "approve" else many.reject(batch, by, reason)
        except DatabaseError as wrong:
            left = waiting.count()
            text = (
                f"It stopped in the middle: {before - left} of {before} were decided, {left} still wait. {why(wrong)}"
            )
            audit.record("decided", first.vendor, request=request, said=f"Batch {batch}. {text}")
            messages.error(request, text)
            return
        messages.success(
            request, f"{done} {'approved, and sent soon' if act == 'approve' else 'rejected, and not sent'}."
        )
