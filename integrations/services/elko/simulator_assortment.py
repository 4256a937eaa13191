"""What the simulated ELKO sells: invented brands, thirty leaf categories (in the CSV beside this), and their tree."""

import csv
from dataclasses import dataclass
from pathlib import Path

BRANDS = {
    "NORDWAVE": "NW", "KESTREL": "KE", "CORVIX": "CX", "VOLTARA": "VA", "LUMENTA": "LU", "AXENDO": "AX",
    "BRIGHTLINE": "BL", "HELIOCORE": "HC", "ORBIQ": "OB", "TERRAPIX": "TX", "SILVAN AUDIO": "SV",
    "POLARIS NET": "PN", "FENWICK": "FW", "MIRADO": "MI",
}  # fmt: skip

# id: (parent id, name). Leaves hang below these; headphones and tablets hang below two of them.
GROUPS = {
    4001: (0, "Computers"), 4002: (0, "Peripherals"), 4003: (0, "Multimedia & Smart Home"), 4004: (0, "Mobile"),
    4005: (0, "Networking"), 4006: (0, "Software"),
    4101: (4001, "Components"), 4102: (4001, "Storage"), 4103: (4001, "Portable computers"),
    4104: (4002, "Input devices"), 4105: (4002, "Displays & printing"), 4106: (4003, "Audio"),
    4107: (4003, "Video & security"), 4108: (4004, "Phones"), 4109: (4004, "Wearables & accessories"),
    4110: (4005, "Home networks"), 4111: (4006, "Electronic licences"),
}  # fmt: skip


@dataclass(frozen=True)
class Leaf:
    """A leaf category. The first of `specs` costs `price` (EUR net), each further one `step` times more."""

    code: str
    name: str
    ukrainian: str
    groups: tuple[int, ...]
    glyph: str
    word: str  # how a product's name begins
    specs: tuple[str, ...]
    line: str  # fullDsc; {spec} and {n} are filled in
    price: float
    step: float
    brands: tuple[str, ...]
    levy: float  # copyrightTax
    gross: float  # kg


def _leaf(row: dict[str, str]) -> Leaf:
    return Leaf(
        row["code"],
        row["name"],
        row["ukrainian"],
        tuple(map(int, row["groups"].split(";"))),
        row["glyph"],
        row["word"],
        tuple(row["specs"].split(";")),
        row["line"],
        float(row["price"]),
        float(row["step"]),
        tuple(row["brands"].split(";")),
        float(row["levy"]),
        float(row["gross"]),
    )


with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as _file:
    LEAVES = tuple(_leaf(row) for row in csv.DictReader(_file))
BY_CODE = {leaf.code: leaf for leaf in LEAVES}
GOODS = tuple(leaf for leaf in LEAVES if leaf.code != "ESD")
