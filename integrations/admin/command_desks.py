"""Where people decide about what goes out: approval, the unknown desk, the stop switches."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from config.admin.rows import why
from config.stepup import demand
from integrations.models import Command, Vendor, WriteSwitch
from integrations.service import services

SHOWN = 50  # commands on a desk
State = Command.State
TITLES = {"approval": "To approve", "unknown": "Unknown outcomes"}
HELP = {
    "approval": "Each goes out exactly as it stands here, once, as soon as it is approved.",
    "unknown": "The answer was lost, so it may or may not have been done. Nothing leaves this desk by itself, except when a "
    "look-up at the vendor proves it. The oldest comes first.",
}
WAITING = (State.AWAITING, State.QUEUED, State.UNKNOWN)
OF = {"approval": State.AWAITING, "unknown": State.UNKNOWN}


class CommandDesks:
    """Views of their own beside the list. Reading needs the permission to view, deciding the one to change."""

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view  # type: ignore[attr-defined]
        return [
            path("desk/<slug:desk>/", view(self.desk_view), name="integrations_command_desk"),
            path("decide/", view(self.decide_view), name="integrations_command_decide"),
            path("switches/", view(self.switches_view), name="integrations_command_switches"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    # -- desks

    def desk_view(self, request: HttpRequest, desk: str) -> HttpResponse:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if desk not in OF:
            raise Http404("There is no such desk.")
        waiting = Command.objects.filter(state=OF[desk])
        counted = waiting.order_by("vendor__name").values_list("vendor__slug", "vendor__name")
        shares: list[Any] = list(counted.annotate(count=Count("pk")))
        vendor = request.GET.get("vendor", "")
        if vendor in {slug for slug, _, _ in shares}:
            waiting = waiting.filter(vendor__slug=vendor)
        else:
            vendor = ""
        rows = list(waiting.select_related("vendor").order_by("id")[: SHOWN + 1])
        cards = cards_of(rows[:SHOWN])
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": TITLES[desk],
            "opts": self.opts,  # type: ignore[attr-defined]
            "desk": desk,
            "help": HELP[desk],
            "cards": cards,
            "shares": shares,
            "vendor": vendor,
            "more": len(rows) > SHOWN,
            "may_decide": self.has_change_permission(request),  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/integrations/command_desk.html", context)

    def decidable(self, request: HttpRequest, command: Command) -> dict[str, Any]:
        """What a command's own page offers."""
        from integrations.commands import switches

        queued = command.state == State.QUEUED
        return {
            "card": cards_of([command])[0],
            "held": switches.held(command.vendor, command.verb) if queued else "",
            "may_decide": self.has_change_permission(request),  # type: ignore[attr-defined]
        }

    def decide_view(self, request: HttpRequest) -> HttpResponse:
        """What a person decided of one command, or of those that are ticked."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        act, _, one = request.POST.get("act", "").partition(":")
        chosen = [one] if one else request.POST.getlist("command")
        keys = [int(key) for key in chosen if key.isascii() and key.isdigit() and len(key) < 19]
        if act not in ("approve", "reject", "confirm", "again", "give_up", "look_up") or not keys:
            messages.error(request, "Nothing was chosen.")
            return self.onward(request)
        if act != "look_up":
            demand(request)
        getattr(self, f"_{act}")(request, keys)
        return self.onward(request)

    def onward(self, request: HttpRequest) -> HttpResponse:
        desk, pk = request.POST.get("desk", ""), request.POST.get("page", "")
        if desk in OF:
            vendor = request.POST.get("vendor", "")
            asked = f"?{urlencode({'vendor': vendor})}" if vendor else ""
            return HttpResponseRedirect(reverse("admin:integrations_command_desk", args=[desk]) + asked)
        if pk.isascii() and pk.isdigit() and len(pk) < 19:
            return HttpResponseRedirect(reverse("admin:integrations_command_change", args=[pk]))
        return HttpResponseRedirect(reverse("admin:integrations_command_changelist"))

    def _approve(self, request: HttpRequest, keys: Iterable[int]) -> None:
        from integrations.commands import deciding

        def approve(pk: int, by: str) -> Command:
            return deciding.approve(pk, by, request.POST.get(f"seen-{pk}", ""))

        self._each(request, keys, approve, "Approved", "sent soon")

    def _reject(self, request: HttpRequest, keys: Iterable[int]) -> None:
        from integrations.commands import deciding

        reason = request.POST.get("reason", "")
        self._each(request, keys, lambda pk, by: deciding.reject(pk, by, reason), "Rejected", "not sent")

    def _confirm(self, request: HttpRequest, keys: list[int]) -> None:
        from integrations.commands import deciding

        number = request.POST.get(f"number-{keys[0]}", "")
        self._each(request, keys[:1], lambda pk, by: deciding.confirm(pk, by, number), "Confirmed", "known to be done")

    def _again(self, request: HttpRequest, keys: list[int]) -> None:
        from integrations.commands import deciding

        reason = request.POST.get(f"reason-{keys[0]}", "")
        self._each(request, keys[:1], lambda pk, by: deciding.send_again(pk, by, reason), "Sent again", "sent soon")

    def _give_up(self, request: HttpRequest, keys: list[int]) -> None:
        from integrations.commands import deciding

        reason = request.POST.get(f"reason-{keys[0]}", "")
        self._each(request, keys[:1], lambda pk, by: deciding.give_up(pk, by, reason), "Given up", "given up")

    def _look_up(self, request: HttpRequest, keys: list[int]) -> None:
        from integrations.commands import looking

        def look(pk: int, by: str) -> Command:
            command = looking.look_up(pk, by)
            if command.state in (State.UNKNOWN, State.WORKING):
                raise ValueError(command.shown or "This vendor has no list in which it could be looked up.")
            return command

        self._each(request, keys[:1], look, "Looked up", "known now", asks=True)

    def _each(
        self, request: HttpRequest, keys: Iterable[int], act: Callable[[int, str], Command], what: str, done: str,
        asks: bool = False,
    ) -> None:  # fmt: skip
        """One that cannot be decided stops no other. Each is decided with its line in the audit log, or not at all; one that
        asks the vendor keeps no transaction open meanwhile."""
        from integrations.commands.deciding import TooLate

        good = []
        for pk in keys:
            wrong = ""
            try:
                with nullcontext() if asks else transaction.atomic():
                    try:
                        command = act(pk, request.user.get_username())
                    except (TooLate, ValueError, Command.DoesNotExist) as late:  # what it stored of that stays
                        wrong = str(late)
                    else:
                        self.log_change(request, command, f"{what}.")  # type: ignore[attr-defined]
            except DatabaseError as error:
                wrong = f"Command {pk} was left as it was. {why(error)}"
            if wrong:
                messages.error(request, wrong)
            else:
                good.append(str(command))
        if good:
            more = f" and {len(good) - 5} others" if len(good) > 5 else ""
            messages.success(request, f"{what}, and {done}: {', '.join(good[:5])}{more}.")

    # -- switches

    def switches_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        if request.method == "POST":
            if not self.has_change_permission(request):  # type: ignore[attr-defined]
                raise PermissionDenied
            vendor = self._switched(request)
            if vendor is not None and request.POST.get("page") == "vendor":
                return HttpResponseRedirect(reverse("admin:integrations_vendor_change", args=[vendor.pk]))
            return HttpResponseRedirect(reverse("admin:integrations_command_switches"))
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": "Stop switches",
            "opts": self.opts,  # type: ignore[attr-defined]
            "vendors": switchboard(Vendor.objects.order_by("name")),
            "write_modes": Vendor.Writes.choices,
            "may_set_modes": may_set_modes(request),
            "may_decide": self.has_change_permission(request),  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/integrations/switches.html", context)

    def _switched(self, request: HttpRequest) -> Vendor | None:
        from integrations.commands import switches

        act, _, rest = request.POST.get("act", "").partition(":")
        slug, _, verb = rest.partition(":")
        vendor = Vendor.objects.filter(slug=slug).first()
        kind = services().get(vendor.kind) if vendor else None
        if vendor is None or kind is None or (verb and verb not in kind.verbs):
            messages.error(request, "There is no such switch any more.")
            return None
        by, name = request.user.get_username(), f"{vendor}: {kind.verbs[verb].title if verb else 'everything'}"
        if act == "stop":  # whoever wants to stop something is not asked for more
            switches.stop(vendor, verb, by=by, reason=request.POST.get("reason", ""))
            messages.warning(request, f"{name} is stopped. What is decided from now on waits here.")
        elif act == "resume":
            demand(request)
            switches.resume(vendor, verb, by=by)
            messages.success(request, f"{name} goes on; what waited is sent in the order it was decided.")
        elif act == "mode" and verb:
            if not may_set_modes(request):
                raise PermissionDenied
            demand(request)
            mode, before = request.POST.get(f"mode-{vendor.slug}-{verb}", ""), switches.mode_of(vendor, verb)
            switches.set_mode(vendor, verb, mode if mode in Vendor.Writes.values else "", by=by)
            now = switches.mode_of(vendor, verb)
            request.hub_changes = {"before": {"writes": before}, "after": {"writes": now}}  # type: ignore[attr-defined]
            messages.success(request, f"{name}: {dict(Vendor.Writes.choices).get(mode, 'as the connection')}.")
        self.log_change(request, vendor, f"Switch {act} {verb or 'all'}.")  # type: ignore[attr-defined]
        return vendor


def may_set_modes(request: HttpRequest) -> bool:
    """How freely a verb writes is the connection's matter, so it is for those who may change connections."""
    return request.user.has_perm("integrations.change_vendor")


