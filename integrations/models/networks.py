"""Who may reach what from where."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet

from config.addresses import Address, ends, normal
from integrations.models.vendor import Vendor


class AllowedNetwork(models.Model):
    """An address, a network or a range. Where a purpose has no entry, it is not restricted; one that has ended still counts."""

    class Purpose(models.TextChoices):
        ADMIN = "admin", "May reach the admin"
        WEBHOOK = "webhook", "May post for a vendor"
        EGRESS = "egress", "Ours, registered at a vendor"

    purpose = models.CharField(max_length=20, choices=Purpose.choices, default=Purpose.WEBHOOK)
    network = models.CharField(
        "address or range", max_length=100, help_text="192.0.2.7, 192.0.2.0/24 or 192.0.2.7-192.0.2.20; IPv6 alike."
    )
    vendor = models.ForeignKey(
        Vendor, models.CASCADE, null=True, blank=True, related_name="networks", help_text="Empty: for every vendor."
    )
    note = models.CharField(max_length=300, blank=True)
    active = models.BooleanField(default=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField("entered", auto_now_add=True, null=True)
    created_by = models.CharField("entered by", max_length=150, blank=True, editable=False)
    changed_at = models.DateTimeField("changed", auto_now=True, null=True)
    changed_by = models.CharField(max_length=150, blank=True, editable=False)

    class Meta:
        ordering = ("purpose", "network")
        verbose_name = "IP address"
        verbose_name_plural = "IP addresses"

    def __str__(self) -> str:
        return self.network

    def clean(self) -> None:
        try:
            self.network = normal(self.network)
        except ValueError as error:
            raise ValidationError({"network": str(error)}) from None
        if self.purpose == self.Purpose.ADMIN and self.vendor_id:
            raise ValidationError({"vendor": "The admin is the same for every vendor: leave this empty."})

    def holds(self, address: Address) -> bool:
        try:
            first, last = ends(self.network)
        except ValueError:  # written past the form; it allows nobody
            return False
        return first.version == address.version and int(first) <= int(address) <= int(last)

    def lets_in(self, address: Address, now: datetime) -> bool:
        return (self.expires_at is None or self.expires_at > now) and self.holds(address)

    @classmethod
    def listed(cls, purpose: str, vendor_id: int | None = None) -> "QuerySet[AllowedNetwork]":
        """What restricts this purpose, for one vendor or for all; what has ended lets nobody in, and opens nothing."""
        of = Q(vendor=None) | Q(vendor_id=vendor_id) if vendor_id else Q(vendor=None)
        return cls.objects.filter(of, purpose=purpose, active=True)


class Blocked(models.Model):
    """An address that was turned away from the admin; one row each, however often it tried."""

    address = models.CharField(max_length=60, unique=True)
    times = models.PositiveIntegerField("times, at least", default=0)
    path = models.CharField("last asked for", max_length=100, blank=True)
    first_at = models.DateTimeField("first")
    last_at = models.DateTimeField("last", db_index=True)
    minute = models.PositiveBigIntegerField("minute counted, since 1970", default=0, editable=False)
    of_minute = models.PositiveIntegerField("attempts in that minute", default=0, editable=False)

    class Meta:
        ordering = ("-last_at", "-id")
        verbose_name = "blocked address"
        verbose_name_plural = "blocked addresses"

    def __str__(self) -> str:
        return self.address
