"""Description, MediaItems and AvailabilityAndPrice from the wire into the database, with the calls they take."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Product, StockChange, Variant
from integrations.models import Reject, SyncRun, Vendor
from integrations.numbers import jde_date
from integrations.services.elko.contents import objects_of
from integrations.services.elko.simulator import TYPES, Simulator
from integrations.simulator import Request

OK, PARTIAL = SyncRun.State.OK, SyncRun.State.PARTIAL
Connect = Callable[..., Vendor]
Run = Callable[..., SyncRun]


def described(sim: Simulator) -> list[str]:
    """The codes of each Description call, joined as they were sent."""
    return [call.path.split("/")[-2] for call in sim.ledger.asked("*/Description")]


@pytest.fixture
def eu(connected: Connect, run: Run) -> Vendor:
    vendor = connected()
    run(vendor, "products")
    return vendor


# -- descriptions and pictures


@pytest.mark.parametrize(("layout", "shape"), [("eu", "new"), ("eu", "old"), ("ua", "old"), ("ua", "new")])
def test_both_shapes_come_in_right_without_a_wasted_call(
    sim: Simulator, connected: Connect, run: Run, layout: str, shape: str
) -> None:
    sim.description_shape = shape
    vendor = connected(layout, batch=5)
    run(vendor, "products")
    done = run(vendor, "details")
    assert (done.state, done.seen, done.updated) == (OK, 11, 11), done.error
    suffix = "" if layout == "eu" else "_ua"
    codes = sorted(str(row["id"]) for row in sim.truth("products" + suffix))
    # The first is asked alone, which tells the shape; after that as many at a time as the shape allows.
    wanted = [codes[:1], codes[1:5], codes[5:10], codes[10:]] if shape == "new" else [[code] for code in codes]
    assert [call.split(",") for call in described(sim)] == wanted
    assert len(sim.ledger.asked("*/MediaItems/*")) == 3
    for told in sim.truth("descriptions" + suffix):
        product = Product.objects.get(external_id=str(told["productId"]))
        wanted_lines = [
            {**line, "measurement": line["measurement"] or "", "value": line["value"]} for line in told["description"]
        ]
        assert product.specs == wanted_lines
        assert "<br/>" in product.description, "HTML is kept as it was sent"
        gross = next(line["value"] for line in wanted_lines if line["criteria"] == "Unit Gross Weight")
        variant = Variant.objects.get(external_id=product.external_id)
        assert variant.weight_kg == (Decimal(gross) or None), "a weight of 0 is no weight"
        assert variant.size["unit"] == "m"
    for told in sim.truth("media" + suffix):
        product = Product.objects.get(external_id=str(told["id"]))
        links = [file["link"] for file in told["mediaFiles"] or []]
        assert product.images[: len(links)] == links


@pytest.mark.parametrize("shape", ["new", "old"])
def test_only_what_is_new_or_changed_is_asked_for_and_the_shape_is_remembered(
    sim: Simulator, connected: Connect, run: Run, shape: str
) -> None:
    sim.description_shape = shape
    vendor = connected(batch=5)
    run(vendor, "products")
    run(vendor, "details")
    sim.ledger.clear()
    nothing = run(vendor, "details")
    assert (nothing.state, nothing.seen, sim.ledger.requests) == (OK, 0, 0)
    first, second = (str(row["id"]) for row in sim.truth("products")[3:5])
    for code in (first, second):
        sim.change("products", code, fullDsc="another line")
    run(vendor, "products")
    done = run(vendor, "details")
    assert done.seen == 2
    pair = sorted((first, second))
    assert described(sim) == ([",".join(pair)] if shape == "new" else pair), "no call to find out the shape again"
    assert run(vendor, "details").seen == 0, "equal details are not fetched for ever"


def test_another_price_is_no_reason_to_fetch_texts_again(sim: Simulator, eu: Vendor, run: Run) -> None:
    run(eu, "details")
    row = sim.truth("products")[3]
    sim.change("products", row["id"], price=row["price"] + 1, quantity="> 50")
    assert run(eu, "products").updated == 1
    assert run(eu, "details").seen == 0


def test_equal_details_read_again_write_nothing(sim: Simulator, eu: Vendor, run: Run) -> None:
    run(eu, "details")
    before = list(Product.objects.order_by("pk").values())
    done = run(eu, "details", mode=SyncRun.Mode.VERIFY)
    assert (done.seen, done.unchanged, done.updated) == (11, 11, 0)
    assert list(Product.objects.order_by("pk").values()) == before


def test_an_account_that_changes_its_shape_is_followed(sim: Simulator, eu: Vendor, run: Run) -> None:
    assert run(eu, "details").state == OK
    sim.description_shape = "old"
    Product.objects.update(details_at=None, specs=[])
    assert run(eu, "details").state == OK
    assert not Product.objects.filter(specs=[]).exists()
    assert all("," not in call for call in described(sim)[3:]), "after one call that could not be told apart"


@pytest.mark.parametrize("path", ["*/Description", "*/MediaItems/*"])
def test_an_entry_that_is_no_object_is_one_reject(sim: Simulator, eu: Vendor, run: Run, path: str) -> None:
    """In its place one product is not told of; all others are, and that one is asked for again."""
    sim.fault("bad_row", path, at=2, after=1 if path == "*/Description" else 0, times=1)
    done = run(eu, "details")
    assert (done.state, done.rejected, done.updated) == (PARTIAL, 1, 11), done.error
    assert Reject.objects.get().raw == "null"
    assert Product.objects.exclude(specs=[]).count() == (10 if path == "*/Description" else 11)


def test_odd_answers_of_small_lists() -> None:
    assert objects_of(b"null") == objects_of(b"\xef\xbb\xbf null ") == objects_of(b"[]") == ([], [])
    rows, unreadable = objects_of(b'[{"id": 1}, 5, {"id": NaN}, "x", [], {"id": 2}]')
    assert rows == [{"id": 1}, {"id": 2}]
    assert [bytes(entry) for entry in unreadable] == [b"5", b'{"id": NaN}', b'"x"', b"[]"]


def test_a_line_of_the_older_shape_that_is_no_object_costs_no_other(sim: Simulator, eu: Vendor, run: Run) -> None:
    line = '{"criteria": "Colour", "value": "red", "measurement": null, "comlexName": "Colour red"}'
    sim.fault("not_json", "*/Description", body=f"[5, {line}]")
    done = run(eu, "details")
    assert (done.state, done.rejected) == (PARTIAL, 1), "the same entry eleven times is one reject"
    told = [{"criteria": "Colour", "value": "red", "measurement": "", "comlexName": "Colour red"}]
    assert [product.specs for product in Product.objects.all()] == [told] * 11


def test_null_for_all_pictures_is_no_fault(sim: Simulator, eu: Vendor, run: Run) -> None:
    sim.fault("not_json", "*/MediaItems/*", body="null")
    assert run(eu, "details").state == OK
    assert not Product.objects.exclude(images=[]).exists()


@pytest.mark.parametrize("code", ["A/1", "A,1", "A 1", "..", "Ä1", "1?lang=EE", "1%2F2"])
def test_a_code_no_path_can_hold_is_refused_alone(sim: Simulator, connected: Connect, run: Run, code: str) -> None:
    row = sim.truth("products")[4]
    sim.remove("products", row["id"])
    sim.put("products", {**row, "id": code, "elkoCode": code})
    vendor = connected(availability_scope="all")
    assert run(vendor, "products").state == OK
    for flow in ("details", "availability"):
        done = run(vendor, flow)
        assert (done.state, done.seen, done.rejected) == (PARTIAL, 11, 1), done.error
        reject = Reject.objects.get(flow=flow)
        assert (reject.external_id, "cannot be asked for" in reject.reason) == (code, True)
    assert not [call for call in sim.ledger.asked() if code in call.path or code in dict(call.query).values()]
    assert Product.objects.exclude(specs=[]).count() == 10


# -- price and stock as of now


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_of_availability_tells_what_it_holds_and_leaves_the_rest(
    sim: Simulator, connected: Connect, run: Run, kind: str
) -> None:
    vendor = connected(availability_type=kind, availability_scope="all", batch=4)
    run(vendor, "products")
    listed = {variant.external_id: variant for variant in Variant.objects.all()}
    told = {str(row["productId"]): row for row in sim.truth("availability")}
    coming = next(day for row in told.values() if (day := jde_date(row["incoming"]["expectedDate"])))
    for place, row in enumerate(sim.truth("products")):
        sim.change("products", row["id"], quantity=str(place + 1), price=row["price"] + 1, incomingQuantity=70)
    done = run(vendor, "availability")
    assert (done.state, done.seen, done.requests) == (OK, 11, 3), done.error
    assert {call.path.split("/")[-1] for call in sim.ledger.asked("*/AvailabilityAndPrice/*")} == {kind}
    for place, row in enumerate(sim.truth("products")):
        found, before = Variant.objects.get(external_id=str(row["id"])), listed[str(row["id"])]
        assert (found.stock, found.stock_at_least) == (Decimal(place + 1), False)
        assert before.price is not None
        assert found.price == (before.price + 1 if "Price" in kind else before.price)
        assert found.incoming == (70 if "Incoming" in kind else before.incoming)
        arrival = jde_date(told[found.external_id]["incoming"]["expectedDate"]) or coming
        assert found.incoming_on == (arrival if "Incoming" in kind else None)
        assert found.raw["productId"] == row["id"], "the answer itself is kept"


def test_only_watched_variants_are_asked_for_and_one_on_demand(sim: Simulator, eu: Vendor, run: Run) -> None:
    assert run(eu, "availability").seen == 0
    assert not sim.ledger.asked("*/AvailabilityAndPrice/*")
    row = sim.truth("products")[4]
    Variant.objects.filter(external_id=str(row["id"])).update(watched=True)
    sim.change("products", row["id"], quantity="> 50")
    assert run(eu, "availability").updated == 1
    assert sim.ledger.asked("*/AvailabilityAndPrice/*")[0].query == [("elkoCodes", str(row["id"]))]
    assert StockChange.objects.get().after_at_least is True
    other = str(sim.truth("products")[8]["id"])
    assert run(eu, "availability", codes=[other]).seen == 1
    assert sim.ledger.asked("*/AvailabilityAndPrice/*")[-1].query == [("elkoCodes", other)]


def test_unknown_codes_nulls_and_dates_of_another_form_stay_unknown(sim: Simulator, eu: Vendor, run: Run) -> None:
    code = str(sim.truth("products")[0]["id"])
    before = Variant.objects.get(external_id=code)
    body = (
        f'[{{"productId": {code}, "stockQuantity": null, "incoming": {{"quantity": "40", "expectedDate": "week 49"}},'
        ' "prices": null}, {"productId": 77, "stockQuantity": "1"}]'
    )
    sim.fault("not_json", "*/AvailabilityAndPrice/*", body=body)
    done = run(eu, "availability", codes=[code, "78"])
    assert (done.state, done.seen) == (OK, 1), "rows nobody asked for are left out"
    found = Variant.objects.get(external_id=code)
    assert (found.stock, found.stock_at_least, found.price) == (None, False, before.price)
    assert (found.incoming, found.incoming_on) == (Decimal(40), None)
    assert found.raw["incoming"]["expectedDate"] == "week 49"


@pytest.mark.parametrize("ignored", [False, True])
def test_ukraine_asks_the_price_list_and_an_ignored_filter_costs_one_call(
    sim: Simulator, connected: Connect, run: Run, ignored: bool
) -> None:
    vendor = connected("ua", availability_scope="all", batch=4)
    run(vendor, "products")
    for row in sim.truth("products_ua"):
        sim.change("products_ua", row["id"], transitQuantity="33", quantity="9")
    sim.ledger.clear()

    def unfiltered(simulator: Any, request: Request) -> None:
        request.target = request.target.partition("?")[0]

    if ignored:
        sim.fault("call", "/Catalogs/Products", do=unfiltered)
    done = run(vendor, "availability")
    assert (done.state, done.seen, sim.ledger.requests) == (OK, 11, 1 if ignored else 3)
    assert set(Variant.objects.values_list("stock", "incoming")) == {(Decimal(9), Decimal(33))}
