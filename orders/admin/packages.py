"""Packages as staff see them."""

from typing import Any

from django.contrib import admin

from config.admin import DateRange, age, figure, link, table, when
from integrations.admin.doors import Doors
from orders.admin.shown import MoneyTrail, status_cell
from orders.models import Package


@admin.register(Package)
class PackageAdmin(Doors, MoneyTrail):
    door = "package"
    flows = ("packages", "shipments", "trackings", "invoices", "orders")
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
    tables = ("lines_table", "sent_table", "events_table")

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
                (when(item.at) if item.at else item.at_text, item.text or item.code, item.location)
                for item in row.events.all()[:100]
            ],
        )
