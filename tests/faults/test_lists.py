"""Faults 35 to 38 and 47: lists of another shape, empty, shrunk, circling, moving, with rows twice. Whole runs over real sockets."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as some

from catalog.models import Product, Variant
from integrations import paging
from integrations.errors import BadPayload
from integrations.models import Held, Reject, SyncRun
from integrations.offsets import PATIENCE, by_offset
from integrations.paging import encode
from integrations.service import Ask
from integrations.simulator import Simulator
from orders.models import Order, OrderLine
from tests.faults.invariants import picture
from tests.faults.rig import Rig, rig

pytestmark = pytest.mark.django_db(transaction=True)
State = SyncRun.State
BOTH = pytest.mark.parametrize("kind", ["elko", "elryan"])
# The flows of each vendor that read a whole guarded list, with what they need.
GUARDED = {"elko": ("products",), "elryan": ("categories", "brands", "products", "variants")}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.http.client.FIRST_PAUSE", 0.01)


# 35


@BOTH
@pytest.mark.parametrize("how", ["object", "list", "null", "text", "error", "nested", "renamed"])
def test_35_another_shape_is_told_with_a_sample_and_changes_nothing(kind: str, how: str) -> None:
    with rig(kind) as one:
        one.good("brands")
        before = picture(one.vendor)
        options = {"field": "code" if kind == "elko" else "remote_id", "to": "Code"} if how == "renamed" else {}
        one.simulator.fault("shape", one.path("brands"), how=how, **options)
        done = one.run("brands")
        if (kind, how) == ("elryan", "nested"):
            assert done.state == State.OK, "one of the shapes this vendor is known to use"
        elif how == "renamed" and kind == "elryan":
            assert done.state in (State.OK, State.PARTIAL, State.HELD)  # the id stands in another field too
        elif how in ("renamed", "list"):
            assert done.state in (State.PARTIAL, State.HELD), done.error
            assert Reject.objects.filter(resolved_at=None).exists()
            assert "without a readable id" in done.note
        else:
            assert (done.state, bool(done.cure)) == (State.FAILED, True), done.error
            assert done.error_kind in ("bad_payload", "refused")
            assert len(done.error) > 40
        if not (how == "renamed" and kind == "elryan"):
            assert picture(one.vendor) == before
        one.hold("brands")
        assert not Reject.objects.filter(resolved_at=None).exists()


values = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**70), 2**70) | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(["data", "id", "x"]), inner),
    max_leaves=6,
)


@hypothesis_settings(max_examples=300)
@given(values)
def test_35_any_json_is_cut_into_its_rows_or_told(value: Any) -> None:
    for where, held in (((), value), (("data",), value.get("data") if isinstance(value, dict) else None)):
        if isinstance(held, list):
            assert [bytes(row) for row in paging.cut(encode(value), where)] == [encode(row) for row in held]
        else:
            with pytest.raises(BadPayload) as told:
                paging.cut(encode(value), where)
            assert told.value.cure


# 36


def counted(one: Rig) -> int:
    return Variant.objects.filter(vendor=one.vendor, gone_at=None).count()


@BOTH
def test_36_an_empty_list_is_held(kind: str) -> None:
    with rig(kind, seed="demo", size=30) as one:
        *before, flow = GUARDED[kind]
        one.good(*before, flow)
        many = counted(one)
        one.simulator.fault("empty_list", one.path(flow))
        done = one.run(flow)
        assert (done.state, done.gone) == (State.HELD, 0), done.error
        assert counted(one) == many
        assert Held.objects.get(state=Held.State.WAITING).kind == Held.Kind.GONE
        one.simulator.clear_faults()
        one.good(flow)
        assert not Held.objects.filter(state=Held.State.WAITING).exists(), "a newer complete list has spoken"
        one.hold(*before, flow)


@BOTH
def test_36_when_two_fifths_are_missing_the_rest_is_updated_and_nobody_gone(kind: str) -> None:
    with rig(kind, seed="demo", size=150) as one:
        *before, flow = GUARDED[kind]
        one.good(*before, flow)
        many, key = counted(one), one.simulator.table(flow).key
        rows = one.simulator.truth(flow)
        for row in rows:
            price = round(float(row["price"]) * 1.1, 2)
            one.simulator.change(flow, row[key], price=price if kind == "elko" else f"{price:.2f}")
        one.simulator.fault("shrink", one.path(flow), share=0.4)
        done = one.run(flow)
        gone = int(len(rows) * 0.4)
        assert (done.state, done.gone, done.updated) == (State.HELD, 0, len(rows) - gone), done.error
        assert done.held == gone
        assert counted(one) == many
        one.hold(*before, flow)
        assert counted(one) == many


# 37


@pytest.mark.parametrize("after", [0, 2])
def test_37_the_same_page_for_ever_is_told_and_ends(after: int) -> None:
    with rig("elryan", seed="demo", size=60, page_length=10) as one:
        one.simulator.fault("repeat_page", one.path("orders"), after=after + 1)
        done = one.run("orders")
        assert (done.state, done.error_kind) == (State.FAILED, "bad_payload"), done.error
        assert "circle" in done.error or "faster than it can be read" in done.error
        assert done.requests <= after + 3 + 2 * PATIENCE
        assert done.created > 0
        one.hold("orders")


def test_37_a_page_that_came_twice_loses_nobody() -> None:
    with rig("elryan", seed="demo", size=60, page_length=10) as one:
        one.simulator.fault("repeat_page", one.path("orders"), after=2, times=1)
        one.good("orders")
        assert OrderLine.objects.filter(order__vendor=one.vendor).count() == len(one.simulator.truth("orders"))
        one.hold("orders")


@pytest.mark.parametrize("length", [7, 39, 40])
def test_37_a_vendor_with_pages_of_its_own_length_loses_nobody(length: int) -> None:
    with rig("elryan", seed="demo", size=30, page_length=20) as one:
        one.simulator.max_length = length
        one.good("orders")
        assert OrderLine.objects.filter(order__vendor=one.vendor).count() == len(one.simulator.truth("orders")) == 40
        one.hold("orders")


def test_37_one_short_page_in_the_middle_loses_nobody() -> None:
    with rig("elryan", seed="demo", size=60, page_length=10) as one:

        def shorter(simulator: Simulator, request: Any) -> None:
            simulator.max_length = 3  # type: ignore[attr-defined]

        def as_before(simulator: Simulator, request: Any) -> None:
            simulator.max_length = 1000  # type: ignore[attr-defined]

        one.simulator.fault("call", one.path("orders"), after=2, times=1, do=shorter)
        one.simulator.fault("call", one.path("orders"), after=3, do=as_before)
        one.good("orders")
        assert OrderLine.objects.filter(order__vendor=one.vendor).count() == len(one.simulator.truth("orders"))
        one.hold("orders")


# 38


@pytest.mark.parametrize(
    ("flow", "how"), [("orders", "insert"), ("products", "insert"), ("products", "delete"), ("products", "both")]
)
def test_38_rows_that_move_between_pages_are_neither_lost_nor_gone(flow: str, how: str) -> None:
    with rig("elryan", seed="demo", size=60, page_length=10) as one:
        needed = ("categories", "brands") if flow == "products" else ()
        one.good(*needed, flow)
        key = one.simulator.table(flow).key
        before = {str(row[key]) for row in one.simulator.truth(flow)}
        one.simulator.fault("move", one.path(flow), how=how, times=4)
        done = one.run(flow)
        assert done.state == State.OK, done.error
        after = {str(row[key]) for row in one.simulator.truth(flow)}
        if flow == "products":
            gone = set(Product.objects.exclude(gone_at=None).values_list("external_id", flat=True))
            assert gone <= before - after, "nobody is gone who is still there"
            there = set(Product.objects.filter(gone_at=None).values_list("external_id", flat=True))
        else:
            there = set(OrderLine.objects.values_list("external_id", flat=True))
        assert after <= there, "within one run"
        one.hold(*needed, flow)


def reads(rows: list[str], length: int, moves: list[tuple[int, str]], seed: int) -> tuple[set[str], list[str]]:
    """Who was read of a list that moves before the given answers, and the list at the end."""
    dice, answered = random.Random(seed), 0
    rows = list(rows)

    def fetch(start: int, many: int) -> bytes:
        nonlocal answered
        for at, how in moves:
            if at == answered and rows:
                if how == "insert":
                    rows.insert(0, f"new {dice.random()}")
                elif how == "delete":
                    del rows[dice.randrange(len(rows))]
                else:
                    rows.insert(0, rows.pop(dice.randrange(len(rows))))
        answered += 1
        return encode([{"id": row} for row in rows[start : start + many]])

    found: list[str] = []
    for page in by_offset(fetch, ask=Ask({}, None), length=length):  # type: ignore[arg-type]
        found += [bytes(row).decode().split('"')[3] for row in page.rows]
    assert len(found) == len(set(found)), "nobody is handed on twice"
    return set(found), rows


def test_38_thousand_moving_lists_lose_nobody() -> None:
    dice = random.Random(38)
    for seed in range(1000):
        rows = [f"row {n}" for n in range(dice.randrange(0, 60))]
        length = dice.choice([5, 7, 10])
        answers = len(rows) // length + 2
        moves = [
            (dice.randrange(1, answers + 1), dice.choice(["insert", "delete", "jump"]))
            for _ in range(dice.randrange(0, 4))
        ]
        found, now = reads(rows, length, moves, seed)
        stayed = [row for row in now if row in rows]
        lost = [row for row in stayed if row not in found]
        assert not lost, (seed, length, moves, lost)


def test_38_a_list_that_never_rests_is_told() -> None:
    turn = 0

    def fetch(start: int, many: int) -> bytes:
        nonlocal turn
        turn += 1
        return encode([{"id": f"{turn} {place}"} for place in range(start, start + many)])

    with pytest.raises(BadPayload, match="faster than it can be read"):
        list(by_offset(fetch, ask=Ask({}, None), length=10))  # type: ignore[arg-type]
    assert turn < 20


# 47


@BOTH
def test_47_of_a_row_that_comes_twice_the_later_counts_once(kind: str) -> None:
    with rig(kind) as one:
        flow = "products" if kind == "elko" else "orders"
        change = {"name": "THE LATER ONE"} if kind == "elko" else {"Description": "THE LATER ONE"}
        one.simulator.fault("duplicate_rows", one.path(flow), share=1.0, changes=change)
        done = one.run(flow)
        assert done.state == State.OK, done.error
        truth = one.simulator.truth(flow)
        if kind == "elko":
            assert done.created == len(truth)
            assert set(Product.objects.values_list("name", flat=True)) == {"THE LATER ONE"}
            assert Variant.objects.count() == len(truth)
        else:
            assert OrderLine.objects.count() == len(truth)
            assert Order.objects.count() == len({row["Purchase Order ID"] for row in truth})
        one.hold(flow)


def test_47_two_vendors_may_use_the_same_code() -> None:
    with rig("elko") as one, rig("elryan") as other:
        one.good("products")
        other.good("categories", "brands", "products", "variants")
        code = one.simulator.truth("products")[0]["id"]
        row = other.simulator.truth("variants")[0]
        other.simulator.put("variants", {**row, "sku": str(code), "id": "f" * 24})
        other.good("variants")
        assert Variant.objects.filter(external_id=str(code)).count() == 2
        one.hold("products")
        other.hold("categories", "brands", "products", "variants")
