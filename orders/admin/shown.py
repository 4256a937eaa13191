"""What pages of sold things share: how a status reads, what was asked for last, notes."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import JSONField, Model, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.http import HttpRequest

from config.admin import UNKNOWN, MirrorAdmin, badge, link
from integrations.admin.asked import FetchAgain, last_run, last_run_shown
from integrations.service import service_class
from orders.models import Customer, Order

TONES = {
    "new": "warn", "on_hold": "bad", "unknown": "warn", "failed": "bad", "cancelled": "quiet", "returned": "quiet",
    "delivered": "good", "shipped": "good", "requested": "warn", "refused": "quiet", "done": "good",
}  # fmt: skip


def status_cell(row: Any) -> Any:
    """Our word, and the vendor's beside it where it says more."""
    ours = row.get_status_display()
    theirs = row.vendor_status
    same = not theirs or theirs.replace("_", " ").casefold() == ours.casefold()
    return badge(ours if same else f"{ours} · {theirs}", TONES.get(row.status, ""))


def customer_of(model: type[Model]) -> dict[str, Subquery]:
    """The customer a row names, as an annotation, so that its page needs no query for it; nothing where rows name none."""
    if not any(field.name == "customer_external_id" for field in model._meta.concrete_fields):
        return {}
    named = Customer.objects.filter(vendor=OuterRef("vendor"), external_id=OuterRef("customer_external_id"))
    facts = JSONObject(**{name: name for name in ("pk", "name", "company", "email", "external_id")})
    return {"customer": Subquery(named.values(facts=facts)[:1], output_field=JSONField())}


def customer_cell(row: Any) -> Any:
    """A link once the vendor listed that customer, else the id as sent."""
    facts = getattr(row, "customer", None)
    return link(Customer(**facts)) if facts else row.customer_external_id or UNKNOWN


class MoneyTrail(FetchAgain, MirrorAdmin):
    """Orders, packages, returns and transactions: the last run is told beside the row."""

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        match = request.resolver_match
        page = match is not None and (match.url_name or "").endswith("_change")
        return rows.annotate(last_run=last_run(self.flows), **customer_of(rows.model)) if page else rows

    def codes(self, flow: str, rows: Sequence[Any]) -> list[str]:
        """A flow that asks order by order is asked for the orders of these rows."""
        declared = service_class(rows[0].vendor.kind).flows.get(flow)
        if declared is None or not declared.codes.startswith("orders."):
            return super().codes(flow, rows)
        named = Order.objects.filter(pk__in=[row.order_id for row in rows if row.order_id])
        return sorted(named.values_list("external_id", flat=True))

    @admin.display(description="customer")
    def customer_shown(self, row: Any) -> Any:
        return customer_cell(row)

    @admin.display(description="last run")
    def run_shown(self, row: Any) -> Any:
        return last_run_shown(getattr(row, "last_run", None))
