"""Orders, shipments and transactions read into our words."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.records import KEEP
from integrations.service import Account, Row
from integrations.services.api2cart.fields import (
    address,
    currency_of,
    identity,
    listed,
    moment,
    money,
    named,
    part,
    pieces,
    short,
    storable,
    store_currency,
    time_told,
)
from integrations.services.api2cart.words import order_status, return_status
from orders.records import (
    OrderLineRecord,
    OrderRecord,
    PackageLineRecord,
    PackageRecord,
    StatusRecord,
    TransactionRecord,
)

SETTLED = ("success", "paid", "captured", "capture", "completed", "complete", "settled", "sale")
PAID_BACK = ("refund", "refunded", "partially_refunded")


def order(row: Row, account: Account) -> OrderRecord:
    """An order. `order_id` is what every other method asks by; `id` is the number people know, where it differs."""
    key = identity(row, "order_id", "id")
    number = short(row.get("id")) or key
    word, status = status_of(row)
    buyer, ship = part(row, "customer"), part(row, "shipping_address")
    placed = moment(row.get("create_at"))
    name = _name(buyer) or _name(ship) or _name(part(row, "billing_address"))
    return OrderRecord(
        external_id=key,
        number=number,
        direction="sale",
        lines=tuple(_line(line, key, place, word, status) for place, line in enumerate(_lines(row), start=1)),
        vendor_status=word,
        status=status,
        placed_at=placed,
        vendor_changed_at=moment(row.get("modified_at")),
        buyer_name=short(name, 500),
        buyer_email=short(buyer.get("email"), 500),
        buyer_phone=short(buyer.get("phone") or ship.get("phone") or ship.get("phone_mobile")),
        ship_to=address(ship) if ship else KEEP,
        customer_external_id=short(buyer.get("id")) or KEEP,
        currency=currency_of(row.get("currency")) or store_currency(account),
        total=_total(row),
        other_numbers=(key,) if key != number else (),
    )


def status_of(row: Row) -> tuple[str, str]:
    """The shop's own word for the order's status, and ours."""
    key, name = named(row.get("status"))
    return name or key, order_status(name, key)


def _lines(row: Row) -> list[Any]:
    """What was sold. Bundles are listed beside their parts, which carry the quantities; alone they stand for them."""
    return listed(row, "order_products") or listed(row, "bundles")


def _line(line: Row, order_key: str, place: int, word: str, status: str) -> OrderLineRecord:
    quantity, price = pieces(line.get("quantity")), money(line.get("price"))
    total = money(line.get("total_price"))
    return OrderLineRecord(
        external_id=short(line.get("order_product_id")) or f"{order_key}-{place}",
        sku=short(line.get("model")),
        barcode=short(line.get("barcode")),
        name=short(line.get("name"), 1000),
        position=place,
        quantity=quantity,
        unit_price=price,
        total=total,
        vendor_status=word,
        status=status,
        raw=storable(line),
    )


def _total(row: Row) -> Decimal | None:
    """The newer `total` first, the older `totals` where it is null; unknown when both are."""
    for name in ("total", "totals"):
        found = money(part(row, name).get("total"))
        if found is not None:
            return found
    return None


def _name(person: Row) -> str:
    return " ".join(filter(None, (short(person.get("first_name")), short(person.get("last_name")))))


def shipment_key(row: Mapping[str, Any]) -> str:
    """Shipments are numbered within their order on some platforms."""
    return f"{identity(row, 'order_id')}/{identity(row, 'id')}"[:200]


def shipment(row: Row, account: Account) -> PackageRecord:
    """A shipment as a package; of several tracking numbers the first is the package's, all are in the raw row."""
    tracked = [entry for entry in listed(row, "tracking_numbers") if short(entry.get("tracking_number"))]
    first = tracked[0] if tracked else {}
    delivered, sent = moment(row.get("delivered_at")), row.get("is_shipped")
    created = moment(row.get("created_at"))
    key = shipment_key(row)
    return PackageRecord(
        external_id=key,
        order=identity(row, "order_id"),
        number=short(row.get("name")) or identity(row, "id"),
        status="delivered" if delivered else "open" if sent is False else "shipped" if sent or tracked else "unknown",
        shipped_at=created if sent is not False and created else KEEP,
        vendor_changed_at=time_told(row, "modified_time"),
        tracking_number=short(first.get("tracking_number")) if "tracking_numbers" in row else KEEP,
        tracking_provider=short(row.get("shipment_provider")) or short(first.get("carrier_id")) or KEEP,
        lines=_items(row, key) if "items" in row else KEEP,
    )


def _items(row: Row, key: str) -> tuple[PackageLineRecord, ...]:
    found: dict[str, PackageLineRecord] = {}
    for place, item in enumerate(listed(row, "items"), start=1):
        line = short(item.get("order_product_id"))
        name = f"{key}-{line or place}"[:190]
        name = f"{name}-{place}" if name in found else name
        found[name] = PackageLineRecord(
            name,
            order_line=line,
            sku=short(item.get("model")),
            name=short(item.get("name"), 1000),
            quantity=pieces(item.get("quantity")),
            unit_price=money(item.get("price")),
        )
    return tuple(found.values())


def transaction(row: Row, account: Account) -> TransactionRecord:
    """A payment of the buyer, or what was paid back. What is neither for sure has no sign, hence no amount."""
    word = short(row.get("status"), 100)
    value, when = money(row.get("amount")), moment(row.get("created_time"))
    known = word.lower()
    back = known in PAID_BACK or (value is not None and value < 0)
    settled = known in SETTLED or back
    return TransactionRecord(
        external_id=identity(row, "id"),
        kind="payment" if settled else "unknown",
        vendor_kind=word,
        number=short(row.get("transaction_id")) or short(row.get("reference_number")),
        date=when.date() if when else None,
        amount=None if value is None or not settled else abs(value) if back else -value,
        currency=currency_of(row.get("currency")) or store_currency(account),
        order_number=short(row.get("order_id")),
    )


def order_status_word(row: Row, account: Account) -> StatusRecord:
    """A status the shop knows, as the service wraps it: {"id", "name", "subject"}. Rows of orders hold the name."""
    key, name = identity(row, "id", "name"), short(row.get("name"))
    subject = short(row.get("subject")) or "order"
    meaning = order_status(name, key) if subject == "order" else return_status(name, key)
    return StatusRecord(status_key(row), word=name or key, label=name, subject=subject, status=meaning)


def status_key(row: Mapping[str, Any]) -> str:
    return f"{short(row.get('subject')) or 'order'}:{identity(row, 'id', 'name')}"[:200]
