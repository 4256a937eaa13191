"""Sales, purchases, packages, returns, transactions, customers as staff see them. Vendor-owned; only notes are theirs."""

from orders.admin.choices import CancelReasonAdmin, ReturnActionAdmin, ReturnReasonAdmin
from orders.admin.customers import AbandonedCartAdmin, CustomerAdmin
from orders.admin.orders import PurchaseAdmin, SaleAdmin
from orders.admin.packages import PackageAdmin
from orders.admin.returns import ReturnAdmin
from orders.admin.transactions import TransactionAdmin
from orders.admin.words import StatusWordAdmin

__all__ = [
    "AbandonedCartAdmin",
    "CancelReasonAdmin",
    "CustomerAdmin",
    "PackageAdmin",
    "PurchaseAdmin",
    "ReturnActionAdmin",
    "ReturnAdmin",
    "ReturnReasonAdmin",
    "SaleAdmin",
    "StatusWordAdmin",
    "TransactionAdmin",
]
