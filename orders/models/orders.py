"""Orders and their lines; sales and purchases are one table and two lists."""

from typing import ClassVar

from django.db import models

from catalog.models import Mirrored, Variant, money
from orders.models.words import Status


class Order(Mirrored):
    class Direction(models.TextChoices):
        SALE = "sale", "Sale"
        PURCHASE = "purchase", "Purchase"

    direction = models.CharField(max_length=8, choices=Direction.choices)
    number = models.CharField(max_length=200)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.UNKNOWN)
    vendor_status = models.CharField(max_length=200, blank=True)
    # Never NULL, so that lists can be paged by key: when the vendor gives no date it is when we first saw the order.
    placed_at = models.DateTimeField()
    placed_day_only = models.BooleanField(default=False, help_text="The vendor told the day, not the time.")
    vendor_changed_at = models.DateTimeField("changed at the vendor", null=True, blank=True)
    buyer_name = models.CharField(max_length=500, blank=True)
    buyer_email = models.CharField(max_length=500, blank=True)
    buyer_phone = models.CharField(max_length=200, blank=True)
    ship_to = models.JSONField(default=dict, blank=True)
    customer_external_id = models.CharField("customer, as sent", max_length=200, blank=True)
    reference = models.CharField("our reference", max_length=200, blank=True)
    hold_reason = models.CharField(max_length=500, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    total = money()
    commission = money()
    net = money()
    exchange_rate = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    exchange_source = models.CharField(max_length=100, blank=True)
    other_numbers = models.JSONField(
        default=list, blank=True, help_text="Further numbers the vendor has for this order, e.g. its purchase orders."
    )
    warning = models.CharField(max_length=300, blank=True, help_text="What is missing or does not add up in it.")
    line_count = models.IntegerField(default=0)
    search = models.TextField(blank=True, editable=False)
    note = models.TextField(blank=True)

    class Meta(Mirrored.Meta):
        indexes = [
            models.Index(fields=("direction", "-placed_at", "-id"), name="order_placed"),
            models.Index(fields=("direction", "vendor", "-placed_at", "-id"), name="order_vendor_placed"),
            models.Index(fields=("direction", "status", "-placed_at", "-id"), name="order_status_placed"),
            models.Index(
                fields=("direction", "-placed_at", "-id"), condition=models.Q(gone_at__isnull=False), name="order_gone"
            ),
            models.Index(fields=("vendor", "number"), name="order_number"),
            models.Index(
                fields=("vendor", "customer_external_id"),
                condition=~models.Q(customer_external_id=""),
                name="order_customer_ref",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def page_model(self) -> type[models.Model]:
        """The list that shows this order: sales and purchases are apart."""
        return Sale if self.direction == self.Direction.SALE else Purchase


class OrderLine(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    external_id = models.CharField(max_length=200)
    position = models.IntegerField(default=0)
    sku = models.CharField("SKU, as sent", max_length=300, blank=True)
    barcode = models.CharField(max_length=200, blank=True)
    name = models.TextField(blank=True)
    name_translations = models.JSONField(default=dict, blank=True)
    variant = models.ForeignKey(Variant, models.SET_NULL, null=True, blank=True, related_name="order_lines")
    match = models.CharField("how matched", max_length=20, blank=True)  # sku, gtin, ambiguous, none
    quantity = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    quantity_confirmed = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    unit_price = money()
    total = money()
    commission_percent = models.DecimalField(max_digits=9, decimal_places=4, null=True, blank=True)
    commission = money()
    net = money()
    exchange_rate = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.UNKNOWN)
    vendor_status = models.CharField(max_length=200, blank=True)
    cancel_reason = models.CharField(max_length=300, blank=True)
    vendor_changed_at = models.DateTimeField(null=True, blank=True)
    warning = models.CharField(max_length=300, blank=True, help_text="What does not add up in the vendor's figures.")
    raw = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("position", "id")
        constraints = [models.UniqueConstraint(fields=("order", "external_id"), name="order_line_once")]
        indexes = [  # lines that wait for their variant, by what it would be known by
            models.Index(fields=("sku",), condition=models.Q(match="none"), name="order_line_waits_sku"),
            models.Index(fields=("barcode",), condition=models.Q(match="none"), name="order_line_waits_barcode"),
            models.Index(fields=("external_id",), name="order_line_external_id"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity or '?'} × {self.sku or self.name}"


class SaleRows(models.Manager["Sale"]):
    def get_queryset(self) -> models.QuerySet["Sale"]:
        return super().get_queryset().filter(direction=Order.Direction.SALE)


class PurchaseRows(models.Manager["Purchase"]):
    def get_queryset(self) -> models.QuerySet["Purchase"]:
        return super().get_queryset().filter(direction=Order.Direction.PURCHASE)


class Sale(Order):
    """The orders of our customers, as the admin lists them."""

    objects: ClassVar[SaleRows] = SaleRows()

    class Meta:
        proxy = True


class Purchase(Order):
    """Our own orders at suppliers, as the admin lists them."""

    objects: ClassVar[PurchaseRows] = PurchaseRows()

    class Meta:
        proxy = True
