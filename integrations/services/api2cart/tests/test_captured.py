"""Real requests and answers, as the vendor published them, through our code. They are read from beside the checkout."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations import errors, raw
from integrations.http import Repeat
from integrations.service import Account
from integrations.services.api2cart import parse_catalogue, parse_orders, parse_people
from integrations.services.api2cart.answers import (
    NotThere,
    ReportNotReady,
    Unfinished,
    explained,
    next_of,
    result_of,
    rows_of,
)
from integrations.services.api2cart.flows import FLOWS, METHOD
from integrations.services.api2cart.methods import METHODS, checked
from integrations.services.api2cart.platforms import platform_of
from integrations.services.api2cart.tests.spec import Spec

pytestmark = pytest.mark.needs_shared

ACCOUNT = Account("captured", "https://api.api2cart.com/v1.1", {}, abilities={"currency": "USD"})


@pytest.fixture(scope="module")
def mock(shared: Path) -> Path:
    return shared / "vendors" / "api2cart-mock"


def every(mock: Path, kind: str) -> dict[str, tuple[str, bytes]]:
    """The captured files of a kind: name below the folder → method and content."""
    found = {}
    for path in sorted(mock.rglob(f"*.{kind}.json")):
        _, entity, method, name = path.relative_to(mock).parts
        found[f"{path.relative_to(mock)}"] = f"{entity}.{method}", path.read_bytes()
        assert name
    return found


def read(mock: Path, name: str) -> bytes:
    return (mock / name).read_bytes()


def test_every_captured_answer_goes_through_the_envelope(mock: Path) -> None:
    answers = every(mock, "response")
    assert len(answers) >= 12
    for name, (method, content) in answers.items():
        code = json.loads(content)["return_code"]
        told = explained(200, content, False, lambda _: None)
        assert (told is None) == (code == 0), name
        if told is not None:
            error = told.error if isinstance(told, Repeat) else told
            assert isinstance(error, errors.VendorError), name
            assert error.cure, name
            continue
        next_of(content)
        if method in METHODS and METHODS[method].rows and METHODS[method].paging:
            rows = rows_of(content, METHODS[method].rows)
            assert rows, name
            for flow, wanted in METHOD.items():
                if wanted == method:
                    for row in rows:
                        assert FLOWS[flow].key(row), name
                        FLOWS[flow].parse(raw.row(row), ACCOUNT)
        else:
            assert isinstance(result_of(content), dict), name


def test_every_captured_request_is_one_we_could_have_made(mock: Path, shared: Path) -> None:
    spec = Spec(shared)
    requests = every(mock, "request")
    assert len(requests) >= 5
    for name, (method, content) in requests.items():
        told: dict[str, Any] = json.loads(content)
        path = f"/{told['endpoint']}"
        assert told["endpoint"] == f"{method}.json", name
        operation = spec.operation(told["method"], path)
        assert operation, name
        if "query" in told:
            assert spec.wrong_query(told["method"], path, told["query"].items()) == [], name
        else:
            assert spec.wrong_body(spec.body(told["method"], path), told["body"]) == [], name
        if method in METHODS:
            assert checked(method, told.get("query", {}))[1] == told.get("query", {}), name


def test_a_captured_cursor_is_sent_back_as_the_vendor_wrote_it_down(mock: Path) -> None:
    """The answer holds it encoded; the request beside it, as captured, too: the vendor compares them decoded."""
    from urllib.parse import unquote

    answer = read(mock, "AmazonSP/return/list/return-type-mfn__created-range-60d__count-2.response.json")
    request = json.loads(read(mock, "AmazonSP/return/list/page-2.request.json"))
    assert "%" in json.loads(answer)["pagination"]["next"]
    assert next_of(answer) == unquote(request["query"]["page_cursor"])
    assert request["query"].keys() == {"page_cursor"}, "a cursor stands alone"


def test_ebays_refusal_and_amazons_report_are_told_apart(mock: Path) -> None:
    old = explained(
        200, read(mock, "EBay/order/list/error-created-from-older-than-90-days.response.json"), False, print
    )
    assert type(old) is errors.Refused
    assert "90 days" in old.said
    report = explained(200, read(mock, "AmazonSP/product/list/error-report-not-ready.response.json"), False, print)
    assert isinstance(report, ReportNotReady)
    assert report.report.startswith("ATVP")
    waiting = explained(200, read(mock, "EBay/batch/job.result/error-not-processed-yet.response.json"), False, print)
    assert isinstance(waiting, Unfinished)
    lost = explained(200, read(mock, "AmazonSP/batch/job.result/error-not-found.response.json"), False, print)
    assert type(lost) is NotThere


def test_an_amazon_order_reads_whole(mock: Path) -> None:
    row = raw.row(read(mock, "AmazonSP/order/info/order-id-111-2392565-0194613.response.json"))["result"]
    record = parse_orders.order(row, ACCOUNT)
    assert (record.external_id, record.currency, record.total) == ("111-2392565-0194613", "USD", Decimal("42.99"))
    assert (record.vendor_status, record.status) == ("Shipped", "shipped")
    assert record.placed_at is not None
    assert record.placed_at.isoformat() == "2024-08-01T02:18:42+00:00"
    assert record.ship_to == {"city": "Springfield", "state": "New York", "country": "United States of America"}
    assert record.lines[0].sku == "HUUUGE"
    assert len(record.lines) == len(row["order_products"])
    assert all(line.quantity and line.unit_price is not None for line in record.lines)


def test_amazon_children_of_other_parents_name_their_own(mock: Path) -> None:
    content = read(mock, "AmazonSP/product/child_item.list/product-id-swyte-2-sweater-mast.response.json")
    records = [parse_catalogue.variant(raw.row(row), ACCOUNT) for row in rows_of(content, "children")]
    assert len({record.product for record in records}) == 4, "one parent was asked for"
    assert platform_of("AmazonSP").listed


def test_an_amazon_return_has_lines_and_reasons(mock: Path) -> None:
    content = read(mock, "AmazonSP/return/list/return-type-mfn__created-range-60d__count-2.response.json")
    records = [parse_people.returned(raw.row(row), ACCOUNT) for row in rows_of(content, "returns")]
    assert [record.reason for record in records] == ["CR-UNWANTED_ITEM", "CR-ORDERED_WRONG_ITEM"]
    assert all(isinstance(record.lines, tuple) and record.lines[0].order_line for record in records)


def test_an_ebay_shipment_becomes_a_package(mock: Path) -> None:
    [row] = rows_of(read(mock, "EBay/order/shipment.list/order-id.response.json"), "shipment")
    record = parse_orders.shipment(raw.row(row), ACCOUNT)
    assert (record.order, record.tracking_number) == ("01-14759-05993", "EE199738891DS")
    assert record.tracking_provider == "DPD"
    assert record.status == "shipped"
