"""What a store shows of a product's details after an answer was lost: its texts, pictures, group prices, maker, shops."""

from collections.abc import Mapping
from typing import Any

from integrations.services.api2cart import answers
from integrations.services.api2cart.comparing import made_since, same, shown, stand
from integrations.services.api2cart.fields import listed, short, texts
from integrations.services.api2cart.reading import Reading
from integrations.verbs import Body, Doing, Found

RELATIVE = {"increase_quantity", "reduce_quantity", "reserve_quantity"}
PLAIN = (
    "name",
    "description",
    "short_description",
    "weight",
    "weight_unit",
    "width",
    "height",
    "length",
    "in_stock",
    "cost_price",
)
# Our names of values, by where a row has them. What is missing here is not told, and proves nothing.
PRODUCT = {name: name for name in (*PLAIN, "dimensions_unit", "price", "old_price", "quantity", "status", "type", "categories_ids")} | {
    "sku": "u_sku", "model": "u_model", "ean": "u_ean", "upc": "u_upc", "gtin": "u_gtin", "mpn": "u_mpn", "isbn": "u_isbn",
    "available_for_sale": "avail_sale", "available_for_view": "avail_view", "manufacturer": "u_brand", "brand_name": "u_brand",
}  # fmt: skip
VARIANT = {name: name for name in (*PLAIN, "sku", "ean", "upc", "gtin", "mpn", "isbn", "manage_stock")} | {
    "price": "default_price", "quantity": "inventory_level", "available_for_sale": "avail_for_sale",
}  # fmt: skip
CATEGORY = {
    name: name for name in ("name", "parent_id", "avail", "sort_order", "description", "short_description", "seo_url")
}
CUSTOMER = {
    name: name for name in ("email", "first_name", "last_name", "phone", "company", "status", "website", "gender")
}
PICTURE = {"label": "alt", "position": "sort_order", "type": "type"}


class DetailsLookedUp(Reading):
    """The methods verbs about parts of products, and changes of single rows, name as `look_up`."""

    def product_stands(self, doing: Doing) -> Found:
        rows = self.by_ids("products", "product_ids", [doing.body["id"]])
        return (
            shown([doing.body], rows, "quantity") if RELATIVE & set(doing.body) else stand([doing.body], rows, PRODUCT)
        )

    def variant_stands(self, doing: Doing) -> Found:
        rows = self.variants_of([doing.body])
        if RELATIVE & set(doing.body):
            return shown([doing.body], rows, "inventory_level")
        return stand([doing.body], rows, VARIANT)

    def category_stands(self, doing: Doing) -> Found:
        row = answers.result_of(self._call("category.info", {"id": doing.body["id"]}))
        return stand([doing.body], {doing.body["id"]: row}, CATEGORY)

    def customer_stands(self, doing: Doing) -> Found:
        return stand([doing.body], self.by_ids("customers", "ids", [doing.body["id"]]), CUSTOMER)

    def manufacturer_stands(self, doing: Doing) -> Found:
        row = self.part_of(doing, "u_brand")
        maker = short(row.get("u_brand")) if row else ""
        wanted = doing.body["manufacturer"]
        return Found(
            True if maker and same(maker, wanted) else None, f"The shop shows {maker or 'no manufacturer'}.", row
        )

    def store_assigned(self, doing: Doing) -> Found:
        row = self.part_of(doing, "stores_ids")
        if row is None or "stores_ids" not in row:
            return Found(None, "The shop does not tell where this product is sold.")
        shops = texts(row, "stores_ids")
        return Found(doing.body["store_id"] in shops, f"It is sold in {', '.join(shops) or 'no shop'}.", row)

    # -- prices of groups

    def prices_stand(self, doing: Doing) -> Found:
        row = self.part_of(doing, "group_price,advanced_price")
        held = _prices(row)
        lacking = [want for want in doing.body["group_prices"] if not any(_is_price(one, want) for one in held)]
        told = f"The shop shows {len(held)} prices of groups, and lacks {len(lacking)} of these."
        return Found(None if row is None or (lacking and not held) else not lacking, told, row)

    def prices_made(self, doing: Doing) -> Found:
        """The same, where it may not go again: what is lacking may still come."""
        found = self.prices_stand(doing)
        return Found(found.done or None, found.told, found.answer)

    def prices_gone(self, doing: Doing) -> Found:
        row = self.part_of(doing, "group_price,advanced_price")
        if row is None or not {"group_price", "advanced_price"} & set(row):
            return Found(None, "The shop does not tell prices of groups.")
        wanted = {part.strip() for part in str(doing.body.get("group_prices") or "").split(",") if part.strip()}
        left = [one for one in _prices(row) if not wanted or short(one.get("id")) in wanted]
        return Found(not left, f"The shop shows {len(left)} of these prices.", row)

    # -- pictures

    def image_made(self, doing: Doing) -> Found:
        """By its name or its text, and made since: a shop gives a picture an address of its own."""
        body, rows = doing.body, self._images(doing)
        mine = [row for row in rows if same(row.get("file_name"), body["image_name"]) or _labelled(row, body)]
        return made_since(doing, mine, "create_at", "picture")

    def image_stands(self, doing: Doing) -> Found:
        rows = {short(row.get("id")): row for row in self._images(doing)}
        given = {name: value for name, value in doing.body.items() if name != "hidden"}
        if "hidden" in doing.body:
            given["avail"] = not doing.body["hidden"]
        return stand([given], rows, {**PICTURE, "avail": "avail"})

    def image_gone(self, doing: Doing) -> Found:
        row = self.part_of(doing, "images")
        if row is None or "images" not in row:
            return Found(None, "The shop does not show its pictures.")
        left = any(short(one.get("id")) == doing.body["id"] for one in listed(row, "images"))
        return Found(not left, f"The shop shows {'this' if left else 'no such'} picture.", row)

    def _images(self, doing: Doing) -> list[Any]:
        return listed(self.part_of(doing, "images") or {}, "images")


def _prices(row: Mapping[str, Any] | None) -> list[Any]:
    return [one for name in ("group_price", "advanced_price") for one in listed(row or {}, name)]


def _is_price(held: Mapping[str, Any], wanted: Body) -> bool:
    """Shops tell a group's price in one of two shapes."""
    amount, pieces = held.get("price", held.get("value")), held.get("quantity", held.get("quantity_from"))
    whose = [name for name in ("id", "group_id") if wanted.get(name) is not None]
    return (
        all(same(held.get(name), wanted[name]) for name in whose)
        and same(amount, wanted["price"])
        and (wanted.get("qty") is None or same(pieces, wanted["qty"]))
    )


def _labelled(row: Mapping[str, Any], body: Body) -> bool:
    return bool(body.get("label")) and same(row.get("alt"), body["label"])
