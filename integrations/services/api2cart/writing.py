"""How a write to API2Cart is made from the method table: the form's fields, the exact call, what the answer means."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from integrations.errors import Unknown
from integrations.service import Account
from integrations.services.api2cart.labels import HELPS, SUGGESTED, label_of
from integrations.services.api2cart.methods import METHODS, checked
from integrations.services.api2cart.rules import rule_of
from integrations.verbs import Body, Doing, Field, Outcome, Request, Values, Verb

KINDS = {"text": "text", "int": "int", "number": "decimal", "bool": "bool", "texts": "text"}
LOST = "Look it up in the shop before it is done again."
PRODUCT = Field("product_id", "Product", required=True, also=("product",), example="5001")
PRODUCT_ID = Field("id", "Product", required=True, also=("product_id", "product"), example="5001")
VARIANT_ID = Field("id", "Variant", required=True, also=("variant_id", "variant"), example="90010")
EXAMPLES: Mapping[str, Any] = {"text": "", "int": 1, "decimal": "9.90", "bool": True}
Reread = Callable[[Body], Sequence[tuple[str, tuple[str, ...]]]]


def carried(about: str, key: str, *, values: str, stock: str = "", texts: str = "") -> tuple[Values, ...]:
    """The values a change of one thing brings along; stock is one warehouse's, texts are one language's."""
    more = {"increase_quantity": "quantity", "reduce_quantity": "quantity"}
    found = [Values(about, key, names=tuple(values.split()))]
    if stock:
        found.append(Values(about, key, names=tuple(stock.split()), within=("warehouse_id",)))
        found.append(Values(about, key, names=tuple(more), called=more, within=("warehouse_id",), relative=True))
    if texts:
        found.append(Values(about, key, names=tuple(texts.split()), within=("lang_id",)))
    return tuple(found)


@dataclass(frozen=True)
class StoreVerb(Verb):
    """A verb that is one method of API2Cart: offered where the store's `cart.methods` names it."""

    method: str = ""


def fields(method: str, wanted: str, *apart: Field) -> tuple[Field, ...]:
    """Fields of these parameters of a method, with its types; `!` marks what is needed, `|` stands before what is rarely given.

    A name that comes twice counts where it comes first. apart: those that need more words.
    """
    own, rare = {field.name: field for field in apart}, False
    found: list[Field] = []
    for word in wanted.split():
        if word == "|":
            rare = True
            continue
        name = word.rstrip("!")
        if name in {field.name for field in found}:
            continue
        one = own.get(name) or _field(name, METHODS[method].params[name], needed=word.endswith("!"))
        found.append(replace(one, rare=rare))
    return tuple(found)


def _field(name: str, kind: str, *, needed: bool = False) -> Field:
    words = SUGGESTED.get(name, ())
    help = "Several with commas." if kind == "texts" else HELPS.get(name, "")
    return Field(name, label_of(name), KINDS[kind], required=needed, help=help, choices=words, suggests=bool(words))


def row(*words: str, **examples: Any) -> tuple[Field, ...]:
    """Fields of one entry of a list: "quantity:decimal!"; those behind a `|` are rarely given."""
    found, rare = [], False
    for word in words:
        if word == "|":
            rare = True
            continue
        name, _, kind = word.rstrip("!").partition(":")
        example = examples.get(name, EXAMPLES[kind or "text"])
        more: dict[str, Any] = {"choices_from": "categories", "suggests": True} if name == "category_id" else {}
        label = "Quantity" if name == "quantity" and kind == "int" else label_of(name)  # of a line, not of a product
        found.append(
            Field(name, label, kind or "text", required=word.endswith("!"), rare=rare, example=example, **more)
        )
    return tuple(found)


def sent(declared: Sequence[Field], body: Body) -> dict[str, Any]:
    """The body with the numbers JSON has, all the way down; what a free group holds goes as it is."""
    found = dict(body)
    for field in declared:
        value = found.get(field.name)
        if value is None:
            continue
        if field.kind == "decimal":
            exact = Decimal(str(value))
            found[field.name] = int(exact) if exact == int(exact) else float(exact)
        elif field.kind == "group":
            found[field.name] = sent(field.fields, value)
        elif field.kind == "rows":
            found[field.name] = [sent(field.fields, entry) for entry in value]
    return found


def call(name: str, body: Body, doing: Doing) -> Request:
    """The one call of a method, with what the connection says of shop and language, and the key that keeps it single."""
    method = METHODS[name]
    options = doing.account.options
    shop = {word: str(options[word]) for word in ("store_id", "lang_id") if options.get(word)}
    given = {word: value for word, value in {**shop, **body}.items() if word in method.params}
    for word, value in given.items():
        if method.params[word] == "texts" and isinstance(value, str):
            given[word] = [part.strip() for part in value.split(",") if part.strip()]
    if method.once and doing.once:
        given["idempotency_key"] = doing.once
    method, params = checked(name, given)
    if method.carries == "json":
        return Request(method.verb, method.path, params)
    return Request(method.verb, method.path, params=params)


def result_of(answer: Any) -> Mapping[str, Any]:
    """The `result` of a write's answer; its return code was looked at before. Raises errors.Unknown for what is no envelope."""
    if not isinstance(answer, Mapping) or "return_code" not in answer:
        raise Unknown("The answer is not API2Cart's, and says neither yes nor no.", LOST)
    found = answer.get("result")
    return found if isinstance(found, Mapping) else {}


def says(title: str, key: str, declared: Sequence[Field]) -> Callable[[Body], list[str]]:
    """What will be done: the thing, then each value that is given."""

    def words(body: Body) -> list[str]:
        lines = [f"{title}: {body.get(key, '')}".removesuffix(": ")]
        for field in declared:
            value = body.get(field.name)
            if field.name == key or value is None:
                continue
            if field.kind == "rows":
                lines += [f"{field.label}: {_told(field.fields, entry)}" for entry in value]
            else:
                lines.append(f"{field.label}: {_plain(field, value)}")
        return lines

    return words


def _told(declared: Sequence[Field], entry: Body) -> str:
    return ", ".join(f"{_small(f.label)} {_plain(f, entry[f.name])}" for f in declared if f.name in entry)


def _small(label: str) -> str:
    """As it stands within a line: SKU stays SKU."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def _plain(field: Field, value: Any) -> str:
    if field.kind == "group":
        return _told(field.fields, value)
    if field.kind == "rows":
        return "; ".join(_told(field.fields, entry) for entry in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def write(
    title: str, method: str, wanted: str, *apart: Field, about: str, key: str, number: str = "", reread: Reread | None = None,
    **more: Any,
) -> StoreVerb:  # fmt: skip
    """A verb of one method. key: the body's field that names the thing; number: the result's member with what was made."""
    declared = fields(method, wanted, *apart)

    def outcome(doing: Doing, answer: Any) -> Outcome:
        made = result_of(answer).get(number) if number else ""
        return Outcome(number=str(made or ""), reread=tuple(reread(doing.body)) if reread else ())

    def valid(account: Account, body: Body) -> None:
        rule_of(method)(account, body)

    return StoreVerb(
        title,
        about=about,
        method=method,
        fields=(*more.pop("before", ()), *declared),
        request=lambda doing: call(method, sent(declared, doing.body), doing),
        objects=more.pop("objects", lambda body: (str(body.get(key) or ""),)),
        says=says(title, key, declared),
        outcome=outcome,
        valid=valid,
        **more,
    )
