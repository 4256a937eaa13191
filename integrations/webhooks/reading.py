"""From what was posted to the rows it is about: asked of the vendor through the flow's own way in, many pieces of news at once."""

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from integrations import alerting, asking, circuit
from integrations.circuit import Leave
from integrations.connection import with_service
from integrations.errors import VendorError
from integrations.faultpoints import faultpoint
from integrations.models import Callback, Schedule, SyncRun, Vendor, WebhookDelivery
from integrations.service import Flow, Verdict, services
from integrations.webhooks import claims

AT_ONCE = 2000  # deliveries looked at in one go
ATTEMPTS = 6  # failed runs before a delivery is given up; the flow's own schedule brings its rows all the same
State = WebhookDelivery.State
log = logging.getLogger(__name__)


@dataclass
class Told:
    """What one look at a vendor's deliveries led to."""

    runs: list[SyncRun] = field(default_factory=list)
    troubles: list[WebhookDelivery] = field(default_factory=list)
    claims: list[WebhookDelivery] = field(default_factory=list)


def read(vendor_id: int) -> list[SyncRun]:
    """Settle what was read by now, and ask for what waits. Two processes at once ask for nothing twice."""
    vendor = Vendor.objects.filter(pk=vendor_id, enabled=True).first()
    if vendor is None or vendor.kind not in services():
        return []
    settle(vendor_id)
    with transaction.atomic():
        told = _ask(vendor)
        faultpoint("news.asked")
    if told.troubles:
        _check(vendor, told.troubles)
    for delivery in told.claims:
        claims.look_into(vendor, delivery.pk)
    return told.runs


def sweep() -> int:
    """Look at every vendor whose deliveries wait, or whose run has ended; how many there were."""
    now = timezone.now()
    due = Q(not_before=None) | Q(not_before__lte=now)
    waiting = WebhookDelivery.objects.filter(due, state=State.WAITING).order_by().values_list("vendor_id", flat=True)
    ended = Q(run__finished_at__isnull=False) | Q(run=None)
    read_by_now = WebhookDelivery.objects.filter(ended, state=State.READING).order_by()
    vendors = {*waiting.distinct()[:1000], *read_by_now.values_list("vendor_id", flat=True).distinct()[:1000]}
    for vendor_id in sorted(vendors):
        read(vendor_id)
    return len(vendors)


def settle(vendor_id: int) -> None:
    """Close the deliveries whose run has ended; those of a failed one wait again, longer each time."""
    now = timezone.now()
    reading = WebhookDelivery.objects.filter(vendor=vendor_id, state=State.READING)
    good = [SyncRun.State.OK, SyncRun.State.PARTIAL, SyncRun.State.HELD]
    reading.filter(run__finished_at__isnull=False, run__state__in=good).update(
        state=State.DONE, handled_at=now, note=""
    )
    lost = reading.filter(Q(run=None) | Q(run__state=SyncRun.State.FAILED)).select_related("run")
    given_up = [delivery for delivery in lost.defer("body", "headers")[:AT_ONCE] if not _again(delivery, now)]
    if given_up:
        alerting.tell(
            "webhook deliveries were given up",
            [f"{len(given_up)} deliveries, the last for {given_up[-1]}: {given_up[-1].note}"],
        )


def _again(delivery: WebhookDelivery, now: datetime) -> bool:
    """Let it wait for another try; False when there were enough."""
    delivery.attempts += 1
    delivery.note = delivery.run.error if delivery.run else ""
    if delivery.attempts >= ATTEMPTS:
        delivery.state, delivery.handled_at = State.FAILED, now
        delivery.save(update_fields=["state", "handled_at", "attempts", "note"])
        return False
    delivery.state, delivery.not_before = State.WAITING, now + timedelta(minutes=2**delivery.attempts)
    wait(delivery)
    return True


def wait(delivery: WebhookDelivery) -> None:
    """Store it as waiting; one that says what another waiting one says is done with it."""
    try:
        with transaction.atomic():
            delivery.save(update_fields=["state", "not_before", "attempts", "note"])
    except IntegrityError:
        delivery.state, delivery.handled_at = State.DONE, timezone.now()
        delivery.note = "A later delivery says the same and is read in its place."
        delivery.save(update_fields=["state", "handled_at", "attempts", "note"])


