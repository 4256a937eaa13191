"""What can be sent to Elryan. Its GETs that write are writes like the others; a path no document proves starts off.

`GET /cron/start` is called by nothing here, and there is no verb that could.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from integrations.errors import NeedsAuth, Refused, Unknown
from integrations.service import option_of
from integrations.services.elryan import doors, publishing
from integrations.services.elryan.options import OPTIONS
from integrations.verbs import Body, Doing, Field, Outcome, Request, Values, Verb

REASONS = ("out_of_stock", "incorrect_pricing", "sourcing_delay")  # the three the manual shows (call 31)
LINE = Field("line", "Order line", required=True, also=("POlineID", "po_line_id"), example="77231331")
SKU = Field("sku", "SKU", required=True, example="HEADSET-1")
ACTIVE = Field("is_active", "On sale", "bool", example=True)
REMOTE = Field("remote_id", "Our id", required=True, example="C-17")
NAME = Field("name", "Name", required=True, example="Headsets")
NUMBERS = {
    "price", "retail_price", "stock", "weight", "height", "width", "length", "freight", "tax", "guarantee", "fulfillment_day",
}  # fmt: skip
Path = Callable[[Doing], str]


def data_of(answer: Any) -> Any:
    """`data` of an answer that says the write was done; an error code comes with HTTP 200 as well.

    Raises errors.Refused, NeedsAuth, or Unknown for an answer that says neither.
    """
    told = answer if isinstance(answer, Mapping) else {}
    code, said = str(told.get("error_code") or ""), str(told.get("message") or "")[:300]
    if code in ("401", "403"):
        cause = "token" if code == "401" else "ip"
        raise NeedsAuth(f"Elryan does not let us in (error_code {code}).", "Set a new token.", cause, said=said)
    if code.startswith("5") and len(code) == 3:
        raise Unknown(
            f"Elryan failed while it worked on this (error_code {code}).",
            "Look it up on the vendor's side before it is done again.",
            said=said,
        )
    if code not in ("", "0"):
        raise Refused(f"Elryan refused with error_code {code[:40]}.", "Correct what it names.", said=said)
    if "data" not in told and "error_code" not in told:
        raise Unknown(
            "Elryan's answer says neither that it was done nor that it was refused.",
            "Look it up on the vendor's side before it is done again.",
        )
    return told.get("data")


def done(doing: Doing, answer: Any) -> Outcome:
    """Done, with the number of what was made where the answer has one."""
    data = data_of(answer)
    number = data.get("id") or data.get("_id") if isinstance(data, Mapping) else ""
    return Outcome(number=str(number or ""))


def mirrored(flow: str) -> Callable[[Doing, Any], Outcome]:
    """An outcome whose answer is the row as it is now."""

    def outcome(doing: Doing, answer: Any) -> Outcome:
        data = data_of(answer)
        if not isinstance(data, Mapping):
            return Outcome()
        return Outcome(number=str(data.get("id") or ""), rows=((flow, data),))

    return outcome


def plain(value: Any, name: str = "") -> Any:
    """Decimals, and exact texts where Elryan has a number, as the numbers JSON has."""
    if isinstance(value, Decimal) or (name in NUMBERS and isinstance(value, str)):
        return number(value)
    if isinstance(value, Mapping):
        return {name: plain(one, name) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def number(value: Any) -> int | float:
    """A body's exact number as the JSON number Elryan wants."""
    exact = Decimal(str(value))
    return int(exact) if exact == int(exact) else float(exact)


def fixed(path: str) -> Path:
    return lambda doing: path


def chosen(option: str) -> Path:
    """A path no document proves, from the connection's option."""
    return lambda doing: str(option_of(OPTIONS, doing.account, option)).rstrip("/")


def one(name: str) -> Callable[[Body], Sequence[str]]:
    return lambda body: (str(body[name]),)


def _keyed(method: str, path: Path, name: str, send: Callable[[Body], Any] = lambda body: None) -> Any:
    return lambda doing: Request(method, f"{path(doing)}/{quote(str(doing.body[name]), safe='')}", send(doing.body))


def _rest(name: str) -> Callable[[Body], Any]:
    return lambda body: {key: value for key, value in body.items() if key != name}


def _found_items(doing: Doing, answer: Any) -> Outcome:
    """A success that lists SKUs it does not know: those were not done (manual, call 23)."""
    data = data_of(answer)
    strangers = data.get("notFoundVariantsInDb") if isinstance(data, Mapping) else None
    return Outcome(refused={str(sku): "Elryan has no variant with this SKU." for sku in strangers or ()})


