"""What a store can do, and the keys it is reached with."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations import connection, schedules, sweeping
from integrations.models import Schedule, SyncRun, Token, Vendor
from integrations.services.api2cart.flows import METHOD
from integrations.services.api2cart.simulator import Simulator
from integrations.services.api2cart.tests.calls import asked

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Vendor]
Run = Callable[..., SyncRun]
FLOWS = tuple(METHOD)


# -- what a store can do


def test_a_flow_the_store_lacks_is_not_asked_for(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected("depot")
    schedule = Schedule.objects.get(vendor=vendor, flow="abandoned_carts")
    assert schedule.lacks == "", "nobody asked the store yet"
    done = run(vendor, "abandoned_carts")
    assert (done.state, done.seen) == (SyncRun.State.OK, 0)
    assert "order.abandoned.list" in done.note
    assert asked(sim, "order.abandoned.list") == []
    schedule = Schedule.objects.get(pk=schedule.pk)
    assert "WoocommerceApi" in schedule.lacks
    Schedule.objects.filter(vendor=vendor).update(due_at=timezone.now(), enabled_at=timezone.now() - timedelta(days=30))
    due = {row.flow for row in schedules.due()}
    assert "orders" in due
    assert "abandoned_carts" not in due
    assert "abandoned_carts" not in {row.flow for row in schedules.late()}, "what is not there is not late"


def test_a_flow_the_store_lacks_is_not_offered(
    sim: Simulator, connected: Connect, run: Run, admin_client: Client
) -> None:
    vendor = connected("depot")
    url = reverse("admin:integrations_vendor_change", args=[vendor.pk])
    assert '<option value="abandoned_carts">' in admin_client.get(url).content.decode(), "nobody asked the store yet"
    run(vendor, "categories")
    told = admin_client.get(url).content.decode()
    assert '<option value="abandoned_carts">' not in told
    assert '<option value="orders">' in told
    assert "has no order.abandoned.list" in told, "its row says why"
    out = StringIO()
    call_command("sync", vendor.slug, "--json", stdout=out)
    flows = {row["flow"] for row in json.loads(out.getvalue())["runs"]}
    assert "orders" in flows
    assert "abandoned_carts" not in flows


def test_abilities_are_asked_once_a_day(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected()
    run(vendor, "categories")
    run(vendor, "orders")
    assert len(asked(sim, "cart.methods")) == 1
    vendor.refresh_from_db()
    assert (vendor.abilities["platform"], vendor.abilities["currency"]) == ("Shopify", "EUR")
    yesterday = (timezone.now() - timedelta(days=1, minutes=1)).isoformat()
    Vendor.objects.filter(pk=vendor.pk).update(abilities={**vendor.abilities, "asked_at": yesterday})
    run(Vendor.objects.get(pk=vendor.pk), "orders")
    assert len(asked(sim, "cart.methods")) == 2


# -- keys


def test_the_store_key_is_found_by_the_stores_address(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected("depot", secrets={"api_key": str(sim.token)}, store_url="http://www.DEPOT.example/shop/")
    assert run(vendor, "categories").state == SyncRun.State.OK
    assert Token.objects.filter(vendor=vendor, name="store_key", active=True).count() == 1
    verdict = connection.probe(vendor)
    assert verdict.ok, verdict.message


def test_several_stores_and_no_address_is_told(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected(secrets={"api_key": str(sim.token)}, store_url="")
    done = run(vendor, "categories")
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "needs_auth")
    assert "address" in done.cure


def test_a_store_that_got_another_key_is_found_again(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected()
    assert run(vendor, "categories").state == SyncRun.State.OK
    sim.stores[0].key = "f" * 32
    assert run(vendor, "categories").state == SyncRun.State.OK, "by its address, with the account's key"


def test_a_store_that_shuts_api2cart_out_needs_a_person(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected()
    run(vendor, "categories")
    sim.stores[0].reachable = False
    done = run(vendor, "categories")
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "needs_auth")
    assert "credentials" in done.error
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.NEEDS_AUTH
    assert vendor.state_reason.endswith("now and then.")


def test_a_shop_that_was_only_down_comes_back_by_itself(sim: Simulator, connected: Connect, run: Run) -> None:
    """The vendor tells both alike; so it is tried again, as often as it takes."""
    vendor = connected()
    run(vendor, "categories")
    sim.stores[0].reachable = False
    run(vendor, "categories")
    tried: SyncRun | None = None
    for attempt in range(3):
        vendor.refresh_from_db()
        assert vendor.blocked_until is not None
        assert vendor.blocked_until > timezone.now() + timedelta(minutes=5)
        assert sweeping.run_if_due(vendor.pk, "categories") is None, "not before its time"
        Vendor.objects.filter(pk=vendor.pk).update(blocked_until=timezone.now())
        Schedule.objects.filter(vendor=vendor).update(due_at=timezone.now())
        sim.stores[0].reachable = attempt == 2
        tried = sweeping.run_if_due(vendor.pk, "categories")
        assert tried is not None
    assert tried is not None
    assert tried.state == SyncRun.State.OK
    vendor.refresh_from_db()
    assert (vendor.state, vendor.state_reason) == (Vendor.State.ACTIVE, "")


def test_no_key_goes_into_an_address(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected()
    for flow in FLOWS:
        run(vendor, flow)
    connection.probe(vendor)
    for call in sim.ledger.asked():
        told = str(call.query)
        assert str(sim.token) not in told
        assert sim.stores[0].key not in told


def test_errors_with_another_status_are_read_all_the_same(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected()
    run(vendor, "categories")
    sim.error_status = 400
    sim.stores[0].reachable = False
    done = run(vendor, "categories")
    assert done.error_kind == "needs_auth", "the code counts, not the status"
