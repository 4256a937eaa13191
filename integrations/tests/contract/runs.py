"""What a run of any flow of any vendor must keep: converge, once, in slices as in one go, one bad row apart."""

from datetime import date, timedelta
from typing import Any

from django.db import models

from integrations.models import Reject, SyncRun
from integrations.tests.contract import stored
from integrations.tests.contract.party import Party

MANY, FEW = 500, 20
OK, PARTIAL, FAILED = SyncRun.State.OK, SyncRun.State.PARTIAL, SyncRun.State.FAILED


def holds_the_vendors_truth(party: Party, flow: str) -> None:
    party.connected()
    party.prepare(flow)
    done = party.run(flow)
    assert done.state == OK, f"{flow} ended {done.state}: {done.error}"
    wanted = party.simulator.ids_of(flow)
    assert wanted, f"the simulator has no rows of {flow}"
    assert done.seen >= len(wanted), f"{flow}: {done.seen} rows seen of {len(wanted)}"
    assert stored.vouched(flow, party.vendor) == wanted, f"{flow}: what was read is not what the vendor has"
    if flow in stored.MODELS:
        held = stored.ids(flow, party.vendor)
        assert wanted <= held, f"{flow}: not stored: {sorted(wanted - held)[:5]}"


def writes_nothing_twice(party: Party, flow: str) -> None:
    """A second run, a full one and a verify change no stored value, not even a time."""
    party.connected()
    party.prepare(flow)
    first = party.run(flow)
    assert first.state == OK, f"{flow} ended {first.state}: {first.error}"
    before = stored.exact(party.vendor)
    for mode in (None, SyncRun.Mode.FULL, SyncRun.Mode.VERIFY):
        again = party.run(flow, mode=mode)
        counts = (again.state, again.created, again.updated, again.rejected, again.gone, again.held)
        assert counts == (OK, 0, 0, 0, 0, 0), f"{flow} once more ({mode}) counts {counts}: {again.error}"
        assert again.unchanged == again.seen, f"{flow} once more ({mode}): {again.unchanged} of {again.seen} unchanged"
        if mode == SyncRun.Mode.VERIFY:
            assert again.seen == first.seen, f"{flow}: a verify saw {again.seen} rows, the first run {first.seen}"
        after = stored.exact(party.vendor)
        wrote = [name for name, rows in before.items() if after[name] != rows]
        assert not wrote, f"{flow} once more ({mode}) wrote into {wrote}"


def repairs_what_was_changed_behind_its_back(party: Party, flow: str) -> None:
    party.connected()
    party.prepare(flow)
    before = _cells(party)
    party.run(flow)
    after = _cells(party)
    own = party.simulator.ids_of(flow)
    written = [cell for cell, value in after.items() if before.get(cell) != value and value]
    written.sort(key=lambda cell: (cell[2] not in own, cell[0]._meta.label, cell[1]))
    assert written, f"{flow} wrote nothing an operator could see"
    model, pk, _, name = written[0]
    model._base_manager.filter(pk=pk).update(**{name: _another(after[written[0]])})
    assert party.run(flow).state == OK
    done = party.run(flow, mode=SyncRun.Mode.VERIFY)
    assert done.state == OK, f"{flow}: a verify ended {done.state}: {done.error}"
    assert done.updated >= 1, f"{flow}: a verify does not count what it repaired"
    now = model._base_manager.values_list(name, flat=True).get(pk=pk)
    assert now == after[written[0]], f"{flow}: {model._meta.label}.{name} is still {now!r} after a verify"


def _cells(party: Party) -> dict[tuple[type[models.Model], Any, str, str], Any]:
    """Texts, numbers and days of the vendor's rows by model, row, external id and column; texts of a few letters left out."""
    found = {}
    kinds = models.CharField | models.TextField | models.DecimalField | models.DateField
    skip = {"external_id", "search", "note", "direction", "kind", "status", "match", "subject", "word", "meaning"}
    skip |= {"currency", "retail_currency", "match", *stored.WHEN}
    skip.add(
        "vendor_changed_at"
    )  # a row that says it is newer than the vendor's is believed: an older one takes nothing back
    for model in stored.tables():
        names = sorted({f.name for f in model._meta.concrete_fields if isinstance(f, kinds)} - skip)
        for row in stored.rows_of(model, party.vendor):
            for name in names:
                found[model, row.pk, getattr(row, "external_id", ""), name] = getattr(row, name)
    return found


