"""Elryan's rows read into our words. Order and transaction rows have column titles for keys, read by exact literal.

Money that cannot be read rejects the row; a stock that cannot be read is unknown (None), never zero. The word "null"
and "" are missing wherever they stand.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from hashlib import blake2b
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from catalog.records import (
    KEEP,
    AttributeRecord,
    AttributeValueRecord,
    BrandRecord,
    CategoryRecord,
    Keep,
    ProductRecord,
    VariantRecord,
)
from integrations.numbers import at_least, decimal_of, gtin_of, key_from, text_of
from integrations.service import Account, Row
from orders.records import (
    CancelReasonRecord,
    OrderLineRecord,
    OrderRecord,
    PackageLineRecord,
    PackageRecord,
    TrackingEventRecord,
    TrackingRecord,
    TransactionRecord,
)

T = TypeVar("T")

BAGHDAD = ZoneInfo("Asia/Baghdad")
LANGUAGES = {"AR": "ar", "EN": "en", "KU": "ku"}  # the vendor's code → ours
CURRENCY = "USD"  # of orders and transactions, whose rows name none
RATE = "Magento IQD Exchange Rate"
CENT = Decimal("0.01")
KILOGRAMS = {"kg": Decimal(1), "g": Decimal("0.001")}
SIGNS = {"vendorbill": ("bill", 1), "vendorcredit": ("credit", -1), "vendorpayment": ("payment", -1)}
ORDER_WORDS = {"pending confirmation": "new", "delivered": "delivered"}
PACKAGE_WORDS = {"created": "open", "in_transit": "shipped", "delivered": "delivered"}


def key_of(*names: str) -> Callable[[bytes | memoryview], str]:
    """A reader of external ids like numbers.key_from, for which the word "null" is no id."""
    readers = [key_from(name) for name in names]

    def key(row: bytes | memoryview) -> str:
        for reader in readers:
            try:
                found = reader(row)
            except ValueError:
                continue
            if found.lower() != "null":
                return found
        raise ValueError(f"The row has no {' and no '.join(names)}")

    return key


# -- catalogue


def category(row: Row, account: Account) -> CategoryRecord:
    parent = _text(row.get("remote_parent_id"))
    key = _id(row, "remote_id", "id")
    return CategoryRecord(
        key,
        _text(row.get("name"), 500) or key,
        code=key,
        parents=(parent,) if parent else () if "remote_parent_id" in row else KEEP,
        active=_flag(row.get("is_active")),
    )


def brand(row: Row, account: Account) -> BrandRecord:
    key = _id(row, "remote_id", "id")
    return BrandRecord(
        key,
        _text(row.get("name"), 500) or key,
        code=key,
        image_url=_text(row.get("remote_image_url")),
        active=_flag(row.get("is_active")),
    )


def attribute(row: Row, account: Account) -> AttributeRecord:
    key = _id(row, "remote_id", "id")
    return AttributeRecord(key, _text(row.get("name"), 500) or key, active=_flag(row.get("is_active")))


def attribute_value(row: Row, account: Account) -> AttributeValueRecord:
    key = _id(row, "remote_id", "id")
    return AttributeValueRecord(
        key,
        _text(row.get("value")) or key,
        attribute=_text(_part(row, "attribute").get("remote_id"), 200),
        active=_flag(row.get("is_active")),
    )


def product(row: Row, account: Account) -> ProductRecord:
    """A product. No document shows the answer: it is read as what its upsert takes, with variants where they come."""
    key = _id(row, "spu")
    brand_, category_ = _part(row, "brand"), _part(row, "category")
    days = _told(row, lambda value: decimal_of(_plain(value), places=0), "fulfillment_day")
    return ProductRecord(
        external_id=key,
        name=_text(row.get("name")) or key,
        brand=_text(brand_.get("remote_id"), 200) or KEEP,
        brand_name=_text(brand_.get("name"), 500) or KEEP,
        category=_text(category_.get("remote_id"), 200) or KEEP,
        description=_told(row, _text, "description"),
        translations=_translations(row, account),
        image_url=_told(row, _text, "default_image_url"),
        tax=_told(row, _money, "tax"),
        guarantee=_told(row, lambda value: _text(value, 200), "guarantee"),
        fulfilment_days=int(days) if isinstance(days, Decimal) else days,
        active=_told(row, _flag, "is_active"),
        variants=tuple(_variant(entry, account, "") for entry in _list(row, "variants")),
    )


def variant(row: Row, account: Account) -> VariantRecord:
    """A variant listed apart; its `spu` names the product."""
    return _variant(row, account, _text(row.get("spu"), 200))


def _variant(row: Row, account: Account, product_: str) -> VariantRecord:
    key = _id(row, "sku")
    stock: Decimal | None | Keep = KEEP
    more: bool | Keep = KEEP
    if "stock" in row:
        stock, more = at_least(row["stock"])
    currency = _told(row, _currency, "currency")
    retail = _told(row, _money, "retail_price")
    return VariantRecord(
        external_id=key,
        sku=key,
        product=product_,
        name=_told(row, _text, "name"),
        barcode=_barcode(row),
        hs_code=_told(row, lambda value: _text(value, 100), "hs_code"),
        currency=currency,
        price=_told(row, _money, "price"),
        retail_price=retail,
        retail_currency=KEEP if isinstance(retail, Keep) else currency,
        stock=stock,
        stock_at_least=more,
        weight_kg=_weight(row, account),
        size=_size(row),
        attributes=tuple(
            {
                "name": _text(entry.get("name")),
                "value": _text(entry.get("value")),
                "attribute": _text(entry.get("remote_attribute_id")),
                "attribute_value": _text(entry.get("remote_attribute_value_id")),
            }
            for entry in _list(row, "attributes")
        )
        if "attributes" in row
        else KEEP,
        image_url=_told(row, _text, "default_image_url"),
        supplier=_text(_part(row, "supplier").get("name"), 500) if "supplier" in row else KEEP,
        active=_told(row, _flag, "is_active"),
    )


def _barcode(row: Row) -> str | Keep:
    """Of `barcode` and `gtin` the first with a right check digit, else the first that is filled."""
    if "barcode" not in row and "gtin" not in row:
        return KEEP
    told = [text for name in ("barcode", "gtin") if (text := _text(row.get(name), 200))]
    return next((text for text in told if gtin_of(text)), told[0] if told else "")


def _weight(row: Row, account: Account) -> Decimal | None | Keep:
    """Kilograms. The manual names no unit; grams are assumed unless the connection says otherwise."""
    if "weight" not in row:
        return KEEP
    weight = _money(row["weight"])
    if weight is None or weight <= 0:
        return None
    kilograms = weight * KILOGRAMS[str(account.options.get("weight_unit") or "g")]
    return kilograms.quantize(Decimal("0.000001"))


def _size(row: Row) -> Mapping[str, str] | Keep:
    """Sides in centimetres (assumed) as text; a side of 0 is unknown."""
    sides = {name: _money(row.get(name)) for name in ("width", "length", "height")}
    told = {name: f"{side.normalize():f}" for name, side in sides.items() if side is not None and side > 0}
    return {**told, "unit": "cm"} if told else KEEP


def _translations(row: Row, account: Account) -> Mapping[str, Any] | Keep:
    if "translations" not in row:
        return KEEP
    codes = {str(k).upper(): str(v) for k, v in (account.options.get("languages") or LANGUAGES).items()}
    found: dict[str, dict[str, str]] = {}
    for entry in _list(row, "translations"):
        code = _text(entry.get("language"), 20)
        texts = {name: text for name in ("name", "description") if (text := _text(entry.get(name)))}
        if code and texts:
            found[codes.get(code.upper(), code.lower())] = texts
    return found


# -- orders


def order(row: Row, account: Account) -> OrderRecord:
    """One raw row is one purchase-order line: the part of its order that the row tells."""
    number = _id(row, "Order Number")
    line = _line(row)
    placed = _iso_day(row.get("dateISO")) or _day_first(row.get("Date"))
    rate = _money(row.get(RATE))
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
        currency=_order_currency(account),
        exchange_rate=KEEP if rate is None else rate,
        exchange_source=KEEP if rate is None else RATE,
        search_extra=tuple(filter(None, (_text(row.get("Purchase Order ID"), 200),))),
    )


def _line(row: Row) -> OrderLineRecord:
    item, seller = _text(row.get("Item"), 200), _text(row.get("userId"))
    code = item.removesuffix(f"-{seller}") if seller else item
    total, net = _money(row.get("Total Amount")), _money(row.get("Net Amount"))
    percent = _percent(row.get("Elryan Commission"))
    word = _text(row.get("Status"), 200)
    arabic = _text(row.get("Description (AR)"))
    return OrderLineRecord(
        external_id=_id(row, "POlineID"),
        sku=code,
        barcode=code,
        name=_text(row.get("Description")),
        name_translations={"ar": arabic} if arabic else KEEP,
        quantity=decimal_of(_plain(row.get("Quantity")), places=3),
        unit_price=_money(row.get("Selling Price")),
        total=total,
        commission_percent=percent,
        commission=None if total is None or net is None else total - net,
        net=net,
        vendor_status=word,
        status=_status(word, ORDER_WORDS),
        cancel_reason=_text(row.get("cancelReason"), 300),
        vendor_changed_at=moment(row.get("updatedTime")),
        warning=_warning(total, net, percent),
        raw=row,
    )


def _warning(total: Decimal | None, net: Decimal | None, percent: Decimal | None) -> str:
    if total is None or net is None or percent is None:
        return ""
    due = total * (100 - percent) / 100
    if abs(net - due) <= CENT:
        return ""
    return f"Net amount {net} is not the total {total} less {percent}% commission, which is {due.quantize(CENT)}."


def _status(word: str, words: Mapping[str, str]) -> str:
    low = word.lower()
    if low in words:
        return words[low]
    return "cancelled" if "cancel" in low or "reject" in low else "unknown"


def transaction(row: Row, account: Account) -> TransactionRecord:
    """`Amount` has no sign: it follows from `recordType`. Of a kind we do not know the sign, hence the amount, is unknown."""
    word = _text(row.get("recordType"), 100)
    kind, sign = SIGNS.get(word.lower(), ("unknown", 0))
    amount = _money(row.get("Amount"))
    number = _text(row.get("Transaction Number"), 200)
    return TransactionRecord(
        external_id=_id(row, "id"),
        kind=kind,
        vendor_kind=word,
        number=number,
        date=_day_first(row.get("Date")),
        amount=amount * sign if amount is not None and sign else None,
        currency=_order_currency(account),
        exchange_rate=_money(row.get(RATE)),
        order_number=number,
    )


def cancel_reason(row: Row, account: Account) -> CancelReasonRecord:
    """A reason, as the service wraps the vendor's plain text: {"name": …}."""
    name = _id(row, "name")
    return CancelReasonRecord(name, name)


