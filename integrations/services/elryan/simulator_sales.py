"""The simulated Elryan's orders, transactions, packages, trackings and deliveries as rows.

Four lines to three orders, the newest first, over the thirty days before `now`. Documented are the order row with the
statuses "Pending Confirmation" and "Delivered", the transaction row and the package row. Assumptions: all other order
statuses, package statuses, transaction types beside "Sales", the rows of trackings and deliveries (after the tracking
answers of the API this one is modelled on), and that packages name orders and lines by the numbers in the order rows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from integrations.services.elryan.simulator_catalogue import SELLER, Variant, utc
from integrations.simulator.seed import Dice, hex_id
from integrations.simulator.wire import Row

BAGHDAD = timedelta(hours=3)  # all year
REASONS = ("out_of_stock", "incorrect_pricing", "sourcing_delay")
PROVIDERS = ("own_fleet", "tigris_express", "mesopotamia_post")
ARABIC = {
    "Pending Confirmation": "بانتظار التأكيد",
    "Confirmed": "تم التأكيد",
    "Preparing": "قيد التجهيز",
    "Shipped": "تم الشحن",
    "Delivered": "تم التوصيل",
    "Cancelled": "ملغي",
    "Returned": "مرتجع",
}
UNFULFILLED = ("Pending Confirmation", "Confirmed", "Preparing")
RECORDS = {
    "vendorbill": ("Sales", "مبيعات"),
    "vendorcredit": ("Return", "مرتجع"),
    "vendorpayment": ("Payment", "دفعة"),
}
_ORDER_OF_FOUR, _LINE_OF_FOUR = (0, 1, 1, 2), (1, 1, 2, 1)


def order_times(placed: datetime, changed: datetime) -> Row:
    """The clocks of an order line: only `updatedTime` is what it says. `POLastModified` agrees with none of them."""
    return {
        "Date": (placed + BAGHDAD).strftime("%d/%m/%Y"),
        "dateISO": (placed + BAGHDAD).strftime("%Y-%m-%dT00:00:00"),
        **change_times(changed),
    }


def change_times(changed: datetime) -> Row:
    return {
        "POLastModified": (changed + timedelta(hours=25)).strftime("%d/%m/%Y %I:%M %p"),
        "updatedLocalTime": (changed + BAGHDAD).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "updatedTime": utc(changed),
    }


def status_words(status: str) -> Row:
    return {"Status": status, "Status (AR)": ARABIC.get(status, status)}


@dataclass(frozen=True)
class Sales:
    """Sizes of everything sold, and each row by its number."""

    url: str
    now: datetime
    variants: int
    lines: int
    packages: int

    @property
    def orders(self) -> int:
        return max(1, self.lines * 3 // 4)

    @property
    def first_shipped(self) -> int:
        """Packages exist from this order on; it is three days old."""
        return self.orders // 10

    def placed(self, order: int) -> datetime:
        return self.now - timedelta(days=30) * ((order + 0.4) / self.orders)

    def status(self, order: int) -> str:
        packed = self.first_shipped <= order < self.first_shipped + self.packages
        if not packed and order % 13 == 5:
            return "Cancelled"
        if not packed and order % 29 == 28:
            return "Returned"
        days = (self.now - self.placed(order)) / timedelta(days=1)
        steps = ((1, "Pending Confirmation"), (2, "Confirmed"), (3, "Preparing"), (6, "Shipped"))
        return next((status for limit, status in steps if days < limit), "Delivered")

    def order_id(self, order: int) -> str:
        return str(8_410_000 + self.orders - order)

    def order_number(self, order: int) -> str:
        return f"PO{120_050_000 + self.orders - order}"

    def line_id(self, number: int) -> str:
        return self.order_id(self.order_of(number)) + str(_LINE_OF_FOUR[number % 4])

    def order_of(self, number: int) -> int:
        return number // 4 * 3 + _ORDER_OF_FOUR[number % 4]

    def lines_of(self, order: int) -> list[int]:
        group = order // 3 * 4
        near = [group + place for place in range(4) if _ORDER_OF_FOUR[place] == order % 3]
        return [number for number in near if number < self.lines]

    def line(self, number: int) -> Row:
        order = self.order_of(number)
        dice = Dice(40, number)
        one = Variant(dice.roll(self.variants), self.url)
        placed, status = self.placed(order), self.status(order)
        changed = min(self.now, placed + timedelta(hours=2 + Dice(41, order).roll(60), milliseconds=184))
        chance = dice.roll(100)
        seller_code = one.ean if chance < 5 else one.sku
        quantity = dice.pick((1, 1, 1, 1, 2, 2, 3))
        row = {
            "POlineID": self.line_id(number),
            "Description": one.name,
            "Description (AR)": one.arabic,
            "Elryan Commission": f"{one.shelf.commission}%",
            "Item": seller_code if chance > 95 else f"{seller_code}-{SELLER}",
            **money(one.price, quantity, one.shelf.commission),
            "Order Number": self.order_number(order),
            "Purchase Order ID": self.order_id(order),
            "Quantity": str(quantity),
            **status_words(status),
            "id": hex_id("line", self.line_id(number)),
            "recordType": "salesorder",
            "userId": SELLER,
            "exported": True,
            **order_times(placed, changed),
            "Magento IQD Exchange Rate": str(1480 + 5 * (order % 3)),
        }
        if dice.chance(0.1):
            row["Status (AR)"] = ARABIC["Delivered"]  # seen beside other words too, so it is no key
        return row | ({"cancelReason": dice.pick(REASONS)} if status == "Cancelled" else {})

    def transaction(self, number: int) -> Row:
        """Of five: three bills, a credit, a payment. `Amount` has no sign."""
        dice = Dice(42, number)
        kind = ("vendorbill", "vendorbill", "vendorcredit", "vendorbill", "vendorpayment")[number % 5]
        order = min(self.orders - 1, self.orders // 5 + number)
        lines = [self.line(place) for place in self.lines_of(order)]
        amount = sum((Decimal(line["Net Amount"]) for line in lines), Decimal(0))
        if kind == "vendorpayment":
            amount = amount * dice.between(3, 9)
        elif kind == "vendorcredit":
            amount = Decimal(lines[0]["Net Amount"])
        told, arabic = RECORDS[kind]
        return {
            "_id": hex_id("transaction", number),
            "id": self.transaction_id(number),
            "Amount": f"{amount:.2f}",
            "Date": (self.placed(order) + BAGHDAD + timedelta(days=1)).strftime("%d/%m/%Y"),
            "Transaction Number": f"VP{110_700 + number}" if kind == "vendorpayment" else self.order_number(order),
            "Type": told,
            "Type (AR)": arabic,
            "recordType": kind,
            "userId": SELLER,
            "Magento IQD Exchange Rate": str(1480 + 5 * (order % 3)),
        }

    def transaction_id(self, number: int) -> str:
        return str(9_904_000 - 37 * number)

    def package_id(self, number: int) -> str:
        return hex_id("package", number)

    def tracking_id(self, number: int) -> str:
        return hex_id("tracking", number)

    def delivery_id(self, number: int) -> str:
        return str(number + 1)

    def package(self, number: int) -> Row:
        order = min(self.orders - 1, self.first_shipped + number)
        made = self.placed(order) + timedelta(days=1)
        delivered = self.status(order) == "Delivered"
        provider, barcode = PROVIDERS[number % 3], f"IQ{88_000_000 + number}"
        tracking = {
            "tracking_pdf": "",
            "tracking_barcode": barcode,
            "base64_file": "",
            "tracking_link": f"https://track.{provider.replace('_', '-')}.example/{barcode}",
            "tracking_provider": provider,
            "provider": provider,
        }
        items = [
            {"order_item_id": int(self.line_id(place)), "quantity": int(self.line(place)["Quantity"]), "total_deci": 1}
            for place in self.lines_of(order)
        ]
        return {
            "order_id": int(self.order_id(order)),
            "company_id": 3,
            "created_at": utc(made),
            "invoice": {
                "invoice_pdf": "",
                "invoice_link": f"https://invoices.example/{self.order_id(order)}",
                "invoice_date": made.strftime("%Y-%m-%d"),
                "invoice_number": f"INV-{4000 + number}",
            },
            "items": items,
            "marketplace_package_id": 55_001 + number,
            "remote_id": f"package_{number + 1}",
            "remote_supplier_id": 7,
            "status": "null" if number % 19 == 11 else "delivered" if delivered else "in_transit",
            "supplier_id": 7,
            "total_deci": len(items),
            "tracking": [tracking] if number % 20 == 7 else tracking,
            "updated_at": utc(made + timedelta(hours=20)),
            "id": self.package_id(number),
        }

    def events(self, number: int) -> list[Row]:
        order = min(self.orders - 1, self.first_shipped + number)
        start = self.placed(order) + BAGHDAD + timedelta(days=1, hours=3)
        told = [("Accepted at the depot", "ACC", "Baghdad"), ("On the way", "TRN", "Baghdad")]
        if self.status(order) == "Delivered":
            told += [("Out for delivery", "OFD", "Basra"), ("Delivered", "DLV", "Basra")]
        return [
            {
                "datetime": (start + timedelta(hours=7 * place)).strftime("%Y-%m-%d %H:%M:%S"),
                "detail": detail,
                "eventCode": code,
                "location": town,
            }
            for place, (detail, code, town) in enumerate(told)
        ]

    def tracking(self, number: int) -> Row:
        package = self.package(number)
        held = package["tracking"][0] if isinstance(package["tracking"], list) else package["tracking"]
        return {
            "id": self.tracking_id(number),
            "package_id": package["id"],
            "marketplace_package_id": package["marketplace_package_id"],
            "tracking_number": held["tracking_barcode"],
            "tracking_link": held["tracking_link"],
            "provider": held["provider"],
            "status": self._moving(package),
            "events": self.events(number),
            "created_at": package["created_at"],
            "updated_at": package["updated_at"],
        }

    def delivery(self, number: int) -> Row:
        package = self.package(number)
        return {
            "id": self.delivery_id(number),
            "package_id": package["id"],
            "status": self._moving(package),
            "delivery_info": self.events(number),
            "updated_at": package["updated_at"],
        }

    def _moving(self, package: Row) -> str:
        return "in_transit" if package["status"] == "null" else str(package["status"])


def money(price: float, quantity: int, commission: str) -> Row:
    """Unit price with decimals only where it has some; total and net with two."""
    unit = Decimal(str(price))
    total = unit * quantity
    net = total * (100 - Decimal(commission)) / 100
    return {
        "Net Amount": f"{net:.2f}",
        "Selling Price": f"{unit:f}" if unit == int(unit) else f"{unit:.2f}",
        "Total Amount": f"{total:.2f}",
    }
