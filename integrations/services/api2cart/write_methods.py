"""The methods that change a store: verb, where parameters travel, their names and types. Checked against the vendor's own list.

Whoever takes an `idempotency_key` answers a repetition within 15 minutes from memory. The verb does not decide where parameters
travel: `order.update` and both of the categories' take them in the address.
"""

_MONEY = "price:number old_price:number special_price:number sprice_create sprice_expire cost_price:number"
_SIZES = "weight:number weight_unit width:number height:number length:number"
_CODES = "sku model barcode gtin upc ean mpn isbn"
_META = "meta_title meta_keywords meta_description"
_STOCK = "quantity:number manage_stock:bool in_stock:bool backorder_status warehouse_id low_stock_threshold:number"
_ADDRESS = "first_name last_name address_1 address_2 city postcode state country company phone fax"
_PEOPLE = "first_name last_name group group_id group_ids status birth_day gender website fax company phone note country"
_FEES = "fee_price:number shipping_price:number"
_RETURN = "return_status_id return_reason_id return_action_id return_action return_reason reject_reason item_restock:bool staff_note"
_KEY = "idempotency_key"


def _each(before: str, names: str) -> str:
    return " ".join(before + name for name in names.split())


# method: verb, carrier, parameters as name:type, text where no type is told.
WRITES: dict[str, tuple[str, str, str]] = {
    "order.add": (
        "POST", "json",
        f"id store_id channel_id order_status fulfillment_status financial_status customer_email customer_first_name "
        f"customer_last_name customer_phone order_payment_method transaction_id currency date {_each('bill_', _ADDRESS)} "
        f"{_each('shipp_', _ADDRESS)} subtotal_price:number tax_price:number total_price:number total_paid:number "
        "prices_inc_tax:bool shipping_price:number shipping_tax:number discount:number order_shipping_method carrier_id warehouse_id "
        f"coupons:texts tags comment admin_comment send_notifications:bool inventory_behaviour create_invoice:bool order_item:list {_KEY}",
    ),
    "order.update": (
        "PUT", "query",
        "order_id store_id order_status financial_status fulfillment_status cancellation_reason order_payment_method comment "
        f"admin_comment admin_private_comment date_modified date_finished tags send_notifications:bool create_invoice:bool {_KEY}",
    ),
    "order.refund.add": (
        "POST", "json",
        "order_id store_id items:list total_price:number shipping_price:number fee_price:number message item_restock:bool "
        f"send_notifications:bool is_online:bool date {_KEY}",
    ),
    "order.shipment.add": (
        "POST", "json",
        "order_id store_id warehouse_id shipment_provider shipping_method items:list tracking_numbers:list tracking_link "
        f"tracking_provider is_shipped:bool send_notifications:bool adjust_stock:bool admin_comment {_KEY}",
    ),
    "order.shipment.add.batch": ("POST", "json", f"payload:list {_KEY}"),
    "order.shipment.update": (
        "PUT", "json",
        "shipment_id order_id store_id shipment_provider tracking_numbers:list tracking_link tracking_provider is_shipped:bool "
        f"delivered_at replace:bool send_notifications:bool admin_comment {_KEY}",
    ),
    "order.shipment.delete": ("DELETE", "query", "shipment_id order_id store_id"),
    "order.shipment.event.add": (
        "POST", "json",
        "shipment_id order_id store_id status message address_1 city postcode state country latitude:number longitude:number "
        f"created_at estimated_delivery_at {_KEY}",
    ),
    "order.shipment.tracking.add": (
        "POST", "json",
        f"order_id store_id shipment_id carrier_id tracking_provider tracking_number tracking_link send_notifications:bool {_KEY}",
    ),
    "order.return.add": (
        "POST", "json",
        f"order_id store_id {_RETURN} comment message send_notifications:bool is_online:bool {_FEES} order_products:list {_KEY}",
    ),
    "order.return.update": (
        "PUT", "json",
        f"return_id order_id store_id {_RETURN} comment message send_notifications:bool is_online:bool {_FEES} order_products:list "
        f"{_KEY}",
    ),
    "order.return.delete": ("DELETE", "query", "return_id order_id store_id"),
    "product.add": (
        "POST", "json",
        f"name description short_description type status visible category_id categories_ids product_type is_virtual:bool "
        f"available_for_view:bool available_for_sale:bool store_id stores_ids lang_id {_MONEY} retail_price:number {_STOCK} {_SIZES} "
        f"dimensions_unit {_CODES} asin harmonized_system_code country_of_origin manufacturer brand_name image_url image_name "
        f"additional_image_urls:texts tags search_keywords {_META} seo_url tax_class_id taxable:bool condition "
        f"is_free_shipping:bool specifics:list marketplace_item_properties {_KEY}",
    ),
    "product.add.batch": ("POST", "json", f"payload:list {_KEY}"),
    "product.update": (
        "PUT", "json",
        f"id name description short_description type status visible categories_ids available_for_view:bool avail:bool is_virtual:bool "
        f"store_id stores_ids lang_id {_MONEY} retail_price:number {_STOCK} increase_quantity:number reduce_quantity:number "
        f"reserve_quantity:number {_SIZES} dimensions_unit {_CODES} harmonized_system_code country_of_origin manufacturer brand_name "
        f"tags search_keywords {_META} seo_url tax_class_id taxable:bool condition is_free_shipping:bool specifics:list "
        f"marketplace_item_properties {_KEY}",
    ),
    "product.update.batch": ("POST", "json", f"payload:list nested_items_update_behaviour {_KEY}"),
    "product.delete": ("DELETE", "query", "id store_id"),
    "product.delete.batch": ("POST", "json", f"payload:list {_KEY}"),
    "product.manufacturer.add": ("POST", "query", f"product_id manufacturer store_id description image_url seo_url {_META} {_KEY}"),
    "product.store.assign": ("POST", "query", f"product_id store_id {_KEY}"),
    "product.image.add": (
        "POST", "json",
        f"type image_name product_id product_variant_id variant_ids store_id lang_id url content label mime position:int {_KEY}",
    ),
    "product.image.update": (
        "PUT", "query", f"product_id id variant_ids store_id lang_id image_name type label position:int hidden:bool {_KEY}"
    ),
    "product.image.delete": ("DELETE", "query", "product_id id store_id"),
    "product.option.add": (
        "POST", "json",
        f"name type product_id default_option_value option_values description avail:bool sort_order:int required:bool values:list {_KEY}",
    ),
    "product.option.assign": ("POST", "query", f"product_id option_id required:bool sort_order:int option_values {_KEY}"),
    "product.option.delete": ("DELETE", "query", "option_id product_id store_id"),
    "product.option.value.add": (
        "POST", "query", f"product_id option_id option_value sort_order:int display_value is_default:bool {_KEY}"
    ),
    "product.option.value.assign": ("POST", "query", f"product_option_id:int option_value_id {_KEY}"),
    "product.option.value.update": (
        "PUT", "query", f"product_id option_id option_value_id option_value price:number quantity:number display_value {_KEY}"
    ),
    "product.option.value.delete": ("DELETE", "query", "option_id option_value_id product_id store_id"),
    "product.price.add": ("POST", "json", f"product_id group_prices:list store_id {_KEY}"),
    "product.price.update": ("PUT", "json", f"product_id group_prices:list {_KEY}"),
    "product.price.delete": ("DELETE", "query", "product_id group_prices store_id"),
    "product.variant.add": (
        "POST", "json",
        f"product_id attributes:list name description short_description available_for_view:bool available_for_sale:bool status "
        f"is_default:bool store_id stores_ids lang_id {_MONEY} {_STOCK} {_SIZES} {_CODES} manufacturer tax_class_id taxable:bool "
        f"{_META} {_KEY}",
    ),
    "product.variant.add.batch": ("POST", "json", f"payload:list {_KEY}"),
    "product.variant.update": (
        "PUT", "json",
        f"id product_id options:list name description short_description available_for_sale:bool avail:bool status visible "
        f"is_default:bool store_id lang_id {_MONEY} retail_price:number {_STOCK} increase_quantity:number reduce_quantity:number "
        f"reserve_quantity:number {_SIZES} {_CODES} manufacturer tax_class_id taxable:bool {_META} {_KEY}",
    ),
    "product.variant.update.batch": ("POST", "json", f"payload:list nested_items_update_behaviour {_KEY}"),
    "product.variant.delete": ("DELETE", "query", "id product_id store_id"),
    "product.variant.delete.batch": ("POST", "json", f"payload:list {_KEY}"),
    "product.variant.image.add": (
        "POST", "json",
        f"product_id product_variant_id store_id image_name type url content label mime position:int option_id {_KEY}",
    ),
    "product.variant.image.delete": ("DELETE", "query", "product_id product_variant_id id store_id"),
    "product.variant.price.add": ("POST", "json", "id product_id group_prices:list store_id"),
    "product.variant.price.update": ("PUT", "json", f"id product_id group_prices:list {_KEY}"),
    "product.variant.price.delete": ("DELETE", "query", "id product_id group_prices store_id"),
    "category.add": (
        "POST", "query",
        f"name description short_description parent_id avail:bool sort_order:int {_META} seo_url store_id stores_ids lang_id {_KEY}",
    ),
    "category.add.batch": ("POST", "json", f"payload:list {_KEY}"),
    "category.update": (
        "PUT", "query",
        f"id name description short_description parent_id avail:bool sort_order:int {_META} seo_url store_id stores_ids lang_id {_KEY}",
    ),
    "category.assign": ("POST", "query", f"category_id product_id store_id {_KEY}"),
    "category.unassign": ("POST", "query", f"category_id product_id store_id {_KEY}"),
    "category.delete": ("DELETE", "query", "id store_id"),
    "category.delete.batch": ("POST", "json", "payload:list"),
    "customer.add": (
        "POST", "json",
        f"email {_PEOPLE} news_letter_subscription:bool is_tax_exempt:bool store_id address:list {_KEY}",
    ),
    "customer.update": (
        "PUT", "json",
        f"id email {_PEOPLE} tags tax_id news_letter_subscription:bool is_tax_exempt:bool store_id address:list {_KEY}",
    ),
}  # fmt: skip
