"""Fault 28: a token dies, and eight processes find out at the same moment."""

import os
import sys
import traceback

import pytest
from django.db import connections

from integrations import connecting, connection
from integrations.models import Token
from integrations.services.elryan.simulator import Simulator as Elryan

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
    ready, go = os.pipe(), os.pipe()
    connections.close_all()
    children: list[int] = []
    for _ in range(PROCESSES):
        child = os.fork()
        if not child:
            try:
                os.write(ready[1], b".")
                os.read(go[0], 1)  # all begin at once
                again = connection.open_service(vendor, dead=dead)
                os._exit(0 if again.probe().ok and again.signed_by != dead else 2)
            except BaseException:  # noqa: BLE001 - the child has nobody to raise to
                traceback.print_exc(file=sys.__stderr__)
                os._exit(1)
        children.append(child)
    for _ in range(PROCESSES):
        os.read(ready[0], 1)
    os.write(go[1], b"." * PROCESSES)
    ends = [os.WEXITSTATUS(os.waitpid(child, 0)[1]) for child in children]
    assert ends == [0] * PROCESSES, "the others use what the first one fetched"
    assert len(elryan.ledger.asked(LOGIN)) - before == 1
    assert Token.objects.filter(name="token", active=True).count() == 1
