"""Elryan's rows read into our words, and its lists read page by page."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.records import KEEP
from integrations import raw
from integrations.errors import BadPayload, NeedsAuth, Refused
from integrations.http import Client
from integrations.service import Account, Ask, Page
from integrations.services.elryan import parse_catalogue, parse_orders, parse_packages
from integrations.services.elryan.answers import rows_of
from integrations.services.elryan.fields import moment
from integrations.services.elryan.service import Service
from integrations.services.elryan.simulator import Simulator
from integrations.simulator import Server

FIXTURES = Path(__file__).parent / "fixtures"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ACCOUNT = Account("souk", "https://elryan.example/api", {})


def read(flow: str, name: str, account: Account = ACCOUNT) -> Any:
    """The record of one row that is kept as a file."""
    return parsed(flow, (FIXTURES / flow / f"{name}.json").read_bytes(), account)


def parsed(flow: str, row: bytes, account: Account = ACCOUNT) -> Any:
    assert Service.flows[flow].key(row)
    return Service.flows[flow].parse(raw.row(row), account)


# -- rows


def test_a_row_is_one_line_of_its_order() -> None:
    order = read("orders", "line")
    (line,) = order.lines
    assert (order.external_id, order.number, order.direction) == ("PO900100", "PO900100", "sale")
    assert order.lines_complete is False
    assert (line.external_id, line.sku, line.barcode) == ("40012", "LAMP-7-a", "LAMP-7-a")
    assert (line.quantity, line.unit_price) == (2, Decimal("650.5"))
    assert (line.total, line.commission_percent, line.net) == (Decimal("1301.00"), 10, Decimal("1170.90"))
    assert (line.commission, line.warning) == (Decimal("130.10"), "")
    assert (line.vendor_status, line.status, line.name_translations) == (
        "Pending Confirmation",
        "new",
        {"ar": "مصباح أرز"},
    )
    assert (order.currency, order.exchange_rate, order.exchange_source) == ("USD", 1490, "Magento IQD Exchange Rate")
    assert order.other_numbers == ("4001",)


def test_only_the_true_clock_is_believed_and_the_day_begins_in_baghdad() -> None:
    order = read("orders", "line")
    changed = datetime(2026, 4, 3, 21, 17, 42, 306000, tzinfo=UTC)
    assert order.vendor_changed_at == order.lines[0].vendor_changed_at == changed
    assert order.placed_day_only
    assert order.placed_at == datetime(2026, 4, 2, 21, tzinfo=UTC)
    assert order.placed_at.isoformat() == "2026-04-03T00:00:00+03:00"


def test_what_is_missing_stays_unknown_and_what_does_not_add_up_is_said() -> None:
    order = read("orders", "odd")
    (line,) = order.lines
    assert line.sku == "LAMP-9"  # no seller behind it
    assert (line.unit_price, line.vendor_changed_at, line.name_translations) == (None, None, KEEP)
    assert (order.exchange_rate, order.exchange_source) == (KEEP, KEEP)
    assert (line.status, line.vendor_status, line.cancel_reason) == ("cancelled", "Seller Rejected", "out_of_stock")
    assert "1100.00" in line.warning
    assert "1170.90" in line.warning
    assert order.placed_at.date() == date(2026, 9, 11)  # day before month


@pytest.mark.parametrize(
    ("word", "status"),
    [("Delivered", "delivered"), ("Auto-CANCELLED", "cancelled"), ("Shipped", "unknown"), ("null", "unknown")],
)
def test_words_are_read_only_where_their_meaning_is_known(word: str, status: str) -> None:
    row = json.loads((FIXTURES / "orders" / "line.json").read_bytes()) | {"Status": word}
    line = parse_orders.order(row, ACCOUNT).lines[0]
    assert (line.status, line.vendor_status) == (status, "" if word == "null" else word)


@pytest.mark.parametrize("field", ["POlineID", "Order Number"])
@pytest.mark.parametrize("value", [None, "", "null", True])
def test_a_row_without_its_ids_is_refused(field: str, value: object) -> None:
    row = json.loads((FIXTURES / "orders" / "line.json").read_bytes()) | {field: value}
    with pytest.raises(ValueError, match=field):
        parse_orders.order(row, ACCOUNT)


def test_money_that_is_no_number_refuses_the_row() -> None:
    row = json.loads((FIXTURES / "orders" / "line.json").read_bytes()) | {"Net Amount": "12,5"}
    with pytest.raises(ValueError, match="not a number"):
        parse_orders.order(row, ACCOUNT)


@pytest.mark.parametrize(
    ("name", "kind", "amount"),
    [
        ("vendorbill", "bill", Decimal("46.20")),
        ("vendorcredit", "credit", Decimal("-6.50")),
        ("vendorpayment", "payment", Decimal("-1016.90")),
        ("journal", "unknown", None),
    ],
)
def test_the_kind_of_a_transaction_gives_its_sign(name: str, kind: str, amount: Decimal | None) -> None:
    told = read("transactions", name)
    assert (told.external_id, told.kind, told.vendor_kind, told.amount) == ("7701", kind, name, amount)
    assert (told.date, told.currency, told.exchange_rate) == (date(2026, 9, 11), "USD", 1480)
    assert told.order_number == told.number


def test_a_variant_and_its_product() -> None:
    variant, product = read("variants", "lamp"), read("products", "lamp")
    assert (variant.external_id, variant.sku, variant.product) == ("LAMP-7-a", "LAMP-7-a", product.external_id)
    assert variant.barcode == "4006381333931"  # `barcode` has a wrong check digit
    assert (variant.price, variant.retail_price, variant.currency) == (Decimal("650.5"), 700, "USD")
    assert (variant.stock, variant.weight_kg) == (0, Decimal("1.25"))
    assert variant.size == {"width": "12.5", "height": "30", "unit": "cm"}
    assert (product.brand, product.category, product.active) == ("arza", "lamps", False)
    assert product.translations == {"ar": {"name": "مصباح أرز"}, "en": {"name": "Cedar lamp"}}
    assert (product.guarantee, product.fulfilment_days, product.tax, product.variants) == ("6", 3, 0, ())


def test_freight_is_shown_among_the_attributes() -> None:
    row = raw.row((FIXTURES / "variants" / "lamp.json").read_bytes())
    for freight, shown in ((Decimal("4.5"), "4.5"), ("12.50", "12.5"), (0, ""), (None, "")):
        told = parse_catalogue.variant({**row, "attributes": [], "freight": freight}, ACCOUNT).attributes
        assert told == (({"name": "Freight", "value": shown},) if shown else ()), freight


def test_stock_that_cannot_be_read_is_unknown() -> None:
    row = raw.row((FIXTURES / "variants" / "lamp.json").read_bytes())
    assert [parse_catalogue.variant({**row, "stock": value}, ACCOUNT).stock for value in (None, "many", -1)] == [
        None
    ] * 3
    del row["stock"]
    assert parse_catalogue.variant(row, ACCOUNT).stock is KEEP


def test_a_package_is_found_by_its_lines_and_events_are_the_same_when_told_again() -> None:
    package, moving = read("packages", "parcel"), read("trackings", "moving")
    assert (package.order, package.number, package.vendor_status) == ("40012", "88", KEEP)
    assert (package.tracking_number, package.tracking_provider) == ("IQ1", "own")
    row = raw.row((FIXTURES / "packages" / "parcel.json").read_bytes())
    assert parse_packages.package({**row, "marketplace_package_id": None, "remote_id": "W-9"}, ACCOUNT).number == "W-9"
    assert (package.invoice_date, package.invoice_link) == (date(2026, 4, 5), KEEP)
    assert [(line.order_line, line.quantity) for line in package.lines] == [("40012", 1)]
    assert (moving.package, moving.status) == (package.external_id, "shipped")
    assert moving.events == read("trackings", "moving").events
    assert [event.at for event in moving.events] == [datetime(2026, 4, 4, 9, 30, tzinfo=UTC), None]


def test_the_word_null_is_no_id() -> None:
    assert Service.flows["brands"].key(b'{"remote_id": "null", "id": "5f01"}') == "5f01"
    with pytest.raises(ValueError, match="remote_id"):
        Service.flows["brands"].key(b'{"remote_id": "null"}')


@pytest.mark.needs_shared
def test_the_manuals_own_answers_are_read(shared: Path) -> None:
    """Every order and transaction printed in it, whose keys have spaces."""
    text = (shared / "vendors" / "manuals" / "elryan.txt").read_text(encoding="utf-8")
    rows = [json.loads(part) for part in re.findall(r'\{[^{}]*"Magento IQD Exchange Rate"[^{}]*\}', text)]
    filled = [row for row in rows if row.get("Magento IQD Exchange Rate")]
    lines = [parse_orders.order(row, ACCOUNT) for row in filled if "POlineID" in row]
    bills = [parse_orders.transaction(row, ACCOUNT) for row in filled if "POlineID" not in row]
    assert (len(rows), len(lines), len(bills)) == (5, 2, 1)  # two are printed with empty values
    assert {order.external_id for order in lines} == {"PO110038645"}
    assert [order.lines[0].warning for order in lines] == ["", ""]
    assert [order.lines[0].net for order in lines] == [Decimal("22.50"), Decimal("45.00")]
    assert {order.placed_at.date() for order in lines if order.placed_at} == {date(2022, 9, 11)}
    assert (bills[0].amount, bills[0].date, bills[0].kind) == (Decimal("46.00"), date(2021, 12, 4), "bill")
    for empty in (row for row in rows if row not in filled):
        with pytest.raises(ValueError, match="has no"):
            (parse_orders.order if "POlineID" in empty else parse_orders.transaction)(empty, ACCOUNT)


# -- answers


def test_rows_stand_under_data_or_one_deeper() -> None:
    assert [bytes(row) for row in rows_of(b'{"data": [{"a": 1}], "error_code": 0}')] == [b'{"a": 1}']
    assert [bytes(row) for row in rows_of(b'{"data": {"data": [2]}, "error_code": 0}')] == [b"2"]


@pytest.mark.parametrize("body", [b'{"data": null, "error_code": 0}', b"[]", b'{"data": {"rows": []}}', b"<html>"])
def test_another_shape_is_never_an_empty_list(body: bytes) -> None:
    with pytest.raises(BadPayload):
        rows_of(body)


def test_an_error_with_http_200_is_an_error() -> None:
    with pytest.raises(Refused, match="error_code 5") as told:
        rows_of(b'{"data": [], "error_code": 5, "message": "Too many lines"}')
    assert told.value.said == "Too many lines"
    with pytest.raises(NeedsAuth):
        rows_of(b'{"error_code": 401, "message": "Unauthorized"}')


# -- lists, from the simulator


@pytest.fixture
def elryan() -> Iterator[Simulator]:
    simulator = Simulator(seed="demo", now=NOW)
    with Server(simulator):
        yield simulator


def opened(elryan: Simulator, secrets: dict[str, str] | None = None, **options: Any) -> Service:
    account = Account("souk", f"{elryan.url}/api", {"email": elryan.email, **options})
    given = {"token": elryan.living_token()} if secrets is None else secrets
    return Service(account, Client(account, Service.auth(account, given)))


def pages(service: Service, flow: str, **ask: Any) -> list[Page]:
    found = list(getattr(service, flow)(Ask(**{"cursor": {}, "started_at": NOW, **ask})))
    assert [page.last for page in found] == [False] * (len(found) - 1) + [True]
    return found


def keys(flow: str, found: list[Page]) -> list[str]:
    return [Service.flows[flow].key(row) for page in found for row in page.rows]


@pytest.mark.parametrize("flow", sorted(set(Service.flows) - {"cancel_reasons", "deliveries"}))
@pytest.mark.parametrize("nested", [False, True])
def test_every_list_is_read_to_its_end(elryan: Simulator, flow: str, nested: bool) -> None:
    elryan.nested_data = nested
    service = opened(elryan, page_length=37)
    found = pages(service, flow)
    assert set(keys(flow, found)) == set(elryan.table(flow).keys())
    for page in found:
        for row in page.rows:
            Service.flows[flow].parse(raw.row(row), service.account)
    assert elryan.cron_started == 0


@pytest.mark.parametrize("flow", ["orders", "transactions"])
def test_a_list_in_parts_goes_on_behind_any_page(elryan: Simulator, flow: str) -> None:
    service = opened(elryan, page_length=20)
    found = pages(service, flow)
    for place, page in enumerate(found[:-1]):
        rest = pages(service, flow, position=page.position)
        behind = keys(flow, found[place + 1 :])
        assert set(behind) <= set(keys(flow, rest))
        assert len(keys(flow, rest)) <= len(behind) + 20, "the front is read again, for what came to it meanwhile"
        assert rest[-1].cursor == found[-1].cursor


def test_orders_are_read_from_a_day_before_the_newest(elryan: Simulator) -> None:
    service = opened(elryan, updated_filter="updated_from", unfulfilled=False)
    everything = pages(service, "orders")
    cursor = everything[-1].cursor
    newest = max(str(row["updatedTime"]) for row in elryan.table("orders"))
    assert cursor == {"updated": newest}
    since = moment(newest)
    assert since is not None
    again = set(keys("orders", pages(service, "orders", cursor=cursor)))
    table = [(row["POlineID"], moment(row["updatedTime"])) for row in elryan.table("orders")]
    assert again == {key for key, at in table if at and at >= since - timedelta(hours=24)} < {key for key, _ in table}
    assert len(keys("orders", pages(service, "orders", cursor=cursor, full=True))) == len(table)


def test_reasons_and_named_deliveries(elryan: Simulator) -> None:
    service = opened(elryan, delivery_ids="1, 2")
    assert keys("cancel_reasons", pages(service, "cancel_reasons")) == [
        "out_of_stock",
        "incorrect_pricing",
        "sourcing_delay",
    ]
    assert keys("deliveries", pages(service, "deliveries")) == ["1", "2"]
    assert pages(opened(elryan), "deliveries")[0].rows == []


def test_neither_token_nor_password_is_refused() -> None:
    for secrets in ({}, {"password": "without an email"}):
        with pytest.raises(ValueError, match="token"):
            Service.auth(ACCOUNT, secrets)


def test_what_no_document_states_starts_off() -> None:
    off = {name for name, flow in Service.flows.items() if not flow.proven}
    assert {"variants", "packages", "trackings", "deliveries"} < off
    assert "orders" not in off
    assert "transactions" not in off
