"""An order by the connection's mapping: what is missing is flagged, what has no id is refused, nothing is guessed."""

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
from integrations.services.kvik import parse
from integrations.services.kvik.options import LINE_MAP, ORDER_MAP
from orders.records import OrderRecord

FIXTURES = Path(__file__).parent / "fixtures" / "orders"


def account(currency: str = "", **options: Any) -> Account:
    return Account("shop", "https://shop.example.com/api/app", options, time_zone="Europe/Prague", currency=currency)


def read(row: Any, on: Account | None = None) -> OrderRecord:
    return parse.order(raw.row(encode(row)), on or account())


def rows() -> list[Any]:
    found: list[Any] = json.loads((FIXTURES / "plain.json").read_text(encoding="utf-8"))
    return found


def test_an_order_with_its_lines_customer_and_address() -> None:
    found = read(rows()[0], account(status_map={"Paid": "confirmed"}))
    assert (found.external_id, found.number, found.direction) == ("770014", "V2026-0014", "sale")
    assert (found.vendor_status, found.status) == ("paid", "confirmed")
    assert found.placed_at == datetime(2026, 3, 11, 8, 12, 40, tzinfo=UTC)
    assert found.vendor_changed_at == datetime(2026, 3, 11, 9, 2, tzinfo=UTC)
    assert (found.currency, found.total, found.warning) == ("CZK", Decimal("887.00"), "")
    assert (found.buyer_name, found.buyer_email) == ("Ondřej Malý", "ondrej@posta.example")
    assert found.ship_to == {"street": "Lipová 4", "city": "Hradec Králové", "postcode": "50002", "country": "CZ"}
    first, second = found.lines
    assert (first.sku, first.barcode, first.quantity, first.total) == (
        "DZ-110",
        "8590000001100",
        Decimal(1),
        Decimal("489.00"),
    )
    assert (second.unit_price, second.total, second.status) == (Decimal(199), Decimal("398.0"), "confirmed")
    assert first.raw is not KEEP
    assert json.dumps([line.raw for line in found.lines])


def test_missing_money_and_currency_are_flagged_and_never_cost_the_order() -> None:
    found = read(rows()[1])
    assert found.external_id == "R-770015"
    assert found.number == "R-770015", "no number: the id is what people see"
    assert (found.total, found.currency) == (None, "")
    assert "“Kč” is no currency code" in str(found.warning)
    assert "1 290,00" in str(found.warning)
    assert "Line 1 has no price" in str(found.warning)
    assert (found.vendor_status, found.status) == ("Čeká na vyzvednutí", "unknown")


def test_the_connections_currency_stands_in_for_one_nobody_names_but_not_for_one_nobody_can_read() -> None:
    row = rows()[0]
    del row["currency"]
    assert (read(row, account("EUR")).currency, read(row, account("EUR")).warning) == ("EUR", "")
    assert (read(row).currency, read(row).warning) == ("", "The currency is missing.")
    assert read(rows()[1], account("EUR")).currency == ""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-28T12:00:00", datetime(2026, 3, 28, 11, tzinfo=UTC)),  # winter time
        ("2026-03-29 12:00:00", datetime(2026, 3, 29, 10, tzinfo=UTC)),  # summer time
        ("2026-03-29T12:00:00Z", datetime(2026, 3, 29, 12, tzinfo=UTC)),
        ("2026-03-29T12:00:00.250+05:30", datetime(2026, 3, 29, 6, 30, 0, 250_000, tzinfo=UTC)),
        ("2026-03-29", datetime(2026, 3, 28, 23, tzinfo=UTC)),
    ],
)
def test_iso_times_with_and_without_offset(written: str, meant: datetime) -> None:
    found = read({**rows()[0], "created_at": written})
    assert (found.placed_at, found.placed_day_only) == (meant, len(written) == 10)


@pytest.mark.parametrize("written", ["29.3.2026", "yesterday", 1774778400, {"at": "2026-03-29"}, "0000-00-00 00:00:00"])
def test_a_time_that_cannot_be_read_is_unknown_and_flagged(written: Any) -> None:
    found = read({**rows()[0], "created_at": written})
    assert found.placed_at is None
    assert "no ISO time" in str(found.warning)


