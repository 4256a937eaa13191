"""An answer that was lost is looked up; only proof settles it, and nothing goes again that may be on its way."""

import pytest
from django.utils import timezone

from integrations import connecting
from integrations.commands import deciding, looking, sending
from integrations.models import Command
from integrations.tests.sending.acts import cancel, open_line, sent, skus

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State


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


@pytest.mark.parametrize(
    "others", [{"looks": len(looking.AGAIN)}, {"looks": len(looking.AGAIN) - 1}, {"verb": "one of an older version"}]
)
def test_what_cannot_be_looked_up_now_keeps_nobody_from_being_looked_up(elryan, vendor, others):
    now = timezone.now()
    row = {"vendor": vendor, "verb": "cancel_line", "state": State.UNKNOWN, "asked_at": now, "sent_at": now}
    Command.objects.bulk_create(Command(**{**row, **others}, key=f"vain-{n}", looked_at=now) for n in range(500))
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


@pytest.mark.parametrize(("fault", "more"), [("drop", {}), ("status", {"code": 504})])
def test_what_may_still_be_on_its_way_is_not_sent_again(elryan, vendor, fault, more):
    sku = skus(elryan)[0]
    elryan.fault(fault, path="/variants/stock-and-price", times=1, **more)
    lost = sent(vendor, "stock_and_price", {"items": [{"sku": sku, "stock": 41}]})
    seen = looking.look_up(lost.pk)
    assert (seen.state, seen.shown.endswith("It may still be on its way.")) == (State.UNKNOWN, True)
    Command.objects.filter(pk=lost.pk).update(not_before=timezone.now())
    assert looking.look_up(lost.pk).state == State.QUEUED
    sending.send(lost.pk)
    assert len(elryan.ledger.accepted("stock_and_price", sku)) == 1
