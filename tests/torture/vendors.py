"""The simulated vendors: what they spoil by themselves, and pulling the plug of whoever is asking them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

from integrations.services.elko.simulator import Simulator as Elko
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Request, Server
from tests.torture.plug import Pull, kill_of

# A fifth of the answers: (switch, its options, odds). Accepted and never answered, answered with an error, cut, too late; not accepted.
AMBIGUOUS: tuple[tuple[str, dict[str, Any], float], ...] = (
    ("drop", {"accept": True}, 0.05),
    ("status", {"code": 500, "accept": True}, 0.05),
    ("cut", {"percent": 50}, 0.04),
    ("slow", {"seconds": 3.0}, 0.02),
    ("drop", {}, 0.02),
    ("status", {"code": 503}, 0.02),
)
LATE: tuple[str, dict[str, Any], float] = (
    "uplink",
    {"seconds": 0.7},
    0.03,
)  # the call arrives although its sender is gone


def is_write(request: Request) -> bool:
    """Elryan reads by POST as well."""
    return request.method in ("POST", "PUT", "DELETE") and not request.path.endswith(("/search", "-list"))


class Vendors:
    def __init__(self) -> None:
        self.elko, self.elryan = Elko(seed="demo", size=40), Elryan(seed="tiny")
        self.elko.limit = 10**9
        self._server = Server(self.elko, self.elryan)
        self._fault: Any = None
        self._pull: Pull | None = None
        self._asked: list[Request] = []
        self.pulled = False

    @contextmanager
    def open(self) -> Iterator["Vendors"]:
        with self._server:
            yield self
        assert not self._server.errors, self._server.errors[0]

    def reset(self) -> None:
        for sim in (self.elko, self.elryan):
            sim.reset()

    def spoil(self, *faults: tuple[str, dict[str, Any], float]) -> None:
        for sim in (self.elko, self.elryan):
            for name, options, odds in faults:
                sim.fault(name, match=is_write, odds=odds, **options)

    # -- the plug, pulled from here

    def arm(self, pull: Pull) -> None:
        """At one of the two vendors' next writes."""
        sim: Any = self.elko if pull.number % 4 == 0 else self.elryan
        self.disarm()
        self._pull, self.pulled, self._asked = pull, False, []
        if pull.point == "vendor.arrived":
            self._fault = sim.fault("call", match=is_write, times=1, do=self._arrived)
        else:
            self._fault = sim.fault("hold", match=self._noted, times=1)

    def disarm(self) -> None:
        """Also lets a held answer go, to whoever still listens."""
        if self._fault is not None:
            for sim in (self.elko, self.elryan):
                sim.clear_faults(self._fault)
            self._fault = None

    def look(self) -> None:
        """Strike when an answer is held."""
        if self._pull and self._pull.point == "vendor.accepted" and not self.pulled and self._fault.reached.is_set():
            self._strike(self._asked[0])

    def _noted(self, request: Request) -> bool:
        if is_write(request):
            self._asked.append(request)
            return True
        return False

    def _arrived(self, _: Any, request: Request) -> None:
        """In a thread of the server's."""
        try:
            self._strike(request)
        finally:
            connections.close_all()

    def _strike(self, request: Request) -> None:
        from integrations.models import Command

        assert self._pull is not None
        body = request.json() if request.body else None
        for command in Command.objects.filter(state=Command.State.SENDING).exclude(owner=""):
            told = command.request
            if request.path.rstrip("/").endswith(told["path"].rstrip("/")) and told.get("body") == body:
                kill_of(int(command.owner.split(":")[-2]), self._pull.how)
                self.pulled = True
                return


def connected(vendors: Vendors) -> None:
    """Both connections, writing, with nothing scheduled: what is read besides is another test's subject."""
    from integrations import connecting
    from integrations.models import Schedule
    from tests.torture.wishes import UNPROVEN

    for sim in (vendors.elko, vendors.elryan):
        given = sim.connections()[0]
        secrets = {name: value for name, value in given["secrets"].items() if name == "token"}
        vendor = connecting.connect(
            sim.kind, sim.kind, base_url=given["base_url"], options=given["options"], secrets=secrets, writes="on"
        )
        connecting.confirm(vendor, [name for name in UNPROVEN if sim.kind == "elryan"])
    Schedule.objects.update(enabled=False)