def cards_of(commands: list[Command]) -> list[dict[str, Any]]:
    """Commands as the desks show them: title, what the vendor can be asked, and what each thing looks like now."""
    from integrations.commands import approving, current

    now = current.states(commands)
    cards = []
    for command in commands:
        kind = services().get(command.vendor.kind)
        verb = kind.verbs.get(command.verb) if kind else None
        cards.append(
            {
                "row": command,
                "title": verb.title if verb else command.verb,
                "help": verb.help if verb else "",
                "seen": approving.seal(command, command.request),
                "returned": approving.returned(command),
                "irreversible": bool(verb and verb.irreversible),
                "look_up": bool(verb and verb.look_up),
                "changes": [one for one in now.get(command.pk, []) if one["now"] or one["then"]][:20],
            }
        )
    return cards


def switchboard(vendors: Iterable[Vendor]) -> list[dict[str, Any]]:
    """Each connection that can write, with its verbs: their mode, whether they are stopped, and what waits. Two queries."""
    kinds = services()
    shown = [vendor for vendor in vendors if vendor.kind in kinds and kinds[vendor.kind].verbs]
    if not shown:
        return []
    own = {(row.vendor_id, row.verb): row for row in WriteSwitch.objects.filter(vendor__in=shown)}
    open_ones = Command.objects.filter(vendor__in=shown, state__in=WAITING)
    counts: dict[tuple[int, str], dict[str, int]] = {}
    for vendor, verb, state, count in (
        open_ones.order_by().values_list("vendor_id", "verb", "state").annotate(count=Count("pk"))
    ):
        counts.setdefault((vendor, verb), {})[state] = count
    return [_board(vendor, own, counts) for vendor in shown]


