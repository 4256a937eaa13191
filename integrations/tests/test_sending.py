"""Commands over a real socket: asked for, sent once, looked up, decided; the simulators' ledgers are the witnesses."""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DataError, connections
from django.utils import timezone

from integrations import connecting, faultpoints
from integrations.commands import asking, bodies, deciding, looking, sending, switches
from integrations.commands import sweeping as writes
from integrations.models import Command, CommandItem, RateSlot, Vendor
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Server
from integrations.tests.worker import Worker
from tests.faults.rig import connected
from tests.torture.plug import end_session

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State


@pytest.fixture
def elryan():
    with Server(sim := Elryan(seed="tiny")):
        yield sim


@pytest.fixture
def vendor(elryan) -> Vendor:
    made = connected(elryan, "elryan-iq")
    return write(made, "on")


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def refusing() -> Iterator[Callable[[str], None]]:
    """refusing("request.sent"): from that step on the database is away for one statement."""

    def at(point: str) -> None:
        def hook(name: str) -> None:
            if name == point:
                faultpoints.hook = None
                end_session()

        faultpoints.hook = hook

    yield at
    faultpoints.hook = None


def write(vendor: Vendor, mode: str) -> Vendor:
    Vendor.objects.filter(pk=vendor.pk).update(writes=mode)
    return Vendor.objects.get(pk=vendor.pk)


def open_line(sim: Any, nth: int = 0) -> str:
    rows = [row for row in sim.truth("orders") if row["Status"] in ("Pending Confirmation", "Confirmed", "Preparing")]
    return str(rows[nth]["POlineID"])


def sent(vendor: Vendor, verb: str, body: Any, **more: Any) -> Command:
    (command,) = asking.ask(vendor, verb, body, **more)
    sending.send(command.pk)
    return Command.objects.get(pk=command.pk)


def cancel(sim: Any, nth: int = 0) -> dict[str, str]:
    return {"line": open_line(sim, nth), "reason": "out_of_stock"}


def test_a_line_is_cancelled_once(elryan, vendor):
    body = cancel(elryan)
    done = sent(vendor, "cancel_line", body)
    assert (done.state, done.attempts, done.error) == (State.CONFIRMED, 1, "")
    assert [write.payload for write in elryan.ledger.accepted("cancel_line", body["line"])] == [
        {"reason": "out_of_stock"}
    ]
    assert done.answer
    assert done.answer["data"]["Status"] == "Cancelled"
    assert sending.send(done.pk) is None, "a command that has ended is not sent again"
    assert elryan.ledger.writes == 1
    from orders.models import OrderLine

    assert OrderLine.objects.get(external_id=body["line"]).vendor_status == "Cancelled", (
        "the answer is mirrored at once"
    )


def test_new_connections_send_nothing(elryan):
    vendor = connected(elryan, "new")
    with pytest.raises(switches.NotAllowed, match="only read"):
        asking.ask(vendor, "cancel_line", cancel(elryan))
    assert not Command.objects.exists()


def test_an_unproven_verb_waits_for_an_admins_word(elryan, vendor):
    with pytest.raises(switches.NotAllowed, match="not verified"):
        asking.ask(vendor, "prepare_line", {"line": open_line(elryan)})
    connecting.confirm(vendor, ["prepare_line"])
    assert sent(vendor, "prepare_line", {"line": open_line(elryan)}).state == State.CONFIRMED


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"line": "1"}, "reason is missing"),
        ({"line": "1", "reason": "bored"}, "reason cannot be “bored”"),
        ({"line": "1", "reason": "out_of_stock", "x": 1}, "x is not known here"),
        ([], "must be an object"),
        ({"line": {"a": 1}, "reason": "out_of_stock"}, "line must be a text"),
    ],
)
def test_a_body_that_does_not_fit_is_told(vendor, body, said):
    with pytest.raises(bodies.BadBody, match=said):
        asking.ask(vendor, "cancel_line", body)


def test_the_vendors_no_is_kept_and_not_repeated(elryan, vendor):
    done = sent(vendor, "cancel_line", {"POlineID": "999", "reason": "out_of_stock"})
    assert done.state == State.REFUSED
    assert "was not found" in done.error
    assert writes.sweep(60) == 0
    assert len(elryan.ledger.asked("/orders/cancel/999")) == 1


