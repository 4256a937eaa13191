"""Whole journeys by the command line against simulators: a sale bought and shipped, a product from its first upsert to off sale."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from catalog.models import Product, Variant
from integrations import connecting
from integrations.models import Command, Vendor
from integrations.service import services
from orders.models import Order, Package
from tests.faults.rig import Rig, rig

pytestmark = pytest.mark.django_db(transaction=True)


def sent(vendor: Vendor, verb: str, **body: Any) -> dict[str, Any]:
    """`manage.py send`, which has to end well."""
    said = StringIO()
    try:
        call_command("send", vendor.slug, verb, json_body=json.dumps(body), stdout=said)
    except SystemExit:
        key = json.loads(said.getvalue())["key"]
        assert vendor.writes == "approve", said.getvalue()
        said = StringIO()
        call_command("send", "--approve", key, stdout=said)
        return dict(json.loads(said.getvalue())["commands"][0])
    told: dict[str, Any] = json.loads(said.getvalue())
    assert told["state"] == "confirmed", told
    return told


def opened(one: Rig, writes: str = "on") -> Vendor:
    """Everything the kind can is confirmed, and may be written."""
    kind: Any = services()[one.kind]
    Vendor.objects.filter(pk=one.vendor.pk).update(writes=writes)
    vendor = one.fresh()
    connecting.confirm(vendor, [name for name, part in (*kind.flows.items(), *kind.verbs.items()) if not part.proven])
    one.vendor = one.fresh()
    return one.vendor


def test_a_sale_is_prepared_bought_by_drop_ship_packed_shipped_and_delivered() -> None:
    with rig("elryan") as shop, rig("elko") as supplier:
        channel, source = opened(shop), opened(supplier)
        shop.good("orders", "packages")
        supplier.good("products")
        order = Order.objects.get(vendor=channel)
        line = order.lines.get(status="new")
        sent(channel, "prepare_line", line=line.external_id)
        line.refresh_from_db()
        assert line.vendor_status == "Preparing"

        article = (
            Variant.objects.filter(vendor=source, stock__gt=5, price__gt=0).exclude(pack_size__gt=1).order_by("id")[0]
        )
        to = {
            "name": "Noor",
            "address": "Karrada 7",
            "city": "Rīga",
            "postal_code": "LV-1010",
            "country": "LV",
            "phone": "+371 2",
        }
        wanted = [{"sku": article.sku, "quantity": 2}]
        told = sent(source, "drop_ship", reference=f"S-{order.number}", lines=wanted, ship_to=to)
        bought = Order.objects.get(vendor=source, direction="purchase", reference=f"S-{order.number}")
        assert bought.external_id == Command.objects.get(verb="drop_ship").number
        again = sent(source, "drop_ship", reference=f"S-{order.number}", lines=wanted, ship_to=to)
        assert again["key"] == told["key"]
        assert supplier.simulator.ledger.writes == 1, "the same number is never bought twice"

        items = [{"order_item_id": int(line.external_id), "quantity": 2}]
        sent(channel, "create_package", order_id=int(order.other_numbers[0]), items=items)
        package = Package.objects.get(external_id=Command.objects.get(verb="create_package").number)
        sent(channel, "upsert_tracking", package_id=package.external_id, tracking_barcode="IQ42", provider="own_fleet")
        sent(channel, "fulfil_package", package=package.external_id, tracking_barcode="IQ42")
        package.refresh_from_db()
        assert (package.status, package.tracking_number) == ("shipped", "IQ42")

        number = next(
            row["id"] for row in shop.simulator.truth("deliveries") if row["package_id"] == package.external_id
        )
        sent(
            channel,
            "update_delivery_event",
            delivery=number,
            delivery_info={"detail": "At the door", "location": "Basra"},
        )
        sent(channel, "update_delivery_status", delivery=number, status="delivered")
        package.refresh_from_db()
        assert (package.status, package.events.get().text) == ("delivered", "At the door")
        shop.good("orders")
        order.refresh_from_db()
        assert order.status == "delivered"
        verbs = [
            "prepare_line",
            "create_package",
            "upsert_tracking",
            "fulfil_package",
            "update_delivery_event",
            "update_delivery_status",
        ]
        assert [*Command.objects.filter(vendor=channel).order_by("id").values_list("verb", "attempts")] == [
            (v, 1) for v in verbs
        ]


def test_a_product_goes_on_sale_changes_its_price_and_comes_off() -> None:
    """Each step is asked for, then approved."""
    with rig("elryan") as shop:
        channel = opened(shop, "approve")
        shop.good("categories", "brands", "attributes", "attribute_values", "products", "variants")
        sent(channel, "upsert_category", remote_id="lamps", name="Lamps", is_active=True)
        sent(channel, "upsert_brand", remote_id="nordwind", name="Nordwind", is_active=True)
        sent(channel, "upsert_attribute", remote_id="colour", name="Colour", is_active=True)
        value = {"name": "Colour", "remote_id": "colour", "is_active": True}
        sent(channel, "upsert_attribute_value", remote_id="colour-red", value="Red", is_active=True, attribute=value)
        variant = {"sku": "LAMP-1-RED", "name": "Lamp, red", "price": 20, "stock": 4, "currency": "USD"}
        sent(
            channel, "upsert_product", spu="LAMP-1", name="Lamp", category={"remote_id": "lamps", "name": "Lamps"},
            brand={"remote_id": "nordwind", "name": "Nordwind"}, default_image_url="https://p.example/1.png", tax=0,
            is_active=True, translations=[{"language": "EN", "name": "Lamp"}], variants=[variant], guarantee=12, fulfillment_day=2,
        )  # fmt: skip
        shop.good("categories", "brands", "products", "variants")
        row: Any = Variant.objects.get(vendor=channel, sku="LAMP-1-RED")
        assert (row.price, row.stock, row.product.category.name, row.product.brand.name) == (20, 4, "Lamps", "Nordwind")

        sent(channel, "stock_and_price", items=[{"sku": "LAMP-1-RED", "price": "24.50", "stock": 9}])
        sent(channel, "disable_product", spu="LAMP-1")
        shop.good("products", "variants")
        row.refresh_from_db()
        assert (float(row.price), row.stock) == (24.5, 9)
        assert Product.objects.get(vendor=channel, external_id="LAMP-1").active is False
        sent(channel, "enable_product", spu="LAMP-1")
        sent(channel, "disable_variant", sku="LAMP-1-RED")
        kinds = [entry.verb for entry in shop.simulator.ledger.accepted()]
        assert len(kinds) == 9
