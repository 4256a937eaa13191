"""One verb for named rows, as the command line decides it: the same plan and the same decision as behind the page, told as JSON."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count

from catalog.models import Product, Variant
from config import audit
from integrations.commands import bodies, by_key, choices, doors, many, sending, switches
from integrations.commands.doors import Offer
from integrations.models import Command, CommandItem, CommandSubject, Vendor

State = Command.State
MODELS: Mapping[str, Any] = {"product": Product, "variant": Variant}
WORST = (State.UNKNOWN, State.REFUSED, State.CANCELLED, State.SENDING, State.WORKING, State.QUEUED, State.AWAITING)


@dataclass
class Named:
    """The door, the ids of the rows that were named, and the names that stand for none, with the reason."""

    offer: Offer
    keys: list[int] = field(default_factory=list)
    strange: dict[str, str] = field(default_factory=dict)


def offer_for(vendor: Vendor, verb: str, on: str = "") -> Offer:
    """The door of a verb on products or variants. Raises LookupError with the doors there are."""
    switches.verb_of(vendor, verb)
    found = [one for kind in MODELS if on in ("", kind) and (one := _door(vendor, verb, kind))]
    if len(found) == 1:
        return found[0]
    if found:
        raise LookupError(f"“{verb}” takes products and variants: write product: or variant: before the ids.")
    there = [f"{name} ({kind})" for name in switches.offered(vendor) for kind in MODELS if _door(vendor, name, kind)]
    raise LookupError(
        f"“{verb}” of {vendor} takes no chosen {on or 'product or variant'}s. Those that do: {', '.join(there) or 'none'}."
    )


def _door(vendor: Vendor, verb: str, on: str) -> Offer | None:
    return doors.offer_of(vendor, verb, on, foreign=True) or doors.offer_of(vendor, verb, on, foreign=False)


def rows_of(vendor: Vendor, verb: str, words: Sequence[str]) -> Named:
    """From ids such as "variant:12", "13"; the kind said once counts for all. Raises LookupError, ValueError."""
    told = [word.partition(":") if ":" in word else ("", "", word) for word in words]
    kinds = {kind for kind, _, _ in told} - {""}
    if len(kinds) > 1 or not kinds <= MODELS.keys():
        raise ValueError("Rows are variants or products, not both: variant:12,13 or product:12,13.")
    if wrong := [key for _, _, key in told if not (key.isascii() and key.isdigit() and len(key) < 19)]:
        raise ValueError(f"“{wrong[0][:50]}” is no id of a row. Codes go with --about.")
    return Named(offer_for(vendor, verb, *kinds), [int(key) for _, _, key in told])


def rows_about(vendor: Vendor, verb: str, words: Sequence[str]) -> Named:
    """From SKUs or vendors' ids, such as "LAMP-1" or "north:LAMP-1" of that connection. Raises LookupError."""
    offer = offer_for(vendor, verb)
    slugs = dict(Vendor.objects.values_list("slug", "pk"))
    homes = [slugs.get(word.partition(":")[0]) if ":" in word else None for word in words]
    codes = [word.partition(":")[2] if home else word for word, home in zip(words, homes, strict=True)]
    named, found = Named(offer), _by_code(offer, codes)
    for word, home, code in zip(words, homes, codes, strict=True):
        rows = {row for row, owner in found.get(code, ()) if home in (None, owner)}
        if len(rows) == 1:
            named.keys += rows
        else:
            named.strange[word] = f"Several {offer.door.on}s have this code: write CONNECTION:CODE, or its id." if rows else (
                f"No {offer.door.on} this is for has this code."
            )  # fmt: skip
    return named


