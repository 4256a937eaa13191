"""Variants of products."""

from collections.abc import Mapping

from integrations.services.api2cart.batches import batch
from integrations.services.api2cart.write_products import CODES, STATE, WORDS
from integrations.services.api2cart.writing import PRODUCT, VARIANT_ID, StoreVerb, carried, row, write
from integrations.verbs import Body, Field

TEXTS = "name description short_description"
MONEY = "price old_price special_price sprice_create sprice_expire cost_price"
STOCK = "quantity manage_stock in_stock backorder_status warehouse_id low_stock_threshold"
MORE = (
    "sku model barcode gtin upc ean mpn isbn weight weight_unit width height length status is_default manufacturer tax_class_id "
    "taxable meta_title meta_keywords meta_description lang_id"
)
PRICES = ("price:decimal!", "qty:int")
COMBINATION = Field(
    "combination", "What it differs in", "rows", required=True,
    fields=row("option_name!", "option_value_name!", option_name="Colour", option_value_name="Moss"),
)  # fmt: skip
NEW = row(
    "name", "price:decimal", "quantity:decimal", "ean", "available_for_sale:bool", "|", "description", "short_description", "model",
    "old_price:decimal", "special_price:decimal", "sprice_create", "sprice_expire", "cost_price:decimal", "manage_stock:bool",
    "in_stock:bool", "backorder_status", "warehouse_id", "weight:decimal", "weight_unit", "width:decimal", "height:decimal",
    "length:decimal", "barcode", "upc", "mpn", "isbn", "status", "is_default:bool", "tax_class_id", "taxable:bool", "lang_id",
)  # fmt: skip


def changed(body: Body) -> list[tuple[str, tuple[str, ...]]]:
    return [("variants", (str(body["product_id"]),))]


def changed_many(ids: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    return [("variants", ())]


VERBS: Mapping[str, StoreVerb] = {
    "update_variant": write(
        "Change variant",
        "product.variant.update",
        "id! product_id! name price special_price increase_quantity reduce_quantity quantity available_for_sale options | "
        f"{TEXTS} avail visible {MONEY} retail_price {STOCK} reserve_quantity {MORE}",
        VARIANT_ID,
        PRODUCT,
        Field("options", "Options", "rows", fields=row("option_name!", "option_value!", option_name="Colour", option_value="Moss")),
        about="variant",
        key="id",
        reread=changed,
        carries=carried("variant", "id", values=f"{MONEY} retail_price {STATE} {CODES}", stock=STOCK, texts=WORDS),
        look_up="variant_stands",
        help="Stock by how many more or fewer keeps what is sold in this moment sold; but when that answer is lost a person has to "
        "look, as no list proves it.",
    ),
    "add_variant": write(
        "Make variant",
        "product.variant.add",
        f"product_id! model! sku attributes name price quantity ean available_for_sale | {TEXTS} available_for_view {MONEY} {STOCK} "
        f"{MORE} stores_ids",
        PRODUCT,
        Field(
            "attributes", "What it differs in", "rows",
            fields=row("attribute_name!", "attribute_value!", "attribute_price:decimal", attribute_name="Colour", attribute_value="Moss"),
        ),
        about="product",
        key="product_id",
        number="product_variant_id",
        reread=changed,
        look_up="variant_made",
    ),
    "add_variants": batch(
        "Make variants", "product.variant.add.batch", "variants", "Variants",
        (PRODUCT, *row("sku!", sku="KET-1-M"), COMBINATION, *NEW), about="variant", key="sku", reread=changed_many,
        look_up="variants_made",
        help="Up to 250 in one job, item by item. Each needs a SKU: what came of it can then be looked up. What it differs in has to "
        "be an option of its product.",
    ),
    "delete_variant": write(
        "Delete variant", "product.variant.delete", "id! product_id!", VARIANT_ID, PRODUCT, about="variant", key="id", reread=changed,
        look_up="variant_gone", repeatable=True, irreversible=True,
    ),
    "delete_variants": batch(
        "Delete variants", "product.variant.delete.batch", "variants", "Variants", (VARIANT_ID, PRODUCT), about="variant", key="id",
        repeatable=True, irreversible=True, reread=changed_many, look_up="variant_gone",
    ),
    "add_variant_prices": write(
        "Add prices of groups to a variant", "product.variant.price.add", "id! product_id! group_prices", VARIANT_ID, PRODUCT,
        Field("group_prices", "Prices", "rows", required=True, fields=row("group_id!", *PRICES, group_id="1")),
        about="variant", key="id", reread=changed, look_up="prices_made",
    ),
    "update_variant_prices": write(
        "Change prices of groups of a variant", "product.variant.price.update", "id! product_id! group_prices", VARIANT_ID, PRODUCT,
        Field("group_prices", "Prices", "rows", required=True, fields=row("id:int", "group_id", *PRICES)),
        about="variant", key="id", reread=changed, repeatable=True, carries=carried("variant", "id", values="group_prices"),
        look_up="prices_stand",
    ),
    "delete_variant_prices": write(
        "Delete prices of groups of a variant", "product.variant.price.delete", "id! product_id! group_prices!", VARIANT_ID, PRODUCT,
        about="variant", key="id", reread=changed, repeatable=True, irreversible=True, look_up="prices_gone",
    ),
}  # fmt: skip
