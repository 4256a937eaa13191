"""Runs that operators or vendors' news ask for: written down first, so that a lost hint loses no wish.

A wish has its page from the first moment on.
"""

from collections.abc import Collection, Iterable, Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone

from config.afterwards import after_commit
from integrations import sync
from integrations.models import Schedule, SyncRun, Trigger, Vendor
from integrations.service import service_class

TOGETHER = 500  # rows read one by one by one run
OPEN = (SyncRun.State.QUEUED, SyncRun.State.RUNNING)


@transaction.atomic
def ask(
    vendor: Vendor, flow: str, *, mode: str = SyncRun.Mode.CHANGES, codes: Sequence[str] = (), by: str = ""
) -> SyncRun:
    """A queued run; the same wish that still waits is returned instead of a second one. LookupError names the flows there are."""
    schedule = sync.schedule_of(vendor, flow)
    Schedule.objects.select_for_update().only("pk").get(pk=schedule.pk)
    wish = {"vendor": vendor, "flow": flow, "mode": mode, "codes": sorted(set(codes))}
    run = SyncRun.objects.filter(**wish, state=SyncRun.State.QUEUED).first()
    if run is None:
        run = SyncRun.objects.create(
            **wish,
            state=SyncRun.State.QUEUED,
            trigger=Trigger.OPERATOR,
            asked_by=by[:200],
            started_at=timezone.now(),
            cursor_before=schedule.cursor,
        )
    _hint(run)
    return run


@transaction.atomic
def tell(vendor: Vendor, flow: str, codes: Collection[str]) -> SyncRun:
    """A queued run that reads these rows again because the vendor says they changed; without codes: whatever changed.

    What is told before the run begins goes with it, so that many pieces of news of one row are one read. What is told later is a
    run of its own: the row may have been read already.
    """
    schedule = sync.schedule_of(vendor, flow)
    Schedule.objects.select_for_update().only("pk").get(pk=schedule.pk)
    wish = {"vendor": vendor, "flow": flow, "mode": SyncRun.Mode.CHANGES, "trigger": Trigger.WEBHOOK}
    queued = SyncRun.objects.select_for_update().filter(**wish, state=SyncRun.State.QUEUED)
    for run in queued:
        together = sorted({*run.codes, *codes})
        if bool(run.codes) == bool(codes) and len(together) <= TOGETHER:
            SyncRun.objects.filter(pk=run.pk).update(codes=together)
            return run
    run = SyncRun.objects.create(
        **wish,
        codes=sorted(codes),
        state=SyncRun.State.QUEUED,
        started_at=timezone.now(),
        cursor_before=schedule.cursor,
    )
    _hint(run)
    return run


def _hint(run: SyncRun) -> None:
    """Tell a worker once it is committed. A broker that is away costs only time: the sweep asks again."""
    from integrations import tasks

    lane = service_class(run.vendor.kind).flows[run.flow].lane
    after_commit(tasks.continue_run.apply_async, (run.pk,), queue=lane)


def begin(run: SyncRun) -> bool:
    """Make a queued run the running one of its flow; False while another one is, or when somebody else began it."""
    if run.state != SyncRun.State.QUEUED:
        return True
    cursor = Schedule.objects.filter(vendor=run.vendor_id, flow=run.flow).values_list("cursor", flat=True).first()
    try:
        with transaction.atomic():
            begun = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.QUEUED).update(
                state=SyncRun.State.RUNNING, started_at=timezone.now(), cursor_before=cursor or {}
            )
    except IntegrityError:
        return False
    return bool(begun)


def step_back(run_id: int) -> None:
    """A run that began but was not let in (its account's circuit is open) waits in the queue again, and bars nobody."""
    untouched = SyncRun.objects.filter(pk=run_id, state=SyncRun.State.RUNNING, owner="", slices=0)
    untouched.update(state=SyncRun.State.QUEUED)


def next_of(run: SyncRun) -> SyncRun | None:
    """The oldest queued run of the same flow."""
    queued = SyncRun.objects.filter(vendor_id=run.vendor_id, flow=run.flow, state=SyncRun.State.QUEUED)
    return queued.select_related("vendor").order_by("pk").first()


def next_ones() -> Iterable[SyncRun]:
    """The oldest queued run of each flow that nothing runs now."""
    running = set(SyncRun.objects.filter(state=SyncRun.State.RUNNING).values_list("vendor_id", "flow"))
    queued = SyncRun.objects.filter(state=SyncRun.State.QUEUED).select_related("vendor").order_by("pk")[:1000]
    first: dict[tuple[int, str], SyncRun] = {}
    for run in queued:
        if (run.vendor_id, run.flow) not in running:
            first.setdefault((run.vendor_id, run.flow), run)
    return first.values()
