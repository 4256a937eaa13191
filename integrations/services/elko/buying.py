"""Just before an order goes to ELKO, and after its answer was lost: what ELKO itself says."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from integrations import raw
from integrations.errors import Refused
from integrations.numbers import jde_date, key_from
from integrations.service import Account
from integrations.services.elko.parse_details import availability
from integrations.services.elko.verbs import whole
from integrations.verbs import Doing, Found, Outcome

CODE = key_from("productId", "elkoCode", "id")


def compare(doing: Doing, rows: Iterable[bytes | memoryview], tolerance: Decimal) -> None:
    """Raises errors.Refused with the figures when a line is not on the list, short, or dearer than when it was decided.

    tolerance: percent a price may have risen. Stock ELKO does not count is left to ELKO, which takes all or nothing.
    """
    fresh = {}
    for row in rows:
        found = availability(raw.row(row), doing.account)
        fresh[found.external_id] = found
    wrong = []
    for line in doing.body["lines"]:
        code, now = line["sku"], fresh.get(line["sku"])
        if now is None:
            wrong.append(f"{code}: ELKO does not list it any more")
            continue
        stock = now.stock if isinstance(now.stock, Decimal) else None
        short = stock is not None and not now.stock_at_least and stock < line["quantity"]
        if short and whole(doing.body):
            wrong.append(f"{code}: {line['quantity']} wanted, {stock:f} in stock")
        before = line.get("price") or (line.get("seen") or {}).get("price")
        price = now.discount_price if isinstance(now.discount_price, Decimal) else now.price
        if before and isinstance(price, Decimal) and price > Decimal(before) * (1 + tolerance / 100):
            rise = f"{(price / Decimal(before) - 1) * 100:.1f} % more" if Decimal(before) else "more"
            wrong.append(f"{code}: costs {price:f} now, {rise} than the {before} it was decided at")
    if wrong:
        raise Refused(
            f"Nothing was ordered: {'; '.join(wrong)}.",
            "Order what there is, or decide anew at today's price. The tolerance is an option of the connection.",
            cause="changed",
        )


def reference_of(row: Mapping[str, Any]) -> str:
    user = row.get("enduser")
    inside = user.get("customerPo") if isinstance(user, Mapping) else ""
    return str(inside or row.get("customerPo") or row.get("customerPO") or "")


def by_reference(doing: Doing, rows: Iterable[bytes | memoryview]) -> Found:
    """The order with our reference in ELKO's list. That it is not there proves nothing: the list may lag behind."""
    for text in rows:
        row = raw.row(text)
        if isinstance(row, Mapping) and reference_of(row) == doing.reference and row.get("id") and _is_it(doing, row):
            number = str(row["id"])
            told = f"ELKO lists order {number} with our number {doing.reference}."
            return Found(True, told, row, Outcome(number, rows=(("orders", row),)))
    return Found(None, f"ELKO's list of current orders shows none with our number {doing.reference}.")


def _is_it(doing: Doing, row: Mapping[str, Any]) -> bool:
    """Whether an order with our number is the one that was sent: not made before it was decided, and with the same lines."""
    made = jde_date(row.get("created"))
    if made and doing.asked_at and made < doing.asked_at.date() - timedelta(days=1):
        return False
    lines = row.get("lines")
    if not isinstance(lines, list):
        return True
    theirs = {str(x.get("elkoCode")): x.get("quantityRequested") or x.get("quantity") for x in lines}
    ours = {line["sku"]: line["quantity"] for line in doing.body["lines"]}
    return theirs.keys() == ours.keys() and all(str(theirs[code]) == str(ours[code]) for code in ours)


def cancelled(doing: Doing, rows: Iterable[bytes | memoryview], account: Account) -> Found:
    word = str(account.options.get("order_status_field") or "status")
    for text in rows:
        row = raw.row(text)
        if isinstance(row, Mapping) and str(row.get("id")) == doing.body["order"]:
            state = str(row.get(word) or "")
            done = True if "cancel" in state.lower() else None
            return Found(done, f"ELKO shows order {row['id']} as “{state}”.", row, Outcome(rows=(("orders", row),)))
    return Found(None, f"ELKO's list of current orders does not show {doing.body['order']}.")
