"""The contract, over every vendor folder there is: a new folder is held to it without a word being added here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.service import services
from integrations.tests.contract import declared, runs, told
from integrations.tests.contract.party import Party, served

KINDS = sorted(services())
FLOWS = [(kind, flow) for kind in KINDS for flow in services()[kind].flows]
ERRORS = [*told.FAULTS, "bug"]

every_kind = pytest.mark.parametrize("kind", KINDS)
every_flow = pytest.mark.parametrize(("kind", "flow"), FLOWS)
once = pytest.mark.sqlite_only  # what is told is the same on any database


@pytest.fixture
def party(kind: str, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Party]:
    with served(kind, monkeypatch) as found:
        yield found


@every_kind
def test_declares_what_a_form_and_a_schedule_need(kind: str) -> None:
    declared.declares_what_a_form_and_a_schedule_need(services()[kind])


@every_kind
def test_agrees_in_its_names(kind: str) -> None:
    declared.agrees_in_its_names(services()[kind])


@every_kind
def test_has_fixtures_that_parse(kind: str) -> None:
    declared.has_fixtures_that_parse(services()[kind])


@every_kind
def test_refuses_what_it_does_not_know(party: Party) -> None:
    declared.refuses_what_it_does_not_know(party)


@every_kind
def test_starts_unproven_flows_off(party: Party) -> None:
    declared.starts_unproven_flows_off(party)


@every_flow
def test_holds_the_vendors_truth(party: Party, flow: str) -> None:
    runs.holds_the_vendors_truth(party, flow)


@every_flow
def test_writes_nothing_twice(party: Party, flow: str) -> None:
    runs.writes_nothing_twice(party, flow)


@every_flow
def test_repairs_what_was_changed_behind_its_back(party: Party, flow: str) -> None:
    runs.repairs_what_was_changed_behind_its_back(party, flow)


@every_flow
def test_does_in_slices_what_it_does_in_one_go(party: Party, flow: str) -> None:
    runs.does_in_slices_what_it_does_in_one_go(party, flow)


@every_flow
def test_loses_nothing_to_one_bad_row(party: Party, flow: str) -> None:
    runs.loses_nothing_to_one_bad_row(party, flow)


@every_flow
def test_stops_a_list_that_never_ends(party: Party, flow: str) -> None:
    runs.stops_a_list_that_never_ends(party, flow)


@every_flow
@once
def test_hides_a_rejected_token(party: Party, flow: str, caplog: pytest.LogCaptureFixture) -> None:
    told.hides_a_rejected_token(party, flow, caplog)


@every_flow
@once
def test_tells_every_kind_of_error(party: Party, flow: str) -> None:
    told.tells_every_kind_of_error(party, flow, *ERRORS)


@every_flow
@once
def test_tells_what_breaks_off_on_the_way(party: Party, flow: str) -> None:
    told.tells_what_breaks_off_on_the_way(party, flow)


@every_kind
@once
def test_probes_well(party: Party) -> None:
    told.probes_well(party)


@every_kind
@once
@pytest.mark.parametrize("what", told.CAUSES)
def test_names_the_cause(party: Party, what: str, tmp_path: Path) -> None:
    told.names_the_cause(party, what, tmp_path)


@every_kind
@once
def test_names_a_spent_budget(party: Party) -> None:
    told.names_a_spent_budget(party)
