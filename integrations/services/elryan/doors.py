"""Where Elryan's verbs for orders are begun: at their lines and packages, with what those know."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from integrations.service import Account
from integrations.verbs import Body, Chosen, Door

# A line or package in one of these states of ours is past what Elryan takes; an unknown word may still be open.
LINE_OVER = {"cancelled": "cancelled", "shipped": "on its way", "delivered": "delivered", "returned": "returned"}
PACKAGE_OVER = {"cancelled": "cancelled", "delivered": "delivered", "shipped": "on its way"}


def open_line(account: Account, chosen: Chosen) -> Sequence[str]:
    state = LINE_OVER.get(chosen.row.status)
    return [f"It is {state}."] if state else []


def new_line(account: Account, chosen: Chosen) -> Sequence[str]:
    """A line is accepted once."""
    prepared = "prepar" in chosen.row.vendor_status.lower()
    return ["It is being prepared already."] if prepared else open_line(account, chosen)


def open_package(account: Account, chosen: Chosen) -> Sequence[str]:
    state = PACKAGE_OVER.get(chosen.row.status)
    return [f"The package is {state}."] if state else []


def moving_package(account: Account, chosen: Chosen) -> Sequence[str]:
    return ["The package is cancelled."] if chosen.row.status == "cancelled" else []


def line(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    return {"line": chosen[0].row.external_id}


def package(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    return {"package": chosen[0].row.external_id}


def packed(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    """Orders and lines by their numbers at NetSuite, which packages name (manual, call 35; weak)."""
    order = chosen[0].row.order
    numbers = [str(number) for number in order.other_numbers if str(number).isdigit()]
    items = [{"order_item_id": one.row.external_id, "quantity": _whole(one.quantity)} for one in chosen]
    return {"order_id": numbers[0] if numbers else order.external_id, "items": items}


def _whole(number: Decimal | None) -> Any:
    """A whole number as one; what is none is left to be refused with its own words."""
    return int(number) if number is not None and number == int(number) else str(number or 0)


def tracked(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    row = chosen[0].row
    known = {
        "package_id": row.external_id, "tracking_barcode": row.tracking_number, "tracking_link": row.tracking_link,
        "provider": row.tracking_provider,
    }  # fmt: skip
    return {name: text for name, text in known.items() if text}


def fulfilled(account: Account, chosen: Sequence[Chosen], given: Body) -> Body:
    known = dict(tracked(account, chosen, given))
    return {"package": known.pop("package_id"), **known}


LINE = Door("line", line, fits=open_line)
NEW_LINE = Door("line", line, fits=new_line)
PACKED = Door(
    "line", packed, together=True, fits=open_line, help="Some of a line may go now, the rest in another package."
)
PACKAGE = Door("package", package, fits=open_package)
FULFILLED = Door("package", fulfilled, fits=open_package)
TRACKED = Door("package", tracked, fits=moving_package)
DELIVERY = Door(
    "package", lambda account, chosen, given: {}, fits=moving_package,
    help="Elryan numbers deliveries apart from packages; its portal shows the number.",
)  # fmt: skip
