"""What a vendor's folder must declare, and that its names agree: method, mirror function, fixture folder."""

import inspect
import json
from importlib import import_module
from pathlib import Path
from typing import Any

from integrations import connecting, raw, schedules
from integrations.connecting import BadOption, value_of
from integrations.intake import PARSE_ERRORS
from integrations.paging import encode
from integrations.service import Account, VendorService
from integrations.tests.contract.party import Party


def declares_what_a_form_and_a_schedule_need(service: type[VendorService]) -> None:
    assert service.label, "no label"
    assert service.presets, f"{service.label} has no preset: a form would begin empty"
    assert all(preset.base_url.startswith("https://") for preset in service.presets), "a real address is encrypted"
    assert service.secrets, f"{service.label} declares no secret"
    assert service.flows, f"{service.label} declares no flow"
    assert service.rate.calls >= 1, f"{service.label} allows no call"
    for things in (service.options, service.secrets, service.presets):
        names = [thing.name for thing in things]
        assert len(set(names)) == len(names), f"{service.label} declares a name twice: {names}"
        assert all(thing.label for thing in things), f"{service.label} has a thing without a label"
    for option in service.options:
        if option.kind == "choice":
            assert option.default in dict(option.choices), f"{option.name}: its default is none of its choices"
        value_of(option, option.default)  # BadOption when it does not fit its own kind
    for preset in service.presets:
        connecting.options_of(service, preset.options)


def agrees_in_its_names(service: type[VendorService]) -> None:
    for name, flow in service.flows.items():
        assert name.isidentifier(), f"{name!r} can name neither a method nor a folder"
        assert callable(getattr(service, name, None)), f"flow {name} has no method of its name"
        mirror = import_module(f"{flow.room}.mirror")
        assert callable(getattr(mirror, flow.mirror or name, None)), f"flow {name} has no mirror function"
        assert flow.title, f"flow {name} has no title"
        assert flow.every < flow.max_age, f"flow {name} would be late before it is due again"
        assert flow.lane in ("live", "bulk"), f"flow {name} runs in no known lane"
        for other in (*flow.needs, *flow.shares):
            assert other in service.flows, f"flow {name} names {other}, which is none of the vendor's"


def has_fixtures_that_parse(service: type[VendorService]) -> None:
    folder = Path(inspect.getfile(service)).parent / "tests" / "fixtures"
    account = Account("fixture", service.presets[0].base_url, service.presets[0].options, time_zone=service.time_zone)
    for name, flow in service.flows.items():
        files = sorted((folder / name).glob("*.json"))
        assert files, f"flow {name} has no fixture: put one row or a list of rows into {folder.name}/{name}/"
        read = 0
        for path in files:
            held: Any = json.loads(path.read_text(encoding="utf-8"))
            for row in held if isinstance(held, list) else [held]:
                try:
                    flow.parse(raw.row(encode(row)), account)
                    read += bool(flow.key(encode(row)))
                except PARSE_ERRORS:
                    continue
        assert read, f"flow {name}: not one row of its fixtures can be read"


def refuses_what_it_does_not_know(party: Party) -> None:
    unknown: tuple[dict[str, Any], ...] = ({"options": {"no_such_option": "1"}}, {"secrets": {"no_such_secret": "1"}})
    for given in unknown:
        refusal = ""
        try:
            party.connected(**given)
        except BadOption as told:
            refusal = str(told)
        assert "no_such_" in refusal, f"{given} was not refused by its name: {refusal or 'taken'}"


def starts_unproven_flows_off(party: Party) -> None:
    vendor = party.connected()
    for name, flow in party.service.flows.items():
        schedule = vendor.schedules.get(flow=name)
        assert schedule.enabled is (flow.proven and flow.on), (
            f"flow {name} starts {'on' if schedule.enabled else 'off'}"
        )
    unproven = [name for name, flow in party.service.flows.items() if not flow.proven]
    due = {schedule.flow for schedule in schedules.due()}
    assert not due & set(unproven), "an unproven flow is due before anybody vouched for it"
    if unproven:
        connecting.confirm(vendor, unproven)
        off = [s.flow for s in vendor.schedules.filter(flow__in=unproven, enabled=False)]
        assert not off, f"confirmed and still off: {off}"
