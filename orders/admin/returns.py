"""Returns as staff see them."""

from typing import Any

from django.contrib import admin

from config.admin import DateRange, age, figure, link, money, table
from integrations.admin.doors import Doors
from orders.admin.shown import MoneyTrail, status_cell
from orders.models import Return


@admin.register(Return)
class ReturnAdmin(Doors, MoneyTrail):
    door = "return"
    flows = ("returns",)
    list_display = ("named", "vendor", "order_link", "status_shown", "reason_shown", "amount_shown", "asked", "changed")
    list_filter = ("vendor", "status", ("vendor_created_at", DateRange), ("changed_at", DateRange))
    list_select_related = ("vendor", "order")
    page_related = ("vendor", "order")
    list_defer = ("raw", "search", "note", "comment", "order__raw", "order__search", "order__ship_to")
    search_fields = ("search",)
    search_help_text = "Return or order number, SKU"
    whole_search = True
    keyset = "changed_at"
    own_fields = ("note",)
    extra = ("status_shown", "customer_shown", "run_shown")
    hidden = ("search", "status", "vendor_status", "customer_external_id")
    tables = ("lines_table", "sent_table")

    @admin.display(description="return")
    def named(self, row: Return) -> str:
        return row.number or row.external_id

    @admin.display(description="order")
    def order_link(self, row: Return) -> Any:
        return link(row.order) if row.order else row.order_external_id or "–"

    @admin.display(description="status", ordering="status")
    def status_shown(self, row: Return) -> Any:
        return status_cell(row)

    @admin.display(description="reason")
    def reason_shown(self, row: Return) -> str:
        return row.reason[:90]

    @admin.display(description="amount", ordering="amount")
    def amount_shown(self, row: Return) -> Any:
        return money(row.amount, row.currency)

    @admin.display(description="asked for", ordering="vendor_created_at")
    def asked(self, row: Return) -> Any:
        return age(row.vendor_created_at)

    @admin.display(description="changed", ordering="changed_at")
    def changed(self, row: Return) -> Any:
        return age(row.changed_at)

    @admin.display(description="Lines")
    def lines_table(self, row: Return) -> Any:
        lines = row.lines.select_related("order_line__variant").defer(
            "order_line__raw", "order_line__variant__raw", "order_line__variant__search"
        )
        return table(
            ("SKU", "Name", "Quantity", "Variant", "Why", "What is wanted", "Amount", "Status"),
            [
                (
                    item.sku, item.name[:90], figure(item.quantity),
                    link(item.order_line.variant if item.order_line else None),
                    " · ".join(filter(None, (item.reason, item.condition, item.comment))), item.action,
                    money(item.amount, row.currency), status_cell(item),
                )
                for item in lines
            ],
        )  # fmt: skip
