"""Categories, products and their variants read into our words."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.records import KEEP, CategoryRecord, Keep, ProductRecord, VariantRecord
from integrations.service import Account, Row
from integrations.services.api2cart.fields import (
    amount,
    flag,
    identity,
    listed,
    money,
    part,
    pieces,
    short,
    store_currency,
    texts,
    told,
)

IN_KG = {
    "kg": Decimal(1), "kilogram": Decimal(1), "kilograms": Decimal(1), "kgs": Decimal(1),
    "g": Decimal("0.001"), "gr": Decimal("0.001"), "gram": Decimal("0.001"), "grams": Decimal("0.001"),
    "mg": Decimal("0.000001"),
    "lb": Decimal("0.45359237"), "lbs": Decimal("0.45359237"), "pound": Decimal("0.45359237"), "pounds": Decimal("0.45359237"),
    "oz": Decimal("0.028349523"), "ounce": Decimal("0.028349523"), "ounces": Decimal("0.028349523"),
}  # fmt: skip
# Kinds of product that are sold only in variants, as parts, or not at all.
PARENTS = {"configurable", "variable", "grouped", "parent", "variation_parent", "variable-subscription"}
NO_PARENT = {"", "0"}
CODES = ("gtin", "ean", "upc", "isbn")


def category(row: Row, account: Account) -> CategoryRecord:
    parent = short(row.get("parent_id"))
    return CategoryRecord(
        external_id=identity(row, "id"),
        name=short(row.get("name"), 500),
        parents=() if parent in NO_PARENT else (parent,),
        active=flag(row.get("avail")),
    )


def product(row: Row, account: Account) -> ProductRecord:
    """A product; where nothing says that it is sold in variants only, it is its own variant."""
    key = identity(row, "id")
    images, family = _images(row), is_parent(row)
    categories = texts(row, "categories_ids")
    return ProductRecord(
        external_id=key,
        name=short(row.get("name"), 500) or short(row.get("u_sku")) or short(row.get("u_model")) or key,
        brand_name=told(row, "u_brand"),
        category=categories[-1] if categories else KEEP,
        summary=told(row, "short_description", 100_000),
        description=told(row, "description", 1_000_000),
        image_url=images[0] if images else KEEP,
        images=images if "images" in row else KEEP,
        page_url=told(row, "url", 2000),
        active=_shown(row),
        variants=() if family else (_own(row, key, account),),
        sold_apart=family,
    )


def is_parent(row: Row) -> bool:
    """Whether this product is sold in variants only: by its kind, or by options that make variants."""
    if short(row.get("type")).lower() in PARENTS:
        return True
    return any(_makes_variants(option) for option in listed(row, "product_options"))


def _makes_variants(option: Row) -> bool:
    """Not an option that is only written on the order, nor one with a single choice, such as “Default Title”."""
    choices = option.get("option_items")
    return flag(option.get("used_in_combination")) is not False and not (isinstance(choices, list) and len(choices) < 2)


def _own(row: Row, key: str, account: Account) -> VariantRecord:
    return VariantRecord(
        external_id=key,
        sku=short(row.get("u_sku")) or short(row.get("u_model")) or key,
        manufacturer_code=told(row, "u_mpn"),
        barcode=_barcode(row, "u_"),
        currency=store_currency(account) or KEEP,
        price=amount(row, "price"),
        discount_price=_special(row),
        stock=_stock(row, row.get("quantity"), "is_stock_managed", told_in="quantity"),
        stock_at_least=False if "quantity" in row or "inventory" in row else KEEP,
        weight_kg=_weight(row, account),
        size=_size(row),
        image_url=images[0] if (images := _images(row)) else KEEP,
        active=flag(row["avail_sale"]) if "avail_sale" in row else KEEP,
    )


def variant(row: Row, account: Account) -> VariantRecord:
    """A child item. Its price is `default_price`; `list_price` is what it cost before."""
    key, parent = identity(row, "id"), identity(row, "parent_id")
    return VariantRecord(
        external_id=key,
        product=parent,
        sku=short(row.get("sku")) or key,
        name=told(row, "name", 500) or KEEP,
        manufacturer_code=told(row, "mpn"),
        barcode=_barcode(row, ""),
        currency=store_currency(account) or KEEP,
        price=amount(row, "default_price"),
        stock=_stock(row, row.get("inventory_level"), "manage_stock", told_in="inventory_level"),
        stock_at_least=False if "inventory_level" in row or "inventory" in row else KEEP,
        weight_kg=_weight(row, account),
        size=_size(row),
        attributes=_combination(row),
        image_url=images[0] if (images := _images(row)) else KEEP,
        images=images if "images" in row else KEEP,
        active=flag(row["avail_for_sale"]) if "avail_for_sale" in row else KEEP,
    )


def _stock(row: Row, level: Any, managed: str, told_in: str) -> Decimal | None | Keep:
    """Pieces on hand: the level, else the sum over warehouses. Unknown where the shop counts no stock of it, never zero."""
    if told_in not in row and "inventory" not in row:
        return KEEP
    if flag(row.get(managed)) is False:
        return None
    found = pieces(level)
    if found is None:
        held = [pieces(entry.get("quantity")) for entry in listed(row, "inventory")]
        known = [count for count in held if count is not None]
        found = sum(known, Decimal(0)) if known and len(known) == len(held) else None
    return None if found is None or found < 0 else found


def _special(row: Row) -> Decimal | None | Keep:
    """The special price while it holds; None when there is none."""
    if "special_price" not in row:
        return KEEP
    special = part(row, "special_price")
    return (money(special.get("value")) or None) if flag(special.get("avail")) else None


def _barcode(row: Row, before: str) -> str | Keep:
    names = [before + name for name in CODES]
    if not any(name in row for name in names):
        return KEEP
    return next((found for name in names if (found := short(row.get(name)))), "")


def _weight(row: Row, account: Account) -> Decimal | None | Keep:
    """Kilograms; unknown in a unit nobody told. The unit is the row's own, else the store's."""
    if "weight" not in row:
        return KEEP
    weight = money(row.get("weight"))
    unit = short(row.get("weight_unit")) or str(account.abilities.get("weight_unit", ""))
    factor = IN_KG.get(unit.lower().strip("."))
    return round(weight * factor, 6) if weight and factor else None


def _size(row: Row) -> Mapping[str, Any] | Keep:
    found = {name: str(value) for name in ("length", "width", "height") if (value := money(row.get(name)))}
    unit = short(row.get("dimensions_unit"))
    return {**found, "unit": unit} if found and unit else KEEP


def _combination(row: Row) -> tuple[Mapping[str, Any], ...] | Keep:
    """What tells this variant from its siblings; the shop names options and values by their ids."""
    if "combination" not in row:
        return KEEP
    return tuple(
        {"name": name, "value": value}
        for entry in listed(row, "combination")
        if (name := short(entry.get("option_id"))) and (value := short(entry.get("option_value_id")))
    )


def _images(row: Row) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (short(image.get("http_path"), 2000) for image in listed(row, "images")))))


def _shown(row: Row) -> bool | None | Keep:
    return flag(row["avail_view"]) if "avail_view" in row else KEEP
