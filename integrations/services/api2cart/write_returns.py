"""Returns: asked for, moved on, taken away. Shop systems differ most here; `rules.py` tells what is known before it is sent."""

from collections.abc import Mapping

from integrations.services.api2cart import doors
from integrations.services.api2cart.write_orders import ORDER, REFERENCE, reread
from integrations.services.api2cart.writing import StoreVerb, carried, row, write
from integrations.verbs import Field

RETURN = Field("return_id", "Return", required=True, also=("return",), example="9f31")
REASON = Field("return_reason_id", "Reason", choices_from="return_reasons")
ACTION = Field("return_action_id", "Action", choices_from="return_actions")
GIVEN = "return_reason_id return_action_id comment item_restock send_notifications"
SELDOM = "return_reason return_action reject_reason staff_note message is_online fee_price shipping_price"
STATUS = "return_status_id return_reason_id return_action_id return_reason return_action reject_reason"

VERBS: Mapping[str, StoreVerb] = {
    "add_return": write(
        "Return",
        "order.return.add",
        f"order_id! order_products {GIVEN} | return_status_id {SELDOM}",
        ORDER,
        REASON,
        ACTION,
        Field(
            "order_products", "Goods", "rows", required=True, also=("lines",),
            fields=row(
                "order_product_id!", "order_product_quantity:int!", "order_product_reason_id", "order_product_handling_status",
                "order_product_customer_comment", "|", "order_product_reason", "order_product_action_id", "order_product_status",
                "order_product_condition", order_product_id="700010",
            ),
        ),
        about="order",
        key="order_id",
        number="return_id",
        reread=reread("orders", "returns"),
        before=(REFERENCE,),
        reference="reference",
        once=True,
        look_up="return_made",
        doors=(doors.COME_BACK,),
        help="Only what was shipped can come back. Reasons and actions are the store's own.",
    ),
    "update_return": write(
        "Change return",
        "order.return.update",
        f"return_id! order_id! return_status_id {GIVEN} order_products | {SELDOM}",
        RETURN,
        ORDER,
        REASON,
        ACTION,
        Field(
            "order_products", "Goods", "rows", also=("lines",),
            fields=row(
                "order_product_id!", "order_product_quantity:int!", "order_product_status", "order_product_action_id",
                order_product_id="700010",
            ),
        ),
        about="return",
        key="return_id",
        reread=reread("orders", "returns"),
        look_up="return_stands",
        carries=carried("return", "return_id", values=STATUS),
        doors=(doors.RETURN,),
        repeatable=True,
        help="Which status may follow is the shop system's matter: on TikTok Shop an approved one can only be completed.",
    ),
    "delete_return": write(
        "Take return away",
        "order.return.delete",
        "return_id! order_id!",
        RETURN,
        ORDER,
        about="return",
        key="return_id",
        reread=reread("orders", "returns"),
        look_up="return_gone",
        doors=(doors.RETURN,),
        repeatable=True,
        irreversible=True,
    ),
}  # fmt: skip
