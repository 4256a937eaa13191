"""Products of other connections made in a store, and the store's own put into categories, shown and hidden; one or thousands."""

from collections.abc import Sequence
from typing import Any

from integrations.service import Account
from integrations.services.api2cart.doors import plain, price_of
from integrations.verbs import Body, Chosen, Door, Field

CATEGORY = Field("category_id", "Category", "choice", required=True, choices_from="categories")
NEW = (
    Field("category_id", "Category", choices_from="categories", help="Of this store; empty: none."),
    Field("times", "Price = cost ×", "decimal", least=0, example="1.25", help="Exchange rate and margin in one."),
)
SHOWN = (Field("avail", "Shown in the shop", "bool", required=True),)


def new(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    """A variant as a product of its own. What is not known is not told: an unknown stock least of all."""
    row = chosen[0].row
    told = {
        "sku": row.sku,
        "name": row.name or row.product.name,
        "price": price_of(account, row, given),
        "quantity": plain(row.stock),
        "category_id": given.get("category_id"),
        "manufacturer": row.product.brand_name,
        "ean": row.gtin,
        "short_description": row.product.summary,
    }
    return {"products": [{name: value for name, value in told.items() if value not in (None, "")}]}


def new_lacks(account: Account, chosen: Chosen) -> Sequence[str]:
    row = chosen.row
    if chosen.there is not None:
        return ["This store has an article with its SKU or GTIN: push price and stock instead."]
    lacks = [] if row.sku else ["It has no SKU."]
    return [
        *lacks,
        *([] if row.cost is not None else ["It has no cost."]),
        *([] if row.active is not False else ["It is off sale."]),
    ]


def named(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    return {"product_id": chosen[0].row.external_id, "category_id": given.get("category_id")}


def shown(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    return {"id": chosen[0].row.external_id, "avail": given.get("avail")}


def _is_product(account: Account, chosen: Chosen) -> Sequence[str]:
    return ["The shop does not have it any more."] if chosen.row.gone_at else []


def _door(fill: Any, asks: tuple[Field, ...], **more: Any) -> Door:
    return Door("product", fill, asks=asks, fits=_is_product, **more)


MAKE = Door(
    "variant",
    new,
    foreign=True,
    asks=NEW,
    fits=new_lacks,
    title="Publish",
    help="Each variant becomes a product of its own.",
)
INTO, OUT_OF = _door(named, (CATEGORY,)), _door(named, (CATEGORY,))
SHOW = _door(shown, SHOWN, title="Show or hide in the shop")
