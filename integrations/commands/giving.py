"""What a body does to the things it is about: the values it gives them, and whether it does more than that."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from integrations.verbs import Values, Verb


@dataclass
class Part:
    """What a body does to one thing. values: property → its name in the body, and the value; of a relative one nobody knows it.

    acts: it does more than give values, so that its turn counts.
    """

    sets: list[str] = field(default_factory=list)
    values: dict[str, list[Any]] = field(default_factory=dict)
    acts: bool = False


def things(verb: Verb, body: Mapping[str, Any]) -> dict[str, Part]:
    """What a body is about, such as "variant:1400001", with the properties it gives a value to."""
    if verb.rows and verb.row_id:
        fixed = (verb.row_id, *verb.row_keeps)
        found = {
            f"{verb.about}:{row[verb.row_id]}": _part({name: row[name] for name in sorted(row) if name not in fixed})
            for row in body.get(verb.rows, [])
        }
    elif verb.sets:
        told = {name: verb.gives.get(name, body.get(name)) for name in verb.sets}
        found = {f"{verb.about}:{one}": _part(told) for one in verb.objects(body)}
    else:
        found = {f"{verb.about}:{one}": Part(acts=True) for one in verb.objects(body)}
    for thing in verb.touches(body) if verb.touches else ():
        found.setdefault(thing, Part()).acts = True
    for carried, row in _carried(verb, body):
        part = found.setdefault(f"{carried.about}:{row[carried.key]}", Part())
        part.acts = True
        for name, called in carried.among(row).items():
            part.sets.append(called)
            if not carried.relative:
                part.values[called] = [name, row[name]]
    return found


def _part(told: Mapping[str, Any]) -> Part:
    return Part(list(told), {name: [name, value] for name, value in told.items()})


def _carried(verb: Verb, body: Mapping[str, Any]) -> Iterator[tuple[Values, Any]]:
    for carried in verb.carries:
        for row in body.get(carried.rows) or [] if carried.rows else [body]:
            if row.get(carried.key) not in (None, ""):
                yield carried, row


def renewed(verb: Verb, body: Mapping[str, Any], newest: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The body with these values instead of its own; newest: thing → property → [its name there, the value], None: nobody knows it."""
    fresh: dict[str, Any] = deepcopy(dict(body))
    for carried, row in _carried(verb, fresh):
        later = newest.get(f"{carried.about}:{row[carried.key]}", {}) if not carried.relative else {}
        for name, called in carried.among(row).items():
            if called not in later:
                continue
            theirs, value = later[called] or (name, None)
            place = theirs if theirs in carried.names else name
            if place != name or later[called] is None:
                del row[name]
            if later[called] is not None:
                row[place] = value
    return fresh


def has_more(verb: Verb, body: Mapping[str, Any]) -> bool:
    """Whether a body does anything but give the values it carries."""
    whole = [carried for carried in verb.carries if not carried.rows and not carried.relative]
    known = {carried.rows for carried in verb.carries} | {name for one in whole for name in (one.key, *one.apart)}
    return bool(set(body) - known - {name for one in whole for name in one.among(body)})
