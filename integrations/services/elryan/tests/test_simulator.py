"""The simulated Elryan against its manual, over real sockets."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.services.elryan.simulator import Simulator
from integrations.services.elryan.simulator_catalogue import SELLER
from integrations.simulator import Server
from integrations.simulator.asking import Answer, ask
from integrations.simulator.seed import check_digit

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def elryan(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Served; the demo seed, or the tiny one where a test says so."""
    simulator = Simulator(seed=getattr(request, "param", "demo"), now=NOW)
    with Server(simulator) as server:
        yield simulator
    assert server.errors == []


tiny = pytest.mark.parametrize("elryan", ["tiny"], indirect=True)


def asked(elryan: Simulator, path: str, body: object = None, method: str | None = None, **options: Any) -> Answer:
    return ask(f"{elryan.url}/api{path}", method, body=body, **{"token": elryan.token, "timeout": 90, **options})


def got(elryan: Simulator, path: str, body: object = None, method: str | None = None) -> Any:
    """The `data` of an answer that is none but a success."""
    told = asked(elryan, path, body, method)
    assert (told.status, told.json()["error_code"]) == (200, 0), told.body
    return told.json()["data"]


def found(elryan: Simulator, what: str, start: int = 0, length: int = 100, **search: Any) -> Any:
    return got(elryan, f"/{what}/search", {"start": start, "length": length, "search": search})


# -- the doors


def test_only_two_paths_and_the_token_itself_need_no_token(elryan: Simulator) -> None:
    assert asked(elryan, "/health-check", token=None).json() == {"data": {"status": "ok"}, "error_code": 0}
    assert asked(elryan, "/cron/start", token=None).status == 200
    assert elryan.cron_started == 1
    for token in (None, "wrong"):
        told = asked(elryan, "/orders/search", {"start": 0, "length": 1}, token=token)
        assert (told.status, told.json()["error_code"]) == (401, 401)
    elryan.errors_with_200 = True
    told = asked(elryan, "/orders/search", {"start": 0, "length": 1}, token="wrong")
    assert (told.status, told.json()["error_code"]) == (200, 401)


def test_a_token_is_given_for_the_password_and_the_answer_echoes_it(elryan: Simulator) -> None:
    def account(password: str) -> Answer:
        body = {"email": elryan.email, "password": password}
        return asked(elryan, "/users/generate-token", body, token=None)

    assert account("wrong").status == 401
    told = account(elryan.password).json()["data"]
    assert (told["APIToken"], told["password"], told["vacation"]) == (elryan.token, elryan.password, False)
    elryan.revoke_token()
    assert asked(elryan, "/orders/cancel-reasons", token=told["APIToken"]).status == 401
    renewed = account(elryan.password).json()["data"]["APIToken"]
    assert renewed != told["APIToken"]
    assert asked(elryan, "/orders/cancel-reasons", token=renewed).status == 200
    assert elryan.password not in json.dumps(elryan.ledger.as_json())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/categories/search", 405),
        ("POST", "/categories/upsert", 404),  # the manual writes a slash at the end here
        ("POST", "/brands/upsert/", 404),  # and none here
        ("GET", "/deliveries/1", 404),
        ("GET", "/deliveries/1/", 200),
        ("GET", "/v1/orders", 404),
        ("DELETE", "/packages/x", 405),
    ],
)
def test_paths_are_as_written(elryan: Simulator, method: str, path: str, status: int) -> None:
    assert asked(elryan, path, {} if method == "POST" else None, method).status == status


def test_a_wrong_request_is_told_with_a_code_and_http_200(elryan: Simulator) -> None:
    def told(path: str, body: object, method: str | None = None) -> tuple[int, Any]:
        answer = asked(elryan, path, body, method)
        return answer.status, answer.json()["error_code"]

    assert told("/orders/search", b"{") == (200, 400)
    assert told("/orders/search", {"start": "0", "length": 5}) == (200, 400)
    assert told("/variants/get/nothing", None) == (200, 404)
    assert told("/brands/upsert", {"remote_id": "x"}) == (200, 422)
    assert elryan.ledger.accepted() == []


# -- searches


