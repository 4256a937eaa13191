"""Pictures of products and variants."""

from collections.abc import Mapping

from integrations.services.api2cart.write_products import PRODUCT, changed
from integrations.services.api2cart.writing import StoreVerb, write
from integrations.verbs import Field

TYPE = Field(
    "type", "Kind", required=True, example="base", help="small, base, additional or thumbnail; several with commas."
)
PICTURE = Field("id", "Picture", required=True, also=("image_id",), example="1")

VERBS: Mapping[str, StoreVerb] = {
    "add_image": write(
        "Add picture", "product.image.add",
        "product_id! image_name! type url content mime label position variant_ids", PRODUCT, TYPE,
        about="product", key="product_id", number="id", reread=changed, look_up="image_made",
    ),
    "update_image": write(
        "Change picture", "product.image.update",
        "product_id! id! image_name type label position hidden variant_ids", PRODUCT, PICTURE,
        about="product", key="product_id", reread=changed, repeatable=True, look_up="image_stands",
    ),
    "delete_image": write(
        "Delete picture", "product.image.delete", "product_id! id!", PRODUCT, PICTURE,
        about="product", key="product_id", reread=changed, repeatable=True, irreversible=True, look_up="image_gone",
    ),
    "add_variant_image": write(
        "Add picture of a variant", "product.variant.image.add",
        "product_id! product_variant_id! image_name! type url content mime label position", PRODUCT, TYPE,
        about="variant", key="product_variant_id", number="id", reread=changed, look_up="image_made",
    ),
    "delete_variant_image": write(
        "Delete picture of a variant", "product.variant.image.delete", "product_id! product_variant_id! id!", PRODUCT, PICTURE,
        about="variant", key="product_variant_id", reread=changed, repeatable=True, irreversible=True, look_up="image_gone",
    ),
}  # fmt: skip
