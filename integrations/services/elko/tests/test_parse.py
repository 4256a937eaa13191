"""ELKO's rows as they come, with every documented habit, read into our words."""

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from catalog.records import KEEP
from integrations.service import Account
from integrations.services.elko import parse_catalogue, parse_details, parse_invoices, parse_orders

FIXTURES = Path(__file__).parent / "fixtures"
EU = Account("elko", "https://elko.example", {"layout": "eu"}, time_zone="Europe/Riga", currency="EUR")
# What a fixture holds is known here better than to the types.
CATALOGUE: Any = parse_catalogue
DETAILS: Any = parse_details
ORDERS: Any = parse_orders
INVOICES: Any = parse_invoices
UA = Account("elko-ua", "https://elko.example", {"layout": "ua"}, time_zone="Europe/Riga", currency="EUR")


def read(path: Path) -> list[Any]:
    return json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)


def rows(flow: str, name: str) -> list[Any]:
    return read(FIXTURES / flow / f"{name}.json")


def test_eu_product():
    found = CATALOGUE.product(rows("products", "eu")[0], EU)
    (variant,) = found.variants
    assert found.external_id == variant.external_id == variant.sku == "1400001"
    assert (found.brand, found.category, found.guarantee) == ("EX", "SSM", "3 years")
    assert found.summary == "1TB | <b>SATA</b> &#39;6Gb/s&#39;"
    assert found.description is KEEP
    assert (variant.stock, variant.stock_at_least) == (50, True)
    assert (variant.price, variant.discount_price, variant.copyright_levy) == (
        Decimal("52.40"),
        Decimal("50.10"),
        Decimal("0.35"),
    )
    assert (variant.incoming, variant.reserved, variant.pack_size) == (40, 2, 10)
    assert variant.retail_price is KEEP
    assert found.image_url == variant.image_url == "https://static.example/x.Jpeg"
    assert {"name": "Promotion until", "value": "2026-12-31"} in variant.attributes
    assert {"name": "Second price", "value": "48.5"} in variant.attributes


def test_product_of_2019_without_elko_code_and_with_words_for_stock():
    found = CATALOGUE.product(rows("products", "eu")[1], EU)
    (variant,) = found.variants
    assert found.external_id == "1400002"
    assert variant.stock is None
    assert variant.stock_at_least is False
    assert variant.discount_price is None
    assert variant.barcode == "40123"
    assert found.image_url is KEEP


def test_ua_product_has_retail_price_in_its_own_currency():
    found = CATALOGUE.product(rows("products", "ua")[0], UA)
    (variant,) = found.variants
    assert (variant.currency, variant.retail_price, variant.retail_currency) == ("USD", 2499, "UAH")
    assert (variant.stock, variant.stock_at_least, variant.incoming) == (100, True, 20)
    assert variant.hs_code == ""
    assert variant.copyright_levy is KEEP
    assert found.translations == {"uk": "Навушники HS-1"}
    assert {"name": "RRP control", "value": "Y"} in variant.attributes


def test_a_chosen_retail_currency_wins():
    account = Account("elko", "https://elko.example", {"layout": "ua", "retail_currency": "eur"})
    assert CATALOGUE.product(rows("products", "ua")[0], account).variants[0].retail_currency == "EUR"


@pytest.mark.parametrize("price", ["twelve", "1.234,50", "NaN", True, {}])
def test_a_price_that_cannot_be_read_rejects_the_row(price):
    row = rows("products", "eu")[0] | {"price": price}
    with pytest.raises(ValueError, match="number"):
        CATALOGUE.product(row, EU)


@pytest.mark.parametrize("row", [{}, {"elkoCode": None}, {"elkoCode": "", "id": ""}, {"elkoCode": True}])
def test_a_product_without_id_is_refused(row):
    with pytest.raises(ValueError, match=r"elkoCode|no id"):
        CATALOGUE.product(row, EU)


def test_a_leaf_under_two_groups_is_one_category_with_both():
    merged, unreadable = CATALOGUE.merged_categories(rows("categories", "list"), rows("categories", "tree"))
    found = {record.external_id: record for record in (CATALOGUE.category(row, EU) for row in merged)}
    assert unreadable == []
    assert sorted(found) == ["7001", "7002", "7003", "HPH", "LST", "SSM"]
    assert found["HPH"].parents == ("7001", "7002")
    assert found["SSM"].parents == ("7003",)
    assert found["7003"].parents == ("7002",)
    assert found["7001"].parents == ()
    assert found["LST"].parents is KEEP