# -- packages


def package(row: Row, account: Account) -> PackageRecord:
    """A package. Orders are found by line (`order_item_id` is read as POlineID): the order's own number is not told."""
    key, items = _id(row, "id"), _list(row, "items")
    tracking, invoice = _tracking(row), _part(row, "invoice")
    names = [_text(item.get("order_item_id"), 200) for item in items]
    return PackageRecord(
        external_id=key,
        order=next(filter(None, names), "") or _text(row.get("order_id"), 200) or KEEP,
        number=_told(row, lambda value: _text(value, 200), "marketplace_package_id"),
        vendor_status=_told(row, lambda value: _text(value, 200), "status"),
        status=_status(_text(row.get("status")), PACKAGE_WORDS),
        vendor_changed_at=_told(row, moment, "updated_at"),
        tracking_number=_text(tracking.get("tracking_barcode"), 200) or KEEP,
        tracking_link=_text(tracking.get("tracking_link")) or KEEP,
        tracking_provider=_provider(tracking),
        label_link=_text(tracking.get("tracking_pdf")) or KEEP,
        invoice_number=_text(invoice.get("invoice_number"), 200) or KEEP,
        invoice_date=_iso_day(invoice.get("invoice_date")) or _day_first(invoice.get("invoice_date")) or KEEP,
        invoice_link=_text(invoice.get("invoice_link")) or _text(invoice.get("invoice_pdf")) or KEEP,
        lines=tuple(
            PackageLineRecord(
                external_id=f"{key}-{name or place}",
                order_line=name,
                quantity=decimal_of(_plain(item.get("quantity")), places=3),
            )
            for place, (item, name) in enumerate(zip(items, names, strict=True), start=1)
        )
        if "items" in row
        else KEEP,
    )


