"""ELKO's cart and its kits: what is put there is ordered by a person in eCom. The manual shows the kit's model alone (AddToCartKitModel:
kitId, quantity, selectedOptions), no path; so the paths are options, and each verb starts off.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from integrations import raw
from integrations.numbers import key_from
from integrations.service import Account
from integrations.services.elko.verbs import path_of
from integrations.verbs import Body, Doing, Field, Found, Known, Request, Verb

CODE = key_from("elkoCode", "kitId", "productId", "id")
SKU = Field("sku", "ELKO code", required=True, also=("elkoCode",), example="1400001")
QUANTITY = Field("quantity", "Quantity", "int", required=True, least=1, example=2)
HELP = "No document shows ELKO's paths for its cart; the options “Cart” and “Kits” say where they are. It is ordered in eCom."


def path(doing: Doing) -> str:
    return path_of(doing.account, "cart_path", "Cart")


def _one(doing: Doing) -> str:
    return f"{path(doing)}/{quote(str(doing.body['sku']), safe='')}"


def complete(body: Body, known: Known) -> Body:
    """The article by ELKO's own code. Raises ValueError for a stranger without one, and for a broken pack."""
    variant = known(body["sku"])
    code = str(variant.get("external_id") or body["sku"])
    if not code.isdigit():
        raise ValueError(f"“{body['sku']}” is no ELKO code, and no variant of this connection has it as its SKU.")
    pack = variant.get("pack_size")
    if pack and "quantity" in body and body["quantity"] % pack:
        raise ValueError(f"ELKO sells {code} in packs of {pack:f}: {body['quantity']} is not a multiple of it.")
    return {**body, "sku": code}


def valid_kit(account: Account, body: Body) -> None:
    if not str(body["kit"]).isdigit():
        raise ValueError(f"“{body['kit']}” is no kit's ELKO code: those are whole numbers.")


def holds(doing: Doing, rows: Iterable[bytes | memoryview], wanted: int | None) -> Found:
    """What the cart holds of an article. wanted: how many there must be for it to be done; None: adding is never proved."""
    held = 0
    for text in rows:
        if CODE(text) == str(doing.body["sku"]):
            row = raw.row(text)
            quantity: Any = row.get("quantity") if isinstance(row, Mapping) else 0
            held += int(quantity or 0)
    told = f"ELKO's cart holds {held} of {doing.body['sku']}."
    return Found(None if wanted is None else held == wanted, told)


def _verb(title: str, method: str, fields: tuple[Field, ...], **more: Any) -> Verb:
    return Verb(
        title,
        about="cart",
        fields=fields,
        objects=lambda body: (str(body.get("sku") or body.get("kit")),),
        proven=False,
        help=HELP,
        **{"request": lambda doing: Request(method, _one(doing)), "complete": complete, **more},
    )


CART: Mapping[str, Verb] = {
    "add_to_cart": _verb(
        "Put into the cart", "POST", (SKU, QUANTITY),
        request=lambda doing: Request(
            "POST", path(doing), {"elkoCode": int(doing.body["sku"]), "quantity": doing.body["quantity"]}
        ),
        says=lambda body: [f"Put {body['quantity']} × {body['sku']} into ELKO's cart"],
        look_up="cart_shown",
    ),
    "add_kit_to_cart": _verb(
        "Put a kit into the cart", "POST",
        (Field("kit", "Kit", required=True, also=("kitId",), help="The kit's ELKO code.", example="1400030"), QUANTITY,
         Field("options", "What was chosen", "rows", also=("selectedOptions",), fields=(Field("id", "Option"),), free=True)),
        request=lambda doing: Request(
            "POST",
            path_of(doing.account, "kits_path", "Cart/Kit"),
            {"kitId": int(doing.body["kit"]), "quantity": doing.body["quantity"],
             "selectedOptions": list(doing.body.get("options", []))},
        ),
        says=lambda body: [f"Put {body['quantity']} × kit {body['kit']} into ELKO's cart"],
        complete=None,
        valid=valid_kit,
    ),
    "change_in_cart": _verb(
        "Change in the cart", "PUT", (SKU, QUANTITY),
        request=lambda doing: Request("PUT", _one(doing), {"quantity": doing.body["quantity"]}),
        says=lambda body: [f"ELKO's cart shall hold {body['quantity']} × {body['sku']}"],
        sets=("quantity",),
        repeatable=True,
        look_up="cart_holds",
    ),
    "take_from_cart": _verb(
        "Take out of the cart", "DELETE", (SKU,),
        says=lambda body: [f"Take {body['sku']} out of ELKO's cart"],
        repeatable=True,
        look_up="cart_lacks",
    ),
}  # fmt: skip