def test_pages_come_by_row_offset_without_a_total(elryan: Simulator) -> None:
    first = asked(elryan, "/orders/search", {"start": 0, "length": 60, "search": {}})
    assert set(first.json()) == {"data", "error_code"}
    pages = [found(elryan, "orders", start, 60) for start in (0, 60, 120, 180)]
    assert [len(page) for page in pages] == [60, 60, 40, 0]
    assert sum(pages[1:], pages[0]) == elryan.truth("orders")
    assert len(found(elryan, "orders", 80, 80)) == 80  # the last page may be exactly full
    assert len(got(elryan, "/orders/search", {})) == 10


def test_rows_may_be_one_level_deeper_and_pages_capped(elryan: Simulator) -> None:
    elryan.nested_data, elryan.max_length = True, 30
    assert len(found(elryan, "orders", 0, 100)["data"]) == 30


@pytest.mark.parametrize("none", [None, "", "null"])
def test_a_filter_that_says_nothing_filters_nothing(elryan: Simulator, none: Any) -> None:
    assert len(found(elryan, "products", length=500, spu=none, is_active=none, nonsense="x")) == 120


def test_filters_of_every_search(elryan: Simulator) -> None:
    product = elryan.truth("products")[3]
    value = elryan.truth("attribute_values")[0]
    package = elryan.truth("packages")[2]
    pim_pom = sum(row["brand"]["remote_id"] == "pim_pom" for row in elryan.truth("products"))
    moving = Counter(row["status"] for row in elryan.truth("packages"))["in_transit"]
    cases: list[tuple[str, dict[str, Any], int]] = [
        ("categories", {"remote_parent_id": "beauty"}, 3),
        ("brands", {"name": "TELL"}, 1),
        ("brands", {"is_active": "true"}, 8),
        ("attributes", {"remote_id": "colour"}, 1),
        ("attribute-values", {"remote_attribute_id": "volume"}, 4),
        ("attribute-values", {"value": value["value"]}, 1),
        ("products", {"spu": product["spu"]}, 1),
        ("products", {"remote_brand_id": "pim_pom"}, pim_pom),
        ("variants", {"remote_supplier_id": "supplier_1"}, 200),
        ("variants", {"sku": elryan.truth("variants")[7]["sku"]}, 1),
        ("transactions", {"recordType": "vendorpayment"}, 18),
        ("packages", {"order_id": package["order_id"]}, 1),
        ("packages", {"package_status": "in_transit"}, moving),
        ("package-trackings", {"package_id": package["id"]}, 1),
        ("orders", {"updated_from": "2026-11-18T00:00:00.000Z"},
         sum(row["updatedTime"] >= "2026-11-18" for row in elryan.truth("orders"))),
    ]  # fmt: skip
    for what, search, count in cases:
        assert count > 0
        assert len(found(elryan, what, length=500, **search)) == count, (what, search)
    elryan.honours_updated_from = False
    assert len(found(elryan, "orders", length=500, updated_from="2026-11-18T00:00:00.000Z")) == 160


def test_every_row_is_found_by_its_key(elryan: Simulator) -> None:
    for flow, path in [
        ("categories", "/categories/get/{remote_id}"),
        ("brands", "/brands/get/{remote_id}"),
        ("attributes", "/attributes/get/{remote_id}"),
        ("attribute_values", "/attribute-values/get/{remote_id}"),
        ("products", "/products/get/{spu}"),
        ("variants", "/variants/get/{sku}"),
        ("orders", "/orders/{POlineID}"),
        ("transactions", "/transactions/get/{id}"),
        ("packages", "/packages/{id}"),
        ("packages", "/packages/{marketplace_package_id}"),
        ("trackings", "/package-trackings/{id}"),
        ("deliveries", "/deliveries/{id}/"),
    ]:
        row = elryan.truth(flow)[-1]
        assert got(elryan, path.format(**row)) == row
    assert got(elryan, "/orders/cancel-reasons") == ["out_of_stock", "incorrect_pricing", "sourcing_delay"]


# -- rows


def test_the_demo_has_the_sizes_it_says_and_is_always_the_same(elryan: Simulator) -> None:
    sizes = {flow: len(elryan.truth(flow)) for flow in ("products", "variants", "orders", "transactions", "packages")}
    assert sizes == {"products": 120, "variants": 200, "orders": 160, "transactions": 90, "packages": 60}
    assert len(elryan.truth("trackings")) == len(elryan.truth("deliveries")) == 60
    again = Simulator(now=NOW)
    again.move_to(elryan.url)
    assert all(again.truth(flow) == elryan.truth(flow) for flow in elryan.tables)


