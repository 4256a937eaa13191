"""What shipping costs: the table from which live rates are answered. Admins edit it; no vendor writes it."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models

from integrations.models.vendor import Vendor


def bound(title: str) -> models.DecimalField:
    """One end of a band; NULL is open."""
    return models.DecimalField(title, max_digits=14, decimal_places=3, null=True, blank=True)


class ShippingZone(models.Model):
    """Where to. An empty part says "any"; of two zones that fit, the narrower one counts, then the one that stands first."""

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="shipping_zones")
    name = models.CharField(max_length=100)
    position = models.IntegerField(default=0)
    countries = models.CharField(
        max_length=1000, blank=True, help_text="Two-letter codes with commas, such as LV, LT, EE. Empty: everywhere."
    )
    states = models.CharField(max_length=1000, blank=True, help_text="State codes with commas, such as CA, NY.")
    postcodes = models.TextField(
        blank=True,
        help_text="With commas: LV-1010, a beginning with a star (LV-10*), or a range of figures (10000-19999).",
    )

    secret_columns: ClassVar[tuple[str, ...]] = ()

    class Meta:
        ordering = ("vendor", "position", "id")

    def __str__(self) -> str:
        return self.name


class ShippingRate(models.Model):
    """One price. Bands hold their lower end and not their upper; what is not known of a parcel fits no band about it."""

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="shipping_rates")
    zone = models.ForeignKey(
        ShippingZone,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="rates",
        help_text="Empty: the fallback, offered where no other rate fits and when something fails.",
    )
    name = models.CharField(max_length=100, help_text="What the buyer reads.")
    code = models.SlugField(max_length=60)
    description = models.CharField(max_length=300, blank=True)
    price = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    weight_from = bound("from, kg")
    weight_below = bound("below, kg")
    value_from = bound("from a value of")
    value_below = bound("below a value of")
    free_over = bound("free from a value of")
    days_min = models.PositiveSmallIntegerField("days at least", null=True, blank=True, help_text="Handling included.")
    days_max = models.PositiveSmallIntegerField("days at most", null=True, blank=True)
    taxable = models.BooleanField(null=True, blank=True, help_text="Where the shop asks. Unknown: the shop decides.")
    active = models.BooleanField("on", default=True)

    secret_columns: ClassVar[tuple[str, ...]] = ()

    class Meta:
        ordering = ("vendor", "zone__position", "price", "id")
        constraints = [models.UniqueConstraint(fields=("zone", "code"), name="shipping_rate_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.price} {self.currency}"

    def clean(self) -> None:
        if self.zone_id and self.zone and self.zone.vendor_id != self.vendor_id:
            raise ValidationError({"zone": "The zone belongs to another vendor."})
        for low, high in (("weight_from", "weight_below"), ("value_from", "value_below"), ("days_min", "days_max")):
            first, last = getattr(self, low), getattr(self, high)
            if first is not None and last is not None and first > last:
                raise ValidationError({high: "It ends before it begins."})
