"""What can be sent to a store behind API2Cart, and what of it one store can do."""

from collections.abc import Mapping

from integrations.service import Account
from integrations.services.api2cart import (
    write_categories,
    write_customers,
    write_options,
    write_orders,
    write_pictures,
    write_products,
    write_returns,
    write_shipments,
    write_stock,
    write_variants,
)
from integrations.services.api2cart.writing import StoreVerb

VERBS: Mapping[str, StoreVerb] = {
    **write_orders.VERBS,
    **write_shipments.VERBS,
    **write_returns.VERBS,
    **write_stock.VERBS,
    **write_products.VERBS,
    **write_variants.VERBS,
    **write_options.VERBS,
    **write_pictures.VERBS,
    **write_categories.VERBS,
    **write_customers.VERBS,
}


def lacking(verb: str, account: Account) -> str:
    """Why a store has no such verb, by what `cart.methods` told of it; empty while nobody asked yet."""
    methods = account.abilities.get("methods")
    if not methods or VERBS[verb].method in methods:
        return ""
    shop = account.abilities.get("platform") or "this shop system"
    return f"Not offered: {shop} has no {VERBS[verb].method} in API2Cart."
