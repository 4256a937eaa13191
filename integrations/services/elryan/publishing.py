"""Where Elryan's verbs for the catalogue are begun: at products and variants of any connection, with what Elryan wants of them."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.service import Account
from integrations.services.elryan.parse_catalogue import LANGUAGES
from integrations.verbs import Body, Chosen, Door, Field

CENT = Decimal("0.01")
TIMES = Field(
    "times", "Price = cost ×", "decimal", least=0, example="1.25",
    help="Exchange rate and margin in one. Of this connection's own articles the price is taken instead of a cost.",
)  # fmt: skip
CATEGORY = Field(
    "category", "Category", choices_from="categories", help="For products without a category this connection knows."
)
NEW = (
    CATEGORY,
    TIMES,
    Field("currency", "Currency of the prices", example="USD"),
    Field(
        "untranslated", "Without an Arabic text", "choice", choices=("leave_out", "send"),
        labels=("Leave the product out", "Send it with the texts it has"),
    ),
    Field("tax", "Tax", "decimal", least=0, help="Where the product tells none."),
    Field("guarantee", "Guarantee, months", "int", least=0, help="Where the product tells none."),
    Field("fulfillment_day", "Days to dispatch", "int", least=0, help="Where the product tells none."),
)  # fmt: skip
PUSHED = (
    Field(
        "what", "What", "choice", choices=("stock_and_price", "stock", "price"),
        labels=("Stock and price", "Stock alone", "Price alone"),
    ),
    TIMES,
    Field("stock", "Stock for all", "int", least=0, help="Instead of what each has."),
    Field("price", "Price for all", "decimal", least=0, help="Instead of a price made from each one's own."),
)  # fmt: skip


def codes(account: Account) -> Mapping[str, str]:
    """Our language codes by Elryan's."""
    return {str(k).upper(): str(v) for k, v in (account.options.get("languages") or LANGUAGES).items()}


def priced(variant: Any, given: Body, own: bool) -> int | float | None:
    base = variant.price if own else variant.cost
    if base is None:
        return None
    price = (base * Decimal(str(given.get("times") or 1))).quantize(CENT, ROUND_HALF_UP)
    return int(price) if price == int(price) else float(price)


def is_own(account: Account, row: Any) -> bool:
    return bool(row.vendor.slug == account.slug)


