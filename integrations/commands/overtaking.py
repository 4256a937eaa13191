"""The newest value stays: what a later decision has given a thing is not undone by an earlier one that goes after it.

Values that stand alone (`Verb.rows`, `Verb.sets`) are left out, and told. Those that a larger body carries (`Verb.carries`) are
replaced with the later ones, because a vendor may empty what an upsert does not name; where a person approved the body as it
was, that asks for another approval. What has nothing of its own left is over.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import Q
from django.utils import timezone

from integrations.commands import approving, giving
from integrations.commands.asking import entry
from integrations.commands.telling import doing_of, over
from integrations.models import Command, CommandItem
from integrations.verbs import Verb

State = Command.State
LIVES = (State.QUEUED, State.SENDING, State.WORKING, State.CONFIRMED, State.UNKNOWN)
Newest = Mapping[
    str, Mapping[str, Any]
]  # thing → property → [its name, the value]; None where nobody can know the value


def brought_up_to_date(command: Command, verb: Verb, items: list[CommandItem]) -> bool:
    """Whether it goes now, as it was approved and without values that are older than what was given since; stored by the caller.

    items: those that wait, marked as in flight. False: it is over, or waits for approval again; that is stored.
    """
    return _goes_as_approved(command, verb) and _trimmed(command, verb, items) and _renewed(command, verb, items)


def _goes_as_approved(command: Command, verb: Verb) -> bool:
    if not command.approved:
        return True
    try:
        request = approving.built(command, doing_of(command), verb)
    except (ValueError, LookupError):
        return True  # whoever sends it finds the same, and tells it
    if approving.is_approved(command, request):
        return True
    approving.back(command, request, "as it would go differently from what was approved", verb)
    command.save()
    return False


def _trimmed(command: Command, verb: Verb, items: list[CommandItem]) -> bool:
    """Take out values that something decided later replaces; False when nothing is left, and the command is over.

    Something later that also acts goes after this one by itself, and may be refused; so it counts once it is done.
    """
    later: dict[str, set[str]] = {}
    valued = {item.thing: item for item in items if item.sets and not item.acts}
    if valued:
        rows = CommandItem.objects.filter(
            Q(acts=False) | Q(state=CommandItem.State.DONE),
            vendor_id=command.vendor_id, command_id__gt=command.pk, command__state__in=LIVES, thing__in=list(valued),
        ).exclude(state=CommandItem.State.REFUSED)  # fmt: skip
        for thing, sets in rows.values_list("thing", "sets"):
            later.setdefault(thing, set()).update(sets)
    gone = []
    for item in valued.values():
        left = [name for name in item.sets if name not in later.get(item.thing, ())]
        if left == item.sets:
            continue
        gone.append(f"{item.thing} ({', '.join(name for name in item.sets if name not in left)})")
        item.sets = left
        if not left:
            item.state, item.told, item.in_flight = CommandItem.State.OVERTAKEN, "A later value replaces it.", False
        item.save(update_fields=["sets", "state", "told"] if left else ["sets", "state", "told", "in_flight"])
    if not gone:
        return True
    kept = {item.thing: item.sets for item in items if item.state == CommandItem.State.WAITING}
    if not kept:
        partly = command.items.filter(state=CommandItem.State.DONE).exists()
        state = State.CONFIRMED if partly else State.CANCELLED
        over(command, state, "overtaken: later values replace all that was left")
        return False
    if verb.rows and verb.row_id:
        command.body = {**command.body, verb.rows: rows_left(verb, command.body, kept)}
        command.request = verb.request(doing_of(command)).as_json()
        command.words = list(verb.says(command.body))
        told = f"goes without what later decisions give: {'; '.join(gone[:10])}{' …' if len(gone) > 10 else ''}"
        command.story = [*command.story, entry(timezone.now(), "", told[:1000])]
        if command.approved:  # a part of what was approved
            command.approved = approving.seal(command, approving.built(command, doing_of(command), verb))
    return True


def rows_left(verb: Verb, body: dict[str, Any], kept: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The body's rows about these things, with these of their properties."""
    rows = []
    for row in body[verb.rows]:
        sets = kept.get(f"{verb.about}:{row[verb.row_id]}")
        if sets is not None:
            names = (verb.row_id, *verb.row_keeps, *sets)
            rows.append({name: value for name, value in row.items() if name in names})
    return rows


def rows_about(verb: Verb, body: dict[str, Any], kept: Collection[str]) -> dict[str, Any]:
    """The body with its rows about these things alone."""
    things = [f"{verb.about}:{name}" for name in verb.objects(body)]
    rows = [row for thing, row in zip(things, body[verb.rows], strict=True) if thing in kept]
    return {**body, verb.rows: rows}


def _renewed(command: Command, verb: Verb, items: list[CommandItem]) -> bool:
    """Put later values in the place of those the body carries; False when it is over, or a person has to see it again."""
    carried = [item for item in items if item.acts and item.sets]
    newest = given_since(command, carried)
    if not newest:
        return True
    if all(set(item.sets) <= newest.get(item.thing, {}).keys() for item in carried) and not giving.has_more(
        verb, command.body
    ):
        told = "Later values replace all of it."
        command.items.filter(state=CommandItem.State.WAITING).update(state=CommandItem.State.OVERTAKEN, told=told)
        over(command, State.CANCELLED, "overtaken: later values replace all of it")
        return False
    before, command.body = command.body, giving.renewed(verb, command.body, newest)
    if command.body == before:
        return True
    request = approving.built(command, doing_of(command), verb)
    if command.approved:
        approving.back(command, request, "as values in it were decided anew since", verb)
        command.save()
        return False
    told = f"goes with what later decisions gave: {approving.differences(before, command.body)}"
    command.story = [*command.story, entry(timezone.now(), "", told[:1000])]
    command.request, command.words = request, list(verb.says(command.body))
    return True


def given_since(command: Command, items: Iterable[CommandItem]) -> Newest:
    """What decisions made after this one have given the same things."""
    wanted = {item.thing for item in items}
    if not wanted:
        return {}
    done = CommandItem.objects.filter(
        vendor_id=command.vendor_id, command_id__gt=command.pk, thing__in=wanted, state=CommandItem.State.DONE
    )
    found: dict[str, dict[str, Any]] = {}
    for thing, sets, values in done.order_by("command_id").values_list("thing", "sets", "values"):
        found.setdefault(thing, {}).update({name: values.get(name) for name in sets})
    return {thing: given for thing, given in found.items() if given}


def as_of_now(command: Command, verb: Verb) -> dict[str, Any]:
    """The body with the values it carries as they are by now, for whoever is about to approve it."""
    if not verb.carries:
        return dict(command.body)
    items = command.items.filter(acts=True, state=CommandItem.State.WAITING).exclude(sets=[])
    return giving.renewed(verb, command.body, given_since(command, items))
