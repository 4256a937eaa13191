"""What is owed and paid."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from orders.records.packages import PackageRecord


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """`amount` is signed: what is owed to us is positive; None when the vendor's text is not a number."""

    external_id: str
    kind: str  # bill, credit, payment, unknown
    vendor_kind: str = ""
    number: str = ""
    date: dt.date | None = None
    due_date: dt.date | None = None
    amount: Decimal | None = None
    open_amount: Decimal | None = None
    currency: str = ""
    exchange_rate: Decimal | None = None
    order_number: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceRecord:
    """A supplier's invoice: the bill, and the packages (one per order on it) with serials and tracking."""

    external_id: str
    transaction: TransactionRecord
    packages: tuple[PackageRecord, ...] = ()
