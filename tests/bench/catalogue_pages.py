"""The catalogue that is measured: generated pages on disk, the same bytes in every run of the bench.

A record has about 1.1 kB of JSON and becomes one product and one variant.
"""

import json
import random
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any

PAGE = 2000  # as many rows as the engine cuts from one body at a time
SENTENCE = """
Cable Adapter Monitor Keyboard Wireless Optical Gaming Laptop Charger Router Switch Server Rack Module Memory DDR5
SSD NVMe Printer Toner Cartridge Camera Lens Tripod Speaker Headset Microphone Dock Station USB-C HDMI Ethernet
Fibre Patch Panel Cooler Fan Power Supply Case Tower Tablet Stylus ekrāns pele шнур адаптер كابل شاحن
"""
WORDS = SENTENCE.split()
BRANDS, CATEGORIES = 400, 300


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
