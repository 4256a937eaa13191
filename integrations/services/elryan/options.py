"""What a connection to Elryan may be told. An option that is not proven stands in for what no document states."""

from integrations.service import Option
from integrations.services.elryan.fields import CURRENCY
from integrations.services.elryan.parse_catalogue import LANGUAGES


def path_option(name: str, label: str, default: str) -> Option:
    """A path no document states, or of calls that nothing shows working."""
    return Option(f"{name}_path", label, default=default, proven=False, group="Paths")


OPTIONS = (
    Option("email", "Email", help="Of the merchant account; only to fetch a token."),
    Option("order_currency", "Currency of orders", default=CURRENCY, help="Elryan's rows name none."),
    Option(
        "page_length",
        "Rows per page",
        kind="int",
        default=100,
        help="Elryan may give fewer at once; the list is read to its real end all the same.",
    ),
    Option("languages", "Language codes", kind="json", default=LANGUAGES, proven=False),
    Option(
        "weight_unit",
        "Unit of weights",
        kind="choice",
        default="g",
        choices=(("g", "Grams"), ("kg", "Kilograms")),
        proven=False,
    ),
    Option(
        "updated_filter",
        "Name of the orders' “changed since” filter",
        proven=False,
        help="Such as updated_from. Empty: every run reads all orders and keeps what changed.",
    ),
    Option("unfulfilled", "Read the unfulfilled list as well", kind="bool", default=True, proven=False),
    Option("delivery_ids", "Deliveries to follow", proven=False, help="Ids, with commas: no call lists them."),
    path_option("token", "Fetch a token", "users/generate-token"),
    path_option("attribute_values", "Search attribute values", "attribute-values/search"),
    path_option("variants", "Search variants", "variants/search"),
    path_option("orders", "Search orders", "orders/search"),
    path_option("unfulfilled", "Unfulfilled orders", "orders/unfulfilled-list"),
    path_option("cancel_reasons", "Cancellation reasons", "orders/cancel-reasons"),
    path_option("packages", "Search packages", "packages/search"),
    path_option("trackings", "Search trackings", "package-trackings/search"),
    path_option("category", "One category", "categories/get"),
    path_option("brand", "One brand", "brands/get"),
    path_option("attribute_value", "One attribute value", "attribute-values/get"),
    path_option("product", "One product", "products/get"),
    path_option("order", "One order line", "orders"),
    path_option("transaction", "One transaction", "transactions/get"),
    path_option("package", "One package", "packages"),
    path_option("tracking", "One tracking", "package-trackings"),
    path_option("deliveries", "One delivery", "deliveries"),
    Option(
        "stock_chunk",
        "Articles per stock-and-price call",
        kind="int",
        default=100,
        least=1,
        most=1000,
        help="The manual states no limit.",
        group="Writing",
    ),
    path_option("stock_and_price", "Write stock and price", "variants/stock-and-price"),
    path_option("upsert_product", "Write a product", "products/upsert"),
    path_option("upsert_variant", "Write a variant", "variants/upsert"),
    path_option("disable_product", "Take a product off sale", "products/disabled"),
    path_option("disable_variant", "Take a variant off sale", "variants/disabled"),
    path_option("prepare_line", "Prepare an order line", "orders/prepare"),
    path_option("enable_product", "Put a product on sale", "products/enabled"),
    path_option("enable_variant", "Put a variant on sale", "variants/enabled"),
    path_option("upsert_attribute_value", "Write an attribute value", "attribute-values/upsert"),
    path_option("create_package", "Create a package", "packages"),
    path_option("cancel_package", "Cancel a package", "packages/cancel"),
    path_option("fulfil_package_online", "Fulfil by the marketplace's courier", "packages/fulfill-online"),
    path_option("upsert_tracking", "Write a tracking", "package-trackings/upsert"),
)
