"""ELKO: the distributor's eCommerce API v3.0, EU and UA. Manuals: ecom → Services → API Integration (EU), Інтеграція API (UA)."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, ClassVar

from integrations import raw
from integrations.auth import Auth, Bearer
from integrations.errors import BadPayload
from integrations.numbers import jde_number, key_from
from integrations.paging import batches, cut, encode, whole_list
from integrations.service import Account, Ask, Flow, Option, Page, Preset, Rate, Secret, VendorService, Verdict
from integrations.services.elko import parse

TYPES = ("Availability", "AvailabilityPrice", "AvailabilityIncoming", "AvailabilityIncomingPrice")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CODE_OF = key_from("productId", "elkoCode", "id")


class Service(VendorService):
    label: ClassVar[str] = "ELKO"
    summary: ClassVar[str] = "Buy from ELKO: price list, stock, product content, your orders and invoices."
    role: ClassVar[str] = "supplier"
    manual: ClassVar[str] = "https://api.elko.cloud"
    rate: ClassVar[Rate] = Rate(50, seconds=10, block=60)
    time_zone: ClassVar[str] = "Europe/Riga"
    currency: ClassVar[str] = "EUR"
    presets: ClassVar[tuple[Preset, ...]] = (
        Preset("eu", "EU", "https://api.elko.cloud/v3.0/api", options={"layout": "eu"}),
        Preset("ua", "Ukraine", "https://uaapi.elko.cloud/v3.0", options={"layout": "ua"}),
    )
    secrets: ClassVar[tuple[Secret, ...]] = (
        Secret(
            "token",
            "API token",
            help="eCom → Services → API Integration. A company has one: making a new one ends the old.",
            required=True,
        ),
    )
    options: ClassVar[tuple[Option, ...]] = (
        Option("layout", "Layout", kind="choice", default="eu", choices=(("eu", "EU"), ("ua", "Ukraine"))),
        Option("segment", "Catalogue path", help="Empty: Catalog in the EU, Catalogs in Ukraine.", proven=False),
        Option("lang", "Language of texts", help="Such as EE or UA. Empty: ELKO's own choice."),
        Option("esd", "Read electronic licences too (Ukraine)", kind="bool", default=False),
        Option("batch", "Codes per call", kind="int", default=40, help="Of descriptions, pictures and availability."),
        Option(
            "availability_type",
            "What to ask of availability",
            kind="choice",
            default=TYPES[-1],
            choices=tuple((name, name) for name in TYPES),
        ),
        Option(
            "availability_scope",
            "Ask availability for",
            kind="choice",
            default="watched",
            choices=(("watched", "Variants marked as watched"), ("all", "Every variant")),
        ),
        Option(
            "retail_currency", "Currency of retail prices", help="Empty: UAH in Ukraine, the price's own in the EU."
        ),
        Option("invoice_days", "Days of invoices to read at first", kind="int", default=90),
        Option("order_status_field", "Field of an order's status", default="status", proven=False),
        Option("invoices_path", "Invoices", default="Finances/Invoices", proven=False),
    )
    flows: ClassVar[Mapping[str, Flow]] = {
        "categories": Flow(
            "Categories", DAY, 3 * DAY, key_from("code", "id"), parse.category, complete=True, lane="bulk"
        ),
        "brands": Flow("Brands", DAY, 3 * DAY, key_from("code"), parse.brand, complete=True, lane="bulk"),
        "products": Flow(
            "Products, prices, stock",
            DAY,
            timedelta(hours=36),
            key_from("elkoCode", "id"),
            parse.product,
            complete=True,
            guard=True,
            shares=("availability",),
            lane="bulk",
        ),
        "details": Flow(
            "Descriptions and pictures",
            6 * HOUR,
            2 * DAY,
            key_from("productId"),
            parse.details,
            codes="catalog.wanted.details",
            lane="bulk",
            needs=("products",),
        ),
        "availability": Flow(
            "Price and stock of watched variants",
            timedelta(minutes=15),
            HOUR,
            CODE_OF,
            parse.availability,
            codes="catalog.wanted.availability",
            guard=True,
            shares=("products",),
            needs=("products",),
        ),
        "orders": Flow(
            "Our orders", timedelta(minutes=15), HOUR, key_from("id"), parse.order, room="orders", needs=("products",)
        ),
        "invoices": Flow("Invoices", 6 * HOUR, DAY, key_from("invoiceId"), parse.invoice, room="orders", proven=False),
    }

    @classmethod
    def auth(cls, account: Account, secrets: Mapping[str, str]) -> Auth:
        return Bearer(secrets["token"])

    def probe(self) -> Verdict:
        """The brands' list: small, harmless, behind the same token, address list and path prefix as all else."""
        rows = cut(self.http.get(self._catalogue("Vendors")).body)
        return Verdict(True, message=f"ELKO answers: {len(rows)} brands.", facts={"brands": str(len(rows))})

    # -- flows

    def categories(self, ask: Ask) -> Iterator[Page]:
        flat = _rows(self.http.get(self._catalogue("CategoryList" if self._is_ua else "Categories")).body)
        tree = None if self._is_ua else _rows(self.http.get(self._catalogue("Categories/Tree")).body)
        rows, unreadable = parse.merged_categories(flat, tree)
        yield Page([encode(row) for row in [*rows, *unreadable]], last=True, total=len(rows))

    def brands(self, ask: Ask) -> Iterator[Page]:
        rows = cut(self.http.get(self._catalogue("Vendors")).body)
        yield Page(rows, last=True, total=len(rows))

    def products(self, ask: Ask) -> Iterator[Page]:
        lists = ["Products"] + (["Products/Esd"] if self._is_ua and self.option("esd") else [])
        at = int((ask.position or {}).get("list", 0))
        for number, path in enumerate(lists):
            part = Ask(ask.cursor, ask.started_at, (ask.position or {}).get("in") if number == at else None, ask.full)
            for page in whole_list(self.http, self._catalogue(path), self._language(), ask=part):
                # A list handled before the run was parked is read once more, so that what was seen is complete.
                page.again = page.again or number < at
                page.position = {"list": number, "in": page.position}
                page.last = page.last and number == len(lists) - 1
                yield page

    def details(self, ask: Ask) -> Iterator[Page]:
        for codes, position in batches(ask, int(self.option("batch"))):
            told = self._described(codes)
            for row in _rows(self.http.get(self._catalogue(f"MediaItems/{','.join(codes)}")).body):
                told.setdefault(str(row.get("id")), {})["mediaFiles"] = row.get("mediaFiles") or []
            rows = [encode({"productId": code, **told.get(code, {})}) for code in codes]
            yield Page(rows, position=position)
        yield Page([], last=True)

    def availability(self, ask: Ask) -> Iterator[Page]:
        """In batches. Rows nobody asked for are left out: an ignored filter answers the whole list (elko.md 3.3)."""
        for codes, position in batches(ask, int(self.option("batch"))):
            joined = {"elkoCodes" if not self._is_ua else "elkoCode": ",".join(codes)}
            kind = self.option("availability_type")
            path = "Products" if self._is_ua else f"AvailabilityAndPrice/{kind}"
            rows = cut(self.http.get(self._catalogue(path), joined).body)
            yield Page([row for row in rows if _key(row) in codes], position=position)
        yield Page([], last=True)

    def orders(self, ask: Ask) -> Iterator[Page]:
        rows = cut(self.http.get("Orders").body)
        yield Page(rows, last=True, total=len(rows))

    def invoices(self, ask: Ask) -> Iterator[Page]:
        """From a week before the last good run to tomorrow, in JD Edwards days."""
        until = (ask.started_at + DAY).date()
        start = until - timedelta(days=int(self.option("invoice_days")))
        if ask.cursor.get("day") and not ask.full:
            start = max(start, date.fromisoformat(ask.cursor["day"]) - timedelta(days=7))
        path = f"{self.option('invoices_path')}/{jde_number(start)}/{jde_number(until)}"
        rows = cut(self.http.get(path).body)
        yield Page(rows, last=True, total=len(rows), cursor={"day": ask.started_at.date().isoformat()})

    # -- paths

    @property
    def _is_ua(self) -> bool:
        return bool(self.option("layout") == "ua")

    def _catalogue(self, path: str) -> str:
        return f"{self.option('segment') or ('Catalogs' if self._is_ua else 'Catalog')}/{path}"

    def _language(self) -> dict[str, str]:
        return {"lang": str(self.option("lang"))} if self.option("lang") else {}

    def _described(self, codes: list[str]) -> dict[str, dict[str, Any]]:
        """Description lines by code. The older shape does not name the product: then each code is asked alone."""
        path = self._catalogue(f"Products/{','.join(codes)}/Description")
        rows = _rows(self.http.get(path, self._language()).body)
        if all("productId" in row for row in rows):
            return {str(row["productId"]): {"description": row.get("description") or []} for row in rows}
        if len(codes) == 1:
            return {codes[0]: {"description": rows}}
        return {code: lines for one in codes for code, lines in self._described([one]).items()}


def _key(row: bytes | memoryview) -> str:
    try:
        return CODE_OF(row)
    except ValueError:
        return ""


def _rows(body: bytes) -> list[dict[str, Any]]:
    """The rows of a small list; null counts as none, which is how ELKO says "no pictures"."""
    if body.strip() == b"null":
        return []
    rows = [raw.row(slice_) for slice_ in cut(body)]
    if not all(isinstance(row, dict) for row in rows):
        raise BadPayload("The answer is not a list of objects.", "Look at the connection's address and path options.")
    return rows
