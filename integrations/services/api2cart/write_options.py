"""Options of products and the values they have: made, put on a product, changed, taken away."""

from collections.abc import Mapping
from typing import Any

from integrations.services.api2cart.write_products import changed
from integrations.services.api2cart.writing import PRODUCT, StoreVerb, row, write
from integrations.verbs import Field, Values

KINDS = (
    "select", "radio", "checkbox", "multiselect", "multicheckbox", "text", "textarea", "readonly", "file", "date", "datetime", "time",
)  # fmt: skip
OF_PRODUCT: Mapping[str, Any] = {"about": "product", "key": "product_id", "reread": changed}
VALUE = "product_id! option_id! option_value_id!"

VERBS: Mapping[str, StoreVerb] = {
    "add_option": write(
        "Make option of a product", "product.option.add", "product_id! name! type! values required | option_values default_option_value",
        PRODUCT,
        Field("type", "Kind", "choice", required=True, choices=tuple(f"option_type_{one}" for one in KINDS), labels=KINDS),
        Field("values", "Values", "rows", fields=row("value!", "display_value", "is_default:bool", value="Moss")),
        **OF_PRODUCT, number="option_id", look_up="option_made",
    ),
    "assign_option": write(
        "Put option of the store on a product", "product.option.assign", "product_id! option_id! option_values required sort_order",
        PRODUCT, **OF_PRODUCT, number="product_option_id", look_up="option_assigned",
    ),
    "delete_option": write(
        "Delete option of a product", "product.option.delete", "product_id! option_id!", PRODUCT, **OF_PRODUCT, repeatable=True,
        irreversible=True, look_up="option_gone",
    ),
    "add_option_value": write(
        "Make value of an option", "product.option.value.add", "product_id! option_id! option_value! display_value is_default",
        PRODUCT, **OF_PRODUCT, number="option_value_id", look_up="option_value_made",
    ),
    "assign_option_value": write(
        "Put value of the store on a product's option", "product.option.value.assign", "product_option_id! option_value_id!",
        **OF_PRODUCT, number="product_option_value_id", before=(PRODUCT,), look_up="option_value_assigned",
        help="The product is not sent; it says where to look whether it was done.",
    ),
    "update_option_value": write(
        "Change value of an option", "product.option.value.update", f"{VALUE} option_value price quantity display_value", PRODUCT,
        **OF_PRODUCT, repeatable=True, look_up="option_value_stands",
        carries=(
            Values("product", "product_id", names=("option_value", "price", "quantity", "display_value"),
                   within=("option_id", "option_value_id")),
        ),
    ),
    "delete_option_value": write(
        "Delete value of an option", "product.option.value.delete", VALUE, PRODUCT, **OF_PRODUCT, repeatable=True, irreversible=True,
        look_up="option_value_gone",
    ),
}  # fmt: skip
