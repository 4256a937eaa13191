"""Shipments of orders: made whole or in part, with tracking, one by one or many at once."""

from collections.abc import Mapping

from integrations.services.api2cart import doors
from integrations.services.api2cart.batches import batch
from integrations.services.api2cart.write_orders import ORDER, REFERENCE, reread
from integrations.services.api2cart.writing import StoreVerb, carried, row, write
from integrations.verbs import Field

SHIPMENT = Field("shipment_id", "Shipment", required=True, also=("shipment", "package"), example="880")
STATUS = Field(
    "status",
    "Status",
    required=True,
    choices=("in_transit", "out_for_delivery", "delivered"),
    suggests=True,
    example="in_transit",
    help="Or another word the shop system knows.",
)
ITEMS = Field(
    "items", "Lines", "rows", help="Empty: all that is left of the order.",
    fields=row("order_product_id!", "quantity:int!", order_product_id="700010", quantity=1),
)  # fmt: skip
TRACKING = Field(
    "tracking_numbers", "Tracking numbers", "rows",
    fields=row("tracking_number!", "carrier_id", tracking_number="BP77000001LV"),
)  # fmt: skip

VERBS: Mapping[str, StoreVerb] = {
    "add_shipment": write(
        "Ship",
        "order.shipment.add",
        "order_id! items tracking_numbers shipment_provider send_notifications | tracking_link tracking_provider shipping_method "
        "warehouse_id is_shipped adjust_stock admin_comment",
        ORDER,
        ITEMS,
        TRACKING,
        about="order",
        key="order_id",
        number="shipment_id",
        reread=reread("orders", "shipments"),
        before=(REFERENCE,),
        reference="reference",
        once=True,
        check="shipment_fits",
        look_up="shipment_made",
        doors=(doors.SHIP,),
        help="What was shipped so far is read again just before; more than was ordered stops it.",
    ),
    "update_shipment": write(
        "Change shipment",
        "order.shipment.update",
        "shipment_id! order_id! tracking_numbers replace delivered_at shipment_provider send_notifications | tracking_link "
        "tracking_provider is_shipped admin_comment",
        SHIPMENT,
        ORDER,
        TRACKING,
        about="shipment",
        key="shipment_id",
        reread=reread("shipments"),
        look_up="shipment_stands",
        carries=carried("shipment", "shipment_id", values="tracking_link tracking_provider shipment_provider is_shipped delivered_at"),
        doors=(doors.PACKAGE,),
        help="The tracking numbers given here replace those there are, unless that is said to be no.",
    ),
    "add_tracking": write(
        "Tracking number",
        "order.shipment.tracking.add",
        "shipment_id! order_id! tracking_number! carrier_id tracking_provider tracking_link send_notifications",
        SHIPMENT,
        ORDER,
        about="shipment",
        key="shipment_id",
        number="shipment_tracking_id",
        reread=reread("shipments"),
        look_up="tracking_made",
        doors=(doors.PACKAGE,),
    ),
    "add_shipment_event": write(
        "Shipment event",
        "order.shipment.event.add",
        "shipment_id! order_id! status! message created_at city country | estimated_delivery_at address_1 postcode state latitude "
        "longitude",
        SHIPMENT,
        ORDER,
        STATUS,
        Field("created_at", "When", help="Such as 2026-11-21 14:30:00. Empty: now.", example=""),
        Field("estimated_delivery_at", "Expected on", help="Such as 2026-11-24T10:00:00+02:00.", example=""),
        about="shipment",
        key="shipment_id",
        number="id",
        reread=reread("shipments"),
        look_up="event_made",
        doors=(doors.PACKAGE,),
        help="What the carrier did, told to the shop. Which words it knows is the shop system's matter.",
    ),
    "delete_shipment": write(
        "Take shipment back",
        "order.shipment.delete",
        "shipment_id! order_id!",
        SHIPMENT,
        ORDER,
        about="shipment",
        key="shipment_id",
        reread=reread("orders", "shipments"),
        look_up="shipment_gone",
        doors=(doors.PACKAGE,),
        repeatable=True,
        irreversible=True,
    ),
    "add_shipments": batch(
        "Ship many orders",
        "order.shipment.add.batch",
        "shipments",
        "Shipments",
        row(
            "order_id!", "tracking_number!", "carrier_name", "tracking_link", "send_notifications:bool", "|", "carrier_id",
            "shipment_provider", order_id="70001", tracking_number="BP77000001LV",
        ),
        about="order",
        key="order_id",
        reread=lambda ids: [("orders", ids), ("shipments", ids)],
        look_up="shipments_made",
        help="Each is all that is left of its order. A carrier's id stands for its name and link.",
    ),
}  # fmt: skip
