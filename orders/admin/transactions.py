"""Transactions as staff see them."""

from typing import Any

from django.contrib import admin

from config.admin import DateRange, age, link, money
from orders.admin.shown import MoneyTrail
from orders.models import Transaction


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
