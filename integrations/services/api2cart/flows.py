"""API2Cart's flows: how often each runs, what names a row, who reads it, and which method and fields it asks for."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from integrations import raw
from integrations.numbers import key_from
from integrations.service import Flow
from integrations.services.api2cart import parse_catalogue as catalogue
from integrations.services.api2cart import parse_orders as sold
from integrations.services.api2cart import parse_people as people

# flow: the method that lists its rows. A store whose `cart.methods` lacks it has no such flow.
METHOD: Mapping[str, str] = {
    "categories": "category.list",
    "products": "product.list",
    "variants": "product.child_item.list",
    "customers": "customer.list",
    "order_statuses": "order.status.list",
    "orders": "order.list",
    "shipments": "order.shipment.list",
    "return_reasons": "return.reason.list",
    "return_actions": "return.action.list",
    "returns": "return.list",
    "transactions": "order.transaction.list",
    "abandoned_carts": "order.abandoned.list",
}
_IMAGES = "images{http_path,sort_order,type,avail}"
_BUYER = "customer{id,email,first_name,last_name,phone}"
_ADDRESS = "first_name,last_name,company,address1,address2,postcode,city,state,country,phone,phone_mobile"
_ITEM = "order_product_id,product_id,variant_id,model,name,price,quantity"
# flow: the fields to ask for. The defaults are narrow: a time that is not named here does not come.
FIELDS: Mapping[str, str] = {
    "categories": "id,parent_id,name,avail,created_at,modified_at",
    "products": "id,type,u_model,u_sku,name,description,short_description,price,special_price,quantity,inventory,u_brand,"
    "categories_ids,url,avail_sale,avail_view,weight,weight_unit,length,width,height,dimensions_unit,in_stock,"
    f"is_stock_managed,create_at,modified_at,{_IMAGES},product_options,u_upc,u_ean,u_gtin,u_mpn,u_isbn",
    "variants": "id,parent_id,sku,upc,ean,gtin,mpn,isbn,name,created_time,modified_time,combination,default_price,list_price,"
    "inventory_level,inventory,avail_for_sale,in_stock,manage_stock,weight,weight_unit,length,width,height,dimensions_unit,"
    f"{_IMAGES}",
    "customers": "id,email,first_name,last_name,phone,company,created_time,modified_time,group,status,is_guest,"
    f"address_book{{{_ADDRESS}}}",
    "orders": f"id,order_id,{_BUYER},create_at,modified_at,finished_time,currency,shipping_address,billing_address,"
    "payment_method,shipping_method,status,total,totals,order_products,bundles,comment,store_id,refunds,additional_fields",
    "shipments": "id,order_id,name,warehouse_id,shipment_provider,tracking_numbers,created_at,modified_time,delivered_at,"
    f"is_shipped,items{{{_ITEM}}}",
    "returns": "id,name,order_id,customer_id,store_id,created_at,modified_at,status,order_products,comment,staff_note,"
    "additional_fields",
    "transactions": "id,transaction_id,order_id,parent_id,description,status,gateway,reference_number,currency,amount,"
    "created_time,is_test_mode",
    "abandoned_carts": f"id,{_BUYER},basket_id,basket_url,created_at,modified_at,currency,totals,order_products",
}
# flow: what stands in `result`; the last one holds the rows.
RESULT: Mapping[str, str] = {
    "categories": "categories_count category",
    "products": "products_count product",
    "variants": "total_count children",
    "customers": "customers_count customer",
    "orders": "orders_count order",
    "shipments": "shipment_count shipment",
    "returns": "total_count returns",
    "transactions": "transactions_count transactions",
    "abandoned_carts": "order",
}
HOUR, DAY = 60, 24 * 60


def _flow(title: str, minutes: int, key: Callable[..., str], record: Callable[..., Any], **more: Any) -> Flow:
    every = timedelta(minutes=minutes)
    return Flow(title, every=every, max_age=every * 3, key=key, parse=record, **more)


def _composed(of: Callable[[Mapping[str, Any]], str]) -> Callable[[bytes | memoryview], str]:
    """A reader of ids that are made of several fields."""

    def key(slice_: bytes | memoryview) -> str:
        row = raw.row(slice_)
        if not isinstance(row, Mapping):
            raise ValueError(f"The row is no object but {json.dumps(row, default=str)[:50]}")
        return of(row)

    return key


_id = key_from("id")
_week = timedelta(days=7)
FLOWS: Mapping[str, Flow] = {
    "categories": _flow("Categories", DAY, _id, catalogue.category, complete=True, lane="bulk"),
    "products": _flow(
        "Products",
        HOUR,
        _id,
        catalogue.product,
        complete=True,
        changes=True,
        guard=True,
        full_every=timedelta(days=1),
        lane="bulk",
        needs=("categories",),
    ),
    "variants": _flow(
        "Variants",
        HOUR,
        _id,
        catalogue.variant,
        complete=True,
        changes=True,
        guard=True,
        full_every=timedelta(days=1),
        codes="catalog.wanted.families",
        lane="bulk",
        needs=("products",),
        help="Of products that are sold in variants only.",
    ),
    "customers": _flow(
        "Customers", HOUR, _id, people.customer, room="orders", changes=True, full_every=_week, lane="bulk"
    ),
    "order_statuses": _flow(
        "Status words",
        DAY,
        _composed(sold.status_key),
        sold.order_status_word,
        room="orders",
        help="Of orders and returns, in the store's own words.",
    ),
    "return_reasons": _flow(
        "Reasons of returns",
        DAY,
        _id,
        people.choice,
        room="orders",
        complete=True,
        help="What a return of goods may be told to be for.",
    ),
    "return_actions": _flow(
        "Actions of returns",
        DAY,
        _id,
        people.choice,
        room="orders",
        complete=True,
        help="What may be wanted for goods that come back.",
    ),
    "orders": _flow(
        "Orders",
        5,
        key_from("order_id", "id"),
        sold.order,
        room="orders",
        changes=True,
        full_every=_week,
        single=True,
    ),
    "shipments": _flow(
        "Shipments",
        30,
        _composed(sold.shipment_key),
        sold.shipment,
        room="orders",
        mirror="packages",
        changes=True,
        full_every=_week,
        codes="orders.wanted.sales",
        needs=("orders",),
        help="Asked for order by order, of orders that changed.",
    ),
    "returns": _flow(
        "Returns",
        HOUR,
        _id,
        people.returned,
        room="orders",
        changes=True,
        full_every=_week,
        codes="orders.wanted.sales",
        needs=("orders",),
        help="Some shop systems tell them only for orders that are named.",
    ),
    "transactions": _flow(
        "Transactions",
        HOUR,
        _id,
        sold.transaction,
        room="orders",
        changes=True,
        full_every=_week,
        codes="orders.wanted.sales",
        needs=("orders",),
    ),
    "abandoned_carts": _flow(
        "Abandoned carts", HOUR, _id, people.cart, room="orders", changes=True, full_every=_week, lane="bulk"
    ),
}


def fields_of(flow: str) -> str:
    """The `response_fields` of a flow, with all that an envelope needs."""
    *beside, rows = RESULT[flow].split()
    inside = ",".join([*beside, f"{rows}{{{FIELDS[flow]}}}"])
    return f"{{return_code,return_message,pagination,result{{{inside}}}}}"
