"""What a mirror function is given and what it tells back: shared by `catalog.mirror` and `orders.mirror`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog.jsontext import Json


@dataclass(frozen=True, slots=True)
class Item:
    """One record with the raw row it was read from, as JSON to be stored beside the columns."""

    external_id: str
    record: Any
    raw: Json


@dataclass(frozen=True, slots=True)
class Risk:
    """A part of a row that was held back. `kind` of Held; `said` is the same text as long as the vendor says the same."""

    kind: str
    said: str
    detail: str


@dataclass(frozen=True)
class Guard:
    """What is too risky to apply by itself: a price that grew or shrank by more than `price_factor`, stock gone to zero.

    refused: external id → what a person decided not to take; it is held back without asking again.
    """

    price_factor: Decimal = Decimal(5)
    zero: bool = True
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """Items of one flow to mirror in the running transaction. `run_id` is named on price and stock changes.

    said_at: external id → when the vendor said it and the run that heard it, of rows that waited for a person since: a price or
    stock that another run has changed meanwhile stays.
    """

    vendor_id: int
    items: Sequence[Item]
    now: datetime
    run_id: int | None = None
    guard: Guard | None = None
    time_zone: str = "UTC"
    said_at: Mapping[str, tuple[datetime, int | None]] = field(default_factory=dict)


@dataclass
class Outcome:
    """What the mirror did with a batch. Of `risky` rows a part was left as stored; they are not among the counts.

    kept: rows of which a part was left as stored because a person had decided so. left: because something newer is stored.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    risky: dict[str, Risk] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    unknown: Counter[str] = field(default_factory=Counter)  # a vendor's words whose meaning nobody has told, how often
    changed: set[str] = field(default_factory=set)  # external ids of created or updated rows
    missing: dict[str, str] = field(default_factory=dict)  # rows that could not be placed: external id → reason