def test_an_order_line_reads_as_the_manual_says(elryan: Simulator) -> None:
    rows = elryan.truth("orders")
    skus = {row["sku"] for row in elryan.truth("variants")} | {row["gtin"] for row in elryan.truth("variants")}
    for row in rows:
        assert row["POlineID"].startswith(row["Purchase Order ID"])
        assert row["recordType"] == "salesorder"
        total = Decimal(row["Selling Price"]) * int(row["Quantity"])
        assert Decimal(row["Total Amount"]) == total
        share = Decimal(row["Elryan Commission"].removesuffix("%"))
        assert abs(Decimal(row["Net Amount"]) - total * (100 - share) / 100) <= Decimal("0.005")
        utc = datetime.fromisoformat(row["updatedTime"].replace("Z", "+00:00"))
        local = datetime.fromisoformat(row["updatedLocalTime"].replace("Z", "+00:00"))
        assert utc <= NOW
        assert local == utc.replace(microsecond=0) + timedelta(hours=3)  # whatever its Z says
        day = datetime.strptime(row["Date"], "%d/%m/%Y").replace(tzinfo=UTC)
        assert row["dateISO"] == day.strftime("%Y-%m-%dT00:00:00")
        assert NOW - timedelta(days=31) < day <= NOW + timedelta(hours=3)
        assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d [AP]M", row["POLastModified"])
        assert ("cancelReason" in row) is (row["Status"] == "Cancelled")
        assert row["Description (AR)"] != row["Description"]
    assert len({row["Item"].removesuffix(f"-{SELLER}") for row in rows} - skus) <= 3  # a mistyped gtin or two
    assert 0 < sum(not row["Item"].endswith(SELLER) for row in rows) < 20
    assert max(Counter(row["Order Number"] for row in rows).values()) == 2
    statuses = Counter(row["Status"] for row in rows)
    assert statuses["Delivered"] > 100
    assert statuses["Pending Confirmation"] >= 3
    assert statuses["Cancelled"] >= 3
    assert any("." in row["Selling Price"] for row in rows)
    assert any("." not in row["Selling Price"] for row in rows)
    waiting = got(elryan, "/orders/unfulfilled-list", {"start": 0, "length": 100})
    assert {row["Status"] for row in waiting} == {"Pending Confirmation", "Confirmed", "Preparing"}


def test_the_catalogue_hangs_together(elryan: Simulator) -> None:
    categories = {row["remote_id"]: row for row in elryan.truth("categories")}
    assert {row["remote_parent_id"] for row in categories.values()} - categories.keys() == {"null"}
    brands = {row["remote_id"] for row in elryan.truth("brands")}
    products = {row["spu"]: row for row in elryan.truth("products")}
    for row in products.values():
        assert row["category"]["parent_remote_id"] == categories[row["category"]["remote_id"]]["remote_parent_id"]
        assert row["brand"]["remote_id"] in brands
        assert [text["language"] for text in row["translations"]] == ["EN", "AR"]
    values = {row["remote_id"] for row in elryan.truth("attribute_values")}
    variants = elryan.truth("variants")
    assert {row["spu"] for row in variants} == set(products)
    assert len({row["sku"] for row in variants}) == 200
    for row in variants:
        assert row["attributes"][0]["remote_attribute_value_id"] in values
    good = [row for row in variants if check_digit(row["gtin"][:-1]) == row["gtin"][-1]]
    assert 180 < len(good) < 200
    assert ask(variants[0]["default_image_url"]).headers["Content-Type"] == "image/svg+xml"


def test_transactions_suggest_their_order_and_have_no_sign(elryan: Simulator) -> None:
    numbers = {row["Order Number"] for row in elryan.truth("orders")}
    rows = elryan.truth("transactions")
    assert Counter(row["recordType"] for row in rows) == {"vendorbill": 54, "vendorcredit": 18, "vendorpayment": 18}
    assert all(Decimal(row["Amount"]) > 0 and re.fullmatch(r"\d+\.\d\d", row["Amount"]) for row in rows)
    assert all((row["Transaction Number"] in numbers) is (row["recordType"] != "vendorpayment") for row in rows)


