"""Simulated vendors on loopback, for the demo, the tests and whoever trains on the hub. Standard library only.

Stand-alone: `python -m integrations.simulator --port 8100`. In a test:

    with Server(elko.Simulator(seed="tiny")) as server:
        server.url("elko", "/v3.0/api")
"""

from integrations.simulator.faults import SWITCHES, Fault
from integrations.simulator.found import kinds, load, serve, server
from integrations.simulator.ledger import Call, Ledger, Write
from integrations.simulator.server import Server
from integrations.simulator.table import Table
from integrations.simulator.vendor import Simulator
from integrations.simulator.wire import Request, Response

__all__ = [
    "SWITCHES", "Call", "Fault", "Ledger", "Request", "Response", "Server", "Simulator", "Table", "Write",
    "kinds", "load", "serve", "server",
]  # fmt: skip
