"""The guard: what of a run is too risky to apply by itself is held for a person; the rest is applied.

A held part never changes under the eyes of whoever looks at it: it only loses rows that the vendor says something else of by
now. What became risky since is a part of its own.
"""

from collections.abc import Sequence
from decimal import Decimal
from importlib import import_module
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from integrations import decisions, fingerprint, intake
from integrations.faultpoints import faultpoint
from integrations.models import Held, HeldRow, Schedule, SyncRun
from integrations.service import SAFETY, Account, Flow, option_of

SAMPLE = 20  # rows a held part keeps to show after the decision


def gone(schedule: Schedule, run: SyncRun, flow: Flow, account: Account, missing: Sequence[str], known: int) -> None:
    """Mark rows gone that a complete list lacks, or hold them when they are too many; `known` counts all there were."""
    kept = decisions.still_wanted(schedule)
    decisions.forget(schedule, kept - set(missing))
    lacking = [key for key in missing if key not in kept]
    waiting = _rows(schedule).filter(kind=Held.Kind.GONE)
    _let_go(waiting, set(waiting.values_list("external_id", flat=True)) - set(lacking))
    others = _rows(schedule).exclude(kind=Held.Kind.GONE)
    if others.exists():  # what is not in the list has no price to decide about
        _let_go(others, set(lacking))
    share, floor = _limit(account, "guard_gone_percent"), _limit(account, "guard_gone_rows")
    empty = bool(lacking) and len(missing) == known
    if not empty and not (len(lacking) > floor and len(lacking) * 100 > share * known):
        apply_gone(schedule, run, flow, lacking)
        waiting.delete()
        return
    what = "The list came empty" if empty else "The list shrank sharply"
    held = set(waiting.values_list("external_id", flat=True))
    fresh = [key for key in lacking if key not in held]
    names = getattr(import_module(f"{flow.room}.mirror"), "called", _nobody)(
        schedule.vendor_id, schedule.flow, fresh[:SAMPLE]
    )
    shared = {"vendor_id": schedule.vendor_id, "flow": schedule.flow, "run": run, "kind": Held.Kind.GONE}
    HeldRow.objects.bulk_create(
        [
            HeldRow(
                **shared,
                external_id=key,
                detail=f"missing from the list: {names.get(key, '')}".removesuffix(": ")[:300],
            )
            for key in fresh
        ],
        batch_size=500,
        ignore_conflicts=True,
    )
    waiting.update(run=run)
    _hold(
        schedule,
        run,
        Held.Kind.GONE,
        known,
        f"{what}: {len(lacking)} of {known} rows are missing{_percent(len(lacking), known)}. "
        f"By themselves go up to {floor} rows or {share} %.",
    )


def apply_gone(schedule: Schedule, run: SyncRun | None, flow: Flow, missing: Sequence[str]) -> None:
    if not missing:
        return
    marked = import_module(f"{flow.room}.mirror").gone(schedule.vendor_id, schedule.flow, missing, timezone.now())
    fingerprint.drop(schedule.pk, missing)
    faultpoint("gone.applied")
    if run is not None:
        run.gone += marked


def absent(schedule: Schedule, run: SyncRun, flow: Flow, external_ids: Sequence[str]) -> None:
    """Rows asked for one by one of which the vendor itself said that there are none: gone where a flow's rows can go at all."""
    if flow.complete:
        apply_gone(schedule, run, flow, external_ids)
    else:
        fingerprint.drop(schedule.pk, external_ids)
    intake.resolve(schedule, list(external_ids), timezone.now())


def decide(schedule: Schedule, run: SyncRun, flow: Flow, account: Account) -> None:
    """Rows of which a part was held back in this run: prices wait; zeros wait when they are many, else they are applied."""
    aside = _rows(schedule).filter(run=run)
    prices, zeros = aside.filter(kind=Held.Kind.PRICE), aside.filter(kind=Held.Kind.ZERO)
    factor = _limit(account, "guard_price_factor")
    count = prices.count()
    rows = "1 row" if count == 1 else f"{count} rows"
    reason = f"The price of {rows} grew or shrank by more than the factor {factor}. All else of them is applied."
    _hold(schedule, run, Held.Kind.PRICE, run.seen, reason)
    if count := zeros.count():
        stocked = import_module(f"{flow.room}.mirror").in_stock(schedule.vendor_id)
        share, floor = _limit(account, "guard_zero_percent"), _limit(account, "guard_zero_rows")
        if count >= floor and count * 100 > share * stocked:
            reason = (
                f"{count} of {stocked} rows in stock went to zero at once{_percent(count, stocked)}. "
                f"By themselves go fewer than {floor} rows or up to {share} %."
            )
            _hold(schedule, run, Held.Kind.ZERO, stocked, reason)
        else:
            apply_rows(schedule, run, flow, account, list(zeros))
    _close_empty(schedule)


def apply_rows(schedule: Schedule, run: SyncRun, flow: Flow, account: Account, held_rows: Sequence[HeldRow]) -> int:
    """Mirror rows that were put aside, without the guard, and vouch for them.

    Returns of how many a price or stock stays because another run has stored a newer one since.
    """
    slices = {row.external_id: row.raw.encode() for row in held_rows}
    found = intake.Sorted({k: fingerprint.digest(v) for k, v in slices.items()}, slices)
    heard = SyncRun.objects.in_bulk({row.run_id for row in held_rows if row.run_id and row.run_id != run.pk})
    heard[run.pk] = run
    said_at = {row.external_id: (heard[row.run_id].started_at, row.run_id) for row in held_rows if row.run_id in heard}
    outcome = intake.store(schedule, flow, account, run, found, None, said_at)
    faultpoint("aside.applied")
    return len(outcome.left)


def _hold(schedule: Schedule, run: SyncRun, kind: str, known: int, reason: str) -> None:
    """Count what this run saw of a kind; what does not wait yet becomes a part of its own."""
    aside = _rows(schedule).filter(run=run, kind=kind)
    run.held += aside.count()
    new = aside.filter(held=None)
    count = new.count()
    if not count:
        return
    held = Held.objects.create(
        vendor_id=schedule.vendor_id,
        flow=schedule.flow,
        run=run,
        kind=kind,
        rows_count=count,
        of_count=known,
        reason=reason,
        sample=[[row.external_id, row.detail] for row in new.defer("raw").order_by("pk")[:SAMPLE]],
        created_at=timezone.now(),
    )
    new.update(held=held)


def _let_go(rows: QuerySet[HeldRow], external_ids: set[str]) -> None:
    """What waited about these rows is no question any more."""
    keys = sorted(external_ids)
    for start in range(0, len(keys), 500):
        rows.filter(external_id__in=keys[start : start + 500]).delete()


def _close_empty(schedule: Schedule) -> None:
    """Parts all of whose rows a newer run brought something else for, or applied."""
    waiting = Held.objects.filter(vendor_id=schedule.vendor_id, flow=schedule.flow, state=Held.State.WAITING)
    waiting.filter(rows=None).update(state=Held.State.OVERTAKEN, decided_at=timezone.now(), decided_by="a newer run")


def _rows(schedule: Schedule) -> QuerySet[HeldRow]:
    return HeldRow.objects.filter(vendor_id=schedule.vendor_id, flow=schedule.flow)


def _limit(account: Account, name: str) -> Decimal:
    return Decimal(str(option_of(SAFETY, account, name)))


def _percent(part: int, whole: int) -> str:
    return f" ({part * 100 // whole} %)" if whole else ""


def _nobody(*args: Any) -> dict[str, str]:
    return {}