def test_packages_name_the_orders_lines(elryan: Simulator) -> None:
    lines = {int(row["POlineID"]): row for row in elryan.truth("orders")}
    packages = elryan.truth("packages")
    for package in packages:
        for item in package["items"]:
            line = lines[item["order_item_id"]]
            assert int(line["Purchase Order ID"]) == package["order_id"]
            assert line["Status"] in ("Shipped", "Delivered")
    assert any(isinstance(package["tracking"], list) for package in packages)
    assert {"null", "in_transit", "delivered"} == {package["status"] for package in packages}
    assert {row["package_id"] for row in elryan.truth("trackings")} == {package["id"] for package in packages}


@tiny
def test_the_tiny_seed_is_like_the_manuals_example(elryan: Simulator) -> None:
    one, two = found(elryan, "orders")
    assert one.keys() == two.keys()
    assert (one["POlineID"], two["POlineID"], one["Order Number"]) == ("84100771", "84100772", two["Order Number"])
    assert (one["Status"], two["Status"]) == ("Delivered", "Pending Confirmation")
    assert one["Status (AR)"] == two["Status (AR)"] == "تم التوصيل"
    assert (one["Net Amount"], two["Net Amount"]) == ("23.40", "46.80")
    assert {row["Item"].split("-")[0] for row in (one, two)} == {row["sku"] for row in elryan.truth("variants")}
    assert (one["Date"], one["dateISO"]) == ("03/04/2026", "2026-04-03T00:00:00")
    assert (one["updatedTime"], one["updatedLocalTime"]) == ("2026-04-03T21:17:42.306Z", "2026-04-04T00:17:42.000Z")
    assert [row["POlineID"] for row in got(elryan, "/orders/unfulfilled-list", {"start": 0, "length": 10})] == [
        "84100772"
    ]
    assert [row["recordType"] for row in found(elryan, "transactions")] == [
        "vendorbill",
        "vendorcredit",
        "vendorpayment",
    ]
    assert found(elryan, "packages")[0]["status"] == "null"
    flows = ("categories", "brands", "attributes", "attribute_values", "products", "variants")
    assert [len(elryan.truth(flow)) for flow in flows] == [3, 1, 1, 2, 2, 2]


# -- writes


def written(elryan: Simulator) -> list[tuple[str, str]]:
    return [(write.verb, write.key) for write in elryan.ledger.accepted()]


def test_dictionaries_are_created_and_updated_by_the_sellers_key(elryan: Simulator) -> None:
    category = {"name": "Bags5", "remote_id": "bags_5", "remote_parent_id": "null", "is_active": True}
    made = got(elryan, "/categories/upsert/", category)
    assert made["exported"] is False
    again = got(elryan, "/categories/upsert/", {**category, "name": "Bags"})
    assert (again["id"], again["created_at"], again["name"]) == (made["id"], made["created_at"], "Bags")
    assert len(elryan.truth("categories")) == 19
    got(elryan, "/brands/upsert", {"name": "B", "remote_id": "b", "is_active": True})
    got(elryan, "/attributes/upsert", {"name": "A", "remote_id": "a", "is_active": True})
    value = {"value": "44", "remote_id": "a_44", "is_active": True, "attribute": {"name": "A", "remote_id": "a"}}
    got(elryan, "/attribute-values/upsert", value)
    assert got(elryan, "/attribute-values/get/a_44")["value"] == "44"
    assert written(elryan) == [
        ("upsert_category", "bags_5"), ("upsert_category", "bags_5"), ("upsert_brand", "b"),
        ("upsert_attribute", "a"), ("upsert_attribute_value", "a_44"),
    ]  # fmt: skip


def test_products_and_variants_are_published(elryan: Simulator) -> None:
    old = elryan.truth("products")[0]
    variant = {"name": "Pencil", "sku": "pencil-1", "price": 2, "retail_price": 3, "stock": 5, "currency": "USD"}
    product = {
        name: old[name] for name in ("category", "brand", "default_image_url", "tax", "is_active", "translations")
    }
    product |= {"name": "Pencil", "spu": "pencil", "guarantee": 6, "fulfillment_day": 3, "variants": [variant]}
    got(elryan, "/products/upsert", product)
    assert got(elryan, "/variants/get/pencil-1")["spu"] == "pencil"
    got(elryan, "/variants/upsert", {"sku": "pencil-2", "spu": "pencil", "name": "Pencil, red"})
    assert found(elryan, "variants", name="pencil, red")[0]["sku"] == "pencil-2"
    assert asked(elryan, "/variants/upsert", {"sku": "x", "spu": "nothing"}).json()["error_code"] == 404
    lacking = asked(elryan, "/products/upsert", {**product, "tax": None}).json()
    assert (lacking["error_code"], lacking["message"]) == (422, "Required: tax")
    assert written(elryan) == [("upsert_product", "pencil"), ("upsert_variant", "pencil-2")]


