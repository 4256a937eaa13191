"""What a vendor declares of its writes: a form, a preview in words, the exact request, what the answer means, how to look it up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.service import Account

Body = Mapping[str, Any]  # in our words, checked against the verb's fields
Known = Callable[
    [str], Mapping[str, Any]
]  # a variant's sku or external id → what the hub knows of it; {} for a stranger


@dataclass(frozen=True)
class Field:
    """One value of a verb's body. kind: text, int, decimal, bool, choice, group (an object of `fields`), rows (a list of those).

    also: the vendor's own names for it, taken as well. free: a group that may hold names beyond its fields.
    choices_from: the flow of this vendor whose mirrored rows are the choices; `choices` stand in until it brought some.
    labels: what people read for each of the choices, where that is another text. suggests: another word is taken as well.
    rare: seldom filled in, so that a form has it behind a fold, and a row of one only where it is known.
    """

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    help: str = ""
    choices: tuple[str, ...] = ()
    choices_from: str = ""
    labels: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    fields: tuple["Field", ...] = ()
    free: bool = False
    suggests: bool = False
    rare: bool = False
    least: int | None = None
    example: Any = ""


@dataclass(frozen=True)
class Request:
    """The one call a command makes, below the connection's address."""

    method: str
    path: str
    body: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        told = {"method": self.method, "path": self.path, "params": dict(self.params), "body": self.body}
        return {name: value for name, value in told.items() if value not in (None, {})}


@dataclass(frozen=True)
class Doing:
    """A command as a vendor's functions see it. reference: our own number for it, which the vendor's lists may repeat.

    once: the same for every try whose answer was lost, and another after an answer: for vendors who answer a repetition from memory.
    number: the vendor's own, as far as it is known. verb: its name. All three are empty in a preview.
    """

    account: Account
    body: Body
    reference: str = ""
    asked_at: datetime | None = None
    once: str = ""
    number: str = ""
    verb: str = ""


@dataclass(frozen=True)
class Outcome:
    """What an answer means. Of several things, `refused` names those the vendor did not do, with its reason.

    number: the vendor's own for what was made. rows: (flow, row) to be mirrored at once, raw bytes or decoded.
    reread: (flow, external ids) to ask for again. again: of several things, those that were not done for a reason that may pass;
        the command goes again with them alone.
    unknown: of several things that are a row each, those of which nobody can tell, with what is told of them: the command stays
        unknown with them alone, until a look-up proves them or a person says what came of them.
    job: the vendor took it under this number and works on it: nothing else counts until `Verb.job` says what came of it.
    """

    number: str = ""
    job: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    again: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    rows: Sequence[tuple[str, Any]] = ()
    reread: Sequence[tuple[str, tuple[str, ...]]] = ()


@dataclass(frozen=True)
class Found:
    """What a look-up proved. done=None: nothing. told: what the vendor's side shows, in a sentence for people."""

    done: bool | None
    told: str
    answer: Any = None
    outcome: Outcome = field(default_factory=Outcome)


@dataclass(frozen=True)
class Chosen:
    """A row a person ticked on a page of ours. row: of orders.models or catalog.models, with its parents joined.

    quantity: how many of it. there: for a row of another connection, the row of this one it goes with: the supplier's variant
    that is bought, the listing that gets a price.
    """

    row: Any
    quantity: Decimal | None = None
    there: Any = None


Fill = Callable[[Account, Sequence[Chosen], Body], Body]


@dataclass(frozen=True)
class Door:
    """A page of ours a verb is begun from, and how much of its body that page knows.

    on: the kind of row: "order", "line" (of one), "package", "return", "product", "variant". foreign: rows of other connections instead of
        this one's own; either: of both.
    fill: (account, what was ticked, what the person filled in) → the body as far as that says. What it leaves out is asked.
    together: all that is ticked makes one body; else each row makes its own. also_packed: of lines that go together, those that
        are in a package already can be chosen as well.
    asks: what a person is asked once for all rows, beside the verb's own fields. fits: why a row cannot have it; a line each.
    title: on the button, where it is not the verb's own.
    """

    on: str
    fill: Fill
    together: bool = False
    also_packed: bool = False
    foreign: bool = False
    either: bool = False
    asks: tuple[Field, ...] = ()
    fits: Callable[[Account, Chosen], Sequence[str]] = lambda account, chosen: ()
    title: str = ""
    help: str = ""


