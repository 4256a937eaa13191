"""One page of a run: filter by fingerprint, parse, mirror, reject and put aside, all in one transaction with the position."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from types import MappingProxyType
from typing import Any

from django.utils import timezone

from catalog.outcome import Batch, Guard, Item, Outcome, Risk
from integrations import decisions, fingerprint, raw
from integrations.faultpoints import faultpoint
from integrations.models import HeldRow, Reject, Schedule, SyncRun
from integrations.seen import Seen
from integrations.service import SAFETY, Account, Flow, Page, option_of

WORDS_NOTE = re.compile(r" ?Unknown status words: .*?”[^“]*?\.(?=$| )")
WORD_NOTE = re.compile(r"“(.+?)” ×(\d+)")
Ages = Mapping[str, tuple[datetime, int | None]]
NOW: Ages = MappingProxyType({})  # nothing has waited
PARSE_ERRORS = (ValueError, KeyError, TypeError, ArithmeticError, AttributeError, IndexError, RecursionError)


@dataclass
class Sorted:
    """A page, sorted: digests of all rows by external id, and the slices that are new or changed."""

    digests: dict[str, str] = field(default_factory=dict)
    fresh: dict[str, Any] = field(default_factory=dict)
    unreadable: dict[str, tuple[str, str]] = field(default_factory=dict)  # id or digest → raw text, reason


def sort(schedule: Schedule, flow: Flow, page: Page, *, all_rows: bool) -> Sorted:
    """Cut a page down to what is new or changed; of two rows with one id the later counts."""
    found = Sorted()
    slices: dict[str, Any] = {}
    for slice_ in page.rows:
        try:
            slices[flow.key(slice_)] = slice_
        except PARSE_ERRORS as error:
            found.unreadable[f"?{fingerprint.digest(slice_)}"] = (raw.text(slice_), f"No id: {_why(error)}")
    found.digests = {key: fingerprint.digest(slice_) for key, slice_ in slices.items()}
    known = {} if all_rows else fingerprint.known(schedule.pk, found.digests)
    found.fresh = {key: slices[key] for key, digest in found.digests.items() if known.get(key) != digest}
    return found


def parse(flow: Flow, account: Account, fresh: Mapping[str, Any]) -> tuple[list[Item], dict[str, tuple[str, str]]]:
    """Items ready to mirror, and the rows that could not be read: external id → raw text, reason."""
    items, rejected = [], {}
    for key, slice_ in fresh.items():
        try:
            record = flow.parse(raw.row(slice_), account)
            items.append(Item(key, record, raw.stored(slice_)))
        except PARSE_ERRORS as error:
            rejected[key] = (raw.text(slice_), _why(error))
    return items, rejected


def mirror(
    schedule: Schedule, flow: Flow, items: list[Item], run: SyncRun, guard: Guard | None, said_at: Ages
) -> Outcome:
    """Hand items to the flow's mirror function, in the caller's transaction."""
    function = getattr(import_module(f"{flow.room}.mirror"), flow.mirror or schedule.flow)
    batch = Batch(schedule.vendor_id, items, timezone.now(), run_id=run.pk, guard=guard, said_at=said_at)
    outcome: Outcome = function(batch)
    return outcome


def store(
    schedule: Schedule,
    flow: Flow,
    account: Account,
    run: SyncRun,
    found: Sorted,
    guard: Guard | None,
    said_at: Ages = NOW,
) -> Outcome:
    """Mirror what is new or changed on a page, keep rejects, put risky rows aside; counts go onto the run object.

    said_at: of rows that waited, when the vendor said it and the run that heard it; where something newer is stored, it stays.
    """
    items, rejected = parse(flow, account, found.fresh)
    faultpoint("rows.parsed")
    if guard is not None:
        guard = replace(guard, refused=decisions.said(schedule, found.fresh))
    outcome = mirror(schedule, flow, items, run, guard, said_at) if items else Outcome()
    faultpoint("rows.mirrored")
    for key, reason in outcome.missing.items():
        rejected[key] = (raw.text(found.fresh[key]), reason)
    rejected |= found.unreadable
    now = timezone.now()
    keep_rejects(schedule, run, rejected, now)
    put_aside(schedule, run, {k: (raw.text(found.fresh[k]), risk) for k, risk in outcome.risky.items()})
    fingerprint.forget(schedule.pk, outcome.risky)  # what was vouched for is half overwritten
    done = {k: found.digests[k] for k in found.fresh if k not in rejected and k not in outcome.risky}
    if done:
        # What was left because it is older than the stored is not vouched for: the next list is looked at anew.
        fingerprint.remember(schedule.pk, {k: digest for k, digest in done.items() if k not in outcome.left})
        faultpoint("rows.vouched_for")
        HeldRow.objects.filter(vendor_id=schedule.vendor_id, flow=schedule.flow, external_id__in=list(done)).delete()
    if not said_at:  # a row that waited says nothing of a newer one that cannot be read
        resolve(schedule, [*done, *outcome.risky], now)
    if guard is not None:
        decisions.forget(schedule, guard.refused.keys() - outcome.kept - rejected.keys())
    if outcome.changed:
        for other in Schedule.objects.filter(vendor_id=schedule.vendor_id, flow__in=flow.shares):
            fingerprint.forget(other.pk, outcome.changed)
    run.note = _with_words(run.note, outcome.unknown)
    run.created += outcome.created
    run.updated += outcome.updated
    run.unchanged += outcome.unchanged + len(found.digests) - len(found.fresh)
    run.rejected += len(rejected)
    faultpoint("rows.staged")
    return outcome


def keep_rejects(schedule: Schedule, run: SyncRun, rejected: dict[str, tuple[str, str]], now: datetime) -> None:
    known = Reject.objects.filter(vendor_id=schedule.vendor_id, flow=schedule.flow, external_id__in=list(rejected))
    by_id = {reject.external_id: reject for reject in known}
    for key, (text, reason) in rejected.items():
        reject = by_id.get(key) or Reject(
            vendor_id=schedule.vendor_id, flow=schedule.flow, external_id=key[:200], first_seen_at=now, times=0
        )
        reject.raw, reject.reason, reject.run_id = text.replace("\x00", "\ufffd"), reason, run.pk
        reject.last_seen_at, reject.resolved_at, reject.times = now, None, reject.times + 1
        reject.save()


def resolve(schedule: Schedule, done: list[str], now: datetime) -> None:
    """Close the rejects of rows that can be read by now."""
    open_ones = Reject.objects.filter(vendor_id=schedule.vendor_id, flow=schedule.flow, resolved_at=None)
    if done and open_ones.exists():
        open_ones.filter(external_id__in=done).update(resolved_at=now)


def resolve_past(schedule: Schedule, run: SyncRun, seen: Seen, now: datetime, *, whole: bool) -> None:
    """Close rejects of rows that this run met as they were before the fault, or, of a whole list, met no more without an id."""
    past = Reject.objects.filter(vendor_id=schedule.vendor_id, flow=schedule.flow, resolved_at=None).exclude(
        run_id=run.pk
    )
    over = [pk for pk, key in past.values_list("pk", "external_id") if key in seen or (whole and key.startswith("?"))]
    if over:
        past.filter(pk__in=over).update(resolved_at=now)


def put_aside(schedule: Schedule, run: SyncRun, risky: Mapping[str, tuple[str, Risk]]) -> None:
    """Keep the raw rows of which a part was held back. One that says what it said before stays where it was put then."""
    mine = HeldRow.objects.filter(vendor_id=schedule.vendor_id, flow=schedule.flow, external_id__in=list(risky))
    before = {row.external_id: row for row in mine} if risky else {}
    shared = {"vendor_id": schedule.vendor_id, "flow": schedule.flow, "run_id": run.pk}
    aside = []
    for key, (text, risk) in risky.items():
        old = before.get(key)
        same = old is not None and (old.kind, old.said) == (risk.kind, risk.said)
        held_id = old.held_id if old is not None and same else None
        text = text.replace("\x00", "\ufffd")
        aside.append(
            HeldRow(
                **shared,
                external_id=key,
                held_id=held_id,
                kind=risk.kind,
                said=risk.said,
                raw=text,
                detail=risk.detail[:300],
            )
        )
    HeldRow.objects.bulk_create(
        aside,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["vendor", "flow", "external_id"],
        update_fields=["run", "held", "kind", "said", "raw", "detail"],
    )


def guard_of(flow: Flow, account: Account) -> Guard | None:
    """The flow's guard with the connection's own limits, where it has any."""
    if not flow.guard:
        return None
    return Guard(price_factor=Decimal(str(option_of(SAFETY, account, "guard_price_factor"))))


def _with_words(note: str, unknown: Counter[str]) -> str:
    """The run's note with the vendor's words nobody has told the meaning of, and how many rows had each."""
    if not unknown:
        return note
    said = WORDS_NOTE.search(note)
    words = Counter({word: int(times) for word, times in WORD_NOTE.findall(said[0] if said else "")}) + unknown
    told = ", ".join(f"“{word}” ×{times}" for word, times in words.most_common(20))
    return f"{WORDS_NOTE.sub('', note)} Unknown status words: {told}.".strip()


def _why(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"The field “{error.args[0]}” is missing."
    return str(error) or type(error).__name__
