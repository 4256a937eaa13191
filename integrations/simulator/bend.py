"""Fault switches on rows: what a vendor's list may say. They change the answer only; `move` changes the truth."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from integrations.simulator.faults import Stage, Turn, switch
from integrations.simulator.wire import Row


def struck(place: int, share: float) -> bool:
    """Spreads a share evenly: of n rows exactly int(n * share) are struck."""
    return int((place + 1) * share) > int(place * share)


def _some(rows: list[Row], share: float, change: Callable[[Row], Row]) -> list[Row]:
    return [change(row) if struck(place, share) else row for place, row in enumerate(rows)]


@switch(Stage.ROWS)
def empty_list(turn: Turn, rows: list[Row]) -> list[Row]:
    return []


@switch(Stage.ROWS)
def shrink(turn: Turn, rows: list[Row], *, share: float = 0.4) -> list[Row]:
    """This share of the rows is missing."""
    return [row for place, row in enumerate(rows) if not struck(place, share)]


@switch(Stage.ROWS)
def zero(turn: Turn, rows: list[Row], *, share: float = 1.0) -> list[Row]:
    """This share of the rows says there is no stock."""
    none = turn.simulator.sold_out.get(turn.flow, {})
    return _some(rows, share, lambda row: {**row, **none})


@switch(Stage.ROWS)
def unknown_status(
    turn: Turn, rows: list[Row], *, value: str = "Quarantined By Customs", share: float = 1.0
) -> list[Row]:
    name = turn.simulator.status_field.get(turn.flow)
    return _some(rows, share, lambda row: {**row, name: value}) if name else rows


@switch(Stage.ROWS)
def equal_times(turn: Turn, rows: list[Row]) -> list[Row]:
    """Every row was changed at the same moment: the first row's."""
    names = turn.simulator.time_fields.get(turn.flow, ())
    same = {name: rows[0][name] for name in names if name in rows[0]} if rows else {}
    return [{**row, **same} for row in rows]


@switch(Stage.ROWS)
def skew(turn: Turn, rows: list[Row], *, seconds: float = 300.0) -> list[Row]:
    """The vendor's clock is ahead (or, negative, behind): every change time is off by so much."""
    return [turn.simulator.shifted(turn.flow, row, timedelta(seconds=seconds)) for row in rows]


@switch(Stage.ROWS)
def duplicate_rows(
    turn: Turn, rows: list[Row], *, share: float = 0.1, changes: dict[str, Any] | None = None
) -> list[Row]:
    """This share of the rows comes twice in a list; `changes` are set on the second copy."""
    doubled: list[Row] = []
    for place, row in enumerate(rows):
        doubled += [row, {**row, **(changes or {})}] if struck(place, share) else [row]
    return doubled


@switch(Stage.ROWS)
def bad_row(turn: Turn, rows: list[Row], *, at: int = 0, values: Row | None = None, without: Any = ()) -> list[Row]:
    """One row, at a place in the whole list, gets wrong `values` and loses the fields in `without`; neither: null."""
    changed = list(rows)
    if -len(rows) <= at < len(rows):
        row: Any = {**rows[at], **(values or {})} if values is not None or without else None
        for name in without:
            row.pop(name, None)
        changed[at] = row
    return changed


@switch(Stage.PAGE)
def repeat_page(turn: Turn, page: list[Row], before: list[Row]) -> list[Row]:
    """The page before comes again: times=1 doubles a page and loses one, without end the same page comes for ever."""
    return before


@switch(Stage.PAGE)
def move(turn: Turn, page: list[Row], before: list[Row], *, how: str = "insert", count: int = 1) -> list[Row]:
    """After this page rows move: how="insert" puts new rows in front, "delete" takes the middle out, or "both"."""
    if how not in ("insert", "delete", "both"):
        raise ValueError(f"move: how={how!r}; it takes insert, delete or both")
    for _ in range(count):
        if how != "delete":
            turn.simulator.insert_front(turn.flow)
        if how != "insert":
            turn.simulator.delete_middle(turn.flow)
    return page
