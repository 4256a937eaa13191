"""The catalogue as staff see it. Vendor-owned; only notes and the watch mark are theirs."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Case, Max, Min, Q, Value, When
from django.http import HttpRequest

from catalog.models import Attribute, AttributeValue, Brand, Category, Product, Variant
from config.admin import GONE, DateRange, Figure, MirrorAdmin, age, figure, link, money, table, thumbnail
from integrations.admin.asked import FetchAgain, run_link
from integrations.admin.doors import CatalogueDoors, last_sent, last_sent_shown
from integrations.admin.lookups import LookUps

LAST = 20  # history rows on a page
MOST_KIN = 200  # parents and children of a category
MOST_CODES = 1000  # variants asked for at once


class PartAdmin(FetchAgain, MirrorAdmin):
    """The catalogue's small lists."""

    list_display: Any = ("name", "external_id", "vendor", "active", "changed")
    list_filter = ("vendor", "active", GONE)
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
    flows = ("categories",)
    list_display: Any = ("name", "code", "external_id", "vendor", "active", "changed")
    search_fields = ("name", "code", "external_id")
    tables = ("family_table", "products_table", "concerned_table")

    @admin.display(description="Above and below it")
    def family_table(self, row: Category) -> Any:
        """Its parents, then its children."""
        ties = Category.parents.through._default_manager.filter(Q(from_category=row.pk) | Q(to_category=row.pk))
        ties = ties.select_related("from_category", "to_category").defer("from_category__raw", "to_category__raw")
        above, below = [], []
        for tie in ties.order_by("pk")[:MOST_KIN]:
            if tie.from_category_id == row.pk:
                above.append(("above", link(tie.to_category), tie.to_category.code))
            else:
                below.append(("below", link(tie.from_category), tie.from_category.code))
        return table(("Where", "Category", "Code"), above + below)

    @admin.display(description="Products, last changed")
    def products_table(self, row: Category) -> Any:
        return products_of(row)


@admin.register(Brand)
class BrandAdmin(PartAdmin):
    flows = ("brands",)
    list_display: Any = ("name", "code", "external_id", "vendor", "active", "changed")
    search_fields = ("name", "code", "external_id")
    tables = ("products_table", "concerned_table")

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
    flows = ("attributes",)
    tables = ("values_table", "concerned_table")

    @admin.display(description="Values")
    def values_table(self, row: Attribute) -> Any:
        return table(("Value", "Id"), [(link(value), value.external_id) for value in row.values.defer("raw")[:100]])


@admin.register(AttributeValue)
class AttributeValueAdmin(PartAdmin):
    list_display: Any = ("value", "attribute", "external_id", "vendor", "active", "changed")
    flows = ("attribute_values",)
    tables = ("concerned_table",)
    list_select_related = ("vendor", "attribute")
    page_related = ("vendor", "attribute")
    search_fields = ("value", "external_id")


@admin.register(Product)
class ProductAdmin(CatalogueDoors, FetchAgain, MirrorAdmin):
    door = "product"
    actions = ("fetch_again", "send_chosen")
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
        "vendor", "active", GONE, ("changed_at", DateRange),
    )  # fmt: skip
    list_select_related = ("vendor", "brand", "category")
    page_related = ("vendor", "brand", "category")
    list_defer = ("raw", "search", "description", "summary", "translations", "specs", "images", "note")
    search_fields = ("search",)
    search_help_text = "Name, SKU, GTIN, id"
    whole_search = True
    keyset = "changed_at"
    own_fields = ("note",)
    tables = ("variants_table", "sent_table", "concerned_table")
    flows = ("products", "details", "availability")

    def codes(self, flow: str, rows: Sequence[Any]) -> list[str]:
        """Availability is asked by variants, all else by products."""
        if flow != "availability":
            return super().codes(flow, rows)
        if len(rows) == 1 and hasattr(rows[0], "shown_variants"):
            return [variant.external_id for variant in rows[0].shown_variants]
        variants = Variant.objects.filter(product__in=[row.pk for row in rows])
        return list(variants.values_list("external_id", flat=True)[:MOST_CODES])

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
        rows = list(row.variants.defer("raw", "search")[:100])
        row.shown_variants = rows  # type: ignore[attr-defined]
        return table(
            ("Variant", "GTIN", "Price", "Cost", "Stock", "Same since"),
            [
                (link(item), item.gtin or item.barcode, money(item.price, item.currency), money(item.cost, item.currency),
                 item.stock_text, age(item.checked_at))
                for item in rows
            ],
        )  # fmt: skip


def more(column: str) -> Case:
    return Case(When(**{column: True}, then=Value(">")), default=Value(""))


@admin.register(Variant)
class VariantAdmin(LookUps, CatalogueDoors, FetchAgain, MirrorAdmin):
    about = "variant"
    door = "variant"
    actions = ("fetch_again", "send_chosen")
    list_display = (
        "sku", "title", "vendor", "gtin", "price_shown", "cost_shown", "stock_shown", "incoming_shown", "checked", "watched",
    )  # fmt: skip
    list_filter = (
        "vendor", "watched", "active", GONE, ("changed_at", DateRange),
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
    extra = ("cost_shown", "stock_shown", "sent_shown")
    hidden = ("search", "stock", "stock_at_least")
    tables = ("changes_table", "lines_table", "concerned_table")
    flows = ("variants", "products", "availability")

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        match = request.resolver_match
        page = match is not None and (match.url_name or "").endswith("_change")
        return rows.annotate(last_sent=last_sent("variant")) if page else rows

    @admin.display(description="last sent")
    def sent_shown(self, row: Any) -> Any:
        return last_sent_shown(row)

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

    @admin.display(description="same since", ordering="checked_at")
    def checked(self, row: Variant) -> Any:
        return age(row.checked_at)

    @admin.display(description="Price and stock changes")
    def changes_table(self, row: Variant) -> Any:
        """Each with the run that brought it."""
        prices = row.price_changes.order_by().values_list(
            "at", "run_id", "field", "before", "before_currency", "after", "after_currency"
        )
        stocks = row.stock_changes.order_by().values_list(
            "at", "run_id", Value("stock"), "before", more("before_at_least"), "after", more("after_at_least")
        )

        def shown(what: str, amount: Any, note: str) -> Any:
            if what != "stock":
                return money(amount, note)
            return "unknown" if amount is None else Figure(note + figure(amount))

        changes = prices.union(stocks, all=True).order_by("-at")[: 2 * LAST]
        return table(
            ("When", "What", "Before", "After"),
            [
                (run_link(run, age(at)), what.replace("_", " "), shown(what, before, was), shown(what, after, now))
                for at, run, what, before, was, after, now in changes
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
