"""Runs against the ELKO simulator over real sockets: convergence, rejects, the guard, parking, takeover."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from catalog.models import PriceChange, Product, StockChange, Variant
from integrations import circuit, connecting, desk, lease, paging, schedules, sweeping, sync
from integrations.models import Fingerprint, Held, HeldRow, Reject, Schedule, SyncRun, Trigger, Vendor
from integrations.services.elko.simulator import Simulator
from integrations.simulator import Server
from orders.models import OrderLine

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elko() -> Iterator[Simulator]:
    sim = Simulator(seed="tiny")
    with Server(sim):
        yield sim


def connected(sim: Simulator, **options: Any) -> Vendor:
    given = sim.connections()[0]
    return connecting.connect(
        "elko",
        "elko-test",
        base_url=given["base_url"],
        options={**given["options"], **options},
        secrets=given["secrets"],
    )


def run(vendor: Vendor, flow: str, **options: Any) -> SyncRun:
    done = sync.run(vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None, **options)
    assert done is not None
    return SyncRun.objects.get(pk=done.pk)


def snapshot() -> list[dict[str, Any]]:
    return [dict(row) for row in Variant.objects.order_by("pk").values()]


def test_products_come_in_once_and_right(elko: Simulator) -> None:
    vendor = connected(elko)
    first = run(vendor, "products")
    truth = elko.truth("products")
    assert (first.state, first.seen, first.created) == (SyncRun.State.OK, len(truth), len(truth)), first.error
    before = snapshot()
    second = run(vendor, "products")
    assert (second.created, second.updated, second.unchanged) == (0, 0, len(truth))
    assert snapshot() == before
    for row in truth:
        code = str(row.get("elkoCode") or row["id"])
        variant = Variant.objects.get(vendor=vendor, external_id=code)
        assert variant.price == Decimal(str(row["price"])).quantize(Decimal("0.000001"))
        assert variant.product.name
    capped = [row for row in truth if ">" in row["quantity"]]
    assert capped
    for row in capped:
        variant = Variant.objects.get(vendor=vendor, external_id=str(row.get("elkoCode") or row["id"]))
        assert variant.stock_at_least
        assert variant.stock == Decimal(row["quantity"].strip("> "))


def test_a_change_is_one_row_and_one_price_change(elko: Simulator) -> None:
    vendor = connected(elko)
    run(vendor, "products")
    row = elko.truth("products")[0]
    new = round(row["price"] * 1.1, 2)
    elko.change("products", row["id"], price=new)
    again = run(vendor, "products")
    assert (again.updated, again.unchanged) == (1, len(elko.truth("products")) - 1)
    change = PriceChange.objects.get(field="price")
    assert change.after == Decimal(str(new)).quantize(Decimal("0.000001"))
    assert change.run_id == again.pk


def test_a_bad_row_costs_nobody_else_and_is_tried_again(elko: Simulator) -> None:
    vendor = connected(elko)
    row = elko.truth("products")[3]
    price = row["price"]
    elko.change("products", row["id"], price="twelve")
    done = run(vendor, "products")
    assert (done.state, done.rejected, done.created) == (SyncRun.State.PARTIAL, 1, len(elko.truth("products")) - 1)
    reject = Reject.objects.get()
    assert "twelve" in reject.reason
    assert "twelve" in reject.raw
    elko.change("products", row["id"], price=price)
    assert run(vendor, "products").state == SyncRun.State.OK
    reject.refresh_from_db()
    assert reject.resolved_at is not None


def test_an_empty_list_is_held_and_a_person_decides(elko: Simulator) -> None:
    vendor = connected(elko)
    run(vendor, "products")
    rows = elko.truth("products")
    elko.fault("empty_list", "/Catalog/Products")
    held = run(vendor, "products")
    assert held.state == SyncRun.State.HELD
    assert Product.objects.filter(gone_at=None).count() == len(rows)
    part = Held.objects.get(state=Held.State.WAITING)
    assert part.rows_count == len(rows)
    desk.apply_held(part, "somebody")
    assert Product.objects.filter(gone_at=None).count() == 0
    assert Variant.objects.filter(stock=0).count() == 0, "gone is unknown, never zero"
    with pytest.raises(desk.Decided):
        desk.apply_held(part, "somebody")
    elko.clear_faults()
    assert run(vendor, "products").state == SyncRun.State.OK
    assert Product.objects.filter(gone_at=None).count() == len(rows)


def test_a_single_missing_row_is_gone(elko: Simulator) -> None:
    vendor = connected(elko)
    run(vendor, "products")
    row = elko.truth("products")[0]
    elko.remove("products", row["id"])
    done = run(vendor, "products")
    assert (done.state, done.gone) == (SyncRun.State.OK, 1)
    assert Product.objects.get(external_id=str(row.get("elkoCode") or row["id"])).gone_at is not None


def test_stock_that_goes_to_zero_at_once_is_held_and_can_be_applied(elko: Simulator) -> None:
    vendor = connected(elko)
    run(vendor, "products")
    in_stock = Variant.objects.filter(stock__gt=0).count()
    assert in_stock >= 3
    for row in elko.truth("products"):
        elko.change("products", row["id"], quantity="0")
    done = run(vendor, "products")
    assert done.state == SyncRun.State.HELD
    assert Variant.objects.filter(stock__gt=0).count() == in_stock
    part = Held.objects.get(kind=Held.Kind.ZERO, state=Held.State.WAITING)
    assert desk.apply_held(part, "somebody").rows == in_stock
    assert Variant.objects.filter(stock__gt=0).count() == 0
    assert StockChange.objects.filter(before__gt=0, after=0).count() == in_stock
    assert run(vendor, "products").state == SyncRun.State.OK


def test_a_price_jump_is_held_and_the_rest_applied(elko: Simulator) -> None:
    vendor = connected(elko)
    run(vendor, "products")
    first, second = elko.truth("products")[:2]
    elko.change("products", first["id"], price=first["price"] * 100)
    elko.change("products", second["id"], price=round(second["price"] * 1.2, 2))
    done = run(vendor, "products")
    assert (done.state, done.held, done.updated) == (SyncRun.State.HELD, 1, 1)
    part = Held.objects.get(kind=Held.Kind.PRICE)
    desk.drop_held(part, "somebody")
    assert run(vendor, "products").state == SyncRun.State.OK, "what was dropped is not held again"
    assert not HeldRow.objects.exists()


def test_a_refused_token_pauses_the_vendor_and_is_told_without_the_token(elko: Simulator) -> None:
    vendor = connected(elko)
    run(vendor, "products")
    token = str(elko.token)
    elko.revoke_token()
    done = run(vendor, "products")
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "needs_auth")
    assert "token" in done.error.lower()
    assert token not in done.error + done.cure
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.NEEDS_AUTH
    assert not [s for s in schedules.due() if s.vendor_id == vendor.pk]
    again = run(vendor, "products")  # the one more call that tells a dead token from a spent budget
    assert again.error_kind == "needs_auth"
    assert not [s for s in schedules.due(timezone.now() + timedelta(days=9)) if s.vendor_id == vendor.pk]


def test_a_run_parks_at_a_page_and_goes_on(elko: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = connected(elko)
    monkeypatch.setattr(sync, "stopping", lambda: True)
    monkeypatch.setitem(paging.whole_list.__kwdefaults__ or {}, "size", 4)
    parked = sync.run(vendor, "products")
    assert parked is not None
    parked.refresh_from_db()
    assert (parked.state, parked.owner, parked.seen) == (SyncRun.State.RUNNING, "", 4)
    monkeypatch.setattr(sync, "stopping", lambda: False)
    done = sweeping.go_on(parked.pk)
    assert done is not None
    done.refresh_from_db()
    assert (done.state, done.seen, done.pk) == (SyncRun.State.OK, len(elko.truth("products")), parked.pk)
    assert len(elko.ledger.asked("/Catalog/Products")) == 1


def ends_meanwhile(monkeypatch: pytest.MonkeyPatch, vendor: Vendor) -> None:
    """Between the decision to run a flow and the claim, another process brings that flow to its end."""
    admit = circuit.admit

    def later(*given: Any) -> Any:
        monkeypatch.setattr(circuit, "admit", admit)
        run(vendor, "products")
        return admit(*given)

    monkeypatch.setattr(circuit, "admit", later)


@pytest.mark.parametrize("hint", ["continue_run", "run_due"])
def test_a_hint_for_a_run_that_ends_before_it_is_read_begins_no_other(
    elko: Simulator, monkeypatch: pytest.MonkeyPatch, hint: str
) -> None:
    vendor = connected(elko)
    with monkeypatch.context() as patch:
        patch.setattr(sync, "stopping", lambda: True)
        patch.setitem(paging.whole_list.__kwdefaults__ or {}, "size", 4)
        parked = sweeping.run_if_due(vendor.pk, "products")
    assert parked is not None
    ends_meanwhile(monkeypatch, vendor)
    done = sweeping.go_on(parked.pk) if hint == "continue_run" else sweeping.run_if_due(vendor.pk, "products")
    assert done is None
    (only,) = SyncRun.objects.filter(flow="products")
    assert (only.pk, only.state) == (parked.pk, SyncRun.State.OK)


def test_what_an_operator_ran_just_now_is_not_due_any_more(elko: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = connected(elko)
    ends_meanwhile(monkeypatch, vendor)
    assert sweeping.run_if_due(vendor.pk, "products") is None
    (only,) = SyncRun.objects.filter(flow="products")
    assert (only.trigger, only.state) == (Trigger.COMMAND_LINE, SyncRun.State.OK)


def test_a_zombie_cannot_store_its_page(elko: Simulator) -> None:
    vendor = connected(elko)
    schedule = sync.schedule_of(vendor, "products")
    mine = lease.claim(schedule, trigger=Trigger.SCHEDULE)
    assert mine is not None
    assert lease.claim(schedule, trigger=Trigger.SCHEDULE) is None, "one run at a time"
    SyncRun.objects.filter(pk=mine.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    other = lease.take_over(SyncRun.objects.get(pk=mine.pk))
    assert other is not None
    with pytest.raises(lease.Stale):
        lease.save(mine, timezone.now(), seen=1)


def test_a_dead_owner_is_noticed_at_once(elko: Simulator) -> None:
    vendor = connected(elko)
    mine = lease.claim(sync.schedule_of(vendor, "products"), trigger=Trigger.SCHEDULE)
    assert mine is not None
    host = mine.owner.split(":")[0]
    mine.owner = f"{host}:999999:1"
    assert lease.is_free(mine)


def test_availability_changes_are_not_hidden_by_an_unchanged_list(elko: Simulator) -> None:
    vendor = connected(elko)
    run(vendor, "products")
    row = next(r for r in elko.truth("products") if r["quantity"].isdigit() and int(r["quantity"]) > 1)
    variant = Variant.objects.get(external_id=str(row.get("elkoCode") or row["id"]))
    Variant.objects.filter(pk=variant.pk).update(stock=Decimal(1))
    stored = Fingerprint.objects.get(schedule__flow="products", external_id=variant.external_id)
    done = run(vendor, "availability", codes=[variant.external_id])
    assert done.updated == 1, done.error
    stored.refresh_from_db()
    assert stored.digest.int == 0, "the list's row is compared again at its next run"


def test_a_late_schedule_raises_one_alarm(elko: Simulator) -> None:
    vendor = connected(elko)
    schedule = Schedule.objects.get(vendor=vendor, flow="products")
    later = timezone.now() + schedule.max_age + timedelta(minutes=3)
    assert schedule in schedules.raise_alarms(later)
    assert schedule not in schedules.raise_alarms(later)


def a_day_passes(vendor: Vendor, flow: str) -> SyncRun:
    """Of the flow's schedule every moment is a day longer ago; then what its hint does."""
    moments = ("last_ok_at", "last_full_at", "last_verify_at", "due_at")
    mine = Schedule.objects.filter(vendor=vendor, flow=flow)
    mine.update(**{name: F(name) - timedelta(days=1, minutes=1) for name in moments})
    done = sweeping.run_if_due(vendor.pk, flow)
    assert done is not None
    return SyncRun.objects.get(pk=done.pk)