@pytest.mark.parametrize(
    ("fault", "more", "state", "kind", "waits"),
    [
        ("status", {"code": 429, "headers": {"Retry-After": "120"}}, State.QUEUED, "wait", True),
        ("status", {"code": 401}, State.QUEUED, "needs_auth", True),
        ("status", {"code": 400}, State.REFUSED, "refused", False),
        ("status", {"code": 404}, State.REFUSED, "refused", False),
        ("status", {"code": 503}, State.UNKNOWN, "unknown", False),
        ("html", {}, State.UNKNOWN, "unknown", False),
        ("empty", {}, State.UNKNOWN, "unknown", False),
        ("gzip_truncated", {}, State.UNKNOWN, "unknown", False),
    ],
)
def test_what_comes_next_is_told_by_the_cause(elryan, vendor, fault, more, state, kind, waits):
    elryan.fault(fault, path="*/orders/cancel/*", **more)
    done = sent(vendor, "cancel_line", cancel(elryan))
    assert (done.state, done.error_kind, bool(done.error)) == (state, kind, True), done.error
    assert (done.state == State.QUEUED and done.not_before is not None) is waits
    calls = len(elryan.ledger.asked("*/orders/cancel/*"))
    sending.send(done.pk)
    assert len(elryan.ledger.asked("*/orders/cancel/*")) == calls, "not before its time, and not by itself"


def test_what_waited_for_a_token_goes_as_soon_as_there_is_one(elryan, vendor):
    fault = elryan.fault("status", path="*/orders/cancel/*", code=401)
    waits = sent(vendor, "cancel_line", cancel(elryan))
    assert waits.state == State.QUEUED
    assert switches.held(vendor, "cancel_line"), "nobody calls with a token that is not accepted"
    elryan.clear_faults(fault)
    connecting.connect("elryan", vendor.slug, secrets={"token": elryan.living_token()})
    assert writes.sweep(60) == 1
    sending.send(waits.pk)
    assert Command.objects.get(pk=waits.pk).state == State.CONFIRMED


def test_nobody_answers_so_it_goes_later_and_later_still(elryan, vendor):
    Vendor.objects.filter(pk=vendor.pk).update(base_url="http://127.0.0.1:9/api")
    (command,) = asking.ask(vendor, "cancel_line", cancel(elryan))
    waits = []
    for _ in range(3):
        Command.objects.filter(pk=command.pk).update(not_before=None)
        Vendor.objects.filter(pk=vendor.pk).update(state="active", blocked_until=None)
        before = timezone.now()
        sending.send(command.pk)
        command.refresh_from_db()
        assert (command.state, command.error_kind) == (State.QUEUED, "wait")
        assert command.not_before
        waits.append((command.not_before - before).total_seconds())
    assert waits[0] < waits[1] < waits[2]


@pytest.mark.parametrize(("fault", "more"), [("drop", {}), ("status", {"code": 500})])
def test_a_lost_answer_is_unknown_then_proved_by_a_look_up(elryan, vendor, fault, more):
    elryan.fault(fault, path="*/orders/cancel/*", times=1, accept=True, **more)
    body = cancel(elryan)
    done = sent(vendor, "cancel_line", body)
    assert done.state == State.UNKNOWN
    assert sending.send(done.pk) is None
    assert looking.look_up(done.pk).state == State.CONFIRMED
    assert len(elryan.ledger.accepted("cancel_line", body["line"])) == 1


def test_while_one_is_unknown_the_next_about_the_same_thing_waits(elryan, vendor):
    connecting.confirm(vendor, ["prepare_line"])
    elryan.fault("drop", path="*/orders/prepare/*", times=1, accept=True)
    line = open_line(elryan)
    first = sent(vendor, "prepare_line", {"line": line})
    second = sent(vendor, "cancel_line", {"line": line, "reason": "out_of_stock"})
    assert (first.state, second.state) == (State.UNKNOWN, State.QUEUED)
    deciding.confirm(first.pk, "Ada", "seen in the portal")
    sending.send(second.pk)
    assert Command.objects.get(pk=second.pk).state == State.CONFIRMED


def skus(sim: Any) -> list[str]:
    return [str(row["sku"]) for row in sim.truth("variants")]


