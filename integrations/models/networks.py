"""Who may reach what from where."""

import ipaddress

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations.models.vendor import Vendor

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AllowedNetwork(models.Model):
    """An address, a network or a range. Where a purpose has no entry, it is not restricted."""

    class Purpose(models.TextChoices):
        WEBHOOK = "webhook", "May post for a vendor"

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

    class Meta:
        ordering = ("purpose", "network")

    def __str__(self) -> str:
        return self.network

    def clean(self) -> None:
        try:
            ends(self.network)
        except ValueError as error:
            raise ValidationError({"network": str(error)}) from None

    def holds(self, address: Address) -> bool:
        try:
            first, last = ends(self.network)
        except ValueError:  # written past the form; it allows nobody
            return False
        return first.version == address.version and int(first) <= int(address) <= int(last)

    @classmethod
    def in_force(cls, purpose: str, vendor_id: int | None = None) -> "QuerySet[AllowedNetwork]":
        """What restricts this purpose now, for one vendor or for all."""
        of = Q(vendor=None) | Q(vendor_id=vendor_id) if vendor_id else Q(vendor=None)
        alive = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return cls.objects.filter(of, alive, purpose=purpose, active=True)


def ends(text: str) -> tuple[Address, Address]:
    """First and last address of what an admin wrote. ValueError says what is wrong with it."""
    try:
        if "-" in text or "–" in text:
            first, last = (ipaddress.ip_address(part.strip()) for part in text.replace("–", "-").split("-"))
            if first.version != last.version or int(first) > int(last):
                raise ValueError
            return first, last
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValueError("Write an address, a network such as 192.0.2.0/24, or first-last.") from None
    return network[0], network[-1]
