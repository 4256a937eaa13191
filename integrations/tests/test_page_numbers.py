"""Paging by number: what slips is found in a second round, a circle is stopped, and a list ends in every usual way."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.errors import BadPayload
from integrations.numbers import key_from
from integrations.page_numbers import by_page
from integrations.service import Ask


def ask(position: Any = None) -> Ask:
    return Ask({}, datetime.now(UTC), position=position, key=key_from("id"))


def vendor(
    rows: list[int], cap: int = 100, clamp: bool = False, asked: list[int] | None = None
) -> Callable[[int, int], bytes]:
    """Pages from 1 on; `clamp`: a number behind the last page gives the last page again."""

    def fetch(number: int, length: int) -> bytes:
        if asked is not None:
            asked.append(number)
        size = min(length, cap)
        last = max(1, -(-len(rows) // size))
        number = min(number, last) if clamp else number
        return json.dumps([{"id": one} for one in rows[(number - 1) * size : number * size]]).encode()

    return fetch


def read(fetch: Callable[[int, int], bytes], length: int = 3, position: Any = None, **more: Any) -> list[int]:
    pages = list(by_page(fetch, ask=ask(position), length=length, **more))
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    return [json.loads(bytes(row))["id"] for page in pages for row in page.rows]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 9, 10])
@pytest.mark.parametrize("cap", [2, 100])
def test_every_row_once_whatever_the_length(count: int, cap: int) -> None:
    assert read(vendor(list(range(count)), cap)) == list(range(count))


@pytest.mark.parametrize("count", [4, 5, 8, 10])
def test_a_short_last_page_that_comes_again_ends_the_list(count: int) -> None:
    assert read(vendor(list(range(count)), clamp=True)) == list(range(count))


def test_a_list_of_one_page_is_read_once() -> None:
    asked: list[int] = []
    read(vendor([1, 2], asked=asked))
    assert asked == [1, 2]


def test_rows_that_slip_by_are_handed_on_in_the_second_round() -> None:
    rows, asked = list(range(12)), []  # type: list[int], list[int]
    still = vendor(rows, asked=asked)

    def fetch(number: int, length: int) -> bytes:
        if len(asked) == 2:
            rows.remove(0)  # row 6 slips from page three to page two, which was read
        return still(number, length)

    assert sorted(read(fetch)) == list(range(12))


def test_new_rows_in_front_are_found_too() -> None:
    rows, asked = list(range(12)), []  # type: list[int], list[int]
    still = vendor(rows, asked=asked)

    def fetch(number: int, length: int) -> bytes:
        if len(asked) == 2:
            rows.insert(0, 99)
        return still(number, length)

    assert set(read(fetch)) == {*range(12), 99}


def test_the_same_page_for_ever_is_a_circle_also_for_those_who_go_on_elsewhere() -> None:
    with pytest.raises(BadPayload, match="circle"):
        read(lambda number, length: vendor([1, 2, 3, 4])(1, length))
    with pytest.raises(BadPayload, match="circle"):
        in_slices(lambda number, length: vendor([1, 2, 3])(1, length), most=10)


def in_slices(fetch: Callable[[int, int], bytes], most: int) -> list[int]:
    """Ids read by as many owners as there are pages."""
    position, seen = None, []  # type: Any, list[int]
    for _ in range(most):
        page = next(iter(by_page(fetch, ask=ask(position), length=3, prefix={"source": "api"})))
        seen += [json.loads(bytes(row))["id"] for row in page.rows]
        if page.last:
            return seen
        assert page.position["source"] == "api"
        position = page.position
    raise AssertionError(f"no end after {most} pages")


def test_whoever_goes_on_elsewhere_reads_to_the_end() -> None:
    assert {*in_slices(vendor(list(range(10))), most=30)} == {*range(10)}


def test_pages_may_count_from_zero() -> None:
    still = vendor(list(range(7)))
    assert read(lambda number, length: still(number + 1, length), first=0) == list(range(7))
