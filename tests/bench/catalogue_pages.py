"""The catalogue that is measured: generated pages on disk, and the service that yields them to the real engine.

A record has about 1.1 kB of JSON and becomes one product and one variant. Every page is the same bytes in every run of the bench.
"""

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar

from catalog.records import ProductRecord, VariantRecord
from integrations.auth import Auth, NoAuth
from integrations.numbers import decimal_of, key_from
from integrations.paging import cut
from integrations.service import Account, Ask, Flow, Option, Page, VendorService, services

KIND = "bench"
PAGE = 500
SENTENCE = """
Cable Adapter Monitor Keyboard Wireless Optical Gaming Laptop Charger Router Switch Server Rack Module Memory DDR5
SSD NVMe Printer Toner Cartridge Camera Lens Tripod Speaker Headset Microphone Dock Station USB-C HDMI Ethernet
Fibre Patch Panel Cooler Fan Power Supply Case Tower Tablet Stylus ekrāns pele шнур адаптер كابل شاحن
"""
WORDS = SENTENCE.split()
BRANDS, CATEGORIES = 400, 300


def product(row: Any, account: Account) -> ProductRecord:
    """A generated record in our words."""
    attributes = row["attributes"]
    return ProductRecord(
        external_id=row["sku"],
        name=row["title"],
        brand=row["brand"],
        brand_name=row["brand"],
        category=row["category"],
        description=row["description"],
        image_url=row["image"],
        active=True,
        variants=(
            VariantRecord(
                external_id=row["sku"],
                sku=row["sku"],
                name=row["title"],
                manufacturer_code=attributes["mpn"],
                barcode=row["ean"],
                currency="EUR",
                price=decimal_of(row["price"]),
                stock=decimal_of(row["stock"], places=3),
                stock_at_least=False,
                weight_kg=decimal_of(row["weight"]),
                attributes=tuple({"name": name, "value": value} for name, value in attributes.items()),
                active=True,
            ),
        ),
    )


class Catalogue(VendorService):
    """A vendor whose pages lie in a folder: reading them costs what reading a file costs, so that only our own work counts."""

    kind: ClassVar[str] = KIND
    label: ClassVar[str] = "Bench"
    options: ClassVar[tuple[Option, ...]] = (Option("pages", "Folder with the pages"),)
    flows: ClassVar[dict[str, Flow]] = {
        "products": Flow(
            "Products", timedelta(days=1), timedelta(days=3), key_from("sku"), product, complete=True, guard=True
        )
    }

    @classmethod
    def auth(cls, account: Account, secrets: Any) -> Auth:
        return NoAuth()

    def products(self, ask: Ask) -> Iterator[Page]:
        files = sorted(Path(self.option("pages")).glob("*.json"))
        for number, file in enumerate(files, start=1):
            yield Page(list(cut(file.read_bytes(), ("items",))), position={"page": number}, last=number == len(files))


def declare() -> None:
    """Let the engine know the vendor; it is in no folder of the hub."""
    services()[KIND] = Catalogue


def generate(folder: Path, count: int, page: int = PAGE) -> None:
    """Write `count` records as pages into folder/base and, with every hundredth changed, folder/changed.

    Changed records have another price and stock, and every tenth of them another title.
    """
    chance = random.Random(20261121)
    records = [_record(number, chance) for number in range(count)]
    _write(folder / "base", records, page)
    for place, number in enumerate(sorted(chance.sample(range(count), max(1, count // 100)))):
        record = records[number]
        record["price"] = str((Decimal(record["price"]) * Decimal("1.1")).quantize(Decimal("0.01")))
        record["stock"] += 1 + chance.randrange(5)
        if place % 10 == 0:
            record["title"] += " (new)"
    _write(folder / "changed", records, page)


def _record(number: int, chance: random.Random) -> dict[str, Any]:
    code = 1_000_000 + number
    return {
        "id": code,
        "sku": f"EL-{code}",
        "ean": f"{4750000000000 + number:013d}",
        "title": f"{' '.join(chance.choice(WORDS) for _ in range(9))} {number}",
        "brand": f"Brand{chance.randrange(BRANDS):03d}",
        "category": f"Category {chance.randrange(CATEGORIES):03d}",
        "description": " ".join(chance.choice(WORDS) for _ in range(90)),
        "image": f"https://static.example.test/img/{blake2b(str(code).encode(), digest_size=16).hexdigest()}.jpg",
        "weight": f"{chance.randrange(10, 30000) / 1000:.3f}",
        "attributes": {
            "colour": chance.choice(["black", "white", "grey"]),
            "warranty": chance.choice(["12", "24", "36"]),
            "mpn": f"MPN{number:07d}",
            "tariff": str(chance.randrange(10**7, 10**8)),
        },
        "price": f"{chance.randrange(100, 250000) / 100:.2f}",
        "stock": chance.randrange(1, 500),
        "incoming": {"quantity": chance.randrange(0, 50), "eta": "2026-12-01", "warehouse": "RIX1"},
    }


def _write(folder: Path, records: list[dict[str, Any]], page: int) -> None:
    folder.mkdir(parents=True)
    for start in range(0, len(records), page):
        body = {"page": start // page, "total": len(records), "items": records[start : start + page]}
        text = json.dumps(body, ensure_ascii=False).encode()
        (folder / f"{start // page:06d}.json").write_bytes(text)