def test_strangers_among_articles_are_marked_one_by_one(elryan, vendor):
    good = skus(elryan)[0]
    done = sent(
        vendor, "stock_and_price", {"items": [{"sku": good, "stock": 3, "price": 12.5}, {"sku": "NIX", "stock": 1}]}
    )
    assert done.state == State.CONFIRMED
    assert dict(done.items.values_list("thing", "state")) == {f"variant:{good}": "done", "variant:NIX": "refused"}
    assert "1 of 2 were not done" in done.error
    assert elryan.ledger.accepted("stock_and_price", good)[0].payload == {"sku": good, "stock": 3, "price": 12.5}


def test_many_articles_go_in_parts(elryan, vendor):
    connecting.store_options(vendor, {"stock_chunk": 2})
    vendor.refresh_from_db()
    made = asking.ask(vendor, "stock_and_price", {"items": [{"sku": f"S-{place}", "stock": 7} for place in range(5)]})
    assert [len(command.body["items"]) for command in made] == [2, 2, 1]
    assert len({command.batch for command in made}) == 1


def test_of_two_values_the_newest_goes_last_and_the_older_never_after_it(elryan, vendor):
    sku = skus(elryan)[0]
    (old,) = asking.ask(vendor, "stock_and_price", {"items": [{"sku": sku, "stock": 1, "price": 9}]})
    new = sent(vendor, "stock_and_price", {"items": [{"sku": sku, "stock": 2}]})
    sending.send(old.pk)
    old.refresh_from_db()
    assert (new.state, old.state) == (State.CONFIRMED, State.CONFIRMED)
    assert old.body == {"items": [{"sku": sku, "price": 9}]}, "of the older only what the newer does not say is sent"
    (older,) = asking.ask(vendor, "stock_and_price", {"items": [{"sku": sku, "price": 8}]})
    sent(vendor, "stock_and_price", {"items": [{"sku": sku, "price": 7}]})
    assert sending.send(older.pk) is None
    older.refresh_from_db()
    assert older.state == State.CANCELLED
    row = next(row for row in elryan.truth("variants") if row["sku"] == sku)
    assert (row["stock"], row["price"]) == (2, 7)


def test_a_decision_is_known_again_although_later_values_replaced_a_part_of_it(elryan, vendor):
    first, second = skus(elryan)[:2]
    items = [{"sku": first, "stock": 1, "price": 9}, {"sku": second, "stock": 1}]
    (old,) = asking.ask(vendor, "stock_and_price", {"items": items}, key="mine")
    sent(vendor, "stock_and_price", {"items": [{"sku": first, "stock": 2}, {"sku": second, "stock": 3}]})
    sending.send(old.pk)
    old.refresh_from_db()
    assert old.body == {"items": [{"sku": first, "price": 9}]}
    (again,) = asking.ask(vendor, "stock_and_price", {"items": items}, key="mine")
    assert again.pk == old.pk
    with pytest.raises(bodies.BadBody, match="already used"):
        asking.ask(vendor, "stock_and_price", {"items": [{**items[0], "price": 8}, items[1]]}, key="mine")


def test_what_was_looked_up_in_vain_keeps_nobody_from_being_looked_up(elryan, vendor):
    now = timezone.now()
    row = {"vendor": vendor, "verb": "cancel_line", "state": State.UNKNOWN, "asked_at": now, "sent_at": now}
    Command.objects.bulk_create(Command(**row, key=f"vain-{n}", looks=len(looking.AGAIN)) for n in range(500))
    late = Command.objects.create(**row, key="late")
    assert [command.pk for command in looking.due(now + looking.AGAIN[0])] == [late.pk]


def test_values_that_did_not_arrive_go_again_after_a_look_up(elryan, vendor):
    sku = skus(elryan)[0]
    elryan.fault("status", path="/variants/stock-and-price", times=1, code=500)
    done = sent(vendor, "stock_and_price", {"items": [{"sku": sku, "stock": 41}]})
    assert done.state == State.UNKNOWN
    assert looking.look_up(done.pk).state == State.QUEUED
    sending.send(done.pk)
    assert Command.objects.get(pk=done.pk).state == State.CONFIRMED
    assert len(elryan.ledger.accepted("stock_and_price", sku)) == 1


