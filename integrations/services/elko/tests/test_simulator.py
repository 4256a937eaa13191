"""The simulated ELKO against the manuals and the vendor's known habits, over real sockets."""

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from integrations.services.elko.simulator import Simulator
from integrations.services.elko.simulator_gate import listed
from integrations.services.elko.simulator_products import jde
from integrations.simulator import Server
from integrations.simulator.asking import Answer, ask
from integrations.simulator.seed import check_digit

EU, UA = "/v3.0/api", "/v3.0"


@pytest.fixture
def elko() -> Simulator:
    return Simulator(seed="tiny", now=datetime(2026, 11, 20, 12, tzinfo=UTC))


@pytest.fixture
def served(elko: Simulator) -> Iterator[Server]:
    with Server(elko) as server:
        yield server
    assert server.errors == []


def asked(elko: Simulator, path: str, method: str | None = None, **options: Any) -> Answer:
    return ask(elko.url + path, method, **{"token": elko.token, **options})


def got(elko: Simulator, path: str) -> Any:
    told = asked(elko, path)
    assert told.status == 200, told.body
    return told.json()


# -- the doors


def test_every_403_looks_the_same(served: Server, elko: Simulator) -> None:
    wrong = asked(elko, f"{EU}/Catalog/Vendors", token="wrong")
    none = asked(elko, f"{EU}/Catalog/Vendors", token=None)
    elko.allowed_ips = ["10.0.0.0/8"]
    foreign = asked(elko, f"{EU}/Catalog/Vendors")
    elko.allowed_ips, elko.limit = ["127.0.0.1"], 2
    over = asked(elko, f"{EU}/Catalog/Vendors")
    told = [(answer.status, answer.body, answer.headers["Content-Type"]) for answer in (wrong, none, foreign, over)]
    assert set(told) == {(403, b"Forbidden", "text/plain; charset=utf-8")}
    assert elko.refusals == {"token": 2, "ip": 1, "rate": 1}


@pytest.mark.parametrize(
    ("client", "entries", "is_in"),
    [
        ("127.0.0.1", ["127.0.0.1"], True),
        ("127.0.0.1", ["10.0.0.0/8", "127.0.0.0/30"], True),
        ("127.0.0.9", ["127.0.0.1-127.0.0.8"], False),
        ("127.0.0.8", ["127.0.0.1 - 127.0.0.8"], True),
        ("::1", ["127.0.0.1", "::/127"], True),
        ("::1", ["127.0.0.1-127.0.0.8"], False),
        ("127.0.0.1", [], False),
    ],
)
def test_the_address_list_takes_addresses_networks_and_ranges(client: str, entries: list[str], is_in: bool) -> None:
    assert listed(client, entries) is is_in


def test_the_fifty_first_call_in_ten_seconds_blocks_for_a_minute(served: Server, elko: Simulator) -> None:
    assert (elko.limit, elko.window, elko.block) == (50, 10.0, 60.0)
    told = [asked(elko, f"{EU}/Catalog/Vendors").status for _ in range(53)]
    assert told == [200] * 50 + [403] * 3
    assert elko.blocks == 1
    assert elko.refusals["rate"] == 3
    assert asked(elko, f"{UA}/Catalogs/Vendors").status == 200  # the other account has a window of its own


def test_the_window_slides_and_a_block_ends(served: Server, elko: Simulator) -> None:
    elko.limit, elko.window, elko.block = 2, 0.4, 0.5
    path = f"{EU}/Catalog/Vendors"
    assert [asked(elko, path).status for _ in range(2)] == [200, 200]
    time.sleep(0.45)
    assert [asked(elko, path).status for _ in range(3)] == [200, 200, 403]
    time.sleep(0.42)
    assert asked(elko, path).status == 403  # the window is free again, the block not yet over
    time.sleep(0.15)
    assert asked(elko, path).status == 200  # and the call during the block did not prolong it
    assert elko.blocks == 1


