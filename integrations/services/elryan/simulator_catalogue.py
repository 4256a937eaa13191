"""The simulated Elryan's catalogue: dictionaries, products and variants as rows.

Five variants to three products, so 120 products have 200. The manual shows the rows of dictionaries and variants; the
row of a product is an assumption: what its upsert takes, without the variants, and the fields all other rows have.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from integrations.services.elryan import simulator_assortment as stock
from integrations.services.elryan.simulator_assortment import Shelf
from integrations.simulator.picture import picture_name
from integrations.simulator.seed import Dice, ean13, hex_id
from integrations.simulator.wire import Row

SELLER = hex_id("seller", 1)
SUPPLIER = {"name": "Karrada Trading", "remote_id": "supplier_1"}
_OF_FIVE = (0, 1, 1, 2, 2)  # the variants of three products


def utc(moment: datetime) -> str:
    """`2026-04-30T21:32:42.453Z`, as in the catalogue and in `updatedTime`: true UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def variants_of(products: int) -> int:
    return products // 3 * 5 + (0, 1, 3)[products % 3]


def stamps(kind: str, key: object, now: datetime) -> Row:
    """What every stored dictionary row has."""
    age = timedelta(days=40 + Dice(30, len(str(key))).roll(200), minutes=17)
    return {
        "id": hex_id(kind, key),
        "userId": SELLER,
        "exported": True,
        "is_active": True,
        "created_at": utc(now - age),
        "updated_at": utc(now - age / 2),
    }


def categories(now: datetime) -> list[Row]:
    """The seller's own tree. A root has the word "null" for its parent, as the manual's samples do."""
    return [
        {
            "remote_id": shelf.remote_id,
            "name": shelf.name,
            "parent_id": hex_id("category", shelf.parent) if shelf.parent else "null",
            "remote_parent_id": shelf.parent or "null",
            **stamps("category", shelf.remote_id, now),
        }
        for shelf in stock.CATEGORIES
    ]


def brands(now: datetime, url: str) -> list[Row]:
    return [
        {
            "remote_id": key,
            "name": name,
            "remote_image_url": f"{url}/ProductImages/{picture_name('licence', 40 * place, name, 'logo')}",
            **stamps("brand", key, now),
        }
        for place, (key, (name, _)) in enumerate(stock.BRANDS.items())
    ]


def attributes(now: datetime) -> list[Row]:
    return [{"remote_id": key, "name": name, **stamps("attribute", key, now)} for key, name in stock.ATTRIBUTES.items()]


def attribute_values(now: datetime) -> list[Row]:
    return [
        {
            "remote_id": stock.value_id(attribute, value),
            "value": value,
            "attribute": {"name": stock.ATTRIBUTES[attribute], "remote_id": attribute, "is_active": True},
            **stamps("value", stock.value_id(attribute, value), now),
        }
        for attribute, value in stock.VALUES
    ]


