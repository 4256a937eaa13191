"""The contract is proven to bite: a small good vendor keeps it, and with each of these mistakes made in it, it does not."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from integrations import services as folder
from integrations.service import services
from integrations.tests.contract import declared, runs, told
from integrations.tests.contract.party import Party, served

SERVICE = '''
"""A vendor made up for one test."""

from collections.abc import Iterator
from datetime import timedelta

from catalog.records import BrandRecord
from integrations.auth import Bearer
from integrations.numbers import key_from
from integrations.offsets import by_offset
from integrations.paging import cut, encode
from integrations.service import Flow, Option, Page, Preset, Rate, Secret, VendorService, Verdict


def brand(row, account):
    return BrandRecord(str(row["code"]), row["name"], code=str(row["code"]))


class Service(VendorService):
    label = "Mock"
    presets = (Preset("live", "Live", "https://api.mock.example/v1"),)
    secrets = (Secret("token", "API token", required=True),)
    options = (Option("length", "Rows per page", kind="int", default=100),)
    rate = Rate(100)
    flows = {
        "brands": Flow(
            "Brands", timedelta(hours=1), timedelta(hours=3), key_from("code"), brand, complete=True,
        ),
    }

    @classmethod
    def auth(cls, account, secrets):
        return Bearer(secrets["token"])

    def probe(self):
        cut(self.http.get("brands", {"start": 0, "length": 1}).body)
        return Verdict(True, message="It answers.")

    def fetch(self, start, length):
        return self.http.get("brands", {"start": start, "length": length}).body

    def brands(self, ask):
        yield from by_offset(self.fetch, ask=ask, length=int(self.option("length")))
'''
SIMULATOR = '''
"""The made-up vendor's simulator: brands, paged by start and length."""

from integrations import simulator
from integrations.simulator import Table
from integrations.simulator.routes import Routes
from integrations.simulator.wire import answer, text

routes = Routes()


class Simulator(simulator.Simulator):
    label = "Mock"

    def fill(self):
        return {"brands": Table("code", rows=[{"code": str(n), "name": f"Brand {n}"} for n in range(8)])}

    def gate(self, request):
        request.authorized = self.token is not None and request.bearer() == self.token
        return None if request.authorized else self.refuse(request, "token")

    def refuse(self, request, cause):
        return text("Your IP address is not allowed", 403) if cause == "ip" else text("no", 401)

    def handle(self, request):
        return routes.run(self, request)

    def connections(self):
        return [{"label": "Mock", "base_url": self.url + "/v1", "options": {}, "secrets": {"token": self.token}}]

    def reading_all(self, page=None):
        return {"length": page} if page else {}

    def insert_front(self, flow):
        table = self.table(flow)
        new = str(1000 + len(table))
        table.put({"code": new, "name": f"Brand {new}"}, at=0)

    @routes("GET", "/v1/brands")
    def brands(self, request):
        start, length = (int(request.params(name)[0]) for name in ("start", "length"))
        rows = self.bend(request, "brands", list(self.table("brands")))
        return answer(self.page(request, "brands", rows, start, length))
