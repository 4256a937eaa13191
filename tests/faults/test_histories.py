"""Goal R3 in small; `make torture` plays ten thousand. See histories.py."""

import os
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from integrations import paging
from integrations.simulator import Server
from tests.faults.histories import SCENES, Histories, Scene

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
COUNT = int(os.environ.get("HUB_HISTORIES", 0))  # of each scene; else few, and the same each time
STEPS = 12


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.http.client.FIRST_PAUSE", 0.001)
    sizes: Any = paging.whole_list.__kwdefaults__
    monkeypatch.setitem(sizes, "size", 4)  # several pages of some dozen rows


def purge() -> None:
    call_command("flush", verbosity=0, interactive=False, reset_sequences=False, inhibit_post_migrate=True)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_whatever_happened_in_the_end_nothing_differs(scene: Scene) -> None:
    simulator = scene.kind(seed="tiny")
    machine = type("History", (Histories,), {"scene": scene, "simulator": simulator, "purge": staticmethod(purge)})
    played = settings(
        max_examples=COUNT or 4,
        stateful_step_count=STEPS,
        derandomize=not COUNT,
        database=None,
        suppress_health_check=[*HealthCheck],
        phases=[Phase.generate],  # to shrink one takes longer than to read it
    )
    with Server(simulator):
        run_state_machine_as_test(machine, settings=played)
