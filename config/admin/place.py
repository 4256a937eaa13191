"""A place in a long list, named by the row before it: its key and its id."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

AFTER, BEFORE = "after", "before"
PLACE = (AFTER, BEFORE, "p")


@dataclass(frozen=True)
class Place:
    """Where a page begins. `down`: the list runs from the newest to the oldest. `back`: the page ends here instead.

    `before=` without a row is the end of the list, so the page is its last.
    """

    key: str
    down: bool = True
    back: bool = False
    moment: datetime | None = None
    pk: int = 0

    @classmethod
    def asked(cls, query: QueryDict, key: str, newest_first: bool) -> "Place":
        back = BEFORE in query and AFTER not in query
        at, _, pk = query.get(BEFORE if back else AFTER, "").rpartition("~")
        moment = moment_or_none(at) if pk.isdigit() and pk.isascii() and len(pk) < 19 else None
        return cls(key, newest_first != back, back, moment, int(pk) if moment else 0)

    @property
    def start(self) -> "Place":
        """The end of the list from which this page is reached."""
        return replace(self, moment=None, pk=0)

    def following(self, rows: QuerySet[Any], walk: bool = True) -> QuerySet[Any]:
        """The rows that come next from here, nearest first; without `walk` found first and sorted then."""
        # An expression that no index is ordered by: a planner that expects many rows soon would walk past a million of others.
        key = F(self.key) if walk else Coalesce(self.key, self.key)
        order = (key.desc(), "-pk") if self.down else (key.asc(), "pk")
        if self.moment is not None:
            way = "lt" if self.down else "gt"
            # The first condition alone says nothing new, but an index can begin with it.
            rows = rows.filter(**{f"{self.key}__{way}e": self.moment}).filter(
                Q(**{f"{self.key}__{way}": self.moment}) | Q(**{f"pk__{way}": self.pk})
            )
        return rows.order_by(*order)

    def name(self, row: Any) -> str:
        """What stands in the address for this row."""
        return f"{getattr(row, self.key).isoformat()}~{row.pk}"


def moment_or_none(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
