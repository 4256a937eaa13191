"""Transactions and suppliers' invoices, each with the order it suggests."""

from collections.abc import Mapping

from catalog import rows
from catalog.jsontext import Json
from catalog.mirror import count, search_text, told
from catalog.outcome import Batch, Outcome
from orders import linking
from orders.mirror.shipping import write_packages
from orders.models import Transaction
from orders.records import InvoiceRecord, TransactionRecord


def transactions(batch: Batch) -> Outcome:
    """Transactions, each with the order its number suggests."""
    records = {item.record.external_id: item.record for item in batch.items}
    raws = {item.record.external_id: item.raw for item in batch.items}
    created, changed = _transactions(batch, records, raws)
    outcome = Outcome()
    count(outcome, records, created, changed)
    return outcome


def _transactions(
    batch: Batch, records: dict[str, TransactionRecord], raws: Mapping[str, Json]
) -> tuple[set[str], set[str]]:
    found = linking.orders_named(batch.vendor_id, {record.order_number for record in records.values()})
    values = {
        key: told(record)
        | {
            "order_id": found.get(record.order_number),
            "search": search_text(key, record.number, record.order_number),
            "raw": raws[key],
            "gone_at": None,
        }
        for key, record in records.items()
    }
    written = rows.write(Transaction, {"vendor_id": batch.vendor_id}, values, now=batch.now)
    linking.refresh_search(found.values())
    return written.created, {change.external_id for change in written.changes}


def invoices(batch: Batch) -> Outcome:
    """A supplier's invoice becomes a bill and one package for each order on it."""
    records: list[InvoiceRecord] = [item.record for item in batch.items]
    raws = {item.record.transaction.external_id: item.raw for item in batch.items}
    bills = {record.transaction.external_id: record.transaction for record in records}
    created, changed = _transactions(batch, bills, raws)
    parcels = {package.external_id: package for record in records for package in record.packages}
    _, moved = write_packages(batch, parcels, {key: {} for key in parcels})
    outcome = Outcome()
    made = {i.external_id for i in batch.items if i.record.transaction.external_id in created}
    altered = {
        i.external_id
        for i in batch.items
        if i.record.transaction.external_id in changed or any(p.external_id in moved for p in i.record.packages)
    }
    count(outcome, [item.external_id for item in batch.items], made, altered)
    return outcome
