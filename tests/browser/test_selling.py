"""Whole journeys by the pages where people work, sent by the demo's own worker, on either database: a sale to its delivery, a
product to off sale, a shop's order to its return."""

import json
import re
import time
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LAPTOP, ON_POSTGRES, PHONE
from tests.browser.looking import check

pytestmark = pytest.mark.journey
SIZES = (LAPTOP, PHONE)

READY = """
import json, urllib.request
from catalog.models import Variant
from integrations import connecting, sync
from integrations.models import Trigger, Vendor
from integrations.service import services
from orders.models import Order, Package
ours = Vendor.objects.filter(slug__in=["demo-elko", "demo-elryan", "demo-api2cart"])
ours.update(writes="on")
for vendor in ours:
    kind = services()[vendor.kind]
    connecting.confirm(vendor, [name for name, part in (*kind.flows.items(), *kind.verbs.items()) if not part.proven])
elko = Vendor.objects.get(slug="demo-elko")
sync.run(elko, "products", Trigger.COMMAND_LINE, slice_seconds=None)  # whatever another test made go is back
orders = Order.objects.filter(vendor__slug="demo-elryan", status="new", line_count=1, lines__variant__gtin__gt="")
order = orders.order_by("-id")[0]
line = order.lines.get()
articles = Variant.objects.filter(vendor=elko, gone_at=None, stock__gt=20, stock_at_least=False, price__gt=1)
article = articles.exclude(pack_size__gt=1).order_by("-id")[0]
code = line.variant.gtin
data = json.dumps({"eanCode": code}).encode()
place = SIMULATORS + "/_sim/elko/truth/products/" + article.external_id
urllib.request.urlopen(urllib.request.Request(place, data, {"Content-Type": "application/json"}, method="PATCH"), timeout=30).close()
sync.run(elko, "products", Trigger.COMMAND_LINE, slice_seconds=None)
whole = Variant.objects.filter(vendor=elko, gone_at=None, price__gt=1, stock__gt=3, product__brand__isnull=False, product__image_url__gt="")
product = whole.exclude(pk=article.pk).order_by("id").last().product
shipped = Package.objects.filter(vendor__slug="demo-api2cart").values("order")
store = Order.objects.filter(vendor__slug="demo-api2cart", lines__quantity__gte=2).exclude(pk__in=shipped)
sold = store.exclude(status__in=["cancelled", "delivered", "shipped"]).order_by("-id")[0]
print(json.dumps({"sold": sold.pk, "order": order.pk, "line": line.pk, "product": product.pk}))
"""


@pytest.fixture(scope="module")
def ready(hub) -> Any:
    """Both connections may write; a supplier's article has the barcode of a sale's line."""
    return json.loads(hub.ask(f"SIMULATORS = {hub.simulators!r}\n{READY}").strip().splitlines()[-1])


def look(page: Any) -> None:
    """No barrier, nothing too wide."""
    if not ON_POSTGRES:  # looked at in the run on SQLite
        check(page, *SIZES)
        page.set_viewport_size(LAPTOP)


def seen(page: Any, what: Any) -> Any:
    """Reload until the page shows it: the hub reads what a vendor did by itself, a moment later."""
    for _ in range(250):
        if what.count():
            return what.first
        page.wait_for_timeout(400)
        page.reload()
    raise AssertionError(f"{what} was never shown on {page.url}:\n{page.locator('#content').inner_text()}")


def listed(page: Any, title: str) -> Any:
    """The rows of one of the page's tables."""
    return page.locator("fieldset", has=page.get_by_role("heading", name=title, exact=True)).locator("tbody tr")


