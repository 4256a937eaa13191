"""Who buys: customers of a shop, and the carts they left behind. Personal data, mirrored only where a vendor lists it."""

from django.db import models

from catalog.models import Mirrored, money


class Customer(Mirrored):
    name = models.CharField(max_length=500, blank=True)
    company = models.CharField(max_length=500, blank=True)
    email = models.CharField(max_length=500, blank=True)
    phone = models.CharField(max_length=200, blank=True)
    group = models.CharField(max_length=500, blank=True, help_text="Several are parted by commas.")
    is_guest = models.BooleanField(null=True, default=None)
    active = models.BooleanField(null=True, default=None)
    addresses = models.JSONField(default=list, blank=True)
    vendor_created_at = models.DateTimeField("customer since", null=True, blank=True)
    vendor_changed_at = models.DateTimeField("changed at the vendor", null=True, blank=True)
    search = models.TextField(blank=True, editable=False)
    note = models.TextField(blank=True)

    class Meta(Mirrored.Meta):
        indexes = [
            models.Index(fields=("-changed_at", "-id"), name="customer_changed"),
            models.Index(fields=("vendor", "-changed_at", "-id"), name="customer_vendor_changed"),
            models.Index(
                fields=("-changed_at", "-id"), condition=models.Q(gone_at__isnull=False), name="customer_gone"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.company or self.email or self.external_id


class AbandonedCart(Mirrored):
    """A cart that never became an order. `lines`: sku, name, quantity, price and total of each, as far as told."""

    customer_external_id = models.CharField("customer, as sent", max_length=200, blank=True)
    customer_name = models.CharField(max_length=500, blank=True)
    customer_email = models.CharField(max_length=500, blank=True)
    customer_phone = models.CharField(max_length=200, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    total = money()
    lines = models.JSONField(default=list, blank=True)
    line_count = models.IntegerField(null=True, blank=True)
    cart_url = models.TextField("cart at the shop", blank=True)
    vendor_created_at = models.DateTimeField("begun", null=True, blank=True)
    vendor_changed_at = models.DateTimeField("changed at the vendor", null=True, blank=True)
    search = models.TextField(blank=True, editable=False)
    note = models.TextField(blank=True)

    class Meta(Mirrored.Meta):
        indexes = [
            models.Index(fields=("-changed_at", "-id"), name="cart_changed"),
            models.Index(fields=("vendor", "-changed_at", "-id"), name="cart_vendor_changed"),
        ]

    def __str__(self) -> str:
        return self.customer_name or self.customer_email or self.external_id
