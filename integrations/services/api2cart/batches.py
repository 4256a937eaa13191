"""Many of a kind in one call: API2Cart takes up to 250 as a job, works on it, and tells item by item what came of each.

`items[].id` of the result is the place in what was sent; "partial" means that there was nothing to change (captured answers).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from integrations.errors import Unknown
from integrations.services.api2cart.writing import LOST, StoreVerb, call, result_of, says, sent
from integrations.verbs import Body, Doing, Field, Found, Outcome, Request

# What a shop says of an item that was not done for a reason that passes; and of one that it may have done all the same.
PASSING = re.compile(r"limit|throttl|too many", re.IGNORECASE)
LOST_ITEM = re.compile(
    r"time[d -]*out|gateway|connect|curl|empty reply|try again|temporar|unavailable|internal (server )?error",
    re.IGNORECASE,
)
DONE, FAILED = ("success", "partial"), "failed"
Payload = Callable[[Body], dict[str, Any]]


def nothing(doing: Doing, result: Mapping[str, Any]) -> Outcome:
    return Outcome()


@dataclass(frozen=True)
class BatchVerb(StoreVerb):
    """ended: (Doing, the job's result) → what came of each row."""

    ended: Callable[[Doing, Mapping[str, Any]], Outcome] = nothing


def taken(doing: Doing, answer: Any) -> Outcome:
    """A job's number. Raises errors.Unknown for an answer without one."""
    number = result_of(answer).get("job_id")
    if number in (None, ""):
        raise Unknown("API2Cart's answer names no job.", LOST)
    return Outcome(job=str(number))


def came_of(doing: Doing, result: Mapping[str, Any], rows: str, key: str) -> Outcome:
    """What came of each row of a job that has ended. Of a row that the result does not name, or names twice, nobody can tell."""
    told: dict[int, Mapping[str, Any]] = {}
    twice: set[int] = set()
    for item in result.get("items") or []:
        if isinstance(item, Mapping) and str(item.get("id", "")).isdigit():
            place = int(str(item["id"]))
            if place in told and told[place].get("status") != item.get("status"):
                twice.add(place)
            told[place] = item
    found: dict[str, dict[str, str]] = {"refused": {}, "again": {}, "unknown": {}}
    for place, row in enumerate(doing.body.get(rows) or []):
        item = {} if place in twice else told.get(place, {})
        if item.get("status") not in DONE:
            came, why = _undone(item)
            found[came][str(row[key])] = why
    return Outcome(doing.number, refused=found["refused"], again=found["again"], unknown=found["unknown"])


def _undone(item: Mapping[str, Any]) -> tuple[str, str]:
    """Whether an item that is not told as done was refused, may go again, or is unknown; and why."""
    errors = "; ".join(str(error) for error in item.get("errors") or [])
    if item.get("status") != FAILED:
        return "unknown", errors or "API2Cart does not say what came of it."
    if PASSING.search(errors):
        return "again", errors
    if LOST_ITEM.search(errors):
        return "unknown", f"The shop's answer was lost: {errors}"
    return "refused", errors or "API2Cart says that it failed, and not why."


def still_works() -> Found:
    return Found(None, "API2Cart still works on it.")


def batch(
    title: str, method: str, rows: str, label: str, entry: tuple[Field, ...], *, about: str, key: str,
    reread: Callable[[tuple[str, ...]], Sequence[tuple[str, tuple[str, ...]]]], payload: Payload = dict, valued: bool = False,
    shop: bool = True, **more: Any,
) -> "BatchVerb":  # fmt: skip
    """A verb over many rows. valued: each row gives values to one thing, of which the newest goes last. payload: how one row goes.

    shop: a row may name the shop of the store.
    """
    declared = (Field(rows, label, "rows", required=True, fields=entry, also=("payload",)),)

    def request(doing: Doing) -> Request:
        store = str(doing.account.options.get("store_id") or "") if shop else ""
        items = [payload(row) for row in sent(declared, doing.body)[rows]]
        return call(method, {"payload": [{**({"store_id": store} if store else {}), **item} for item in items]}, doing)

    def valid(account: Any, body: Body) -> None:
        if not body[rows]:
            raise ValueError(f"{rows} is empty.")
        keys = [row[key] for row in body[rows]]
        if len(set(keys)) < len(keys):
            twice = next(one for place, one in enumerate(keys) if one in keys[:place])
            raise ValueError(f"{rows} names {twice} twice; put it together.")
        fixed = (key, *more.get("row_keeps", ()))
        if valued and (bare := [row[key] for row in body[rows] if not set(row) - set(fixed)]):
            raise ValueError(f"{rows} gives no value for {bare[0]}.")

    def ended(doing: Doing, result: Mapping[str, Any]) -> Outcome:
        found = came_of(doing, result, rows, key)
        ids = tuple(str(row[key]) for row in doing.body[rows])
        return replace(found, reread=tuple(reread(ids)))

    return BatchVerb(
        title,
        about=about,
        method=method,
        fields=declared,
        request=request,
        objects=lambda body: [str(row[key]) for row in body[rows]],
        says=says(title, "", declared),
        outcome=taken,
        job="job_ended",
        rows=rows,
        row_id=key if valued else "",
        chunk="batch_size",
        valid=valid,
        ended=ended,
        **more,
    )
