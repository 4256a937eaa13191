"""What a connection to kvik.shop may be told. Its documents state no path and no field name of an order: all of that is here."""

from integrations.service import Option

MEANINGS = tuple(
    (word, word.replace("_", " ").capitalize())
    for word in (
        "new", "confirmed", "on_hold", "preparing", "shipped", "partly", "delivered", "cancelled", "returned", "unknown",
    )
)  # fmt: skip
ORDER_FIELDS = (
    ("external_id", "Id of the order"),
    ("number", "Number people see"),
    ("status", "Status word"),
    ("placed_at", "Placed at"),
    ("changed_at", "Last changed at"),
    ("currency", "Currency code"),
    ("total", "Total"),
    ("buyer_name", "Buyer's name"),
    ("buyer_email", "Buyer's email"),
    ("buyer_phone", "Buyer's phone"),
    ("ship_to", "Delivery address"),
    ("lines", "List of its lines"),
)
LINE_FIELDS = (
    ("external_id", "Id of the line"),
    ("sku", "Product code"),
    ("barcode", "Barcode"),
    ("name", "Name"),
    ("quantity", "Quantity"),
    ("unit_price", "Unit price"),
    ("total", "Line total"),
    ("status", "Status word"),
)
ORDER_MAP = {
    "external_id": "id",
    "number": "number",
    "status": "status",
    "placed_at": "created_at",
    "changed_at": "updated_at",
    "currency": "currency",
    "total": "total",
    "buyer_name": "customer.name",
    "buyer_email": "customer.email",
    "buyer_phone": "customer.phone",
    "ship_to": "delivery_address",
    "lines": "items",
}
LINE_MAP = {
    "external_id": "id",
    "sku": "sku",
    "barcode": "ean",
    "name": "name",
    "quantity": "quantity",
    "unit_price": "price",
    "total": "total",
}
PATHS = (
    "Dotted paths into the row: customer.name, or items.0.id; a | b is the first that is there, a + b joins two texts."
)
PRICE_FIELDS = (
    ("price", "Price"),
    ("currency", "Currency"),
    ("without_vat", "Without VAT"),
    ("vat", "VAT rate"),
    ("valid_until", "Valid until"),
)
PRICE_MAP = {"price": "price", "currency": "currency", "without_vat": "price_without_vat"}
# Of a bridge's documents, paths begin within the root element.
XML_ORDER_MAP = {
    "external_id": "id | @id",
    "number": "number",
    "status": "status",
    "placed_at": "created_at",
    "changed_at": "updated_at",
    "currency": "currency",
    "total": "total",
    "buyer_name": "customer.name",
    "buyer_email": "customer.email",
    "buyer_phone": "customer.phone",
    "ship_to": "delivery_address",
    "lines": "items.item",
}
XML_LINE_MAP = {**LINE_MAP, "external_id": "id | @id"}
ORDERS, READING, PRICES = "Where orders are", "How orders read", "Price of a product for a user"
CHANGES = "How an order is changed"
CHANGE_FIELDS = (
    ("status", "Status"),
    ("payment", "Payment status"),
    ("tracking_number", "Tracking number"),
    ("tracking_link", "Tracking link"),
    ("carrier", "Carrier"),
    ("note", "Note"),
)
CHANGE_MAP = {
    "status": "status",
    "payment": "payment.status",
    "tracking_number": "tracking.number",
    "tracking_link": "tracking.url",
    "carrier": "tracking.carrier",
}
BRIDGE = "XML2DB bridge"


def _unproven(name: str, label: str, kind: str = "text", default: object = "", **more: object) -> Option:
    return Option(name, label, kind, default, proven=False, **more)  # type: ignore[arg-type]


