"""What operators ask of vendors: queued, never waited for, and the way to its outcome told at once."""

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.db.models import JSONField, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config import audit
from config.admin import UNKNOWN, age, badge, table
from config.admin.rows import why
from integrations.models import SyncRun, Vendor
from integrations.service import Flow, service_class, services

TONES = {"ok": "good", "partial": "warn", "held": "warn", "failed": "bad", "waiting": "warn"}
LOOKED_AT = 40  # of the newest runs of a row's flows, to find those that concerned it
SHOWN = 5


def run_url(run: SyncRun) -> str:
    return reverse("admin:integrations_syncrun_change", args=[run.pk])


def run_link(run_id: int | None, text: Any) -> SafeString | str:
    """A link to a run that need not be read for it."""
    if run_id is None:
        return str(text)
    return format_html('<a href="{}">{}</a>', reverse("admin:integrations_syncrun_change", args=[run_id]), text)


def usable(vendor: Vendor, flows: dict[str, Flow], name: str) -> bool:
    if name not in flows or not (flows[name].proven or name in vendor.confirmed):
        return False
    return not service_class(vendor.kind).lacks(name, vendor.account)


def queue(
    request: HttpRequest,
    vendor: Vendor,
    wishes: Iterable[tuple[str, Sequence[str]]] | None = None,
    mode: str = SyncRun.Mode.CHANGES,
) -> list[SyncRun]:
    """Ask for runs: (flow, codes) each, or all flows that are switched on. Says what was queued, each with its run's page."""
    from integrations import asking

    if not vendor.enabled:
        messages.error(request, f"{vendor} is switched off, so nothing was queued. Enable it on its page first.")
        return []
    if vendor.kind not in services():
        text = (
            f"{vendor}: nothing was queued. This hub has no vendor folder “{vendor.kind}” any more: put it back first."
        )
        messages.error(request, text)
        return []
    flows = dict(service_class(vendor.kind).flows)
    if wishes is None:
        wishes = [(name, ()) for name in vendor.schedules.filter(enabled=True).values_list("flow", flat=True)]
    order = list(flows)
    wanted = sorted(((n, c) for n, c in wishes if usable(vendor, flows, n)), key=lambda wish: order.index(wish[0]))
    by = request.user.get_username()
    try:
        with transaction.atomic():  # all of a connection's, with the line that tells of them
            runs = [asking.ask(vendor, name, mode=mode, codes=codes, by=by) for name, codes in wanted]
            if runs:
                said = f"{mode}: {', '.join(run.flow for run in runs)}"
                audit.record("asked for runs", vendor, request=request, said=said)
    except DatabaseError as wrong:
        messages.error(request, f"{vendor}: nothing was queued. {why(wrong)}")
        return []
    if runs:
        links = format_html_join(", ", '<a href="{}">{}</a>', ((run_url(r), r.flow) for r in runs))
        messages.success(request, format_html("Queued for {}: {}. Each link shows how it goes.", vendor, links))
    else:
        messages.warning(
            request,
            f"Nothing was queued: {vendor} has no such flow that is confirmed and switched on. Its page shows which there are.",
        )
    return runs


def last_run(flows: Sequence[str]) -> Subquery:
    """The newest run of these flows as an annotation of rows with a vendor, so that a page needs no query for it."""
    runs = SyncRun.objects.filter(vendor=OuterRef("vendor"), flow__in=flows).order_by("-started_at", "-pk")
    facts = JSONObject(pk="pk", flow="flow", state="state", started_at="started_at")
    return Subquery(runs.values(facts=facts)[:1], output_field=JSONField())


def last_run_shown(facts: dict[str, Any] | None) -> SafeString | str:
    if not facts:
        return UNKNOWN
    began = parse_datetime(str(facts["started_at"]))
    if began is not None and began.tzinfo is None:
        began = began.replace(tzinfo=UTC)
    state = badge(dict(SyncRun.State.choices).get(facts["state"], facts["state"]), TONES.get(facts["state"], ""))
    return format_html("{} {} {}", run_link(facts["pk"], facts["flow"]), age(began), state)


class FetchAgain:
    """Mixed into a mirror's page and list: "Fetch again", and the last runs that concerned the row.

    `flows`: those that bring this model's rows, the main one first. A flow that asks by codes, and the main one where it reads
    single rows, is asked for these rows alone; where there is none, the main flow is run as a whole.
    """

    flows: ClassVar[tuple[str, ...]] = ()
    change_form_template: Any = "admin/hub/mirror_form.html"
    actions: Any = ("fetch_again",)

    def codes(self, flow: str, rows: Sequence[Any]) -> list[str]:
        """The codes by which a flow asks for these rows."""
        return [row.external_id for row in rows]

    @admin.action(description="Fetch again from the vendor", permissions=["run"])
    def fetch_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        by_vendor: dict[int, list[Any]] = {}
        for row in queryset.select_related("vendor"):
            by_vendor.setdefault(row.vendor_id, []).append(row)
        for rows in by_vendor.values():
            vendor = rows[0].vendor
            queue(request, vendor, self.wishes(vendor, rows) if vendor.kind in services() else ())

    def wishes(self, vendor: Vendor, rows: Sequence[Any]) -> list[tuple[str, Sequence[str]]]:
        declared = dict(service_class(vendor.kind).flows)
        known = [name for name in self.flows if usable(vendor, declared, name)]
        single = [name for name in known if name == self.flows[0] and declared[name].single]
        by_codes = [(name, self.codes(name, rows)) for name in known if declared[name].codes or name in single]
        return [(name, codes) for name, codes in by_codes if codes] or [(name, ()) for name in known[:1]]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """To write notes; asking for rows is another right."""
        return bool(self.own_fields) and super().has_change_permission(request, obj)  # type: ignore[attr-defined, misc]

    def get_urls(self) -> Any:
        opts = self.opts  # type: ignore[attr-defined]
        view = self.admin_site.admin_view(self.again_view)  # type: ignore[attr-defined]
        name = f"{opts.app_label}_{opts.model_name}_again"
        return [path("<int:pk>/fetch-again/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        rows = self.get_queryset(request).filter(pk=pk)  # type: ignore[attr-defined]
        row = get_object_or_404(rows.select_related("vendor"))
        if not (self.has_view_permission(request, row) and self.has_run_permission(request)):  # type: ignore[attr-defined]
            raise PermissionDenied
        self.fetch_again(request, rows)
        opts = self.opts  # type: ignore[attr-defined]
        return HttpResponseRedirect(reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[pk]))

    @admin.display(description="Last runs for this row")
    def concerned_table(self, row: Any) -> SafeString:
        """The newest runs of the flows that bring such rows, and those that asked for this one by its code."""
        names = {name: self.codes(name, [row]) for name in self.flows}
        rows = SyncRun.objects.filter(vendor=row.vendor_id, flow__in=names).only(
            "flow", "state", "mode", "codes", "started_at", "finished_at", "error", "asked_by"
        )
        shown = [run for run in rows[:LOOKED_AT] if not run.codes or set(run.codes) & set(names[run.flow])][:SHOWN]
        return table(
            ("Run", "Started", "State", "Asked", "Error"),
            [
                (
                    run_link(run.pk, run.flow), age(run.started_at), badge(run.get_state_display(), TONES.get(run.state, "")),
                    "for this row" if run.codes else run.asked_by and f"by {run.asked_by}", run.error[:120],
                )
                for run in shown
            ],
            empty="None yet.",
        )  # fmt: skip