def test_a_new_token_kills_the_one_before_and_says_when_it_ends(served: Server, elko: Simulator) -> None:
    old = elko.token
    new = elko.issue_token(timedelta(days=30))
    claims = json.loads(base64.urlsafe_b64decode(new.split(".")[1] + "=="))
    assert 29 < (claims["exp"] - time.time()) / 86_400 < 31
    assert asked(elko, f"{EU}/Catalog/Vendors", token=old).status == 403
    assert asked(elko, f"{EU}/Catalog/Vendors", token=new).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v3.0/Catalog/Products", 404),  # the EU segment below the UA prefix
        ("GET", "/v3.0/api/Catalogs/Products", 404),
        ("GET", "/Catalog/Products", 404),  # the prefix forgotten
        ("GET", "/v3.0/api/Catalog/Products/", 404),
        ("GET", "/v3.0/api/Catalog/Products/Esd", 404),
        ("GET", "/v3.0/Catalogs/AvailabilityAndPrice/Availability", 404),
        ("POST", "/v3.0/api/Catalog/Products", 405),
        ("PATCH", "/v3.0/api/Orders", 405),
        ("GET", "/v3.0/api/Catalog/AvailabilityAndPrice/Prices?elkoCodes=1400009", 400),
        ("GET", "/v3.0/api/Catalog/AvailabilityAndPrice/Availability", 400),
        ("GET", "/v3.0/api/Finances/Invoices/2026-01-01/2026-02-01", 400),
    ],
)
def test_wrong_requests_are_told_apart(served: Server, elko: Simulator, method: str, path: str, status: int) -> None:
    assert asked(elko, path, method).status == status


# -- the catalogue


def test_the_tiny_seed_has_eleven_products_with_every_oddity(served: Server, elko: Simulator) -> None:
    rows = got(elko, f"{EU}/Catalog/Products")
    assert rows == elko.truth("products")
    assert len(rows) == 11
    assert [row["quantity"] for row in rows] == ["> 50", "> 100", "0", ">10", "7", "3", "12", "24", "50", "1", "call"]
    assert [row["id"] for row in rows if "elkoCode" not in row] == [1400015]
    assert {row["currency"] for row in rows} == {"EUR", "USD"}
    assert sum(row["manufacturerCode"] == "CX-D5/16 700421" for row in rows) == 2
    assert [row["discountPrice"] for row in rows[:1]] == [51.2]
    assert [row["imagePath"] == "" for row in rows].count(True) == 1
    codes = [row["eanCode"] for row in rows]
    good = [code for code in codes if code and check_digit(code[:-1]) == code[-1]]
    assert codes.count("") == 3
    assert {"40123", "4751234567890"} == set(codes) - set(good) - {""}
    assert {len(code) for code in good} == {12, 13}
    assert "&#39;" in rows[7]["name"]
    assert "<br/>" in rows[7]["fullDsc"]
    assert rows[10]["energyClass"] == "D"


def test_the_ua_list_has_its_own_fields_and_no_elko_code(served: Server, elko: Simulator) -> None:
    rows = got(elko, f"{UA}/Catalogs/Products?lang=UA&showOnlyAvaliable")
    assert rows == elko.truth("products_ua")
    assert not any({"elkoCode", "imagePath", "copyrightTax"} & row.keys() for row in rows)
    first = rows[0]
    assert (first["quantity"], first["transitQuantity"], first["rrPcontrol"]) == ("> 50", "20", "Y")
    assert (first["currency"], first["rrp"]) == ("USD", 2499.0)  # which is UAH all the same
    assert rows[1]["code_UKTZED"] is None
    assert rows[3]["discount"]["link"]
    assert rows[4]["uAproductName"] == ""
    assert "origin" not in rows[9]
    assert {row["currency"] for row in rows} == {"USD", "UAH"}
    assert got(elko, f"{UA}/Catalogs/Products/Esd") == [rows[1]]


def test_products_are_filtered_by_repeated_and_by_joined_codes(served: Server, elko: Simulator) -> None:
    def found(query: str) -> list[int]:
        return [row["id"] for row in got(elko, f"{EU}/Catalog/Products?{query}")]

    assert found("elkoCode=1400009&elkoCode=1400030") == [1400009, 1400030]
    assert found("elkoCode=1400009,1400030,999") == [1400009, 1400030]
    assert found("catalog=ESD") == found("catalog=ESD_4230") == [1400030]
    assert found("vendorCode=FW,SV") == [1400017, 1400018, 1400021]
    assert found("catalog=ESD&vendorCode=FW") == []


