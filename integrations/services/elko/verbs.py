"""What can be sent to ELKO. `POST Orders` is the manual's; its fields are one client's; every other path is an option, off.

ELKO takes no idempotency key: our own reference goes along, and its list of orders is where a lost answer is looked up.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from integrations.errors import Unknown
from integrations.service import Account
from integrations.services.elko import doors
from integrations.verbs import Body, Doing, Field, Known, Outcome, Request, Values, Verb

# Our words for ELKO's `enduser`.
PERSON = (
    ("name", "contactName", "Name"), ("company", "company", "Company"), ("vat_number", "pvnNumber", "VAT number"),
    ("phone", "contactPhone", "Phone"), ("email", "contactMail", "Email"), ("address", "addressLine1", "Address"),
    ("street", "street", "Street"), ("house", "house", "House"), ("apartment", "apartment", "Apartment"),
    ("city", "city", "Town"), ("postal_code", "postalCode", "Postal code"), ("country", "country", "Country"),
)  # fmt: skip
SHIP_TO = (
    *(Field(ours, label, also=(theirs,)) for ours, theirs, label in PERSON),
    Field("private", "Private person", "bool", also=("isNaturalPerson",)),
    Field("pickup_point", "Parcel locker", "int", also=("pickupPoint",), help="0 or nothing: by courier."),
)
LINES = Field(
    "lines",
    "Lines",
    "rows",
    required=True,
    fields=(
        Field("sku", "ELKO code", required=True, also=("elkoCode",), example="1400001"),
        Field("quantity", "Quantity", "int", required=True, least=1, also=("quantityRequested",), example=2),
        Field("price", "Price it was decided at", "decimal", least=0, help="Empty: what the hub knows."),
        Field("note", "Note", also=("clientNote",)),
    ),
)
REFERENCE = Field("reference", "Our number", also=("customerPo", "customerPO"), example="W-1001", help="Used once.")
FLAGS = (
    Field(
        "all_or_nothing", "All or nothing", "bool", also=("orderIfAllAvailable",), help="Yes, unless told otherwise."
    ),
    Field("instructions", "Instructions for delivery", also=("deliveryInstructions",)),
    Field("delivery", "Delivery"),
    Field("transportation", "ELKO's transport", "bool"),
    Field("fastest", "Fastest delivery", "bool"),
)
ORDER = Field("order", "ELKO's order number", required=True, also=("id", "number"), example="10250400")
THEIRS = {"instructions": "deliveryInstructions", "delivery": "delivery"} | {
    n: n for n in ("transportation", "fastest")
}


def whole(body: Body) -> bool:
    return bool(body.get("all_or_nothing", True))


def lines_of(body: Body) -> list[dict[str, Any]]:
    rows = [{"elkoCode": int(line["sku"]), "quantity": line["quantity"]} for line in body["lines"]]
    for row, line in zip(rows, body["lines"], strict=True):
        if line.get("note"):
            row["clientNote"] = line["note"]
    return rows


def user_of(ship_to: Body, reference: str) -> dict[str, Any]:
    """ELKO's `enduser`; its boolean and its locker are no texts."""
    user: dict[str, Any] = {theirs: ship_to[ours] for ours, theirs, _ in PERSON if ship_to.get(ours)}
    user["isNaturalPerson"] = bool(ship_to.get("private", not ship_to.get("company")))
    return {**user, "customerPo": reference, "pickupPoint": int(ship_to.get("pickup_point") or 0)}


def order_body(doing: Doing) -> dict[str, Any]:
    body = doing.body
    sent: dict[str, Any] = {"customerPo": doing.reference, "orderIfAllAvailable": whole(body), "lines": lines_of(body)}
    sent |= {theirs: body[ours] for ours, theirs in THEIRS.items() if ours in body}
    if body.get("ship_to"):
        sent |= {"shipTo": "Customer", "enduser": user_of(body["ship_to"], doing.reference)}
    return sent


