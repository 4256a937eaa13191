"""The simulated ELKO's purchase orders and invoices.

The manual proves `GET Orders` and `POST Orders`, one client the body's fields. Assumptions, for want of any source:
the answer repeats the order with what was confirmed per line (`quantity` against `quantityRequested`), `status` and its
words, `holdCode` (as in the service before v3), `shipDate`, and how orders are read, changed and cancelled by number.
"""

from datetime import date, datetime, timedelta
from typing import Any

from integrations.services.elko.simulator_products import jde
from integrations.simulator.seed import Dice, hex_id
from integrations.simulator.wire import Row

VAT = 21
SHIPPED_AFTER = 9  # days
CARRIER_LEAD = "0541500"  # a parcel number begins so
TOWNS = (
    ("Rīga", "LV-1010", "Brīvības iela", "LV"),
    ("Tallinn", "10115", "Tartu mnt", "EE"),
    ("Vilnius", "01103", "Gedimino pr.", "LT"),
)
PEOPLE = ("Anna Kalniņa", "Marek Ozols", "Liina Saar", "Tomas Žukas", "Jūlija Bērziņa", "Priit Tamm")


class Refused(ValueError):
    """An order ELKO would answer with 400."""


def stock_of(quantity: str) -> tuple[int, bool]:
    """("> 50") is (50, True): at least so many. Words are (0, False): this side promises nothing it cannot count."""
    digits = quantity.strip().lstrip(">").strip()
    return (int(digits), quantity.strip().startswith(">")) if digits.isdigit() else (0, False)


def confirm(row: Row, asked: int) -> int:
    """How many of `asked` can be had; all where the list says "> n"."""
    stock, at_least = stock_of(str(row["quantity"]))
    return asked if at_least else min(asked, stock)


def line_row(number: int, product: Row, asked: int, confirmed: int, note: str = "") -> Row:
    price = product["discountPrice"] or product["price"]
    return {
        "id": str(number),
        "elkoCode": product["id"],
        "manufacturerCode": product["manufacturerCode"],
        "productName": product["name"],
        "quantity": confirmed,
        "quantityRequested": asked,
        "currency": product["currency"],
        "price": price,
        "sum": round(price * confirmed, 2),
        "vat": VAT,
        "clientNote": note,
    }


def order_row(number: str, lines: list[Row], body: Row, made: date, credit_limit: float) -> Row:
    """An order as it is answered. Over the credit limit it is accepted on hold, without stock it waits."""
    total = round(sum(line["sum"] for line in lines), 2)
    held = total > credit_limit
    waiting = not any(line["quantity"] for line in lines)
    return {
        "id": number,
        "shipTo": body.get("shipTo", ""),
        "enduser": body.get("enduser"),
        "created": jde(made),
        "createdBy": body.get("createdBy") or "API",
        "sum": total,
        "currency": lines[0]["currency"] if lines else body.get("currency", ""),
        "vat": VAT,
        "delivery": body.get("delivery", ""),
        "deliveryInstructions": body.get("deliveryInstructions", ""),
        "transportation": bool(body.get("transportation", True)),
        "fastest": bool(body.get("fastest", False)),
        "orderIfAllAvailable": bool(body.get("orderIfAllAvailable", False)),
        "type": body.get("type", ""),
        "customerPo": reference(body),
        "lines": lines,
        "status": "On hold" if held else "Waiting for stock" if waiting else "Open",
        "holdCode": "C1" if held else "",
        "comments": "Credit limit exceeded" if held else "",
        "shipDate": 0,
    }


def reference(body: Row) -> str:
    """Our own number for the order: in `enduser` as seen in the wild, or on the order itself."""
    user = body.get("enduser")
    inside = user.get("customerPo") if isinstance(user, dict) else ""
    return str(inside or body.get("customerPo") or body.get("customerPO") or "")


def asked_lines(body: Any) -> list[tuple[str, int, str]]:
    """(ELKO code, quantity, note) of each line; numbers in quotes are taken, as live clients send. Raises Refused."""
    if not isinstance(body, dict):
        raise Refused("The order must be a JSON object")
    lines = body.get("lines")
    if not isinstance(lines, list) or not lines:
        raise Refused("The field lines is required")
    found = []
    for place, line in enumerate(lines):
        if not isinstance(line, dict) or not str(line.get("elkoCode") or "").isdigit():
            raise Refused(f"lines[{place}].elkoCode is not an integer")
        quantity: Any = line.get("quantity") or line.get("quantityRequested") or 0
        if isinstance(quantity, bool) or not str(quantity).isdigit() or int(quantity) < 1:
            raise Refused(f"lines[{place}].quantity must be a positive integer")
        found.append((str(line["elkoCode"]), int(quantity), str(line.get("clientNote") or "")))
    return found