def _board(
    vendor: Vendor, own: Mapping[tuple[int, str], WriteSwitch], counts: Mapping[tuple[int, str], Mapping[str, int]]
) -> dict[str, Any]:
    everything = own.get((vendor.pk, ""))
    shut = vendor.writes == Vendor.Writes.OFF or not vendor.enabled or bool(everything and everything.stopped)
    rows: list[dict[str, Any]] = []
    kind = services()[vendor.kind]
    for name, verb in kind.verbs.items():
        if kind.lacks_verb(name, vendor.account):
            continue
        switch, told = own.get((vendor.pk, name)), counts.get((vendor.pk, name), {})
        off = not verb.proven and name not in vendor.confirmed
        waits = told.get(State.QUEUED, 0)
        held = shut or off or bool(switch and (switch.stopped or switch.writes == Vendor.Writes.OFF))
        rows.append(
            {
                "name": name, "title": verb.title, "switch": switch, "off": off, "waits": waits, "held": waits if held else 0,
                "approval": told.get(State.AWAITING, 0), "unknown": told.get(State.UNKNOWN, 0),
            }
        )  # fmt: skip
    sums = {name: sum(row[name] for row in rows) for name in ("waits", "held", "approval", "unknown")}
    return {"vendor": vendor, "all": everything, "rows": rows, "sums": sums, "open": vendor.writes != Vendor.Writes.OFF}
