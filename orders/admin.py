"""Sales, purchases, packages and transactions as staff see them. Vendor-owned; only notes are theirs."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from config.admin import DateRange, HubAdmin, MirrorAdmin, age, badge, figure, link, money, table
from integrations.admin.asked import FetchAgain, last_run, last_run_shown
from integrations.service import service_class
from orders import words
from orders.models import (
    CancelReason,
    Order,
    OrderLine,
    Package,
    PackageStatus,
    Purchase,
    Sale,
    Status,
    StatusWord,
    Transaction,
)

TONES = {
    "new": "warn", "on_hold": "bad", "unknown": "warn", "failed": "bad", "cancelled": "quiet", "returned": "quiet",
    "delivered": "good", "shipped": "good",
}  # fmt: skip


def status_cell(row: Any) -> Any:
    """Our word, and the vendor's beside it where it says more."""
    ours = row.get_status_display()
    theirs = row.vendor_status
    same = not theirs or theirs.replace("_", " ").casefold() == ours.casefold()
    return badge(ours if same else f"{ours} · {theirs}", TONES.get(row.status, ""))


class MoneyTrail(FetchAgain, MirrorAdmin):
    """Orders, packages and transactions: the last run is told beside the row."""

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        match = request.resolver_match
        page = match is not None and (match.url_name or "").endswith("_change")
        return rows.annotate(last_run=last_run(self.flows)) if page else rows

    @admin.display(description="last run")
    def run_shown(self, row: Any) -> Any:
        return last_run_shown(getattr(row, "last_run", None))


class OrderAdmin(MoneyTrail):
    flows = ("orders",)
    list_display = ("number", "vendor", "status_shown", "buyer_name", "total_shown", "placed", "lines")
    list_filter = ("vendor", "status", ("placed_at", DateRange), ("gone_at", admin.EmptyFieldListFilter))
    list_select_related = ("vendor",)
    page_related = ("vendor",)
    list_defer = ("raw", "search", "ship_to", "note")
    search_fields = ("search",)
    search_help_text = "Order, PO or line number, SKU, tracking, buyer"
    whole_search = True
    keyset = "placed_at"
    own_fields = ("note",)
    extra = ("status_shown", "run_shown")
    hidden = ("search", "direction", "status", "vendor_status")
    tables = ("lines_table", "packages_table", "transactions_table")

    def codes(self, flow: str, rows: Sequence[Any]) -> list[str]:
        """Where the vendor's rows are lines an order is asked for by those it has."""
        declared = service_class(rows[0].vendor.kind).flows.get(flow)
        if declared is None or not declared.lines:
            return super().codes(flow, rows)
        lines = OrderLine.objects.filter(order__in=[row.pk for row in rows])
        return list(lines.order_by("pk").values_list("external_id", flat=True))

    @admin.display(description="status", ordering="status")
    def status_shown(self, row: Order) -> Any:
        return status_cell(row)

    @admin.display(description="total", ordering="total")
    def total_shown(self, row: Order) -> Any:
        return money(row.total, row.currency)

    @admin.display(description="placed", ordering="placed_at")
    def placed(self, row: Order) -> Any:
        return age(row.placed_at)

    @admin.display(description="lines", ordering="line_count")
    def lines(self, row: Order) -> int:
        return row.line_count

    @admin.display(description="Lines")
    def lines_table(self, row: Order) -> Any:
        lines = row.lines.select_related("variant").defer("raw", "variant__raw", "variant__search")
        return table(
            ("SKU", "Name", "Variant", "Quantity", "Unit price", "Total", "Status", "To note"),
            [
                (
                    line.sku, line.name[:90], link(line.variant) if line.variant else f"no match ({line.match or 'none'})",
                    figure(line.quantity), money(line.unit_price, row.currency), money(line.total, row.currency),
                    status_cell(line), " ".join(filter(None, (line.cancel_reason, line.warning))),
                )
                for line in lines
            ],
        )  # fmt: skip

    @admin.display(description="Packages")
    def packages_table(self, row: Order) -> Any:
        return table(
            ("Package", "Status", "Tracking", "Shipped"),
            [
                (link(item), status_cell(item), item.tracking_number, age(item.shipped_at))
                for item in row.packages.defer("raw", "search")
            ],
        )

    @admin.display(description="Transactions")
    def transactions_table(self, row: Order) -> Any:
        return table(
            ("Transaction", "Kind", "Date", "Amount"),
            [
                (link(item), item.get_kind_display(), item.date or "–", money(item.amount, item.currency))
                for item in row.transactions.defer("raw", "search")
            ],
        )


@admin.register(Sale)
class SaleAdmin(OrderAdmin):
    pass


@admin.register(Purchase)
class PurchaseAdmin(OrderAdmin):
    list_display = ("number", "vendor", "status_shown", "reference", "total_shown", "placed", "lines")