@pytest.mark.parametrize(
    ("values", "options", "reason"),
    [
        ({"id": None}, {}, "no id at “id”"),
        ({"id": ""}, {}, "no id at “id”"),
        ({"id": True}, {}, "no id at “id”"),
        ({"id": {"value": 7}}, {}, "no id at “id”"),
        ({}, {"order_map": {"number": "number"}}, "No path is mapped to “external_id”"),
        ({}, {"order_map": {**ORDER_MAP, "external_id": "order.uuid"}}, "no id at “order.uuid”"),
    ],
)
def test_an_order_without_a_mapped_id_is_refused_with_the_reason(values: Any, options: Any, reason: str) -> None:
    on, row = account(**options), {**rows()[0], **values}
    with pytest.raises(ValueError, match=reason):
        read(row, on)
    with pytest.raises(ValueError, match=reason):
        parse.keyed(on)(encode(row))


@pytest.mark.parametrize("row", [None, [], "order", 7])
def test_a_row_that_is_no_object_is_refused(row: Any) -> None:
    with pytest.raises(ValueError, match="no object"):
        read(row)


def test_paths_go_into_objects_and_lists_take_the_first_there_is_and_join() -> None:
    row = {
        "order": {"uuid": "a-1", "no": 5},
        "who": {"first": "Eva", "last": "Malá"},
        "contacts": [{"mail": "eva@posta.example"}],
        "sums": {"gross": {"amount": "12.50", "currency": "czk"}},
        "rows": [{"code": "X", "n": "3", "sums": {"one": 1}}],
    }
    on = account(
        order_map={
            "external_id": "order.uuid", "number": "order.number | order.no", "buyer_name": "who.first + who.last",
            "buyer_email": "contacts.0.mail", "total": "sums.net.amount|sums.gross.amount",
            "currency": "sums.gross.currency", "lines": "rows",
        },
        line_map={"sku": "code", "quantity": "n", "unit_price": "sums.one"},
    )  # fmt: skip
    found = read(row, on)
    assert (found.external_id, found.number, found.buyer_name) == ("a-1", "5", "Eva Malá")
    assert (found.buyer_email, found.total, found.currency) == ("eva@posta.example", Decimal("12.50"), "CZK")
    [line] = found.lines
    assert (line.external_id, line.sku, line.quantity, line.unit_price) == ("1", "X", Decimal(3), Decimal(1))
    assert found.buyer_phone is KEEP, "no path: nobody said that there is no phone"
    assert found.warning == ""


def test_a_list_row_without_its_lines_takes_no_stored_line_away() -> None:
    row = rows()[0]
    del row["items"]
    found = read(row)
    assert (found.lines, found.lines_complete) == ((), False)
    assert "No lines at “items”" in str(found.warning)
    unmapped = read(rows()[0], account(order_map={k: v for k, v in ORDER_MAP.items() if k != "lines"}))
    assert (unmapped.lines_complete, unmapped.warning) == (False, "")


def test_two_lines_with_one_id_are_two_lines() -> None:
    row = rows()[0]
    row["items"] = [{**item, "id": 1} for item in row["items"]]
    assert [line.external_id for line in read(row).lines] == ["1", "1#2"]


def test_unknown_types_and_fields_change_nothing() -> None:
    row = {**rows()[0], "_type": "SomethingNew", "later": {"a": [1]}}
    assert read(row) == read(rows()[0])


def test_a_line_has_its_own_status_where_one_is_mapped() -> None:
    row = rows()[0]
    row["items"][0]["state"] = "zrušeno"
    on = account(line_map={**LINE_MAP, "status": "state"}, status_map={"zrušeno": "cancelled", "paid": "confirmed"})
    assert [(line.vendor_status, line.status) for line in read(row, on).lines] == [
        ("zrušeno", "cancelled"), ("paid", "confirmed"),
    ]  # fmt: skip
