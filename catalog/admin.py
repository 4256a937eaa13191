"""The catalogue as staff see it. Vendor-owned; only notes and the watch mark are theirs."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Max, Min
from django.http import HttpRequest

from catalog.models import Attribute, AttributeValue, Brand, Category, Product, Variant
from config.admin import DateRange, MirrorAdmin, age, figure, link, money, table, thumbnail

LAST = 20  # history rows on a page


class PartAdmin(MirrorAdmin):
    """The catalogue's small lists."""

    list_display: Any = ("name", "external_id", "vendor", "active", "changed")
    list_filter = ("vendor", "active", ("gone_at", admin.EmptyFieldListFilter))
    list_select_related: ClassVar[Any] = ("vendor",)
    page_related: ClassVar[tuple[str, ...]] = ("vendor",)
    list_defer = ("raw",)
    search_fields: ClassVar[Any] = ("name", "external_id")
    keyset = "changed_at"

    @admin.display(description="changed", ordering="changed_at")
    def changed(self, row: Any) -> Any:
        return age(row.changed_at)


@admin.register(Category)
class CategoryAdmin(PartAdmin):
    list_display: Any = ("name", "code", "external_id", "vendor", "active", "changed")
    search_fields = ("name", "code", "external_id")
    tables = ("parents_table", "children_table", "products_table")

    @admin.display(description="Parents")
    def parents_table(self, row: Category) -> Any:
        return table(("Category", "Code"), [(link(part), part.code) for part in row.parents.all()[:LAST]])

    @admin.display(description="Children")
    def children_table(self, row: Category) -> Any:
        return table(("Category", "Code"), [(link(part), part.code) for part in row.children.all()[:100]])

    @admin.display(description="Products, last changed")
    def products_table(self, row: Category) -> Any:
        return products_of(row)


@admin.register(Brand)
class BrandAdmin(PartAdmin):
    list_display: Any = ("name", "code", "external_id", "vendor", "active", "changed")
    search_fields = ("name", "code", "external_id")
    tables = ("products_table",)

    @admin.display(description="Products, last changed")
    def products_table(self, row: Brand) -> Any:
        return products_of(row)


def products_of(row: Category | Brand) -> Any:
    products = row.products.defer("raw", "search").order_by("-changed_at", "-id")[:LAST]
    return table(
        ("Product", "Id", "Changed"), [(link(item), item.external_id, age(item.changed_at)) for item in products]
    )


@admin.register(Attribute)
class AttributeAdmin(PartAdmin):
    tables = ("values_table",)

    @admin.display(description="Values")
    def values_table(self, row: Attribute) -> Any:
        return table(("Value", "Id"), [(link(value), value.external_id) for value in row.values.defer("raw")[:100]])


@admin.register(AttributeValue)
class AttributeValueAdmin(PartAdmin):
    list_display: Any = ("value", "attribute", "external_id", "vendor", "active", "changed")
    list_select_related = ("vendor", "attribute")
    page_related = ("vendor", "attribute")
    search_fields = ("value", "external_id")


