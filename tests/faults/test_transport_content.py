"""Faults 31 to 34: what comes is cut, a bomb, not JSON or not meant for us. Nothing of it is used, and what was stored stays."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as some

from catalog.models import Brand
from integrations import loosely, paging
from integrations.errors import BadPayload
from integrations.models import Reject, SyncRun
from tests.faults.invariants import picture
from tests.faults.rig import Rig, rig

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite_only]  # about what goes over the wire
State = SyncRun.State
BOTH = pytest.mark.parametrize("kind", ["elko", "elryan"])
CAP = 64 << 20  # bytes of an answer kept in memory at most


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.http.client.FIRST_PAUSE", 0.01)


def refused(one: Rig, flow: str, *said: str) -> SyncRun:
    """A run that fails because of what came, names it, and leaves what is stored as it was."""
    before = picture(one.vendor)
    done = one.run(flow)
    assert (done.state, done.error_kind) == (State.FAILED, "bad_payload"), f"{done.state} {done.error}"
    assert done.cure
    assert any(word in done.error for word in said), done.error
    assert picture(one.vendor) == before
    return done


# 31

BROKEN: list[tuple[str, dict[str, Any]]] = [
    ("cut", {"percent": 1}),
    ("cut", {"percent": 50}),
    ("cut", {"percent": 99}),
    ("cut", {"percent": 50, "chunked": True}),
    ("gzip_truncated", {"percent": 1}),
    ("gzip_truncated", {"percent": 99}),
    ("wrong_length", {"extra": -10}),
]


@BOTH
@pytest.mark.parametrize("fault", ["cut", "gzip_truncated", "wrong_length"])
def test_31_a_cut_answer_is_read_again_and_nothing_of_it_used(kind: str, fault: str) -> None:
    with rig(kind) as one:
        flow = "products" if kind == "elko" else "orders"
        one.good("brands", "categories", flow)
        row = one.simulator.truth(flow)[0]
        change = {"name": "NEW NAME"} if kind == "elko" else {"Description": "NEW NAME"}
        one.simulator.change(flow, row[one.simulator.table(flow).key], **change)
        for name, options in BROKEN:
            if name != fault:
                continue
            armed = one.simulator.fault(name, one.path(flow), **options)
            done = refused(one, flow, "incomplete", "damaged", "truncated")
            assert done.requests == (4 if name != "wrong_length" else done.requests)
            one.simulator.clear_faults(armed)
            one.simulator.fault(name, one.path(flow), times=1, **options)
            one.time_passes()
            if name != "wrong_length":
                one.good(flow)
        one.hold("brands", "categories", flow)


def test_31_a_page_cut_in_the_middle_of_a_list_costs_no_page_before() -> None:
    with rig("elryan", seed="demo", size=30, page_length=10) as one:
        one.simulator.fault("cut", one.path("orders"), after=2)
        done = one.run("orders")
        assert (done.state, done.error_kind, done.created > 0) == (State.FAILED, "bad_payload", True)
        one.hold("orders")


# 32


class Memory:
    """The most memory this process held while the block ran, above what it held before, in bytes."""

    def __enter__(self) -> "Memory":
        self.before, self.most, self._done = _held(), 0, threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()
        return self

    def _look(self) -> None:
        while not self._done.wait(0.005):
            self.most = max(self.most, _held() - self.before)

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watch.join()


def _held() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.parametrize(
    ("kind", "fault", "options"),
    [
        ("elko", "gzip_bomb", {}),
        ("elryan", "gzip_bomb", {"fill": " ", "tail": "[]"}),
        ("elko", "endless", {}),
        ("elryan", "big", {}),
    ],
)
def test_32_a_bomb_is_put_out_at_the_cap(kind: str, fault: str, options: dict[str, Any]) -> None:
    with rig(kind) as one:
        one.good("brands")
        one.simulator.fault(fault, one.path("brands"), **options)
        with Memory() as memory:
            done = refused(one, "brands", "larger than 64 MB")
        assert done.requests == 1, "asking again would bring the same"
        assert memory.most < 2 * CAP
        one.hold("brands")


# 33


@BOTH
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("utf16", "UTF-16"),
        ("deep", "nested too deeply"),
        ("not_json", "malformed: invalid character (byte 9)"),
    ],
)
def test_33_what_is_no_json_is_told_with_its_place(kind: str, fault: str, said: str) -> None:
    with rig(kind) as one:
        one.good("brands")
        options = {"body": '{"data":[1,' if kind == "elryan" else "[1,"} if fault == "not_json" else {}
        one.simulator.fault(fault, one.path("brands"), **options)
        if fault == "deep" and kind == "elryan":
            said = "got `array`"
        refused(one, "brands", said, "truncated")
        one.hold("brands")


@BOTH
def test_33_bytes_of_another_coding_cost_their_row_alone(kind: str) -> None:
    with rig(kind) as one:
        flow = "vendors" if kind == "elko" else "brands"
        one.simulator.fault("latin1", one.path("brands"))
        done = one.run("brands")
        assert (done.state, done.rejected) == (State.PARTIAL, 1), done.error
        assert Brand.objects.count() == len(one.simulator.truth(flow)) - 1
        assert "utf-8" in Reject.objects.get().reason.lower()
        one.hold("brands")


@BOTH
@pytest.mark.parametrize("fault", ["bom", "surrogate"])
def test_33_a_mark_in_front_and_half_a_character_cost_nobody_anything(kind: str, fault: str) -> None:
    with rig(kind) as one:
        one.good("brands")
        one.simulator.fault(fault, one.path("brands"))
        done = one.run("brands")
        assert done.state == State.OK, done.error
        assert done.updated + done.created == (1 if fault == "surrogate" else 0)
        one.hold("brands")


def test_33_only_half_characters_are_replaced() -> None:
    text = rb'["\ud83d\ude00", "\\ud83d", "\ud83d", "\ude00x", "\ud83d\ud83d\ude00", "\u00e9\n"]'
    assert loosely.whole_characters(text) == (
        rb'["\ud83d\ude00", "\\ud83d", "\ufffd", "\ufffdx", "\ufffd\ud83d\ude00", "\u00e9\n"]'
    )
    assert [bytes(row) for row in paging.cut(b'{"data":["\\ud83d", NaN]}', ("data",))] == [b'"\\ufffd"', b"NaN"]


BODY = b'{"data":[{"id":1,"name":"a\xc3\xa9","price":1.5},{"id":2,"x":[null,true,{}]}],"error_code":0}'


@hypothesis_settings(max_examples=300)
@given(
    some.lists(some.tuples(some.integers(0, len(BODY) - 1), some.integers(0, 255)), max_size=4), some.integers(0, 99)
)
def test_33_whatever_comes_is_cut_or_refused_and_never_worse(flips: list[tuple[int, int]], cut: int) -> None:
    body = bytearray(BODY)
    for place, byte in flips:
        body[place] = byte
    for where in ((), ("data",), ("data", "data")):
        for damaged in (bytes(body), bytes(body[:cut])):
            with suppress(BadPayload):
                rows = paging.cut(damaged, where)
                assert all(bytes(row) in loosely.whole_characters(damaged) for row in rows)


def test_33_a_row_with_nan_is_cut_out_of_an_envelope_too() -> None:
    body = b'{ "error_code" : 0, "x": {"data": [9]}, "data": [ {"a": NaN} , {"b": "NaN, ]"},{"c":-Infinity}], "n": NaN}'
    assert [bytes(row) for row in paging.cut(body, ("data",))] == [
        b'{"a": NaN}',
        b'{"b": "NaN, ]"}',
        b'{"c":-Infinity}',
    ]
    assert [bytes(row) for row in paging.cut(b" [ NaN ,1]")] == [b"NaN", b"1"]
    assert paging.cut(b'{"data":[],"n":NaN}', ("data",)) == []
    for wrong in (b"[NaN", b'{"data": NaN}', b"NaN", b'{"data":{"a":NaN}}', b'{"a":NaN}', b'{"data" [NaN]}'):
        assert loosely.cut(wrong, ("data",)) is None
        with pytest.raises(BadPayload):
            paging.cut(wrong, ("data",))


# 34


@BOTH
@pytest.mark.parametrize(
    ("fault", "options", "said"),
    [
        ("html", {}, "web page"),
        ("html", {"declared": "application/json"}, "web page"),
        ("empty", {}, "empty"),
    ],
)
def test_34_a_maintenance_page_is_not_an_empty_list(kind: str, fault: str, options: dict[str, Any], said: str) -> None:
    with rig(kind) as one:
        flow = "products" if kind == "elko" else "brands"
        one.good("brands", flow)
        one.simulator.fault(fault, one.path(flow), **options)
        refused(one, flow, said)
        one.hold("brands", flow)


@BOTH
def test_34_json_that_is_called_text_is_json(kind: str) -> None:
    with rig(kind) as one:
        one.simulator.fault("content_type", value="text/plain")
        one.good("brands")
        one.hold("brands")
