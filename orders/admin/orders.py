"""Sales and purchases as staff see them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin

from config.admin import GONE, DateRange, age, figure, link, money, table
from integrations.admin.doors import OrderDoors
from integrations.commands.doors import lines_of
from integrations.service import service_class
from orders.admin.related import related
from orders.admin.shown import MoneyTrail, status_cell
from orders.models import Order, OrderLine, Package, Purchase, Return, Sale, Transaction


class OrderAdmin(OrderDoors, MoneyTrail):
    flows = ("orders",)
    list_display = ("number", "vendor", "status_shown", "buyer_name", "total_shown", "placed", "lines")
    list_filter = ("vendor", "status", ("placed_at", DateRange), GONE)
    list_select_related = ("vendor",)
    page_related = ("vendor",)
    list_defer = ("raw", "search", "ship_to", "note")
    search_fields = ("search",)
    search_help_text = "Order, PO or line number, SKU, tracking, buyer"
    whole_search = True
    keyset = "placed_at"
    own_fields = ("note",)
    extra = ("status_shown", "customer_shown", "run_shown")
    hidden = ("search", "direction", "status", "vendor_status", "customer_external_id")
    tables = ("lines_table", "sent_table", "packages_table", "returns_table", "transactions_table")

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
        return table(
            ("SKU", "Name", "Variant", "Quantity", "Unit price", "Total", "Status", "To note"),
            [
                (
                    line.sku, line.name[:90], link(line.variant) if line.variant else f"no match ({line.match or 'none'})",
                    figure(line.quantity), money(line.unit_price, row.currency), money(line.total, row.currency),
                    status_cell(line), " ".join(filter(None, (line.cancel_reason, line.warning))),
                )
                for line in lines_of(row)
            ],
        )  # fmt: skip

    def packages_of(self, row: Order) -> Sequence[Any]:
        return related(row)[Package]

    @admin.display(description="Packages")
    def packages_table(self, row: Order) -> Any:
        return table(
            ("Package", "Status", "Tracking", "Shipped"),
            [
                (link(item), status_cell(item), item.tracking_number, age(item.shipped_at))
                for item in related(row)[Package]
            ],
        )

    @admin.display(description="Returns")
    def returns_table(self, row: Order) -> Any:
        return table(
            ("Return", "Status", "Reason", "Asked for", "Amount"),
            [
                (
                    link(item),
                    status_cell(item),
                    item.reason[:90],
                    age(item.vendor_created_at),
                    money(item.amount, item.currency),
                )
                for item in related(row)[Return]
            ],
        )

    @admin.display(description="Transactions")
    def transactions_table(self, row: Order) -> Any:
        return table(
            ("Transaction", "Kind", "Date", "Amount"),
            [
                (link(item), item.get_kind_display(), item.date or "–", money(item.amount, item.currency))
                for item in related(row)[Transaction]
            ],
        )


@admin.register(Sale)
class SaleAdmin(OrderAdmin):
    pass


@admin.register(Purchase)
class PurchaseAdmin(OrderAdmin):
    list_display = ("number", "vendor", "status_shown", "reference", "total_shown", "placed", "lines")
