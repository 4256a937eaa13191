"""Fault 39, the night the clocks change: runs of a vendor whose days are those of a zone with summer time.

The hub's clock is moved along by hand; the vendor's days follow it.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from integrations import connecting, schedules
from integrations.models import Schedule
from integrations.numbers import jde_number
from orders.models import Order, Transaction
from tests.faults.rig import rig

pytestmark = pytest.mark.django_db(transaction=True)
RIGA = ZoneInfo("Europe/Riga")
HOUR = timedelta(hours=1)


class Clock:
    """What the hub takes for the time: it goes on from where it was set."""

    def __init__(self) -> None:
        self.set(datetime.now(UTC))

    def set(self, at: datetime) -> None:
        self._at, self._since = at, time.monotonic()

    def __call__(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._since)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", clock := Clock())
        yield clock


def last_change(*, back: bool) -> datetime:
    """The newest moment before today at which Riga's clocks were put forward, or back."""
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 48 * HOUR
    while True:
        before, after = ((at + step).astimezone(RIGA).utcoffset() for step in (-HOUR, HOUR * 0))
        assert before is not None
        assert after is not None
        if (after < before) if back else (after > before):
            return at
        at -= HOUR


@pytest.mark.parametrize("back", [False, True], ids=["forward", "back"])
def test_39_the_night_the_clocks_change_loses_no_day_and_no_run(clock: Clock, back: bool) -> None:
    change = last_change(back=back)
    with rig("elko", invoice_days=420) as one:
        one.simulator.limit = 10**6
        connecting.confirm(one.vendor, ["invoices"])
        invoice, order = one.simulator.truth("invoices")[0], one.simulator.truth("orders")[0]
        one.good("products")
        days, asked = {}, []
        for number, hours in enumerate((-30, -6, -4, -1, 0, 1, 20, 22, 30)):
            clock.set(change + hours * HOUR)
            day = clock().astimezone(RIGA).date()
            days[str(700_000 + number)] = day
            one.simulator.put("invoices", {**invoice, "invoiceId": 700_000 + number, "dateCreate": jde_number(day)})
            one.simulator.put("orders", {**order, "id": 700_000 + number, "created": jde_number(day)})
            for flow in ("invoices", "orders"):
                one.good(flow)
                schedule = Schedule.objects.get(flow=flow)
                assert schedule.last_ok_at is not None
                assert schedule.due_at == (due := schedule.last_ok_at + schedule.every), "a period is a period"
                assert flow not in {found.flow for found in schedules.due(due - timedelta(seconds=1))}
                assert flow in {found.flow for found in schedules.due(due)}
                assert not schedule.is_late(due)
            asked.append(one.simulator.ledger.asked()[-2].path.rsplit("/", 2)[1:])
            assert asked[-1][1] == str(jde_number(day + timedelta(days=1)))
        bills = dict(Transaction.objects.filter(external_id__in=days).values_list("external_id", "date"))
        assert bills == days
        placed = dict(Order.objects.filter(external_id__in=days).values_list("external_id", "placed_at"))
        assert {key: at.astimezone(RIGA).isoformat()[:19] for key, at in placed.items()} == {
            key: f"{day}T00:00:00" for key, day in days.items()
        }
        midnights = sorted(set(placed.values()))
        assert {later - earlier for earlier, later in pairwise(midnights)} == {
            24 * HOUR, (25 if back else 23) * HOUR,
        }, "a day of this night is an hour longer or shorter"  # fmt: skip
        assert asked == sorted(asked), "the days asked for only go on"
        clock.set(datetime.now(UTC))
        one.hold("products", "orders", "invoices")
