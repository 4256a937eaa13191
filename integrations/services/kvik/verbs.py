"""What can be sent to kvik.shop: the change of an order.

That orders can be changed is documented, and that PATCH carries a body; path, fields and words are the connection's own table.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from integrations import raw
from integrations.errors import Refused
from integrations.http import Client
from integrations.mapping import at
from integrations.service import Account, option_of
from integrations.services.kvik.answers import row_of
from integrations.services.kvik.options import CHANGE_FIELDS, MEANINGS, OPTIONS
from integrations.verbs import Body, Doing, Door, Field, Found, Outcome, Request, Values, Verb

OURS = tuple(word for word, _ in MEANINGS if word != "unknown")
LABELS = dict(CHANGE_FIELDS)
FIELDS = (
    Field(
        "order",
        "Order",
        required=True,
        also=("order_id",),
        example="540001",
        help="The order's id, not the number people see.",
    ),
    Field(
        "status",
        "Status",
        "choice",
        choices=OURS,
        help="In our words; the connection's table has the shop's.",
        example="shipped",
    ),
    Field("shop_status", "The shop's own status word", help="Instead, as it stands in the shop.", example=""),
    *(Field(name, label) for name, label in CHANGE_FIELDS if name != "status"),
)


def values_of(account: Account, body: Body) -> dict[str, str]:
    """What is to change, by our names, in the shop's words. Raises ValueError for what the connection's table does not say."""
    found = {name: str(body[name]) for name in LABELS if name in body}
    if "shop_status" in body:
        if "status" in found:
            raise ValueError("Give status or shop_status, not both.")
        found["status"] = str(body["shop_status"])
    elif "status" in found:
        found["status"] = word_for(account, found["status"])
    if not found:
        raise ValueError("Say what is to change: status, payment or tracking.")
    paths = option_of(OPTIONS, account, "change_map")
    if lacking := [LABELS[name] for name in found if not str(paths.get(name) or "").strip()]:
        raise ValueError(
            f"The connection's table does not say where “{lacking[0]}” goes: fill in “Fields of a change”."
        )
    return found


def word_for(account: Account, status: str) -> str:
    """The shop's word for ours: from the table of words, else the only one that is read so. Raises ValueError."""
    own = str(option_of(OPTIONS, account, "status_words").get(status) or "").strip()
    if own:
        return own
    read = [theirs for theirs, ours in option_of(OPTIONS, account, "status_map").items() if ours == status]
    if len(read) != 1:
        what = f"several of the shop's words: {', '.join(read)}" if read else "no word of the shop's"
        raise ValueError(f"“{status}” has {what}. Fill in “The shop's words for statuses”, or give shop_status.")
    return str(read[0])


def nested(paths: Mapping[str, str], values: Mapping[str, str]) -> dict[str, Any]:
    """Values at their dotted paths: {"tracking.number": "X"} is {"tracking": {"number": "X"}}. Raises ValueError for paths that cross."""
    crossing = Counter(str(paths[name]).strip() for name in values)
    made: dict[str, Any] = {}
    for name, value in values.items():
        *steps, last = str(paths[name]).strip().split(".")
        place = made
        for step in steps:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise ValueError(f"In “Fields of a change”, {paths[name]} lies within another path.")
        if last in place or crossing[str(paths[name]).strip()] > 1 or not all((*steps, last)):
            raise ValueError(f"In “Fields of a change”, {paths[name]} stands twice, or is no path.")
        place[last] = value
    return made


def request(doing: Doing) -> Request:
    path = str(option_of(OPTIONS, doing.account, "order_update_path")).replace(
        "{order_id}", quote(doing.body["order"], safe="")
    )
    sent = nested(option_of(OPTIONS, doing.account, "change_map"), values_of(doing.account, doing.body))
    return Request(str(option_of(OPTIONS, doing.account, "order_update_method")), path, sent)


def valid(account: Account, body: Body) -> None:
    nested(option_of(OPTIONS, account, "change_map"), values_of(account, body))
    if "{order_id}" not in str(option_of(OPTIONS, account, "order_update_path")):
        raise ValueError("The path of a change does not say where the order goes: write {order_id} into it.")
    if body["order"] in (".", ".."):
        raise ValueError(f"“{body['order']}” is no order.")


def says(body: Body) -> list[str]:
    lines = [f"{label}: {str(body[name]).replace('_', ' ') if name == 'status' else body[name]}"
             for name, label in LABELS.items() if name in body]  # fmt: skip
    own = [f"Status: “{body['shop_status']}”, the shop's word"] if "shop_status" in body else []
    return [f"Change order {body['order']} in the shop", *own, *lines]


def changed(doing: Doing, answer: Any) -> Outcome:
    """The order as it is now where the answer is one; else it is read again."""
    if isinstance(answer, Mapping) and isinstance(answer.get("error"), str) and answer["error"]:
        raise Refused("The shop refused the change.", "Correct what it names.", said=answer["error"][:300])
    path = str(option_of(OPTIONS, doing.account, "order_map").get("external_id") or "id")
    if isinstance(answer, Mapping) and str(at(answer, path) or "") == doing.body["order"]:
        return Outcome(number=doing.body["order"], rows=(("orders", answer),))
    return Outcome(number=doing.body["order"], reread=(("orders", (doing.body["order"],)),))


def order_stands(http: Client, option: Callable[[str], Any], doing: Doing) -> Found:
    """Whether the shop shows what was sent, at the very paths it was sent by."""
    order, id_path = doing.body["order"], str(option("order_map").get("external_id") or "id")
    path = str(option("order_detail_path")).replace("{order_id}", quote(order, safe=""))
    answer = http.get(path)
    row = row_of(answer, lambda row: at(row, id_path) not in (None, ""))
    wanted, paths, held = values_of(doing.account, doing.body), option("change_map"), raw.row(row)
    told = {name: at(held, str(paths[name])) for name in wanted}
    shown = ", ".join(f"{LABELS[name].lower()} “{value}”" for name, value in told.items()) or "none of it"
    if None in told.values():
        return Found(None, f"The shop shows the order, but not all that was sent: {shown.replace('“None”', 'untold')}.")
    same = all(str(told[name]) == value for name, value in wanted.items())
    return Found(
        same,
        f"The shop shows {shown}.",
        answer.json(),
        Outcome(order, rows=(("orders", row),)) if same else Outcome(order),
    )


DOOR = Door(
    "line",
    lambda account, chosen, given: {"order": chosen[0].row.order.external_id},
    together=True,
    also_packed=True,
    help="The whole order is changed, whichever of its lines are ticked.",
)
VERBS: Mapping[str, Verb] = {
    "update_order": Verb(
        "Change order",
        about="order",
        fields=FIELDS,
        request=request,
        objects=lambda body: (str(body["order"]),),
        says=says,
        outcome=changed,
        look_up="order_stands",
        carries=(Values("order", "order", names=("shop_status", *LABELS), called={"shop_status": "status"}),),
        valid=valid,
        doors=(DOOR,),
        proven=False,
        help="Nothing in the shop's documents says where and how; whether its customer is told by email is not known either.",
    ),
}