'''
KIND = "mock_for_contract"
Check = Callable[[Party], None]
Make = Callable[..., Party]


@pytest.fixture
def made(tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """made(("this", "that")): the vendor with a piece of its code replaced, found by its folder like any other."""
    home = tmp_path / "services"
    parties: list[Any] = []

    def make(*changes: tuple[str, str]) -> Party:
        code = SERVICE
        for old, new in changes:
            assert old in code, f"the vendor has no such piece: {old}"
            code = code.replace(old, new)
        here = home / KIND
        fixtures = here / "tests" / "fixtures" / "brands"
        fixtures.mkdir(parents=True)
        (here / "__init__.py").touch()
        (here / "service.py").write_text(code)
        (here / "simulator.py").write_text(SIMULATOR)
        (fixtures / "1.json").write_text(json.dumps({"code": "7", "name": "Seven"}))
        importlib.invalidate_caches()
        services.cache_clear()
        party = served(KIND, monkeypatch)
        parties.append(party)
        return party.__enter__()

    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(home)])
    yield make
    for party in parties:
        party.__exit__(None, None, None)
    for name in [name for name in sys.modules if KIND in name]:
        del sys.modules[name]
    services.cache_clear()


def one_flow(check: Callable[[Party, str], None]) -> Check:
    return lambda party: check(party, "brands")


def _tells(party: Party, kind: str) -> None:
    told.tells_every_kind_of_error(party, "brands", kind)


CHECKS: dict[str, Check] = {
    "declares": lambda party: declared.declares_what_a_form_and_a_schedule_need(party.service),
    "names": lambda party: declared.agrees_in_its_names(party.service),
    "fixtures": lambda party: declared.has_fixtures_that_parse(party.service),
    "unknown": declared.refuses_what_it_does_not_know,
    "unproven": declared.starts_unproven_flows_off,
    "truth": one_flow(runs.holds_the_vendors_truth),
    "twice": one_flow(runs.writes_nothing_twice),
    "repairs": one_flow(runs.repairs_what_was_changed_behind_its_back),
    "slices": one_flow(runs.does_in_slices_what_it_does_in_one_go),
    "bad row": one_flow(runs.loses_nothing_to_one_bad_row),
    "loop": one_flow(runs.stops_a_list_that_never_ends),
    **{kind: partial(_tells, kind=kind) for kind in (*told.FAULTS, "bug")},
    "on the way": one_flow(told.tells_what_breaks_off_on_the_way),
    "probe": told.probes_well,
    "budget": told.names_a_spent_budget,
}


def kept(check: str, party: Party, folder: Path, logged: pytest.LogCaptureFixture) -> None:
    if check == "token":
        told.hides_a_rejected_token(party, "brands", logged)
    elif check.startswith("cause: "):
        told.names_the_cause(party, check.removeprefix("cause: "), folder)
    else:
        CHECKS[check](party)


@pytest.mark.parametrize("check", [*CHECKS, "token", *(f"cause: {what}" for what in told.CAUSES)])
def test_a_good_vendor_keeps_it(made: Make, check: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    party = made()
    assert KIND in services(), "it was found by its folder"
    kept(check, party, tmp_path, caplog)


READS_ALL = 'yield from by_offset(self.fetch, ask=ask, length=int(self.option("length")))'
PAGED = """start = int((ask.position or {}).get("start", 0))
        while True:
            rows = cut(self.fetch(start, int(self.option("length"))))
            start += len(rows)
            yield Page(rows, position={"start": start}, last=not rows)
            if not rows:
                return"""
LEAKS = "a token in the message"
MISTAKES: dict[str, tuple[str, tuple[str, str], str]] = {
    "a preset without encryption": ("declares", ("https://api", "http://api"), "encrypted"),
    "no preset at all": ("declares", ('(Preset("live", "Live", "https://api.mock.example/v1"),)', "()"), "no preset"),
    "a flow without a method": ("names", ('"brands": Flow(', '"makers": Flow('), "makers has no method"),
    "a flow that is late before it is due": ("names", ("timedelta(hours=3)", "timedelta(minutes=3)"), "late before"),
    "a parser that reads nothing": ("fixtures", ('row["name"]', 'row["title"]'), "not one row"),
    "a last row left out": ("truth", (READS_ALL, PAGED.replace("Page(rows,", "Page(rows[1:],")), "7 rows seen of 8"),
    "a parser with a memory": (
        "twice",
        ('BrandRecord(str(row["code"]), row["name"]', 'BrandRecord(str(row["code"]), next(NAMES)'),
        "once more",
    ),
    "a position that does not lead on": ("slices", (READS_ALL, PAGED.replace('{"start": start}', '{"start": 0}')), "slices"),
    "rows read in the service": (
        "bad row",
        (READS_ALL, "import json\n        rows = json.loads(self.fetch(0, 1000))\n"
         "        yield Page([encode(row) for row in sorted(rows, key=lambda row: row['code'])], last=True)"),
        "NoneType",
    ),
    "paging without a guard": ("loop", (READS_ALL, PAGED), "for the same page"),
    LEAKS: (
        "token",
        (READS_ALL, "from integrations.errors import NeedsAuth\n"
         "        raise NeedsAuth('The token ' + self.http._auth.secrets()[0] + ' is bad', 'Set the token again')\n"
         "        yield"),
        "the token stands",
    ),
    "an error swallowed": (
        "wait",
        (READS_ALL, "try:\n            rows = cut(self.fetch(0, 100))\n        except Exception:\n            rows = []\n"
         "        yield Page(rows, last=True)"),
        "ended ok",
    ),
    "rows given up on the way": (
        "on the way",
        (READS_ALL, PAGED.replace("rows = cut(self", "rows = [] if start else cut(self")),
        "rows are missing",
    ),
    "a probe that asks nobody": ("cause: token", ('cut(self.http.get("brands", {"start": 0, "length": 1}).body)', "pass"), "all is well"),
}  # fmt: skip


@pytest.mark.parametrize(
    "mistake", [pytest.param(name, marks=pytest.mark.leaks) if name == LEAKS else name for name in MISTAKES]
)
def test_a_mistake_breaks_it(made: Make, mistake: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    check, change, said = MISTAKES[mistake]
    changes = [change]
    if "NAMES" in change[1]:
        changes.append(
            ("\n\ndef brand(", "\nfrom itertools import count\n\nNAMES = (f'n{n}' for n in count())\n\n\ndef brand(")
        )
    party = made(*changes)
    with pytest.raises((AssertionError, TypeError), match=said):
        kept(check, party, tmp_path, caplog)
