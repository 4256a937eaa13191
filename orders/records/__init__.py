"""Our words for what was sold: frozen dataclasses, no HTTP. KEEP and None mean what they mean in `catalog.records`.

`status` is the parser's own reading of the vendor's word (one of orders.models.Status); the operator's table wins.
"""

from orders.records.customers import CartLineRecord, CartRecord, CustomerRecord
from orders.records.orders import OrderLineRecord, OrderRecord
from orders.records.packages import PackageLineRecord, PackageRecord, TrackingEventRecord, TrackingRecord
from orders.records.returns import ReturnLineRecord, ReturnRecord
from orders.records.transactions import InvoiceRecord, TransactionRecord
from orders.records.words import ChoiceRecord, StatusRecord

__all__ = [
    "CartLineRecord",
    "CartRecord",
    "ChoiceRecord",
    "CustomerRecord",
    "InvoiceRecord",
    "OrderLineRecord",
    "OrderRecord",
    "PackageLineRecord",
    "PackageRecord",
    "ReturnLineRecord",
    "ReturnRecord",
    "StatusRecord",
    "TrackingEventRecord",
    "TrackingRecord",
    "TransactionRecord",
]
