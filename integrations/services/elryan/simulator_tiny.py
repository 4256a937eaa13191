"""A handful of Elryan rows with every documented oddity; fixed values, so a test can write down what must come out."""

from datetime import datetime
from typing import Any

from integrations.services.elryan import simulator_catalogue as catalogue
from integrations.services.elryan import simulator_sales as sales
from integrations.services.elryan.simulator_catalogue import SELLER, Variant
from integrations.simulator import Table
from integrations.simulator.seed import hex_id
from integrations.simulator.wire import Row


def order_lines(url: str) -> list[Row]:
    """Two lines of one order: day before month in `Date`, a local time with a false Z, one Arabic status for both."""
    return [_line(url, 1, "Delivered", quantity=1), _line(url, 2, "Pending Confirmation", quantity=2)]


def _line(url: str, number: int, status: str, quantity: int) -> Row:
    one = Variant(number - 1, url)
    return {
        "POlineID": f"8410077{number}",
        "Date": "03/04/2026",
        "Description": one.name,
        "Description (AR)": one.arabic,
        "Elryan Commission": "10.0%",
        "Item": f"{one.ean}-{SELLER}",
        **sales.money(26, quantity, "10.0"),
        "Order Number": "PO120050077",
        "POLastModified": "04/04/2026 10:17 PM",
        "Purchase Order ID": "8410077",
        "Quantity": str(quantity),
        "Status": status,
        "Status (AR)": sales.ARABIC["Delivered"],
        "dateISO": "2026-04-03T00:00:00",
        "id": hex_id("line", number),
        "recordType": "salesorder",
        "userId": SELLER,
        "exported": True,
        "updatedLocalTime": "2026-04-04T00:17:42.000Z",
        "updatedTime": "2026-04-03T21:17:42.306Z",
        "Magento IQD Exchange Rate": "1490",
    }


def transactions() -> list[Row]:
    told = (
        ("9904001", "23.40", "vendorbill"),
        ("9904002", "6.50", "vendorcredit"),
        ("9904003", "1016.90", "vendorpayment"),
    )
    return [
        {
            "_id": hex_id("transaction", number),
            "id": number,
            "Amount": amount,
            "Date": "05/04/2026",
            "Transaction Number": "VP110700" if kind == "vendorpayment" else "PO120050077",
            "Type": sales.RECORDS[kind][0],
            "Type (AR)": sales.RECORDS[kind][1],
            "recordType": kind,
            "userId": SELLER,
            "Magento IQD Exchange Rate": "1490",
        }
        for number, amount, kind in told
    ]


def package() -> Row:
    """One package with the first line alone: the order ships in parts. Its status is the word "null"."""
    return {
        "order_id": 8410077,
        "company_id": 3,
        "created_at": "2026-04-04T06:00:00.000Z",
        "invoice": {"invoice_pdf": "", "invoice_link": "", "invoice_date": "2026-04-04", "invoice_number": "INV-4000"},
        "items": [{"order_item_id": 84100771, "quantity": 1, "total_deci": 1}],
        "marketplace_package_id": 55001,
        "remote_id": "package_1",
        "remote_supplier_id": 7,
        "status": "null",
        "supplier_id": 7,
        "total_deci": 1,
        "tracking": {"tracking_provider": "own_fleet", "provider": "own_fleet"},
        "updated_at": "2026-04-04T09:30:00.000Z",
        "id": hex_id("package", 0),
    }


def fill(url: str, now: datetime) -> dict[str, Table]:
    variants = [catalogue.variant_row(number, url) for number in range(2)]  # two perfumes, kept by their barcodes
    products = [catalogue.product_row(number, url, now) for number in range(2)]
    used = {"beauty", "volume", *(row[part]["remote_id"] for row in products for part in ("category", "brand"))}
    used |= {row["attributes"][0]["remote_attribute_value_id"] for row in variants}

    def some(rows: list[Row]) -> Table:
        return Table("remote_id", rows=[row for row in rows if row["remote_id"] in used])

    event = {"datetime": "2026-04-04 12:30:00", "detail": "On the way", "eventCode": "TRN", "location": "Baghdad"}
    shipped: dict[str, Any] = {"package_id": package()["id"], "status": "in_transit"}
    tracking = {
        "id": hex_id("tracking", 0), **shipped, "marketplace_package_id": 55001, "tracking_number": "IQ88000000",
        "tracking_link": "https://track.own-fleet.example/IQ88000000", "provider": "own_fleet", "events": [event],
        "created_at": "2026-04-04T06:00:00.000Z", "updated_at": "2026-04-04T09:30:00.000Z",
    }  # fmt: skip
    delivery = {"id": "1", **shipped, "delivery_info": [event], "updated_at": "2026-04-04T09:30:00.000Z"}
    return {
        "categories": some(catalogue.categories(now)),
        "brands": some(catalogue.brands(now, url)),
        "attributes": some(catalogue.attributes(now)),
        "attribute_values": some(catalogue.attribute_values(now)),
        "products": Table("spu", rows=products),
        "variants": Table("sku", rows=variants),
        "orders": Table("POlineID", rows=order_lines(url)),
        "transactions": Table("id", rows=transactions()),
        "packages": Table("id", rows=[package()]),
        "trackings": Table("id", rows=[tracking]),
        "deliveries": Table("id", rows=[delivery]),
    }
