"""Order lines, transactions and reasons read into our words. Their rows have column titles for keys, read by exact literal."""

from datetime import datetime, time
from decimal import Decimal

from catalog.records import KEEP
from integrations.numbers import decimal_of
from integrations.service import Account, Row
from integrations.services.elryan.fields import (
    BAGHDAD,
    RATE,
    day_first,
    identity,
    iso_day,
    moment,
    money,
    order_currency,
    percent,
    plain,
    status_of,
    text,
)
from orders.records import ChoiceRecord, OrderLineRecord, OrderRecord, TransactionRecord

CENT = Decimal("0.01")
SIGNS = {"vendorbill": ("bill", 1), "vendorcredit": ("credit", -1), "vendorpayment": ("payment", -1)}
WORDS = {"pending confirmation": "new", "delivered": "delivered"}


def order(row: Row, account: Account) -> OrderRecord:
    """One raw row is one purchase-order line: the part of its order that the row tells."""
    number = identity(row, "Order Number")
    line = _line(row)
    placed = iso_day(row.get("dateISO")) or day_first(row.get("Date"))
    rate = money(row.get(RATE))
    return OrderRecord(
        external_id=number,
        number=number,
        direction="sale",
        lines=(line,),
        lines_complete=False,
        vendor_status=line.vendor_status,
        status=line.status,
        placed_at=datetime.combine(placed, time(), BAGHDAD) if placed else None,
        placed_day_only=placed is not None,
        vendor_changed_at=line.vendor_changed_at,
        currency=order_currency(account),
        exchange_rate=KEEP if rate is None else rate,
        exchange_source=KEEP if rate is None else RATE,
        other_numbers=tuple(filter(None, (text(row.get("Purchase Order ID"), 200),))),
    )


def _line(row: Row) -> OrderLineRecord:
    item, seller = text(row.get("Item"), 200), text(row.get("userId"))
    code = item.removesuffix(f"-{seller}") if seller else item
    total, net = money(row.get("Total Amount")), money(row.get("Net Amount"))
    share = percent(row.get("Elryan Commission"))
    word = text(row.get("Status"), 200)
    arabic = text(row.get("Description (AR)"))
    return OrderLineRecord(
        external_id=identity(row, "POlineID"),
        sku=code,
        barcode=code,
        name=text(row.get("Description")),
        name_translations={"ar": arabic} if arabic else KEEP,
        quantity=decimal_of(plain(row.get("Quantity")), places=3),
        unit_price=money(row.get("Selling Price")),
        total=total,
        commission_percent=share,
        commission=None if total is None or net is None else total - net,
        net=net,
        exchange_rate=KEEP if (rate := money(row.get(RATE))) is None else rate,
        vendor_status=word,
        status=status_of(word, WORDS),
        cancel_reason=text(row.get("cancelReason"), 300),
        vendor_changed_at=moment(row.get("updatedTime")),
        warning=_warning(total, net, share),
        raw=row,
    )


def _warning(total: Decimal | None, net: Decimal | None, share: Decimal | None) -> str:
    if total is None or net is None or share is None:
        return ""
    due = total * (100 - share) / 100
    if abs(net - due) <= CENT:
        return ""
    return f"Net amount {net} is not the total {total} less {share}% commission, which is {due.quantize(CENT)}."


def transaction(row: Row, account: Account) -> TransactionRecord:
    """`Amount` has no sign: it follows from `recordType`. Of a kind we do not know the sign, hence the amount, is unknown."""
    word = text(row.get("recordType"), 100)
    kind, sign = SIGNS.get(word.lower(), ("unknown", 0))
    amount = money(row.get("Amount"))
    number = text(row.get("Transaction Number"), 200)
    return TransactionRecord(
        external_id=identity(row, "id"),
        kind=kind,
        vendor_kind=word,
        number=number,
        date=day_first(row.get("Date")),
        amount=amount * sign if amount is not None and sign else None,
        currency=order_currency(account),
        exchange_rate=money(row.get(RATE)),
        order_number=number,
    )


def cancel_reason(row: Row, account: Account) -> ChoiceRecord:
    """A reason, as the service wraps the vendor's plain text: {"name": …}."""
    name = identity(row, "name")
    return ChoiceRecord(name, name)
