"""ELKO's categories, brands and price list, read into our words: both layouts, with the habits found in live answers.

Money that cannot be read rejects the row; a quantity that cannot be read is unknown (None), never zero.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from catalog.records import KEEP, BrandRecord, CategoryRecord, Keep, ProductRecord, VariantRecord
from integrations.numbers import at_least, jde_date, text_of
from integrations.service import Account, Row
from integrations.services.elko.fields import (
    NO_CODE,
    currency_of,
    cut_to,
    identity,
    pieces,
    price_of,
    price_or_none,
    short,
    told,
)

LANGUAGES = {"ua": "uk", "ru": "ru", "en": "en"}  # ELKO names languages by country
# Fields without a column of their own that an operator may have to heed; "Y" under RRP control means it is policed.
EXTRAS = (
    ("RRP control", "rrPcontrol"),
    ("Country of origin", "origin"),
    ("Product group", "prP4"),
    ("Second price", "price2"),
    ("Quantity for second price", "quantityForPrice2"),
    ("Promotion quantity", "promQuant"),
    ("Obligatory kit", "obligatoryKit"),
    ("Lot number", "lotNumber"),
)
NOTHING = ("", "0", "0.0", "0.00")


def category(row: Row, account: Account) -> CategoryRecord:
    """A category as `merged_categories` makes them, or as either list sends them."""
    translation = row.get("translation")
    named = translation if isinstance(translation, Mapping) else {}
    parents = row.get("parents")
    return CategoryRecord(
        external_id=identity(row, "code", "id"),
        name=cut_to(500)(row.get("name")),
        code=text_of(row.get("code"), limit=NO_CODE),
        parents=KEEP if parents is None else tuple(text_of(parent) for parent in parents),
        translations={LANGUAGES.get(key.lower(), key.lower()): text_of(value) for key, value in named.items() if value}
        if named
        else KEEP,
        active=True,
    )


def merged_categories(flat: Iterable[Row], tree: Iterable[Row] | None) -> tuple[list[dict[str, Any]], list[Any]]:
    """One row per category of the list and the tree, and the rows that hold no id.

    Leaves go by their code, which is what products name; groups, which have none, by their number. A node that hangs
    under two groups is one row with both as `parents`. Without a tree rows have no `parents`: not told.
    """
    rows: dict[str, dict[str, Any]] = {}
    unreadable: list[Any] = []
    for row in flat:
        try:
            rows.setdefault(identity(row, "code", "id"), {}).update(row)
        except (ValueError, AttributeError, TypeError):
            unreadable.append(row)
    waiting: list[tuple[Any, str]] = [(node, "") for node in reversed(list(tree or ()))]
    while waiting:
        node, above = waiting.pop()
        try:
            external_id = identity(node, "code", "id")
            below = node.get("childs") or []
            waiting += [(child, external_id) for child in reversed(below)]
        except (ValueError, AttributeError, TypeError):
            unreadable.append(node)
            continue
        own = {name: value for name, value in node.items() if name not in ("childs", "parentId")}
        rows[external_id] = row = {**own, **rows.get(external_id, {})}
        parents = row.setdefault("parents", [])
        if above and above != external_id and above not in parents:
            parents.append(above)
    return list(rows.values()), unreadable


def brand(row: Row, account: Account) -> BrandRecord:
    code = identity(row, "code")
    return BrandRecord(code, cut_to(500)(row.get("name")) or code, code=code, active=True)


def product(row: Row, account: Account) -> ProductRecord:
    """One line of the price list. The ELKO code is product, variant and SKU in one; UA and 2019 rows call it `id`."""
    code = identity(row, "elkoCode", "id")
    ukrainian = text_of(row.get("uAproductName"))
    name = text_of(row.get("name")) or ukrainian or text_of(row.get("manufacturerCode")) or code
    picture = told(row, text_of, "imagePath", "pictureUrl")
    return ProductRecord(
        external_id=code,
        name=name,
        brand=told(row, short, "vendorCode"),
        brand_name=told(row, cut_to(500), "vendorName"),
        category=told(row, short, "catalog"),
        summary=told(row, text_of, "fullDsc"),
        # Empty here says nothing: the long text comes with the details.
        description=text_of(row.get("detailedDescription")) or KEEP,
        translations=({"uk": ukrainian} if ukrainian else {}) if "uAproductName" in row else KEEP,
        image_url=picture,
        page_url=told(row, text_of, "httpDescription"),
        guarantee=told(row, cut_to(200), "warranty"),
        active=True,
        variants=(variant(row, account, code, name, picture),),
    )


def variant(row: Row, account: Account, code: str, name: str, picture: str | Keep) -> VariantRecord:
    stock: Decimal | None | Keep = KEEP
    more: bool | Keep = KEEP
    if "quantity" in row:
        stock, more = at_least(row["quantity"])
    currency = told(row, currency_of, "currency")
    retail = told(row, price_or_none, "rrp")
    return VariantRecord(
        external_id=code,
        sku=code,
        name=name,
        manufacturer_code=told(row, short, "manufacturerCode"),
        barcode=told(row, cut_to(200), "eanCode"),
        hs_code=told(row, cut_to(100), "code_UKTZED"),
        currency=currency,
        price=told(row, price_of, "price"),
        discount_price=told(row, price_or_none, "discountPrice"),
        copyright_levy=told(row, price_of, "copyrightTax"),
        retail_price=retail,
        retail_currency=KEEP if isinstance(retail, Keep) else _retail_currency(account, currency),
        stock=stock,
        stock_at_least=more,
        incoming=told(row, pieces, "incomingQuantity", "transitQuantity"),
        reserved=told(row, pieces, "reservedQuantity"),
        pack_size=told(row, pieces, "packagingQuantity"),
        attributes=tuple(_extras(row)),
        image_url=picture,
        active=True,
    )


def _retail_currency(account: Account, currency: str | Keep) -> str | Keep:
    """The Ukrainian list recommends prices in UAH whatever currency it sells in."""
    if chosen := currency_of(account.options.get("retail_currency")):
        return chosen
    return "UAH" if account.options.get("layout") == "ua" else currency


def _extras(row: Row) -> Iterable[dict[str, str]]:
    for label, name in EXTRAS:
        value = row.get(name)
        if isinstance(value, (str, int, Decimal)) and (text := text_of(value)) not in NOTHING:
            yield {"name": label, "value": text}
    if until := jde_date(row.get("promDate")):
        yield {"name": "Promotion until", "value": until.isoformat()}
