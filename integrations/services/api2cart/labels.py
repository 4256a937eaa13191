"""What the parameters of API2Cart's methods are called on a form, what helps to fill them in, and the words shops take for them."""

from collections.abc import Mapping

LABELS: Mapping[str, str] = {
    "order_id": "Order", "shipment_id": "Shipment", "return_id": "Return", "product_id": "Product", "category_id": "Category",
    "product_variant_id": "Variant", "option_id": "Option", "carrier_id": "Carrier's id", "carrier_name": "Carrier",
    "shipment_provider": "Carrier", "tracking_provider": "Tracked by", "warehouse_id": "Warehouse",
    "store_id": "Shop of the store", "lang_id": "Language", "sku": "SKU", "ean": "EAN", "upc": "UPC", "gtin": "GTIN",
    "mpn": "MPN", "isbn": "ISBN", "asin": "ASIN", "seo_url": "Address in the shop", "sprice_create": "Special price from",
    "sprice_expire": "Special price until", "order_status": "Status", "avail": "Shown", "url": "Address of the picture",
    "send_notifications": "Tell the customer", "item_restock": "Back into stock", "is_online": "Through the payment provider",
    "return_status_id": "Status", "return_reason_id": "Reason", "return_action_id": "Action", "id": "Id",
    "increase_quantity": "So many more", "reduce_quantity": "So many fewer", "quantity": "Stock",
    "image_name": "Name of the picture", "group_id": "Customer group", "qty": "From quantity",
    "content": "The picture itself, base64", "customer_email": "Email", "message": "Message", "address_1": "Street",
    "tracking_link": "Tracking link", "is_shipped": "On its way", "return_reason": "Reason in words",
    "return_action": "Action in words", "reject_reason": "Why it is rejected", "staff_note": "Note for the staff",
    "fee_price": "Fee", "shipping_price": "Shipping", "total_price": "Amount in all", "financial_status": "Payment status",
    "fulfillment_status": "Dispatch status", "admin_comment": "Comment of the shop",
    "admin_private_comment": "Comment for the staff alone", "date_finished": "Finished on", "create_invoice": "Make an invoice",
    "adjust_stock": "Take it off the stock", "delivered_at": "Delivered on", "replace": "Instead of those there are",
    "parent_id": "Parent category", "categories_ids": "Categories", "stores_ids": "Shops of the store",
    "variant_ids": "Variants", "available_for_view": "Visible in the shop", "available_for_sale": "Can be bought",
    "visible": "Where it is shown", "image_url": "Main picture", "additional_image_urls": "More pictures",
    "is_free_shipping": "Shipping is free", "harmonized_system_code": "Customs code", "tax_class_id": "Tax class",
    "low_stock_threshold": "Low from", "backorder_status": "Orders beyond the stock", "manage_stock": "Stock is counted",
    "in_stock": "In stock", "brand_name": "Brand", "old_price": "Price before", "cost_price": "Cost",
    "retail_price": "Retail price", "reserve_quantity": "Reserve so many", "mime": "Kind of file", "label": "Text beside it",
    "position": "Place", "hidden": "Hidden", "type": "Kind", "sort_order": "Place", "is_default": "The default",
    "marketplace_item_properties": "What the marketplace asks", "group_ids": "Customer groups",
    "news_letter_subscription": "Takes the newsletter", "is_tax_exempt": "Pays no tax", "birth_day": "Born on",
    "order_payment_method": "Paid by", "order_shipping_method": "Shipped by", "subtotal_price": "Sum of the lines",
    "tax_price": "Tax", "prices_inc_tax": "Prices hold the tax", "inventory_behaviour": "Stock", "seller_sku": "SKU",
    "order_product_id": "Order line", "order_product_quantity": "Quantity", "order_product_reason": "Reason in words",
    "order_product_handling_status": "What becomes of it", "order_product_customer_comment": "The customer's words",
    "order_product_status": "Status", "order_item_id": "Product", "order_item_name": "Name", "order_item_model": "SKU",
    "order_item_price": "Price each", "order_item_quantity": "Quantity", "order_item_variant_id": "Variant",
    "order_item_tax": "Tax each", "option_value_name": "Option value",
}  # fmt: skip
HELPS: Mapping[str, str] = {
    "return_status_id": "The store's own id of it, such as RETURNED.",
    "date_finished": "Such as 2026-11-21 14:30:00.",
    "delivered_at": "Such as 2026-11-21 14:30:00.",
    "birth_day": "Such as 1984-05-31.",
    "sprice_create": "Such as 2026-11-21.",
    "sprice_expire": "Such as 2026-12-24.",
    "tags": "Several with commas.",
    "categories_ids": "Ids, several with commas; the list of categories has them.",
    "stores_ids": "Ids, several with commas.",
    "variant_ids": "Ids, several with commas.",
    "group_ids": "Ids, several with commas.",
    "total_price": "Where no lines are told, or the amount is another than theirs.",
    "is_online": "Else the money is paid back outside the shop.",
    "adjust_stock": "No, where the shop does so by itself.",
    "cancellation_reason": "The shop system's own word, such as ORDER_UNPAID.",
    "backorder_status": "The shop system's own word.",
    "marketplace_item_properties": "As JSON, as the marketplace describes it.",
    "warehouse_id": "Its id; of stores that have several.",
    "lang_id": "Its id; of texts in a language that is not the store's own.",
    "reserve_quantity": "Fewer with a minus.",
    "variant_id": "Its id.",
    "option_values": "Several with commas.",
    "product_option_id": "Its id on this product, which is another than the option's in the store.",
    "option_value_id": "Its id.",
}
SUGGESTED: Mapping[str, tuple[str, ...]] = {
    "type": ("simple", "configurable"),
    "status": ("enabled", "disabled"),
    "weight_unit": ("kg", "g", "lb", "oz"),
    "dimensions_unit": ("cm", "mm", "in"),
    "condition": ("New", "Used"),
    "gender": ("female", "male"),
    "mime": ("image/jpeg", "image/png", "image/webp"),
}


def label_of(name: str) -> str:
    before, _, rest = name.partition("_")
    if before in ("bill", "shipp") and rest:
        return f"{'Invoice' if before == 'bill' else 'Delivery'}: {label_of(rest).lower()}"
    plain = name.removeprefix("order_product_").removeprefix("address_book_")
    return LABELS.get(name) or LABELS.get(plain) or plain.removesuffix("_id").replace("_", " ").capitalize()
