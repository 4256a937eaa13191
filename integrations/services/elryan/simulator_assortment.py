"""What the simulated Elryan seller sells, in English and Arabic: invented brands, lines; the categories are a CSV."""

import csv
from dataclasses import dataclass
from pathlib import Path

# remote_id: (name, Arabic name)
BRANDS = {
    "maison_veyra": ("Maison Veyra", "ميزون فيرا"),
    "oriante": ("Oriante", "أوريانت"),
    "dar_samara": ("Dar Samara", "دار سمارة"),
    "tellwin": ("Tellwin", "تيلوين"),
    "norvane": ("Norvane", "نورفان"),
    "zaytuna_home": ("Zaytuna Home", "زيتونة هوم"),
    "calla_rue": ("Calla & Rue", "كالا آند رو"),
    "pim_pom": ("Pim&Pom", "بيم بوم"),
}
# Which brands make what, by the parent of a product's category.
MAKERS = {
    "beauty": ("maison_veyra", "oriante", "dar_samara"),
    "electronics": ("tellwin", "norvane"),
    "home": ("zaytuna_home", "norvane"),
    "fashion": ("calla_rue", "oriante"),
    "children": ("pim_pom",),
}
LINES = (
    ("Amber Dusk", "أمبر دسك"),
    ("Silver Cedar", "سيلفر سيدار"),
    ("Jasmine Hour", "جاسمين أور"),
    ("Blue Tigris", "بلو تايغرس"),
    ("Desert Rain", "ديزرت رين"),
    ("Saffron Gate", "سافرون غيت"),
    ("Northern Palm", "نورثرن بالم"),
    ("Velvet Oud", "فيلفت عود"),
    ("Morning Souk", "مورنينغ سوق"),
    ("Copper Moon", "كوبر مون"),
    ("Quiet River", "كوايت ريفر"),
    ("Sun Terrace", "سن تيراس"),
    ("First Light", "فيرست لايت"),
)
ATTRIBUTES = {"volume": "Volume", "colour": "Colour", "capacity": "Capacity", "length": "Length", "size": "Size"}


@dataclass(frozen=True)
class Shelf:
    """A category. The first of `values` costs `price` (USD); `pattern` makes a product's name."""

    remote_id: str
    parent: str
    name: str
    arabic: str
    glyph: str
    pattern: str
    pattern_arabic: str
    attribute: str
    values: tuple[str, ...]
    price: float
    grams: int
    commission: str


def _shelf(row: dict[str, str]) -> Shelf:
    return Shelf(
        row["remote_id"],
        row["parent"],
        row["name"],
        row["arabic"],
        row["glyph"],
        row["pattern"],
        row["pattern_arabic"],
        row["attribute"],
        tuple(row["values"].split(";")),
        float(row["price"] or 0),
        int(row["grams"] or 0),
        row["commission"],
    )


with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as _file:
    CATEGORIES = tuple(_shelf(row) for row in csv.DictReader(_file))
SHELVES = tuple(shelf for shelf in CATEGORIES if shelf.pattern)
VALUES = sorted({(shelf.attribute, value) for shelf in SHELVES for value in shelf.values})


def value_id(attribute: str, value: str) -> str:
    """The seller's own key of an attribute value."""
    return f"{attribute}_{value.lower()}"