def _items(doing: Doing) -> Request:
    rows = [
        {name: value if name == "sku" else number(value) for name, value in item.items()}
        for item in doing.body["items"]
    ]
    return Request("POST", chosen("stock_and_price_path")(doing), {"items": rows})


def _says_items(body: Body) -> list[str]:
    words = {"stock": "stock", "price": "price", "retail_price": "list price"}
    return [
        f"{item['sku']}: " + ", ".join(f"{words[name]} {value}" for name, value in item.items() if name != "sku")
        for item in body["items"]
    ]


def _valid_items(account: Any, body: Body) -> None:
    skus = [item["sku"] for item in body["items"]]
    if twice := sorted(sku for sku, times in Counter(skus).items() if times > 1):
        raise ValueError(f"items names {twice[0]} twice; of two values only one can be sent.")
    if bare := [item["sku"] for item in body["items"] if len(item) == 1]:
        raise ValueError(f"items gives no value for {bare[0]}: stock, price or retail_price.")


CALLED = {"is_active": "active"}  # as the switches call it


def _upsert(
    title: str,
    about: str,
    key: str,
    path: Path,
    fields: tuple[Field, ...],
    carries: tuple[Values, ...] = (),
    **more: Any,
) -> Verb:
    """Create or update by our own key: the same twice is the same as once, and of two the newest stays."""
    return Verb(
        title,
        about=about,
        fields=fields,
        request=lambda doing: Request("POST", path(doing), plain(dict(doing.body))),
        objects=one(key),
        says=lambda body: [f"{title}: {body.get('name') or body.get('value') or ''} ({body[key]})"],
        outcome=done,
        look_up=f"{about.replace(' ', '_')}_stands",
        repeatable=True,
        carries=(Values(about, key, apart=tuple(one.rows for one in carries), called=CALLED), *carries),
        **more,
    )


def _switch(title: str, about: str, key: str, path: Path, **more: Any) -> Verb:
    """A GET that writes."""
    return Verb(
        title,
        about=about,
        fields=(Field(key, key.upper(), required=True),),
        request=_keyed("GET", path, key),
        objects=one(key),
        says=lambda body: [f"{title} {body[key]}"],
        outcome=done,
        look_up="switched_on" if title.startswith("Put") else "switched_off",
        sets=("active",),
        gives={"active": title.startswith("Put")},
        repeatable=True,
        **more,
    )


def _package(title: str, method: str, path: Path, fields: tuple[Field, ...] = (), **more: Any) -> Verb:
    return Verb(
        title,
        about="package",
        fields=(Field("package", "Package", required=True, also=("id",)), *fields),
        request=_keyed(method, path, "package", _rest("package") if fields else lambda body: None),
        objects=one("package"),
        says=lambda body: [f"{title} {body['package']}"],
        outcome=mirrored("packages"),
        proven=False,
        **more,
    )


TRACKING = (
    Field("tracking_barcode", "Tracking number"), Field("tracking_link", "Tracking link"), Field("provider", "Carrier"),
    Field("tracking_provider", "Carrier (old name)"), Field("tracking_pdf", "Label"), Field("base64_file", "Label, base64"),
)  # fmt: skip
INVOICE = (
    Field("invoice_number", "Invoice number"), Field("invoice_date", "Date", example="2026-11-21"),
    Field("invoice_link", "Link"), Field("invoice_pdf", "PDF"),
)  # fmt: skip
EVENT = (
    Field("datetime", "When", example="2026-11-21 14:00:00", help="Baghdad's clock, as 2026-11-21 14:00:00."),
    Field("detail", "What happened", example="Handed over"), Field("eventCode", "Code"), Field("location", "Where"),
)  # fmt: skip


def _inner(body: Body) -> list[str]:
    """A product brings its variants along, with their stock and price."""
    return [f"variant:{row['sku']}" for row in body["variants"]]


INNER = Field("variants", "Variants", "rows", required=True, fields=(SKU,), free=True)
PRODUCT = (
    NAME, Field("spu", "SPU", required=True),
    Field("category", "Category", "group", required=True, free=True, fields=(
        Field("remote_id", "Our id"), Field("name", "Name"), Field("parent_remote_id", "Our id of its parent"))),
    Field("brand", "Brand", "group", required=True, free=True, fields=(Field("remote_id", "Our id"), Field("name", "Name"))),
    Field("default_image_url", "Picture", required=True),
    Field("tax", "Tax", "decimal", required=True), Field("is_active", "On sale", "bool", required=True),
    Field("translations", "Translations", "rows", required=True, fields=(
        Field("language", "Language", example="AR"), Field("name", "Name"), Field("description", "Description"))), INNER,
    Field("guarantee", "Guarantee", "int", required=True), Field("fulfillment_day", "Days to dispatch", "int", required=True),
)  # fmt: skip
VARIANT = (SKU, Field("spu", "SPU of its product", required=True))

