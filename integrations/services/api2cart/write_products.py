"""Products: made, changed, taken away; their makers, shops and prices of groups."""

from collections.abc import Mapping

from integrations.services.api2cart import publishing
from integrations.services.api2cart.batches import batch
from integrations.services.api2cart.writing import PRODUCT, PRODUCT_ID, StoreVerb, carried, row, write
from integrations.verbs import Body, Field

TEXTS = "name description short_description type status visible categories_ids"
MONEY = "price old_price special_price sprice_create sprice_expire cost_price retail_price"
STATE = "type status visible available_for_view available_for_sale avail"
CODES = "sku model barcode gtin upc ean mpn isbn weight width height length manufacturer brand_name tax_class_id"
WORDS = "name description short_description meta_title meta_keywords meta_description seo_url"
STOCK = "quantity manage_stock in_stock backorder_status warehouse_id low_stock_threshold"
MORE = (
    "sku model barcode gtin upc ean mpn isbn weight weight_unit width height length dimensions_unit manufacturer brand_name tags "
    "search_keywords meta_title meta_keywords meta_description seo_url tax_class_id taxable condition is_free_shipping "
    "harmonized_system_code country_of_origin stores_ids lang_id"
)
SPECIFICS = Field(
    "specifics", "Specifics", "rows", fields=row("name!", "value", name="Colour", value="Amber"), free=True
)


def changed(body: Body) -> list[tuple[str, tuple[str, ...]]]:
    return [("products", ())]


def changed_many(ids: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    return [("products", ())]


VERBS: Mapping[str, StoreVerb] = {
    "update_product": write(
        "Change product",
        "product.update",
        "id! name description price special_price increase_quantity reduce_quantity quantity status avail categories_ids "
        f"brand_name | {TEXTS} available_for_view {MONEY} {STOCK} reserve_quantity {MORE} specifics marketplace_item_properties",
        PRODUCT_ID,
        SPECIFICS,
        about="product",
        key="id",
        reread=changed,
        carries=carried("product", "id", values=f"{MONEY} {STATE} {CODES}", stock=STOCK, texts=WORDS),
        look_up="product_stands",
        doors=(publishing.SHOW,),
        help="Stock by how many more or fewer keeps what is sold in this moment sold; but when that answer is lost a person has to "
        "look, as no list proves it.",
    ),
    "add_product": write(
        "Make product",
        "product.add",
        "name! sku description! price! quantity manage_stock categories_ids brand_name ean image_url status available_for_sale weight "
        f"weight_unit | model {TEXTS} available_for_view {MONEY} {STOCK} {MORE} asin image_name additional_image_urls specifics "
        "marketplace_item_properties",
        SPECIFICS,
        about="product",
        key="sku",
        number="product_id",
        reread=changed,
        before=(Field("reference", "Our number", help="Used once; not sent."),),
        reference="reference",
        once=True,
        look_up="product_made",
    ),
    "add_products": batch(
        "Make products",
        "product.add.batch",
        "products",
        "Products",
        row(
            "sku!", "name!", "price:decimal", "quantity:decimal", "category_id", "manufacturer", "ean", "description", "|",
            "short_description", "model", "old_price:decimal", "special_price:decimal", "cost_price:decimal", "manage_stock:bool",
            "type", "status", "available_for_sale:bool", "weight:decimal", "weight_unit", "upc", "gtin", "mpn", "asin",
            sku="KET-1", name="Kettle",
        ),
        about="product",
        key="sku",
        reread=changed_many,
        look_up="products_made",
        doors=(publishing.MAKE,),
        help="Each needs a SKU: what came of it can then be looked up.",
    ),
    "delete_product": write(
        "Delete product", "product.delete", "id!", PRODUCT_ID, about="product", key="id", reread=changed, look_up="product_gone",
        repeatable=True, irreversible=True,
    ),
    "delete_products": batch(
        "Delete products", "product.delete.batch", "products", "Products", (PRODUCT_ID,), about="product", key="id", repeatable=True,
        irreversible=True, reread=changed_many, look_up="product_gone",
    ),
    "set_manufacturer": write(
        "Manufacturer of a product",
        "product.manufacturer.add",
        "product_id! manufacturer! description image_url seo_url meta_title meta_keywords meta_description",
        PRODUCT,
        about="product",
        key="product_id",
        number="manufacturer_id",
        reread=changed,
        help="Made if the store has none of that name.",
        look_up="manufacturer_stands",
    ),
    "assign_store": write(
        "Sell product in a shop", "product.store.assign", "product_id! store_id!", PRODUCT, about="product", key="product_id",
        repeatable=True, reread=changed, look_up="store_assigned",
    ),
    "add_prices": write(
        "Add prices of groups", "product.price.add", "product_id! group_prices", PRODUCT,
        Field("group_prices", "Prices", "rows", required=True, fields=row("group_id!", "price:decimal!", "qty:int", group_id="1")),
        about="product", key="product_id", reread=changed, look_up="prices_made",
    ),
    "update_prices": write(
        "Change prices of groups", "product.price.update", "product_id! group_prices", PRODUCT,
        Field("group_prices", "Prices", "rows", required=True, fields=row("id:int", "group_id", "price:decimal!", "qty:int")),
        about="product", key="product_id", reread=changed, repeatable=True, carries=carried("product", "product_id", values="group_prices"),
        look_up="prices_stand",
    ),
    "delete_prices": write(
        "Delete prices of groups", "product.price.delete", "product_id! group_prices", PRODUCT,
        Field("group_prices", "Prices", help="Their ids with commas. Empty: all."),
        about="product", key="product_id", reread=changed, repeatable=True, irreversible=True, look_up="prices_gone",
    ),
}  # fmt: skip
