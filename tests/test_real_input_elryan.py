"""Every example answer the Elryan manual prints, from a socket through a run and the database onto the admin's pages."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Attribute, AttributeValue, Brand, Category, Variant
from integrations import connecting, sync
from integrations.models import Reject, SyncRun, Trigger, Vendor
from integrations.service import service_class
from orders.models import CancelReason, Order, Package, Transaction
from tests.answering import answering, examples
from tests.test_real_input import words

pytestmark = [pytest.mark.needs_shared, pytest.mark.django_db]

# What a printed row is, by a field only such rows have.
OF_FLOW = {
    "orders": "POlineID",
    "transactions": "Transaction Number",
    "packages": "marketplace_package_id",
    "variants": "sku",
    "brands": "remote_image_url",
    "attribute_values": "value",
}
PATHS = {
    "categories": "/api/categories/search",
    "brands": "/api/brands/search",
    "attributes": "/api/attributes/search",
    "attribute_values": "/api/attribute-values/search",
    "variants": "/api/variants/search",
    "orders": "/api/orders/search",
    "transactions": "/api/transactions/search",
    "packages": "/api/packages/search",
}
PLAUSIBLE = {"currency": "USD", "created_at": "2024-04-30T21:32:42.453Z", "updated_at": "2024-04-30T21:32:42.453Z"}
PLAUSIBLE |= {"default_image_url": "https://img.example/1.png", "language": "ar", "invoice_date": "2024-04-30"}


@pytest.fixture
def printed(shared: Path) -> dict[str, list[Any]]:
    """The rows under `data` of all printed answers, by flow."""
    text = (shared / "vendors" / "manuals" / "elryan.txt").read_text(encoding="utf-8")
    found: dict[str, list[Any]] = {flow: [] for flow in (*OF_FLOW, "cancel_reasons", "other")}
    for example in examples(text):
        data = example.get("data")
        for row in data if isinstance(data, list) else [data] if data else []:
            flow = "cancel_reasons" if isinstance(row, str) else "other"
            flow = next((name for name, field in OF_FLOW.items() if isinstance(row, dict) and field in row), flow)
            found[flow].append(row)
    return found


@pytest.fixture
def of_schema(shared: Path) -> dict[str, Any]:
    """Rows made after the printed schemas of answers that show no example: each text holds its field's name."""
    text = (shared / "vendors" / "manuals" / "elryan.txt").read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    for schema in schemas(text):
        data = schema["properties"]["data"]
        row = after(data["items"] if data["type"] == "array" else data)
        if "remote_parent_id" in row:
            found.setdefault("categories", row)
        elif "remote_id" in row and "remote_image_url" not in row and "order_id" not in row:
            found.setdefault("attributes", row)
    return found