def test_a_leaf_hangs_under_two_parents(served: Server, elko: Simulator) -> None:
    tree = got(elko, f"{EU}/Catalog/Categories/Tree")
    flat: list[dict[str, Any]] = []

    def walk(nodes: list[dict[str, Any]], parent: int) -> None:
        for node in nodes:
            assert node["parentId"] == parent
            assert set(node) == {"parentId", "id", "name", "code", "childs"}
            assert bool(node["code"]) is not bool(node["childs"])
            flat.append(node)
            walk(node["childs"], node["id"])

    walk(tree, 0)
    headphones = [node for node in flat if node["code"] == "HPH"]
    assert len({node["parentId"] for node in headphones}) == 2
    assert len({node["id"] for node in headphones}) == 1
    named = got(elko, f"{EU}/Catalog/Categories")
    assert {row["code"] for row in named} == {node["code"] for node in flat} - {""}
    assert set(named[0]) == {"name", "code"}
    assert got(elko, f"{UA}/Catalogs/CategoryList")[0]["translation"]["ua"]
    assert tree == elko.truth("tree")


def test_descriptions_come_in_both_shapes(served: Server, elko: Simulator) -> None:
    new = got(elko, f"{EU}/Catalog/Products/1400009,1400021,5/Description")
    assert [row["productId"] for row in new] == [1400009, 1400021]
    old = got(elko, f"{UA}/Catalogs/Products/1400009/Description?lang=UA")
    assert set(old[0]) == {"criteria", "value", "measurement", "comlexName"}
    assert sum(line["criteria"] == "Image" for line in old) == 2
    elko.description_shape = "old"
    flat = got(elko, f"{EU}/Catalog/Products/1400009/Description")
    assert [{name: line[name] for name in ("criteria", "value", "measurement")} for line in flat] == new[0][
        "description"
    ]
    values = {line["criteria"]: line for line in flat}
    assert "&#39;" in values["Description"]["value"]
    assert "<br/>" in values["Description"]["value"]
    assert values["Colour"]["value"] == "none"
    assert (values["Unit Gross Weight"]["value"], values["Unit Gross Weight"]["measurement"]) == ("0.100", "kg")
    assert sum(line["criteria"] == "Feature" for line in flat) > 1


def test_a_test_may_say_what_a_description_is(served: Server, elko: Simulator) -> None:
    said = {"productId": 1400009, "description": [{"criteria": "X", "value": "<script>", "measurement": None}]}
    elko.put("descriptions", said)
    assert got(elko, f"{EU}/Catalog/Products/1400009/Description") == [said]
    assert elko.truth("descriptions")[0] == said


def test_media_begin_with_the_products_own_picture(served: Server, elko: Simulator) -> None:
    some, none = got(elko, f"{EU}/Catalog/MediaItems/1400009%2C1400018")
    assert [item["sequence"] for item in some["mediaFiles"]] == [1, 2, 3]
    assert some["mediaFiles"][0]["link"] == elko.truth("products")[0]["imagePath"]
    assert none == {"id": 1400018, "mediaFiles": []}
    picture = ask(some["mediaFiles"][2]["link"])
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/svg+xml")


@pytest.mark.parametrize(
    ("kind", "incoming", "prices"),
    [
        ("Availability", False, False),
        ("AvailabilityPrice", False, True),
        ("AvailabilityIncoming", True, False),
        ("AvailabilityIncomingPrice", True, True),
    ],
)
def test_availability_has_what_its_type_says(
    served: Server, elko: Simulator, kind: str, incoming: bool, prices: bool
) -> None:
    first, second = got(elko, f"{EU}/Catalog/AvailabilityAndPrice/{kind}?elkoCodes=1400009,1400014,77")
    assert (first["productId"], first["stockQuantity"], second["stockQuantity"]) == (1400009, "> 50", "0")
    assert (first["incoming"] == {"quantity": "40", "expectedDate": "126333"}) is incoming
    assert (first.get("prices", {}).get("discountPrice") == 51.2) is prices


# -- orders and invoices

ORDER = {
    "shipTo": "Customer",
    "enduser": {"contactName": "A. Buyer", "customerPo": "W-7", "isNaturalPerson": True, "pickupPoint": 0},
    "currency": "EUR",
    "lines": [{"elkoCode": 1400009, "quantity": 2}, {"elkoCode": "1400012", "quantity": "5", "clientNote": "fragile"}],
}


