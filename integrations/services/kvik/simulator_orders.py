"""Invented orders of a Czech shop. Their fields, paths and words are OUR ASSUMPTION: kvik.shop documents none of them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from integrations.simulator.seed import Dice, ean13
from integrations.simulator.wire import Row

PRAGUE = ZoneInfo("Europe/Prague")
GOODS = (
    ("KV-HRN-01", "Hrnek s modrým lemem", 249), ("KV-LMP-02", "Stolní lampa Jitka", 1490),
    ("KV-DEK-03", "Vlněná deka", 1190), ("KV-SVC-04", "Svíčka z včelího vosku", 189),
    ("KV-KOS-05", "Proutěný košík", 459), ("KV-UTR-06", "Lněná utěrka", 159), ("KV-VAZ-07", "Váza z režné hlíny", 690),
)  # fmt: skip
PEOPLE = (
    ("Alena", "Dvořáková", "Brno", "60200"), ("Tomáš", "Říha", "Plzeň", "30100"), ("Zuzana", "Kučerová", "Olomouc", "77900"),
    ("Jiří", "Žák", "Praha 7", "17000"), ("Martina", "Svobodová", "Liberec", "46001"),
)  # fmt: skip
STATUSES = ("new", "new", "paid", "packed", "shipped", "shipped", "completed", "completed", "cancelled", "K vyzvednutí")
WORDS = {
    "new": "new", "paid": "confirmed", "packed": "preparing", "shipped": "shipped", "completed": "delivered",
    "cancelled": "cancelled",
}  # fmt: skip


def stamp(at: datetime) -> str:
    return at.astimezone(PRAGUE).isoformat(timespec="seconds")


def order_id(number: int) -> str:
    return str(540001 + number)


def order_row(number: int, now: datetime) -> Row:
    """The `number`-th order of the last month, the newest first."""
    dice = Dice(7, number)
    first, last, city, code = dice.pick(PEOPLE)
    placed = now - timedelta(minutes=23 + number * 251 + dice.roll(90))
    lines = [_line(number, place, dice) for place in range(1, 1 + dice.between(1, 3))]
    status = STATUSES[number % len(STATUSES)]
    return {
        "_type": "Order",
        "id": int(order_id(number)),
        "number": f"K26{order_id(number)}",
        "status": status,
        "created_at": stamp(placed),
        "updated_at": stamp(placed + timedelta(minutes=7 * dice.roll(3))),
        "currency": "EUR" if number % 9 == 4 else "CZK",
        "total": f"{sum(float(line['total']) for line in lines):.2f}",
        "customer": {
            "_type": "Customer",
            "id": 9000 + number % 40,
            "name": f"{first} {last}",
            "email": f"zakaznik{number % 40}@mail.example",
            "phone": f"+420 700 {number % 1000:03d} 000",
        },
        "delivery_address": {
            "street": f"Dlouhá {dice.between(1, 90)}",
            "city": city,
            "postcode": code,
            "country": "CZ",
        },
        "items": lines,
    }


def _line(number: int, place: int, dice: Dice) -> Row:
    which = (number + place) % len(GOODS)
    sku, name, price = GOODS[which]
    quantity = dice.between(1, 3)
    return {
        "_type": "OrderItem",
        "id": number * 10 + place,
        "sku": sku,
        "ean": ean13(4500 + which, "859"),
        "name": name,
        "quantity": quantity,
        "price": f"{price:.2f}",
        "total": f"{price * quantity:.2f}",
    }


def tiny() -> list[Row]:
    """Few orders with what a hub has to bear: amounts as number and as text, a time without offset, an unknown word, gaps."""
    now = datetime(2026, 4, 3, 19, 30, tzinfo=PRAGUE)
    rows = [order_row(number, now) for number in range(5)]
    rows[0] |= {"total": 1234.5, "status": "K vyzvednutí"}
    rows[1] |= {"created_at": "2026-04-03 18:05:00", "updated_at": "2026-04-03 18:05:00"}
    rows[2] |= {"_type": "SubscriptionOrder", "gift_note": "Všechno nejlepší"}
    del rows[3]["currency"]
    rows[4]["total"] = None
    return rows
