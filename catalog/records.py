"""Our words for what vendors sell: frozen dataclasses, no Django, no HTTP.

A field left at KEEP was not in what the vendor sent: the mirror leaves the stored value as it is.
None means the vendor said "unknown"; it is stored as NULL. Money is Decimal in the currency beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final


class Keep:
    """The type of KEEP: "not told, leave what is stored"."""

    def __repr__(self) -> str:
        return "KEEP"

    def __bool__(self) -> bool:
        return False


KEEP: Final = Keep()


@dataclass(frozen=True, slots=True)
class CategoryRecord:
    """`parents` holds the external ids of every node it hangs under; a parent not yet known is linked when it comes."""

    external_id: str
    name: str
    code: str = ""
    parents: tuple[str, ...] | Keep = ()
    translations: Mapping[str, str] | Keep = KEEP
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class BrandRecord:
    external_id: str
    name: str
    code: str = ""
    image_url: str = ""
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class AttributeRecord:
    external_id: str
    name: str
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class AttributeValueRecord:
    external_id: str
    value: str
    attribute: str = ""  # the attribute's external id
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class VariantRecord:
    """One thing that can be bought. `stock` in pieces, `weight_kg` in kilograms, `size` with its unit where known."""

    external_id: str
    sku: str
    product: str = ""  # the product's external id; empty inside a ProductRecord
    name: str | Keep = KEEP
    manufacturer_code: str | Keep = KEEP
    barcode: str | Keep = KEEP  # as sent; `gtin` is derived from it by the mirror when the check digit is right
    hs_code: str | Keep = KEEP
    currency: str | Keep = KEEP
    price: Decimal | None | Keep = KEEP
    discount_price: Decimal | None | Keep = KEEP
    copyright_levy: Decimal | None | Keep = KEEP
    retail_price: Decimal | None | Keep = KEEP
    retail_currency: str | Keep = KEEP
    stock: Decimal | None | Keep = KEEP
    stock_at_least: bool | Keep = KEEP
    incoming: Decimal | None | Keep = KEEP
    incoming_on: date | None | Keep = KEEP
    reserved: Decimal | None | Keep = KEEP
    pack_size: Decimal | None | Keep = KEEP
    weight_kg: Decimal | None | Keep = KEEP
    size: Mapping[str, Any] | Keep = KEEP
    attributes: tuple[Mapping[str, Any], ...] | Keep = KEEP
    description: str | Keep = KEEP
    translations: Mapping[str, Any] | Keep = KEEP
    image_url: str | Keep = KEEP
    images: tuple[str, ...] | Keep = KEEP
    supplier: str | Keep = KEEP
    active: bool | None | Keep = KEEP


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """A product with the variants that came with it (none where the vendor lists variants apart).

    sold_apart: the product itself cannot be bought (any more): what was once its own variant, under its own id, is gone.
    """

    external_id: str
    name: str
    brand: str | Keep = KEEP  # the brand's external id
    brand_name: str | Keep = KEEP
    category: str | Keep = KEEP  # the category's external id
    summary: str | Keep = KEEP
    description: str | Keep = KEEP
    translations: Mapping[str, Any] | Keep = KEEP
    image_url: str | Keep = KEEP
    images: tuple[str, ...] | Keep = KEEP
    page_url: str | Keep = KEEP
    tax: Decimal | None | Keep = KEEP
    guarantee: str | Keep = KEEP
    fulfilment_days: int | None | Keep = KEEP
    active: bool | None | Keep = KEEP
    variants: tuple[VariantRecord, ...] = field(default=())
    sold_apart: bool = False


@dataclass(frozen=True, slots=True)
class DetailRecord:
    """What a vendor tells about a product in a call of its own: long text, specification lines, pictures, weight."""

    external_id: str  # the product's
    description: str | Keep = KEEP
    specs: tuple[Mapping[str, Any], ...] | Keep = KEEP
    images: tuple[str, ...] | Keep = KEEP
    weight_kg: Decimal | None | Keep = KEEP
    size: Mapping[str, Any] | Keep = KEEP


@dataclass(frozen=True, slots=True)
class AvailabilityRecord:
    """Price and stock of one known variant as of now."""

    external_id: str  # the variant's
    currency: str | Keep = KEEP
    price: Decimal | None | Keep = KEEP
    discount_price: Decimal | None | Keep = KEEP
    copyright_levy: Decimal | None | Keep = KEEP
    stock: Decimal | None | Keep = KEEP
    stock_at_least: bool | Keep = KEEP
    incoming: Decimal | None | Keep = KEEP
    incoming_on: date | None | Keep = KEEP