def test_an_order_is_confirmed_in_part_and_listed(served: Server, elko: Simulator) -> None:
    placed = asked(elko, f"{EU}/Orders", body=ORDER).json()
    assert [(line["quantity"], line["quantityRequested"]) for line in placed["lines"]] == [(2, 2), (3, 5)]
    assert (placed["status"], placed["holdCode"], placed["customerPo"], placed["shipTo"]) == (
        "Open",
        "",
        "W-7",
        "Customer",
    )
    assert placed["created"] == jde(datetime.now(UTC).date())
    assert got(elko, f"{EU}/Orders")[-1] == got(elko, f"{EU}/Orders/{placed['id']}") == placed
    row = {row["id"]: row for row in elko.truth("products")}[1400012]
    assert (row["quantity"], row["reservedQuantity"]) == ("0", 3)
    assert [(write.key, write.payload) for write in elko.ledger.accepted("place_order")] == [("W-7", ORDER)]
    assert got(elko, f"{UA}/Orders") == elko.truth("orders_ua")
    assert len(elko.truth("orders_ua")) == 2


def test_the_same_order_sent_twice_is_two_orders(served: Server, elko: Simulator) -> None:
    numbers = {asked(elko, f"{EU}/Orders", body=ORDER).json()["id"] for _ in range(2)}
    assert len(numbers) == 2
    assert len(elko.ledger.accepted("place_order", key="W-7")) == 2


def test_an_order_over_the_credit_limit_is_held(served: Server, elko: Simulator) -> None:
    elko.credit_limit = 10
    held = asked(elko, f"{EU}/Orders", body=ORDER).json()
    assert (held["status"], held["holdCode"]) == ("On hold", "C1")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "Expecting"),
        ([], "object"),
        ({"lines": []}, "lines is required"),
        ({"lines": [{"elkoCode": "string", "quantity": 1}]}, "elkoCode"),
        ({"lines": [{"elkoCode": 1400009, "quantity": 0}]}, "quantity"),
        ({"lines": [{"elkoCode": 1400009, "quantity": True}]}, "quantity"),
        ({"lines": [{"elkoCode": 1, "quantity": 1}]}, "not available for this account"),
        ({"lines": [{"elkoCode": 1400009, "quantity": 1}, {"elkoCode": 1400030, "quantity": 1}]}, "licences and goods"),
        ({"lines": [{"elkoCode": 1400012, "quantity": 9}], "orderIfAllAvailable": True}, "Not all products"),
    ],
)
def test_a_bad_order_is_refused_and_not_taken(served: Server, elko: Simulator, body: Any, why: str) -> None:
    told = asked(elko, f"{EU}/Orders", body=body)
    assert told.status == 400
    assert why in told.json()["title"]
    assert elko.ledger.accepted() == []
    assert len(elko.truth("orders")) == 2


def test_an_order_is_changed_and_cancelled_until_it_ships(served: Server, elko: Simulator) -> None:
    number = asked(elko, f"{EU}/Orders", body=ORDER).json()["id"]
    change = {"lines": [{"elkoCode": 1400009, "quantity": 1}]}
    changed = asked(elko, f"{EU}/Orders/{number}", "PUT", body=change).json()
    assert [(line["elkoCode"], line["quantity"]) for line in changed["lines"]] == [(1400009, 1)]
    assert changed["customerPo"] == "W-7"
    assert asked(elko, f"{EU}/Orders/{number}", "DELETE").json()["status"] == "Cancelled"
    assert asked(elko, f"{EU}/Orders/{number}", "PUT", body=change).status == 400
    assert asked(elko, f"{EU}/Orders/10250400", "DELETE").status == 400  # shipped
    assert asked(elko, f"{EU}/Orders/1", "DELETE").status == 404
    assert [write.verb for write in elko.ledger.accepted()] == ["place_order", "change_order", "cancel_order"]


def test_jd_edwards_days() -> None:
    assert [jde(date(2018, 9, 26)), jde(date(2026, 11, 21)), jde(date(1999, 12, 31))] == [118269, 126325, 99365]


