"""A product is found by the numbers of its variants."""

from collections.abc import Iterable

from catalog import rows
from catalog.mirror.telling import search_text
from catalog.models import Product, Variant


def numbers_of(products: Iterable[int]) -> dict[int, list[str]]:
    """The numbers of each product's stored variants, so that a product is found by any of them."""
    found: dict[int, list[str]] = {}
    for part in rows.chunks(list(products)):
        told_ = Variant.objects.filter(product__in=part).order_by("external_id")
        for product, *texts in told_.values_list("product", "external_id", "sku", "manufacturer_code", "barcode"):
            found.setdefault(product, []).extend(texts)
    return found


def name_products(products: Iterable[int]) -> None:
    """The search text of products whose variants came apart from them."""
    ids = sorted(set(products))
    numbers = numbers_of(ids)
    differing = []
    for product in Product.objects.filter(pk__in=ids).only("external_id", "name", "brand_name", "search"):
        text = search_text(product.external_id, product.name, product.brand_name, *numbers.get(product.pk, ()))
        if text != product.search:
            product.search = text
            differing.append(product)
    Product.objects.bulk_update(differing, ["search"], batch_size=rows.BATCH)