def test_what_may_still_be_on_its_way_is_not_sent_again(elryan, vendor):
    sku = skus(elryan)[0]
    elryan.fault("drop", path="/variants/stock-and-price", times=1)
    lost = sent(vendor, "stock_and_price", {"items": [{"sku": sku, "stock": 41}]})
    seen = looking.look_up(lost.pk)
    assert (seen.state, seen.shown.endswith("It may still be on its way.")) == (State.UNKNOWN, True)
    Command.objects.filter(pk=lost.pk).update(not_before=timezone.now())
    assert looking.look_up(lost.pk).state == State.QUEUED
    sending.send(lost.pk)
    assert len(elryan.ledger.accepted("stock_and_price", sku)) == 1


def test_what_is_held_does_not_stand_in_the_way_of_what_may_go(elryan, vendor, monkeypatch):
    monkeypatch.setattr(writes, "AT_ONCE", 2)
    switches.stop(vendor, "cancel_line", by="Ada")
    for number in range(3):
        asking.ask(vendor, "cancel_line", {"line": f"held-{number}", "reason": "out_of_stock"})
    first, second = skus(elryan)[:2]
    elryan.fault("drop", path="/variants/stock-and-price", times=1)
    sent(vendor, "stock_and_price", {"items": [{"sku": first, "stock": 1}]})
    for value in (2, 3):
        asking.ask(vendor, "stock_and_price", {"items": [{"sku": first, "stock": value}]})
    (free,) = asking.ask(vendor, "stock_and_price", {"items": [{"sku": second, "stock": 9}]})
    assert [command.pk for command in writes._ready(timezone.now())] == [free.pk]


def test_what_never_left_is_put_back_when_the_database_goes_away(elryan, vendor, refusing):
    refusing("command.sending")
    done = sent(vendor, "cancel_line", cancel(elryan))
    assert (done.state, done.owner, elryan.ledger.writes) == (State.QUEUED, "", 0)
    sending.send(done.pk)
    assert Command.objects.get(pk=done.pk).state == State.CONFIRMED


@pytest.mark.parametrize("point", ["request.sent", "answer.received", "call.logged", "command.answered"])
def test_an_answer_is_kept_although_the_database_goes_away(elryan, vendor, refusing, point):
    refusing(point)
    done = sent(vendor, "cancel_line", cancel(elryan))
    assert (done.state, done.attempts, elryan.ledger.writes) == (State.CONFIRMED, 1, 1)
    assert not RateSlot.objects.exclude(holder="").exists(), "nobody has to wait for its slot"


@pytest.mark.parametrize("point", ["request.sent", "call.logged"])
def test_a_lost_answer_stays_unknown_although_the_database_goes_away(elryan, vendor, refusing, point):
    elryan.fault("drop", path="*/orders/cancel/*", times=1, accept=True)
    refusing(point)
    done = sent(vendor, "cancel_line", cancel(elryan))
    assert (done.state, elryan.ledger.writes) == (State.UNKNOWN, 1)


@pytest.mark.parametrize("point", ["command.stored", "command.mirrored"])
def test_a_mistake_of_ours_after_the_vendors_yes_never_says_no(elryan, vendor, point):
    def mistaken(name: str) -> None:
        if name == point:
            faultpoints.hook = None
            raise RuntimeError("a mistake of the hub")

    faultpoints.hook = mistaken
    try:
        done = sent(vendor, "cancel_line", cancel(elryan))
    finally:
        faultpoints.hook = None
    assert (done.state, elryan.ledger.writes) == (State.UNKNOWN, 1)
    assert looking.look_up(done.pk).state == State.CONFIRMED


def test_a_yes_stands_although_its_row_cannot_be_stored(elryan, vendor, monkeypatch):
    def unable(batch: Any) -> None:
        raise DataError("value too long")

    monkeypatch.setattr("orders.mirror.orders", unable)
    done = sent(vendor, "cancel_line", cancel(elryan))
    assert (done.state, elryan.ledger.writes) == (State.CONFIRMED, 1)


