"""ELKO: the distributor's eCommerce API v3.0, EU and UA. Manuals: ecom → Services → API Integration (EU), Інтеграція API (UA)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from integrations.auth import Auth, Bearer
from integrations.errors import Refused, VendorError
from integrations.numbers import jde_number, key_from
from integrations.paging import batches, cut, encode, whole_list
from integrations.service import Account, Ask, Flow, Option, Page, Preset, Rate, Secret, VendorService, Verdict
from integrations.services.elko import buying, cart, contents
from integrations.services.elko.drift import drift
from integrations.services.elko.parse_catalogue import brand, category, merged_categories, product
from integrations.services.elko.parse_details import availability, details
from integrations.services.elko.parse_invoices import invoice
from integrations.services.elko.parse_orders import order
from integrations.services.elko.verbs import VERBS
from integrations.verbs import Doing, Found, Verb

TYPES = ("Availability", "AvailabilityPrice", "AvailabilityIncoming", "AvailabilityIncomingPrice")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NO_TREE = (
    "ELKO has no category tree at its address, so the list alone was read: groups and parents stay as they were known."
)
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
        Option(
            "batch",
            "Codes per call",
            kind="int",
            default=40,
            help="Of descriptions, pictures and availability; 1 where ELKO takes one at a time.",
        ),
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
        Option(
            "orders_path",
            "Orders",
            help="Empty: Orders; in Ukraine api/Orders, which its manual prints, where ELKO has nothing there.",
            proven=False,
        ),
        Option(
            "price_tolerance",
            "A price may have risen by, percent",
            kind="decimal",
            default="2",
            least=0,
            most=100,
            help="Since an order was decided; a higher price stops it and shows the figures.",
        ),
        Option("reservations_path", "Reservations", default="Reservations", proven=False),
        Option("cart_path", "Cart", default="Cart", proven=False),
        Option("kits_path", "Kits", default="Cart/Kit", proven=False, help="Where a kit is put into the cart."),
        Option("invoices_path", "Invoices", default="Finances/Invoices", proven=False),
        Option(
            "invoices_range",
            "Which invoices to ask for",
            kind="choice",
            default="days",
            choices=(("days", "Those of some days"), ("all", "All, with additional information")),
            proven=False,
        ),
    )
    verbs: ClassVar[Mapping[str, Verb]] = {**VERBS, **cart.CART}
    flows: ClassVar[Mapping[str, Flow]] = {
        "categories": Flow("Categories", DAY, 3 * DAY, key_from("code", "id"), category, complete=True, lane="bulk"),
        "brands": Flow("Brands", DAY, 3 * DAY, key_from("code"), brand, complete=True, lane="bulk"),
        "products": Flow(
            "Products, prices, stock",
            DAY,
            timedelta(hours=36),
            key_from("elkoCode", "id"),
            product,
            complete=True,
            guard=True,
            shares=("availability", "details"),
            lane="bulk",
        ),
        "details": Flow(
            "Descriptions and pictures",
            6 * HOUR,
            2 * DAY,
            key_from("productId"),
            details,
            codes="catalog.wanted.details",
            lane="bulk",
            needs=("products",),
        ),
        "availability": Flow(
            "Price and stock of watched variants",
            timedelta(minutes=15),
            HOUR,
            CODE_OF,
            availability,
            codes="catalog.wanted.availability",
            guard=True,
            shares=("products",),
            needs=("products",),
        ),
        "orders": Flow(
            "Our orders", timedelta(minutes=15), HOUR, key_from("id"), order, room="orders", needs=("products",)
        ),
        "invoices": Flow("Invoices", 6 * HOUR, DAY, key_from("invoiceId"), invoice, room="orders", proven=False),
    }

    @classmethod
    def auth(cls, account: Account, secrets: Mapping[str, str]) -> Auth:
        """Its pages show the token in quotes and tell people to write “Bearer” before it: both may come along."""
        token = secrets["token"].strip().strip('"')
        return Bearer(token[7:] if token.lower().startswith("bearer ") else token)

    def probe(self) -> Verdict:
        """A small proven list behind the same token, address list and path prefix as all else, then what else answers."""
        path, what = ("CategoryList", "categories") if self._is_ua else ("Vendors", "brands")
        rows = cut(self.http.get(self._catalogue(path)).body)
        day = jde_number(datetime.now(ZoneInfo(self.account.time_zone)).date())
        facts, self.http.tries = {what: str(len(rows))}, 1  # somebody waits for this
        for name, path in (
            ("orders", self._orders_path()),
            ("invoices", f"{self.option('invoices_path')}/{day}/{day}"),
        ):
            facts[name] = self._answers(path)
        return Verdict(True, message=f"ELKO answers: {len(rows)} {what}.", facts=facts)

    def _answers(self, path: str) -> str:
        """Whether a path answers this account, in words; some are not proven, and may be closed to it."""
        try:
            cut(self.http.get(path).body)
        except VendorError as error:
            return f"no answer at {path}: {error.message}"
        return f"{path} answers"

    # -- flows

    def categories(self, ask: Ask) -> Iterator[Page]:
        """The list and the tree as one. Where there is no tree the list alone counts, and what is known of parents stays."""
        path = self._catalogue("CategoryList" if self._is_ua else "Categories")
        flat, bad = contents.objects_of(self.http.get(path).body)
        tree, note = None, ""
        if not self._is_ua:
            try:
                tree, more = contents.objects_of(self.http.get(self._catalogue("Categories/Tree")).body)
                bad += more
            except Refused as error:
                if error.cause != "url":
                    raise
                note = NO_TREE
        rows, unreadable = merged_categories(flat, tree)
        raws = [*map(encode, [*rows, *unreadable]), *bad]
        yield Page(raws, last=True, total=len(rows), note=note, gaps=bool(note))

    def brands(self, ask: Ask) -> Iterator[Page]:
        """ELKO's Vendors; in Ukraine, where no such list is known, those the products name."""
        rows: list[Any] = self._brands_of_products(ask) if self._is_ua else cut(self._get("Vendors"))
        yield Page(rows, last=True, total=len(rows))

    def products(self, ask: Ask) -> Iterator[Page]:
        """The whole list, in Ukraine if wished followed by the licences that are not on it."""
        lists = ["Products"] + (["Products/Esd"] if self._is_ua and self.option("esd") else [])
        at, inside = int((ask.position or {}).get("list", 0)), (ask.position or {}).get("in")
        listed: set[str] = set()
        before = 0
        for number, path in enumerate(lists):
            part, total = replace(ask, position=inside if number == at else None), 0
            for page in whole_list(self.http, self._catalogue(path), self._language(), ask=part):
                total = page.total or 0
                if len(lists) > 1:
                    page.rows = [row for row in page.rows if not number or _key(row) not in listed]
                    listed.update(_key(row) for row in page.rows if not number)
                # A list handled before the run was parked is read once more, so that what was seen is complete.
                page.again = page.again or number < at
                page.position, page.note = {"list": number, "in": page.position}, drift(page.rows)
                page.last, page.total = page.last and number == len(lists) - 1, before + total
                yield page
            before += total

    def details(self, ask: Ask) -> Iterator[Page]:
        known = str((ask.position or ask.cursor).get("shape") or "")
        described = contents.Descriptions(self._describe, known)
        for codes, position in batches(ask, int(self.option("batch"))):
            good, refused = contents.askable(codes)
            joined = contents.Joined()
            if good:
                described.read(good, joined)
                contents.pictures(self._get(f"MediaItems/{','.join(good)}"), joined)
            yield Page([*joined.slices(good), *refused], position={**position, "shape": described.shape})
        yield Page([], position=None, last=True, cursor={"shape": described.shape})

    def availability(self, ask: Ask) -> Iterator[Page]:
        """In batches. Where ELKO ignores the filter and answers the whole list, that answer serves all batches."""
        path, name = f"AvailabilityAndPrice/{self.option('availability_type')}", "elkoCodes"
        if self._is_ua:
            path, name = "Products", "elkoCode"
        whole: dict[str, Any] = {}
        for codes, position in batches(ask, int(self.option("batch"))):
            good, refused = contents.askable(codes)
            rows = whole
            if good and not whole:
                answer = cut(self._get(path, {name: ",".join(good)}))
                rows = {key: row for row in answer if (key := _key(row))}
                refused += [row for row in answer if not _key(row)]
                whole = rows if rows.keys() - set(good) else {}
            yield Page([*(rows[code] for code in good if code in rows), *refused], position=position)
        yield Page([], last=True)

    def orders(self, ask: Ask) -> Iterator[Page]:
        """All current orders. In Ukraine the manual and what clients use differ in the path: the second is tried on 404."""
        path = first = self._orders_path(ask.cursor)
        try:
            rows = cut(self.http.get(path).body)
        except Refused as error:
            if error.cause != "url" or not self._is_ua or self.option("orders_path"):
                raise
            path = "Orders" if first == "api/Orders" else "api/Orders"
            rows = cut(self.http.get(path).body)
        yield Page(rows, last=True, total=len(rows), cursor={"path": path} if self._is_ua else None)

    def invoices(self, ask: Ask) -> Iterator[Page]:
        """From a week before the last good run to tomorrow, in JD Edwards days of the account's time zone."""
        today = ask.started_at.astimezone(ZoneInfo(self.account.time_zone)).date()
        until = today + DAY
        start = until - timedelta(days=int(self.option("invoice_days")))
        if ask.cursor.get("day") and not ask.full:
            start = max(start, date.fromisoformat(ask.cursor["day"]) - timedelta(days=7))
        which = "true" if self.option("invoices_range") == "all" else f"{jde_number(start)}/{jde_number(until)}"
        rows = cut(self.http.get(f"{self.option('invoices_path')}/{which}").body)
        yield Page(rows, last=True, total=len(rows), cursor={"day": today.isoformat()})

    # -- around an order

    def still_as_decided(self, doing: Doing) -> None:
        """Read price and stock of every line once more. Raises errors.Refused with the figures when they do not stand."""
        codes = [line["sku"] for line in doing.body["lines"]]
        path, name = (
            ("Products", "elkoCode") if self._is_ua else ("AvailabilityAndPrice/AvailabilityPrice", "elkoCodes")
        )
        rows = cut(self._get(path, {name: ",".join(codes)}))
        buying.compare(doing, rows, Decimal(str(self.option("price_tolerance"))))
        strangers = buying.strangers(doing)
        if strangers:
            listed = rows if self._is_ua else cut(self._get("Products", {"elkoCode": ",".join(strangers)}))
            buying.share_an_order(doing, listed)

    def order_of_reference(self, doing: Doing) -> Found:
        return buying.by_reference(doing, cut(self.http.get(self._orders_path()).body))

    def order_cancelled(self, doing: Doing) -> Found:
        return buying.cancelled(doing, cut(self.http.get(self._orders_path()).body), self.account)

    def order_changed(self, doing: Doing) -> Found:
        return buying.changed_as_asked(doing, cut(self.http.get(self._orders_path()).body))

    def reservation_made(self, doing: Doing) -> Found:
        return buying.reserved(doing, self._listed("reservations_path"))

    def reservation_kept(self, doing: Doing) -> Found:
        return buying.kept(doing, self._listed("reservations_path"))

    def cart_shown(self, doing: Doing) -> Found:
        return cart.holds(doing, self._listed("cart_path"), None)

    def cart_holds(self, doing: Doing) -> Found:
        return cart.holds(doing, self._listed("cart_path"), int(doing.body["quantity"]))

    def cart_lacks(self, doing: Doing) -> Found:
        return cart.holds(doing, self._listed("cart_path"), 0)

    def _listed(self, name: str) -> list[Any]:
        return list(cut(self.http.get(str(self.option(name))).body))

    # -- calls

    def _orders_path(self, cursor: Mapping[str, Any] | None = None) -> str:
        return str(self.option("orders_path") or (cursor or {}).get("path") or "Orders")

    @property
    def _is_ua(self) -> bool:
        return bool(self.option("layout") == "ua")

    def _catalogue(self, path: str) -> str:
        return f"{self.option('segment') or ('Catalogs' if self._is_ua else 'Catalog')}/{path}"

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> bytes:
        return self.http.get(self._catalogue(path), params).body

    def _describe(self, codes: str) -> bytes:
        return self._get(f"Products/{codes}/Description", self._language())

    def _language(self) -> dict[str, str]:
        return {"lang": str(self.option("lang"))} if self.option("lang") else {}

    def _brands_of_products(self, ask: Ask) -> list[bytes]:
        found: dict[str, bytes] = {}
        for page in whole_list(self.http, self._catalogue("Products"), ask=replace(ask, position=None)):
            for row in page.rows:
                code, name = contents.brand_of(row)
                if code and code not in found:
                    found[code] = encode({"code": code, "name": name})
        return list(found.values())


def _key(row: bytes | memoryview) -> str:
    try:
        return CODE_OF(row)
    except ValueError:
        return ""