def schemas(text: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{\n", at)) >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError:
            at += 1
            continue
        at = end
        if value.get("type") == "object" and "data" in value.get("properties", {}):
            yield value


def after(schema: Any) -> Any:
    of = {"string": "", "boolean": True, "integer": 7, "number": 7}
    return filled({name: of.get(part["type"], "") for name, part in schema["properties"].items()})


def filled(value: Any, name: str = "") -> Any:
    """The same with something in every empty text: a plausible value, else the field's own name."""
    if isinstance(value, dict):
        return {key: filled(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, name) for inner in value]
    return (PLAUSIBLE.get(name) or name) if value == "" else value


def elryan(address: str, **options: Any) -> Vendor:
    return connecting.connect(
        "elryan", "elryan-iq", base_url=f"{address}/api", options=options, secrets={"token": "not-a-real-one"}
    )


def run(vendor: Vendor, flow: str) -> SyncRun:
    done = sync.run(vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None)
    assert done is not None
    return SyncRun.objects.get(pk=done.pk)


def answer(rows: list[Any]) -> dict[str, Any]:
    return {"data": rows, "error_code": 0}


def test_the_manual_prints_what_is_looked_for(printed: dict[str, list[Any]], of_schema: dict[str, Any]) -> None:
    counts = {flow: len(rows) for flow, rows in printed.items()}
    assert counts == {
        "orders": 3, "transactions": 2, "packages": 4, "variants": 2, "brands": 1, "attribute_values": 3,
        "cancel_reasons": 3, "other": 4,
    }  # fmt: skip
    assert set(of_schema) == {"categories", "attributes"}


def test_the_printed_order_lines_are_one_order(printed: dict[str, list[Any]], admin_client: Client) -> None:
    whole, pending, empty = printed["orders"]
    paths = {"/api/orders/search": answer([whole, empty]), "/api/orders/unfulfilled-list": answer([pending])}
    with answering(paths) as address:
        vendor = elryan(address)
        done = run(vendor, "orders")
        assert (done.state, done.seen, done.rejected) == ("partial", 3, 1), done.error
        assert run(vendor, "orders").updated == 0
    order = Order.objects.get(number="PO110038645")
    assert order.direction == "sale"
    assert order.placed_at.astimezone(ZoneInfo("Asia/Baghdad")).date() == date(2022, 9, 11), "day before month"
    assert (order.total, order.net, order.commission) == (Decimal(75), Decimal("67.5"), Decimal("7.5"))
    assert (order.status, order.exchange_rate) == ("partly", Decimal(1485))
    changed = datetime.fromisoformat("2022-09-11T22:38:58.184+00:00")
    assert order.vendor_changed_at == changed, "not the local time that falsely says Z"
    page = words(admin_client.get(reverse("admin:orders_sale_change", args=[order.pk])))
    for row in (whole, pending):
        line = order.lines.get(external_id=row["POlineID"])
        assert (line.quantity, line.unit_price) == (Decimal(row["Quantity"]), Decimal(row["Selling Price"]))
        assert (line.total, line.net) == (Decimal(row["Total Amount"]), Decimal(row["Net Amount"]))
        assert (line.commission_percent, line.vendor_status) == (Decimal(10), row["Status"])
        assert line.barcode == row["Item"].partition("-")[0]
        assert line.name == row["Description"]
        assert row["Description (AR)"] in line.name_translations.values()
        for told in (row["Description"], row["Status"]):
            assert told in page
    listed = words(admin_client.get(reverse("admin:orders_sale_changelist")))
    assert "PO110038645" in listed
    assert f"75.00 {order.currency}" in listed
    for known in ("PO110038645", "77231332", "3392865241177", "7723133"):
        found = words(admin_client.get(reverse("admin:orders_sale_changelist"), {"q": known}))
        assert "PO110038645" in found, f"not found by {known}"
    assert not Reject.objects.get().resolved_at


def test_the_printed_transaction_has_its_sign_and_day(printed: dict[str, list[Any]], admin_client: Client) -> None:
    empty, bill = printed["transactions"]
    with answering({"/api/transactions/search": answer([bill, empty])}) as address:
        done = run(elryan(address), "transactions")
    assert (done.state, Reject.objects.count()) == ("partial", 1), done.error
    found = Transaction.objects.get(external_id="3364306")
    assert (found.amount, found.date) == (Decimal(46), date(2021, 12, 4))
    assert (found.order_number, found.exchange_rate) == ("PO110012710", Decimal(1480))
    page = words(admin_client.get(reverse("admin:orders_transaction_changelist")))
    assert f"46.00 {found.currency}" in page
    assert "PO110012710" in page


def test_the_printed_brand_and_reasons(printed: dict[str, list[Any]], admin_client: Client) -> None:
    [brand] = printed["brands"]
    paths = {
        "/api/brands/search": answer([brand]),
        "/api/orders/cancel-reasons": answer(printed["cancel_reasons"]),
    }
    with answering(paths) as address:
        vendor = elryan(address)
        assert run(vendor, "brands").state == "ok"
        assert run(vendor, "cancel_reasons").state == "ok"
    found = Brand.objects.get()
    assert (found.external_id, found.name, found.raw) == ("apple_9", "Apple_9", brand)
    assert "Apple_9" in words(admin_client.get(reverse("admin:catalog_brand_changelist")))
    names = set(CancelReason.objects.values_list("name", flat=True))
    assert names == {"out_of_stock", "incorrect_pricing", "sourcing_delay"}


@pytest.mark.parametrize("flow", ["orders", "transactions", "packages", "variants", "attribute_values"])
def test_rows_printed_with_nothing_in_them_are_rejects_and_cost_nothing(
    printed: dict[str, list[Any]], flow: str
) -> None:
    empty = [row for row in printed[flow] if not any(value for value in row.values() if isinstance(value, str))]
    assert empty
    path = PATHS[flow]
    rows = answer(empty)
    with answering({path: rows, "/api/orders/unfulfilled-list": answer([])}) as address:
        done = run(elryan(address), flow)
    assert done.error_kind == "", done.error
    assert done.created == 0
    assert Reject.objects.filter(flow=flow).count() == len({json.dumps(row) for row in empty})


@pytest.mark.parametrize("flow", ["categories", "attributes", "attribute_values", "variants", "packages"])
def test_rows_of_every_printed_shape_are_read(
    printed: dict[str, list[Any]], of_schema: dict[str, Any], admin_client: Client, flow: str
) -> None:
    """The examples without values and the schemas, with something in every field."""
    rows = [of_schema[flow]] if flow in of_schema else [filled(row) for row in printed[flow]]
    one = rows[-1]  # the printed ones of a flow have the same ids: of those the last counts
    model = {
        "categories": Category, "attributes": Attribute, "attribute_values": AttributeValue, "variants": Variant,
        "packages": Package,
    }[flow]  # fmt: skip
    with answering({PATHS[flow]: answer(rows)}) as address:
        vendor = elryan(address)
        done = run(vendor, flow)
    assert (done.state, done.rejected) == ("ok", 0), list(Reject.objects.values_list("reason", flat=True))
    key = service_class("elryan").flows[flow].key(json.dumps(one).encode())
    found: Any = model._default_manager.get(vendor=vendor, external_id=key)
    assert found.raw == one
    name = model._meta.model_name
    page = words(admin_client.get(reverse(f"admin:{model._meta.app_label}_{name}_change", args=[found.pk])))
    assert key in page
