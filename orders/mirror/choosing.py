"""Lists a vendor lets one choose from: their names, by their ids."""

from catalog import rows
from catalog.mirror import count
from catalog.models import Mirrored
from catalog.outcome import Batch, Outcome
from orders.models import CancelReason, ReturnAction, ReturnReason


def cancel_reasons(batch: Batch) -> Outcome:
    """The reasons the vendor accepts when an order line is cancelled."""
    return _choices(CancelReason, batch)


def return_reasons(batch: Batch) -> Outcome:
    """Why goods come back, in the vendor's list."""
    return _choices(ReturnReason, batch)


def return_actions(batch: Batch) -> Outcome:
    """What a return may lead to, in the vendor's list."""
    return _choices(ReturnAction, batch)


def _choices(model: type[Mirrored], batch: Batch) -> Outcome:
    values = {item.record.external_id: {"name": item.record.name, "gone_at": None} for item in batch.items}
    written = rows.write(model, {"vendor_id": batch.vendor_id}, values, now=batch.now)
    outcome = Outcome()
    count(outcome, values, written.created, {c.external_id for c in written.changes})
    return outcome
