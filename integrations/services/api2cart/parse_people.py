"""Customers, carts they left, what they send back and why they may, read into our words."""

from collections.abc import Mapping
from typing import Any

from catalog.records import KEEP, Keep
from integrations.service import Account, Row
from integrations.services.api2cart.fields import (
    address,
    amount,
    currency_of,
    flag,
    identity,
    listed,
    money,
    named,
    part,
    pieces,
    short,
    store_currency,
    time_told,
)
from integrations.services.api2cart.words import return_status
from orders.records import CartLineRecord, CartRecord, ChoiceRecord, CustomerRecord, ReturnLineRecord, ReturnRecord


def customer(row: Row, account: Account) -> CustomerRecord:
    groups = [name or key for key, name in (named(group) for group in listed(row, "group"))]
    return CustomerRecord(
        external_id=identity(row, "id"),
        name=short(_name(row), 500),
        company=_told(row, "company"),
        email=short(row.get("email"), 500),
        phone=_told(row, "phone"),
        group=short(", ".join(filter(None, groups))) if "group" in row else KEEP,
        is_guest=flag(row["is_guest"]) if "is_guest" in row else KEEP,
        active=_active(row),
        addresses=tuple(filter(None, map(address, listed(row, "address_book")))) if "address_book" in row else KEEP,
        vendor_created_at=time_told(row, "created_time"),
        vendor_changed_at=time_told(row, "modified_time"),
    )


def cart(row: Row, account: Account) -> CartRecord:
    buyer = part(row, "customer")
    return CartRecord(
        external_id=identity(row, "id", "basket_id"),
        customer_external_id=short(buyer.get("id")),
        customer_name=short(_name(buyer), 500),
        customer_email=short(buyer.get("email"), 500),
        customer_phone=short(buyer.get("phone")),
        currency=currency_of(row.get("currency")) or store_currency(account),
        total=money(part(row, "totals").get("total")),
        lines=tuple(_cart_line(line) for line in listed(row, "order_products")) if "order_products" in row else KEEP,
        cart_url=short(row.get("basket_url"), 2000),
        vendor_created_at=time_told(row, "created_at"),
        vendor_changed_at=time_told(row, "modified_at"),
    )


def _cart_line(line: Row) -> CartLineRecord:
    return CartLineRecord(
        sku=short(line.get("model")),
        name=short(line.get("name"), 1000),
        quantity=pieces(line.get("quantity")),
        price=money(line.get("price")),
        total=money(line.get("total_price")),
    )


def returned(row: Row, account: Account) -> ReturnRecord:
    """A return. Its order may stand at its lines alone (Bol), its reason and action as well."""
    key = identity(row, "id")
    lines = listed(row, "order_products")
    status_id, status = named(row.get("status"))
    extra = part(row, "additional_fields")
    order = short(row.get("order_id")) or _order_of(lines)
    return ReturnRecord(
        external_id=key,
        order=order or KEEP,
        customer_external_id=short(row.get("customer_id")) or KEEP,
        number=short(row.get("name")) or key,
        vendor_status=status or status_id,
        status=return_status(status, status_id),
        reason=_common([_named(line.get("reason")) for line in lines]),
        action=_common([_named(line.get("action")) for line in lines]),
        comment=short(row.get("comment") or row.get("staff_note"), 5000),
        currency=currency_of(extra.get("currency")) or store_currency(account),
        amount=amount(extra, "refund_amount"),
        vendor_created_at=time_told(row, "created_at"),
        vendor_changed_at=time_told(row, "modified_at"),
        lines=_return_lines(key, lines) if "order_products" in row else KEEP,
    )


def _return_lines(key: str, lines: list[Any]) -> tuple[ReturnLineRecord, ...]:
    found: dict[str, ReturnLineRecord] = {}
    for place, line in enumerate(lines, start=1):
        of = short(line.get("order_product_id"))
        name = f"{key}-{of or place}"[:190]
        name = f"{name}-{place}" if name in found else name
        found[name] = ReturnLineRecord(
            name,
            order_line=of,
            sku=short(line.get("sku")),
            name=short(line.get("name"), 1000),
            quantity=pieces(line.get("quantity")),
            amount=money(part(line, "additional_fields").get("refund_amount")),
            reason=short(_named(line.get("reason"))),
            action=short(_named(line.get("action"))),
            condition=short(line.get("condition")),
            comment=short(line.get("customer_comment"), 5000),
        )
    return tuple(found.values())


def _order_of(lines: list[Mapping[str, Any]]) -> str:
    """The order named by the lines' additional fields, where all that name one name the same."""
    told = {short(part(line, "additional_fields").get("order_id")) for line in lines} - {""}
    return told.pop() if len(told) == 1 else ""


def _common(words: list[str]) -> str | Keep:
    """The word all lines share; KEEP when they differ or say nothing."""
    told = set(filter(None, words))
    return short(told.pop()) if len(told) == 1 else KEEP


def _named(value: Any) -> str:
    key, name = named(value)
    return name or key


def _name(person: Row) -> str:
    return " ".join(filter(None, (short(person.get("first_name")), short(person.get("last_name")))))


def _told(row: Row, name: str) -> str | Keep:
    return short(row[name]) if name in row else KEEP


def _active(row: Row) -> bool | None | Keep:
    """`status` is a word of the shop's: only the plain ones are understood."""
    if "status" not in row:
        return KEEP
    word = short(row["status"]).lower()
    known = {"enabled": True, "active": True, "disabled": False, "disabled_account": False, "inactive": False}
    return known.get(word, flag(word))


def choice(row: Row, account: Account) -> ChoiceRecord:
    """A reason or an action of returns: {"id", "name"} (api2cart.md 5)."""
    key = identity(row, "id")
    return ChoiceRecord(key, short(row.get("name")) or key)
