"""What shops' status words mean, as far as they are common to many. An operator's own table wins over all of this."""

from collections.abc import Mapping

ORDERS: Mapping[str, str] = {
    "pending": "new", "pending payment": "new", "pending_payment": "new", "awaiting payment": "new", "new": "new",
    "open": "new", "created": "new", "unpaid": "new", "pendingavailability": "new",
    "authorized": "confirmed", "paid": "confirmed", "payment accepted": "confirmed", "confirmed": "confirmed",
    "accepted": "confirmed", "acknowledged": "confirmed", "unshipped": "confirmed", "awaiting fulfillment": "confirmed",
    "on hold": "on_hold", "on-hold": "on_hold", "holded": "on_hold", "on_hold": "on_hold", "payment review": "on_hold",
    "processing": "preparing", "in progress": "preparing", "in process": "preparing", "preparing": "preparing",
    "processing in progress": "preparing", "awaiting shipment": "preparing", "ready to ship": "preparing",
    "partially shipped": "partly", "partiallyshipped": "partly", "partially_shipped": "partly", "partial": "partly",
    "partially fulfilled": "partly",
    "shipped": "shipped", "fulfilled": "shipped", "in transit": "shipped", "in_transit": "shipped",
    "delivered": "delivered", "complete": "delivered", "completed": "delivered",
    "canceled": "cancelled", "cancelled": "cancelled", "voided": "cancelled", "failed": "cancelled", "declined": "cancelled",
    "refunded": "returned", "returned": "returned", "closed": "unknown",
}  # fmt: skip
RETURNS: Mapping[str, str] = {
    "requested": "requested", "pending": "requested", "open": "requested", "new": "requested",
    "return_requested": "requested", "authorized": "approved", "approved": "approved", "accepted": "approved",
    "in transit": "on_its_way", "shipped": "on_its_way", "return_in_transit": "on_its_way",
    "received": "received", "return_received": "received", "processed": "done", "completed": "done", "complete": "done",
    "closed": "done", "refunded": "done", "resolved": "done", "return_or_refund_request_complete": "done",
    "rejected": "refused", "declined": "refused", "refused": "refused",
    "canceled": "cancelled", "cancelled": "cancelled",
}  # fmt: skip


def order_status(*words: str) -> str:
    """Our word for an order's status: of the words told (its name, its id) the first that is known."""
    return _first(ORDERS, words)


def return_status(*words: str) -> str:
    return _first(RETURNS, words)


def _first(known: Mapping[str, str], words: tuple[str, ...]) -> str:
    return next((known[low] for word in words if (low := word.strip().lower()) in known), "unknown")
