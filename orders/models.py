"""What was sold and bought: orders with their lines, packages with their tracking, transactions.

Vendor-owned columns are written by `orders.mirror` alone; `note` is the operator's and no sync touches it. The vendor's
own status word is always kept beside ours, and StatusWord maps the one to the other.
"""

from typing import ClassVar

from django.db import models

from catalog.models import Mirrored, Variant, money


class Status(models.TextChoices):
    """Our words for where an order or a line of it stands."""

    NEW = "new", "New"
    CONFIRMED = "confirmed", "Confirmed"
    ON_HOLD = "on_hold", "On hold"
    PREPARING = "preparing", "Preparing"
    SHIPPED = "shipped", "Shipped"
    PARTLY = "partly", "Partly done"
    DELIVERED = "delivered", "Delivered"
    CANCELLED = "cancelled", "Cancelled"
    RETURNED = "returned", "Returned"
    UNKNOWN = "unknown", "Unknown word"


class PackageStatus(models.TextChoices):
    OPEN = "open", "Open"
    READY = "ready", "Ready"
    SHIPPED = "shipped", "On its way"
    DELIVERED = "delivered", "Delivered"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Not delivered"
    UNKNOWN = "unknown", "Unknown word"


# Of both, for the column that holds either.
MEANINGS = list({**dict(PackageStatus.choices), **dict(Status.choices)}.items())


class StatusWord(models.Model):
    """What one of a vendor's words means to us. Operators edit `meaning`; a word nobody mapped yet means `unknown`."""

    class Subject(models.TextChoices):
        ORDER = "order", "Order"
        PACKAGE = "package", "Package"

    vendor = models.ForeignKey("integrations.Vendor", models.CASCADE, related_name="+")
    subject = models.CharField(max_length=10, choices=Subject.choices)
    word = models.CharField("vendor's word", max_length=200)
    meaning = models.CharField(max_length=20, choices=MEANINGS, default=Status.UNKNOWN)
    set_by_operator = models.BooleanField(default=False)
    seen_at = models.DateTimeField("first seen")

    class Meta:
        constraints = [models.UniqueConstraint(fields=("vendor", "subject", "word"), name="status_word_once")]

    def __str__(self) -> str:
        return f"{self.word} → {self.get_meaning_display()}"


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


class Package(Mirrored):
    order = models.ForeignKey(Order, models.SET_NULL, null=True, blank=True, related_name="packages")
    order_external_id = models.CharField("order, as sent", max_length=200, blank=True)
    number = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=20, choices=PackageStatus.choices, default=PackageStatus.UNKNOWN)
    vendor_status = models.CharField(max_length=200, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    vendor_changed_at = models.DateTimeField("changed at the vendor", null=True, blank=True)
    tracking_number = models.CharField(max_length=200, blank=True)
    tracking_link = models.TextField(blank=True)
    tracking_provider = models.CharField(max_length=200, blank=True)
    label_link = models.TextField(blank=True)
    invoice_number = models.CharField(max_length=200, blank=True)
    invoice_date = models.DateField(null=True, blank=True)
    invoice_link = models.TextField(blank=True)
    search = models.TextField(blank=True, editable=False)
    note = models.TextField(blank=True)

    class Meta(Mirrored.Meta):
        indexes = [
            models.Index(fields=("-changed_at", "-id"), name="package_changed"),
            models.Index(fields=("vendor", "-changed_at", "-id"), name="package_vendor_changed"),
            models.Index(fields=("status", "-changed_at", "-id"), name="package_status_changed"),
            models.Index(fields=("shipped_at",), name="package_shipped"),
            models.Index(fields=("vendor", "order_external_id"), name="package_order_ref"),
        ]

    def __str__(self) -> str:
        return self.tracking_number or self.number or self.external_id


class PackageLine(models.Model):
    package = models.ForeignKey(Package, models.CASCADE, related_name="lines")
    external_id = models.CharField(max_length=200)
    order_line = models.ForeignKey(OrderLine, models.SET_NULL, null=True, blank=True, related_name="package_lines")
    line_external_id = models.CharField("order line, as sent", max_length=200, blank=True)
    sku = models.CharField(max_length=300, blank=True)
    name = models.TextField(blank=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    unit_price = money()
    serials = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("package", "external_id"), name="package_line_once")]

    def __str__(self) -> str:
        return f"{self.quantity or '?'} × {self.sku or self.line_external_id}"


class TrackingEvent(models.Model):
    package = models.ForeignKey(Package, models.CASCADE, related_name="events")
    external_id = models.CharField(max_length=200)
    at = models.DateTimeField(null=True)
    at_text = models.CharField("time, as sent", max_length=100, blank=True)
    code = models.CharField(max_length=100, blank=True)
    text = models.TextField(blank=True)
    location = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-at", "-id")
        constraints = [models.UniqueConstraint(fields=("package", "external_id"), name="tracking_event_once")]

    def __str__(self) -> str:
        return f"{self.at or self.at_text} {self.text or self.code}"


class Transaction(Mirrored):
    class Kind(models.TextChoices):
        BILL = "bill", "Bill"
        CREDIT = "credit", "Credit"
        PAYMENT = "payment", "Payment"
        UNKNOWN = "unknown", "Unknown kind"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    vendor_kind = models.CharField(max_length=100, blank=True)
    number = models.CharField(max_length=200, blank=True)
    date = models.DateField(null=True, blank=True)
    due_date = models.DateField(null=True, blank=True)
    amount = models.DecimalField(
        max_digits=20,
        decimal_places=6,
        null=True,
        blank=True,
        help_text="Signed: what is owed to us is positive, what we owe or have been paid is negative.",
    )
    open_amount = money()
    currency = models.CharField(max_length=3, blank=True)
    exchange_rate = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    order = models.ForeignKey(
        Order, models.SET_NULL, null=True, blank=True, related_name="transactions", verbose_name="suggested order"
    )
    order_number = models.CharField("order number, as sent", max_length=200, blank=True)
    search = models.TextField(blank=True, editable=False)
    note = models.TextField(blank=True)

    class Meta(Mirrored.Meta):
        indexes = [
            models.Index(fields=("-changed_at", "-id"), name="transaction_changed"),
            models.Index(fields=("vendor", "-changed_at", "-id"), name="transaction_vendor_changed"),
            models.Index(fields=("-date", "-id"), name="transaction_date"),
            models.Index(fields=("vendor", "order_number"), name="transaction_order_ref"),
        ]

    def __str__(self) -> str:
        return self.number or self.external_id


class CancelReason(Mirrored):
    """A reason the vendor accepts when an order line is cancelled."""

    name = models.CharField(max_length=300)

    def __str__(self) -> str:
        return self.name


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
