"""One verb for many of our rows: what would become of each, counted beforehand; then commands, made in batches.

Rows are read a chunk at a time, a handful of queries each, so that thousands cost memory for one chunk.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import Any

from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone

from catalog.models import Product, Variant
from integrations import matching
from integrations.commands import asking, bodies, choices, deciding, doors, giving, switches
from integrations.commands.doors import Offer
from integrations.models import Command, CommandItem, CommandSubject, Vendor
from integrations.verbs import Chosen, Doing

AT_ONCE = 500  # rows in memory, and rows written by one statement
MOST = 10_000  # rows of one decision
HINTED = 100  # commands whose workers are told at once; the sweep tells of the rest
SAMPLES = 12  # rows named beside each reason
HEAVY = ("raw", "search", "description", "specs", "note")


@dataclass
class Fate:
    """What would become of one row: a body, or the reasons why it gets none."""

    chosen: Chosen
    body: dict[str, Any] | None = None
    why: Sequence[str] = ()
    new: bool = False


@dataclass
class Plan:
    """How many would be made, changed or refused; of each reason how many rows and the first of them.

    keys: the rows there are. refusals: by row's id its name and why it gets nothing.
    """

    rows: int = 0
    creates: int = 0
    changes: int = 0
    refused: int = 0
    calls: int = 0
    reasons: dict[str, list[Any]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    first: list[Command] = field(default_factory=list)
    keys: set[int] = field(default_factory=set)
    refusals: dict[int, tuple[str, Sequence[str]]] = field(default_factory=dict)

    @property
    def told(self) -> list[tuple[str, int, list[Any]]]:
        """(reason, how many, the first rows), the commonest first."""
        return sorted(((why, self.counts[why], rows) for why, rows in self.reasons.items()), key=lambda one: -one[1])


def plan(offer: Offer, keys: Sequence[int], given: Mapping[str, Any]) -> Plan:
    """What a decision would do; nothing is written."""
    made = Plan()
    for fates in fates_of(offer, keys, given):
        for fate in fates:
            made.rows += 1
            made.keys.add(fate.chosen.row.pk)
            if fate.body is None:
                made.refused += 1
                made.refusals[fate.chosen.row.pk] = str(fate.chosen.row), fate.why
                _count(made, fate)
            elif fate.new:
                made.creates += 1
            else:
                made.changes += 1
        merged = list(_merged(offer, fates))
        made.calls += len(merged)
        for body, _ in merged[: 2 - len(made.first)]:
            made.first.append(_command(offer, body, "", "", ""))
    return made


def _count(made: Plan, fate: Fate) -> None:
    for why in fate.why:
        made.counts[why] = made.counts.get(why, 0) + 1
        rows = made.reasons.setdefault(why, [])
        if len(rows) < SAMPLES:
            rows.append(fate.chosen.row)


@transaction.atomic
def decide(
    offer: Offer, keys: Sequence[int], given: Mapping[str, Any], *, by: str, batch: str, hinted: bool = True
) -> int:
    """Commands for all rows that can have one, under this batch; returns how many. Decided already: none again.

    given: checked against the door's `asks`. hinted=False: the caller sends them itself. Raises switches.NotAllowed.
    """
    mode = switches.allowed(offer.vendor, offer.name)
    if Command.objects.filter(batch=batch).exists():
        return 0
    made = 0
    for fates in fates_of(offer, keys, given):
        rows: list[Command] = []
        items: list[CommandItem] = []
        subjects: list[CommandSubject] = []
        for body, chosen in _merged(offer, fates):
            command = _command(offer, body, mode, by, batch)
            rows.append(command)
            items += [
                CommandItem(command=command, vendor=offer.vendor, thing=thing[:200], **vars(part))
                for thing, part in giving.things(offer.verb, body).items()
            ]
            subjects += [CommandSubject(command=command, kind=offer.door.on, row=one.row.pk) for one in chosen]
        Command.objects.bulk_create(rows, batch_size=AT_ONCE)
        CommandItem.objects.bulk_create(items, batch_size=AT_ONCE)
        CommandSubject.objects.bulk_create(subjects, batch_size=AT_ONCE)
        for command in rows[: max(0, HINTED - made)] if hinted else ():
            asking.hint(command)
        made += len(rows)
    return made


def _command(offer: Offer, body: dict[str, Any], mode: str, by: str, batch: str) -> Command:
    place = f"{offer.verb.about}:{min(_codes(offer, body), default='')}"
    key, now = f"{batch}:{place}"[:200] if batch else "", timezone.now()
    doing = Doing(offer.vendor.account, body, once=asking.once_of(key) if key else "", verb=offer.name)
    return Command(
        vendor=offer.vendor,
        verb=offer.name,
        about=place[:200],
        body=body,
        request=offer.verb.request(doing).as_json(),
        words=list(offer.verb.says(body)),
        key=key,
        batch=batch,
        state=Command.State.AWAITING if mode == Vendor.Writes.APPROVE else Command.State.QUEUED,
        asked_by=by[:200],
        asked_at=now,
        story=[asking.entry(now, by, "asked for")],
    )


def _merged(offer: Offer, fates: Sequence[Fate]) -> Iterator[tuple[dict[str, Any], list[Chosen]]]:
    """The bodies that go out: one for each row, or as many rows in one as a call may hold."""
    good = [fate for fate in fates if fate.body is not None]
    rows = offer.verb.rows
    if not rows:
        yield from ((fate.body or {}, [fate.chosen]) for fate in good)
        return
    most = asking.most(offer.verb, offer.vendor) or AT_ONCE
    for start in range(0, len(good), most):
        part = good[start : start + most]
        together = [entry for fate in part for entry in (fate.body or {}).get(rows, [])]
        yield {**(part[0].body or {}), rows: together}, [fate.chosen for fate in part]


def fates_of(offer: Offer, keys: Sequence[int], given: Mapping[str, Any]) -> Iterator[list[Fate]]:
    """The fate of each row, chunk by chunk, in the order of their ids. One thing is changed once: a second row is refused."""
    verb = replace(offer.verb, fields=choices.resolved(offer.vendor, offer.verb.fields))
    seen: set[str] = set()
    ordered = sorted(set(keys))[:MOST]
    for start in range(0, len(ordered), AT_ONCE):
        fates = [_fate(offer, verb, one, why, given) for one, why in _chosen(offer, ordered[start : start + AT_ONCE])]
        for fate in fates:
            codes = _codes(offer, fate.body) if fate.body is not None else set()
            if seen & codes:
                fate.body, fate.why = None, ["Another of the chosen rows is the same article there."]
            seen |= codes
        _mark_new(offer, fates)
        yield fates


def _fate(offer: Offer, verb: Any, chosen: Chosen, why: str, given: Mapping[str, Any]) -> Fate:
    reasons = [why] if why else list(doors.refusals(offer, chosen))
    if reasons:
        return Fate(chosen, why=reasons)
    account = offer.vendor.account
    try:
        body = bodies.checked(verb, doors.body_of(offer, [chosen], given))
        if verb.valid:
            verb.valid(account, body)
        if verb.complete:
            body = dict(verb.complete(body, partial(asking.known, offer.vendor.pk)))
    except ValueError as wrong:
        return Fate(chosen, why=[str(wrong)[:200]])
    return Fate(chosen, body)


def _chosen(offer: Offer, keys: Sequence[int]) -> list[tuple[Chosen, str]]:
    """The rows of one chunk, with the article of this connection each goes with, or why that is not clear."""
    if offer.door.on == "product":
        variants = Variant.objects.defer("raw", "search", "note").order_by("id")
        found = Product.objects.filter(pk__in=keys).select_related("vendor", "brand", "category")
        rows = found.prefetch_related(Prefetch("variants", variants)).defer(*HEAVY, "brand__raw", "category__raw")
        return [(Chosen(row), _reach(offer, row)) for row in rows.order_by("pk")]
    listed = list(
        Variant.objects.filter(pk__in=keys).select_related("vendor", "product").defer(
            "raw", "search", "note", "product__raw", "product__search", "product__description"
        ).order_by("pk")
    )  # fmt: skip
    foreign = [row for row in listed if row.vendor_id != offer.vendor.pk]
    matches = matching.found(foreign, {offer.vendor.pk})
    return [_with_listing(offer, row, matches.get(row.pk, [])) for row in listed]


def _reach(offer: Offer, row: Any) -> str:
    """Why a door does not open for a row of that connection."""
    own = row.vendor_id == offer.vendor.pk
    if offer.door.either or offer.door.foreign != own:
        return ""
    return f"It belongs to {row.vendor}; this is for {'other connections' if own else f'{offer.vendor} alone'}."


def _with_listing(offer: Offer, row: Variant, matches: Sequence[matching.Match]) -> tuple[Chosen, str]:
    if why := _reach(offer, row):
        return Chosen(row), why
    if row.vendor_id == offer.vendor.pk:
        return Chosen(row, there=row), ""
    exact = [one for one in matches if one.how == "GTIN"] or list(matches)
    if len(exact) > 1:
        return Chosen(row), "Several articles there have its SKU or GTIN."
    return Chosen(row, there=exact[0].variant if exact else None), ""


def _mark_new(offer: Offer, fates: Sequence[Fate]) -> None:
    """Which of the things the vendor does not have yet, as far as it is mirrored."""
    model: Any = {"product": Product, "variant": Variant}.get(offer.verb.about)
    if model is None:
        return
    columns = ("external_id", "sku") if model is Variant else ("external_id",)  # vendors name articles by either
    keys = {id(fate): _codes(offer, fate.body) for fate in fates if fate.body is not None}
    wanted = {code for codes in keys.values() for code in codes}
    rows = model._default_manager.filter(vendor=offer.vendor, gone_at=None)
    known = (rows.filter(**{f"{column}__in": wanted}).values_list(column, flat=True) for column in columns)
    there = set(chain.from_iterable(known))
    for fate in fates:
        fate.new = bool(keys.get(id(fate))) and not (keys[id(fate)] & there)


def _codes(offer: Offer, body: Mapping[str, Any]) -> set[str]:
    """What the things a body is about are called at the vendor; not what else it touches."""
    own = f"{offer.verb.about}:"
    return {thing.removeprefix(own) for thing in giving.things(offer.verb, body) if thing.startswith(own)}


def approve(batch: str, by: str) -> int:
    """Let everything of a batch go that waits for approval; returns how many. What would go differently by now waits on."""
    done = last = 0
    while True:
        with transaction.atomic():
            waiting = Command.objects.select_for_update(of=("self",)).filter(batch=batch, state=Command.State.AWAITING)
            rows = list(waiting.filter(pk__gt=last).select_related("vendor").order_by("id")[:AT_ONCE])
            gone = [row for row in rows if not deciding.let_go(row, by)]
            Command.objects.bulk_update(rows, deciding.APPROVED, batch_size=AT_ONCE)
            for row in gone[: max(0, HINTED - done)]:
                asking.hint(row)
        done += len(gone)
        if len(rows) < AT_ONCE:
            return done
        last = rows[-1].pk


def reject(batch: str, by: str, reason: str) -> int:
    """Take back everything of a batch that still waits for approval; a reason is kept. Raises ValueError."""
    if not reason.strip():
        raise ValueError("Write down why.")
    done = 0
    while True:
        with transaction.atomic():
            waiting = Command.objects.select_for_update().filter(batch=batch, state=Command.State.AWAITING)
            rows = list(waiting.order_by("id")[:AT_ONCE])
            now = timezone.now()
            for row in rows:
                row.state, row.finished_at = Command.State.CANCELLED, now
                row.story = [*row.story, asking.entry(now, by, f"rejected: {reason.strip()}")]
            Command.objects.bulk_update(rows, ["state", "finished_at", "story"], batch_size=AT_ONCE)
        done += len(rows)
        if len(rows) < AT_ONCE:
            return done
