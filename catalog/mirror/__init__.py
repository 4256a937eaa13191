"""Record → row: the only code that writes the catalogue's vendor-owned columns. One function for each flow, named as the flow.

Each takes a Batch inside the caller's transaction and returns an Outcome. Operators' columns are never named here.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from catalog import rows
from catalog.mirror.offers import availability
from catalog.mirror.products import details, products, variants
from catalog.mirror.sorting import attribute_values, attributes, brands, categories
from catalog.mirror.telling import count, search_text, told
from catalog.models import Attribute, AttributeValue, Brand, Category, Mirrored, Product, Variant


def gone(vendor_id: int, flow: str, external_ids: Iterable[str], now: datetime) -> int:
    """Mark rows that are missing from a complete list; their stock becomes unknown, never zero. Returns how many."""
    models: dict[str, tuple[type[Mirrored], ...]] = {
        "categories": (Category,),
        "brands": (Brand,),
        "attributes": (Attribute,),
        "attribute_values": (AttributeValue,),
        "products": (Product,),
        "variants": (Variant,),
    }
    marked = 0
    for part in rows.chunks(list(external_ids)):
        for model in models[flow]:
            scope = model._default_manager.filter(vendor_id=vendor_id, external_id__in=part, gone_at=None)
            marked += scope.update(gone_at=now, changed_at=now)
        if flow == "products":
            orphans = Variant.objects.filter(vendor_id=vendor_id, product__external_id__in=part, gone_at=None)
            orphans.update(gone_at=now, changed_at=now, stock=None, stock_at_least=False)
        elif flow == "variants":
            missing = Variant.objects.filter(vendor_id=vendor_id, external_id__in=part)
            missing.update(stock=None, stock_at_least=False)
    return marked


def in_stock(vendor_id: int) -> int:
    """How many of the vendor's variants are known to be in stock; what the guard measures "gone to zero" against."""
    return Variant.objects.filter(vendor_id=vendor_id, stock__gt=0, gone_at=None).count()


def called(vendor_id: int, flow: str, external_ids: Iterable[str]) -> dict[str, str]:
    """What rows of a complete flow are called, for people."""
    model: Any = {"products": Product, "variants": Variant, "categories": Category, "brands": Brand}.get(flow)
    found = model._default_manager.filter(vendor_id=vendor_id, external_id__in=list(external_ids)) if model else ()
    return {row.external_id: str(row) for row in found}


__all__ = [
    "attribute_values",
    "attributes",
    "availability",
    "brands",
    "called",
    "categories",
    "count",
    "details",
    "gone",
    "in_stock",
    "products",
    "search_text",
    "told",
    "variants",
]
