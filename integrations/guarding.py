"""The guard: what of a run is too risky to apply by itself is held for a person; the rest is applied."""

from collections.abc import Sequence
from importlib import import_module

from django.utils import timezone

from integrations import fingerprint, intake
from integrations.models import Held, HeldRow, Schedule, SyncRun
from integrations.service import Account, Flow

GONE_SHARE = 0.10
GONE_ROWS = 50
ZERO_SHARE = 0.30
ZERO_ROWS = 3


def gone(schedule: Schedule, run: SyncRun, flow: Flow, missing: Sequence[str], *, known: int, empty: bool) -> None:
    """Mark rows gone that a complete list lacks, or hold them: an empty list, or more than 10 % and 50 rows."""
    overtaken(schedule, Held.Kind.GONE)
    if not missing:
        return
    if empty or (len(missing) > GONE_ROWS and len(missing) > GONE_SHARE * known):
        what = "The list came empty" if empty else "The list shrank sharply"
        _hold(
            schedule, run, Held.Kind.GONE, len(missing), known, f"{what}: {len(missing)} of {known} rows are missing."
        )
        HeldRow.objects.bulk_create(
            [
                HeldRow(
                    vendor_id=schedule.vendor_id,
                    flow=schedule.flow,
                    run=run,
                    held=Held.objects.filter(run=run, kind=Held.Kind.GONE).first(),
                    kind=Held.Kind.GONE,
                    external_id=key,
                    detail="missing from the list",
                )
                for key in missing
            ],
            batch_size=500,
            ignore_conflicts=True,
        )
        return
    apply_gone(schedule, run, flow, missing)


def apply_gone(schedule: Schedule, run: SyncRun | None, flow: Flow, missing: Sequence[str]) -> None:
    marked = import_module(f"{flow.room}.mirror").gone(schedule.vendor_id, schedule.flow, missing, timezone.now())
    fingerprint.drop(schedule.pk, missing)
    if run is not None:
        run.gone += marked


def decide(schedule: Schedule, run: SyncRun, flow: Flow, account: Account) -> None:
    """Rows put aside in this run: prices that jumped are held; zeros are held when they are many, else applied."""
    aside = HeldRow.objects.filter(vendor_id=schedule.vendor_id, flow=schedule.flow, run=run, held=None)
    prices = list(aside.filter(kind=Held.Kind.PRICE))
    zeros = list(aside.filter(kind=Held.Kind.ZERO))
    if prices:
        reason = f"The price of {len(prices)} rows grew or shrank more than the set factor."
        held = _hold(schedule, run, Held.Kind.PRICE, len(prices), run.seen, reason)
        aside.filter(kind=Held.Kind.PRICE).update(held=held)
    if not zeros:
        return
    stocked = import_module(f"{flow.room}.mirror").in_stock(schedule.vendor_id)
    if len(zeros) >= ZERO_ROWS and len(zeros) > ZERO_SHARE * stocked:
        reason = f"{len(zeros)} of {stocked} rows in stock went to zero at once."
        held = _hold(schedule, run, Held.Kind.ZERO, len(zeros), stocked, reason)
        aside.filter(kind=Held.Kind.ZERO).update(held=held)
        return
    apply_rows(schedule, run, flow, account, zeros)


def apply_rows(schedule: Schedule, run: SyncRun, flow: Flow, account: Account, held_rows: Sequence[HeldRow]) -> None:
    """Mirror rows that were put aside, without the guard, and vouch for them."""
    slices = {row.external_id: row.raw.encode() for row in held_rows}
    found = intake.Sorted({k: fingerprint.digest(v) for k, v in slices.items()}, slices)
    intake.store(schedule, flow, account, run, found, None)


def overtaken(schedule: Schedule, kind: str) -> None:
    """A newer complete list has spoken: what waited for a decision about an older one is overtaken."""
    waiting = Held.objects.filter(vendor_id=schedule.vendor_id, flow=schedule.flow, kind=kind, state=Held.State.WAITING)
    HeldRow.objects.filter(held__in=waiting).delete()
    waiting.update(state=Held.State.OVERTAKEN, decided_at=timezone.now(), decided_by="a newer run")


def _hold(schedule: Schedule, run: SyncRun, kind: str, rows: int, known: int, reason: str) -> Held:
    if kind != Held.Kind.GONE:
        Held.objects.filter(
            vendor_id=schedule.vendor_id, flow=schedule.flow, kind=kind, state=Held.State.WAITING
        ).update(state=Held.State.OVERTAKEN, decided_at=timezone.now(), decided_by="a newer run")
    run.held += rows
    return Held.objects.create(
        vendor_id=schedule.vendor_id,
        flow=schedule.flow,
        run=run,
        kind=kind,
        rows_count=rows,
        of_count=known,
        reason=reason,
        created_at=timezone.now(),
    )