@admin.register(Product)
class ProductAdmin(MirrorAdmin):
    list_display = (
        "picture",
        "title",
        "external_id",
        "vendor",
        "brand_shown",
        "category",
        "prices",
        "active",
        "changed",
    )
    list_display_links = ("title",)
    list_filter = (
        "vendor", "active", ("gone_at", admin.EmptyFieldListFilter), ("changed_at", DateRange),
    )  # fmt: skip
    list_select_related = ("vendor", "brand", "category")
    page_related = ("vendor", "brand", "category")
    list_defer = ("raw", "search", "description", "summary", "translations", "specs", "images", "note")
    search_fields = ("search",)
    search_help_text = "Name, SKU, GTIN, id"
    whole_search = True
    keyset = "changed_at"
    own_fields = ("note",)
    tables = ("variants_table",)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Prices of the products on this page alone, in one query."""
        listed = super().get_changelist_instance(request)
        rows = {row.pk: row for row in listed.result_list}
        for row in rows.values():
            row.price_range = []
        spans = (
            Variant.objects.filter(product__in=rows.keys(), price__isnull=False)
            .values("product", "currency")
            .annotate(low=Min("price"), high=Max("price"))
            .order_by("product", "currency")
        )
        for item in spans:
            rows[item["product"]].price_range.append(item)
        return listed

    @admin.display(description="picture")
    def picture(self, row: Product) -> Any:
        return thumbnail(row.image_url)

    @admin.display(description="name")
    def title(self, row: Product) -> str:
        return row.name[:100] or row.external_id

    @admin.display(description="brand")
    def brand_shown(self, row: Product) -> str:
        return row.brand.name if row.brand else row.brand_name

    @admin.display(description="price")
    def prices(self, row: Any) -> Any:
        for item in row.price_range[:1]:
            low, high = item["low"], item["high"]
            text = money(high, item["currency"])
            return text if low == high else f"{figure(low, 2)} – {figure(high, 2)} {item['currency']}"
        return "–"

    @admin.display(description="changed", ordering="changed_at")
    def changed(self, row: Product) -> Any:
        return age(row.changed_at)

    @admin.display(description="Variants")
    def variants_table(self, row: Product) -> Any:
        rows = row.variants.defer("raw", "search")[:100]
        return table(
            ("Variant", "GTIN", "Price", "Cost", "Stock", "Checked"),
            [
                (link(item), item.gtin or item.barcode, money(item.price, item.currency), money(item.cost, item.currency),
                 item.stock_text, age(item.checked_at))
                for item in rows
            ],
        )  # fmt: skip


@admin.register(Variant)
class VariantAdmin(MirrorAdmin):
    list_display = (
        "sku", "title", "vendor", "gtin", "price_shown", "cost_shown", "stock_shown", "incoming_shown", "checked", "watched",
    )  # fmt: skip
    list_filter = (
        "vendor", "watched", "active", ("gone_at", admin.EmptyFieldListFilter), ("changed_at", DateRange),
    )  # fmt: skip
    list_select_related = ("vendor", "product")
    page_related = ("vendor", "product")
    list_defer = (
        "raw", "search", "note", "attributes", "size", "description", "translations", "images",
        "product__raw", "product__search", "product__description", "product__specs", "product__images",
    )  # fmt: skip
    search_fields = ("search",)
    search_help_text = "SKU, GTIN, manufacturer's code, name"
    whole_search = True
    keyset = "changed_at"
    own_fields = ("watched", "note")
    extra = ("cost_shown", "stock_shown")
    hidden = ("search", "stock", "stock_at_least")
    tables = ("price_table", "stock_table", "lines_table")

    @admin.display(description="name")
    def title(self, row: Variant) -> Any:
        return link(row.product, (row.name or row.product.name)[:90])

    @admin.display(description="price", ordering="price")
    def price_shown(self, row: Variant) -> Any:
        return money(row.price, row.currency)

    @admin.display(description="cost")
    def cost_shown(self, row: Variant) -> Any:
        return money(row.cost, row.currency)

    @admin.display(description="stock", ordering="stock")
    def stock_shown(self, row: Variant) -> str:
        return row.stock_text

    @admin.display(description="incoming")
    def incoming_shown(self, row: Variant) -> str:
        return figure(row.incoming) + (f" on {row.incoming_on:%Y-%m-%d}" if row.incoming_on else "")

    @admin.display(description="checked", ordering="checked_at")
    def checked(self, row: Variant) -> Any:
        return age(row.checked_at)

    @admin.display(description="Price changes")
    def price_table(self, row: Variant) -> Any:
        return table(
            ("When", "What", "Before", "After"),
            [
                (
                    age(item.at),
                    item.field,
                    money(item.before, item.before_currency),
                    money(item.after, item.after_currency),
                )
                for item in row.price_changes.all()[:LAST]
            ],
        )

    @admin.display(description="Stock changes")
    def stock_table(self, row: Variant) -> Any:
        def shown(amount: Any, least: bool) -> str:
            return ("> " if least and amount is not None else "") + figure(amount)

        return table(
            ("When", "Before", "After"),
            [
                (age(item.at), shown(item.before, item.before_at_least), shown(item.after, item.after_at_least))
                for item in row.stock_changes.all()[:LAST]
            ],
        )

    @admin.display(description="Last order lines")
    def lines_table(self, row: Any) -> Any:
        lines = (
            row.order_lines.select_related("order").defer("raw", "order__raw", "order__search").order_by("-id")[:LAST]
        )
        return table(
            ("Order", "Placed", "Quantity", "Status"),
            [
                (link(line.order), age(line.order.placed_at), figure(line.quantity), line.get_status_display())
                for line in lines
            ],
        )