def tracking(row: Row, account: Account) -> TrackingRecord:
    """Tracking or a delivery (its list is `delivery_info`). No document shows these rows: the sibling API's are read."""
    return TrackingRecord(
        external_id=_id(row, "id"),
        package=_id(row, "package_id"),
        tracking_number=_text(row.get("tracking_number"), 200) or _text(row.get("tracking_barcode"), 200) or KEEP,
        tracking_link=_text(row.get("tracking_link")) or KEEP,
        tracking_provider=_provider(row),
        label_link=_text(row.get("tracking_pdf")) or KEEP,
        vendor_status=_told(row, lambda value: _text(value, 200), "status"),
        status=_status(_text(row.get("status")), PACKAGE_WORDS),
        events=_events(row),
    )


def _events(row: Row) -> tuple[TrackingEventRecord, ...] | Keep:
    name = next((name for name in ("events", "delivery_info") if row.get(name) is not None), "")
    if not name:
        return KEEP
    told = [row[name]] if isinstance(row[name], Mapping) else _list(row, name)
    return tuple(_event(entry) for entry in told if entry)


def _event(entry: Row) -> TrackingEventRecord:
    """Events have no id: it is made from what they say, so that the same event told again is the same."""
    at_text, code = _text(entry.get("datetime"), 100), _text(entry.get("eventCode"), 100)
    text, location = _text(entry.get("detail")), _text(entry.get("location"), 300)
    content = "\n".join((at_text, code, text, location))
    try:
        at = datetime.strptime(at_text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BAGHDAD)
    except ValueError:
        at = None
    return TrackingEventRecord(blake2b(content.encode(), digest_size=12).hexdigest(), at, at_text, code, text, location)


