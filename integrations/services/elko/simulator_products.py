"""The simulated ELKO's products, descriptions and media: rows as the EU and UA services send them."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from integrations.services.elko.simulator_assortment import BRANDS, GOODS, LEAVES, Leaf
from integrations.simulator.picture import picture_name
from integrations.simulator.seed import Dice, ean13
from integrations.simulator.wire import Row

FIRST_ID = 1_400_001
USD = 1.09  # USD per EUR, for the UA list
UAH = 41.5  # UAH per USD, for the UA list's recommended prices
HOMEPAGE = "https://ecom.elko.example/Catalog/Product"


def jde(day: date) -> int:
    """A JD Edwards day number: century digit, year, day of year. 2018-09-26 is 118269."""
    return (day.year - 1900) * 1000 + day.timetuple().tm_yday


@dataclass(frozen=True)
class Item:
    """The `number`-th product of the assortment; everything about it follows from the number."""

    number: int
    url: str

    @property
    def id(self) -> int:
        return FIRST_ID + self.number

    @cached_property
    def leaf(self) -> Leaf:
        # Every 30th product is a licence; the others go round the goods, so a large list stays mixed.
        return LEAVES[-1] if self.number % 30 == 29 else GOODS[self.number % len(GOODS)]

    @cached_property
    def dice(self) -> Dice:
        return Dice(1, self.number)

    @cached_property
    def step(self) -> int:
        return self.number // 30 % len(self.leaf.specs)

    @property
    def spec(self) -> str:
        return self.leaf.specs[self.step]

    @cached_property
    def brand(self) -> str:
        return self.leaf.brands[self.number // 7 % len(self.leaf.brands)]

    @property
    def part_number(self) -> str:
        return f"{BRANDS[self.brand]}-{self.leaf.code}{self.step + 1}{self.number:04d}"

    @property
    def name(self) -> str:
        return f"{self.leaf.word} {self.spec}/{self.part_number} {self.brand}"

    @cached_property
    def price(self) -> float:
        return round(self.leaf.price * self.leaf.step**self.step * (0.9 + Dice(2, self.number).roll(200) / 1000), 2)

    @cached_property
    def ean(self) -> str:
        """One in sixteen is missing, one in sixty not a barcode at all, one in sixty mistyped."""
        chance, code = Dice(3, self.number).roll(240), ean13(40_000_000 + self.number)
        if chance < 15:
            return ""
        if chance < 19:
            return code[3:8]
        return code[:-1] + str((int(code[-1]) + 1) % 10) if chance < 23 else code

    def stock(self, salt: int) -> str:
        dice = Dice(salt, self.number)
        if self.leaf.code == "ESD":
            return "> 100" if dice.chance(0.8) else str(dice.roll(100))
        chance = dice.roll(100)
        return "> 50" if chance < 35 else "0" if chance < 53 else str(dice.between(1, 50))

    def picture(self, view: int = 0) -> str:
        name = picture_name(
            self.leaf.glyph, 37 * len(self.brand) + 11 * self.number + 120 * view, self.brand, self.part_number
        )
        return f"{self.url}/ProductImages/{name}"


def eu_row(number: int, url: str) -> Row:
    item = Item(number, url)
    dice, picture, price = Dice(4, number), item.picture(), item.price
    stepped = dice.chance(0.05)
    return {
        "id": item.id,
        "elkoCode": item.id,
        "name": item.name,
        "manufacturerCode": item.part_number,
        "vendorName": item.brand,
        "vendorCode": BRANDS[item.brand],
        "catalog": item.leaf.code,
        "catalogName": item.leaf.name,
        "quantity": item.stock(5),
        "price": price,
        "discountPrice": round(price * 0.96, 2) if dice.chance(0.2) else price,
        "currency": "EUR",
        "copyrightTax": item.leaf.levy,
        "price2": round(price * 0.93, 2) if stepped else 0.0,
        "quantityForPrice2": "10" if stepped else "",
        "promDate": 0,
        "promQuant": 0,
        "lotNumber": "",
        "imagePath": picture,
        "thumbnailImagePath": picture,
        "fullDsc": item.leaf.line.format(spec=item.spec, n=dice.between(2, 9)),
        "httpDescription": f"{HOMEPAGE}/{item.id}",
        "packagingQuantity": 10 if item.leaf.code == "CAB" else 1,
        "warranty": dice.pick(("2 years", "3 years", "24 months", "36 mėn.")) if item.leaf.code != "ESD" else "",
        "eanCode": item.ean,
        "obligatoryKit": 0,
        "reservedQuantity": 0,
        "incomingQuantity": dice.between(5, 80) if dice.chance(0.3) else 0,
    }


def ua_row(number: int, url: str) -> Row:
    """No elkoCode and no imagePath here, and the recommended price is in UAH whatever `currency` says."""
    item = Item(number, url)
    dice, price = Dice(6, number), round(item.price * USD, 2)
    short = f"{item.spec} {item.part_number} {item.brand}"
    return {
        "id": item.id,
        "name": item.name,
        "manufacturerCode": item.part_number,
        "vendorName": item.brand,
        "vendorCode": BRANDS[item.brand],
        "catalog": item.leaf.code,
        "quantity": item.stock(7),
        "price": price,
        "discountPrice": price,
        "fullDsc": item.leaf.line.format(spec=item.spec, n=dice.between(2, 9)),
        "altDsc": "",
        "detailedDescription": "",
        "currency": "USD",
        "httpDescription": f"{HOMEPAGE}/{item.id}",
        "packagingQuantity": 10 if item.leaf.code == "CAB" else 1,
        "warranty": dice.pick(("12 місяців", "24 місяці", "36 місяців")),
        "eanCode": item.ean,
        "reservedQuantity": 0,
        "reservedQuantityFromBasket": 0,
        "transitQuantity": str(dice.between(5, 80)) if dice.chance(0.3) else "0",
        "rrp": float(round(price * UAH * 1.28)) if dice.chance(0.6) else 0.0,
        "rrPcontrol": "Y" if dice.chance(0.25) else "N",
        "searchText": item.part_number,
        "prP4": item.leaf.code,
        "code_UKTZED": None if dice.chance(0.2) else f"84{dice.roll(10**8):08d}",
        "uAproductName": f"{item.leaf.ukrainian} {short}" if dice.chance(0.9) else "",
        "pictureUrl": item.picture() if dice.chance(0.95) else "",
        "discount": {"status": False, "price": [], "link": None},
        "origin": dice.pick(("Китай", "Тайвань", "В'єтнам", "Латвія")),
    }


def description(row: Row, url: str, ukrainian: bool) -> list[Row]:
    """The criteria of one product: HTML and entities, weights, box sizes, a repeated name, words for "no value"."""
    item = Item(row["id"] - FIRST_ID, url)
    gross = item.leaf.gross
    side = round(0.08 + gross**0.5 / 8, 2)
    long_text = (
        f"Everything you&#39;d expect of {item.brand}: {item.spec}.<br/>Model {item.part_number}.<br/>"
        "<ul><li>Tested &amp; sealed</li><li>Service in all Baltic states</li></ul>"
    )
    found = [
        ("Description", long_text, None),
        ("Full Description Line", row["fullDsc"], None),
        ("Vendor Homepage", f"https://www.{BRANDS[item.brand].lower()}.example/", None),
        ("Category Code", row["catalog"], None),
        ("Model name", item.part_number, None),
        ("Colour", "none", None),
        *(("Feature", part.strip(), None) for part in row["fullDsc"].split("|") if part.strip()),
        ("Unit Net Weight", f"{gross * 0.8:.3f}", "kg"),
        ("Unit Gross Weight", f"{gross:.3f}", "kg"),
        ("Unit Box Width", f"{side}", None),
        ("Unit Box Length", f"{round(side * 1.4, 2)}", None),
        ("Unit Box Height", f"{round(side / 2, 2)}", None),
        ("Unit Brutto Volume", f"{round(side**3 * 0.7, 4)}", "cubm"),
        ("Shipping box quantity", "0", None),
        ("Shipping Box Weight", f"{gross * 10:.2f}", "kg"),
    ]
    if ukrainian:
        found += [
            ("Повна назва", item.leaf.ukrainian, None),
            *(("Image", item.picture(view), None) for view in range(2)),
        ]
    return [{"criteria": name, "value": value, "measurement": unit} for name, value, unit in found]


def media(row: Row, url: str) -> list[Row]:
    """One to three pictures, the first being the product's own; none where the product has none."""
    if not row.get("imagePath") and not row.get("pictureUrl"):
        return []
    item = Item(row["id"] - FIRST_ID, url)
    return [{"link": item.picture(view), "sequence": view + 1} for view in range(1 + item.number % 3)]
