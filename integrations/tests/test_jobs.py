"""Writes a vendor takes as jobs, seen from the engine: asked after, item by item, only what may be retried again, in their order."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.commands import asking, deciding, looking, outcomes, sending
from integrations.commands import sweeping as writes
from integrations.models import Command, CommandItem, Vendor
from integrations.services.api2cart.simulator import Simulator
from integrations.simulator import Server
from tests.faults.rig import connected
from tests.jobs import row, sent, states, told

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State
A, B = "5000", "5002"  # products without variants


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Server(simulator := Simulator(seed="tiny")):
        yield simulator


@pytest.fixture
def shop(sim: Simulator) -> Vendor:
    made = connected(sim, "shop")
    Vendor.objects.filter(pk=made.pk).update(writes="on")
    return Vendor.objects.get(pk=made.pk)


def test_a_job_is_asked_for_until_it_tells_of_each_row(sim: Simulator, shop: Vendor) -> None:
    done = sent(shop, "update_products", [{"id": A, "price": "9.90", "quantity": 7}, {"id": "nix", "price": 1}])
    assert (done.state, done.number) == (State.WORKING, "1000")
    assert done.items.filter(in_flight=True).count() == 2, "nothing newer goes before it has ended"
    first = looking.look_up(done.pk)
    assert (first.state, first.shown) == (State.WORKING, "API2Cart still works on it.")
    assert first.not_before is not None
    assert first.not_before > timezone.now()
    ended = told(done.pk)
    assert (ended.state, states(ended)) == (State.CONFIRMED, {A: "done", "nix": "refused"})
    assert "1 of 2 were not done: Product with id nix not found" in ended.error
    assert (row(sim, A)["price"], row(sim, A)["quantity"]) == (9.9, 7)
    assert not CommandItem.objects.filter(in_flight=True).exists()
    assert len(sim.ledger.asked("/product.update.batch.json")) == 1


def test_the_sweep_asks_and_a_stop_does_not_hold_that_back(sim: Simulator, shop: Vendor, monkeypatch: Any) -> None:
    done = sent(shop, "update_products", [{"id": A, "price": 3}])
    hints: list[Any] = []
    from integrations import tasks

    monkeypatch.setattr(tasks.look_up_command, "apply_async", lambda args, **more: hints.append(args))
    assert writes.sweep(60) == 0, "not yet"
    Command.objects.filter(pk=done.pk).update(not_before=timezone.now() - timedelta(seconds=1))
    assert writes.sweep(60) == 1
    assert hints == [(done.pk,)]


def test_only_what_may_be_retried_goes_again(sim: Simulator, shop: Vendor) -> None:
    sim.stumbles = {B}
    rows = [{"id": A, "price": 3}, {"id": B, "price": 4}, {"id": "nix", "price": 5}]
    waits = told(sent(shop, "update_products", rows).pk)
    assert (waits.state, states(waits)) == (State.QUEUED, {A: "done", B: "waiting", "nix": "refused"})
    assert waits.body == {"products": [{"id": B, "price": 4}]}
    assert "goes again with 1 of 3" in waits.story[-1]["what"]
    Command.objects.filter(pk=waits.pk).update(not_before=None)
    sending.send(waits.pk)
    ended = told(waits.pk)
    assert (ended.state, states(ended)) == (State.CONFIRMED, {A: "done", B: "done", "nix": "refused"})
    assert "1 of 3 were not done" in ended.error
    bodies_sent = [call.body for call in sim.ledger.asked("/product.update.batch.json")]
    assert [[item["id"] for item in body["payload"]] for body in bodies_sent] == [[A, B, "nix"], [B]]
    assert len({body["idempotency_key"] for body in bodies_sent}) == 2
    assert len(sim.ledger.accepted("update_products", A)) == 1


def test_rows_of_which_nobody_can_tell_stay_unknown_and_hold_up_what_is_about_them(
    sim: Simulator, shop: Vendor
) -> None:
    """What may be retried is told as not done, so that nothing goes by itself while a part of it is unknown."""
    sim.untold, sim.stumbles = {A}, {B}
    lost = told(sent(shop, "change_stock", [{"id": A, "by": -1}, {"id": B, "by": -1}, {"id": "5003", "by": -1}]).pk)
    assert (lost.state, states(lost)) == (State.UNKNOWN, {A: "waiting", B: "refused", "5003": "done"})
    assert lost.body == {"products": [{"id": A, "by": -1}]}
    (same,) = asking.ask(shop, "change_stock", {"products": [{"id": A, "by": -1}]})
    (free,) = asking.ask(shop, "change_stock", {"products": [{"id": B, "by": -1}]})
    assert sending.send(same.pk) is None, "nobody knows what it would be added to"
    sent_now = sending.send(free.pk)
    assert sent_now is not None
    assert told(free.pk).state == State.CONFIRMED
    deciding.send_again(lost.pk, "Ada", "the shop's log has none")
    sending.send(lost.pk)
    assert told(lost.pk).state == State.CONFIRMED
    bodies_sent = [call.body for call in sim.ledger.asked("/product.update.batch.json")]
    assert [[item["id"] for item in body["payload"]] for body in bodies_sent] == [[A, B, "5003"], [B], [A]]
    assert len({body["idempotency_key"] for body in bodies_sent}) == 3, "else an old answer came again"


def test_a_batch_s_page_says_what_is_worked_on_and_what_nobody_knows(
    sim: Simulator, shop: Vendor, admin_client: Any
) -> None:
    sim.untold = {A}
    command = sent(shop, "change_stock", [{"id": A, "by": -1}, {"id": B, "by": -1}])
    Command.objects.filter(pk=command.pk).update(batch="b" * 32)
    page = reverse("admin:integrations_command_batch", args=["b" * 32])
    text = admin_client.get(page).content.decode()
    assert "<strong>1</strong> the vendor works on it" in text
    assert "<strong>2</strong> waiting" in text
    assert 'http-equiv="refresh"' in text
    told(command.pk)
    text = admin_client.get(page).content.decode()
    assert "<strong>1</strong> not known" in text
    assert "<strong>1</strong> done" in text
    rows = text.partition("Row by row")[2]
    assert rows.index(A) < rows.index(B), "what is open comes first"


def test_what_is_left_is_dropped_when_a_newer_value_came(sim: Simulator, shop: Vendor) -> None:
    sim.stumbles = {B}
    old = told(sent(shop, "update_products", [{"id": A, "price": 3}, {"id": B, "price": 4}]).pk)
    new = told(sent(shop, "update_products", [{"id": B, "price": 8}]).pk)
    assert new.state == State.CONFIRMED
    Command.objects.filter(pk=old.pk).update(not_before=None)
    assert sending.send(old.pk) is None
    old.refresh_from_db()
    assert (old.state, states(old)) == (State.CONFIRMED, {A: "done", B: "overtaken"})
    assert row(sim, B)["price"] == 8


def test_it_does_not_go_again_for_ever(sim: Simulator, shop: Vendor) -> None:
    sim.stumbles = {A}
    command = sent(shop, "update_products", [{"id": A, "price": 3}])
    for _ in range(9):
        sim.stumbles = {A}
        Command.objects.filter(pk=command.pk).update(not_before=None)
        sending.send(command.pk)
        command = told(command.pk)
        if command.state == State.REFUSED:
            break
        sim.jobs.clear()
    assert (command.state, command.attempts) == (State.REFUSED, outcomes.ROUNDS + 1)


def test_stock_is_changed_by_how_much_and_before_a_later_value(sim: Simulator, shop: Vendor) -> None:
    sim.change("products", A, quantity=10)
    (less,) = asking.ask(shop, "change_stock", {"products": [{"id": A, "by": -3}]})
    (whole,) = asking.ask(shop, "update_products", {"products": [{"id": A, "quantity": 50}]})
    assert sending.send(whole.pk) is None, "else three were taken off the fifty"
    sending.send(less.pk)
    assert told(less.pk).state == State.CONFIRMED
    assert row(sim, A)["quantity"] == 7
    sending.send(whole.pk)
    assert told(whole.pk).state == State.CONFIRMED
    assert row(sim, A)["quantity"] == 50
    [first, _] = sim.ledger.asked("/product.update.batch.json")
    assert first.body["payload"] == [{"id": A, "reduce_quantity": 3}]
    too_many = told(sent(shop, "change_stock", [{"id": A, "by": -51}]).pk)
    assert (too_many.state, "cannot be less than 0" in too_many.error) == (State.REFUSED, True)


def test_two_changes_of_stock_both_go(sim: Simulator, shop: Vendor) -> None:
    """They are acts, not values: the later does not replace the earlier."""
    sim.change("products", A, quantity=10)
    commands = [asking.ask(shop, "change_stock", {"products": [{"id": A, "by": by}]})[0] for by in (-1, 4)]
    for command in commands:
        sending.send(command.pk)
        told(command.pk)
    assert row(sim, A)["quantity"] == 13


@pytest.mark.parametrize(("how", "state"), [("forgotten", "unknown"), ("slow", "unknown"), ("closed", "working")])
def test_a_job_that_says_nothing_is_shown_to_people(sim: Simulator, shop: Vendor, how: str, state: str) -> None:
    done = sent(shop, "update_products", [{"id": A, "price": 3}])
    if how == "forgotten":
        sim.jobs.clear()
    if how == "slow":
        sim.job_calls = 99
        Command.objects.filter(pk=done.pk).update(sent_at=timezone.now() - timedelta(days=2))
    if how == "closed":
        sim.fault("status", path="/batch.job.result.json", code=503)
    shown = looking.look_up(done.pk)
    assert shown.state == state
    assert shown.shown
    sim.clear_faults()
    if state == "unknown":
        assert looking.look_up(done.pk).state == State.CONFIRMED, "the shop's own list proves it"