def path_of(account: Account, name: str, default: str) -> str:
    return str(account.options.get(name) or default).rstrip("/")


def orders_path(doing: Doing) -> str:
    return path_of(doing.account, "orders_path", "Orders")


def complete(body: Body, known: Known) -> Body:
    """Each line with what the hub knew when it was decided. Raises ValueError for what cannot share an order, or a broken pack."""
    lines = []
    for line in body["lines"]:
        variant = known(line["sku"])
        code = str(variant.get("external_id") or line["sku"])
        if not code.isdigit():
            raise ValueError(f"“{line['sku']}” is no ELKO code, and no variant of this connection has it as its SKU.")
        pack = variant.get("pack_size")
        if pack and line["quantity"] % pack:
            raise ValueError(f"ELKO sells {code} in packs of {pack:f}: {line['quantity']} is not a multiple of it.")
        price = variant.get("discount_price") or variant.get("price")
        seen = {
            "price": None if price is None else f"{price.normalize():f}",
            "currency": str(variant.get("currency") or ""),
            "esd": "ESD" in variant.get("categories", ())
            if variant
            else None,  # None: the hub does not know the article
        }
        lines.append({**line, "sku": code, "seen": seen})
    codes = [line["sku"] for line in lines]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise ValueError(f"{twice[0]} stands on two lines; put them together.")
    if len({line["seen"]["esd"] for line in lines} - {None}) > 1:
        raise ValueError("Electronic licences and goods cannot share an order; make two.")
    return {**body, "lines": lines}


def valid(account: Account, body: Body) -> None:
    if not body["lines"]:
        raise ValueError("An order needs a line.")
    if body.get("ship_to") and account.options.get("layout") == "ua":
        raise ValueError("ELKO in Ukraine does not ship to customers; leave ship_to out.")


def says(title: str) -> Any:
    def words(body: Body) -> list[str]:
        to = body.get("ship_to") or {}
        where = f" to {to.get('name') or to.get('company') or 'the customer'}, {to.get('city', '')}" if to else ""
        kind = "all or nothing" if whole(body) else "whatever can be had"
        name = f" as {body['reference']}" if body.get("reference") else ""
        first = f"{title}{name}{where}: {kind}"
        return [first, *(f"{line['quantity']} × {line['sku']}{_at(line)}" for line in body["lines"])]

    return words


def _at(line: Mapping[str, Any]) -> str:
    price = line.get("price") or (line.get("seen") or {}).get("price")
    return f" at {price}" if price else ""


def placed(doing: Doing, answer: Any) -> Outcome:
    """The order as ELKO took it. No document shows the answer: an object with a number, or the number alone, is a yes."""
    row = answer[0] if isinstance(answer, list) and len(answer) == 1 else answer
    if isinstance(row, Mapping) and row.get("id"):
        return Outcome(number=str(row["id"]), rows=(("orders", row),))
    if isinstance(row, str | int) and not isinstance(row, bool) and str(row).strip().isdigit():
        return Outcome(number=str(row).strip(), reread=(("orders", ()),))
    raise Unknown(
        "ELKO's answer names no order number.", "Look it up in ELKO's list of orders before it is done again."
    )


def changed(doing: Doing, answer: Any) -> Outcome:
    if isinstance(answer, Mapping) and answer.get("id"):
        return Outcome(number=str(answer["id"]), rows=(("orders", answer),))
    return Outcome(reread=(("orders", ()),))


def one(name: str) -> Any:
    return lambda body: (str(body.get(name) or ""),)


def _order_path(doing: Doing) -> str:
    return f"{orders_path(doing)}/{quote(doing.body['order'], safe='')}"


def _buy(title: str, ship_to: Field, **more: Any) -> Verb:
    return Verb(
        title,
        about="order",
        fields=(REFERENCE, LINES, ship_to, *FLAGS),
        request=lambda doing: Request("POST", orders_path(doing), order_body(doing)),
        objects=one("reference"),
        says=says(title),
        outcome=placed,
        check="still_as_decided",
        look_up="order_of_reference",
        reference="reference",
        once=True,
        complete=complete,
        valid=valid,
        irreversible=True,
        **more,
    )