def test_approval_shows_the_request_and_sends_only_then(elryan, vendor):
    vendor = write(vendor, "approve")
    body = cancel(elryan)
    waiting = sent(vendor, "cancel_line", body)
    assert waiting.state == State.AWAITING
    assert waiting.request == {
        "method": "PUT",
        "path": f"orders/cancel/{body['line']}",
        "body": {"reason": "out_of_stock"},
    }
    assert elryan.ledger.writes == 0
    deciding.approve(waiting.pk, "Ada")
    sending.send(waiting.pk)
    assert elryan.ledger.writes == 1
    with pytest.raises(deciding.TooLate):
        deciding.approve(waiting.pk, "Bob")
    other = sent(vendor, "cancel_line", body)
    deciding.reject(other.pk, "Ada", "the customer called")
    other.refresh_from_db()
    assert (other.state, other.story[-1]["what"]) == (State.CANCELLED, "rejected: the customer called")


def test_a_stopped_verb_holds_its_commands_and_lets_them_go_again(elryan, vendor):
    switches.stop(vendor, "cancel_line", by="Ada", reason="stock count")
    held = sent(vendor, "cancel_line", cancel(elryan))
    assert held.state == State.QUEUED
    assert switches.held(vendor, "cancel_line") == "Stopped by Ada: stock count."
    assert writes.sweep(60) == 0
    switches.resume(vendor, "cancel_line", by="Ada")
    assert writes.sweep(60) == 1
    sending.send(held.pk)
    assert elryan.ledger.writes == 1


def test_a_verb_may_write_less_freely_than_its_connection(elryan, vendor):
    switches.set_mode(vendor, "cancel_line", "approve", by="Ada")
    assert sent(vendor, "cancel_line", cancel(elryan)).state == State.AWAITING
    write(vendor, "off")
    switches.set_mode(vendor, "cancel_line", "on", by="Ada")
    vendor.refresh_from_db()
    assert switches.mode_of(vendor, "cancel_line") == "off", "a connection that only reads only reads"


def test_a_paused_sender_cannot_store_a_stale_outcome(elryan, vendor):
    (command,) = asking.ask(vendor, "cancel_line", cancel(elryan))

    def taken_over(name: str) -> None:
        if name == "command.answered":
            Command.objects.filter(pk=command.pk).update(fence=99, state=State.UNKNOWN)

    faultpoints.hook = taken_over
    try:
        sending.send(command.pk)
    finally:
        faultpoints.hook = None
    command.refresh_from_db()
    assert (command.state, command.answer) == (State.UNKNOWN, None)


def test_a_sender_taken_over_before_the_call_does_not_make_it(elryan, vendor):
    (command,) = asking.ask(vendor, "cancel_line", cancel(elryan))

    def taken_over(name: str) -> None:
        if name == "command.sending":
            Command.objects.filter(pk=command.pk).update(fence=99)

    faultpoints.hook = taken_over
    try:
        sending.send(command.pk)
    finally:
        faultpoints.hook = None
    assert elryan.ledger.writes == 0


@pytest.mark.parametrize("point", ["command.sending", "request.connected"])
def test_a_process_that_slept_before_the_call_does_not_make_it_once_another_did(elryan, vendor, point):
    """Paused by SIGSTOP, as a machine under strain does: its time runs out, another looks it up and sends it, then it wakes."""
    sku = skus(elryan)[0]
    (command,) = asking.ask(vendor, "stock_and_price", {"items": [{"sku": sku, "stock": 41}]})
    sleeper = asleep(command.pk, point)
    try:
        assert writes.sweep(60) == 0, "it is alive and has time"
        Command.objects.filter(pk=command.pk).update(lease_until=timezone.now())
        RateSlot.objects.update(free_at=timezone.now())  # the time of the slot it sleeps on has run out as well
        writes.sweep(60)
        Command.objects.filter(pk=command.pk).update(not_before=None)  # nothing can be on its way any more
        assert looking.look_up(command.pk).state == State.QUEUED
        sending.send(command.pk)
        assert Command.objects.get(pk=command.pk).state == State.CONFIRMED
    finally:
        os.kill(sleeper, signal.SIGCONT)
        ended = os.waitpid(sleeper, 0)[1]
    assert os.waitstatus_to_exitcode(ended) == 0, "it finds out by itself, and leaves it"
    assert len(elryan.ledger.asked("/variants/stock-and-price")) == 1
    done = Command.objects.get(pk=command.pk)
    assert (done.state, done.attempts) == (State.CONFIRMED, 2)


