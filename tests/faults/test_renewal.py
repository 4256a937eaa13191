"""Fault 28: a token dies, and eight processes find out at the same moment."""

import pytest

from integrations import connecting, connection
from integrations.models import Token
from integrations.services.elryan.simulator import Simulator as Elryan
from tests.faults.forking import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
LOGIN = "/users/generate-token"
PROCESSES = 8


def test_eight_processes_refresh_a_dead_token_once(elryan: Elryan) -> None:
    given = elryan.connections()[0]
    vendor = connecting.connect(
        "elryan", "main", base_url=given["base_url"], options=given["options"], secrets={"password": elryan.password}
    )
    dead = connection.open_service(vendor).signed_by
    before = len(elryan.ledger.asked(LOGIN))
    elryan.revoke_token()
    elryan.fault("slow", LOGIN, seconds=0.3)

    def renews() -> bool:
        again = connection.open_service(vendor, dead=dead)
        return again.probe().ok and again.signed_by != dead

    ends = at_once([renews] * PROCESSES)
    assert ends == [0] * PROCESSES, "the others use what the first one fetched"
    assert len(elryan.ledger.asked(LOGIN)) - before == 1
    assert Token.objects.filter(name="token", active=True).count() == 1
