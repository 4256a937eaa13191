"""News of pages cut from one answer go in together, and nothing of them is lost or put in the wrong order."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import PriceChange, Variant
from integrations import connecting, faultpoints, paging, sync
from integrations.models import Fingerprint, SyncRun, Trigger, Vendor
from integrations.services.elko.simulator import Simulator
from integrations.simulator import Server
from integrations.simulator.table import Table

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elko(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    sizes: Any = paging.whole_list.__kwdefaults__
    monkeypatch.setitem(sizes, "size", 2)  # a page of two rows
    sim = Simulator(seed="tiny")
    with Server(sim):
        yield sim


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the engine came by each of its named places."""
    visited: Counter[str] = Counter()
    monkeypatch.setattr(faultpoints, "hook", lambda name: visited.update((name,)))
    return visited


@pytest.fixture
def vendor(elko: Simulator) -> Vendor:
    given = elko.connections()[0]
    made = connecting.connect("elko", "elko-test", **{k: given[k] for k in ("base_url", "options", "secrets")})
    run(made)
    return made


def run(vendor: Vendor, **how: Any) -> SyncRun:
    done = sync.run(vendor, "products", Trigger.COMMAND_LINE, **{"slice_seconds": None, **how})
    assert done is not None
    return SyncRun.objects.get(pk=done.pk)


def dearer(elko: Simulator, *places: int) -> list[str]:
    """Raise the price of the rows at these places; returns their ids."""
    rows = elko.truth("products")
    for place in places:
        elko.change("products", rows[place]["id"], price=round(rows[place]["price"] * 1.1, 2))
    return [str(rows[place].get("elkoCode") or rows[place]["id"]) for place in places]


def test_a_change_on_every_page_is_one_transaction(elko: Simulator, vendor: Vendor, visits: Counter[str]) -> None:
    rows = len(elko.truth("products"))
    dearer(elko, *range(2, rows, 2))
    done = run(vendor)
    assert (done.state, done.updated, done.unchanged) == (SyncRun.State.OK, (rows - 1) // 2, rows - (rows - 1) // 2)
    assert visits["page.sorted"] == (rows + 1) // 2
    assert visits["rows.staged"] == 1
    assert PriceChange.objects.filter(run_id=done.pk, field="price").count() == done.updated


def test_what_was_gathered_is_stored_before_the_run_parks(elko: Simulator, vendor: Vendor) -> None:
    (code,) = dearer(elko, 0)
    parked = run(vendor, slice_seconds=0)
    assert parked.state == SyncRun.State.RUNNING
    assert PriceChange.objects.filter(run_id=parked.pk, variant__external_id=code).exists()
    assert (parked.seen, parked.updated, parked.unchanged) == (2, 1, 1)


def test_a_row_that_comes_again_while_it_waits_is_compared_with_what_it_said_first(
    elko: Simulator, vendor: Vendor, visits: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [dict(row) for row in elko.truth("products")]
    first = rows[2]
    code = str(first.get("elkoCode") or first["id"])
    dear = {**first, "price": round(first["price"] * 1.5, 2)}
    # On the second page with a new price, on the fourth as it was before the run.
    listed = [*rows[:2], dear, *rows[3:6], first, *rows[6:]]
    monkeypatch.setattr(Table, "__iter__", lambda table: iter(listed))
    elko.table("products").revision += 1
    done = run(vendor)
    variant = Variant.objects.get(vendor=vendor, external_id=code)
    assert variant.price == Decimal(str(first["price"])).quantize(Decimal("0.000001"))
    assert visits["rows.staged"] == 2
    assert [c.after > c.before for c in PriceChange.objects.filter(run_id=done.pk).order_by("pk")] == [True, False]
    assert (done.seen, done.created + done.updated + done.unchanged) == (len(rows), len(rows))


def test_a_failure_behind_it_loses_nothing_and_vouches_for_nothing_else(elko: Simulator, vendor: Vendor) -> None:
    known = dict(Fingerprint.objects.values_list("external_id", "digest"))
    (code,) = dearer(elko, 4)
    parsed = sync.intake.sort
    pages = 0

    def failing(*args: Any, **more: Any) -> Any:
        nonlocal pages
        pages += 1
        if pages == 4:
            raise RuntimeError("a mistake of our own")
        return parsed(*args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sync.intake, "sort", failing)
        with pytest.raises(RuntimeError):
            run(vendor)
    assert dict(Fingerprint.objects.values_list("external_id", "digest")) == known
    assert not PriceChange.objects.filter(variant__external_id=code).exists()
    assert run(vendor).updated == 1
    assert PriceChange.objects.filter(variant__external_id=code, field="price").count() == 1
