"""A vendor whose products are the generated pages, for the real engine to read."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from catalog.records import ProductRecord, VariantRecord
from integrations.auth import Auth, NoAuth
from integrations.numbers import decimal_of, key_from
from integrations.paging import cut, whole_list
from integrations.service import Account, Ask, Flow, Option, Page, VendorService, services

KIND = "bench"
FILLER = b'{"sku": "EL-%d", "description": "' + b"x" * 1060 + b'"}'


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
    options: ClassVar[tuple[Option, ...]] = (Option("pages", "Folder with the pages"), Option("many", "Rows of “many”"))
    flows: ClassVar[dict[str, Flow]] = {
        "products": Flow(
            "Products", timedelta(days=1), timedelta(days=3), key_from("sku"), product, complete=True, guard=True
        ),
        "body": Flow("One body", timedelta(days=1), timedelta(days=3), key_from("sku"), product, mirror="products"),
        "many": Flow("Very many", timedelta(days=1), timedelta(days=3), key_from("sku"), product, complete=True),
    }

    @classmethod
    def auth(cls, account: Account, secrets: Any) -> Auth:
        return NoAuth()

    def body(self, ask: Ask) -> Iterator[Page]:
        yield from whole_list(self.http, "body.json", ask=ask)

    def many(self, ask: Ask) -> Iterator[Page]:
        """Rows made on the way: as large as the others, and in no file that would have to be read."""
        count = int(self.option("many"))
        for start in range(0, count, 500):
            stop = min(start + 500, count)
            yield Page([FILLER % number for number in range(start, stop)], position={"row": stop}, last=stop == count)

    def products(self, ask: Ask) -> Iterator[Page]:
        files = sorted(Path(self.option("pages")).glob("*.json"))
        for number, file in enumerate(files, start=1):
            yield Page(list(cut(file.read_bytes(), ("items",))), position={"page": number}, last=number == len(files))


def declare() -> None:
    """Let the engine know the vendor; it is in no folder of the hub."""
    services()[KIND] = Catalogue


def connect(slug: str = KIND) -> None:
    """Make the connection the runs use."""
    from django.utils import timezone

    from integrations.models import Vendor

    Vendor.objects.create(
        slug=slug,
        kind=KIND,
        name="Bench",
        base_url="https://bench.example/",
        state=Vendor.State.ACTIVE,
        state_since=timezone.now(),
    )


def warm(folder: Path) -> None:
    """A run over nothing, of a connection of its own: what a worker has imported and opened long since is no part of the time."""
    from integrations.models import Vendor

    if not Vendor.objects.filter(slug="warm").exists():
        connect("warm")
    run(folder / "none", "warm")


def vouch(count: int) -> int:
    """Digests of all rows of “many”, as if they had been mirrored; returns how many."""
    from integrations import fingerprint, sync
    from integrations.models import Vendor

    schedule = sync.schedule_of(Vendor.objects.get(slug=KIND), "many")
    for start in range(0, count, 5000):
        rows = {f"EL-{number}": FILLER % number for number in range(start, min(start + 5000, count))}
        fingerprint.remember(schedule.pk, {key: fingerprint.digest(row) for key, row in rows.items()})
    return count


def run(folder: Path, slug: str = KIND, flow: str = "products", **options: str) -> int:
    """One whole run of the real engine over the pages of a folder; returns how many records it saw."""
    from integrations import sync
    from integrations.models import SyncRun, Trigger, Vendor

    vendor = Vendor.objects.get(slug=slug)
    vendor.options = {"pages": str(folder), **options}
    vendor.base_url = os.environ.get("BENCH_BODY") or vendor.base_url
    vendor.save()
    done = sync.run(vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None)
    if done is None or done.state != SyncRun.State.OK:
        raise RuntimeError(f"The run did not end well: {done and (done.state, done.error, done.rejected, done.held)}")
    return done.seen
