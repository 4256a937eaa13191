"""Who buys, and the carts that never became orders."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog.records import KEEP, Keep


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """addresses: mappings in the vendor's own words or in those of an order's `ship_to`. group: several by commas."""

    external_id: str
    name: str | Keep = KEEP
    company: str | Keep = KEEP
    email: str | Keep = KEEP
    phone: str | Keep = KEEP
    group: str | Keep = KEEP
    is_guest: bool | None | Keep = KEEP
    active: bool | None | Keep = KEEP
    addresses: tuple[Mapping[str, Any], ...] | Keep = KEEP
    vendor_created_at: datetime | None | Keep = KEEP
    vendor_changed_at: datetime | None | Keep = KEEP


@dataclass(frozen=True, slots=True)
class CartLineRecord:
    sku: str = ""
    name: str = ""
    quantity: Decimal | None = None
    price: Decimal | None = None
    total: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CartRecord:
    """A cart that was left. `cart_url` leads back to it in the shop; total in `currency`, None when not told."""

    external_id: str
    customer_external_id: str | Keep = KEEP
    customer_name: str | Keep = KEEP
    customer_email: str | Keep = KEEP
    customer_phone: str | Keep = KEEP
    currency: str | Keep = KEEP
    total: Decimal | None | Keep = KEEP
    lines: tuple[CartLineRecord, ...] | Keep = KEEP
    cart_url: str | Keep = KEEP
    vendor_created_at: datetime | None | Keep = KEEP
    vendor_changed_at: datetime | None | Keep = KEEP
