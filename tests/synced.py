"""A hub with the simulators' rows in it, as a first sync leaves them, with one thing of every kind that can go wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.management import call_command
from django.utils import timezone

from catalog.outcome import Batch, Item
from integrations import asking, demo, simulator, sync, vault
from integrations.commands import asking as commands
from integrations.models import (
    AllowedNetwork,
    Blocked,
    Callback,
    Command,
    Held,
    Reject,
    Schedule,
    ShippingRate,
    ShippingZone,
    SyncRun,
    Trigger,
    Vendor,
    WebhookDelivery,
)
from integrations.service import service_class
from orders import mirror
from orders.models import Order
from orders.records import CartLineRecord, CartRecord, CustomerRecord, ReturnLineRecord, ReturnRecord


def run_all(vendor: Vendor) -> None:
    for flow in service_class(vendor.kind).flows:
        if sync.schedule_of(vendor, flow).enabled:
            sync.run(vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None)


@contextmanager
def hub(size: int | None = None) -> Iterator[dict[str, Vendor]]:
    """Vendors by kind, synced; everything is wiped at the end. The simulators are gone by then: this is for looking."""
    try:
        with simulator.server(seed="tiny", size=size) as server:
            vendors = {vendor.kind: vendor for vendor in demo.connect_all(server)}
            for vendor in vendors.values():
                run_all(vendor)
            trouble(server, vendors["elko"])
            people_and_returns(vendors["elryan"])
            deliveries(vendors["elryan"])
            decisions(vendors["elryan"])
        yield vendors
    finally:
        call_command("flush", interactive=False, verbosity=0)


def trouble(server: Any, vendor: Vendor) -> None:
    """A row that cannot be read, a held list, a failed run, a late flow, a wish that waits."""
    sim = server.simulators["elko"]
    sim.change("products", sim.truth("products")[0]["id"], price="<b>twelve</b>")
    sync.run(vendor, "products", Trigger.SCHEDULE, slice_seconds=None)
    sim.fault("empty_list", "/Catalog/Products")
    sync.run(vendor, "products", Trigger.SCHEDULE, slice_seconds=None)
    sim.fault("status", "/Orders", code=500, times=99)
    sim.fault("html", "/Catalog/Vendors", times=99)
    sync.run(vendor, "brands", Trigger.SCHEDULE, slice_seconds=None)
    Schedule.objects.filter(vendor=vendor, flow="orders").update(
        last_ok_at=timezone.now() - timedelta(days=2), alarmed_at=timezone.now()
    )
    asking.ask(vendor, "categories", by="ann")
    assert Reject.objects.exists()
    assert Held.objects.filter(state="waiting").exists()
    assert SyncRun.objects.filter(state="failed").exists()


def people_and_returns(vendor: Vendor) -> None:
    """A customer with an order, a return of it and a cart that was left."""
    order = Order.objects.filter(vendor=vendor, lines__isnull=False).first()
    assert order is not None
    line = order.lines.first()
    assert line is not None
    now = timezone.now()
    one: dict[str, Any] = {
        "customers": CustomerRecord("C-1", name="Jane <b>Roe</b>", email="jane@example.com", addresses=({"city": "Riga"},)),
        "returns": ReturnRecord(
            "R-1", order=order.number, number="R-1", vendor_status="asked", status="requested", amount=Decimal("4.5"),
            customer_external_id="C-1", vendor_created_at=now, currency="EUR",
            lines=(ReturnLineRecord("1", order_line=line.external_id, quantity=Decimal(1), reason="too small"),),
        ),
        "abandoned_carts": CartRecord(
            "K-1", customer_external_id="C-1", customer_name="Jane Roe", total=Decimal("12.30"), currency="EUR",
            lines=(CartLineRecord(sku="L-1", name="Lamp", quantity=Decimal(2), price=Decimal("6.15")),),
        ),
    }  # fmt: skip
    for flow, record in one.items():
        getattr(mirror, flow)(Batch(vendor.pk, [Item(record.external_id, record, {"id": record.external_id})], now))
    Order.objects.filter(pk=order.pk).update(customer_external_id="C-1")


def deliveries(vendor: Vendor) -> None:
    """An address of ours, what came there, and from where it may."""
    now = timezone.now()
    token = vault.set_secret(vendor, "hook:events", "a-path-that-nobody-guesses", signs_in=False)
    callback = Callback.objects.create(vendor=vendor, hook="events", digest=token.fingerprint, created_at=now)
    WebhookDelivery.objects.create(
        callback=callback, vendor=vendor, event="order.update", flow="orders", external_id="7", external_ids=["7"],
        body=b'{"id": "7", "name": "<b>twelve</b>"}', state="done", received_at=now,
    )  # fmt: skip
    zone = ShippingZone.objects.create(vendor=vendor, name="Baltic", countries="LV, LT, EE")
    for at in (zone, None):
        ShippingRate.objects.create(vendor=vendor, zone=at, name="Courier", code="courier", price=5, currency="EUR")
    AllowedNetwork.objects.create(network="198.51.100.0/24", vendor=vendor, note="Their office")
    Blocked.objects.create(address="203.0.113.9", times=3, path="/admin/", first_at=now, last_at=now)


def decisions(vendor: Vendor) -> None:
    """One command in each state that waits for a person, and some that ended."""
    Vendor.objects.filter(pk=vendor.pk).update(writes="approve")
    vendor.refresh_from_db()
    lines = Order.objects.filter(vendor=vendor).values_list("lines__external_id", flat=True)
    states = ["awaiting_approval", "unknown", "refused", "confirmed", "queued", "cancelled"]
    for line, state in zip([*lines][:6] * 6, states, strict=False):
        (made,) = commands.ask(vendor, "cancel_line", {"line": line, "reason": "out_of_stock"}, by="ann")
        Command.objects.filter(pk=made.pk).update(
            state=state, error="<b>twelve</b>" if state in ("unknown", "refused") else ""
        )
    items = [{"sku": f"S-{place}", "stock": place, "price": "12.50"} for place in range(3)]
    commands.ask(vendor, "stock_and_price", {"items": items}, by="ann")