@dataclass(frozen=True)
class Values:
    """Values a body gives to things among all else it does, so that of two values for one property the newest stays.

    about: the kind of thing. key: the name that says which one. rows: the list in the body that holds them; empty: the body.
    names: those that are values; empty: all but the key and `apart`. called: what they are called for all verbs of the vendor,
        where two call the same differently: {"is_active": "active"}.
    within: names that say of what part of the thing they are values, such as the stock of one warehouse or the name in one language.
    relative: so many more or fewer. It is never replaced itself, but a value decided before it is not sent after it.
    """

    about: str
    key: str
    rows: str = ""
    names: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    called: Mapping[str, str] = field(default_factory=dict)
    within: tuple[str, ...] = ()
    relative: bool = False

    def among(self, row: Body) -> dict[str, str]:
        """Those a body or row holds: name → what it is called."""
        fixed = (self.key, *self.apart, *self.within)
        part = "".join(f" of {name} {row[name]}" for name in self.within if row.get(name))
        known = (name for name in row if (name in self.names if self.names else name not in fixed))
        return {name: self.called.get(name, name) + part for name in known}


def nothing(doing: Doing, answer: Any) -> Outcome:
    """An answer that says no more than that it was done."""
    return Outcome()


@dataclass(frozen=True)
class Verb:
    """One write. Its name is its key in the service's `verbs`.

    about: what kind of thing it changes ("line", "variant", "order" …); objects: body → ids of those things. Of two commands
        about one thing only one is under way at a time.
    request: the exact call; without asking anybody, so that it can be shown before. says: what it will do, a line each.
    check: name of a method of the service that reads what must still hold just before the call: Doing → None, or raises Refused.
    outcome: (Doing, decoded answer) → Outcome; it raises errors.Refused where the vendor says no with HTTP 200.
    look_up: name of a method of the service: Doing → Found. Where the first answer was lost, it may prove what happened.
    job: the same for a job the vendor took: done=None while it works on it, False when it does not know it any more.
    touches: body → further things it changes, such as "variant:1400001", of which it may not go at the same time or out of turn.
    sets: properties of the thing this gives a value to. Of two values for one property the later decided goes last; the earlier
        is dropped when it comes after it. rows/row_id: a list in the body whose entries each give values to one thing.
        row_keeps: names in an entry that are no values, but tell the vendor where the thing is.
        gives: those values where the body does not hold them: {"active": True}.
    carries: the values a larger body brings along. One that a later decision gave another value is sent with that later value;
        where a person approved the earlier, it is asked again. Nothing is sent when nothing of its own is left.
    repeatable: the same request twice leaves the same as once, so that it may go again when a look-up shows it was not done.
    reference: name of the body's field with our own number; once: a second command with the same number is never made.
    chunk: at most so many rows in one call, or the name of the option that says so.
    complete: (body, known) → the body with what the hub knows at the moment of the decision, such as the price a person saw.
    doors: the pages of ours it can be begun from.
    """

    title: str
    about: str
    request: Callable[[Doing], Request]
    objects: Callable[[Body], Sequence[str]]
    says: Callable[[Body], Sequence[str]]
    fields: tuple[Field, ...] = ()
    outcome: Callable[[Doing, Any], Outcome] = nothing
    check: str = ""
    look_up: str = ""
    job: str = ""
    sets: tuple[str, ...] = ()
    touches: Callable[[Body], Sequence[str]] | None = None
    rows: str = ""
    row_id: str = ""
    row_keeps: tuple[str, ...] = ()
    gives: Mapping[str, Any] = field(default_factory=dict)
    carries: tuple[Values, ...] = ()
    repeatable: bool = False
    reference: str = ""
    once: bool = False
    chunk: int | str = 0
    complete: Callable[[Body, Known], Body] | None = None
    doors: tuple[Door, ...] = ()
    valid: Callable[[Account, Body], None] | None = None  # raises ValueError for what the fields alone cannot say
    proven: bool = True
    irreversible: bool = False
    help: str = ""