def product(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    """The body of an upsert (manual, call 15) from a product of any connection: its own texts, the merchant's price.

    Raises ValueError for what Elryan would refuse it without.
    """
    row, own = chosen[0].row, is_own(account, chosen[0].row)
    lacking = [theirs for theirs, ours in codes(account).items() if ours == "ar" and not _texts(row).get(ours)]
    if lacking and given.get("untranslated") != "send":
        raise ValueError(f"It has no text in {' or '.join(lacking)}.")
    category = _category(account, row, given)
    if category is None:
        raise ValueError("It has no category here: choose one.")
    names = {language: text["name"] for language, text in _texts(row).items() if text.get("name")}
    return _known(
        {
            "name": row.name,
            "spu": row.external_id if own else f"{row.vendor.slug}-{row.external_id}"[:100],
            "category": category,
            "brand": _brand(row),
            "default_image_url": row.image_url or next((v.image_url for v in row.variants.all() if v.image_url), ""),
            "tax": _first(_number(row.tax), given.get("tax")),
            "is_active": row.active is not False,
            "translations": [
                {"language": theirs, "name": names[ours]} for theirs, ours in codes(account).items() if ours in names
            ],
            "guarantee": _first(row.guarantee if row.guarantee.isdigit() else None, given.get("guarantee")),
            "fulfillment_day": _first(row.fulfilment_days, given.get("fulfillment_day")),
            "variants": [_variant(account, row, one, given, own) for one in row.variants.all()],
        }
    )


def product_lacks(account: Account, chosen: Chosen) -> Sequence[str]:
    """What Elryan refuses a product without, whatever a person chooses."""
    row, lacks = chosen.row, []
    variants = list(row.variants.all())
    if not (row.brand_id or row.brand_name):
        lacks.append("It has no brand.")
    if not (row.image_url or any(one.image_url for one in variants)):
        lacks.append("It has no picture.")
    if not variants:
        lacks.append("It has no variant.")
    if any(one.price is None for one in variants):
        lacks.append("A variant has no price.")
    if any(one.stock is None for one in variants):
        lacks.append("The stock of a variant is unknown.")
    return lacks


def _texts(row: Any) -> Mapping[str, Mapping[str, str]]:
    """By our language code; a name in the vendor's own language stands for English where nothing else is told."""
    told = {str(k): v for k, v in (row.translations or {}).items() if isinstance(v, Mapping)}
    return told if "en" in told or not row.name else {**told, "en": {"name": row.name}}


def _category(account: Account, row: Any, given: Body) -> Mapping[str, str] | None:
    if row.category is not None and is_own(account, row):
        return {"remote_id": row.category.external_id, "name": row.category.name, "parent_remote_id": ""}
    key = str(given.get("category") or "")
    return {"remote_id": key, "name": "", "parent_remote_id": ""} if key else None


def _brand(row: Any) -> Mapping[str, str] | None:
    if row.brand is not None:
        return {"remote_id": row.brand.external_id, "name": row.brand.name}
    return {"remote_id": row.brand_name.lower().replace(" ", "-"), "name": row.brand_name} if row.brand_name else None


def _variant(account: Account, row: Any, one: Any, given: Body, own: bool) -> Body:
    texts = _texts(one) or {}
    return _known(
        {
            "sku": one.sku,
            "name": one.name or row.name,
            "price": priced(one, given, own),
            "retail_price": _number(one.retail_price) if own else None,
            "currency": str(given.get("currency") or (one.currency if own else "") or account.currency or "USD"),
            "stock": None if one.stock is None else int(one.stock),
            "barcode": one.gtin or one.barcode,
            "gtin": one.gtin,
            "hs_code": one.hs_code,
            "default_image_url": one.image_url or row.image_url,
            "description": one.description,
            "is_active": one.active is not False,
            "translations": [
                {"language": theirs, **texts[ours]} for theirs, ours in codes(account).items() if ours in texts
            ],
        }
    )


def items(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    """One entry of a stock-and-price call. `there` is the listing here; its own article where that is the row itself."""
    row, listing = chosen[0].row, chosen[0].there or chosen[0].row
    what, own = str(given.get("what") or "stock_and_price"), is_own(account, row)
    item: dict[str, Any] = {"sku": listing.sku}
    if "stock" in what:
        item["stock"] = _first(given.get("stock"), None if row.stock is None else int(row.stock))
    if "price" in what:
        item["price"] = _first(given.get("price"), priced(row, given, own))
    return {"items": [{name: value for name, value in item.items() if value is not None}]}


def pushed_lacks(account: Account, chosen: Chosen) -> Sequence[str]:
    own = is_own(account, chosen.row)
    return [] if own or chosen.there is not None else ["This connection has no article with its SKU or GTIN."]


def spu(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    return {"spu": chosen[0].row.external_id}


def sku(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    return {"sku": chosen[0].row.external_id}


def is_off(account: Account, chosen: Chosen) -> Sequence[str]:
    return ["It is on sale already."] if chosen.row.active else []


def is_on(account: Account, chosen: Chosen) -> Sequence[str]:
    return ["It is off sale already."] if chosen.row.active is False else []


def _first(*values: Any) -> Any:
    return next((value for value in values if value not in (None, "")), None)


def _number(value: Decimal | None) -> int | float | None:
    return None if value is None else int(value) if value == int(value) else float(value)


def _known(body: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not known: Elryan is told nothing made up."""
    return {name: value for name, value in body.items() if value not in (None, "", [])}


PUBLISHED = Door("product", product, either=True, asks=NEW, fits=product_lacks, title="Publish or update")
PRODUCT_ON = Door("product", spu, fits=is_off)
PRODUCT_OFF = Door("product", spu, fits=is_on)
VARIANT_ON = Door("variant", sku, fits=is_off)
VARIANT_OFF = Door("variant", sku, fits=is_on)
PUSH = Door("variant", items, either=True, asks=PUSHED, fits=pushed_lacks, title="Push price and stock")
