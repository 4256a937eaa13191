"""Where rows stand in kvik.shop's answers. No document says it: a bare list, or one of the usual envelopes."""

from collections.abc import Callable
from typing import Any

import msgspec

from integrations.errors import BadPayload
from integrations.http import Answer
from integrations.paging import cut, encode
from integrations.service import Row

ENVELOPES = ("items", "data", "orders", "results")
SINGLE = ("order", "item", "data", "result")


def rows_of(key: str) -> Callable[[bytes], list[Any]]:
    """A cutter of lists that stand at a dotted path; without one, where lists usually stand. It raises BadPayload."""

    def cutter(body: bytes) -> list[Any]:
        return cut(body, key.split(".")) if key else _guessed(body)

    return cutter


def _guessed(body: bytes) -> list[Any]:
    if body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] != b"{":
        return cut(body)
    for name in ENVELOPES:
        try:
            return cut(body, (name,))
        except BadPayload:
            continue
    try:
        names = ", ".join(list(msgspec.json.decode(body, type=dict[str, msgspec.Raw]))[:12]) or "nothing"
    except (msgspec.MsgspecError, UnicodeError):
        return cut(body)
    raise BadPayload(
        f"The answer is no list and has none under {', '.join(ENVELOPES)}; it has: {names}.",
        "Fill in “Where the list stands in the answer”, or correct the path orders are read from.",
    )


def row_of(answer: Answer, has_id: Callable[[Row], bool]) -> bytes:
    """The one row of a detail's answer: the object itself, or the one in its envelope. Raises BadPayload."""
    told = answer.json()
    for found in (told, *(told[name] for name in SINGLE if isinstance(told, dict) and name in told)):
        if isinstance(found, dict) and has_id(found):
            return answer.body if found is told else encode(found)
    raise BadPayload(
        "The answer holds no order with an id.",
        "Correct the path of one order, or the path of “external_id” in the mapping.",
        method=answer.method,
        path=answer.path,
        status=answer.status,
    )
