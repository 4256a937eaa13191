"""Our orders and ELKO's invoices from the wire into the database."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from integrations.models import SyncRun, Vendor
from integrations.numbers import jde_date, jde_number
from integrations.services.elko.simulator import Simulator
from orders.models import Order, Package, Purchase, StatusWord, Transaction

OK, PARTIAL = SyncRun.State.OK, SyncRun.State.PARTIAL
Connect = Callable[..., Vendor]
Run = Callable[..., SyncRun]


@pytest.mark.parametrize("layout", ["eu", "ua"])
def test_orders_are_purchases(sim: Simulator, connected: Connect, run: Run, layout: str) -> None:
    vendor = connected(layout)
    run(vendor, "products")
    done = run(vendor, "orders")
    rows = sim.truth("orders" if layout == "eu" else "orders_ua")
    assert (done.state, done.created) == (OK, len(rows)), done.error
    for row in rows:
        found = Purchase.objects.get(number=row["id"])
        made = jde_date(row["created"])
        assert made is not None
        assert found.placed_at.astimezone(ZoneInfo("Europe/Riga")).date() == made
        assert (found.placed_day_only, found.vendor_status) == (True, row["status"])
        assert (found.total, found.currency) == (Decimal(str(row["sum"])), row["currency"])
        user = row["enduser"] or {}
        assert (found.buyer_name, found.buyer_email) == (user.get("contactName", ""), user.get("contactMail", ""))
        assert found.reference == (user.get("customerPo") or row["customerPo"])
        assert found.raw == row
        lines = list(found.lines.all())
        assert [line.sku for line in lines] == [str(line["elkoCode"]) for line in row["lines"]]
        for line, told in zip(lines, row["lines"], strict=True):
            assert (line.quantity, line.quantity_confirmed) == (told["quantityRequested"], told["quantity"])
            assert (line.unit_price, line.total) == (Decimal(str(told["price"])), Decimal(str(told["sum"])))
            assert (line.match, line.variant and line.variant.sku) == ("sku", line.sku)


def test_a_hold_a_word_nobody_knows_and_lines_without_numbers_of_their_own(
    sim: Simulator, connected: Connect, run: Run
) -> None:
    first, second = sim.truth("orders")
    sim.change("orders", first["id"], status="Open", holdCode="C1", comments="Credit limit exceeded")
    lines = [{**first["lines"][0], "id": "0"}] * 2
    sim.change("orders", second["id"], status="Frozen in customs", holdCode="", lines=lines)
    run(connected(), "orders")
    held, odd = Order.objects.get(number=first["id"]), Order.objects.get(number=second["id"])
    assert (held.status, held.vendor_status, held.hold_reason) == ("on_hold", "Open", "C1 Credit limit exceeded")
    assert (odd.status, odd.vendor_status) == ("unknown", "Frozen in customs")
    assert StatusWord.objects.get(word="Frozen in customs").meaning == "unknown"
    assert odd.lines.count() == 2, "two lines under one number are still two lines"


def test_a_list_without_lines_tells_of_the_orders_alone(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected()
    run(vendor, "orders")
    row = sim.truth("orders")[0]
    sim.change("orders", row["id"], lines=None, status="Delivered", sum=99.5)
    run(vendor, "orders")
    found = Order.objects.get(number=row["id"])
    assert (found.status, found.total, found.lines.count()) == ("delivered", Decimal("99.5"), len(row["lines"]))


def test_texts_longer_than_their_column_and_impossible_numbers(sim: Simulator, connected: Connect, run: Run) -> None:
    """On PostgreSQL such a text would end the whole batch; a number nobody can store costs its own row alone."""
    first, second = sim.truth("orders")
    user = {"contactName": "N" * 600, "contactMail": "m" * 600, "contactPhone": "1" * 300, "customerPo": "P" * 300}
    sim.change("orders", first["id"], enduser=user, comments="c" * 600, holdCode="C1")
    sim.change("orders", second["id"], lines=[{**second["lines"][0], "quantity": 10**12}])
    done = run(connected(), "orders")
    assert (done.state, done.rejected, done.created) == (PARTIAL, 1, 1)
    found = Order.objects.get(number=first["id"])
    assert (len(found.buyer_name), len(found.buyer_phone), len(found.reference)) == (500, 200, 200)
    assert found.raw["enduser"] == user


def test_in_ukraine_the_manuals_path_is_tried_where_the_other_has_nothing(
    sim: Simulator, connected: Connect, run: Run
) -> None:
    vendor = connected("ua")
    sim.fault("status", "/elko/v3.0/Orders", code=404)
    sim.fault("status", "/v3.0/Orders", code=404)
    assert run(vendor, "orders").state == OK
    assert [call.path for call in sim.ledger.asked("/Orders")] == ["/v3.0/Orders", "/v3.0/api/Orders"]
    sim.ledger.clear()
    assert run(vendor, "orders").state == OK
    assert [call.path for call in sim.ledger.asked("/Orders")] == ["/v3.0/api/Orders"], "it is remembered"
    chosen = run(connected("ua", orders_path="Orders"), "orders")
    assert (chosen.state, chosen.error_kind) == (SyncRun.State.FAILED, "refused"), "an operator's path is not doubted"


def test_invoices_are_bills_with_packages_serials_and_tracking(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected()
    run(vendor, "products")
    run(vendor, "orders")
    done = run(vendor, "invoices")
    rows = sim.truth("invoices")
    assert (done.state, done.created) == (OK, len(rows)), done.error
    assert rows
    for row in rows:
        more = row["additionalInfo"]
        bill = Transaction.objects.get(number=row["invoiceId"])
        assert (bill.kind, bill.amount, bill.open_amount) == (
            "bill", -Decimal(more["amountWithVAT"]), -Decimal(more["amountOpen"]),
        )  # fmt: skip
        assert (bill.date, bill.due_date) == (jde_date(row["dateCreate"]), jde_date(more["dueDate"]))
        assert (bill.currency, bill.raw) == (more["currency"], row)
        number = row["details"][0]["orderNumber"]
        assert bill.order is not None
        assert bill.order.number == number
        package = Package.objects.get(invoice_number=row["invoiceId"])
        assert (package.tracking_number, package.tracking_provider) == (row["trackingDPD"], "DPD")
        assert (package.number, package.order, package.invoice_date) == (more["packageNumber"], bill.order, bill.date)
        for line, told in zip(package.lines.all(), row["details"], strict=True):
            assert (line.sku, line.quantity, line.serials) == (
                told["elkoCode"], told["quantityShipped"], told["serials"],
            )  # fmt: skip
            assert line.unit_price == Decimal(told["price"])
            assert line.order_line is not None
            assert line.order_line.sku == line.sku


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue", "Europe/Riga"])
def test_days_of_invoices_are_the_accounts_calendar_days(
    sim: Simulator, connected: Connect, run: Run, zone: str
) -> None:
    """At any moment one of the first two zones has another date than UTC."""
    vendor = connected(invoice_days=30)
    vendor.time_zone = zone
    vendor.save()
    before = datetime.now(ZoneInfo(zone)).date()
    done = run(vendor, "invoices")
    start, until = sim.ledger.asked("*/Finances/Invoices/*")[0].path.split("/")[-2:]
    today = date.fromisoformat(done.cursor_after["day"])
    assert today in (before, datetime.now(ZoneInfo(zone)).date()), "two days only around midnight"
    assert (int(start), int(until)) == (jde_number(today - timedelta(days=29)), jde_number(today + timedelta(days=1)))
    run(vendor, "invoices")
    again = sim.ledger.asked("*/Finances/Invoices/*")[1].path.split("/")[-2:]
    assert int(again[0]) >= jde_number(today - timedelta(days=7)), "after a good run only a week is read again"


def test_all_invoices_may_be_asked_for_instead(sim: Simulator, connected: Connect, run: Run) -> None:
    done = run(connected(invoices_range="all"), "invoices")
    assert (done.state, done.created) == (OK, len(sim.truth("invoices")))
    assert [call.path for call in sim.ledger.asked("*/Finances/*")] == ["/v3.0/api/Finances/Invoices/true"]


def test_invoices_without_additional_info_and_credit_notes(sim: Simulator, connected: Connect, run: Run) -> None:
    row: Any = sim.truth("invoices")[0]
    sim.put("invoices", {**row, "invoiceId": "1", "additionalInfo": None})
    note = {**row["additionalInfo"], "amountWithVAT": "-1,210.50", "amountOpen": ""}
    sim.put("invoices", {**row, "invoiceId": "2", "additionalInfo": note, "dateCreate": row["dateCreate"]})
    run(connected(), "invoices")
    assert Transaction.objects.get(number="1").amount is None, "unknown, not zero"
    credit = Transaction.objects.get(number="2")
    assert (credit.kind, credit.amount, credit.open_amount) == ("credit", Decimal("1210.5"), None)
    assert not Package.objects.filter(invoice_number="2").exists()
