"""ELKO's invoices: what we owe, and the packages they tell of."""

from datetime import date

from catalog.records import KEEP
from integrations.numbers import jde_date, text_of
from integrations.service import Account, Row
from integrations.services.elko.fields import (
    NO_CODE,
    NUMBER,
    currency_of,
    identity,
    numbered,
    objects,
    part,
    price_of,
    quantity_of,
    short,
    told,
)
from orders.records import InvoiceRecord, PackageLineRecord, PackageRecord, TransactionRecord


def invoice(row: Row, account: Account) -> InvoiceRecord:
    """What ELKO billed: negative, for we owe it; a package for each order on it. Money is text in the 2019 library."""
    number = identity(row, "invoiceId", limit=NUMBER)
    more = part(row, "additionalInfo")
    billed, unpaid = price_of(more.get("amountWithVAT")), price_of(more.get("amountOpen"))
    by_order: dict[str, list[Row]] = {}
    for line in objects(row, "details"):
        by_order.setdefault(text_of(line.get("orderNumber"), limit=NUMBER), []).append(line)
    made = jde_date(row.get("dateCreate"))
    credit = billed is not None and billed < 0
    return InvoiceRecord(
        external_id=number,
        transaction=TransactionRecord(
            external_id=number,
            kind="credit" if credit else "bill",
            number=number,
            date=made,
            due_date=jde_date(more.get("dueDate")),
            amount=None if billed is None else -billed,
            open_amount=None if unpaid is None else -unpaid,
            currency=currency_of(more.get("currency")),
            order_number=next(iter(by_order)) if len(by_order) == 1 else "",
        ),
        # A credit note brings nothing.
        packages=() if credit else tuple(_package(row, number, made, *entry) for entry in by_order.items()),
    )


def _package(row: Row, invoice_number: str, made: date | None, order_number: str, lines: list[Row]) -> PackageRecord:
    tracking = text_of(row.get("trackingDPD"), limit=NO_CODE)
    external_id = f"{invoice_number}-{order_number}" if order_number else invoice_number
    return PackageRecord(
        external_id=external_id,
        order=order_number or KEEP,
        number=told(part(row, "additionalInfo"), short, "packageNumber"),
        status="shipped",
        tracking_number=tracking or KEEP,
        tracking_provider="DPD" if tracking else KEEP,
        invoice_number=invoice_number,
        invoice_date=made,
        lines=tuple(
            PackageLineRecord(
                external_id=f"{external_id}-{name}",
                sku=text_of(line.get("elkoCode"), limit=NO_CODE),
                name=text_of(line.get("description")),
                quantity=quantity_of(line.get("quantityShipped")),
                unit_price=price_of(line.get("price")),
                serials=tuple(filter(None, (text_of(serial) for serial in objects(line, "serials")))),
            )
            for name, line in zip(numbered(lines, "lineId"), lines, strict=True)
        ),
    )