VERBS: Mapping[str, Verb] = {
    "cancel_line": Verb(
        "Cancel order line",
        about="line",
        fields=(
            LINE,
            Field("reason", "Reason", "choice", required=True, choices=REASONS, choices_from="cancel_reasons", example=REASONS[0]),
        ),
        request=_keyed("PUT", fixed("orders/cancel"), "line", lambda body: {"reason": body["reason"]}),
        objects=one("line"),
        says=lambda body: [f"Cancel order line {body['line']}: {body['reason'].replace('_', ' ')}"],
        outcome=mirrored("orders"),
        look_up="line_cancelled",
        repeatable=True,
        irreversible=True,
        doors=(doors.LINE,),
        help="The customer loses this line. Manual, call 29.",
    ),
    "prepare_line": Verb(
        "Prepare order line",
        about="line",
        fields=(LINE,),
        request=_keyed("PUT", chosen("prepare_line_path"), "line"),
        objects=one("line"),
        says=lambda body: [f"Accept order line {body['line']} and prepare it"],
        outcome=mirrored("orders"),
        look_up="line_prepared",
        doors=(doors.NEW_LINE,),
        proven=False,
    ),
    "stock_and_price": Verb(
        "Stock and price",
        about="variant",
        fields=(
            Field(
                "items",
                "Articles",
                "rows",
                required=True,
                fields=(
                    SKU,
                    Field("stock", "Stock", "int", least=0, example=5),
                    Field("price", "Price", "decimal", least=0, example="25.00"),
                    Field("retail_price", "List price", "decimal", least=0, example="30.00"),
                ),
            ),
        ),
        request=_items,
        objects=lambda body: [item["sku"] for item in body["items"]],
        says=_says_items,
        outcome=_found_items,
        look_up="values_stand",
        rows="items",
        row_id="sku",
        chunk="stock_chunk",
        valid=_valid_items,
        repeatable=True,
        doors=(publishing.PUSH,),
        help="In parts; an article Elryan does not know is marked, the others are done. Manual, call 23.",
    ),
    "enable_product": _switch(
        "Put product on sale", "product", "spu", chosen("enable_product_path"), proven=False, doors=(publishing.PRODUCT_ON,)
    ),
    "disable_product": _switch(
        "Take product off sale", "product", "spu", chosen("disable_product_path"), doors=(publishing.PRODUCT_OFF,)
    ),
    "enable_variant": _switch(
        "Put variant on sale", "variant", "sku", chosen("enable_variant_path"), proven=False, doors=(publishing.VARIANT_ON,)
    ),
    "disable_variant": _switch(
        "Take variant off sale", "variant", "sku", chosen("disable_variant_path"), doors=(publishing.VARIANT_OFF,)
    ),
    "upsert_category": _upsert(
        "Category", "category", "remote_id", fixed("categories/upsert/"),
        (REMOTE, Field("name", "Name"), Field("is_active", "Active", "bool", required=True), Field("parent_id", "Parent"),
         Field("remote_parent_id", "Our id of the parent", help="It must be there already: parents first.")),
        check="parent_is_there",
        touches=lambda body: [f"category:{body['remote_parent_id']}"] if body.get("remote_parent_id") else [],
    ),
    "upsert_brand": _upsert(
        "Brand", "brand", "remote_id", fixed("brands/upsert"),
        (REMOTE, NAME, Field("is_active", "Active", "bool", required=True), Field("remote_image_url", "Picture")),
    ),
    "upsert_attribute": _upsert(
        "Attribute", "attribute", "remote_id", fixed("attributes/upsert"),
        (REMOTE, NAME, Field("is_active", "Active", "bool", required=True)),
    ),
    "upsert_attribute_value": _upsert(
        "Attribute value", "attribute value", "remote_id", chosen("upsert_attribute_value_path"),
        (REMOTE, Field("value", "Value", required=True), Field("is_active", "Active", "bool", required=True),
         Field("attribute", "Attribute", "group", required=True, fields=(NAME, REMOTE, ACTIVE))),
        proven=False,
    ),
    "upsert_product": _upsert(
        "Product with variants", "product", "spu", chosen("upsert_product_path"), PRODUCT,
        carries=(Values("variant", "sku", "variants", called=CALLED),), touches=_inner, doors=(publishing.PUBLISHED,),
    ),
    "upsert_variant": _upsert(
        "Variant", "variant", "sku", chosen("upsert_variant_path"),
        (*VARIANT, Field("name", "Name"), Field("currency", "Currency"), ACTIVE,
         *(Field(n, n.replace("_", " ").capitalize(), "decimal") for n in (
            "price", "retail_price", "stock", "weight", "height", "width", "length", "freight")),
         *(Field(n, n.replace("_", " ").capitalize()) for n in (
            "barcode", "hs_code", "gtin", "default_image_url", "description")),
         Field("supplier", "Supplier", "group", free=True), Field("translations", "Translations", "rows", free=True),
         Field("attributes", "Attributes", "rows", free=True)),
    ),
    "create_package": Verb(
        "Create package",
        about="order",
        fields=(
            Field("reference", "Our number", also=("remote_id",)),
            Field("order_id", "Order", "int", required=True),
            Field("items", "Lines", "rows", required=True, fields=(
                Field("order_item_id", "Order line", "int", required=True, also=("line",)),
                Field("quantity", "Quantity", "int", required=True, least=1), Field("total_deci", "Desi", "int"))),
            Field("tracking", "Tracking", "group", fields=TRACKING),
            Field("invoice", "Invoice", "group", free=True, fields=INVOICE),
        ),
        request=lambda doing: Request(
            "POST", chosen("create_package_path")(doing), {**_rest("reference")(doing.body), "remote_id": doing.reference}
        ),
        objects=lambda body: [str(body["order_id"])],
        says=lambda body: [f"Package for order {body['order_id']}"]
        + [f"{item['quantity']} × line {item['order_item_id']}" for item in body["items"]],
        outcome=mirrored("packages"),
        look_up="package_made",
        reference="reference",
        once=True,
        doors=(doors.PACKED,),
        proven=False,
    ),
    "cancel_package": _package(
        "Cancel package", "GET", chosen("cancel_package_path"), irreversible=True, look_up="package_cancelled",
        doors=(doors.PACKAGE,),
    ),
    "fulfil_package": _package(
        "Fulfil package", "POST", fixed("packages/fulfill"), TRACKING, look_up="package_sent", doors=(doors.FULFILLED,)
    ),
    "fulfil_package_online": _package(
        "Fulfil package by the marketplace's courier", "POST", chosen("fulfil_package_online_path"),
        (Field("provider", "Courier", required=True), Field("tracking_provider", "Courier (old name)")),
        look_up="package_sent",
        doors=(doors.PACKAGE,),
    ),
    "upsert_tracking": Verb(
        "Tracking",
        about="package",
        fields=(Field("package_id", "Package", required=True, also=("package",)), Field("id", "Tracking id"), *TRACKING),
        request=lambda doing: Request("POST", chosen("upsert_tracking_path")(doing), dict(doing.body)),
        objects=one("package_id"),
        says=lambda body: [f"Tracking of package {body['package_id']}: {body.get('tracking_barcode', '')}"],
        outcome=mirrored("trackings"),
        carries=(Values("package", "package_id", apart=("id",)),),
        look_up="tracking_stands",
        repeatable=True,
        doors=(doors.TRACKED,),
        proven=False,
    ),
    "update_delivery_event": Verb(
        "Delivery event",
        about="delivery",
        fields=(
            Field("delivery", "Delivery", required=True),
            Field("delivery_info", "Event", "group", required=True, free=True, fields=EVENT),
        ),
        request=lambda doing: Request(
            "PUT", f"{chosen('deliveries_path')(doing)}/{quote(doing.body['delivery'], safe='')}/event-info",
            _rest("delivery")(doing.body),
        ),
        objects=one("delivery"),
        says=lambda body: [f"Event of delivery {body['delivery']}: {body['delivery_info'].get('detail', '')}".rstrip(": ")],
        outcome=mirrored("deliveries"),
        look_up="event_made",
        doors=(doors.DELIVERY,),
        proven=False,
        help="Give the time: an event that has none cannot be told from an older one when its answer was lost.",
    ),
    "update_delivery_status": Verb(
        "Delivery status",
        about="delivery",
        fields=(Field("delivery", "Delivery", required=True), Field("status", "Status", required=True)),
        request=lambda doing: Request(
            "PUT", f"{chosen('deliveries_path')(doing)}/{quote(doing.body['delivery'], safe='')}/status",
            _rest("delivery")(doing.body),
        ),
        objects=one("delivery"),
        says=lambda body: [f"Delivery {body['delivery']} is {body['status']}"],
        outcome=mirrored("deliveries"),
        look_up="delivery_stands",
        doors=(doors.DELIVERY,),
        sets=("status",),
        repeatable=True,
        proven=False,
    ),
}  # fmt: skip