def test_a_stock_update_succeeds_even_where_skus_are_unknown(elryan: Simulator) -> None:
    sku = elryan.truth("variants")[0]["sku"]
    items = [{"sku": code, "stock": 3, "price": 9.5, "retail_price": 12} for code in (sku, "nothing")]
    told = asked(elryan, "/variants/stock-and-price", {"items": items}).json()
    assert (told["error_code"], told["data"]["updatedCount"]) == (0, 1)
    assert (told["data"]["foundVariantsInDb"], told["data"]["notFoundVariantsInDb"]) == ([sku], ["nothing"])
    row = elryan.truth("variants")[0]
    assert (row["stock"], row["price"], row["retail_price"], row["currency"]) == (3, 9.5, 12, "USD")
    assert written(elryan) == [("stock_and_price", sku)]


def test_a_get_may_write(elryan: Simulator) -> None:
    sku, spu = elryan.truth("variants")[0]["sku"], elryan.truth("products")[0]["spu"]
    got(elryan, f"/variants/disabled/{sku}")
    got(elryan, f"/products/disabled/{spu}")
    assert (elryan.truth("variants")[0]["is_active"], elryan.truth("products")[0]["is_active"]) == (False, False)
    got(elryan, f"/variants/enabled/{sku}")
    got(elryan, f"/products/enabled/{spu}")
    assert (elryan.truth("variants")[0]["is_active"], elryan.truth("products")[0]["is_active"]) == (True, True)
    verbs = ["disable_variant", "disable_product", "enable_variant", "enable_product"]
    assert [verb for verb, _ in written(elryan)] == verbs


@tiny
def test_a_line_is_prepared_or_cancelled_until_it_ships(elryan: Simulator) -> None:
    before = got(elryan, "/orders/84100772")["updatedTime"]
    assert got(elryan, "/orders/prepare/84100772", method="PUT")["Status"] == "Preparing"
    wrong = asked(elryan, "/orders/cancel/84100772", {"reason": "bored"}, "PUT").json()
    assert wrong["error_code"] == 422
    row = got(elryan, "/orders/cancel/84100772", {"reason": "out_of_stock"}, "PUT")
    assert (row["Status"], row["cancelReason"]) == ("Cancelled", "out_of_stock")
    assert row["updatedTime"] > before
    assert asked(elryan, "/orders/cancel/84100771", {"reason": "out_of_stock"}, "PUT").json()["error_code"] == 409
    assert written(elryan) == [("prepare_line", "84100772"), ("cancel_line", "84100772")]


@tiny
def test_a_package_is_made_shipped_and_followed(elryan: Simulator) -> None:
    body = {"order_id": 8410077, "remote_id": "package_2", "items": [{"order_item_id": 84100772, "quantity": 2}]}
    made = got(elryan, "/packages", body)
    assert (made["status"], got(elryan, "/orders/84100772")["Status"]) == ("created", "Preparing")
    shipped = got(elryan, f"/packages/fulfill/{made['id']}", {"provider": "own", "tracking_barcode": "T1"})
    assert (shipped["status"], shipped["tracking"]["tracking_barcode"]) == ("in_transit", "T1")
    assert got(elryan, "/orders/84100772")["Status"] == "Shipped"
    assert asked(elryan, f"/packages/cancel/{made['id']}").json()["error_code"] == 409
    online = got(elryan, "/packages/fulfill-online/55001", {"provider": "pts", "tracking_provider": "pts"})
    assert online["tracking"]["tracking_link"].startswith("https://track.pts.example/")
    tracking = got(elryan, "/package-trackings/upsert", {"package_id": made["id"], "tracking_number": "T1"})
    assert got(elryan, f"/package-trackings/{tracking['id']}")["tracking_number"] == "T1"
    got(elryan, "/deliveries/1/event-info", {"delivery_info": {"detail": "Delivered"}}, "PUT")
    assert got(elryan, "/deliveries/1/status", {"status": "delivered"}, "PUT")["status"] == "delivered"
    assert got(elryan, "/deliveries/1/")["delivery_info"][-1] == {"detail": "Delivered"}
    assert [verb for verb, _ in written(elryan)] == [
        "create_package", "fulfil_package", "fulfil_package_online", "upsert_tracking",
        "update_delivery_event", "update_delivery_status",
    ]  # fmt: skip


