"""The hub's admin, and beside it on the same tables what it is measured against.

`stock`: the admin as most projects write it: foreign keys and a count in the list, filters, a date drill-down, search over three
columns. `floor`: the hub's own list with all that costs left out; nothing that shows fifty rows in Django's admin can be faster.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.urls import path

from catalog.admin import ProductAdmin, VariantAdmin
from catalog.models import Product, Variant
from config.urls import urlpatterns as hub
from orders.admin import SaleAdmin
from orders.models import Sale

stock = admin.AdminSite("stock")
floor = admin.AdminSite("floor")


@admin.register(Sale, site=stock)
class StockSales(admin.ModelAdmin):
    list_display = ("number", "vendor", "status", "buyer_name", "total", "lines_in_all", "placed_at")
    list_filter = ("status", "vendor", "placed_at")
    search_fields = ("number", "buyer_name", "buyer_email")
    date_hierarchy = "placed_at"
    ordering = ("-placed_at",)

    def lines_in_all(self, row: Sale) -> int:
        return row.lines.count()


@admin.register(Product, site=stock)
class StockProducts(admin.ModelAdmin):
    list_display = ("name", "external_id", "vendor", "brand", "category", "active", "changed_at")
    list_filter = ("vendor", "active", "changed_at")
    search_fields = ("name", "external_id", "brand__name")
    ordering = ("-changed_at",)


@admin.register(Variant, site=stock)
class StockVariants(admin.ModelAdmin):
    list_display = ("sku", "product", "vendor", "gtin", "price", "stock", "changed_at")
    list_filter = ("vendor", "watched", "active", "changed_at")
    search_fields = ("sku", "name", "barcode")
    ordering = ("-changed_at",)


class Uncounted(Paginator):
    count = 51  # more than one page, or Django shows all


def bare(owner: type[admin.ModelAdmin]) -> type[admin.ModelAdmin]:
    """The same columns in the same order, 50 of them; no filter, count, search or place."""

    class Bare(owner):  # type: ignore[valid-type, misc]
        list_filter = ()
        search_fields = ()
        actions = None
        paginator = Uncounted

        def get_changelist(self, request: Any, **kwargs: Any) -> Any:
            return ChangeList

    return Bare


for model, owner in ((Sale, SaleAdmin), (Product, ProductAdmin), (Variant, VariantAdmin)):
    floor.register(model, bare(owner))

urlpatterns = [*hub, path("stock/", stock.urls), path("floor/", floor.urls)]
