"""Packages with their lines and tracking: an order may ship in parts."""

from django.db import models

from catalog.models import Mirrored, money
from orders.models.orders import Order, OrderLine
from orders.models.words import PackageStatus


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
