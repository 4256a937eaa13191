"""Where ELKO's orders are begun: at the lines of a sale, bought here as the articles a person picked."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from integrations.service import Account
from integrations.verbs import Body, Chosen, Door
from orders.recipients import recipient

OVER = ("cancelled", "shipped", "delivered", "returned")


def bought(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    """Lines as ELKO takes them; what stands twice becomes one line. The price a person saw is the one it is decided at."""
    wanted: dict[str, dict[str, Any]] = {}
    for one in chosen:
        line = wanted.setdefault(one.there.external_id, {"sku": one.there.external_id, "quantity": Decimal(0)})
        line["quantity"] += one.quantity or 0
        price = one.there.discount_price or one.there.price
        if price is not None:
            line["price"] = f"{price.normalize():f}"
    return {
        "lines": [
            {
                **line,
                "quantity": int(line["quantity"])
                if line["quantity"] == int(line["quantity"])
                else str(line["quantity"]),
            }
            for line in wanted.values()
        ]
    }


def for_customer(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    """The same, to the address of the sale."""
    to = {name: text[:200] for name, text in recipient(chosen[0].row.order).items()}
    return {**bought(account, chosen, given), "ship_to": to}


def can_be_had(account: Account, chosen: Chosen) -> Sequence[str]:
    there = chosen.there
    told: list[str] = []
    if there is None or chosen.quantity is None:
        return told
    if there.pack_size and chosen.quantity % there.pack_size:
        told.append(f"{there.sku} is sold in packs of {there.pack_size.normalize():f}.")
    if there.stock is not None and not there.stock_at_least and there.stock < chosen.quantity:
        told.append(f"ELKO had {there.stock.normalize():f} of {there.sku} when it was last asked.")
    return told


def order(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    return {"order": chosen[0].row.external_id}


def with_lines(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    """The order as it stands, to be changed by hand."""
    lines = [
        {"sku": line.sku, "quantity": int(line.quantity)}
        for line in chosen[0].row.lines.all()
        if line.sku and line.quantity is not None and line.quantity == int(line.quantity)
    ]
    return {**order(account, chosen, given), "lines": lines}


def can_be_changed(account: Account, chosen: Chosen) -> Sequence[str]:
    row = chosen.row
    if row.direction != "purchase":
        return ["It is no order of ours."]
    return [f"It is {row.get_status_display().lower()}."] if row.status in OVER else []


CHANGED = Door("order", with_lines, fits=can_be_changed)
CANCELLED = Door("order", order, fits=can_be_changed)
ORDERED = Door("line", bought, together=True, foreign=True, fits=can_be_had)
SHIPPED_ON = Door("line", for_customer, together=True, foreign=True, fits=can_be_had)