def decide(page: Any) -> None:
    page.get_by_role("button", name="Show what will go").last.click()
    expect(page.get_by_role("heading", name="What will go")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Decide")).click()
    expect(page.locator(".messagelist")).to_contain_text("It is sent soon")


def confirmed(page: Any, what: str) -> None:
    """Until the page's own table says that it was done."""
    sent = listed(page, "What was sent").filter(has_text=what)
    for _ in range(250):
        if sent.count() and "Confirmed" in sent.first.inner_text():
            page.reload()  # the rest of this page may have been read a moment earlier
            return
        page.wait_for_timeout(400)
        page.reload()
    raise AssertionError(
        f"{what} was never confirmed: {sent.first.inner_text() if sent.count() else 'it is not there'}"
    )


def test_a_sale_is_prepared_bought_packed_shipped_and_delivered(visit, hub, ready):
    page = visit(f"/orders/sale/{ready['order']}/change/")
    look(page)
    page.get_by_role("link", name="Prepare order line", exact=True).click()
    look(page)
    decide(page)
    confirmed(page, "Prepare order line")

    page.get_by_role("link", name="Buy at a supplier").click()
    expect(page.locator("tr", has_text="GTIN").get_by_role("radio")).to_be_checked()
    look(page)
    page.get_by_role("button", name=re.compile("Order for a customer: ELKO")).click()
    for label, words in (
        ("Name", "Noor Hadi"),
        ("Address", "Karrada 7"),
        ("Town", "Rīga"),
        ("Postal code", "LV-1010"),
        ("Country", "LV"),
    ):
        page.get_by_label(f"{label}:", exact=True).fill(words)
    page.get_by_role("button", name="Show what will go").last.click()
    look(page)
    decide(page)
    confirmed(page, "Order for a customer")

    page.get_by_role("link", name="Create package", exact=True).click()
    decide(page)
    confirmed(page, "Create package")
    listed(page, "Packages").first.get_by_role("link").first.click()
    page.get_by_role("link", name="Tracking", exact=True).click()
    page.get_by_label("Tracking number").fill("IQ777")
    decide(page)
    confirmed(page, "Tracking")
    page.get_by_role("link", name="Fulfil package", exact=True).click()
    expect(page.get_by_label("Tracking number")).to_have_value("IQ777")
    decide(page)
    confirmed(page, "Fulfil package")
    delivery = str(truth(hub, "deliveries")[0]["id"])
    page.get_by_role("link", name="Delivery event", exact=True).click()
    page.get_by_label("Delivery").fill(delivery)
    page.get_by_label("What happened").fill("At the door")
    page.get_by_label("Where").fill("Basra")
    decide(page)
    confirmed(page, "Delivery event")
    seen(page, listed(page, "Tracking").filter(has_text="At the door"))
    page.get_by_role("link", name="Delivery status", exact=True).click()
    page.get_by_label("Delivery").fill(delivery)
    page.get_by_label("Status").fill("delivered")
    decide(page)
    confirmed(page, "Delivery status")
    expect(page.locator(".field-status_shown").first).to_contain_text("Delivered")
    look(page)
    line = hub.ask(
        f"from orders.models import OrderLine; print(OrderLine.objects.get(pk={ready['line']}).external_id)"
    ).strip()
    assert next(row for row in truth(hub, "orders") if row["POlineID"] == line)["Status"] == "Delivered"


def test_a_shop_s_order_is_shipped_in_parts_delivered_paid_back_and_returned(visit, hub, ready):
    page = visit(f"/orders/sale/{ready['sold']}/change/")
    order = page.url
    page.get_by_role("link", name="Ship", exact=True).click()
    look(page)
    page.get_by_label(re.compile("^How many of")).first.fill("1")
    for box in page.get_by_role("checkbox", name=re.compile(".")).all()[1:]:
        box.uncheck()
    page.get_by_role("table", name="Tracking numbers").get_by_label("Tracking number").first.fill("LP7001")
    decide(page)
    confirmed(page, "Ship")
    seen(page, listed(page, "Packages").filter(has_text="LP7001")).get_by_role("link").first.click()

    page.get_by_role("link", name="Shipment event", exact=True).click()
    look(page)
    page.get_by_label("Status").fill("delivered")
    page.get_by_label("Message").fill("Left with the neighbour")
    decide(page)
    confirmed(page, "Shipment event")
    seen(page, page.locator(".field-status_shown", has_text="Delivered"))

    page.goto(order)
    page.get_by_role("link", name="Pay back", exact=True).click()
    for box in page.get_by_role("checkbox", name=re.compile(".")).all()[1:]:
        box.uncheck()
    page.get_by_label(re.compile("^How many of")).first.fill("1")
    look(page)
    decide(page)
    confirmed(page, "Pay back")
    page.get_by_role("link", name="Return", exact=True).click()
    for box in page.get_by_role("checkbox", name=re.compile(".")).all()[1:]:
        box.uncheck()
    page.get_by_label(re.compile("^How many of")).first.fill("1")
    page.get_by_label("Reason:", exact=True).select_option(index=1)
    look(page)
    decide(page)
    confirmed(page, "Return")
    seen(page, listed(page, "Returns").filter(has=page.get_by_role("link"))).get_by_role("link").first.click()
    page.get_by_role("link", name="Change return", exact=True).click()
    look(page)
    page.get_by_label("Status:", exact=True).fill("received")
    decide(page)
    confirmed(page, "Change return")
    seen(page, page.locator(".field-status_shown", has_text="Received"))
    key = hub.ask(f"from orders.models import Order; print(Order.objects.get(pk={ready['sold']}).external_id)").strip()
    row = next(one for one in truth(hub, "orders", "api2cart") if str(one["order_id"]) == key)
    shipments = [one for one in truth(hub, "shipments", "api2cart") if str(one["order_id"]) == key]
    returns = [one for one in truth(hub, "returns", "api2cart") if str(one["order_id"]) == key]
    assert [len(row["refunds"]), len(shipments), len(returns)] == [1, 1, 1]
    assert returns[0]["status"]["id"] == "received"


def truth(hub: Any, flow: str, kind: str = "elryan") -> Any:
    """What a simulated vendor holds."""
    with urllib.request.urlopen(f"{hub.simulators}/_sim/{kind}/truth/{flow}", timeout=30) as answer:
        return json.load(answer)


def on_sale(hub: Any, spu: str) -> bool:
    return bool(next(row for row in truth(hub, "products") if row["spu"] == spu)["is_active"])


def test_a_product_is_published_gets_a_price_and_comes_off_sale(visit, hub, ready):
    page = visit(f"/catalog/product/{ready['product']}/change/")
    page.get_by_role("link", name=re.compile("Publish or update: Elryan")).click()
    look(page)
    page.get_by_label("Category").select_option(index=1)
    page.get_by_label("Price = cost ×").fill("1.3")
    page.get_by_label("Currency of the prices").fill("USD")
    page.get_by_label("Tax").fill("0")
    page.get_by_label("Guarantee, months").fill("12")
    page.get_by_label("Days to dispatch").fill("2")
    page.get_by_role("button", name="Show what would happen").last.click()
    expect(page.locator(".hub-reasons")).to_contain_text("It has no text in AR")
    page.get_by_label("Without an Arabic text").select_option("send")
    page.get_by_role("button", name="Show what would happen").last.click()
    expect(page.locator(".hub-counts")).to_contain_text("1 made new")
    look(page)
    page.get_by_role("button", name=re.compile("^Decide")).click()
    all_confirmed(page)
    look(page)

    shown = f"from catalog.models import Product; print(Product.objects.get(pk={ready['product']}).external_id)"
    key = f"demo-elko-{hub.ask(shown).strip()}"
    assert on_sale(hub, key)
    listed = hub.ask(
        "from catalog.models import Variant; from integrations import sync; from integrations.models import Trigger, Vendor\n"
        "vendor = Vendor.objects.get(slug='demo-elryan')\n"
        "for flow in ('products', 'variants'): sync.run(vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None)\n"
        f"row = Variant.objects.filter(vendor=vendor, product__external_id='{key}')[0]; print(row.pk, row.product_id)"
    ).split()
    page.goto(f"{hub.address}/admin/catalog/variant/{listed[-2]}/change/")
    page.get_by_role("link", name="Push price and stock", exact=True).click()
    page.get_by_label("Price for all").fill("77.5")
    page.get_by_role("button", name="Show what would happen").last.click()
    page.get_by_role("button", name=re.compile("^Decide")).click()
    all_confirmed(page)
    page.goto(f"{hub.address}/admin/catalog/product/{listed[-1]}/change/")
    page.get_by_role("link", name="Take product off sale", exact=True).click()
    page.get_by_role("button", name="Show what would happen").last.click()
    page.get_by_role("button", name=re.compile("^Decide")).click()
    all_confirmed(page)
    assert not on_sale(hub, key)


def all_confirmed(page: Any) -> None:
    until = time.monotonic() + 120
    while "1 confirmed" not in page.locator("#content .hub-counts").first.inner_text():
        assert time.monotonic() < until, page.locator("#content").inner_text()
        page.wait_for_timeout(400)
        page.reload()
