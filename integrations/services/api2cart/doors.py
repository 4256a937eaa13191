"""Where the verbs of a store are begun: at the lines of its orders, at its packages, at articles of any connection."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from integrations.service import Account
from integrations.verbs import Body, Chosen, Door, Field

OVER = {"cancelled": "cancelled", "delivered": "delivered"}
PUSHED = (
    Field(
        "what", "What", "choice", choices=("stock_and_price", "stock", "price"),
        labels=("Stock and price", "Stock alone", "Price alone"),
    ),
    Field(
        "times", "Price = cost ×", "decimal", least=0, example="1.25",
        help="Exchange rate and margin in one. Of this store's own articles the price is taken instead of a cost.",
    ),
    Field("stock", "Stock for all", "int", least=0, help="Instead of what each has."),
    Field("price", "Price for all", "decimal", least=0, help="Instead of a price made from each one's own."),
)  # fmt: skip
BY = (Field("by", "Pieces more; fewer with a minus", "decimal", required=True, example="-2"),)


# -- at an order


def order(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    """Of the order's own page, or of one of its lines."""
    row = chosen[0].row
    return {"order_id": getattr(row, "order", row).external_id}


def lines(name: str, quantity: str, *, priced: bool = False) -> Any:
    """The order with the chosen lines, each with how many of it; for money also at what price."""

    def fill(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
        rows = []
        for one in chosen:
            row = {"order_product_id": one.row.external_id, quantity: plain(one.quantity)}
            if priced and one.row.unit_price is not None:
                row["price"] = plain(one.row.unit_price)
            rows.append(row)
        return {**order(account, chosen, given), name: rows}

    return fill


def plain(number: Decimal | None) -> int | str:
    """A whole number as one; what is none is left to be refused with its own words."""
    if number is None:
        return ""
    return int(number) if number == int(number) else f"{number.normalize():f}"


def not_cancelled(account: Account, chosen: Chosen) -> Sequence[str]:
    return ["It is cancelled."] if chosen.row.status == "cancelled" else []


def to_ship(account: Account, chosen: Chosen) -> Sequence[str]:
    state = OVER.get(chosen.row.status)
    return [f"It is {state}."] if state else []


CHANGE = Door("order", order)
SHIP = Door(
    "line", lines("items", "quantity"), together=True, fits=to_ship, help="Some of a line may go now, the rest later."
)
PAY_BACK = Door(
    "line",
    lines("items", "quantity", priced=True),
    together=True,
    also_packed=True,
    help="At the price of the line; correct it if less.",
)
COME_BACK = Door(
    "line", lines("order_products", "order_product_quantity"), together=True, also_packed=True, fits=not_cancelled
)


# -- at a package: its number here is the order's and the shipment's


def package(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    before, _, shipment = chosen[0].row.external_id.rpartition("/")
    return {"shipment_id": shipment, "order_id": before}


PACKAGE = Door("package", package, fits=not_cancelled)


def returned(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    row = chosen[0].row
    return {"return_id": row.external_id, "order_id": row.order.external_id if row.order else row.order_external_id}


RETURN = Door("return", returned)


# -- at articles


def is_own(account: Account, row: Any) -> bool:
    return bool(row.vendor.slug == account.slug)


def listing(chosen: Chosen) -> Any:
    """The article here that a row goes with."""
    return chosen.there or chosen.row


def whole(chosen: Chosen) -> bool:
    """Whether a product here is its own variant."""
    here = listing(chosen)
    return bool(here.product.external_id == here.external_id)


def lacks(account: Account, chosen: Chosen, wanted: bool) -> Sequence[str]:
    if not is_own(account, chosen.row) and chosen.there is None:
        return ["This store has no article with its SKU or GTIN."]
    if whole(chosen) != wanted:
        return [
            "It is a variant of a product here; push it as one."
            if wanted
            else "It is a product of its own here; push it as one."
        ]
    return []


def whole_lacks(account: Account, chosen: Chosen) -> Sequence[str]:
    return lacks(account, chosen, True)


def variant_lacks(account: Account, chosen: Chosen) -> Sequence[str]:
    return lacks(account, chosen, False)


def _identity(chosen: Chosen, rows: str) -> dict[str, Any]:
    here = listing(chosen)
    return {"id": here.external_id, **({"product_id": here.product.external_id} if rows == "variants" else {})}


def values(rows: str) -> Any:
    def fill(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
        row, what = chosen[0].row, str(given.get("what") or "stock_and_price")
        found: dict[str, Any] = {}
        if "stock" in what:
            found["quantity"] = given["stock"] if given.get("stock") not in (None, "") else plain(row.stock)
        if "price" in what:
            found["price"] = given["price"] if given.get("price") not in (None, "") else price_of(account, row, given)
        known = {name: value for name, value in found.items() if value not in (None, "")}
        return {rows: [{**_identity(chosen[0], rows), **known}]}

    return fill


def price_of(account: Account, row: Any, given: Body) -> Any:
    """Of the store's own articles by their price, of others by what they cost; None where that is not known."""
    base = row.price if is_own(account, row) else row.cost
    return None if base is None else plain((base * Decimal(str(given.get("times") or 1))).quantize(Decimal("0.01")))


def delta(rows: str) -> Any:
    def fill(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
        return {rows: [{**_identity(chosen[0], rows), "by": given.get("by")}]}

    return fill


PUSH = Door("variant", values("products"), either=True, asks=PUSHED, fits=whole_lacks, title="Push price and stock")
PUSH_VARIANTS = Door(
    "variant",
    values("variants"),
    either=True,
    asks=PUSHED,
    fits=variant_lacks,
    title="Push price and stock of variants",
)
STOCK = Door("variant", delta("products"), asks=BY, fits=whole_lacks)
STOCK_OF_VARIANTS = Door("variant", delta("variants"), asks=BY, fits=variant_lacks)
