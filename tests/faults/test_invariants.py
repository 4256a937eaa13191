"""The checks themselves: they pass on a healthy hub and see each thing they are there to see."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from catalog.models import Category, Product, Variant
from integrations import connecting, sync
from integrations.models import RateSlot, Schedule, SyncRun, Trigger, Vendor
from integrations.services.elko.simulator import Simulator as Elko
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Server, Simulator
from orders.models import Order, OrderLine
from tests.faults import invariants

pytestmark = pytest.mark.django_db(transaction=True)


def connected(simulator: Simulator) -> Vendor:
    given = simulator.connections()[0]
    vendor = connecting.connect(
        simulator.kind, "main", base_url=given["base_url"], options=given["options"], secrets=given["secrets"]
    )
    for flow in invariants._in_order(vendor, None):
        done = sync.run(vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None)
        assert done is not None
        assert done.state == SyncRun.State.OK, done.error
    return vendor


def test_a_healthy_elko_passes(elko: Elko) -> None:
    vendor = connected(elko)
    before = [model._default_manager.count() for model in invariants.mirrored_models()]
    invariants.assert_invariants(vendor, elko)
    assert [model._default_manager.count() for model in invariants.mirrored_models()] == before, "no trace of the twin"
    assert Vendor.objects.count() == 1


def test_a_healthy_elryan_passes() -> None:
    with Server(sim := Elryan(seed="tiny")):
        vendor = connected(sim)
        invariants.assert_invariants(vendor, sim)


def test_gone_rows_are_no_difference(elko: Elko) -> None:
    vendor = connected(elko)
    elko.remove("products", elko.truth("products")[0]["id"])
    sync.run(vendor, "products", Trigger.COMMAND_LINE, slice_seconds=None)
    invariants.assert_invariants(vendor, elko)


def test_each_kind_of_difference_is_seen(elko: Elko) -> None:
    vendor = connected(elko)
    expected = invariants.clean_picture(vendor, elko)

    def complaint() -> str:
        with pytest.raises(AssertionError) as raised:
            invariants.assert_converged(vendor, elko, expected=expected)
        return str(raised.value)

    invariants.assert_converged(vendor, elko, expected=expected)
    Variant.objects.filter(pk=Variant.objects.earliest("pk").pk).update(stock=77)
    assert "stock" in complaint()
    Category.objects.exclude(parents=None).earliest("pk").parents.clear()
    OrderLine.objects.filter(pk=OrderLine.objects.earliest("pk").pk).update(variant=None)
    Order.objects.latest("pk").delete()
    said = complaint()
    assert "Category" in said
    assert "variant: None instead of" in said
    assert "missing" in said
    Product.objects.update(gone_at=timezone.now())
    assert "gone_at: True instead of False" in complaint()


def test_a_row_of_the_vendor_that_nobody_knows_is_seen(elko: Elko) -> None:
    vendor = connected(elko)
    expected = invariants.clean_picture(vendor, elko)
    elko.insert_front("products")
    with pytest.raises(AssertionError, match="nobody knows of"):
        invariants.assert_converged(vendor, elko, expected=expected)


def test_a_write_nobody_meant_is_seen(elko: Elko) -> None:
    vendor = connected(elko)
    elko.ledger.accept("place_order", "W-1", {})
    with pytest.raises(AssertionError, match="place_order"):
        invariants.assert_once(vendor, elko)
    invariants.assert_once(vendor, elko, [("place_order", "W-1")])
    elko.ledger.accept("place_order", "W-1", {})
    with pytest.raises(AssertionError, match="W-1"):
        invariants.assert_once(vendor, elko, [("place_order", "W-1")])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"state": "failed", "error_kind": "wait", "error": "gone", "cure": ""}, "without a cure"),
        ({"state": "failed", "error_kind": "wait", "error": "", "cure": "x"}, "without a reason"),
        ({"state": "ok", "seen": 1, "total": 5}, "1 of 5 rows"),
        ({"state": "ok", "finished_at": None}, "without an end"),
        ({"state": "running"}, "left lying"),
    ],
)
def test_a_run_that_tells_too_little_is_seen(elko: Elko, values: dict[str, object], said: str) -> None:
    vendor = connected(elko)
    SyncRun.objects.filter(flow="products").update(**values)
    with pytest.raises(AssertionError, match=said):
        invariants.assert_told(vendor)


def test_a_good_run_that_never_was_is_seen(elko: Elko) -> None:
    vendor = connected(elko)
    Schedule.objects.filter(flow="products").update(last_ok_at=timezone.now() + timedelta(hours=1))
    with pytest.raises(AssertionError, match="there was none"):
        invariants.assert_told(vendor)


@pytest.mark.leaks
def test_what_is_left_behind_is_seen(elko: Elko) -> None:
    vendor = connected(elko)
    invariants.assert_clean(vendor, logs=["all quiet"])
    with pytest.raises(AssertionError, match="in a log"):
        invariants.assert_clean(vendor, logs=[f"Bearer {elko.token}"])
    settings.SPOOL.mkdir(parents=True, exist_ok=True)
    left = settings.SPOOL / "x.part"
    left.touch()
    with pytest.raises(AssertionError, match=r"x\.part"):
        invariants.assert_clean(vendor)
    left.unlink()
    soon, late = timezone.now() + timedelta(seconds=69), timezone.now() + timedelta(seconds=960)
    slot = RateSlot.objects.filter(number=1)
    slot.update(holder="here:1:x", free_at=soon)
    with pytest.raises(AssertionError, match="nobody gives back"):
        invariants.assert_clean(vendor)
    invariants.assert_clean(vendor, killed=True)
    slot.update(free_at=late)
    with pytest.raises(AssertionError, match="nobody gives back"):
        invariants.assert_clean(vendor, killed=True)
    slot.update(holder="")
    Product.objects.filter(pk=Product.objects.earliest("pk").pk).update(raw={"deep": [f"x{elko.token}y"]})
    with pytest.raises(AssertionError, match=r"catalog_product\.raw"):
        invariants.assert_clean(vendor)