def seeded_orders(products: list[Row], now: datetime, count: int) -> list[Row]:
    """Orders of the last thirty days, the oldest first: the older ones are shipped."""
    orders = []
    for number in range(count):
        dice = Dice(20, number)
        age = 30 * (count - 1 - number) / max(1, count)
        made = (now - timedelta(days=age)).date()
        lines = []
        for place in range(dice.between(1, 3)):
            product = products[(number * 7 + place * 3) % len(products)]
            asked = dice.between(1, 6)
            lines.append(line_row(place + 1, product, asked, asked if age > SHIPPED_AFTER else confirm(product, asked)))
        body = (
            {"enduser": _customer(dice, number), "shipTo": "Customer"}
            if number % 2
            else {"customerPo": f"W-{1000 + number}"}
        )
        order = order_row(str(10_250_400 + number), lines, body, made, credit_limit=300.0)
        if age > SHIPPED_AFTER:
            order |= {"status": "Shipped", "holdCode": "", "comments": "", "shipDate": jde(made + timedelta(days=2))}
        orders.append(order)
    return orders


def _customer(dice: Dice, number: int) -> Row:
    town, code, street, country = dice.pick(TOWNS)
    house, flat = str(dice.between(1, 120)), str(dice.between(1, 40))
    return {
        "company": "", "pvnNumber": "", "contactName": dice.pick(PEOPLE), "contactPhone": f"+371 2000{number:04d}",
        "contactMail": f"customer{number}@shop.example", "addressLine1": f"{street} {house}-{flat}", "street": street,
        "house": house, "apartment": flat, "city": town, "postalCode": code, "country": country,
        "isNaturalPerson": True, "customerPo": f"W-{1000 + number}", "pickupPoint": 0,
    }  # fmt: skip


def seeded_invoices(orders: list[Row], products: list[Row]) -> list[Row]:
    """One invoice for each shipped order; money as text, serial numbers per piece, one tracking number."""
    by_id = {row["id"]: row for row in products}
    return [
        _invoice(number, order, by_id) for number, order in enumerate(o for o in orders if o["status"] == "Shipped")
    ]


def _invoice(number: int, order: Row, products: dict[int, Row]) -> Row:
    net = sum(line["sum"] for line in order["lines"])
    user = order["enduser"] or {}
    return {
        "invoiceId": str(90_031_200 + number),
        "dateCreate": order["shipDate"],
        "trackingDPD": f"{CARRIER_LEAD}{70_000 + number:07d}",
        "additionalInfo": {
            "amountWithVAT": f"{net * (1 + VAT / 100):.2f}",
            "amountWithoutVAT": f"{net:.2f}",
            "vatAmount": f"{net * VAT / 100:.2f}",
            "currency": order["currency"],
            "dueDate": order["shipDate"] + 14 if order["shipDate"] % 1000 < 350 else order["shipDate"],
            "packageNumber": str(5_510_000 + number),
            "amountOpen": f"{net * (1 + VAT / 100):.2f}" if number % 3 == 0 else "0.00",
            "addressNummber": str(77_100 + number % 4),
            "addressLine": user.get("addressLine1", "Ulbrokas iela 19"),
            "city": user.get("city", "Rīga"),
            "country": user.get("country", "LV"),
            "postalCode": user.get("postalCode", "LV-1021"),
        },
        "details": [
            {
                "lineId": place + 1,
                "elkoCode": str(line["elkoCode"]),
                "orderNumber": order["id"],
                "description": line["productName"],
                "manufacturerCode": line["manufacturerCode"],
                "quantityShipped": line["quantity"],
                "price": f"{line['price']:.2f}",
                "copyrightTax": f"{products[line['elkoCode']].get('copyrightTax', 0.0):.2f}",
                "deliveryInstructions": order["deliveryInstructions"],
                "eanCode": products[line["elkoCode"]]["eanCode"],
                "vatRate": str(VAT),
                "serials": [hex_id("serial", (number, place, piece), 12).upper() for piece in range(line["quantity"])],
            }
            for place, line in enumerate(order["lines"])
        ],
    }
