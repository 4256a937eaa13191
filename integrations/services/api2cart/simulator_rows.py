"""Invented rows of one simulated store: a catalogue, a month of orders and what hangs under them. The same on every run.

`Store` says what differs between the shop systems: how ids look, how times are written, which fields come at all.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations.simulator import Table
from integrations.simulator.seed import Dice, ean13, hex_id
from integrations.simulator.wire import Row

SHELVES = ("Lamps", "Desk", "Kitchen", "Garden", "Travel", "Workshop")
THINGS = (
    "Reading lamp",
    "Folding desk",
    "Kettle",
    "Watering can",
    "Backpack",
    "Spirit level",
    "Standing lamp",
    "Pepper mill",
)
COLOURS = ("Amber", "Slate", "Moss", "Chalk")
FIRST = ("Ines", "Tomas", "Leila", "Oskar", "Marta", "Yusuf", "Petra", "Noam")
LAST = ("Vela", "Okafor", "Brandt", "Silva", "Horvat", "Aziz", "Lindqvist", "Costa")
CITIES = (("Riga", "LV", "LVA", "Latvia"), ("Porto", "PT", "PRT", "Portugal"), ("Gent", "BE", "BEL", "Belgium"))
FORMAT = "Y-m-d\\TH:i:sO"


@dataclass
class Store:
    """One connected store. `prefix` names its tables; the first store's have none."""

    name: str
    cart_id: str
    key: str
    url: str
    prefix: str = ""
    currency: str = "EUR"
    label: str = ""
    most: int = 250  # rows a page
    lacks: tuple[str, ...] = ()  # methods it does not offer
    plain_times: bool = False  # times as text, not as {value, format}
    number_ids: bool = False  # ids as numbers where the manual says text
    listed: bool = False  # variants stand in the product list
    reports: bool = False  # product lists come from a report that has to be waited for
    returns_by_order: bool = False
    return_window: timedelta | None = None
    bridge: str = ""  # version of the bridge in the store; empty where there is none
    reachable: bool = True
    credentials: dict[str, Any] = field(default_factory=dict)

    def table(self, flow: str) -> str:
        return f"{self.prefix}{flow}"


