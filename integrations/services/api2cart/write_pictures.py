"""Pictures of products and variants."""

from collections.abc import Mapping
from dataclasses import replace

from integrations.services.api2cart.write_products import changed
from integrations.services.api2cart.writing import PRODUCT, StoreVerb, write
from integrations.verbs import Field

TYPE = Field(
    "type", "Kind", required=True, choices=("base", "additional", "small", "thumbnail"), suggests=True, example="base",
    help="Several with commas.",
)  # fmt: skip
PICTURE = Field("id", "Picture", required=True, also=("image_id",), example="1")

VERBS: Mapping[str, StoreVerb] = {
    "add_image": write(
        "Add picture", "product.image.add",
        "product_id! url image_name! type! label position | content mime variant_ids", PRODUCT, TYPE,
        about="product", key="product_id", number="id", reread=changed, look_up="image_made",
    ),
    "update_image": write(
        "Change picture", "product.image.update",
        "product_id! id! label position hidden | image_name type variant_ids", PRODUCT, PICTURE, replace(TYPE, required=False),
        about="product", key="product_id", reread=changed, repeatable=True, look_up="image_stands",
    ),
    "delete_image": write(
        "Delete picture", "product.image.delete", "product_id! id!", PRODUCT, PICTURE,
        about="product", key="product_id", reread=changed, repeatable=True, irreversible=True, look_up="image_gone",
    ),
    "add_variant_image": write(
        "Add picture of a variant", "product.variant.image.add",
        "product_id! product_variant_id! url image_name! type! label position | content mime", PRODUCT, TYPE,
        about="variant", key="product_variant_id", number="id", reread=changed, look_up="image_made",
    ),
    "delete_variant_image": write(
        "Delete picture of a variant", "product.variant.image.delete", "product_id! product_variant_id! id!", PRODUCT, PICTURE,
        about="variant", key="product_variant_id", reread=changed, repeatable=True, irreversible=True, look_up="image_gone",
    ),
}  # fmt: skip
