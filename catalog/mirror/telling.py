"""Records as column values, and what every flow of the catalogue counts and writes alike."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any

from catalog import rows
from catalog.models import Mirrored
from catalog.outcome import Batch, Outcome


def told(record: Any, *leave: str) -> rows.Values:
    """The record's fields as column values, without its id and the named ones."""
    names, values_of = _reader(type(record), leave)  # type: ignore[arg-type]
    values = zip(names, values_of(record), strict=True)
    return {name: value if type(value) in rows.SIMPLE else rows.plain(value) for name, value in values}


@cache
def _reader(kind: type, leave: tuple[str, ...]) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The names told of such a record, and what reads their values in one go."""
    names = tuple(f.name for f in fields(kind) if f.name not in ("external_id", *leave))
    if len(names) > 1:
        return names, attrgetter(*names)
    return names, lambda record: tuple(getattr(record, name) for name in names)


def count(outcome: Outcome, ids: Iterable[str], created: set[str], changed: set[str]) -> None:
    """Count each id once: created, else updated, else unchanged. A risky row counts as held, wherever that is decided."""
    for external_id in ids:
        if external_id in outcome.risky:
            if external_id not in changed:
                continue
        elif external_id in created:
            outcome.created += 1
        elif external_id in changed:
            outcome.updated += 1
        else:
            outcome.unchanged += 1
            continue
        outcome.changed.add(external_id)


def plain_flow(batch: Batch, model: type[Mirrored], values: Mapping[str, rows.Values]) -> tuple[Outcome, rows.Written]:
    written = rows.write(model, {"vendor_id": batch.vendor_id}, values, now=batch.now)
    outcome = Outcome()
    count(outcome, values, written.created, {c.external_id for c in written.changes})
    return outcome, written


def with_raw(batch: Batch, *leave: str) -> dict[str, rows.Values]:
    return {
        item.record.external_id: told(item.record, *leave) | {"raw": item.raw, "gone_at": None} for item in batch.items
    }


def ids_of(model: type[Mirrored], batch: Batch, names: Mapping[str, str]) -> dict[str, int]:
    """Ids of referenced rows by external id; one that has not come yet is made with the name it was called by."""
    wanted = {key: name for key, name in names.items() if key}
    scope = {"vendor_id": batch.vendor_id}
    known: dict[str, int] = {}
    for part in rows.chunks(list(wanted)):
        stored = model._default_manager.filter(**scope, external_id__in=part)
        known.update(stored.values_list("external_id", "pk"))
    new = {key: {"name": name or key} for key, name in wanted.items() if key not in known}
    return known | rows.write(model, scope, new, now=batch.now, known={}).ids


def search_text(*parts: Any) -> str:
    """The one upper-case text a list is searched in."""
    return " ".join(part.upper() for part in dict.fromkeys(p for p in parts if isinstance(p, str) and p))
