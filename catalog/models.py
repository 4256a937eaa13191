"""What is sold: categories, brands, attributes, products, variants, and how their prices and stock changed.

Vendor-owned columns are written by `catalog.mirror` alone; `note` and `watched` are the operator's and no sync touches them.
Unknown is NULL, never zero.
"""

from decimal import Decimal

from django.db import models


def money() -> models.DecimalField:
    """An amount, exact to six decimals, in the currency beside it; NULL when the vendor did not say."""
    return models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)


class Mirrored(models.Model):
    """A row that mirrors what one vendor says: unique by vendor and the vendor's own id, raw JSON kept."""

    vendor = models.ForeignKey("integrations.Vendor", models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=200)
    raw = models.JSONField(default=dict, blank=True)
    gone_at = models.DateTimeField("gone since", null=True, blank=True)
    seen_at = models.DateTimeField("first seen")
    changed_at = models.DateTimeField("last changed")

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=("vendor", "external_id"), name="%(app_label)s_%(class)s_once_per_vendor")
        ]


class Category(Mirrored):
    code = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=500)
    translations = models.JSONField(default=dict, blank=True)
    active = models.BooleanField(null=True, default=None)
    # A leaf may hang under two parents (elko.md 3.1).
    parents = models.ManyToManyField("self", symmetrical=False, related_name="children", blank=True)

    class Meta(Mirrored.Meta):
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name or self.external_id


class Brand(Mirrored):
    code = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=500)
    image_url = models.TextField(blank=True)
    active = models.BooleanField(null=True, default=None)

    def __str__(self) -> str:
        return self.name or self.external_id


class Attribute(Mirrored):
    name = models.CharField(max_length=500)
    active = models.BooleanField(null=True, default=None)

    def __str__(self) -> str:
        return self.name or self.external_id


class AttributeValue(Mirrored):
    attribute = models.ForeignKey(Attribute, models.CASCADE, related_name="values", null=True)
    value = models.TextField()
    active = models.BooleanField(null=True, default=None)

    def __str__(self) -> str:
        return self.value[:80] or self.external_id


class Product(Mirrored):
    name = models.TextField()
    brand = models.ForeignKey(Brand, models.SET_NULL, related_name="products", null=True, blank=True)
    brand_name = models.CharField(max_length=500, blank=True)
    category = models.ForeignKey(Category, models.SET_NULL, related_name="products", null=True, blank=True)
    summary = models.TextField(blank=True)
    description = models.TextField(
        blank=True, help_text="As the vendor sent it; may hold HTML, which is shown as text."
    )
    translations = models.JSONField(default=dict, blank=True)
    image_url = models.TextField(blank=True)
    images = models.JSONField(default=list, blank=True)
    specs = models.JSONField(
        default=list, blank=True, help_text="The vendor's description lines: criteria, value, measurement."
    )
    page_url = models.TextField(blank=True)
    tax = models.DecimalField("tax, as sent", max_digits=12, decimal_places=6, null=True, blank=True)
    guarantee = models.CharField("guarantee, as sent", max_length=200, blank=True)
    fulfilment_days = models.IntegerField(null=True, blank=True)
    active = models.BooleanField(null=True, default=None)
    details_at = models.DateTimeField("details fetched", null=True, blank=True)
    search = models.TextField(blank=True, editable=False)
    note = models.TextField(blank=True)

    class Meta(Mirrored.Meta):
        indexes = [
            models.Index(fields=("-changed_at", "-id"), name="product_changed"),
            models.Index(fields=("vendor", "-changed_at", "-id"), name="product_vendor_changed"),
            models.Index(fields=("-changed_at", "-id"), condition=models.Q(active=False), name="product_inactive"),
            models.Index(fields=("-changed_at", "-id"), condition=models.Q(gone_at__isnull=False), name="product_gone"),
        ]

    def __str__(self) -> str:
        return self.name[:120] or self.external_id