def _reservation(title: str, method: str, fields: Sequence[Field], send: Any, path: Any, **more: Any) -> Verb:
    return Verb(
        title,
        about="reservation",
        fields=tuple(fields),
        request=lambda doing: Request(method, path(doing), send(doing)),
        outcome=lambda doing, answer: Outcome(
            number=str(answer.get("id") or "") if isinstance(answer, Mapping) else ""
        ),
        proven=False,
        help="No document shows ELKO's paths for reservations; the option “Reservations” says where they are.",
        **more,
    )


def _reservations(doing: Doing) -> str:
    return path_of(doing.account, "reservations_path", "Reservations")


def _held(doing: Doing) -> str:
    return f"{_reservations(doing)}/{quote(doing.body['reservation'], safe='')}"


RESERVATION = Field("reservation", "Reservation", required=True, also=("id",))
UNTIL = Field("until", "Until", required=True, example="2026-12-01", help="A day, as year-month-day.")

VERBS: Mapping[str, Verb] = {
    "place_order": _buy(
        "Order",
        Field("ship_to", "Ship to a customer", "group", fields=SHIP_TO, also=("enduser",), free=False),
        doors=(doors.ORDERED,),
        help="Price and stock are read once more just before; what is missing or dearer stops it.",
    ),
    "drop_ship": _buy(
        "Order for a customer",
        Field("ship_to", "Ship to", "group", required=True, fields=SHIP_TO, also=("enduser",)),
        doors=(doors.SHIPPED_ON,),
        proven=False,
        help="EU only. How ELKO is told to ship to a customer is one client's practice.",
    ),
    "change_order": Verb(
        "Change order",
        about="purchase",
        fields=(ORDER, LINES),
        request=lambda doing: Request("PUT", _order_path(doing), {"lines": lines_of(doing.body)}),
        objects=one("order"),
        says=lambda body: [f"Order {body['order']} becomes", *(f"{x['quantity']} × {x['sku']}" for x in body["lines"])],
        outcome=changed,
        carries=(Values("purchase", "order", names=("lines",)),),
        look_up="order_changed",
        doors=(doors.CHANGED,),
        valid=valid,
        complete=complete,
        proven=False,
    ),
    "cancel_order": Verb(
        "Cancel order",
        about="purchase",
        fields=(ORDER,),
        request=lambda doing: Request("DELETE", _order_path(doing)),
        objects=one("order"),
        says=lambda body: [f"Cancel order {body['order']} at ELKO"],
        outcome=changed,
        look_up="order_cancelled",
        doors=(doors.CANCELLED,),
        proven=False,
        irreversible=True,
    ),
    "reserve": _reservation(
        "Reserve", "POST", (REFERENCE, LINES, Field("until", "Until", example="2026-12-01")),
        lambda doing: {"customerPo": doing.reference, "lines": lines_of(doing.body)}
        | ({"until": doing.body["until"]} if doing.body.get("until") else {}),
        _reservations,
        objects=one("reference"),
        says=says("Reserve"),
        check="still_as_decided",
        look_up="reservation_made",
        reference="reference",
        once=True,
        complete=complete,
        valid=valid,
    ),
    "extend_reservation": _reservation(
        "Extend reservation", "PUT", (RESERVATION, UNTIL), lambda doing: {"until": doing.body["until"]}, _held,
        objects=one("reservation"),
        says=lambda body: [f"Keep reservation {body['reservation']} until {body['until']}"],
        sets=("until",),
        look_up="reservation_kept",
        repeatable=True,
    ),
    "release_reservation": _reservation(
        "Release reservation", "DELETE", (RESERVATION,), lambda doing: None, _held,
        objects=one("reservation"),
        says=lambda body: [f"Give reservation {body['reservation']} back"],
        look_up="reservation_kept",
        repeatable=True,
    ),
}  # fmt: skip
