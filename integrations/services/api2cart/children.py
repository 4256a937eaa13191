"""Reading what hangs under other rows: shipments of orders, variants of products. One list for each batch of parents."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from integrations.paging import batches
from integrations.service import Ask, Page
from integrations.services.api2cart.cursors import Call, Chain

ONE, MANY = 1, 10  # parents in one call
PATIENCE = 20  # pages of nothing but other parents' rows


class _Parent(msgspec.Struct):
    order_id: Any = None
    parent_id: Any = None


_parent = msgspec.json.Decoder(_Parent)


def by_parents(
    call: Call,
    method: str,
    filters: Mapping[str, Any],
    named: str,
    *,
    ask: Ask,
    size: int,
    parents: int = ONE,
    whose: str = "",
    cursor: dict[str, Any] | None = None,
) -> Iterator[Page]:
    """Pages of the children of every parent in `ask.codes`; `named` is the parameter that takes their ids.

    whose: the row's field that names its parent. Rows of other parents, which some platforms mix in, are left to their own
    parent's turn. A chain that has run past the parents asked for is not followed; one that brings nothing but strangers is
    followed for some pages, and when it is given up nothing that is missing counts as gone.
    """
    position, gaps = dict(ask.position or {}), False
    after = str(position.get("after", ""))
    for codes, behind in batches(ask, parents):
        chain = Chain(call, method, {**filters, named: ",".join(codes)}, position, position.get("size", size))
        mine = _mine(whose, set(codes))
        met, strangers = False, 0  # own rows so far; pages without any before the first of them
        for page in chain.pages():
            rows = [row for row in page.rows if mine(row)]
            foreign = bool(page.rows) and not rows
            met, strangers = met or bool(rows), strangers + (foreign and not met)
            lost = foreign and not met and strangers >= PATIENCE and not page.last
            over = page.last or lost or (foreign and met)
            gaps = gaps or lost
            place = {"size": page.position["size"], **behind} if over else {**page.position, "after": after}
            yield Page(rows, position=place, until=page.until, note=page.note)
            if over:
                position = {"size": page.position["size"]}
                break
        after = str(behind["after"])
    yield Page([], position={"after": after}, last=True, cursor=cursor, gaps=gaps)


def _mine(whose: str, codes: set[str]) -> Callable[[Any], bool]:
    """Whether a row belongs to these parents; one that does not tell, or cannot be read, does."""

    def mine(row: Any) -> bool:
        try:
            parent = getattr(_parent.decode(row), whose) if whose else None
        except (msgspec.DecodeError, UnicodeDecodeError):
            return True
        return parent is None or str(parent) in codes

    return mine
