"""Prices and stock of many products, or of many variants, in one job; stock also by how much it changes."""

from collections.abc import Mapping
from typing import Any

from integrations.services.api2cart import doors
from integrations.services.api2cart.batches import batch
from integrations.services.api2cart.writing import PRODUCT, PRODUCT_ID, VARIANT_ID, StoreVerb, row
from integrations.verbs import Body, Door, Field, Values

BY = Field("by", "Change of stock", "decimal", required=True, example="-2")
PRODUCT_VALUES = row(
    "price:decimal", "special_price:decimal", "quantity:decimal", "available_for_sale:bool", "|", "old_price:decimal",
    "cost_price:decimal", "in_stock:bool", "status",
)  # fmt: skip
VARIANT_VALUES = row(
    "price:decimal", "special_price:decimal", "quantity:decimal", "|", "cost_price:decimal", "in_stock:bool", "status"
)


def by_how_much(entry: Body) -> dict[str, Any]:
    """A change of stock as the vendor takes it: two parameters, both without a sign."""
    rest = {name: value for name, value in entry.items() if name != "by"}
    return {**rest, ("increase_quantity" if entry["by"] >= 0 else "reduce_quantity"): abs(entry["by"])}


def _both(
    rows: str, method: str, key: tuple[Field, ...], values: tuple[Field, ...], push: Door, change: Door
) -> tuple[StoreVerb, StoreVerb]:
    """The values of these rows, and their stock by how much it changes. key: what says which row it is."""
    about, of = rows.removesuffix("s"), "" if rows == "products" else f" of {rows}"
    shared: dict[str, Any] = {"about": about, "key": "id", "reread": lambda ids: [(rows, ())]}
    given = batch(
        f"Prices and stock{of}",
        method,
        rows,
        rows.capitalize(),
        (*key, *values),
        **shared,
        valued=True,
        row_keeps=tuple(field.name for field in key if field.name != "id"),
        repeatable=True,
        look_up=f"{rows}_stand",
        doors=(push,),
        help="Up to 250 in one job, item by item. A stock told here replaces what the shop has, and with it a sale in between: "
        f"rather use “Change stock{of}”.",
    )
    changed = batch(
        f"Change stock{of}",
        method,
        rows,
        rows.capitalize(),
        (*key, BY),
        **shared,
        payload=by_how_much,
        look_up=f"{rows}_shown",
        carries=(Values(about, "id", rows, names=("by",), called={"by": "quantity"}, relative=True),),
        doors=(change,),
        help="By so many pieces, fewer with a minus, so that what is sold in this moment stays sold. When the answer is lost the stock "
        "is shown, and a person decides: no list proves whether it was changed.",
    )
    return given, changed


_products = _both("products", "product.update.batch", (PRODUCT_ID,), PRODUCT_VALUES, doors.PUSH, doors.STOCK)
_variants = _both(
    "variants",
    "product.variant.update.batch",
    (VARIANT_ID, PRODUCT),
    VARIANT_VALUES,
    doors.PUSH_VARIANTS,
    doors.STOCK_OF_VARIANTS,
)
VERBS: Mapping[str, StoreVerb] = {
    "update_products": _products[0],
    "change_stock": _products[1],
    "update_variants": _variants[0],
    "change_variant_stock": _variants[1],
}
