"""Every flow of Elryan through the engine: what the vendor says, and what the tables hold afterwards."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Attribute, AttributeValue, Brand, Category, Product, Variant
from integrations import connecting, connection, schedules, sweeping, sync, tasks  # noqa: F401 - the tasks set what stops a run
from integrations.models import Schedule, SyncRun, Vendor
from integrations.services.elryan.service import Service
from integrations.services.elryan.simulator import Simulator
from integrations.services.elryan.tests.runs import connected, good, run
from orders import words
from orders.models import CancelReason, Order, OrderLine, Package, StatusWord, TrackingEvent, Transaction

pytestmark = pytest.mark.django_db(transaction=True)

EVERY = ("categories", "brands", "attributes", "attribute_values", "products", "variants", "orders", "cancel_reasons",
         "transactions", "packages", "trackings", "deliveries")  # fmt: skip
TABLES = (Category, Brand, Attribute, AttributeValue, Product, Variant, Order, OrderLine, CancelReason, Transaction,
          Package, TrackingEvent)  # fmt: skip
READS = {  # flow: what it asks, as the manual or, where that is silent, the reference's best guess writes it
    "categories": [("POST", "/categories/search")],
    "brands": [("POST", "/brands/search")],
    "attributes": [("POST", "/attributes/search")],
    "attribute_values": [("POST", "/attribute-values/search")],
    "products": [("POST", "/products/search")],
    "variants": [("POST", "/variants/search")],
    "orders": [("POST", "/orders/search"), ("POST", "/orders/unfulfilled-list")],
    "cancel_reasons": [("GET", "/orders/cancel-reasons")],
    "transactions": [("POST", "/transactions/search")],
    "packages": [("POST", "/packages/search")],
    "trackings": [("POST", "/package-trackings/search")],
    "deliveries": [("GET", "/deliveries/1/")],
}


def everything(vendor: Vendor, **options: Any) -> None:
    for flow in EVERY:
        good(vendor, flow, **options)


def snapshot() -> dict[str, list[dict[str, Any]]]:
    return {model.__name__: [dict(row) for row in model._default_manager.order_by("pk").values()] for model in TABLES}


# -- all of them


@pytest.mark.parametrize("nested", [False, True])
def test_two_runs_of_every_flow_leave_what_one_leaves(demo: Simulator, nested: bool) -> None:
    demo.nested_data = nested
    vendor = connected(demo, page_length="37", delivery_ids="1, 2, 60")
    everything(vendor)
    for flow in set(EVERY) - {"orders", "cancel_reasons", "deliveries"}:
        model = {"categories": Category, "brands": Brand, "attributes": Attribute, "attribute_values": AttributeValue,
                 "products": Product, "variants": Variant, "transactions": Transaction, "packages": Package,
                 "trackings": Package}[flow]  # fmt: skip
        assert model._default_manager.count() == len(demo.truth(flow)), flow
    rows = demo.truth("orders")
    assert OrderLine.objects.count() == len(rows)
    assert Order.objects.count() == len({row["Order Number"] for row in rows})
    before = snapshot()
    for flow in EVERY:
        again = good(vendor, flow)
        assert (again.created, again.updated) == (0, 0), flow
    everything(vendor, mode=SyncRun.Mode.VERIFY)
    assert snapshot() == before
    assert demo.cron_started == 0, "Elryan's own job is theirs to start"
    assert demo.ledger.writes == 0


def test_every_flow_asks_what_is_documented_and_nothing_else(tiny: Simulator) -> None:
    vendor = connected(tiny, delivery_ids="1")
    for flow in EVERY:
        tiny.ledger.clear()
        good(vendor, flow)
        asked = [(call.method, call.path.removeprefix("/api")) for call in tiny.ledger.asked()]
        assert list(dict.fromkeys(asked)) == READS[flow], flow
        assert all(call.authorized for call in tiny.ledger.asked())
        for call in tiny.ledger.asked(method="POST"):
            assert {"start", "length"} <= set(call.body) <= {"start", "length", "search"}
    assert set(EVERY) == set(Service.flows)


def test_what_no_document_states_is_off_until_it_is_confirmed(tiny: Simulator) -> None:
    vendor = connected(tiny)
    off = {s.flow for s in Schedule.objects.filter(vendor=vendor, enabled=False)}
    assert off == {name for name, flow in Service.flows.items() if not flow.proven}
    assert off == {"attribute_values", "variants", "cancel_reasons", "packages", "trackings", "deliveries"}
    connecting.confirm(vendor, ["variants"])
    assert Schedule.objects.get(vendor=vendor, flow="variants").enabled
    assert "variants" in {s.flow for s in schedules.due()}


@pytest.mark.parametrize("flow", [name for name, flow in Service.flows.items() if not flow.proven])
def test_an_unproven_path_is_the_connections_to_set(tiny: Simulator, flow: str) -> None:
    option = next(option for option in Service.options if option.name == f"{flow}_path")
    assert (option.proven, option.kind, bool(option.default)) == (False, "text", True)
    vendor = connected(tiny, None, **{option.name: "elsewhere", "delivery_ids": "1"})
    done = run(vendor, flow)
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "refused"), "the simulator has nothing there"
    assert "address" in done.cure
    assert {call.path.rstrip("/").removesuffix("/1") for call in tiny.ledger.asked()} == {"/api/elsewhere"}


def test_one_package_has_a_path_of_its_own(tiny: Simulator) -> None:
    vendor = connected(tiny, package_path="elsewhere")
    run(vendor, "packages", codes=["7"])
    assert [call.path for call in tiny.ledger.asked()] == ["/api/elsewhere/7"]


def test_staging_and_production_are_apart_and_the_probe_asks_for_health_first(tiny: Simulator) -> None:
    presets = {preset.environment: preset.base_url for preset in Service.presets}
    assert presets == {
        "production": "https://merchant.elryan.com/api",
        "staging": "https://merchantstaging.elryan.com/api",
    }
    for name, url in presets.items():
        made = connecting.connect("elryan", f"souk-{name}", environment=name)
        assert (made.base_url, made.environment, made.time_zone) == (url, name, "Asia/Baghdad")
    verdict = connection.probe(connected(tiny))
    assert (verdict.ok, verdict.message, verdict.facts["categories"]) == (True, "The token is accepted.", "some")
    assert [call.path for call in tiny.ledger.asked()] == ["/api/health-check", "/api/categories/search"]
    tiny.fault("status", "/health-check", code=503)
    verdict = connection.probe(Vendor.objects.get(slug="souk"))
    assert (verdict.ok, verdict.cause) == (False, "vendor")
    assert verdict.cure


ONE = {  # flow: the call of one row, a field, its new value
    "categories": ("/categories/get/", "name", "Renamed"),
    "brands": ("/brands/get/", "name", "Renamed"),
    "attributes": ("/attributes/get/", "name", "Renamed"),
    "attribute_values": ("/attribute-values/get/", "value", "Renamed"),
    "products": ("/products/get/", "name", "Renamed"),
    "variants": ("/variants/get/", "name", "Renamed"),
    "orders": ("/orders/", "Description", "Renamed"),
    "transactions": ("/transactions/get/", "Type", "Renamed"),
    "packages": ("/packages/", "remote_id", "Renamed"),
    "trackings": ("/package-trackings/", "tracking_link", "https://t.example/renamed"),
    "deliveries": ("/deliveries/", "updated_at", "2026-04-05T09:30:00.000Z"),
}


@pytest.mark.parametrize("flow", sorted(ONE))
def test_some_rows_are_fetched_again_by_their_own_call(tiny: Simulator, flow: str) -> None:
    vendor = connected(tiny, delivery_ids="1")
    everything(vendor)
    path, field, value = ONE[flow]
    key = str(tiny.table(flow).keys()[-1])
    tiny.change(
        flow, key, **{field: value, **({"updatedTime": "2026-05-01T00:00:00.000Z"} if flow == "orders" else {})}
    )
    before = Schedule.objects.get(vendor=vendor, flow=flow)
    tiny.ledger.clear()
    done = good(vendor, flow, codes=[key])
    (call,) = tiny.ledger.asked()
    assert (call.method, call.path) == ("GET", f"/api{path}{key}{'/' if flow == 'deliveries' else ''}")
    assert (done.seen, done.created, done.gone) == (1, 0, 0)
    after = Schedule.objects.get(vendor=vendor, flow=flow)
    assert (after.cursor, after.last_full_at) == (before.cursor, before.last_full_at)
    found: Any = {"orders": OrderLine, "variants": Variant, "products": Product, "packages": Package}.get(flow)
    if found:
        assert found._default_manager.get(external_id=key).raw[field] == value
    assert good(vendor, flow).updated == 0, "the list says the same"


def test_a_row_that_is_not_there_any_more_is_told(tiny: Simulator) -> None:
    vendor = connected(tiny)
    done = run(vendor, "variants", codes=["no such/one?"])
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "refused")
    assert "404" in done.error


# -- the catalogue


def test_the_catalogue_hangs_together_in_two_languages(tiny: Simulator) -> None:
    vendor = connected(tiny)
    everything(vendor)
    tree = {c.external_id: {p.external_id for p in c.parents.all()} for c in Category.objects.all()}
    told = {
        row["remote_id"]: {row["remote_parent_id"]} - {"null"} for row in tiny.truth("categories")
    }  # the word "null" is no parent
    assert tree == told
    assert any(tree.values())
    brand = Brand.objects.get()
    assert (brand.name, brand.active, brand.image_url[:4]) == ("Maison Veyra", True, "http")
    value = AttributeValue.objects.order_by("external_id").first()
    assert value is not None
    assert value.attribute == Attribute.objects.get()
    for row in tiny.truth("products"):
        product = Product.objects.get(external_id=row["spu"])
        assert (product.name, product.brand, product.category) == (
            row["name"], brand, Category.objects.get(external_id=row["category"]["remote_id"]),
        )  # fmt: skip
        assert product.translations["ar"]["name"] == row["translations"][1]["name"]
        assert (product.tax, product.guarantee, product.fulfilment_days, product.active) == (
            row["tax"], str(row["guarantee"]), row["fulfillment_day"], row["is_active"],
        )  # fmt: skip
        assert product.raw == row
    for row in tiny.truth("variants"):
        variant = Variant.objects.get(external_id=row["sku"])
        assert variant.product.external_id == row["spu"]
        assert (variant.price, variant.retail_price) == (Decimal(str(row["price"])), Decimal(str(row["retail_price"])))
        assert (variant.currency, variant.retail_currency, variant.stock) == ("USD", "USD", row["stock"])
        assert (variant.description, variant.images) == (row["description"], row["extra_images"])
        assert variant.translations["ar"] == {
            "name": row["translations"][1]["name"],
            "description": row["translations"][1]["description"],
        }
        assert (variant.weight_kg, variant.size["unit"]) == (Decimal(row["weight"]) / 1000, "cm")
        assert variant.supplier == row["supplier"]["name"]
        assert variant.attributes[0]["attribute_value"] == row["attributes"][0]["remote_attribute_value_id"]
        assert variant.raw == row


def test_variants_that_come_before_their_product_are_put_under_it(tiny: Simulator) -> None:
    vendor = connected(tiny)
    good(vendor, "variants")
    good(vendor, "products")
    assert Product.objects.count() == 2
    assert {v.product.name for v in Variant.objects.all()} == {row["name"] for row in tiny.truth("products")}


def test_the_word_null_and_bad_values_become_unknown_never_zero(tiny: Simulator) -> None:
    first, second = (row["sku"] for row in tiny.truth("variants"))
    tiny.change("variants", first, stock="null", price="null", weight=0, width="", gtin="null", barcode="",
                hs_code="null", description=None, extra_images="null")  # fmt: skip
    tiny.change("variants", second, stock="many", price="1,234.50")
    vendor = connected(tiny)
    good(vendor, "variants")
    variant = Variant.objects.get(sku=first)
    assert (variant.stock, variant.price, variant.weight_kg, variant.barcode) == (None, None, None, "")
    assert (variant.hs_code, variant.description, variant.images) == ("", "", [])
    variant = Variant.objects.get(sku=second)
    assert (variant.stock, variant.price) == (None, Decimal("1234.50"))


def test_a_row_with_nan_costs_itself_alone(tiny: Simulator) -> None:
    tiny.fault("raw_value", "/variants/search", field="price", literal="NaN", times=1)
    done = run(connected(tiny), "variants")
    assert (done.state, done.rejected, done.created) == (SyncRun.State.PARTIAL, 1, 1), done.error


# -- orders


def test_two_lines_of_one_number_are_one_order(tiny: Simulator) -> None:
    vendor = connected(tiny)
    good(vendor, "variants")
    good(vendor, "orders")
    order = Order.objects.get()
    one, two = order.lines.order_by("external_id")
    assert (order.number, order.direction, order.line_count) == ("PO120050077", "sale", 2)
    assert order.other_numbers == ["8410077"]
    assert (one.external_id, two.external_id) == ("84100771", "84100772")
    # 03/04 is the third of April, a day that began in Baghdad at 21:00 UTC the day before.
    assert (order.placed_at, order.placed_day_only) == (datetime(2026, 4, 2, 21, tzinfo=UTC), True)
    # updatedTime is true; updatedLocalTime says 00:17:42 of the next day with a false Z.
    assert order.vendor_changed_at == one.vendor_changed_at == datetime(2026, 4, 3, 21, 17, 42, 306000, tzinfo=UTC)
    assert one.raw["updatedLocalTime"] == "2026-04-04T00:17:42.000Z"
    assert one.raw["POLastModified"] == "04/04/2026 10:17 PM"
    assert (order.currency, order.exchange_rate, order.exchange_source) == (
        "USD",
        Decimal(1490),
        "Magento IQD Exchange Rate",
    )
    assert (one.exchange_rate, two.exchange_rate) == (Decimal(1490), Decimal(1490))
    assert (one.quantity, two.quantity, one.unit_price) == (Decimal(1), Decimal(2), Decimal(26))
    assert (one.total, one.commission_percent, one.commission, one.net) == (
        Decimal(26), Decimal(10), Decimal("2.60"), Decimal("23.40"),
    )  # fmt: skip
    assert (order.total, order.commission, order.net) == (Decimal(78), Decimal("7.80"), Decimal("70.20"))
    assert (one.status, two.status, order.status) == ("delivered", "new", "partly")
    assert order.vendor_status == "Delivered, Pending Confirmation"
    row = tiny.truth("orders")[0]
    assert (one.name, one.name_translations) == (row["Description"], {"ar": row["Description (AR)"]})
    assert one.raw["Status (AR)"] == "تم التوصيل", "shown, never a key: it stands beside both words"
    # The item's code without the seller behind it is our SKU.
    assert one.sku == row["Item"].split("-")[0]
    assert (one.match, one.variant) == ("sku", Variant.objects.get(sku=one.sku))
    assert (order.buyer_name, order.ship_to) == ("", {})


def test_an_item_is_matched_with_or_without_its_seller_by_sku_then_barcode(demo: Simulator) -> None:
    vendor = connected(demo)
    good(vendor, "variants")
    good(vendor, "orders")
    rows = {row["POlineID"]: row for row in demo.truth("orders")}
    hows = dict.fromkeys(OrderLine.objects.values_list("match", flat=True))
    assert {"sku", "gtin"} <= set(hows) <= {"sku", "gtin", "none"}
    for line in OrderLine.objects.select_related("variant"):
        code = rows[line.external_id]["Item"].removesuffix(f"-{rows[line.external_id]['userId']}")
        assert line.sku == code
        if line.variant:
            assert code in (line.variant.sku, line.variant.gtin)
    assert any(not row["Item"].endswith(row["userId"]) for row in rows.values())


def test_lines_of_one_order_may_lie_on_two_pages_and_in_both_lists(tiny: Simulator) -> None:
    vendor = connected(tiny, page_length="1")
    good(vendor, "orders")
    assert Order.objects.get().lines.count() == 2
    assert OrderLine.objects.count() == 2
    assert tiny.ledger.asked("/orders/unfulfilled-list")


def test_a_line_that_leaves_the_unfulfilled_list_or_the_search_stays(tiny: Simulator) -> None:
    vendor = connected(tiny)
    good(vendor, "orders")
    tiny.fault("empty_list", "/orders/unfulfilled-list")
    good(vendor, "orders")
    tiny.remove("orders", "84100771")
    good(vendor, "orders", mode=SyncRun.Mode.FULL)
    tiny.fault("empty_list", "/orders/search")
    good(vendor, "orders", mode=SyncRun.Mode.VERIFY)
    order = Order.objects.get()
    assert (order.lines.count(), order.gone_at, order.total) == (2, None, Decimal(78))


def test_the_unfulfilled_list_brings_what_the_search_lacks(tiny: Simulator) -> None:
    tiny.fault("empty_list", "/orders/search")
    good(connected(tiny), "orders")
    assert OrderLine.objects.get().external_id == "84100772"


def test_a_status_goes_back_only_when_the_vendor_changed_it_later(tiny: Simulator) -> None:
    vendor = connected(tiny)
    good(vendor, "orders")

    def status(word: str, at: str) -> str:
        tiny.change("orders", "84100771", **{"Status": word, "updatedTime": at})
        good(vendor, "orders")
        return str(OrderLine.objects.get(external_id="84100771").vendor_status)

    assert status("Pending Confirmation", "2026-04-03T20:00:00.000Z") == "Delivered", "older news of another list"
    assert status("Cancelled", "2026-04-05T20:00:00.000Z") == "Cancelled"
    assert status("Delivered", "null") == "Delivered", "without a time it is as new as the call"
    assert status("Pending Confirmation", "2026-04-04T20:00:00.000Z") == "Delivered", "the last known time still counts"
    assert status("Cancelled", "2099-01-01T00:00:00.000Z") == "Cancelled"
    assert status("Delivered", "2026-04-06T20:00:00.000Z") == "Delivered", "a time of the far future is not believed"


def test_unknown_words_are_kept_and_counted_and_an_operator_gives_them_a_meaning(tiny: Simulator) -> None:
    vendor = connected(tiny)
    for key in ("84100771", "84100772"):
        tiny.change("orders", key, Status="Quarantined By Customs")
    done = good(vendor, "orders")
    assert done.note == "Unknown status words: “Quarantined By Customs” ×2."
    order = Order.objects.get()
    assert (order.status, order.vendor_status) == ("unknown", "Quarantined By Customs")
    word = StatusWord.objects.get(word="Quarantined By Customs")
    word.meaning = "on_hold"
    word.save()
    assert words.remap(word) == 3
    order.refresh_from_db()
    assert order.status == "on_hold"
    tiny.change("orders", "84100771", **{"Selling Price": "27", "updatedTime": "2026-04-05T20:00:00.000Z"})
    again = good(vendor, "orders")
    assert (again.updated, again.note) == (1, "")
    assert set(OrderLine.objects.values_list("status", flat=True)) == {"on_hold"}


def test_the_cursor_is_the_newest_true_time_and_a_day_is_read_again(demo: Simulator) -> None:
    vendor = connected(demo, updated_filter="updated_from")
    good(vendor, "orders")
    newest = max(row["updatedTime"] for row in demo.truth("orders"))
    schedule = Schedule.objects.get(vendor=vendor, flow="orders")
    assert schedule.cursor == {"updated": newest}
    # A line changed two hours before the newest, and told only now.
    line = next(row for row in demo.truth("orders") if row["updatedTime"] < newest)
    late = datetime.fromisoformat(newest.replace("Z", "+00:00")).replace(microsecond=0)
    stamp = f"{late:%Y-%m-%dT}{late:%H:%M:%S}.000Z"
    demo.change("orders", line["POlineID"], Status="Returned", updatedTime=stamp)
    demo.ledger.clear()
    done = good(vendor, "orders")
    first = demo.ledger.asked("/orders/search")[0].body["search"]["updated_from"]
    moved = datetime.fromisoformat(newest.replace("Z", "+00:00")) - datetime.fromisoformat(first.replace("Z", "+00:00"))
    assert moved.total_seconds() == 24 * 3600
    assert 0 < done.seen < len(demo.truth("orders"))
    assert OrderLine.objects.get(external_id=line["POlineID"]).vendor_status == "Returned"


def test_a_filter_the_vendor_ignores_hides_nothing(demo: Simulator) -> None:
    demo.honours_updated_from = False
    vendor = connected(demo, updated_filter="updated_from", unfulfilled="false")
    good(vendor, "orders")
    done = good(vendor, "orders")
    assert (done.seen, done.unchanged) == (160, 160)


def test_a_clock_that_runs_ahead_hides_no_later_change(tiny: Simulator) -> None:
    vendor = connected(tiny)
    tiny.change("orders", "84100771", updatedTime="2031-01-01T00:00:00.000Z")
    done = good(vendor, "orders")
    cursor = Schedule.objects.get(vendor=vendor, flow="orders").cursor["updated"]
    assert datetime.fromisoformat(cursor.replace("Z", "+00:00")) <= done.started_at


def test_money_that_does_not_add_up_is_said_and_kept_as_told(tiny: Simulator) -> None:
    tiny.change(
        "orders", "84100771", **{"Net Amount": "20.00", "Total Amount": "1,026.00", "Elryan Commission": "12.5%"}
    )
    good(connected(tiny), "orders")
    line = OrderLine.objects.get(external_id="84100771")
    assert (line.total, line.net, line.commission_percent) == (Decimal(1026), Decimal(20), Decimal("12.5"))
    assert "897.75" in line.warning


@pytest.mark.parametrize("field", ["Order Number", "POlineID", "Selling Price", "Quantity", "Elryan Commission"])
def test_a_bad_line_costs_no_other(demo: Simulator, field: str) -> None:
    bad = demo.truth("orders")[17]
    vendor = connected(demo, page_length="25", unfulfilled="false")
    fault = demo.fault("bad_row", "/orders/search", at=17, values={field: [1]})
    done = run(vendor, "orders")
    assert (done.state, done.rejected, done.created) == (SyncRun.State.PARTIAL, 1, 159)
    assert not OrderLine.objects.filter(external_id=bad["POlineID"]).exists()
    demo.clear_faults(fault)
    good(vendor, "orders")
    assert OrderLine.objects.count() == 160


# -- money


def test_transactions_have_the_sign_of_their_kind_and_suggest_an_order(tiny: Simulator) -> None:
    vendor = connected(tiny)
    tiny.put("transactions", {**tiny.truth("transactions")[0], "id": "9904009", "recordType": "vendorbill",
                              "Amount": "1,046.5", "Transaction Number": "PO999"})  # fmt: skip
    good(vendor, "transactions")
    assert not Transaction.objects.exclude(order=None).exists()
    good(vendor, "orders")  # it came later: the link is made then
    found = {t.external_id: t for t in Transaction.objects.select_related("order")}
    amounts = {key: (t.kind, t.amount) for key, t in found.items()}
    assert amounts == {
        "9904001": ("bill", Decimal("23.40")),
        "9904002": ("credit", Decimal("-6.50")),
        "9904003": ("payment", Decimal("-1016.90")),
        "9904009": ("bill", Decimal("1046.5")),
    }
    assert {t.date for t in found.values()} == {date(2026, 4, 5)}
    assert {(t.currency, t.exchange_rate) for t in found.values()} == {("USD", Decimal(1490))}
    number = Order.objects.get().number
    assert {key: t.order and t.order.number for key, t in found.items()} == {
        "9904001": number, "9904002": number, "9904003": None, "9904009": None,
    }  # fmt: skip
    kinds = [call.body["search"]["recordType"] for call in tiny.ledger.asked("/transactions/search")]
    assert list(dict.fromkeys(kinds)) == ["vendorbill", "vendorcredit", "vendorpayment"]


def test_reasons_are_texts_and_one_that_is_no_longer_offered_is_gone(tiny: Simulator) -> None:
    vendor = connected(tiny)
    good(vendor, "cancel_reasons")
    assert set(CancelReason.objects.values_list("name", flat=True)) == {
        "out_of_stock",
        "incorrect_pricing",
        "sourcing_delay",
    }
    tiny.fault("not_json", "/orders/cancel-reasons", body='{"data": ["out_of_stock", "new_one"], "error_code": 0}')
    assert good(vendor, "cancel_reasons").gone == 2
    assert set(CancelReason.objects.filter(gone_at=None).values_list("name", flat=True)) == {"out_of_stock", "new_one"}


# -- parcels


@pytest.mark.parametrize("order_first", [True, False])
def test_a_package_with_a_part_of_an_order_and_its_way(tiny: Simulator, order_first: bool) -> None:
    vendor = connected(tiny, delivery_ids="1")
    for flow in ("orders", "packages") if order_first else ("packages", "orders"):
        good(vendor, flow)
    package = Package.objects.get()
    line = package.lines.get()
    order = Order.objects.get()
    assert (package.order, package.number, package.status, package.vendor_status) == (order, "55001", "unknown", "")
    assert (line.order_line, line.quantity) == (order.lines.get(external_id="84100771"), Decimal(1))
    assert (package.tracking_provider, package.tracking_number) == ("own_fleet", "")
    assert (package.invoice_number, package.invoice_date) == ("INV-4000", date(2026, 4, 4))
    good(vendor, "trackings")
    good(vendor, "deliveries")
    package.refresh_from_db()
    assert (package.tracking_number, package.status, package.vendor_status) == ("IQ88000000", "shipped", "in_transit")
    event = package.events.get()  # told by both, and the same
    assert (event.text, event.code, event.location) == ("On the way", "TRN", "Baghdad")
    assert (event.at, event.at_text) == (datetime(2026, 4, 4, 9, 30, tzinfo=UTC), "2026-04-04 12:30:00")
    order.refresh_from_db()
    assert "IQ88000000" in order.search
    # The package's own row says "null" for its status: that takes nothing back.
    good(vendor, "packages", mode=SyncRun.Mode.VERIFY)
    package.refresh_from_db()
    assert (package.status, package.tracking_number) == ("shipped", "IQ88000000")


def test_events_and_number_that_change_together_both_arrive(tiny: Simulator) -> None:
    vendor = connected(tiny)
    good(vendor, "packages")
    good(vendor, "trackings")
    row = tiny.truth("trackings")[0]
    more = {"datetime": "2026-04-05 08:00:00", "detail": "Delivered", "eventCode": "DLV", "location": "Basra"}
    tiny.change("trackings", row["id"], tracking_number="IQ9", status="delivered", events=[*row["events"], more])
    good(vendor, "trackings")
    package = Package.objects.get()
    assert (package.tracking_number, package.status) == ("IQ9", "delivered")
    assert set(package.events.values_list("code", flat=True)) == {"TRN", "DLV"}


def test_a_package_that_names_a_line_twice_keeps_both_and_its_tracking_may_be_a_list(tiny: Simulator) -> None:
    key = tiny.truth("packages")[0]["id"]
    tiny.change(
        "packages",
        key,
        items=[{"order_item_id": 84100771, "quantity": 1}, {"order_item_id": 84100771, "quantity": 2}],
        tracking=[
            {"provider": "first"},
            {"provider": "pts", "tracking_barcode": "IQ5", "tracking_link": "https://t.example/IQ5"},
        ],
    )
    vendor = connected(tiny)
    good(vendor, "orders")
    good(vendor, "packages")
    package = Package.objects.get()
    assert [(line.line_external_id, line.quantity) for line in package.lines.all()] == [
        ("84100771", Decimal(1)),
        ("84100771", Decimal(2)),
    ]
    assert (package.tracking_provider, package.tracking_number, package.tracking_link) == (
        "pts",
        "IQ5",
        "https://t.example/IQ5",
    )


def test_tracking_of_a_package_that_is_not_there_yet_is_tried_again(tiny: Simulator) -> None:
    vendor = connected(tiny)
    assert run(vendor, "trackings").rejected == 1
    good(vendor, "packages")
    good(vendor, "trackings")
    assert Package.objects.get().tracking_number == "IQ88000000"


# -- what goes wrong


@pytest.mark.parametrize(
    ("fault", "options", "kind"),
    [
        ("shape", {"how": "error", "code": 5}, "refused"),  # error_code with HTTP 200
        ("shape", {"how": "object"}, "bad_payload"),
        ("shape", {"how": "null"}, "bad_payload"),
        ("html", {}, "bad_payload"),
        ("foreign_ip", {}, "needs_auth"),
    ],
)
def test_an_answer_that_is_none_is_told_and_changes_nothing(
    tiny: Simulator, fault: str, options: dict[str, Any], kind: str
) -> None:
    vendor = connected(tiny)
    good(vendor, "brands")
    before = snapshot()
    tiny.fault(fault, "/brands/search", **options)
    done = run(vendor, "brands")
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, kind)
    assert done.error
    assert done.cure
    assert snapshot() == before


def test_a_paging_that_runs_in_a_circle_is_stopped(demo: Simulator) -> None:
    vendor = connected(demo, page_length="20")
    demo.fault("repeat_page", "/variants/search", after=2)
    done = run(vendor, "variants")
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "bad_payload")
    assert len(demo.ledger.asked("/variants/search")) < 12
    demo.clear_faults()
    good(vendor, "variants")
    assert Variant.objects.count() == 200


def test_a_parked_run_of_orders_goes_on_in_the_list_it_was_in(demo: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = connected(demo, page_length="50")
    monkeypatch.setattr(sync, "stopping", lambda: True)
    parked = sync.run(vendor, "orders")
    for _ in range(20):
        assert parked is not None
        parked.refresh_from_db()
        if parked.state != SyncRun.State.RUNNING:
            break
        parked = sweeping.go_on(parked.pk)
    assert parked is not None
    assert parked.state == SyncRun.State.OK, parked.error
    assert parked.slices == parked.pages > 4, "one page each"
    assert OrderLine.objects.count() == 160
    newest = max(row["updatedTime"] for row in demo.truth("orders"))
    assert Schedule.objects.get(vendor=vendor, flow="orders").cursor == {"updated": newest}


def test_people_find_an_order_by_every_number_they_may_hold(tiny: Simulator) -> None:
    vendor = connected(tiny)
    everything(vendor)
    order = Order.objects.get()
    for held in ("PO120050077", "8410077", "84100772", order.lines.all()[0].sku, "IQ88000000"):
        assert held in order.search, held
    assert json.dumps(order.lines.all()[0].raw, ensure_ascii=False).count("تم التوصيل") == 1