@dataclass(frozen=True)
class Variant:
    """The `number`-th variant; everything about it and its product follows from the number."""

    number: int
    url: str

    @property
    def product(self) -> int:
        return self.number // 5 * 3 + _OF_FIVE[self.number % 5]

    @cached_property
    def shelf(self) -> Shelf:
        return stock.SHELVES[self.product % len(stock.SHELVES)]

    @property
    def choice(self) -> int:
        """Which value of the category's attribute: the second of two variants has the second."""
        return int(self.number % 5 in (2, 4))

    @property
    def value(self) -> str:
        return self.shelf.values[self.choice]

    @cached_property
    def brand(self) -> str:
        makers = stock.MAKERS[self.shelf.parent]
        return makers[self.product // len(stock.SHELVES) % len(makers)]

    @cached_property
    def line(self) -> tuple[str, str]:
        return stock.LINES[self.product * 5 % len(stock.LINES)]

    @property
    def spu(self) -> str:
        return f"{self.shelf.remote_id}_{self.product + 1001}"

    @property
    def ean(self) -> str:
        return ean13(50_000_000 + self.number, "629")

    @property
    def sku(self) -> str:
        """Perfumes are kept by their barcode, everything else by a code of the seller's."""
        if "perfume" in self.shelf.remote_id:
            return self.ean
        return f"{self.brand[:3].upper()}-{self.product + 1001}-{self.value.upper()[:5]}"

    def named(self, pattern: str, word: int, value: str) -> str:
        brand = stock.BRANDS[self.brand][word]
        line = self.line[word]
        return pattern.format(line=line, brand=brand, line_ar=line, brand_ar=brand, value=value).removesuffix(", ")

    @property
    def name(self) -> str:
        return self.named(self.shelf.pattern, 0, self.value)

    @property
    def arabic(self) -> str:
        return self.named(self.shelf.pattern_arabic, 1, self.value)

    @cached_property
    def price(self) -> float:
        base = self.shelf.price * (1 + 0.6 * self.choice) + Dice(31, self.product).roll(24) / 4
        return int(base) if base == int(base) else round(base, 2)

    def picture(self, view: int = 0) -> str:
        name = picture_name(self.shelf.glyph, 53 * self.product + 100 * view, stock.BRANDS[self.brand][0], self.spu)
        return f"{self.url}/ProductImages/{name}"


def first_of(product: int, url: str = "") -> Variant:
    return Variant(product // 3 * 5 + _OF_FIVE.index(product % 3), url)


def spu(product: int) -> str:
    return first_of(product).spu


def sku(variant: int) -> str:
    return Variant(variant, "").sku


def product_row(number: int, url: str, now: datetime) -> Row:
    first = first_of(number, url)
    dice = Dice(32, number)
    plain, arabic = first.named(first.shelf.pattern, 0, ""), first.named(first.shelf.pattern_arabic, 1, "")
    return {
        "_id": hex_id("product", first.spu),
        "__v": 0,
        "name": plain,
        "spu": first.spu,
        "category": {
            "parent_remote_id": first.shelf.parent,
            "remote_id": first.shelf.remote_id,
            "name": first.shelf.name,
        },
        "brand": {"name": stock.BRANDS[first.brand][0], "remote_id": first.brand},
        "default_image_url": first.picture(),
        "tax": 0,
        "translations": _texts(("EN", plain, None), ("AR", arabic, None), owner=first.spu),
        "guarantee": dice.pick((0, 6, 12, 24)),
        "fulfillment_day": dice.between(1, 3),
        **stamps("product", first.spu, now),
        "is_active": not dice.chance(0.05),
    }


def variant_row(number: int, url: str) -> Row:
    one = Variant(number, url)
    dice = Dice(33, number)
    side = round((one.shelf.grams / 2) ** (1 / 3)) + 2
    text = f"{one.name}. Original product, sealed &amp; with warranty.<br>Delivered within 24 hours."
    return {
        "_id": hex_id("variant", one.sku),
        "__v": dice.roll(4),
        "sku": one.sku,
        "userId": SELLER,
        "spu": one.spu,
        "name": one.name,
        "barcode": "" if dice.chance(0.04) else one.ean,
        "gtin": one.ean[:-1] + str((int(one.ean[-1]) + 3) % 10) if dice.chance(0.02) else one.ean,
        "hs_code": f"33{dice.roll(10**4):04d}" if one.shelf.parent == "beauty" else "",
        "price": one.price,
        "retail_price": round(one.price * 1.25, 2) if dice.chance(0.5) else one.price,
        "currency": "USD",
        "stock": 0 if dice.chance(0.12) else dice.between(1, 60),
        "weight": one.shelf.grams,
        "height": side,
        "width": side,
        "length": side * 2,
        "freight": 0,
        "description": text,
        "default_image_url": one.picture(),
        "extra_images": [one.picture(view) for view in range(1, 1 + number % 3)],
        "supplier": SUPPLIER,
        "attributes": [
            {
                "name": stock.ATTRIBUTES[one.shelf.attribute],
                "value": one.value,
                "remote_attribute_id": one.shelf.attribute,
                "remote_attribute_value_id": stock.value_id(one.shelf.attribute, one.value),
                "_id": hex_id("variant attribute", one.sku),
            }
        ],
        "translations": _texts(("EN", one.name, text), ("AR", one.arabic, one.arabic), owner=one.sku),
        "exported": True,
        "is_active": not dice.chance(0.04),
    }


def _texts(*texts: tuple[str, str, str | None], owner: str) -> list[Row]:
    return [
        {
            "language": language,
            "name": name,
            **({} if description is None else {"description": description}),
            "_id": hex_id("text " + language, owner),
        }
        for language, name, description in texts
    ]