@admin.register(Package)
class PackageAdmin(MoneyTrail):
    flows = ("packages", "trackings", "invoices", "orders")
    list_display = (
        "named",
        "vendor",
        "order_link",
        "status_shown",
        "tracking_provider",
        "tracking_number",
        "shipped",
        "changed",
    )
    list_filter = ("vendor", "status", ("shipped_at", DateRange), ("changed_at", DateRange))
    list_select_related = ("vendor", "order")
    page_related = ("vendor", "order")
    list_defer = ("raw", "search", "note", "order__raw", "order__search", "order__ship_to")
    search_fields = ("search",)
    search_help_text = "Tracking, package, invoice or order number"
    whole_search = True
    keyset = "changed_at"
    own_fields = ("note",)
    extra = ("status_shown", "run_shown")
    hidden = ("search", "status", "vendor_status")
    tables = ("lines_table", "events_table")

    @admin.display(description="package")
    def named(self, row: Package) -> str:
        return row.number or row.external_id

    @admin.display(description="order")
    def order_link(self, row: Package) -> Any:
        return link(row.order) if row.order else row.order_external_id or "–"

    @admin.display(description="status", ordering="status")
    def status_shown(self, row: Package) -> Any:
        return status_cell(row)

    @admin.display(description="shipped", ordering="shipped_at")
    def shipped(self, row: Package) -> Any:
        return age(row.shipped_at)

    @admin.display(description="changed", ordering="changed_at")
    def changed(self, row: Package) -> Any:
        return age(row.changed_at)

    @admin.display(description="Lines")
    def lines_table(self, row: Package) -> Any:
        lines = row.lines.select_related("order_line__variant").defer(
            "order_line__raw", "order_line__variant__raw", "order_line__variant__search"
        )
        return table(
            ("SKU", "Name", "Quantity", "Variant", "Serials"),
            [
                (item.sku, item.name[:90], figure(item.quantity),
                 link(item.order_line.variant if item.order_line else None), ", ".join(map(str, item.serials)))
                for item in lines
            ],
        )  # fmt: skip

    @admin.display(description="Tracking")
    def events_table(self, row: Package) -> Any:
        return table(
            ("When", "What", "Where"),
            [
                (age(item.at) if item.at else item.at_text, item.text or item.code, item.location)
                for item in row.events.all()[:100]
            ],
        )


@admin.register(Transaction)
class TransactionAdmin(MoneyTrail):
    flows = ("transactions", "invoices")
    list_display = ("named", "kind", "vendor", "date", "amount_shown", "open_shown", "order_link", "changed")
    list_filter = ("vendor", "kind", ("date", DateRange))
    list_select_related = ("vendor", "order")
    page_related = ("vendor", "order")
    list_defer = ("raw", "search", "note", "order__raw", "order__search", "order__ship_to")
    search_fields = ("search",)
    search_help_text = "Transaction, invoice or order number"
    whole_search = True
    keyset = "changed_at"
    own_fields = ("note",)
    extra = ("run_shown",)

    @admin.display(description="number", ordering="number")
    def named(self, row: Transaction) -> str:
        return row.number or row.external_id

    @admin.display(description="amount", ordering="amount")
    def amount_shown(self, row: Transaction) -> Any:
        return money(row.amount, row.currency)

    @admin.display(description="open", ordering="open_amount")
    def open_shown(self, row: Transaction) -> Any:
        return money(row.open_amount, row.currency)

    @admin.display(description="order")
    def order_link(self, row: Transaction) -> Any:
        return link(row.order) if row.order else row.order_number or "–"

    @admin.display(description="changed", ordering="changed_at")
    def changed(self, row: Transaction) -> Any:
        return age(row.changed_at)


@admin.register(CancelReason)
class CancelReasonAdmin(FetchAgain, MirrorAdmin):
    flows = ("cancel_reasons",)
    tables = ("concerned_table",)
    list_display = ("name", "external_id", "vendor")
    list_filter = ("vendor",)
    list_select_related = ("vendor",)
    page_related = ("vendor",)
    list_defer = ("raw",)
    search_fields = ("name", "external_id")


class StatusWordForm(forms.ModelForm):
    """The words an order or a package may mean; `meaning` itself knows both."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "meaning" in self.fields:
            ours = PackageStatus if self.instance.subject == StatusWord.Subject.PACKAGE else Status
            self.fields["meaning"] = forms.ChoiceField(choices=ours.choices, initial=self.instance.meaning)


@admin.register(StatusWord)
class StatusWordAdmin(HubAdmin):
    """What a vendor's word means to us: the one mapping operators edit."""

    form = StatusWordForm
    list_display = ("word", "subject", "vendor", "meaning", "set_by_operator", "seen")
    list_filter = ("vendor", "subject", "meaning")
    list_select_related = ("vendor",)
    search_fields = ("word",)
    fields = ("vendor", "subject", "word", "meaning", "rows_shown")
    readonly_fields = ("vendor", "subject", "word", "rows_shown")
    ordering = ("vendor", "subject", "word")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: StatusWord, form: Any, change: bool) -> None:
        """Every stored row with this word gets the meaning in the same transaction, and says how many did."""
        obj.set_by_operator = True
        super().save_model(request, obj, form, change)
        changed = words.remap(obj)
        rows = "row" if changed == 1 else "rows"
        self.message_user(
            request, f"{changed:,} stored {rows} with “{obj.word}” changed to “{obj.get_meaning_display()}”."
        )

    @admin.display(description="first seen", ordering="seen_at")
    def seen(self, row: StatusWord) -> Any:
        return age(row.seen_at)

    @admin.display(description="rows with it, newest")
    def rows_shown(self, row: StatusWord) -> Any:
        model = Package if row.subject == StatusWord.Subject.PACKAGE else Order
        rows = model._default_manager.filter(vendor=row.vendor_id, vendor_status=row.word).defer("raw", "search")
        return table(("Row", "Status"), [(link(item), status_cell(item)) for item in rows.order_by("-pk")[:20]])
