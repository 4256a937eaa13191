"""Goods that come back: what was asked for, why, and where it stands."""

from django.db import models

from catalog.models import Mirrored, money
from orders.models.orders import Order, OrderLine
from orders.models.words import ReturnStatus


class Return(Mirrored):
    """`amount` is what the vendor says is paid back; NULL when it does not say."""

    order = models.ForeignKey(Order, models.SET_NULL, null=True, blank=True, related_name="returns")
    order_external_id = models.CharField("order, as sent", max_length=200, blank=True)
    customer_external_id = models.CharField("customer, as sent", max_length=200, blank=True)
    number = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=20, choices=ReturnStatus.choices, default=ReturnStatus.UNKNOWN)
    vendor_status = models.CharField(max_length=200, blank=True)
    action = models.CharField("what is wanted", max_length=300, blank=True)
    reason = models.TextField(blank=True)
    comment = models.TextField(blank=True)
    currency = models.CharField(max_length=3, blank=True)
    amount = money()
    vendor_created_at = models.DateTimeField("asked for", null=True, blank=True)
    vendor_changed_at = models.DateTimeField("changed at the vendor", null=True, blank=True)
    search = models.TextField(blank=True, editable=False)
    note = models.TextField(blank=True)

    class Meta(Mirrored.Meta):
        indexes = [
            models.Index(fields=("-changed_at", "-id"), name="return_changed"),
            models.Index(fields=("vendor", "-changed_at", "-id"), name="return_vendor_changed"),
            models.Index(fields=("status", "-changed_at", "-id"), name="return_status_changed"),
            models.Index(fields=("vendor", "order_external_id"), name="return_order_ref"),
        ]

    def __str__(self) -> str:
        return self.number or self.external_id


class ReturnLine(models.Model):
    parent = models.ForeignKey(Return, models.CASCADE, related_name="lines")
    external_id = models.CharField(max_length=200)
    order_line = models.ForeignKey(OrderLine, models.SET_NULL, null=True, blank=True, related_name="return_lines")
    line_external_id = models.CharField("order line, as sent", max_length=200, blank=True)
    sku = models.CharField("SKU, as sent", max_length=300, blank=True)
    name = models.TextField(blank=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    amount = money()
    reason = models.TextField(blank=True)
    action = models.CharField("what is wanted", max_length=300, blank=True)
    condition = models.CharField(max_length=300, blank=True)
    comment = models.TextField(blank=True)
    status = models.CharField(max_length=20, choices=ReturnStatus.choices, default=ReturnStatus.UNKNOWN)
    vendor_status = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("parent", "external_id"), name="return_line_once")]

    def __str__(self) -> str:
        return f"{self.quantity or '?'} × {self.sku or self.line_external_id}"