def _another(value: Any) -> Any:
    return value + (timedelta(days=1) if isinstance(value, date) else 1) if not isinstance(value, str) else "tampered"


def does_in_slices_what_it_does_in_one_go(party: Party, flow: str) -> None:
    """Two connections to one account: one reads page by page with a new owner each time, the other straight."""
    party.pages_of(3)
    sliced, whole = party.other("sliced"), party.other("whole")
    for one in (sliced, whole):
        one.connected(page=3)
        one.prepare(flow)
    parked, straight = sliced.run_in_slices(flow), whole.run(flow)
    assert (parked.state, straight.state) == (OK, OK), f"{flow} ended {parked.state}: {parked.error or straight.error}"
    names = ("seen", "created", "updated", "unchanged", "rejected", "gone")
    for name in names:
        assert getattr(parked, name) == getattr(straight, name), f"{flow} in slices: {name} differs from one go"
    these, those = stored.picture(sliced.vendor), stored.picture(whole.vendor)
    assert these == those, (
        f"{flow} in slices left other rows in {[name for name in these if these[name] != those[name]]}"
    )


def loses_nothing_to_one_bad_row(party: Party, flow: str) -> None:
    """Of five hundred rows one is no object: it is kept as a reject, all others are there."""
    simulator = party.simulator
    table = simulator.table_of(flow)
    _grow(party, flow, table, FEW)
    if party.run(flow).requests < FEW:  # else each row costs a call
        _grow(party, flow, table, MANY)
    vendor = party.vendor
    wanted = simulator.ids_of(flow)
    # A row in the middle of a long list; where many small lists are asked for, the first row of one of them.
    places: tuple[dict[str, Any], ...] = ({"at": MANY // 2}, {"at": 0, "times": 1})
    for where in places:
        if party.service.flows[flow].codes and "times" not in where:
            continue
        fault = simulator.fault("bad_row", **where)
        done = party.run(flow, mode=SyncRun.Mode.VERIFY)
        if fault.reached.is_set():
            break
    else:
        assert table not in simulator.tables, f"{flow}: the simulator's rows were never asked for"
        return  # fixed words, none of which can be bad
    assert (done.state, done.rejected) == (PARTIAL, 1), (
        f"{flow} ended {done.state}, {done.rejected} rejects: {done.error}"
    )
    reject = Reject.objects.get(vendor=vendor, flow=flow)
    assert reject.raw, f"{flow}: the reject does not keep the row"
    assert reject.reason, f"{flow}: the reject does not say why"
    lost = wanted - stored.vouched(flow, vendor)
    assert len(lost) <= 1, f"{flow}: one bad row cost {len(lost)} rows"


def _grow(party: Party, flow: str, table: str, rows: int) -> None:
    if table in party.simulator.tables:
        while len(party.simulator.ids_of(flow)) < rows:
            party.simulator.insert_front(table)
    party.connected()
    party.prepare(flow)


def stops_a_list_that_never_ends(party: Party, flow: str) -> None:
    """The same page for ever: stopped with an error that says so; vendors without pages have nothing to stop."""
    simulator = party.simulator
    table = simulator.table_of(flow)
    if table in simulator.tables:
        while len(simulator.ids_of(flow)) < 10:
            simulator.insert_front(table)
    party.connected(page=2)
    party.prepare(flow)
    asked = simulator.ledger.requests
    loop = simulator.fault("repeat_page")
    enough = simulator.fault("status", code=500, after=200)  # else a hub that loops would never come to an end here
    done = party.run(flow)
    simulator.clear_faults()
    assert not enough.used, f"{flow} asked {simulator.ledger.requests - asked} times for the same page"
    if not loop.reached.is_set():
        assert done.state == OK, f"{flow} ended {done.state}: {done.error}"
        return
    assert (done.state, done.error_kind) == (FAILED, "bad_payload"), f"{flow} ended {done.state}, {done.error_kind}"
    assert "circle" in done.error, f"{flow}: the error does not say what happened: {done.error}"
    assert done.cure, f"{flow}: the error names no cure"
    again = party.run(flow)
    assert again.state == OK, f"{flow} did not recover: {again.error}"
    assert stored.vouched(flow, party.vendor) == simulator.ids_of(flow), f"{flow}: rows are missing after the loop"