def _tracking(row: Row) -> Row:
    """The sibling API answers a list here: its last entry is taken."""
    held = row.get("tracking")
    if isinstance(held, list):
        entries = _list(row, "tracking")
        return entries[-1] if entries else {}
    return _part(row, "tracking")


def _provider(row: Row) -> str | Keep:
    return _text(row.get("provider"), 200) or _text(row.get("tracking_provider"), 200) or KEEP


# -- fields


def moment(value: Any) -> datetime | None:
    """A true UTC time such as `2026-04-03T21:17:42.306Z`; None when it cannot be read."""
    text = value if isinstance(value, str) else ""
    try:
        found = datetime.fromisoformat(text.strip())
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _iso_day(value: Any) -> date | None:
    try:
        return date.fromisoformat(_text(value)[:10])
    except ValueError:
        return None


def _day_first(value: Any) -> date | None:
    try:
        return datetime.strptime(_text(value), "%d/%m/%Y").replace(tzinfo=BAGHDAD).date()
    except ValueError:
        return None


def _plain(value: Any) -> Any:
    """Money is text, at times with spaces between thousands."""
    return "".join(value.split()) if isinstance(value, str) else value


def _money(value: Any) -> Decimal | None:
    return decimal_of(_plain(value))


def _percent(value: Any) -> Decimal | None:
    """10 of `10.0%`."""
    return decimal_of(_plain(value).removesuffix("%") if isinstance(value, str) else value)


def _order_currency(account: Account) -> str:
    return _currency(account.options.get("order_currency")) or account.currency or CURRENCY


def _currency(value: Any) -> str:
    code = _text(value).upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise ValueError(f"{code[:20]!r} is not a currency code")
    return code


def _text(value: Any, limit: int | None = None) -> str:
    text = text_of(value, limit=limit)
    return "" if text.lower() == "null" else text


def _id(row: Row, *names: str) -> str:
    for name in names:
        value = row.get(name)
        if not isinstance(value, bool) and isinstance(value, (str, int)) and (found := _text(value, 200)):
            return found
    raise ValueError(f"The row has no {' and no '.join(names)}")


def _flag(value: Any) -> bool | None:
    """A boolean, also as a text; None for all else."""
    return {"true": True, "1": True, "false": False, "0": False}.get(_text(value).lower())


def _told(row: Row, read: Callable[[Any], T], name: str) -> T | Keep:
    return read(row[name]) if name in row else KEEP


def _part(row: Row, name: str) -> Row:
    part = row.get(name)
    if part is None or part in ("", "null"):
        return {}
    if not isinstance(part, Mapping):
        raise ValueError(f"{name} is not an object")
    return part


def _list(row: Row, name: str) -> list[Any]:
    """The field's objects; absent and null are an empty list."""
    found = row.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(entry, Mapping) for entry in found):
        raise ValueError(f"{name} is not a list of objects")
    return found
