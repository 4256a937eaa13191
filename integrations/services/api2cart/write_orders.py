"""Orders: made, changed, paid back. Their shipments and returns have modules of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from integrations.services.api2cart import doors
from integrations.services.api2cart.writing import Reread, StoreVerb, carried, row, write
from integrations.verbs import Body, Field

REFERENCE = Field("reference", "Our number", example="R-1001", help="Used once: the same again is the same decision.")
ORDER = Field("order_id", "Order", required=True, also=("order",), example="70001")
ORDER_STATUS = Field(
    "order_status",
    "Status",
    choices_from="order_statuses",
    suggests=True,
    help="In the store's own words, such as Completed.",
)
LINE = row("order_product_id!", "quantity:int!", "price:decimal", order_product_id="700010", quantity=1)
ADDRESS = "first_name last_name address_1 address_2 city postcode state country company phone"


def reread(*flows: str) -> Reread:
    """Ask for the order anew, and for what hangs under it."""

    def ask(body: Body) -> Sequence[tuple[str, tuple[str, ...]]]:
        order = str(body.get("order_id") or "")
        return [(flow, (order,)) for flow in flows] if order else []

    return ask


def _names(before: str, needed: str = "") -> str:
    return " ".join(f"{before}{name}{'!' if name in needed.split() else ''}" for name in ADDRESS.split())


VERBS: Mapping[str, StoreVerb] = {
    "update_order": write(
        "Change order",
        "order.update",
        "order_id! order_status cancellation_reason comment send_notifications | financial_status fulfillment_status admin_comment "
        "admin_private_comment tags date_finished create_invoice",
        ORDER,
        ORDER_STATUS,
        about="order",
        key="order_id",
        reread=reread("orders"),
        look_up="order_stands",
        carries=carried("order", "order_id", values="order_status financial_status fulfillment_status tags date_finished"),
        doors=(doors.CHANGE,),
        repeatable=True,
        help="Which statuses may follow on which is the shop system's matter; several take only a cancellation.",
    ),
    "refund_order": write(
        "Pay back",
        "order.refund.add",
        "order_id! items shipping_price message item_restock send_notifications | total_price fee_price is_online",
        ORDER,
        Field("items", "Lines", "rows", fields=LINE),
        about="order",
        key="order_id",
        number="refund_id",
        reread=reread("orders", "transactions"),
        before=(REFERENCE,),
        reference="reference",
        once=True,
        check="refund_fits",
        look_up="refund_made",
        doors=(doors.PAY_BACK,),
        irreversible=True,
        help="What was paid back so far is read again just before; more than was bought stops it. When the answer is lost the "
        "lines prove it; an amount without lines waits for a person.",
    ),
    "add_order": write(
        "Make order",
        "order.add",
        f"customer_email! order_status! {_names('bill_', 'first_name last_name address_1 city postcode country')} "
        "order_item order_payment_method order_shipping_method shipping_price total_price currency comment inventory_behaviour "
        f"send_notifications | {_names('shipp_')} subtotal_price tax_price discount prices_inc_tax financial_status "
        "fulfillment_status admin_comment tags create_invoice",
        replace(ORDER_STATUS, required=True),
        Field(
            "inventory_behaviour", "Stock", "choice",
            choices=("bypass", "decrement_ignoring_policy", "decrement_obeying_policy"),
            labels=("Leave it", "Take it off, whatever there is", "Take it off as the product allows"),
        ),
        Field(
            "order_item",
            "Lines",
            "rows",
            required=True,
            also=("lines",),
            fields=row(
                "order_item_id!", "order_item_name!", "order_item_model", "order_item_price:decimal!", "order_item_quantity:int!",
                "order_item_variant_id", "order_item_tax:decimal", order_item_id="5001", order_item_name="Kettle",
            ),
        ),
        about="order",
        key="reference",
        number="order_id",
        reread=lambda body: [("orders", ())],
        before=(REFERENCE,),
        reference="reference",
        once=True,
        look_up="order_made",
        help="When the answer is lost the shop's orders of this customer are shown, and a person decides: no list proves which is ours.",
    ),
}  # fmt: skip
