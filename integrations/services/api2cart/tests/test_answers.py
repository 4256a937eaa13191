"""Envelope, cursors and return codes: every code of the vendor's list becomes one of our errors, with cause and cure."""

import json
from typing import Any

import pytest

from integrations import errors
from integrations.http import Repeat
from integrations.services.api2cart.answers import (
    MEANINGS,
    NotThere,
    ReportNotReady,
    TooManyAsked,
    Unfinished,
    explained,
    next_of,
    result_of,
    rows_of,
)

KINDS: dict[int, type[errors.VendorError]] = {
    1: errors.Wait, 2: errors.NeedsAuth, 3: errors.Refused, 4: errors.NeedsAuth, 5: errors.NeedsAuth, 6: errors.NeedsAuth,
    7: errors.Wait, 8: errors.Refused, 9: errors.Wait, 10: errors.Wait, 12: Unfinished, 100: errors.NeedsAuth,
    101: errors.NeedsAuth, 102: errors.Refused, 103: errors.Refused, 104: errors.Refused, 105: errors.Refused, 106: errors.Wait,
    107: errors.Refused, 109: errors.Refused, 110: errors.Wait, 111: TooManyAsked, 112: NotThere, 113: errors.Refused,
    114: errors.Refused, 115: errors.Refused, 116: errors.Refused,
}  # fmt: skip


def body(code: Any = 0, message: str = "", result: Any = None, **more: Any) -> bytes:
    return json.dumps({"return_code": code, "return_message": message, "result": result, **more}).encode()


def meant(answer: bytes, status: int = 200, wrote: bool = False) -> errors.VendorError | None:
    told: list[int] = []
    found = explained(status, answer, wrote, told.append)
    error = found.error if isinstance(found, Repeat) else found
    assert error is None or isinstance(error, errors.VendorError)
    return error


@pytest.mark.parametrize("code", KINDS)
def test_every_code_has_its_kind_cause_and_cure(code: int) -> None:
    assert MEANINGS.keys() == KINDS.keys()
    error = meant(body(code, "Words of the store"))
    assert type(error) is KINDS[code]
    assert error.cure
    assert error.said == "Words of the store"
    assert str(code) in error.message
    if isinstance(error, errors.NeedsAuth):
        assert error.cause in ("token", "ip")
        assert "token" in error.cure or "address" in error.cure


@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_the_code_counts_whatever_the_status_is(status: int) -> None:
    assert isinstance(meant(body(2), status), errors.NeedsAuth)
    assert meant(b"<html>gateway</html>", status) is None, "what is no envelope is left to its status"


def test_a_code_nobody_lists_is_told_and_not_taken_for_success() -> None:
    for odd in (999, "abc", -5, 3.5):
        assert isinstance(meant(body(odd, "New words")), errors.Refused)
    assert meant(body("0")) is None


def test_a_limit_keeps_all_away_and_says_until_when() -> None:
    for code in (7, 10, 110):
        told: list[int] = []
        found = explained(200, body(code), False, told.append)
        assert isinstance(found, Repeat)
        assert told == [code]
        assert found.error.until is not None
        assert found.error.cause == "rate"


def test_a_report_that_is_not_ready_is_not_a_failure() -> None:
    error = meant(body(107, "Report is not ready yet, please try again later (report_request_id=R77DER05)", []))
    assert isinstance(error, ReportNotReady)
    assert error.report == "R77DER05"
    assert type(meant(body(107, "Orders older than 90 days cannot be retrieved."))) is errors.Refused


def test_a_write_that_met_a_fault_is_unknown_and_never_repeated() -> None:
    for code in (1, 9):
        assert isinstance(explained(200, body(code), True, lambda _: None), errors.Unknown)
    for code in (7, 10, 110, 106):
        assert type(explained(200, body(code), True, lambda _: None)) is errors.Wait, (
            "it was refused before it was done"
        )


@pytest.mark.parametrize(
    ("result", "rows"),
    [
        ({"order": [{"id": "1"}]}, 1), ({"orders_count": 0, "order": []}, 0), ({"order": None}, 0), ({}, 0), ([], 0),
        (None, 0), ({"orders_count": 0}, 0),
    ],
)  # fmt: skip
def test_rows_stand_in_an_object_a_list_or_nothing(result: Any, rows: int) -> None:
    assert len(rows_of(body(0, "", result), "order")) == rows


@pytest.mark.parametrize("result", ["OK", {"orders": [{"id": "1"}]}, {"order": "none"}, [{"id": 1}], 7])
def test_another_shape_is_no_empty_list(result: Any) -> None:
    with pytest.raises(errors.BadPayload):
        rows_of(body(0, "", result), "order")


def test_one_object_or_nothing_is_a_result_and_all_else_is_not() -> None:
    assert result_of(body(0, "", {"name": None})) == {"name": None}
    assert result_of(body(0, "", [])) == result_of(body(0)) == {}
    for odd in (b"[]", b"<html>", b'"text"', body(0, "", "text"), b"{}"):
        with pytest.raises(errors.BadPayload):
            result_of(odd)


def test_a_cursor_is_decoded_once() -> None:
    assert next_of(body(0, "", {}, pagination={"previous": None, "next": "a%2Fb%3D%3D"})) == "a/b=="
    assert next_of(body(0, "", {}, pagination={"previous": None, "next": "a%252Fb"})) == "a%2Fb"
    odd: tuple[Any, ...] = (None, [], {}, {"next": None}, {"next": ""}, {"next": 7})
    for pagination in odd:
        assert next_of(body(0, "", {}, pagination=pagination)) == ""
    assert next_of(body(0)) == ""
    broken = b'{"return_code": 0, "result": {"order": [{"id": 1, "total": NaN}]}, "pagination": {"next": "a%2Fb"}}'
    assert next_of(broken) == "a/b", "one bad row does not end the list"
    assert len(rows_of(broken, "order")) == 1
    with pytest.raises(errors.BadPayload):
        next_of(b'{"return_code": 0, "pagin')
