"""What our own fixtures read as: shapes and oddities of real answers with values of our own."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.records import KEEP
from integrations import raw
from integrations.paging import encode
from integrations.service import Account
from integrations.services.api2cart import parse_catalogue, parse_orders, parse_people
from integrations.services.api2cart.fields import moment
from integrations.services.api2cart.flows import FLOWS

ACCOUNT = Account("shop", "https://api.example", {}, abilities={"currency": "EUR", "weight_unit": "kg"})
FIXTURES = Path(__file__).parent / "fixtures"


def record(flow: str, name: str, place: int = 0, **changes: Any) -> Any:
    held = json.loads((FIXTURES / flow / f"{name}.json").read_text())
    row = {**(held[place] if isinstance(held, list) else held), **changes}
    return FLOWS[flow].parse(raw.row(encode(raw.row(json.dumps(row).encode()))), ACCOUNT)


def test_times_come_as_objects_texts_and_numbers() -> None:
    at = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    for told in (
        {"value": "2026-03-01T12:30:00+0000", "format": "Y-m-d\\TH:i:sO"}, "2026-03-01T12:30:00+0000",
        "2026-03-01T14:30:00+02:00", "2026-03-01 12:30:00", "2026-03-01T12:30:00Z", 1772368200, "1772368200",
    ):  # fmt: skip
        assert moment(told) == at, told
    nothings: tuple[Any, ...] = (
        None,
        "",
        {},
        [],
        {"value": None},
        "0000-00-00 00:00:00",
        "soon",
        0,
        "1970-01-01T00:00:00+0000",
        True,
    )
    for nothing in nothings:
        assert moment(nothing) is None, nothing


def test_a_simple_product_is_its_own_variant() -> None:
    product = record("products", "level")
    [variant] = product.variants
    assert (product.category, product.brand_name, product.active) == ("32", "Nordlys", True)
    assert (variant.external_id, variant.sku, variant.stock) == ("SPIRIT-60", "SPIRIT-60", Decimal(12))
    assert (variant.price, variant.discount_price, variant.currency) == (Decimal("24.9"), Decimal("19.9"), "EUR")
    assert variant.weight_kg == Decimal("0.680389"), "pounds"
    assert variant.barcode == "4790000000018"
    assert variant.size == {"length": "60", "width": "5", "height": "2", "unit": "cm"}


def test_what_was_not_told_is_kept_and_what_is_not_counted_is_unknown() -> None:
    [narrow] = record("products", "narrow").variants
    assert (narrow.external_id, narrow.price) == ("4711", Decimal(8))
    assert narrow.stock is KEEP
    assert narrow.weight_kg is KEEP
    assert record("products", "level", is_stock_managed=False).variants[0].stock is None
    assert record("products", "level", quantity=None).variants[0].stock is None
    assert record("products", "level", quantity=-3).variants[0].stock is None
    assert record("products", "level", quantity=0).variants[0].stock == 0
    assert record("products", "level", weight_unit="stone").variants[0].weight_kg is None
    assert record("products", "level", special_price={"value": 5, "avail": False}).variants[0].discount_price is None
    assert record("products", "level", special_price=[]).variants[0].discount_price is None


def test_a_family_is_sold_in_variants_only() -> None:
    assert record("products", "family").variants == ()
    assert record("products", "family", type=None).variants == (), "its options say so as well"
    written = [{"id": "7", "name": "Engraving", "used_in_combination": False}]
    assert len(record("products", "family", type="simple", product_options=written).variants) == 1
    single = [{"id": "1", "name": "Title", "option_items": [{"id": "1", "name": "Default Title"}]}]
    assert len(record("products", "family", type="simple", product_options=single).variants) == 1


def test_a_variant_sums_its_warehouses() -> None:
    variant = record("variants", "shirt")
    assert (variant.product, variant.sku, variant.stock) == ("SHIRT", "SHIRT-M", Decimal(7))
    assert (variant.price, variant.weight_kg) == (Decimal("31.5"), Decimal("0.35"))
    assert variant.attributes == ({"name": "7", "value": "1"},)
    odd = [{"warehouse_id": "1", "quantity": 3}, {"warehouse_id": "2", "quantity": None}]
    assert record("variants", "shirt", inventory=odd).stock is None, "a part of it is no sum"
    bare = record("variants", "bare")
    assert (bare.external_id, bare.stock, bare.price, bare.barcode) == ("9001", KEEP, KEEP, KEEP)


def test_an_order_prefers_the_newer_total() -> None:
    order = record("orders", "whole")
    assert (order.external_id, order.number, order.other_numbers) == ("770042", "#1042", ("770042",))
    assert (order.total, order.currency, order.status) == (Decimal("54.7"), "EUR", "preparing")
    assert order.customer_external_id == "300"
    assert order.buyer_name == "Ines Vela"
    assert order.ship_to["country"] == "Latvia"
    assert record("orders", "whole", totals={"total": 1}).total == Decimal("54.7"), "the newer of the two"
    older = record("orders", "older")
    assert (older.total, older.ship_to, older.other_numbers) == (Decimal("42.99"), KEEP, ())
    assert older.lines[0].external_id == "301-55-1", "the shop gives its lines no id"
    assert record("orders", "older", totals=None).total is None
    assert record("orders", "whole", status="On the moon").status == "unknown"
    assert record("orders", "whole", order_products=[], bundles=[{"name": "Set", "quantity": 1}]).lines[0].name == "Set"


def test_a_shipment_is_known_within_its_order() -> None:
    parcel = record("shipments", "parcel")
    assert (parcel.external_id, parcel.order, parcel.number) == ("770042/F1", "770042", "F1")
    assert (parcel.tracking_number, parcel.tracking_provider, parcel.status) == ("BP77000042LV", "bp", "shipped")
    assert parcel.lines[0].order_line == "5500011"
    assert record("shipments", "parcel", delivered_at="2026-03-06 10:00:00").status == "delivered"
    assert record("shipments", "parcel", is_shipped=False, tracking_numbers=[]).status == "open"
    assert record("shipments", "parcel", is_shipped=None, tracking_numbers=[]).status == "unknown"


def test_a_transaction_has_a_sign_only_when_it_is_sure() -> None:
    paid, back, open_ = (record("transactions", "paid", place) for place in range(3))
    assert (paid.kind, paid.amount) == ("payment", Decimal("-54.7"))
    assert (back.kind, back.amount, back.external_id) == ("payment", Decimal("24.9"), "440043")
    assert (open_.kind, open_.amount, open_.currency) == ("unknown", None, "EUR")


def test_a_return_finds_its_order_at_its_lines() -> None:
    small = record("returns", "small")
    assert (small.order, small.status, small.reason, small.action) == (
        "770042",
        "requested",
        "Size was not right",
        "Refund",
    )
    assert small.lines[0].amount == Decimal("24.9")
    by_line = record("returns", "by_line")
    assert (by_line.order, by_line.status, by_line.reason) == ("C00042", "received", KEEP)


def test_customers_words_and_carts() -> None:
    ines, guest = record("customers", "ines"), record("customers", "guest")
    assert (ines.name, ines.group, ines.active, ines.is_guest) == ("Ines Vela", "General, Trade", True, False)
    assert ines.addresses[0]["city"] == "Riga"
    assert (guest.name, guest.is_guest, guest.addresses) == ("", True, ())
    words = [record("order_statuses", "words", place) for place in range(2)]
    assert [(w.external_id, w.subject, w.status) for w in words] == [
        ("order:processing", "order", "preparing"),
        ("return:3", "return", "received"),
    ]
    chosen = [record(flow, "choice") for flow in ("return_reasons", "return_actions")]
    assert [(c.external_id, c.name) for c in chosen] == [("size", "Size was not right"), ("7", "Exchange")]
    cart = record("abandoned_carts", "left")
    assert (cart.total, cart.lines[0].sku, cart.customer_email) == (
        Decimal("24.9"),
        "SPIRIT-60",
        "tomas.costa@example.com",
    )


@pytest.mark.parametrize(
    ("reader", "row"),
    [
        (parse_catalogue.product, {"name": "No id"}),
        (parse_catalogue.product, {"id": True}),
        (parse_catalogue.product, {"id": "1", "price": "ten"}),
        (parse_catalogue.variant, {"id": "1"}),
        (parse_orders.order, {"order_id": "1", "order_products": "none"}),
        (parse_orders.shipment, {"id": "1"}),
        (parse_people.returned, {"id": "1", "order_products": [7]}),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(reader: Any, row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        reader(row, ACCOUNT)
