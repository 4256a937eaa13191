"""What a store shows of products, their variants, categories and customers after an answer was lost."""

from collections.abc import Callable

from integrations.services.api2cart import answers
from integrations.services.api2cart.comparing import each, gone, made_since, shown, stand
from integrations.services.api2cart.fields import short
from integrations.services.api2cart.reading import AT_ONCE, Reading
from integrations.verbs import Body, Doing, Found

# Our names of a product's and a variant's values, by where its row has them.
PRODUCT = {"price": "price", "quantity": "quantity", "status": "status", "in_stock": "in_stock",
           "available_for_sale": "avail_sale", "cost_price": "cost_price", "old_price": "old_price"}  # fmt: skip
VARIANT = {"price": "default_price", "quantity": "inventory_level", "in_stock": "in_stock", "cost_price": "cost_price"}


class GoodsLookedUp(Reading):
    """The methods verbs of products, variants, categories and customers name as `look_up`."""

    def products_stand(self, doing: Doing) -> Found:
        rows = self.by_ids("products", "product_ids", [row["id"] for row in doing.body["products"]])
        return stand(doing.body["products"], rows, PRODUCT)

    def products_shown(self, doing: Doing) -> Found:
        wanted = doing.body.get("products") or [doing.body]
        return shown(wanted, self.by_ids("products", "product_ids", [row["id"] for row in wanted]), "quantity")

    def variants_stand(self, doing: Doing) -> Found:
        return stand(doing.body["variants"], self.variants_of(doing.body["variants"]), VARIANT)

    def variants_shown(self, doing: Doing) -> Found:
        wanted = doing.body.get("variants") or [doing.body]
        return shown(wanted, self.variants_of(wanted), "inventory_level")

    def product_made(self, doing: Doing) -> Found:
        return self._product_made(doing, doing.body)

    def _product_made(self, doing: Doing, body: Body) -> Found:
        sku = str(body.get("sku") or "")
        rows = self.listed_rows("products", sku=sku) if sku else []
        return made_since(doing, [row for row in rows if short(row.get("u_sku")) == sku], "create_at", "product")

    def variant_made(self, doing: Doing) -> Found:
        return self._variant_made(doing, doing.body)

    def variants_made(self, doing: Doing) -> Found:
        return self._each_made(doing, "variants", "sku", self._variant_made)

    def _variant_made(self, doing: Doing, body: Body) -> Found:
        code = body.get("sku") or body["model"]
        rows = self.listed_rows("variants", product_id=body["product_id"], sku=code)
        return made_since(doing, [row for row in rows if short(row.get("sku")) == code], "created_time", "variant")

    def products_made(self, doing: Doing) -> Found:
        return self._each_made(doing, "products", "sku", self._product_made)

    def product_gone(self, doing: Doing) -> Found:
        ids = [row["id"] for row in doing.body.get("products") or [doing.body]]
        return gone(ids, self.by_ids("products", "product_ids", ids))

    def variant_gone(self, doing: Doing) -> Found:
        wanted = doing.body.get("variants") or [doing.body]
        return gone([row["id"] for row in wanted], self.variants_of(wanted))

    def category_made(self, doing: Doing) -> Found:
        return self._category_made(doing, doing.body)

    def categories_made(self, doing: Doing) -> Found:
        return self._each_made(doing, "categories", "name", self._category_made)

    def _category_made(self, doing: Doing, body: Body) -> Found:
        name, parent = body["name"], str(body.get("parent_id") or "")
        rows = self.listed_rows("categories", find_value=name, find_where="name")
        mine = [row for row in rows if short(row.get("name")) == name and parent in ("", short(row.get("parent_id")))]
        return made_since(doing, mine, "created_at", "category")

    def _each_made(self, doing: Doing, rows: str, key: str, made: Callable[[Doing, Body], Found]) -> Found:
        """Row by row, as many as are looked up at once; what is proved leaves the command, so that the rest comes next."""
        asked = [str(row[key]) for row in doing.body[rows]]
        proved = {str(row[key]) for row in doing.body[rows][:AT_ONCE] if made(doing, row).done}
        return each(asked, proved, f"The shop shows {len(proved)} of these {len(asked)}, made since then.")

    def category_gone(self, doing: Doing) -> Found:
        ids = [str(row["id"]) for row in doing.body.get("categories") or [doing.body]]
        return gone(ids, [key for key in ids[:AT_ONCE] if self._has_category(key)] + ids[AT_ONCE:])

    def _has_category(self, key: str) -> bool:
        try:
            self._call("category.info", {"id": key})
        except answers.NotThere:
            return False
        return True

    def category_assigned(self, doing: Doing) -> Found:
        return self._in_category(doing, wanted=True)

    def category_unassigned(self, doing: Doing) -> Found:
        return self._in_category(doing, wanted=False)

    def _in_category(self, doing: Doing, *, wanted: bool) -> Found:
        row = self.by_ids("products", "product_ids", [doing.body["product_id"]]).get(doing.body["product_id"])
        if row is None:
            return Found(None, "The shop does not show this product.")
        held = [str(one) for one in row.get("categories_ids") or []]
        return Found(
            (doing.body["category_id"] in held) == wanted, f"The product stands in {', '.join(held) or 'no category'}."
        )

    def customer_made(self, doing: Doing) -> Found:
        email = doing.body["email"]
        rows = self.listed_rows("customers", find_value=email, find_where="email")
        mine = [row for row in rows if short(row.get("email")).casefold() == email.casefold()]
        return made_since(doing, mine, "created_time", "customer")