def test_categories_without_tree_and_with_a_bad_row():
    merged, unreadable = CATALOGUE.merged_categories([{"code": "CPU", "name": "CPU"}, {"name": "?"}, 5], None)
    assert [CATALOGUE.category(row, EU).parents for row in merged] == [KEEP]
    assert unreadable == [{"name": "?"}, 5]


def test_ua_category_translation():
    row = {"code": "CPU", "name": "CPU", "translation": {"ua": "Процесори"}}
    assert CATALOGUE.category(row, UA).translations == {"uk": "Процесори"}


def test_details():
    found = DETAILS.details(rows("details", "new")[0], EU)
    assert found.description == "Long<br/>text"
    assert found.images == tuple(f"https://static.example/{name}.Jpeg" for name in "abc")
    assert found.weight_kg == Decimal("0.12")
    assert found.size == {"width": "0.16", "unit": "m"}
    assert len(found.specs) == 7


def test_details_not_told_stay_and_null_media_means_none():
    bare = DETAILS.details({"productId": 1}, EU)
    assert (bare.description, bare.specs, bare.images, bare.weight_kg) == (KEEP, KEEP, KEEP, KEEP)
    assert DETAILS.details({"productId": 1, "mediaFiles": None}, EU).images == ()


def test_availability():
    full, word, bare = (DETAILS.availability(row, EU) for row in rows("availability", "eu"))
    assert (full.stock, full.stock_at_least, full.incoming, full.incoming_on) == (50, True, 40, date(2026, 12, 6))
    assert (full.price, full.currency) == (Decimal("52.40"), "EUR")
    assert (word.stock, word.price, word.incoming, word.incoming_on) == (None, KEEP, 0, None)
    assert (bare.stock, bare.incoming, bare.price) == (0, KEEP, KEEP)


def test_availability_from_the_ukrainian_price_list():
    found = DETAILS.availability(rows("products", "ua")[0], UA)
    assert (found.external_id, found.stock, found.stock_at_least, found.incoming) == ("1500001", 100, True, 20)
    assert (found.price, found.currency) == (Decimal("59.99"), "USD")


def test_order_partly_confirmed_and_on_hold():
    found = ORDERS.order(rows("orders", "order")[0], EU)
    (line,) = found.lines
    assert (found.direction, found.status, found.vendor_status) == ("purchase", "on_hold", "Open")
    assert found.hold_reason == "C1 Credit limit"
    assert (found.placed_at, found.placed_day_only) == (datetime(2026, 11, 21, tzinfo=ZoneInfo("Europe/Riga")), True)
    assert (found.reference, found.currency, found.total) == ("W-1", "EUR", Decimal("156.9"))
    assert (line.external_id, line.sku, line.quantity, line.quantity_confirmed) == ("10250400-1", "1400001", 3, 2)
    assert json.dumps([line.raw, found.ship_to])


def test_order_word_nobody_knows_and_another_status_field():
    row = rows("orders", "order")[0] | {"holdCode": "", "orderState": "Moon phase"}
    account = Account("elko", "https://elko.example", {"order_status_field": "orderState"}, time_zone="Europe/Riga")
    found = ORDERS.order(row, account)
    assert (found.status, found.vendor_status) == ("unknown", "Moon phase")


def test_invoice_is_owed_and_has_a_package_per_order():
    found = INVOICES.invoice(rows("invoices", "invoice")[0], EU)
    bill = found.transaction
    assert (bill.kind, bill.amount, bill.open_amount, bill.currency) == ("bill", Decimal("-1210.50"), 0, "EUR")
    assert (bill.date, bill.due_date, bill.order_number) == (date(2026, 11, 21), date(2026, 12, 5), "")
    assert [package.order for package in found.packages] == ["10250400", "10250401"]
    assert found.packages[0].lines[0].serials == ("S1", "S2")
    assert found.packages[1].lines[0].serials == ()
    assert found.packages[0].tracking_number == "05415000070000"


def test_invoice_without_additional_info_has_no_amount():
    row = rows("invoices", "invoice")[0] | {"additionalInfo": None}
    assert INVOICES.invoice(row, EU).transaction.amount is None


@pytest.mark.needs_shared
def test_real_ukrainian_rows(shared: Path):
    found = read(shared / "data" / "elko-ua-products.json")
    assert found
    for row in found:
        record = CATALOGUE.product(row, UA)
        (variant,) = record.variants
        assert record.external_id == str(row["id"])
        assert variant.price == row["price"]
        assert variant.stock == int(row["quantity"].strip("> "))
        assert variant.stock_at_least is row["quantity"].startswith(">")
        assert variant.retail_price == (row["rrp"] or None)
        assert variant.incoming == int(row["transitQuantity"])