def replay(delivery: WebhookDelivery) -> None:
    """Read what it is about, or prove what it claims, once more."""
    delivery.state = State.WAITING
    delivery.attempts, delivery.not_before, delivery.note = 0, None, delivery.note if delivery.trouble else ""
    wait(delivery)


def _ask(vendor: Vendor) -> Told:
    """Queue a run for each flow that news are about. A flow whose own time has come is left to it first, or it would starve."""
    now, told = timezone.now(), Told()
    due = Q(not_before=None) | Q(not_before__lte=now)
    waiting = WebhookDelivery.objects.select_for_update(skip_locked=True).filter(
        due, vendor=vendor, state=State.WAITING
    )
    by_flow: dict[str, list[WebhookDelivery]] = defaultdict(list)
    for delivery in waiting.order_by("pk").only(
        "event", "flow", "external_ids", "trouble", "claim", "note", "callback"
    )[:AT_ONCE]:
        if delivery.trouble:
            told.troubles.append(delivery)
        elif delivery.claim:
            told.claims.append(delivery)
        else:
            by_flow[delivery.flow].append(delivery)
    _close([*told.troubles, *told.claims], State.DONE, now)
    flows = services()[vendor.kind].flows
    for name, deliveries in by_flow.items():
        flow = flows.get(name)
        why = _unusable(vendor, name, flow)
        if flow is None or why:
            _close(deliveries, State.NOTHING, now, note=why)
            continue
        if Schedule.objects.filter(vendor=vendor, flow=name, enabled=True, due_at__lte=now).exists():
            continue
        taken, codes = _together(deliveries, flow)
        run = asking.tell(vendor, name, codes)
        WebhookDelivery.objects.filter(pk__in=[delivery.pk for delivery in taken]).update(state=State.READING, run=run)
        told.runs.append(run)
    return told


def _together(deliveries: list[WebhookDelivery], flow: Flow) -> tuple[list[WebhookDelivery], set[str]]:
    """The deliveries one run can read, and the rows it asks for; none where the flow is read as a whole."""
    if not (flow.single or flow.codes):
        return deliveries, set()
    whole = [delivery for delivery in deliveries if not delivery.external_ids]
    if whole:
        return whole, set()
    taken: list[WebhookDelivery] = []
    codes: set[str] = set()
    for delivery in deliveries:
        more = {str(key) for key in delivery.external_ids}
        if taken and len(codes | more) > asking.TOGETHER:
            break
        codes |= more
        taken.append(delivery)
    return taken, codes


def _unusable(vendor: Vendor, name: str, flow: Flow | None) -> str:
    if flow is None:
        return f"{vendor} has no flow “{name}”."
    if not flow.proven and name not in vendor.confirmed:
        return f"The flow “{name}” is not verified for this account; confirm it on the vendor's page."
    return services()[vendor.kind].lacks(name, vendor.account)


def _close(deliveries: list[WebhookDelivery], state: str, now: datetime, note: str | None = None) -> None:
    values = {"state": state, "handled_at": now} | ({} if note is None else {"note": note})
    WebhookDelivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries]).update(**values)


def _check(vendor: Vendor, deliveries: list[WebhookDelivery]) -> None:
    """Nobody's word is taken for trouble: the connection is tested, once for all that say so, and paused when it is broken."""
    for delivery in {delivery.callback_id: delivery for delivery in deliveries}.values():
        Callback.objects.filter(pk=delivery.callback_id).update(trouble=delivery.note, trouble_since=timezone.now())
    try:
        verdict = with_service(vendor, lambda service: service.probe(), interactive=True)
    except VendorError as error:
        circuit.failed(vendor, error, Leave.TRIAL)
        verdict = Verdict(False, error.cause, str(error), error.cure)
    found = (
        "A test of the connection works." if verdict.ok else f"A test says: {verdict.message} {verdict.cure}".strip()
    )
    for delivery in deliveries:
        WebhookDelivery.objects.filter(pk=delivery.pk).update(note=f"{delivery.note} {found}")
    said = [*dict.fromkeys(delivery.note for delivery in deliveries)]
    alerting.tell(f"{vendor} reports trouble", [*said[:10], found])
