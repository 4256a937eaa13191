"""What a connection to one store may be told. What is left empty the hub finds out by itself, or leaves to the shop system."""

from integrations.service import Option
from integrations.services.api2cart.platforms import MOST

OPTIONS = (
    Option(
        "store_url",
        "Store's address",
        help="As the store is listed in API2Cart. With it, the store key is found by itself.",
    ),
    Option("platform", "Shop system", help="API2Cart's name of it, such as Shopify or EBay. Found by itself."),
    Option(
        "credentials_since",
        "Credentials given on",
        help="A day such as 2026-01-31: when the shop's credentials were last renewed. Set by itself; the hub reminds of those that end.",
    ),
    Option("store_id", "Store id", help="Of one shop among several in one store; empty for the first."),
    Option("lang_id", "Language id", help="Of names and descriptions; empty for the store's own."),
    Option(
        "page_size",
        "Rows per page",
        kind="int",
        default=0,
        least=0,
        most=MOST,
        help="0: what suits the shop system. Made smaller by itself where the shop system gives fewer.",
    ),
    Option(
        "batch_size",
        "Rows per batch",
        kind="int",
        default=MOST,
        least=1,
        most=MOST,
        help="So many of one kind are sent in one job; what there are more of goes in further ones.",
    ),
    Option(
        "overlap",
        "Overlap, minutes",
        kind="int",
        default=180,
        least=0,
        most=10_080,
        help="What changed so long before the last run is asked for again: clocks differ, and shops write times late.",
    ),
    Option(
        "history_days",
        "Days of orders to read",
        kind="int",
        default=365,
        least=0,
        help="Of orders, returns and carts, at first and in every full pass. 0: all there are.",
    ),
    Option("include_guests", "Guests among customers", kind="bool", default=True),
    Option(
        "changed_by",
        "What changed is asked for by",
        kind="choice",
        default="modified",
        choices=(
            ("modified", "The time of change"),
            ("created", "The time it was made"),
            ("nothing", "Nothing: read everything every time"),
        ),
        proven=False,
        help="Where a shop system refuses the filter (code 109). By the time it was made, changes of old rows come with a full pass.",
    ),
    Option(
        "times",
        "How times are written",
        kind="choice",
        default="auto",
        choices=(
            ("auto", "As the shop system wants it"),
            ("iso", "2026-01-31T10:00:00+0000"),
            ("spaced", "2026-01-31 10:00:00"),
            ("day", "2026-01-31"),
        ),
        proven=False,
        help="The vendor names several ways and each shop system takes some.",
    ),
    Option(
        "variants_are",
        "Variants stand",
        kind="choice",
        default="auto",
        choices=(
            ("auto", "As the shop system does it"),
            ("apart", "Under their product"),
            ("listed", "In the list of products"),
        ),
        proven=False,
        help="Amazon and Magento list each variant as a product of its own.",
    ),
)
