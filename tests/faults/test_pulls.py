"""Goals R2 and R5 for what goes out, in small: real workers and somebody who decides, whose plug is pulled; pushes whose answers
do not say. `make torture` does the same a thousand, and ten thousand, times.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from django.conf import settings

from tests.faults import points
from tests.torture import plug, pulls, pushes
from tests.torture.plug import Pull, planned
from tests.torture.vendors import Vendors
from tests.torture.wishes import Verdict, Wish, judged

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("workers")]
# A few steps from the decision to its end, each in another way. What the code names is killed at in test_writes.py.
FEW = (
    ("command.before_hint", "worker"), ("command.claimed", "database"), ("command.sending", "child"), ("request.sent", "database"),
    ("vendor.arrived", "worker"), ("vendor.accepted", "child"), ("call.logged", "database"), ("command.stored", "child"),
    ("command.committed", "database"), ("command.lost", "child", "command.sending"),
)  # fmt: skip
PUSHES = 300


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    for path in (settings.QUEUE / "messages").glob("*.msg"):
        path.unlink()
    with Vendors().open() as made:
        yield made


def test_a_pulled_plug_doubles_nothing_and_loses_nothing(vendors: Vendors, tmp_path: Path) -> None:
    said: list[str] = []
    told = pulls.drill(tmp_path, vendors, [Pull(n, *pair) for n, pair in enumerate(FEW)], 3, said.append)
    assert told.verdict, "\n".join(told.verdict.lines())
    assert (len(told.pulled), told.missed) == (len(FEW), [])
    assert told.decided > len(FEW)


@pytest.mark.sqlite_only
def test_of_many_pushes_the_last_value_wins(vendors: Vendors, tmp_path: Path) -> None:
    told = pushes.push(tmp_path, vendors, PUSHES, 5, lambda text: None)
    assert told.verdict, "\n".join(told.verdict.lines())
    assert told.pushed == PUSHES
    assert told.overtaken < PUSHES / 2, "most of them went out"
    assert told.unknown > PUSHES / 20, "and many an answer was spoiled"
    assert told.looked_up == told.unknown, "each was proved, nobody had to be asked"


# -- the torture's own eyes: what it would not see, it would not prove


def test_every_step_of_a_write_is_pulled() -> None:
    ours = {*points.names_of_writes(), *plug.ON_THE_WIRE} - {*plug.ELSEWHERE}
    assert ours <= {point.name for point in points.points()}
    plan = {(pull.point, pull.how) for pull in planned(500, Random(1))}
    assert plan >= {(step, how) for step in ours for how in plug.HOWS}
    assert plan >= {(step, how) for step in plug.AT_THE_VENDOR for how in ("child", "worker")}


class Row:
    """Of a command, what the judge looks at."""

    error = ""

    def __init__(self, state: str) -> None:
        self.state = state


class Fixed:
    """Three decisions that are always the same."""

    ALL = (
        Wish(0, "elko", "place_order", {}, ("place_order", "W-0")),
        Wish(1, "elryan", "stock_and_price", {"items": [{"sku": "T-0", "stock": 1}]}),
        Wish(2, "elryan", "stock_and_price", {"items": [{"sku": "T-0", "stock": 2}]}),
    )

    def of(self, number: int) -> Wish:
        return self.ALL[number]


def judge(*accepted: tuple[str, str, object], state: str = "confirmed", rows: int = 3) -> Verdict:
    vendors = Vendors()
    vendors.elryan.put("variants", {**vendors.elryan.truth("variants")[0], "sku": "T-0", "stock": 0})
    for verb, key, payload in accepted:
        sim = vendors.elko if verb == "place_order" else vendors.elryan
        sim.ledger.accept(verb, key, payload)
        if verb == "stock_and_price":
            vendors.elryan.change("variants", key, **payload)  # type: ignore[arg-type]
    made = {f"wish-{number}": Row("confirmed" if number else state) for number in range(rows)}
    return judged(made, range(3), Fixed(), vendors.elko, vendors.elryan)  # type: ignore[arg-type]


ORDER: tuple[str, str, dict[str, int]] = ("place_order", "W-0", {})
OLD, NEW = ("stock_and_price", "T-0", {"stock": 1}), ("stock_and_price", "T-0", {"stock": 2})


def test_the_judge_sees_what_is_doubled_lost_or_out_of_turn() -> None:
    assert judge(ORDER, OLD, NEW)
    assert judge(ORDER, NEW), "an older value may be left out"
    assert judge(ORDER, ORDER, OLD, NEW).doubled
    assert judge(ORDER, OLD, NEW, NEW).doubled
    assert judge(OLD, NEW).lost
    assert judge(ORDER, OLD).lost, "the last decided value does not stand"
    assert judge(ORDER, OLD, NEW, rows=2).lost, "a decision that was taken has no row"
    assert judge(ORDER, OLD, NEW, state="refused").wrong
    assert judge(ORDER, NEW, OLD).wrong, "an older value after a newer"
    assert judge(ORDER, OLD, NEW, ("place_order", "W-9", {})).wrong, "nobody decided that"
