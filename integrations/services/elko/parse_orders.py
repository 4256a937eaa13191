"""Our purchase orders at ELKO."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from catalog.records import KEEP
from integrations.numbers import jde_date, text_of
from integrations.service import Account, Row
from integrations.services.elko.fields import (
    NO_CODE,
    NUMBER,
    currency_of,
    cut_to,
    identity,
    numbered,
    objects,
    part,
    price_of,
    quantity_of,
    storable,
    told,
)
from orders.records import OrderLineRecord, OrderRecord

# No document lists the words. These say what they mean in plain English; any other is left to the operator's table.
WORDS = {
    "new": "new",
    "open": "confirmed",
    "confirmed": "confirmed",
    "on hold": "on_hold",
    "hold": "on_hold",
    "shipped": "shipped",
    "delivered": "delivered",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
FINISHED = ("shipped", "delivered", "cancelled")
long = cut_to(500)


def order(row: Row, account: Account) -> OrderRecord:
    """A purchase order. Evidently `GET Orders` answers the model `POST Orders` takes; what else it holds is unproven."""
    number = identity(row, "id", limit=NUMBER)
    user = part(row, "enduser")
    word = text_of(row.get(account.options.get("order_status_field") or "status"), limit=NO_CODE)
    held = " ".join(filter(None, (text_of(row.get("holdCode")), text_of(row.get("comments")))))
    status = WORDS.get(word.lower(), "unknown")
    if text_of(row.get("holdCode")) and status not in FINISHED:
        status = "on_hold"
    placed = jde_date(row.get("created"))
    told_lines = objects(row, "lines")
    names = numbered(told_lines, "id")
    return OrderRecord(
        external_id=number,
        number=number,
        direction="purchase",
        lines=tuple(
            _line(line, f"{number}-{name}", place)
            for place, (name, line) in enumerate(zip(names, told_lines, strict=True), start=1)
        ),
        lines_complete=row.get("lines") is not None,  # a list without lines tells of the orders alone
        vendor_status=word,
        status=status,
        placed_at=datetime.combine(placed, time(), ZoneInfo(account.time_zone)) if placed else None,
        placed_day_only=placed is not None,
        buyer_name=long(user.get("contactName")) or long(user.get("company")) if user else KEEP,
        buyer_email=told(user, long, "contactMail"),
        buyer_phone=told(user, cut_to(200), "contactPhone"),
        ship_to=storable({name: value for name, value in user.items() if value not in (None, "", 0)}) if user else KEEP,
        reference=cut_to(200)(user.get("customerPo") or row.get("customerPo") or row.get("customerPO")),
        hold_reason=long(held) if "holdCode" in row else KEEP,
        currency=next(filter(None, (currency_of(place.get("currency")) for place in (row, *told_lines))), ""),
        total=told(row, price_of, "sum"),
    )


def _line(line: Row, external_id: str, place: int) -> OrderLineRecord:
    """Lines are numbered within their order; `quantity` beside `quantityRequested` is what ELKO confirmed."""
    asked = quantity_of(line.get("quantityRequested"))
    given = quantity_of(line.get("quantity"))
    return OrderLineRecord(
        external_id=external_id,
        sku=text_of(line.get("elkoCode"), limit=NO_CODE),
        name=text_of(line.get("productName")),
        position=place,
        quantity=given if asked is None else asked,
        quantity_confirmed=None if asked is None else given,
        unit_price=price_of(line.get("price")),
        total=price_of(line.get("sum")),
        raw=storable(line),
    )
