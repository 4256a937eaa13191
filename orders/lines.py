"""Order lines: what a batch tells of each order, put beside what is stored, and written for all orders at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from catalog import rows
from catalog.mirror import told
from catalog.outcome import Batch, Item
from catalog.records import KEEP, Keep
from orders import linking
from orders.models import Order, OrderLine
from orders.records import OrderLineRecord, OrderRecord
from orders.words import Meanings, overall

SHOWN = ("external_id", "sku", "barcode", "status", "vendor_status", "total", "commission", "net")
EMPTY = OrderLine()
AHEAD = timedelta(days=1)  # a vendor's clock may run ahead, and some send local times


@dataclass
class Part:
    """One order of a batch. `items` are in the vendor's order of change, the newest last."""

    items: list[Item]
    stored: Order | None
    lines: dict[str, OrderLine] = field(default_factory=dict)  # stored, by external id
    values: dict[str, rows.Values] = field(default_factory=dict)  # told and not older than what is stored

    @property
    def record(self) -> OrderRecord:
        record: OrderRecord = self.items[-1].record
        return record

    @property
    def is_old(self) -> bool:
        """Whether the vendor changed the stored order after this version of it."""
        before = self.stored.vendor_changed_at if self.stored else None
        return bool(before and self.record.vendor_changed_at and self.record.vendor_changed_at < before)

    @property
    def in_parts(self) -> bool:
        """Whether a row tells single lines of the order, so that its totals and status are made from all its lines."""
        return not self.record.lines_complete and bool(self.record.lines)

    @property
    def news(self) -> dict[str, OrderLineRecord]:
        """The lines told, the newest version of each; of a whole order those of its newest version alone."""
        if self.record.lines_complete:
            return {} if self.is_old else {line.external_id: line for line in self.record.lines}
        told_lines = {line.external_id: line for item in self.items for line in item.record.lines}
        return {key: line for key, line in told_lines.items() if not _is_older(line, self.lines.get(key))}

    @property
    def stale(self) -> list[int]:
        """Ids of stored lines that the newest whole version of the order has no more."""
        if not self.record.lines_complete or self.is_old:
            return []
        return [line.pk for key, line in self.lines.items() if key not in self.values]

    def view(self) -> list[SimpleNamespace]:
        """The order's lines as they will stand, with the columns that totals, status and search are made from."""
        gone = set(self.stale)
        standing: dict[str, dict[str, Any]] = {
            key: {name: getattr(line, name) for name in SHOWN}
            for key, line in self.lines.items()
            if line.pk not in gone
        }
        for key, values in self.values.items():
            row = standing.setdefault(key, {name: getattr(EMPTY, name) for name in SHOWN})
            row |= {name: values[name] for name in SHOWN if values.get(name, KEEP) is not KEEP} | {"external_id": key}
        return [SimpleNamespace(**row) for _, row in sorted(standing.items())]

    def raw(self, keep: Any) -> Any:
        """The order's row; of an order told in parts that of its first line, in whatever order they came."""
        if not self.in_parts:
            return self.items[-1].raw
        first = min({*self.lines, *self.values})
        named = (item for item in reversed(self.items) if any(line.external_id == first for line in item.record.lines))
        item = next(named, None)
        return keep if item is None or first not in self.values else item.raw


def believed(at: datetime | None, now: datetime) -> datetime | Keep:
    """A vendor's time of change, when there is one and it is none of the far future, which would hide all later changes."""
    return KEEP if at is None or at > now + AHEAD else at


def _is_older(line: OrderLineRecord, stored: OrderLine | None) -> bool:
    before = stored.vendor_changed_at if stored else None
    return bool(before and line.vendor_changed_at and line.vendor_changed_at < before)


def gather(batch: Batch) -> dict[str, Part]:
    """The batch's orders by external id, each with its stored row and stored lines."""
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in batch.items:
        groups[item.record.external_id].append(item)
    known = rows.stored(Order, {"vendor_id": batch.vendor_id}, "external_id", groups)
    parts = {
        key: Part(sorted(items, key=lambda item: item.record.vendor_changed_at or batch.now), known.get(key))
        for key, items in groups.items()
    }
    by_id = {part.stored.pk: part for part in parts.values() if part.stored}
    for ids in rows.chunks(sorted(by_id)):
        for line in OrderLine.objects.filter(order_id__in=ids):
            by_id[line.order_id].lines[line.external_id] = line
    return parts


def place(batch: Batch, parts: Iterable[Part], meaning: Meanings) -> None:
    """Make column values of the lines told: with their meaning and with the variants they match."""
    news = [(part, line) for part in parts for line in part.news.values()]
    matches = linking.match(batch.vendor_id, [line for _, line in news])
    for (part, line), (variant_id, how) in zip(news, matches, strict=True):
        part.values[line.external_id] = told(line, "status") | {
            "vendor_changed_at": believed(line.vendor_changed_at, batch.now),
            "status": meaning.of(line.vendor_status, line.status),
            "variant_id": variant_id,
            "match": how,
        }


def write(batch: Batch, parts: Mapping[str, Part], ids: Mapping[str, int]) -> set[str]:
    """Write the lines of all orders; returns the external ids of orders with a line made, changed or removed."""
    owner = {ids[key]: key for key in parts}
    values = {(ids[key], line): row for key, part in parts.items() for line, row in part.values.items()}
    known = {(ids[key], line): row for key, part in parts.items() for line, row in part.lines.items()}
    written = rows.write(OrderLine, {}, values, now=batch.now, key=("order_id", "external_id"), known=known)
    touched = {owner[order_id] for order_id, _ in written.created}
    touched |= {owner[change.external_id[0]] for change in written.changes}
    stale = {key: part.stale for key, part in parts.items() if part.stale}
    for part_ids in rows.chunks([pk for pks in stale.values() for pk in pks]):
        OrderLine.objects.filter(pk__in=part_ids).delete()
    return touched | set(stale)


def totals(lines: list[SimpleNamespace]) -> rows.Values:
    """Status and money of an order told in parts, made from all its lines."""
    words = dict.fromkeys(line.vendor_status for line in lines if line.vendor_status)
    return {
        "status": overall(line.status for line in lines),
        "vendor_status": ", ".join(words)[:200],
        **{name: total(getattr(line, name) for line in lines) for name in ("total", "commission", "net")},
    }


def total(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, or None when one part is unknown: unknown is never zero."""
    parts = list(values)
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if parts and len(known) == len(parts) else None