def _by_code(offer: Offer, codes: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    """By code: (id, id of its connection) of the rows this door is for; what a vendor no longer has is left out."""
    variant = offer.door.on == "variant"
    columns = ("external_id", "sku") if variant else ("external_id", "variants__sku")
    rows = MODELS[offer.door.on]._default_manager.filter(gone_at=None)
    if not offer.door.either:
        own = {"vendor": offer.vendor}
        rows = rows.exclude(**own) if offer.door.foreign else rows.filter(**own)
    found: dict[str, list[tuple[int, int]]] = {}
    for start in range(0, len(codes), many.AT_ONCE):
        for column in columns:
            named = rows.filter(**{f"{column}__in": codes[start : start + many.AT_ONCE]})
            for code, key, owner in named.values_list(column, "pk", "vendor_id"):
                found.setdefault(code, []).append((key, owner))
    return found


def planned(named: Named, given: Any) -> dict[str, Any]:
    """What a decision would do and what of each row speaks against it; nothing is written. Raises ValueError."""
    offer = named.offer
    plan = many.plan(offer, _few(named.keys), _filled(offer, given))
    refusals = _refusals(named, plan)
    return {
        **_head(offer), "rows": plan.rows, "creates": plan.creates, "changes": plan.changes, "refused": len(refusals),
        "calls": plan.calls, "writes": switches.mode_of(offer.vendor, offer.name), "closed": _closed(offer) or None,
        "reasons": [{"why": why, "rows": count} for why, count, _ in plan.told],
        "refusals": refusals,
        "commands": [{"words": row.words, "request": row.request} for row in plan.first],
    }  # fmt: skip


def decided(named: Named, given: Any, *, key: str = "") -> dict[str, Any]:
    """Decide for all rows that can have it, send what may go at once, and tell of each what came of it.

    key: by which a repeated call is known as the same decision; it is the batch's name. Raises ValueError, switches.NotAllowed.
    """
    offer, keys = named.offer, _few(named.keys)
    values, batch = _filled(offer, given), by_key.for_several(key)
    by_key.same_verb(Command.objects.filter(batch=batch), batch, offer.vendor, offer.name)
    if closed := _closed(offer):
        raise switches.NotAllowed(closed)
    plan = many.plan(offer, keys, values)
    made = many.decide(offer, keys, values, by=by_key.BY, batch=batch, hinted=False)
    said = f"{offer.name} for {len(keys)} rows: {made} commands, {batch}"
    audit.record("decided", offer.vendor, who=by_key.BY, said=said)
    for pk in [*Command.objects.filter(batch=batch, state=State.QUEUED).order_by("id").values_list("pk", flat=True)]:
        sending.send(pk)
    return {
        **_head(offer),
        **_outcome(offer, batch),
        "decided": made,
        "rows": plan.rows,
        "refusals": _refusals(named, plan, batch),
    }


def _head(offer: Offer) -> dict[str, Any]:
    return {"vendor": offer.vendor.slug, "verb": offer.name, "on": offer.door.on}


def _few(keys: Sequence[int]) -> Sequence[int]:
    if len(set(keys)) > many.MOST:
        raise ValueError(f"More than {many.MOST:,} rows: name fewer at a time.")
    return keys


def _filled(offer: Offer, given: Any) -> dict[str, Any]:
    return bodies.filled(choices.resolved(offer.vendor, offer.door.asks), given)


def _closed(offer: Offer) -> str:
    """Why nothing of this may be asked for now, as its page says it."""
    try:
        switches.allowed(offer.vendor, offer.name)
    except switches.NotAllowed as why:
        return str(why)
    return "" if offer.vendor.enabled else "The connection is switched off."


def _refusals(named: Named, plan: many.Plan, batch: str = "") -> list[dict[str, Any]]:
    """Row by row why it gets no command; those that are not there among them."""
    on = named.offer.door.on
    went = CommandSubject.objects.filter(kind=on, command__batch=batch) if batch else CommandSubject.objects.none()
    done = {*went.values_list("row", flat=True)}
    gone = {key: ("", ["There is no such row."]) for key in sorted(set(named.keys) - plan.keys)}
    if batch:  # decided before, under the same key
        late = "It was no part of this decision when that was made: decide for it under another key."
        gone |= {key: ("", [late]) for key in sorted(plan.keys - plan.refusals.keys())}
    told = [
        {"row": f"{on}:{key}", "name": name or None, "why": list(why)}
        for key, (name, why) in {**plan.refusals, **gone}.items()
        if key not in done
    ]
    return told + [{"row": None, "name": word, "why": [why]} for word, why in named.strange.items()]


def _outcome(offer: Offer, batch: str) -> dict[str, Any]:
    """What came of a batch: how many commands in each state, the worst of them, and each with its rows and its things."""
    subjects: dict[int, list[str]] = {}
    for command, kind, row in CommandSubject.objects.filter(command__batch=batch).values_list("command", "kind", "row"):
        subjects.setdefault(command, []).append(f"{kind}:{row}")
    things: dict[int, list[dict[str, Any]]] = {}
    items = CommandItem.objects.filter(command__batch=batch).order_by("id")
    for command, thing, state, told in items.values_list("command", "thing", "state", "told"):
        things.setdefault(command, []).append({"thing": thing, "state": state, "told": told or None})
    waits, rows = _waits(offer, batch), []
    columns = ("pk", "key", "state", "number", "error", "cure")
    for pk, key, state, number, error, cure in Command.objects.filter(batch=batch).order_by("id").values_list(*columns):
        rows.append({
            "key": key, "state": state, "number": number or None, "error": f"{error} {cure}".strip() or waits.get(state),
            "rows": subjects.get(pk, []), "things": things.get(pk, []),
        })  # fmt: skip
    states = Counter(row["state"] for row in rows)
    fates = dict(items.order_by().values_list("state").annotate(count=Count("pk")))
    worst = next((state for state in WORST if state in states), State.CONFIRMED if rows else State.REFUSED)
    return {"state": str(worst), "batch": batch if rows else None, "states": states, "things": fates, "commands": rows}


def _waits(offer: Offer, batch: str) -> dict[str, str]:
    """By state: what is to be done about those that wait."""
    held = switches.held(offer.vendor, offer.name)
    return {
        State.AWAITING: f"It waits for approval: on its page, or manage.py send --approve {batch}.",
        State.WORKING: "The vendor works on it. The hub asks by itself what comes of it.",
        State.QUEUED: held or "It waits: another command about the same thing goes first.",
    }