OPTIONS = (
    Option("client_id", "Client id", help="Of the Application user kvik.shop made for this hub."),
    Option("scope", "Scope", default="all", help="What the token is asked for."),
    Option(
        "orders_source",
        "Orders come",
        "choice",
        "api",
        choices=(("api", "Over the App API"), ("bridge", "From the XML2DB bridge"), ("both", "From both")),
        required=True,
        group=ORDERS,
        help="The bridge is a MySQL or MariaDB database that kvik.shop writes order documents into.",
    ),
    _unproven("orders_list_path", "List orders", default="orders", group=ORDERS),
    _unproven("order_detail_path", "One order", default="orders/{order_id}", group=ORDERS),
    _unproven(
        "read_details",
        "Read each order by its own call",
        "bool",
        False,
        group=ORDERS,
        help="For a list whose rows are short, without the lines.",
    ),
    _unproven(
        "list_key",
        "Where the list stands in the answer",
        group=ORDERS,
        help="A dotted path. Empty: the answer itself, else items, data, orders or results.",
    ),
    _unproven(
        "paging",
        "Pages",
        "choice",
        "page",
        choices=(
            ("page", "By page number"),
            ("offset", "By number of rows to skip"),
            ("none", "One answer with everything"),
        ),
        required=True,
        group=ORDERS,
    ),
    _unproven("page_parameter", "Parameter: page number", default="page", group=ORDERS),
    _unproven("first_page", "Number of the first page", "int", 1, least=0, most=1, group=ORDERS),
    _unproven("offset_parameter", "Parameter: rows to skip", default="offset", group=ORDERS),
    _unproven("limit_parameter", "Parameter: rows per page", default="limit", group=ORDERS),
    _unproven("page_length", "Rows per page", "int", 100, least=2, most=1000, group=ORDERS),
    _unproven(
        "since_parameter",
        "Parameter: changed since",
        group=ORDERS,
        help="Such as updated_from. Empty: every run reads the whole list, and keeps what changed.",
    ),
    _unproven(
        "since_format",
        "How that time is written",
        "choice",
        "iso",
        choices=(
            ("iso", "2026-04-03T21:17:42+02:00"),
            ("utc", "2026-04-03T19:17:42Z"),
            ("local", "2026-04-03 21:17:42, in the connection's time zone"),
            ("day", "2026-04-03"),
            ("unix", "Seconds since 1970"),
        ),
        required=True,
        group=ORDERS,
    ),
    Option(
        "overlap_hours",
        "Hours read again",
        "int",
        24,
        least=0,
        most=24 * 31,
        group=ORDERS,
        help="Each run asks for changes since so long before the newest one it knows.",
    ),
    _unproven("order_map", "Fields of an order", "map", ORDER_MAP, keys=ORDER_FIELDS, group=READING, help=PATHS),
    _unproven(
        "line_map", "Fields of a line", "map", LINE_MAP, keys=LINE_FIELDS, group=READING, help="Within one line."
    ),
    _unproven(
        "status_map",
        "What status words mean",
        "map",
        {},
        choices=MEANINGS,
        group=READING,
        help="One a line: the shop's word = our word. A word that is not here is kept as it is, and asks for its meaning.",
    ),
    _unproven("order_update_path", "Change an order", default="orders/{order_id}", group=CHANGES),
    _unproven(
        "order_update_method",
        "Method",
        "choice",
        "PATCH",
        choices=(("PATCH", "PATCH"), ("POST", "POST"), ("PUT", "PUT")),
        required=True,
        group=CHANGES,
        help="The documents name PATCH and POST as the ones with a body.",
    ),
    _unproven(
        "change_map",
        "Fields of a change",
        "map",
        CHANGE_MAP,
        keys=CHANGE_FIELDS,
        group=CHANGES,
        help="Where each value goes in what is sent: a dotted path, such as tracking.number. What has none cannot be sent.",
    ),
    _unproven(
        "status_words",
        "The shop's words for statuses",
        "map",
        {},
        keys=MEANINGS,
        group=CHANGES,
        help="Empty: the one word that means it among those above, where there is just one.",
    ),
    Option(
        "bridge_host", "Database server", group=BRIDGE, leads=True, help="Private addresses need VENDOR_PRIVATE_HOSTS."
    ),
    Option("bridge_port", "Port", "int", 3306, least=1, most=65535, group=BRIDGE, leads=True),
    Option(
        "bridge_tls",
        "Encrypted line",
        "choice",
        "on",
        choices=(("on", "Yes, with a certificate that is checked"), ("off", "No: the server is in our own network")),
        required=True,
        group=BRIDGE,
        leads=True,
    ),
    Option("bridge_database", "Database", group=BRIDGE),
    Option("bridge_user", "User", group=BRIDGE, help="One that may SELECT from this table and nothing else."),
    _unproven("bridge_table", "Table", default="events", group=BRIDGE),
    _unproven("bridge_id_column", "Column: id", default="id", group=BRIDGE, help="Grows with every row."),
    _unproven("bridge_xml_column", "Column: XML document", default="xml", group=BRIDGE),
    _unproven("bridge_type_column", "Column: type", group=BRIDGE, help="Such as type, where there is one."),
    _unproven(
        "bridge_created_column",
        "Column: written at",
        group=BRIDGE,
        help="Where there is one. It tells an older document of an order from a newer one.",
    ),
    _unproven("bridge_types", "Types that are orders", group=BRIDGE, help="With commas. Empty: of any type."),
    _unproven(
        "bridge_roots", "Root elements that are orders", default="order", group=BRIDGE, help="With commas; * is any."
    ),
    _unproven(
        "xml_order_map",
        "Fields of an order",
        "map",
        XML_ORDER_MAP,
        keys=ORDER_FIELDS,
        group=BRIDGE,
        help="Dotted paths within the root element; an attribute is @name, the text beside attributes #text.",
    ),
    _unproven("xml_line_map", "Fields of a line", "map", XML_LINE_MAP, keys=LINE_FIELDS, group=BRIDGE),
    _unproven("product_price_path", "Price of a product", default="products/{product_id}/price", group=PRICES),
    _unproven(
        "price_user_parameter",
        "Parameter: user",
        default="user",
        group=PRICES,
        help="Not sent where the path itself holds {user}.",
    ),
    _unproven("price_map", "Fields of a price", "map", PRICE_MAP, keys=PRICE_FIELDS, group=PRICES),
)
# What the orders are tried with.
TRIED = tuple(option.name for option in OPTIONS if option.group in (ORDERS, READING, BRIDGE))