@dataclass(frozen=True)
class Rows:
    """All rows of a store. products: how many, a quarter of them in variants."""

    store: Store
    now: datetime
    products: int
    orders: int

    def fill(self) -> dict[str, Table]:
        tables = {
            "categories": Table("id", rows=[self.category(n) for n in range(len(SHELVES))]),
            "products": Table("id", rows=[self.product(n) for n in range(self.products)]),
            "variants": Table("id", rows=[row for n in range(self.products) for row in self.variants(n)]),
            "customers": Table("id", rows=[self.customer(n) for n in range(min(self.orders, len(FIRST)))]),
            "orders": Table("order_id", rows=[self.order(n) for n in range(self.orders)]),
            "shipments": Table("id", rows=[self.shipment(n) for n in range(self.orders) if n % 3 == 0]),
            "returns": Table("id", rows=[self.returned(n) for n in range(self.orders) if n % 9 == 0]),
            "transactions": Table("id", rows=[self.transaction(n) for n in range(self.orders)]),
            "abandoned_carts": Table("id", rows=[self.cart(n) for n in range(max(2, self.orders // 8))]),
            "order_statuses": Table("id", rows=[dict(row) for row in STATUSES]),
            "return_reasons": Table("id", rows=[dict(row) for row in RETURN_REASONS]),
            "return_actions": Table("id", rows=[dict(row) for row in RETURN_ACTIONS]),
        }
        if self.store.listed:
            children = [self._as_product(row) for row in tables["variants"]]
            tables["products"] = Table("id", rows=[*tables["products"], *children])
        return {self.store.table(name): table for name, table in tables.items()}

    def time(self, moment: datetime) -> Any:
        text = moment.strftime("%Y-%m-%dT%H:%M:%S+0000")
        return text if self.store.plain_times else {"value": text, "format": FORMAT}

    def ident(self, number: int) -> Any:
        return number if self.store.number_ids else str(number)

    def category(self, n: int) -> Row:
        at = self.time(self.now - timedelta(days=200 - n))
        return {
            "id": str(n + 1), "parent_id": None if n < 2 else str(n % 2 + 1), "name": SHELVES[n], "avail": True,
            "created_at": at, "modified_at": at,
        }  # fmt: skip

    def _sku(self, n: int) -> str:
        return f"{self.store.name[:3].upper()}-{1000 + n}"

    def has_variants(self, n: int) -> bool:
        return n % 4 == 1

    def product(self, n: int) -> Row:
        dice = Dice(70, n)
        family = self.has_variants(n)
        at = self.now - timedelta(days=dice.between(1, 60), minutes=n)
        options = [{"id": "7", "product_option_id": str(700 + n), "name": "Colour", "type": "option_type_select",
                    "used_in_combination": True,
                    "option_items": [{"id": str(i), "name": c} for i, c in enumerate(COLOURS[:3])]}]  # fmt: skip
        price = dice.between(900, 19900) / 100
        return {
            "id": self.ident(5000 + n),
            "type": "configurable" if family else "simple",
            "u_model": self._sku(n), "u_sku": None if family else self._sku(n),
            "name": f"{THINGS[n % len(THINGS)]} {n // len(THINGS) + 1}",
            "description": f"<p>{THINGS[n % len(THINGS)]} for every day.</p>", "short_description": None,
            "price": price, "special_price": {"value": round(price * 0.8, 2), "avail": True} if n % 7 == 3 else None,
            "quantity": None if family else dice.roll(40),
            "inventory": [] if family else [{"warehouse_id": "1", "quantity": dice.roll(40), "in_stock": True}],
            "u_brand": ("Vento", "Nordlys", None)[n % 3], "categories_ids": [str(n % len(SHELVES) + 1)],
            "url": f"{self.store.url}/p/{5000 + n}", "avail_sale": True, "avail_view": n % 11 != 10,
            "weight": round(0.2 + n % 9 * 0.35, 2), "weight_unit": "kg", "length": 10, "width": 12.5, "height": 4,
            "dimensions_unit": "cm", "in_stock": True, "is_stock_managed": n % 13 != 12,
            "create_at": self.time(at - timedelta(days=30)), "modified_at": self.time(at),
            "images": [{"id": "1", "http_path": f"{self.store.url}/i/{5000 + n}.jpg", "type": "base", "avail": True}],
            "product_options": options if family else [],
            "u_upc": None, "u_ean": None if family else ean13(n, "479"), "u_gtin": None, "u_mpn": f"M{n}", "u_isbn": None,
        }  # fmt: skip

    def variants(self, n: int) -> list[Row]:
        if not self.has_variants(n):
            return []
        at = self.now - timedelta(days=Dice(70, n).between(1, 60))
        return [
            {
                "id": self.ident(90000 + n * 10 + i), "parent_id": self.ident(5000 + n), "sku": f"{self._sku(n)}-{i}",
                "name": f"{THINGS[n % len(THINGS)]}, {COLOURS[i]}", "upc": None, "ean": ean13(7000 + n * 10 + i, "479"),
                "gtin": None, "mpn": None, "isbn": None, "created_time": self.time(at), "modified_time": self.time(at),
                "combination": [{"option_id": "7", "option_value_id": str(i)}],
                "default_price": 20 + n + i * 0.5, "list_price": None, "inventory_level": Dice(71, n * 10 + i).roll(30),
                "inventory": [], "avail_for_sale": True, "in_stock": True, "manage_stock": True,
                "weight": 350, "weight_unit": "g", "images": [],
            }
            for i in range(3)
        ]  # fmt: skip

    def _as_product(self, row: Row) -> Row:
        return {
            "id": row["id"], "type": "simple", "u_sku": row["sku"], "u_model": None, "name": row["name"],
            "price": row["default_price"], "quantity": row["inventory_level"], "u_ean": row["ean"], "categories_ids": [],
            "product_options": [], "create_at": row["created_time"], "modified_at": row["modified_time"], "avail_sale": True,
        }  # fmt: skip

    def _person(self, n: int) -> Row:
        first, last = FIRST[n % len(FIRST)], LAST[(n * 3) % len(LAST)]
        return {
            "id": str(300 + n % len(FIRST)), "email": f"{first}.{last}@example.com".lower(), "first_name": first,
            "last_name": last, "phone": f"+371 20 {100000 + n}",
        }  # fmt: skip

    def _address(self, n: int, kind: str) -> Row:
        city, two, three, country = CITIES[n % len(CITIES)]
        person = self._person(n)
        return {
            "id": 1 if self.store.number_ids else "1", "type": kind, "first_name": person["first_name"],
            "last_name": person["last_name"], "postcode": f"{1000 + n}", "address1": f"Harbour road {n + 1}",
            "address2": "", "phone": person["phone"], "phone_mobile": "", "city": city,
            "country": {"code2": two, "code3": three, "name": country}, "state": None, "company": None, "default": True,
        }  # fmt: skip

    def customer(self, n: int) -> Row:
        at = self.now - timedelta(days=90 - n)
        return {
            **self._person(n), "company": "Vela & Co" if n == 0 else None, "created_time": self.time(at),
            "modified_time": self.time(at), "group": [{"id": "1", "name": "General"}], "status": "enabled",
            "is_guest": False, "address_book": [self._address(n, "shipping")],
        }  # fmt: skip

    def order_key(self, n: int) -> str:
        return {"AmazonSP": f"301-{2000000 + n}-7{n:06d}"}.get(self.store.cart_id, str(70_000 + n))

    def lines(self, n: int) -> list[Row]:
        found = []
        for place in range(1 + n % 2):
            product = (n * 2 + place) % max(self.products, 1)
            family = self.has_variants(product)
            sku = f"{self._sku(product)}-0" if family else self._sku(product)
            price, quantity = 10 + product, 1 + n % 3
            found.append({
                "product_id": str(5000 + product), "order_product_id": f"{self.order_key(n)}{place}", "model": sku,
                "name": THINGS[product % len(THINGS)], "price": price, "price_inc_tax": price, "quantity": quantity,
                "discount_amount": 0, "total_price": price * quantity, "tax_percent": None, "tax_value": 0,
                "variant_id": str(90000 + product * 10) if family else None, "options": [],
            })  # fmt: skip
        return found

    def order(self, n: int) -> Row:
        placed = self.now - timedelta(days=30 * (n + 0.5) / max(self.orders, 1))
        status = STATUSES[min(n * len(STATUSES) // max(self.orders, 1), len(STATUSES) - 1)]
        lines = self.lines(n)
        total = sum(line["total_price"] for line in lines) + 4.9
        key = self.order_key(n)
        return {
            "id": key if self.store.cart_id == "AmazonSP" else f"#{1000 + n}", "order_id": key,
            "customer": self._person(n), "create_at": self.time(placed),
            "modified_at": self.time(min(placed + timedelta(hours=5), self.now)),
            "currency": {"id": self.store.currency, "iso3": self.store.currency, "symbol_left": "€", "rate": 1},
            "shipping_address": self._address(n, "shipping"), "billing_address": None,
            "payment_method": {"name": "Card"}, "shipping_method": {"name": "Parcel"},
            "status": {**status, "history": [], "refund_info": None},
            "total": None if self.store.cart_id == "WoocommerceApi" else {"subtotal_ex_tax": total - 4.9, "total": total},
            "totals": {"total": total, "subtotal": total - 4.9, "shipping": 4.9, "tax": 0, "discount": 0}
            if self.store.cart_id != "AmazonSP" else None,
            "order_products": lines, "bundles": [], "comment": None, "store_id": "1",
            "additional_fields": {"return_status": "returned" if n % 9 == 0 else "no_return"},
        }  # fmt: skip

    def shipment(self, n: int) -> Row:
        at = self.time(self.now - timedelta(days=30 * (n + 0.5) / max(self.orders, 1)) + timedelta(hours=4))
        return {
            "id": str(880 + n), "order_id": self.order_key(n), "name": f"{self.order_key(n)}-F1", "warehouse_id": "1",
            "shipment_provider": "Baltic Post",
            "tracking_numbers": [{"carrier_id": "bp", "tracking_number": f"BP{77000000 + n}LV"}],
            "created_at": at, "modified_time": at, "is_shipped": True, "delivered_at": None,
            "items": [{"order_product_id": line["order_product_id"], "product_id": line["product_id"],
                       "variant_id": line["variant_id"], "model": line["model"], "name": line["name"],
                       "price": line["price"], "quantity": line["quantity"]} for line in self.lines(n)],
        }  # fmt: skip

    def returned(self, n: int) -> Row:
        at = self.time(self.now - timedelta(days=30 * (n + 0.5) / max(self.orders, 1)) + timedelta(days=2))
        line = self.lines(n)[0]
        reason = {"id": "size", "name": "Size was not right"}
        return {
            "id": hex_id("return", f"{self.store.name}{n}", 16), "name": f"R{n}", "order_id": self.order_key(n),
            "customer_id": self._person(n)["id"], "store_id": "1", "created_at": at, "modified_at": at,
            "status": {"id": "open", "name": "Open"}, "comment": None, "staff_note": None, "additional_fields": {},
            "order_products": [{"product_id": line["product_id"], "order_product_id": line["order_product_id"],
                                "sku": line["model"], "name": line["name"], "quantity": 1, "reason": reason,
                                "action": None, "condition": None, "customer_comment": "A little too small",
                                "additional_fields": {"refund_amount": line["price"]}}],
        }  # fmt: skip

    def transaction(self, n: int) -> Row:
        order = self.order(n)
        total = sum(line["total_price"] for line in order["order_products"]) + 4.9
        return {
            "id": str(440_000 + n), "transaction_id": f"ch_{hex_id('pay', n, 10)}", "order_id": order["order_id"],
            "parent_id": None, "description": None, "status": "success", "gateway": "card", "reference_number": None,
            "currency": self.store.currency, "amount": total, "created_time": order["create_at"], "is_test_mode": False,
        }  # fmt: skip

    def cart(self, n: int) -> Row:
        at = self.time(self.now - timedelta(hours=7 * (n + 1)))
        line = self.lines(n)[0]
        return {
            "id": str(660 + n), "customer": self._person(n), "basket_id": str(660 + n),
            "basket_url": f"{self.store.url}/cart/{hex_id('cart', n, 10)}", "created_at": at, "modified_at": at,
            "currency": {"id": self.store.currency, "iso3": self.store.currency, "symbol_left": "€"},
            "totals": {"total": line["total_price"], "subtotal": line["total_price"], "shipping": 0, "tax": 0, "discount": 0},
            "order_products": [line],
        }  # fmt: skip


STATUSES = (
    {"id": "pending", "name": "Pending"},
    {"id": "processing", "name": "Processing"},
    {"id": "shipped", "name": "Shipped"},
    {"id": "complete", "name": "Complete"},
)
RETURN_REASONS = (
    {"id": "size", "name": "Size was not right"},
    {"id": "broken", "name": "Arrived broken"},
    {"id": "3", "name": "Changed my mind"},
)
RETURN_ACTIONS = (
    {"id": "refund", "name": "Refund"},
    {"id": "exchange", "name": "Exchange"},
)
RETURN_STATUSES = (
    {"id": "open", "name": "Open"},
    {"id": "received", "name": "Received"},
    {"id": "closed", "name": "Closed"},
)
