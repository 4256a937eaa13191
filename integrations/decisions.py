"""What a person decided not to take, remembered for as long as the vendor says the same."""

from collections.abc import Collection, Iterable

from django.db.models import QuerySet
from django.utils import timezone

from integrations.models import Decision, Held, HeldRow, Schedule

PART = 500


def said(schedule: Schedule, external_ids: Collection[str]) -> dict[str, str]:
    """Of these rows, those with a refused price or stock: external id → what the vendor said then."""
    mine = _mine(schedule).exclude(kind=Held.Kind.GONE)
    found: dict[str, str] = {}
    for part in _parts(external_ids) if mine.exists() else ():
        found.update(mine.filter(external_id__in=part).values_list("external_id", "said"))
    return found


def still_wanted(schedule: Schedule) -> set[str]:
    """Rows a person kept although the list lacked them."""
    return set(_mine(schedule).filter(kind=Held.Kind.GONE).values_list("external_id", flat=True))


def remember(schedule: Schedule, rows: Iterable[HeldRow], by: str) -> None:
    now = timezone.now()
    Decision.objects.bulk_create(
        [
            Decision(
                vendor_id=schedule.vendor_id,
                flow=schedule.flow,
                external_id=row.external_id,
                kind=row.kind,
                said=row.said,
                by=by[:200],
                at=now,
            )
            for row in rows
        ],
        batch_size=PART,
        update_conflicts=True,
        unique_fields=["vendor", "flow", "external_id"],
        update_fields=["kind", "said", "by", "at"],
    )


def forget(schedule: Schedule, external_ids: Iterable[str]) -> None:
    """The vendor says something else by now."""
    for part in _parts(external_ids):
        _mine(schedule).filter(external_id__in=part).delete()


def _mine(schedule: Schedule) -> QuerySet[Decision]:
    return Decision.objects.filter(vendor_id=schedule.vendor_id, flow=schedule.flow)


def _parts(external_ids: Iterable[str]) -> Iterable[list[str]]:
    wanted = list(external_ids)
    for start in range(0, len(wanted), PART):
        yield wanted[start : start + PART]
