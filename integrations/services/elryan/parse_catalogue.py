"""The catalogue's rows read into our words: what a seller stored at Elryan, keyed by the seller's own ids.

A stock that cannot be read is unknown (None), never zero.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.records import (
    KEEP,
    AttributeRecord,
    AttributeValueRecord,
    BrandRecord,
    CategoryRecord,
    Keep,
    ProductRecord,
    VariantRecord,
)
from integrations.numbers import at_least, decimal_of, gtin_of
from integrations.service import Account, Row
from integrations.services.elryan.fields import currency_of, flag, identity, listed, money, part, plain, text, told

LANGUAGES = {"AR": "ar", "EN": "en", "KU": "ku"}  # the vendor's code → ours
KILOGRAMS = {"kg": Decimal(1), "g": Decimal("0.001")}


def category(row: Row, account: Account) -> CategoryRecord:
    parent = text(row.get("remote_parent_id"))
    key = identity(row, "remote_id", "id")
    return CategoryRecord(
        key,
        text(row.get("name"), 500) or key,
        code=key,
        parents=(parent,) if parent else () if "remote_parent_id" in row else KEEP,
        active=flag(row.get("is_active")),
    )


def brand(row: Row, account: Account) -> BrandRecord:
    key = identity(row, "remote_id", "id")
    return BrandRecord(
        key,
        text(row.get("name"), 500) or key,
        code=key,
        image_url=text(row.get("remote_image_url")),
        active=flag(row.get("is_active")),
    )


def attribute(row: Row, account: Account) -> AttributeRecord:
    key = identity(row, "remote_id", "id")
    return AttributeRecord(key, text(row.get("name"), 500) or key, active=flag(row.get("is_active")))


def attribute_value(row: Row, account: Account) -> AttributeValueRecord:
    key = identity(row, "remote_id", "id")
    return AttributeValueRecord(
        key,
        text(row.get("value")) or key,
        attribute=text(part(row, "attribute").get("remote_id"), 200),
        active=flag(row.get("is_active")),
    )


def product(row: Row, account: Account) -> ProductRecord:
    """A product. No document shows the answer: it is read as what its upsert takes, with variants where they come."""
    key = identity(row, "spu")
    brand_, category_ = part(row, "brand"), part(row, "category")
    days = told(row, lambda value: decimal_of(plain(value), places=0), "fulfillment_day")
    return ProductRecord(
        external_id=key,
        name=text(row.get("name")) or key,
        brand=text(brand_.get("remote_id"), 200) or KEEP,
        brand_name=text(brand_.get("name"), 500) or KEEP,
        category=text(category_.get("remote_id"), 200) or KEEP,
        description=told(row, text, "description"),
        translations=_translations(row, account),
        image_url=told(row, text, "default_image_url"),
        tax=told(row, money, "tax"),
        guarantee=told(row, lambda value: text(value, 200), "guarantee"),
        fulfilment_days=int(days) if isinstance(days, Decimal) else days,
        active=told(row, flag, "is_active"),
        variants=tuple(_variant(entry, account, "") for entry in listed(row, "variants")),
    )


def variant(row: Row, account: Account) -> VariantRecord:
    """A variant listed apart; its `spu` names the product."""
    return _variant(row, account, text(row.get("spu"), 200))


def _variant(row: Row, account: Account, product_: str) -> VariantRecord:
    key = identity(row, "sku")
    stock: Decimal | None | Keep = KEEP
    more: bool | Keep = KEEP
    if "stock" in row:
        stock, more = at_least(row["stock"])
    currency = told(row, currency_of, "currency")
    retail = told(row, money, "retail_price")
    return VariantRecord(
        external_id=key,
        sku=key,
        product=product_,
        name=told(row, text, "name"),
        barcode=_barcode(row),
        hs_code=told(row, lambda value: text(value, 100), "hs_code"),
        currency=currency,
        price=told(row, money, "price"),
        retail_price=retail,
        retail_currency=KEEP if isinstance(retail, Keep) else currency,
        stock=stock,
        stock_at_least=more,
        weight_kg=_weight(row, account),
        size=_size(row),
        attributes=tuple(
            {
                "name": text(entry.get("name")),
                "value": text(entry.get("value")),
                "attribute": text(entry.get("remote_attribute_id")),
                "attribute_value": text(entry.get("remote_attribute_value_id")),
            }
            for entry in listed(row, "attributes")
        )
        + _freight(row)
        if "attributes" in row
        else KEEP,
        description=told(row, text, "description"),
        translations=_translations(row, account),
        image_url=told(row, text, "default_image_url"),
        images=_images(row),
        supplier=text(part(row, "supplier").get("name"), 500) if "supplier" in row else KEEP,
        active=told(row, flag, "is_active"),
    )


def _freight(row: Row) -> tuple[dict[str, str], ...]:
    """What the seller stored as `freight`; without a column of its own, nor a unit in the manual."""
    freight = money(row.get("freight"))
    return ({"name": "Freight", "value": f"{freight.normalize():f}"},) if freight else ()


def _barcode(row: Row) -> str | Keep:
    """Of `barcode` and `gtin` the first with a right check digit, else the first that is filled."""
    if "barcode" not in row and "gtin" not in row:
        return KEEP
    filled = [code for name in ("barcode", "gtin") if (code := text(row.get(name), 200))]
    return next((code for code in filled if gtin_of(code)), filled[0] if filled else "")


def _weight(row: Row, account: Account) -> Decimal | None | Keep:
    """Kilograms. The manual names no unit; grams are assumed unless the connection says otherwise."""
    if "weight" not in row:
        return KEEP
    weight = money(row["weight"])
    if weight is None or weight <= 0:
        return None
    kilograms = weight * KILOGRAMS[str(account.options.get("weight_unit") or "g")]
    return kilograms.quantize(Decimal("0.000001"))


def _size(row: Row) -> Mapping[str, str] | Keep:
    """Sides in centimetres (assumed) as text; a side of 0 is unknown."""
    sides = {name: money(row.get(name)) for name in ("width", "length", "height")}
    known = {name: f"{side.normalize():f}" for name, side in sides.items() if side is not None and side > 0}
    return {**known, "unit": "cm"} if known else KEEP


def _images(row: Row) -> tuple[str, ...] | Keep:
    """The further pictures; an entry that is no text is left out."""
    if "extra_images" not in row:
        return KEEP
    entries = row["extra_images"] if isinstance(row["extra_images"], list) else []
    return tuple(url for entry in entries if isinstance(entry, str) and (url := text(entry)))


def _translations(row: Row, account: Account) -> Mapping[str, Any] | Keep:
    if "translations" not in row:
        return KEEP
    codes = {str(k).upper(): str(v) for k, v in (account.options.get("languages") or LANGUAGES).items()}
    found: dict[str, dict[str, str]] = {}
    for entry in listed(row, "translations"):
        code = text(entry.get("language"), 20)
        texts = {name: words for name in ("name", "description") if (words := text(entry.get(name)))}
        if code and texts:
            found[codes.get(code.upper(), code.lower())] = texts
    return found
