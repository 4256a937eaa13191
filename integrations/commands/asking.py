"""A decision becomes a row, in one transaction; only then is anybody told. The row is what must be sent, a task only its hint."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.models import Variant
from config.afterwards import after_commit
from integrations.commands import bodies, buying, choices, giving, switches
from integrations.faultpoints import faultpoint
from integrations.models import Command, CommandItem, CommandSubject, Vendor
from integrations.service import option_of, service_class
from integrations.verbs import Doing, Verb

State = Command.State
Subject = tuple[str, int, Any]  # kind, id and quantity of a row of ours a command is decided on
OVER = (State.REFUSED, State.CANCELLED)  # nothing came of these, so the same may be asked for again


def ask(
    vendor: Vendor,
    name: str,
    given: Any,
    *,
    by: str = "",
    key: str = "",
    hinted: bool = True,
    subjects: Sequence[Subject] = (),
    anyway: str = "",
) -> list[Command]:
    """Commands for a body, several where it holds more rows than one call may. Nothing is sent yet.

    key: by which the caller knows this decision again: asked for twice, it is the same command. A reference of ours that must
    not be used twice does the same. hinted=False: the caller sends them itself. anyway: why more of a sale's line is bought than
    was sold.
    Raises LookupError (no such verb), bodies.BadBody, switches.NotAllowed, buying.AlreadyBought.
    """
    verb, body = worded(vendor, name, given)
    mode = switches.allowed(vendor, name)
    parts = bodies.parts(verb, body, most(verb, vendor))
    batch = uuid.uuid4().hex if len(parts) > 1 else ""
    made = []
    with transaction.atomic():
        over = "" if _is_known(vendor, verb, body, key) else buying.guard(vendor, subjects, anyway=anyway)
        if verb.once:  # two who use the same number of ours in one moment: the later waits, and finds the other's
            Vendor.objects.select_for_update(no_key=True).only("pk").get(pk=vendor.pk)
        for place, part in enumerate(parts):
            own = f"{key}:{place}" if key and len(parts) > 1 else key
            made.append(_row(vendor, name, verb, part, mode, by, own, batch))
        CommandSubject.objects.bulk_create(
            [
                CommandSubject(command=one, kind=kind, row=row, quantity=quantity)
                for one in made
                for kind, row, quantity in subjects
            ],
            ignore_conflicts=True,
        )
        for command in made if over else ():
            why = f"bought again although it was, because {anyway.strip()}. {over}"
            command.story = [*command.story, entry(timezone.now(), by, why[:1000])]
            command.save(update_fields=["story"])
        faultpoint("command.row_written")
        if hinted:
            for command in made:
                hint(command)
    faultpoint("command.asked")
    return made


def _is_known(vendor: Vendor, verb: Verb, body: Mapping[str, Any], key: str) -> bool:
    """Whether it is the same decision once more."""
    if key and Command.objects.filter(key__in=[key, f"{key}:0"]).exists():
        return True
    reference = str(body.get(verb.reference) or "") if verb.once else ""
    return (
        bool(reference) and Command.objects.filter(vendor=vendor, reference=reference).exclude(state__in=OVER).exists()
    )


def worded(vendor: Vendor, name: str, given: Any) -> tuple[Verb, dict[str, Any]]:
    """The verb, and the body in our words with what the hub knows; nothing is written. Raises LookupError, bodies.BadBody."""
    verb = switches.verb_of(vendor, name)
    body = bodies.checked(replace(verb, fields=choices.resolved(vendor, verb.fields)), given)
    try:
        if verb.valid:
            verb.valid(vendor.account, body)
        if verb.complete:
            body = dict(verb.complete(body, partial(known, vendor.pk)))
    except ValueError as wrong:
        raise bodies.BadBody(str(wrong)) from None
    return verb, body


def preview(vendor: Vendor, name: str, given: Any) -> list[Command]:
    """The commands a body would become, not stored. Raises as `ask` does for the body."""
    verb, body = worded(vendor, name, given)
    made = []
    for part in bodies.parts(verb, body, most(verb, vendor)):
        reference = str(part.get(verb.reference) or "") if verb.reference else ""
        request = verb.request(Doing(vendor.account, part, reference)).as_json()
        row = Command(vendor=vendor, verb=name, body=part, request=request, words=list(verb.says(part)))
        row.reference = reference
        made.append(row)
    return made


def most(verb: Verb, vendor: Vendor) -> int:
    if isinstance(verb.chunk, int):
        return verb.chunk
    return max(1, int(option_of(service_class(vendor.kind).options, vendor.account, verb.chunk)))


def _row(
    vendor: Vendor, name: str, verb: Verb, body: dict[str, Any], mode: str, by: str, key: str, batch: str
) -> Command:
    reference = str(body.get(verb.reference) or "") if verb.reference else ""
    if key and (same := Command.objects.filter(key=key).select_related("vendor").first()):
        if (same.vendor_id, same.verb) != (vendor.pk, name):
            raise bodies.BadBody(f"The key “{key}” was used for “{same}” at {same.vendor}. Use another key.")
        return _same(same, body, verb)
    if verb.once and reference:
        alike = [n for n, other in service_class(vendor.kind).verbs.items() if other.once and other.about == verb.about]
        used = Command.objects.filter(vendor=vendor, verb__in=alike, reference=reference)
        earlier = used.exclude(state__in=OVER).first()
        if earlier is not None:
            return _same(earlier, body, verb)
        tries = used.count()
        key = key or f"{vendor.slug}:{name}:{reference}" + (f":{tries + 1}" if tries else "")
    key = (key or f"{vendor.slug}:{name}:{uuid.uuid4().hex}")[:200]
    if verb.reference and not reference:
        reference = new_reference()
        body = {**body, verb.reference: reference}
    things = giving.things(verb, body)
    doing = Doing(vendor.account, body, reference, once=once_of(key), verb=name)
    now = timezone.now()
    waits = mode == Vendor.Writes.APPROVE
    try:
        with transaction.atomic():
            command = Command.objects.create(
                vendor=vendor,
                verb=name,
                about=next(iter(things), "")[:200],
                body=body,
                request=verb.request(doing).as_json(),
                words=list(verb.says(body)),
                key=key,
                reference=reference[:100],
                batch=batch,
                state=State.AWAITING if waits else State.QUEUED,
                asked_by=by[:200],
                asked_at=now,
                story=[entry(now, by, "asked for")],
            )
            CommandItem.objects.bulk_create(
                CommandItem(command=command, vendor=vendor, thing=thing[:200], **vars(part))
                for thing, part in things.items()
            )
    except IntegrityError:  # somebody else decided the very same in this moment
        return _same(Command.objects.get(key=key), body, verb)
    return command


def new_reference() -> str:
    """A number of ours that nothing else has, such as CD-4F1A90B2C7."""
    return f"CD-{uuid.uuid4().hex[:10].upper()}"


def _same(command: Command, body: Mapping[str, Any], verb: Verb) -> Command:
    """The command that was made for the same reference. Raises BadBody when it was to do something else."""
    told = {name: value for name, value in command.body.items() if name in body}
    if verb.rows and {*command.items.values_list("thing", flat=True)} == {*giving.things(verb, body)}:
        body = _as_left(verb, body, told)
    if _bare(told) != _bare(dict(body)):
        raise bodies.BadBody(
            f"“{command.reference or command.key}” was already used, on {command.asked_at:%Y-%m-%d %H:%M} UTC, for "
            f"something else (it is {command.get_state_display().lower()}). Use another reference."
        )
    return command


def _as_left(verb: Verb, body: Mapping[str, Any], left: Mapping[str, Any]) -> dict[str, Any]:
    """The body with those rows and values alone that later ones, and an answer for some of them, have left of it."""
    names = dict(zip(verb.objects(left), left.get(verb.rows) or (), strict=False))
    mine = zip(verb.objects(body), body[verb.rows], strict=False)
    rows = [{n: row[n] for n in row if n in names[thing]} for thing, row in mine if thing in names]
    return {**body, verb.rows: rows}


def _bare(body: Any) -> Any:
    """A body without what the hub adds by itself."""
    if isinstance(body, dict):
        return {name: _bare(value) for name, value in body.items() if name != "seen"}
    return [_bare(value) for value in body] if isinstance(body, list) else body


def hint(command: Command) -> None:
    """Tell a worker once it is committed. A broker that is away costs only time: the sweep asks again."""
    if command.state == State.QUEUED:
        after_commit(_tell, command.pk)


def _tell(pk: int) -> None:
    from integrations import tasks

    faultpoint("command.before_hint")
    tasks.send_command.apply_async((pk,), queue="live")


def once_of(key: str, answers: int = 0) -> str:
    """What a vendor knows a repetition of a command by, 32 digits; another after each answer."""
    return hashlib.sha256(f"{key}/{answers}".encode()).hexdigest()[:32]


def entry(at: datetime, by: str, what: str) -> dict[str, str]:
    """A line of a command's story."""
    return {"at": at.isoformat(timespec="seconds"), "by": by, "what": what}


def known(vendor_id: int, sku: str) -> dict[str, Any]:
    """What the hub knows of a vendor's variant, by its sku or its id there; empty for a stranger."""
    names = ("external_id", "sku", "price", "discount_price", "currency", "stock", "pack_size")
    rows = Variant.objects.filter(vendor_id=vendor_id, gone_at=None).select_related("product__category")
    found = rows.filter(external_id=sku).first() or rows.filter(sku=sku).first()  # one's id may be another's sku
    if found is None:
        return {}
    category = found.product.category
    codes = [category.external_id, category.code] if category else []
    return {name: getattr(found, name) for name in names} | {"categories": codes}