def test_invoices_link_to_orders_with_serials_and_tracking(served: Server, elko: Simulator) -> None:
    invoice = got(elko, f"{EU}/Finances/Invoices/126001/126365")[0]
    order = elko.truth("orders")[0]
    assert order["status"] == "Shipped"
    assert {line["orderNumber"] for line in invoice["details"]} == {order["id"]}
    assert [line["quantityShipped"] for line in invoice["details"]] == [line["quantity"] for line in order["lines"]]
    assert all(len(set(line["serials"])) == line["quantityShipped"] for line in invoice["details"])
    assert invoice["trackingDPD"].isdigit()
    assert isinstance(invoice["additionalInfo"]["amountWithVAT"], str)
    assert got(elko, f"{EU}/Finances/Invoices/{invoice['dateCreate']}/{invoice['dateCreate']}") == [invoice]
    assert got(elko, f"{EU}/Finances/Invoices/100001/100002") == []
    assert got(elko, f"{EU}/Finances/Invoices/true") == elko.truth("invoices")
    assert got(elko, f"{EU}/Finances/Invoices/false")[0]["additionalInfo"] is None


# -- sizes and faults


def test_the_demo_is_believable_and_always_the_same(served: Server) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    demo, again = Simulator(now=now), Simulator(now=now)
    rows = demo.truth("products")
    assert rows == again.truth("products")
    assert len(rows) == len({row["id"] for row in rows}) == 400
    assert len(demo.truth("categories")) == len({row["catalog"] for row in rows}) == 30
    stocks = [row["quantity"] for row in rows]
    assert all(stocks.count(word) > 8 for word in ("> 50", "> 100", "0"))
    assert all(row["price"] > 1 and row["discountPrice"] <= row["price"] for row in rows)
    good = [row for row in rows if row["eanCode"] and check_digit(row["eanCode"][:-1]) == row["eanCode"][-1]]
    assert 0.85 < len(good) / 400 < 1
    assert len({row["manufacturerCode"] for row in rows}) == 400
    orders = demo.truth("orders")
    assert len(orders) == 12
    assert {order["status"] for order in orders} >= {"Shipped", "Open"}
    assert len(demo.truth("invoices")) == sum(order["status"] == "Shipped" for order in orders)


def test_fifty_thousand_products_come_as_one_body_made_once() -> None:
    big = Simulator(size=50_000)
    with Server(big) as server:
        url = server.url("elko", f"{UA}/Catalogs/Products")
        first = ask(url, token=big.token, timeout=120).body
        begun = time.monotonic()
        assert ask(url, token=big.token, timeout=120).body == first
        assert time.monotonic() - begun < 2
        packed = ask(url, token=big.token, timeout=120, headers={"Accept-Encoding": "gzip"}).body
        assert len(packed) < len(first) / 5
        assert len(first) > 40_000_000
        assert first.count(b'"manufacturerCode":') == 50_000
        big.change("products_ua", 1_400_001, quantity="41")
        assert (
            json.loads(ask(url, token=big.token, timeout=120).body[:300].split(b',"price"')[0] + b"}]")[0]["quantity"]
            == "41"
        )


def test_faults_bend_elkos_rows(served: Server, elko: Simulator) -> None:
    def bent(name: str, path: str = "/Catalog/Products", **options: Any) -> Any:
        elko.fault(name, path, times=1, **options)
        return got(elko, EU + path)

    assert bent("empty_list") == []
    assert len(bent("shrink", share=0.5)) == 6
    assert {row["quantity"] for row in bent("zero")} == {"0"}
    assert {row["status"] for row in bent("unknown_status", "/Orders", value="Im Zulauf")} == {"Im Zulauf"}
    assert len(bent("duplicate_rows", share=0.2)) == 13
    assert bent("bad_row", at=5, values={"price": "NaN", "id": None})[5]["price"] == "NaN"
    assert got(elko, f"{EU}/Catalog/Products") == elko.truth("products")
    elko.insert_front("products")
    assert got(elko, f"{EU}/Catalog/Products")[0]["elkoCode"] == 1400031


def test_a_lost_answer_leaves_the_order_placed(served: Server, elko: Simulator) -> None:
    elko.fault("drop", "/Orders", method="POST", accept=True, times=1)
    with pytest.raises(OSError, match="closed connection"):
        asked(elko, f"{EU}/Orders", body=ORDER)
    assert [order["customerPo"] for order in got(elko, f"{EU}/Orders")][-1] == "W-7"


def test_faults_in_place_of_an_answer_still_count_as_calls(served: Server, elko: Simulator) -> None:
    elko.limit = 2
    elko.fault("status", "/Catalog/Vendors", code=500)
    told = [asked(elko, f"{EU}/Catalog/Vendors").status for _ in range(3)]
    assert told == [500, 500, 403]
    assert elko.blocks == 1