class Variant(Mirrored):
    product = models.ForeignKey(Product, models.CASCADE, related_name="variants")
    name = models.TextField(blank=True)
    sku = models.CharField("SKU", max_length=200)
    manufacturer_code = models.CharField(max_length=200, blank=True)
    barcode = models.CharField("barcode, as sent", max_length=200, blank=True)
    gtin = models.CharField("GTIN", max_length=14, blank=True, help_text="Only when its check digit is right.")
    hs_code = models.CharField("HS code", max_length=100, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    price = money()
    discount_price = money()
    copyright_levy = money()
    retail_price = money()
    retail_currency = models.CharField(max_length=3, blank=True)
    stock = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    stock_at_least = models.BooleanField(
        default=False, help_text='The vendor said "more than": the true figure is higher.'
    )
    incoming = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    incoming_on = models.DateField(null=True, blank=True)
    reserved = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    pack_size = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    weight_kg = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    size = models.JSONField(default=dict, blank=True, help_text="width, height, length with the unit where known.")
    attributes = models.JSONField(default=list, blank=True)
    description = models.TextField(
        blank=True, help_text="As the vendor sent it; may hold HTML, which is shown as text."
    )
    translations = models.JSONField(default=dict, blank=True, help_text="Name and description by language.")
    image_url = models.TextField(blank=True)
    images = models.JSONField(default=list, blank=True)
    supplier = models.CharField(max_length=500, blank=True)
    active = models.BooleanField(null=True, default=None)
    checked_at = models.DateTimeField("price and stock as of", null=True, blank=True)
    search = models.TextField(blank=True, editable=False)
    watched = models.BooleanField(default=False, help_text="Ask the vendor for this one's price and stock on a timer.")
    note = models.TextField(blank=True)

    class Meta(Mirrored.Meta):
        indexes = [
            models.Index(fields=("-changed_at", "-id"), name="variant_changed"),
            models.Index(fields=("vendor", "-changed_at", "-id"), name="variant_vendor_changed"),
            models.Index(fields=("-changed_at", "-id"), condition=models.Q(active=False), name="variant_inactive"),
            models.Index(fields=("-changed_at", "-id"), condition=models.Q(gone_at__isnull=False), name="variant_gone"),
            models.Index(
                fields=("-changed_at", "-id"), condition=models.Q(watched=True), name="variant_watched_changed"
            ),
            models.Index(fields=("vendor", "sku"), name="variant_sku"),
            models.Index(fields=("vendor", "gtin"), name="variant_gtin"),
            models.Index(fields=("vendor", "id"), condition=models.Q(watched=True), name="variant_watched"),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}".strip()[:120]

    @property
    def cost(self) -> Decimal | None:
        """What one piece costs us: the discount price where there is one, else the price, plus the copyright levy."""
        base = self.discount_price if self.discount_price else self.price
        if base is None:
            return None
        return base + (self.copyright_levy or Decimal(0))

    @property
    def stock_text(self) -> str:
        """`>50`, `12`, or `unknown`."""
        if self.stock is None:
            return "unknown"
        return (">" if self.stock_at_least else "") + f"{self.stock.normalize():f}"


class PriceChange(models.Model):
    """One real change of a variant's price, with the run that brought it."""

    vendor = models.ForeignKey("integrations.Vendor", models.CASCADE, related_name="+")
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="price_changes")
    run = models.ForeignKey("integrations.SyncRun", models.SET_NULL, null=True, related_name="+")
    field = models.CharField(max_length=20)
    before = money()
    before_currency = models.CharField(max_length=3, blank=True)
    after = money()
    after_currency = models.CharField(max_length=3, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-id")
        indexes = [models.Index(fields=("variant", "-at"), name="price_change_variant")]

    def __str__(self) -> str:
        return f"{self.field} {self.before} → {self.after}"


class StockChange(models.Model):
    """One real change of a variant's stock, with the run that brought it."""

    vendor = models.ForeignKey("integrations.Vendor", models.CASCADE, related_name="+")
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="stock_changes")
    run = models.ForeignKey("integrations.SyncRun", models.SET_NULL, null=True, related_name="+")
    before = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    before_at_least = models.BooleanField(default=False)
    after = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    after_at_least = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-id")
        indexes = [models.Index(fields=("variant", "-at"), name="stock_change_variant")]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"
