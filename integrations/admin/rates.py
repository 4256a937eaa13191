"""The table of shipping rates, which admins edit."""

from typing import Any

from django.contrib import admin

from config.admin import HubAdmin, money
from integrations.models import ShippingRate, ShippingZone


@admin.register(ShippingZone)
class ShippingZoneAdmin(HubAdmin):
    list_display = ("name", "vendor", "position", "countries", "states", "postcodes_shown")
    list_filter = ("vendor",)
    list_select_related = ("vendor",)
    search_fields = ("name", "countries", "postcodes")
    ordering = ("vendor__name", "position", "pk")

    @admin.display(description="postcodes")
    def postcodes_shown(self, row: ShippingZone) -> str:
        return row.postcodes[:60]


@admin.register(ShippingRate)
class ShippingRateAdmin(HubAdmin):
    list_display = ("name", "vendor", "zone_shown", "price_shown", "weight", "value", "free", "days", "active")
    list_filter = ("vendor", "active")
    list_select_related = ("vendor", "zone")
    search_fields = ("name", "code")
    ordering = ("vendor__name", "zone__position", "price", "pk")
    fieldsets = (
        (None, {"fields": ("vendor", "zone", "name", "code", "description", "price", "currency", "active")}),
        (
            "For which parcels",
            {
                "fields": ("weight_from", "weight_below", "value_from", "value_below", "free_over"),
                "description": "Values are in the rate's own currency; an order in another one fits no band of value.",
            },
        ),
        ("What is told besides", {"fields": ("days_min", "days_max", "taxable")}),
    )

    @admin.display(description="zone")
    def zone_shown(self, row: ShippingRate) -> str:
        return str(row.zone) if row.zone else "fallback"

    @admin.display(description="price", ordering="price")
    def price_shown(self, row: ShippingRate) -> Any:
        return money(row.price, row.currency)

    @admin.display(description="kg")
    def weight(self, row: ShippingRate) -> str:
        return band(row.weight_from, row.weight_below)

    @admin.display(description="value")
    def value(self, row: ShippingRate) -> str:
        return band(row.value_from, row.value_below)

    @admin.display(description="free from", ordering="free_over")
    def free(self, row: ShippingRate) -> Any:
        return money(row.free_over, row.currency)

    @admin.display(description="days")
    def days(self, row: ShippingRate) -> str:
        return band(row.days_min, row.days_max)


def band(low: Any, high: Any) -> str:
    """`2–5`, `from 2`, `below 5`, or `any`."""
    first, last = (
        "" if end is None else f"{end:f}".rstrip("0").rstrip(".") if "." in f"{end}" else str(end)
        for end in (low, high)
    )
    if first and last:
        return f"{first}–{last}"
    return f"from {first}" if first else f"below {last}" if last else "any"
