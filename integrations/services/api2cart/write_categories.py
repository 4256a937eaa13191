"""Categories of a store, and which products stand in them."""

from collections.abc import Mapping

from integrations.services.api2cart import publishing
from integrations.services.api2cart.batches import batch
from integrations.services.api2cart.write_products import WORDS, changed
from integrations.services.api2cart.writing import PRODUCT, StoreVerb, carried, row, write
from integrations.verbs import Body, Field

ID = Field(
    "id",
    "Category",
    required=True,
    also=("category_id", "category"),
    example="3",
    choices_from="categories",
    suggests=True,
)
CATEGORY = Field(
    "category_id", "Category", required=True, also=("category",), example="3", choices_from="categories", suggests=True
)
PARENT = Field("parent_id", "Parent category", choices_from="categories", suggests=True, help="Empty: none.")
MORE = "parent_id description avail | sort_order short_description seo_url meta_title meta_keywords meta_description stores_ids lang_id"


def anew(body: Body) -> list[tuple[str, tuple[str, ...]]]:
    return [("categories", ())]


VERBS: Mapping[str, StoreVerb] = {
    "add_category": write(
        "Make category", "category.add", f"name! {MORE}", PARENT, about="category", key="name", number="category_id", reread=anew,
        look_up="category_made",
    ),
    "add_categories": batch(
        "Make categories", "category.add.batch", "categories", "Categories",
        row("name!", "parent_id", "description", "avail:bool", "sort_order:int", "seo_url", name="Lamps"),
        about="category", key="name", reread=lambda ids: [("categories", ())], look_up="categories_made",
    ),
    "update_category": write(
        "Change category", "category.update", f"id! name {MORE}", ID, PARENT, about="category", key="id", reread=anew, repeatable=True,
        carries=carried("category", "id", values="parent_id avail sort_order", texts=WORDS),
        look_up="category_stands",
    ),
    "assign_category": write(
        "Put product into a category", "category.assign", "category_id! product_id!", CATEGORY, PRODUCT, about="product",
        key="product_id", reread=changed, repeatable=True, look_up="category_assigned", doors=(publishing.INTO,),
    ),
    "unassign_category": write(
        "Take product out of a category", "category.unassign", "category_id! product_id!", CATEGORY, PRODUCT, about="product",
        key="product_id", reread=changed, repeatable=True, look_up="category_unassigned", doors=(publishing.OUT_OF,),
    ),
    "delete_category": write(
        "Delete category", "category.delete", "id!", ID, about="category", key="id", reread=anew, repeatable=True,
        irreversible=True, look_up="category_gone",
    ),
    "delete_categories": batch(
        "Delete categories", "category.delete.batch", "categories", "Categories", (ID,), about="category", key="id", shop=False,
        reread=lambda ids: [("categories", ())], repeatable=True, irreversible=True, look_up="category_gone",
    ),
}  # fmt: skip