def test_a_package_is_cancelled(elryan: Simulator) -> None:
    line = got(elryan, "/orders/unfulfilled-list", {"start": 0, "length": 1})[0]
    item = {"order_item_id": int(line["POlineID"]), "quantity": 1}
    made = got(elryan, "/packages", {"order_id": int(line["Purchase Order ID"]), "items": [item]})
    assert got(elryan, f"/packages/cancel/{made['id']}")["status"] == "cancelled"
    assert elryan.ledger.accepted("cancel_package")[0].key == made["id"]


# -- faults


def test_errors_and_shapes_stay_inside_the_envelope(elryan: Simulator) -> None:
    def bent(**options: Any) -> Any:
        elryan.fault("shape", "/orders/search", times=1, **options)
        return asked(elryan, "/orders/search", {"start": 0, "length": 2}).json()

    assert bent(how="error", code=5) == {"error_code": 5, "message": "Something went wrong"}
    assert bent(how="null") == {"data": None, "error_code": 0}
    assert len(bent(how="nested")["data"]["data"]) == 2
    assert len(bent(how="object")["data"]["result"]) == 2
    assert "State" in bent(how="renamed", field="Status", to="State")["data"][1]
    assert bent(how="text") == "OK"


def test_times_may_be_equal_or_off(elryan: Simulator) -> None:
    elryan.fault("equal_times", "/orders/search", times=1)
    assert len({row["updatedTime"] for row in found(elryan, "orders", length=500)}) == 1
    right = {row["POlineID"]: row for row in elryan.truth("orders")}
    elryan.fault("skew", "/orders/search", times=1, seconds=300)
    for row in found(elryan, "orders", length=500):
        ahead = datetime.fromisoformat(row["updatedTime"]) - datetime.fromisoformat(
            right[row["POlineID"]]["updatedTime"]
        )
        assert ahead == timedelta(minutes=5)
    elryan.fault("skew", "/brands/search", times=1, seconds=-60)
    assert found(elryan, "brands")[0]["updated_at"] < elryan.truth("brands")[0]["updated_at"]
    elryan.clock_ahead = 3600
    line = got(elryan, "/orders/unfulfilled-list", {"start": 0, "length": 1})[0]["POlineID"]
    changed = got(elryan, f"/orders/prepare/{line}", method="PUT")["updatedTime"]
    assert changed > datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_orders_may_move_between_pages(elryan: Simulator) -> None:
    elryan.fault("move", "/orders/search", times=2, how="insert")
    pages = [found(elryan, "orders", start, 50) for start in (0, 50, 100, 150)]
    seen = [row["POlineID"] for page in pages for row in page]
    twice = [key for key, count in Counter(seen).items() if count > 1]
    assert len(twice) == 2  # pushed over a page's edge
    truth = elryan.truth("orders")
    assert len(truth) == 162
    assert {row["POlineID"] for row in truth[:2]}.isdisjoint(seen)  # and the new ones never seen
    assert len({row["Order Number"] for row in truth[:2]}) == 2
    elryan.fault("move", "/variants/search", times=1, how="delete")
    pages = [found(elryan, "variants", start, 80) for start in (0, 80, 160)]
    assert [len(page) for page in pages] == [80, 80, 39]


def test_a_repeated_page_and_a_page_for_ever(elryan: Simulator) -> None:
    elryan.fault("repeat_page", "/transactions/search", after=1)
    pages = [found(elryan, "transactions", start, 20) for start in (0, 20, 40)]
    assert pages[0] == pages[1] == pages[2]


@pytest.mark.slow
def test_a_hundred_thousand_products_are_there_at_once() -> None:
    big = Simulator(size=100_000)
    with Server(big) as server:
        assert found(big, "orders", 133_330, 100) == big.table("orders")[133_330:]
        assert len(found(big, "products", 99_000, 1000)) == 1000
        waiting = [got(big, "/orders/unfulfilled-list", {"start": n, "length": 1000}) for n in range(0, 5000, 1000)]
        assert len({row["POlineID"] for page in waiting for row in page}) == 5000
        assert server.errors == []
