"""A store's order on the command line: changed, shipped in parts, delivered, paid back, returned; then its mirror is read anew."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from integrations.models import Command, SyncRun, Vendor
from integrations.services.api2cart.simulator import Simulator
from integrations.simulator import Server
from orders.models import Order, Package, Return
from tests.faults.rig import Rig, connected

pytestmark = pytest.mark.django_db(transaction=True)
ORDER, LINE = "70001", "700010"


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Server(simulator := Simulator(seed="tiny")):
        vendor = connected(simulator, "shop")
        Vendor.objects.filter(pk=vendor.pk).update(writes="on")
        yield Rig(simulator, vendor)


def send(verb: str, **body: Any) -> str:
    """The number the store gave it."""
    out = StringIO()
    call_command("send", "shop", verb, "--json-body", json.dumps({"order_id": ORDER, **body}), stdout=out)
    assert json.loads(out.getvalue())["state"] == "confirmed"
    return Command.objects.order_by("-id")[0].number


def test_order_shipment_refund_return(rig: Rig) -> None:
    rig.good("orders")
    send("update_order", order_status="processing")
    line = {"order_product_id": LINE}
    shipment = send("add_shipment", items=[{**line, "quantity": 1}], tracking_numbers=[{"tracking_number": "T-1"}])
    send("add_tracking", shipment_id=shipment, tracking_number="T-2")
    send("add_shipment_event", shipment_id=shipment, status="delivered", message="Left with the neighbour")
    send("add_shipment")
    send("refund_order", items=[{**line, "quantity": 1, "price": "4.50"}], message="Scratched")
    returned = send("add_return", order_products=[{**line, "order_product_quantity": 1}])
    send("update_return", return_id=returned, return_status_id="received")
    for run in SyncRun.objects.filter(state=SyncRun.State.QUEUED).order_by("pk"):
        done = rig.run(run.flow, codes=run.codes)
        assert done.state == SyncRun.State.OK, f"{run.flow}: {done.error}"
    order = Order.objects.get(external_id=ORDER)
    assert order.vendor_status == "Shipped"
    assert Package.objects.filter(order=order).count() == 2
    assert Return.objects.get(order=order, external_id=returned).status == "received"
    assert Package.objects.get(external_id=f"{ORDER}/{shipment}").status == "delivered"
    assert rig.simulator.ledger.writes == 8
