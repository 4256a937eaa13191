"""Fault 29, its second half: an account's calls at once are limited, and each store's, over all processes together."""

from functools import partial

import pytest

from integrations import connecting, connection
from integrations.models import RateSlot, Vendor
from integrations.services.api2cart.simulator import Simulator
from integrations.simulator import Server
from tests.faults.forking import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
FOR_EACH_STORE = 8  # processes: more than a store takes, and together more than the account takes
CALLS = 3


def test_sixteen_processes_keep_to_the_limits_of_store_and_account() -> None:
    with Server(sim := Simulator(seed="tiny")):
        vendors = [
            connecting.connect("api2cart", f"shop-{n}", **{k: given[k] for k in ("base_url", "options", "secrets")})
            for n, given in enumerate(sim.connections()[:2])
        ]
        sim.work = 0.05  # seconds a call takes
        ends = at_once([partial(calls, vendor) for vendor in vendors for _ in range(FOR_EACH_STORE)])
        assert ends == [0] * 2 * FOR_EACH_STORE
        stores = [sim.peaks[store.key] for store in sim.stores[:2]]
        assert (sim.too_many, max(stores) <= 5, sim.peaks["account"] <= 10) == (0, True, True)
        assert sim.peaks["account"] > max(stores) > 1, "they did run side by side"
    assert not RateSlot.objects.exclude(holder="").exists(), "every slot was given back"


def calls(vendor: Vendor) -> bool:
    service = connection.open_service(vendor)
    return all(service.probe().ok for _ in range(CALLS))
