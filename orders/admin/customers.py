"""Customers and abandoned carts as staff see them."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import admin

from config.admin import GONE, DateRange, age, figure, link, money, table
from orders.admin.shown import MoneyTrail, status_cell
from orders.models import AbandonedCart, Customer, Order

NEWEST = 50  # orders shown on a customer's page


@admin.register(Customer)
class CustomerAdmin(MoneyTrail):
    flows = ("customers",)
    list_display = ("named", "vendor", "company", "email", "phone", "group", "since", "changed")
    list_filter = (
        "vendor",
        ("vendor_created_at", DateRange),
        ("changed_at", DateRange),
        GONE,
    )
    list_select_related = ("vendor",)
    page_related = ("vendor",)
    list_defer = ("raw", "search", "note", "addresses")
    search_fields = ("search",)
    search_help_text = "Name, company, e-mail, phone or number"
    whole_search = True
    keyset = "changed_at"
    own_fields = ("note",)
    extra = ("run_shown",)
    tables = ("orders_table", "carts_table")

    @admin.display(description="customer", ordering="name")
    def named(self, row: Customer) -> str:
        return str(row)

    @admin.display(description="since", ordering="vendor_created_at")
    def since(self, row: Customer) -> Any:
        return age(row.vendor_created_at)

    @admin.display(description="changed", ordering="changed_at")
    def changed(self, row: Customer) -> Any:
        return age(row.changed_at)

    @admin.display(description="Orders, newest")
    def orders_table(self, row: Customer) -> Any:
        mine = Order.objects.filter(vendor=row.vendor_id, customer_external_id=row.external_id)
        return table(
            ("Order", "Status", "Placed", "Total"),
            [
                (link(item), status_cell(item), age(item.placed_at), money(item.total, item.currency))
                for item in mine.defer("raw", "search").order_by("-placed_at", "-pk")[:NEWEST]
            ],
        )

    @admin.display(description="Abandoned carts")
    def carts_table(self, row: Customer) -> Any:
        mine = AbandonedCart.objects.filter(vendor=row.vendor_id, customer_external_id=row.external_id)
        return table(
            ("Cart", "Changed", "Total"),
            [
                (link(item, item.external_id), age(item.vendor_changed_at), money(item.total, item.currency))
                for item in mine.defer("raw", "search").order_by("-changed_at", "-pk")[:NEWEST]
            ],
        )


@admin.register(AbandonedCart)
class AbandonedCartAdmin(MoneyTrail):
    flows = ("abandoned_carts",)
    list_display = (
        "named",
        "vendor",
        "customer_name",
        "customer_email",
        "total_shown",
        "line_count",
        "begun",
        "changed",
    )
    list_filter = ("vendor", ("vendor_created_at", DateRange), ("changed_at", DateRange))
    list_select_related = ("vendor",)
    page_related = ("vendor",)
    list_defer = ("raw", "search", "note", "lines")
    search_fields = ("search",)
    search_help_text = "Customer, SKU or number"
    whole_search = True
    keyset = "changed_at"
    own_fields = ("note",)
    extra = ("customer_shown", "run_shown")
    hidden = ("search", "lines", "customer_external_id")
    tables = ("lines_table",)

    @admin.display(description="cart")
    def named(self, row: AbandonedCart) -> str:
        return row.external_id

    @admin.display(description="total", ordering="total")
    def total_shown(self, row: AbandonedCart) -> Any:
        return money(row.total, row.currency)

    @admin.display(description="begun", ordering="vendor_created_at")
    def begun(self, row: AbandonedCart) -> Any:
        return age(row.vendor_created_at)

    @admin.display(description="changed", ordering="changed_at")
    def changed(self, row: AbandonedCart) -> Any:
        return age(row.changed_at)

    @admin.display(description="Lines")
    def lines_table(self, row: AbandonedCart) -> Any:
        return table(
            ("SKU", "Name", "Quantity", "Price", "Total"),
            [
                (
                    line.get("sku", ""), str(line.get("name", ""))[:90], figure(exactly(line.get("quantity"))),
                    money(exactly(line.get("price")), row.currency), money(exactly(line.get("total")), row.currency),
                )
                for line in row.lines
            ],
        )  # fmt: skip


def exactly(number: Any) -> Decimal | None:
    """A number out of stored JSON, where it stands as a number or as text."""
    try:
        return None if number is None else Decimal(str(number))
    except InvalidOperation:
        return None
