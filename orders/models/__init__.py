"""What was sold and bought: orders with their lines, packages with their tracking, returns, transactions, customers.

Vendor-owned columns are written by `orders.mirror` alone; `note` is the operator's and no sync touches it. The vendor's
own status word is always kept beside ours, and StatusWord maps the one to the other.
"""

from orders.models.choices import CancelReason, ReturnAction, ReturnReason
from orders.models.customers import AbandonedCart, Customer
from orders.models.orders import Order, OrderLine, Purchase, Sale
from orders.models.packages import Package, PackageLine, TrackingEvent
from orders.models.returns import Return, ReturnLine
from orders.models.transactions import Transaction
from orders.models.words import PackageStatus, ReturnStatus, Status, StatusWord

__all__ = [
    "AbandonedCart",
    "CancelReason",
    "Customer",
    "Order",
    "OrderLine",
    "Package",
    "PackageLine",
    "PackageStatus",
    "Purchase",
    "Return",
    "ReturnAction",
    "ReturnLine",
    "ReturnReason",
    "ReturnStatus",
    "Sale",
    "Status",
    "StatusWord",
    "TrackingEvent",
    "Transaction",
]