def asleep(pk: int, point: str) -> int:
    """A process that sends the command, and has fallen asleep at the point."""

    def sleep(name: str) -> None:
        if name == point:
            faultpoints.hook = None
            os.kill(os.getpid(), signal.SIGSTOP)

    connections.close_all()
    child = os.fork()
    if not child:
        try:
            faultpoints.hook = sleep
            sending.send(pk)
        except BaseException:  # noqa: BLE001 - the child has nobody to raise to
            traceback.print_exc(file=sys.__stderr__)
            os._exit(1)
        os._exit(0)
    assert os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1])
    return child


@pytest.mark.parametrize(
    ("code", "to", "state"),
    [
        (303, "/elryan/api/orders", State.UNKNOWN),
        (302, "/login", State.UNKNOWN),
        (301, "https://elsewhere.example/index", State.UNKNOWN),
        (307, "https://elsewhere.example/login", State.REFUSED),
        (308, "https://elsewhere.example{path}", State.REFUSED),
        (301, "https://elsewhere.example{path}", State.REFUSED),
        (303, "https://elsewhere.example{path}", State.UNKNOWN),
    ],
)
def test_a_redirect_after_a_write_says_no_only_where_it_can(elryan, vendor, code, to, state):
    body = cancel(elryan)
    base = vendor.base_url.partition("//")[2].partition("/")[2]
    there = to.format(path=f"/{base}/orders/cancel/{body['line']}")
    elryan.fault("redirect", path="*/orders/cancel/*", to=there, code=code, times=1, accept=state == State.UNKNOWN)
    done = sent(vendor, "cancel_line", body)
    assert (done.state, done.attempts) == (state, 1), done.error
    assert len(elryan.ledger.asked("*/orders/cancel/*")) == 1, "it is followed nowhere"
    if state == State.UNKNOWN:
        assert looking.look_up(done.pk).state == State.CONFIRMED


def called(*words: str) -> tuple[int, dict[str, Any]]:
    out, code = StringIO(), 0
    try:
        call_command(*words, stdout=out)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, json.loads(out.getvalue())


def test_send_prints_what_came_of_it(elryan, vendor, tmp_path):
    body = cancel(elryan)
    file = tmp_path / "body.json"
    file.write_text(json.dumps(body))
    code, told = called("send", "elryan-iq", "cancel_line", "--json-body", f"@{file}")
    assert code == 0
    assert {name: told[name] for name in ("vendor", "verb", "state", "error")} == {
        "vendor": "elryan-iq", "verb": "cancel_line", "state": "confirmed", "error": None,
    }  # fmt: skip
    assert told["answer"]["data"]["cancelReason"] == "out_of_stock"
    assert told["key"]
    with pytest.raises(CommandError) as wrong:
        call_command("send", "elryan-iq", "fly")
    assert wrong.value.returncode == 2
    write(vendor, "off")
    code, told = called("send", "elryan-iq", "cancel_line", "--json-body", json.dumps(body))
    assert (code, told["state"]) == (1, "refused")


def test_send_tells_a_part_that_was_not_done(elryan, vendor):
    items = [{"sku": skus(elryan)[0], "stock": 4}, {"sku": "NIX", "stock": 4}]
    code, told = called("send", "elryan-iq", "stock_and_price", "--json-body", json.dumps({"items": items}))
    assert (code, told["state"]) == (3, "confirmed")
    assert told["answer"]["data"]["notFoundVariantsInDb"] == ["NIX"]


def test_unknown_lists_and_looks_up(elryan, vendor):
    elryan.fault("drop", path="*/orders/cancel/*", times=1, accept=True)
    sent(vendor, "cancel_line", cancel(elryan))
    code, told = called("unknown", "--json")
    assert code == 1
    assert [row["state"] for row in told["commands"]] == ["unknown"]
    code, told = called("unknown", "--look-up", "--json")
    assert (code, told["ok"], told["commands"][0]["state"]) == (0, True, "confirmed")
    assert called("unknown", "--json") == (0, {"ok": True, "commands": []})


def test_a_command_is_sent_by_a_worker_and_swept_when_its_hint_was_lost(elryan, vendor, worker):
    (command,) = asking.ask(vendor, "cancel_line", cancel(elryan))
    assert ("send_command", [command.pk], "live") in worker.hints
    worker.forget()
    assert writes.sweep(60) == 1
    worker.work()
    command.refresh_from_db()
    assert command.state == State.CONFIRMED
    assert CommandItem.objects.filter(in_flight=True).count() == 0