@pytest.mark.parametrize("flow", ["products", "orders"])
def test_once_a_week_values_are_compared_and_repaired(elko: Simulator, flow: str) -> None:
    """As the scheduler runs it day after day; nobody asks for it."""
    vendor = connected(elko)
    run(vendor, flow)
    model: Any = Product if flow == "products" else OrderLine
    row = model.objects.order_by("pk").first()
    model.objects.filter(pk=row.pk).update(name="changed behind the hub's back")
    modes = [a_day_passes(vendor, flow).mode for _ in range(6)]
    assert modes == ["changes"] * 6
    assert model.objects.get(pk=row.pk).name == "changed behind the hub's back", "the vendor sent nothing new"
    week = a_day_passes(vendor, flow)
    assert (week.mode, week.state, week.updated) == ("verify", SyncRun.State.OK, 1), week.error
    assert model.objects.get(pk=row.pk).name == row.name
    assert [a_day_passes(vendor, flow).mode for _ in range(7)] == ["changes"] * 6 + ["verify"]


def test_a_full_pass_comes_when_it_is_due_though_every_run_goes_well(elko: Simulator) -> None:
    vendor = connected(elko)
    run(vendor, "invoices")
    mine = Schedule.objects.filter(vendor=vendor, flow="invoices")
    mine.update(enabled=True, full_every=timedelta(days=3), verify_every=None)
    assert [a_day_passes(vendor, "invoices").mode for _ in range(6)] == ["changes", "changes", "full"] * 2
    mine.update(last_full_at=None)  # one that never had any
    assert a_day_passes(vendor, "invoices").mode == "full"


def test_sync_prints_one_json_object(elko: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    connected(elko)
    call_command("sync", "elko-test", "products", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    assert told["runs"][0]["created"] == len(elko.truth("products"))


def test_orders_that_came_before_the_catalogue_find_their_variants(elko: Simulator) -> None:
    vendor = connected(elko)
    run(vendor, "orders")
    assert not OrderLine.objects.exclude(variant=None).exists()
    run(vendor, "products")
    early = dict(OrderLine.objects.values_list("external_id", "variant__external_id"))
    assert any(early.values())
    SyncRun.objects.filter(flow="orders").delete()
    run(vendor, "orders", mode=SyncRun.Mode.VERIFY)
    assert dict(OrderLine.objects.values_list("external_id", "variant__external_id")) == early
