"""Just before an order goes to ELKO, and after its answer was lost: what ELKO itself says."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from catalog.records import AvailabilityRecord
from integrations import raw
from integrations.errors import Refused
from integrations.numbers import decimal_of, jde_date, key_from
from integrations.service import Account
from integrations.services.elko.parse_details import availability
from integrations.services.elko.verbs import whole
from integrations.verbs import Doing, Found, Outcome

CODE = key_from("productId", "elkoCode", "id")
LISTED = key_from("elkoCode", "id")


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
        now = fresh.get(line["sku"])
        if now is None:
            wrong.append(f"{line['sku']}: ELKO does not list it any more")
            continue
        wrong += [
            f"{line['sku']}: {what}" for what in (_short(doing, line, now), _dearer(line, now, tolerance)) if what
        ]
    if wrong:
        raise Refused(
            f"Nothing was ordered: {'; '.join(wrong)}.",
            "Order what there is, or decide anew at today's price. The tolerance is an option of the connection.",
            cause="changed",
        )


def _short(doing: Doing, line: Mapping[str, Any], now: AvailabilityRecord) -> str:
    stock = now.stock if isinstance(now.stock, Decimal) else None
    if stock is None or now.stock_at_least or stock >= line["quantity"] or not whole(doing.body):
        return ""
    return f"{line['quantity']} wanted, {stock:f} in stock"


def _dearer(line: Mapping[str, Any], now: AvailabilityRecord, tolerance: Decimal) -> str:
    """What is wrong with the price as it is now; empty when it may be bought at it, or nobody knew one."""
    seen = line.get("seen") or {}
    before = line.get("price") or seen.get("price")
    price = now.discount_price if isinstance(now.discount_price, Decimal) else now.price
    if not before:
        return ""
    if not isinstance(price, Decimal):
        return f"has no price now; it was decided at {before}"
    other = isinstance(now.currency, str) and now.currency not in ("", seen.get("currency") or now.currency)
    if other:  # a figure in another currency is no price to compare with, wherever it came from
        return f"costs {price:f} {now.currency} now; it was decided at {before} {seen['currency']}"
    if price <= Decimal(before) * (1 + tolerance / 100):
        return ""
    rise = f"{(price / Decimal(before) - 1) * 100:.1f} % more" if Decimal(before) else "more"
    return f"costs {price:f} now, {rise} than the {before} it was decided at"


def strangers(doing: Doing) -> list[str]:
    """Codes of articles the hub did not know when it was decided: whether they are licences, and in what packs they come."""
    return [line["sku"] for line in doing.body["lines"] if (line.get("seen") or {}).get("esd") is None]


def share_an_order(doing: Doing, rows: Iterable[bytes | memoryview]) -> None:
    """What the list says of strangers. Raises errors.Refused where licences and goods are mixed, or a pack is broken."""
    lines, wrong = {line["sku"]: line for line in doing.body["lines"]}, []
    licences = {line["seen"]["esd"] for line in lines.values() if (line.get("seen") or {}).get("esd") is not None}
    for text in rows:
        row = raw.row(text)
        line = lines.get(LISTED(text))
        if line is None or not isinstance(row, Mapping):
            continue
        licences.add(str(row.get("catalog") or "") == "ESD")
        pack = decimal_of(row.get("packagingQuantity"))
        if pack and line["quantity"] % pack:
            wrong.append(f"ELKO sells {line['sku']} in packs of {pack:f}: {line['quantity']} is not a multiple of it")
    if len(licences) > 1:
        wrong.append("electronic licences and goods cannot share an order; make two")
    if wrong:
        raise Refused(f"Nothing was ordered: {'; '.join(wrong)}.", "Correct the lines and order anew.", cause="changed")


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
    return not isinstance(row.get("lines"), list) or _same_lines(doing, row["lines"])


def _same_lines(doing: Doing, lines: Any) -> bool:
    theirs = {str(x.get("elkoCode")): x.get("quantityRequested") or x.get("quantity") for x in lines}
    ours = {line["sku"]: line["quantity"] for line in doing.body["lines"]}
    return theirs.keys() == ours.keys() and all(str(theirs[code]) == str(ours[code]) for code in ours)


def changed_as_asked(doing: Doing, rows: Iterable[bytes | memoryview]) -> Found:
    """Whether the order has the lines it was to get. Other lines prove nothing: the list may lag behind."""
    for text in rows:
        row = raw.row(text)
        if isinstance(row, Mapping) and str(row.get("id")) == doing.body["order"]:
            is_so = bool(row.get("lines")) and _same_lines(doing, row["lines"])
            told = f"ELKO shows order {row['id']} with {'these' if is_so else 'other'} lines."
            return Found(is_so or None, told, row, Outcome(str(row["id"]), rows=(("orders", row),)))
    return Found(None, f"ELKO's list of current orders does not show {doing.body['order']}.")


def reserved(doing: Doing, rows: Iterable[bytes | memoryview]) -> Found:
    """The reservation with our number. That it is not listed proves nothing."""
    for text in rows:
        row = raw.row(text)
        if isinstance(row, Mapping) and reference_of(row) == doing.reference and row.get("id"):
            told = f"ELKO lists reservation {row['id']} with our number {doing.reference}."
            return Found(True, told, row, Outcome(str(row["id"])))
    return Found(None, f"ELKO lists no reservation with our number {doing.reference}.")


def kept(doing: Doing, rows: Iterable[bytes | memoryview]) -> Found:
    """Whether a reservation stands until the day that was asked for; or, where none was asked for, is gone."""
    key, until = str(doing.body["reservation"]), doing.body.get("until")
    row = next((row for row in map(raw.row, rows) if isinstance(row, Mapping) and str(row.get("id")) == key), None)
    if row is None:
        return Found(True if until is None else None, f"ELKO lists no reservation {key}.")
    told = f"ELKO lists reservation {key} until {row.get('until')}."
    return Found(until is not None and str(row.get("until")) == str(until), told, row, Outcome(key))


def cancelled(doing: Doing, rows: Iterable[bytes | memoryview], account: Account) -> Found:
    word = str(account.options.get("order_status_field") or "status")
    for text in rows:
        row = raw.row(text)
        if isinstance(row, Mapping) and str(row.get("id")) == doing.body["order"]:
            state = str(row.get(word) or "")
            done = True if "cancel" in state.lower() else None
            return Found(done, f"ELKO shows order {row['id']} as “{state}”.", row, Outcome(rows=(("orders", row),)))
    return Found(None, f"ELKO's list of current orders does not show {doing.body['order']}.")
