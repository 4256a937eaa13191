"""The bar of `manage.py sync`: drawn on a terminal while the run goes on, wiped at its end, silent anywhere else."""

import io
import os
import re
import select
from types import SimpleNamespace
from typing import Any

import pytest

from integrations import connecting, paging, sync
from integrations.console import Bar
from integrations.models import Trigger
from integrations.services.elko.simulator import Simulator
from integrations.simulator import Server


@pytest.mark.django_db(transaction=True)
def test_a_run_draws_its_bar_on_a_terminal_and_wipes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: Any = paging.whole_list.__kwdefaults__
    monkeypatch.setitem(sizes, "size", 4)
    behind, terminal = os.openpty()
    with Server(sim := Simulator(seed="tiny")), os.fdopen(terminal, "w") as out:
        given = sim.connections()[0]
        vendor = connecting.connect("elko", "shown", base_url=given["base_url"], secrets=given["secrets"])
        bar = Bar("shown products", out)
        done = sync.run(vendor, "products", Trigger.COMMAND_LINE, slice_seconds=None, progress=bar)
        assert done is not None
        bar.end()
        said = ""
        while select.select([behind], [], [], 0.1)[0]:
            said += os.read(behind, 1 << 16).decode("utf-8", "replace")
    os.close(behind)
    total = len(sim.truth("products"))
    assert f"{4:>8,} rows {1:>5,} pages" in said, said
    share = round(100 * 4 / total)
    assert re.search(rf"\[█+·+\] +{share}%  \d+ s left", said), said
    assert said.endswith("\r\x1b[K"), "nothing of it stays"


def test_it_tells_what_was_waited_for_and_guesses_nothing_without_a_total() -> None:
    bar = Bar("x", io.StringIO())
    run: Any = SimpleNamespace(seen=1500, pages=3, waited_s=12.4, total=6000)
    text = bar.line(run, 30.0)
    assert "1,500 rows" in text
    assert "waited 12 s for the budget" in text
    assert text.endswith(" 25%  90 s left")
    run.total = None
    assert "%" not in bar.line(run, 30.0)


def test_it_is_silent_where_nobody_looks() -> None:
    out = io.StringIO()
    bar = Bar("x", out)
    run: Any = SimpleNamespace(seen=1, pages=1, waited_s=0.0, total=2)
    bar(run)
    bar.end()
    assert out.getvalue() == ""
