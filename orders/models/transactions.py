"""What is owed and paid."""

from django.db import models

from catalog.models import Mirrored, money
from orders.models.orders import Order


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
