"""What every simulated vendor shares: rows, token, ledger, fault switches, and the way a request goes through them."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Event, RLock
from typing import Any, ClassVar

from integrations.simulator import bend, damage, echo  # noqa: F401 - importing them registers their fault switches
from integrations.simulator.faults import Fault, Faults, Stage, Turn
from integrations.simulator.ledger import Ledger
from integrations.simulator.picture import picture
from integrations.simulator.table import Table
from integrations.simulator.wire import Request, Response, Row, answer, text


class Simulator:
    """One vendor's API. Subclassed as `Simulator` in each vendor's `simulator.py`; the folder's name is its kind.

    `seed` names the data ("demo", or "tiny": a few rows with every oddity), `size` scales it, `now` is the moment its
    dates are counted from. Safe to use from several threads: requests are carried out one at a time, delays are not.
    """

    label: ClassVar[str] = ""
    always_packs: ClassVar[bool] = False  # also short answers are compressed
    word: ClassVar[str] = "sandbox"  # part of every secret here; tests set one that is found wherever it should not be
    settings: ClassVar[tuple[str, ...]] = ()  # attributes that may be set over HTTP
    secret_paths: ClassVar[tuple[str, ...]] = ()  # requests whose bodies the ledger must not keep
    sold_out: ClassVar[Mapping[str, Mapping[str, Any]]] = {}  # flow: the fields of a row without stock
    status_field: ClassVar[Mapping[str, str]] = {}  # flow: the field that says the status
    time_fields: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # flow: the fields that say when a row changed

    def __init__(
        self, *, seed: str = "demo", size: int | None = None, token: str | None = None, now: datetime | None = None
    ) -> None:
        if seed not in ("demo", "tiny"):
            raise ValueError(f"no seed {seed!r}; there are demo and tiny")
        self.seed, self.size = seed, size
        self.token: str | None = token or f"{self.kind}-{self.word}-token"
        self.started = (now or datetime.now(UTC)).replace(microsecond=0)
        self.url = f"http://127.0.0.1:8100/{self.kind}"  # the server sets where it really is
        self.gzip = True
        self.clock_ahead = 0.0  # seconds by which this vendor's clock is wrong, for the times it writes from now on
        self.lock = RLock()
        self.stopped = Event()
        self.ledger = Ledger()
        self.faults = Faults()
        self.tables: dict[str, Table] = {}
        self._pages: dict[str, list[Row]] = {}
        self.reset()

    @property
    def kind(self) -> str:
        return type(self).__module__.split(".")[-2]

    # -- what a vendor's simulator fills in

    def fill(self) -> dict[str, Table]:
        """The rows to begin with, by flow."""
        raise NotImplementedError

    def gate(self, request: Request) -> Response | None:
        """Rate limit, address list, token: the refusal, or None to go on. Sets `request.authorized`."""
        raise NotImplementedError

    def handle(self, request: Request) -> Response:
        """Carry out a request that passed the gate."""
        raise NotImplementedError

    def refuse(self, request: Request, cause: str) -> Response:
        """The vendor's own answer to a wrong `token` or a foreign `ip`."""
        raise NotImplementedError

    def connections(self) -> list[dict[str, Any]]:
        """What to enter in the hub to use this simulator: dicts of label, base_url, options, secrets."""
        raise NotImplementedError

    def insert_front(self, flow: str) -> None:
        """A new row appears in front of a list."""
        raise NotImplementedError

    def reshape(self, value: Any, how: str, field: str, to: str, code: int) -> Any:
        """The same answer in another JSON shape; vendors with an envelope change what is inside it."""
        match how:
            case "object":
                return {"result": value}
            case "list":
                return [value]
            case "null":
                return None
            case "text":
                return "OK"
            case "error":
                return {"status": code, "title": "The request could not be completed", "traceId": "00-sandbox-00"}
            case "renamed":
                rows = value if isinstance(value, list) else [value]
                return [{to if key == field else key: held for key, held in row.items()} for row in rows]
            case "nested":
                return {"data": value}
        raise ValueError(f"shape: how={how!r}; it takes object, list, null, text, error, renamed or nested")

    def shifted(self, flow: str, row: Row, by: timedelta) -> Row:
        """The row with its change times moved; as it is where the vendor sends none."""
        return row

    def lift_limits(self) -> None:
        """No refusal for too many calls: for tests whose subject is another, on several connections at once."""

    def table_of(self, flow: str) -> str:
        """The table whose rows a hub's flow of this name reads."""
        return flow

    def ids_of(self, flow: str) -> set[str]:
        """The external ids a hub must hold after it read a flow to its end; none where the vendor cannot list them."""
        with self.lock:
            return set(self.table(self.table_of(flow)).keys())

    def reading_all(self, page: int | None = None) -> dict[str, Any]:
        """Options with which a hub asks for every row of every flow, `page` at a time where it has the choice."""
        return {}

    # -- the truth, for tests and for whoever steers a simulator

    def truth(self, flow: str) -> list[Row]:
        """The current rows as the vendor would send them; yours to keep and change."""
        with self.lock:
            return self.table(flow).copy()

    def change(self, flow: str, key: object, **fields: object) -> Row:
        with self.lock:
            return dict(self.table(flow).change(key, **fields))

    def put(self, flow: str, row: Row, at: int | None = None) -> None:
        with self.lock:
            self.table(flow).put(row, at)

    def remove(self, flow: str, *keys: object) -> None:
        with self.lock:
            self.table(flow).remove(*keys)

    def table(self, flow: str) -> Table:
        if flow not in self.tables:
            raise KeyError(f"{self.kind} has no rows called {flow!r}; it has: {', '.join(self.tables)}")
        return self.tables[flow]

    def delete_middle(self, flow: str) -> None:
        with self.lock:
            keys = self.table(flow).keys()
            if keys:
                self.table(flow).remove(keys[len(keys) // 2])

    def fault(self, name: str, path: str | None = None, **options: Any) -> Fault:
        """Arm a fault switch: `fault("slow", "/Catalog/Products", times=1, after=2, seconds=5)`; see `Faults.add`."""
        return self.faults.add(name, path, **options)

    def clear_faults(self, which: Fault | str | int | None = None) -> None:
        self.faults.clear(which)

    def revoke_token(self) -> None:
        self.token = None

    def reset(self) -> None:
        """As new: the seed's rows, no faults, an empty ledger. Token and settings stay."""
        with self.lock:
            self.faults.clear()
            self.ledger.clear()
            self._pages.clear()
            self.tables = self.fill()

    def move_to(self, url: str) -> None:
        """Where this simulator is served; picture addresses in its rows follow."""
        with self.lock:
            old, self.url = self.url, url
            for table in self.tables.values():
                table.readdress(f"{old}/", f"{url}/")

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.clock_ahead)

    def pause(self, seconds: float) -> bool:
        """Wait; False as soon as the server stops."""
        return not self.stopped.wait(seconds) if seconds > 0 else not self.stopped.is_set()

    # -- one request

    def answer(self, request: Request) -> Response:
        """Carry out one request under the armed faults, and enter it in the ledger."""
        if request.segments[0] == "ProductImages":  # a host of its own at the real vendors: no token, limit, ledger
            return picture(request.segments[-1])
        request.faults = self.faults.due(request)
        self._apply(Stage.BEFORE, request, lambda fault, turn: fault.switch.apply(turn, **fault.options))
        arrived = (time.monotonic(), time.time())
        with self.lock:
            response = self._carry_out(request)
            for fault in request.faults:
                if fault.switch.stage is Stage.AFTER:
                    response = fault.switch.apply(Turn(self, request, fault), response, **fault.options)
            secret = any(request.path.endswith(path) for path in self.secret_paths)
            self.ledger.note(request, None if response.delivery.drop else response.status, arrived, secret)
        return response

    def _carry_out(self, request: Request) -> Response:
        refused = self.gate(request)
        if refused:
            return refused
        instead = [fault for fault in request.faults if fault.switch.stage is Stage.INSTEAD]
        done = all(fault.options.get("accept") for fault in instead)
        response = self.handle(request) if done else text("")
        for fault in instead:
            response = fault.switch.apply(Turn(self, request, fault), response, **fault.options)
        return response

    def bend(self, request: Request, flow: str, rows: list[Row]) -> list[Row]:
        """The rows of a list as the armed faults want them said."""
        for fault in request.faults:
            if fault.switch.stage is Stage.ROWS:
                bent = fault.switch.apply(Turn(self, request, fault, flow), rows, **fault.options)
                if bent != rows:
                    fault.reached.set()
                rows = bent
        return rows

    def bends(self, request: Request) -> bool:
        return any(fault.switch.stage is Stage.ROWS for fault in request.faults)

    def page(self, request: Request, flow: str, rows: list[Row] | Table, start: int, length: int) -> list[Row]:
        """One page of a list, by row offset."""
        page = rows[start : start + length]
        for fault in request.faults:
            if fault.switch.stage is Stage.PAGE:
                before = self._pages.get(request.path, page)
                page = fault.switch.apply(Turn(self, request, fault, flow), page, before, **fault.options)
                fault.reached.set()
        self._pages[request.path] = page
        return page

    def _apply(self, stage: Stage, request: Request, run: Callable[[Fault, Turn], Any]) -> None:
        for fault in request.faults:
            if fault.switch.stage is stage:
                run(fault, Turn(self, request, fault))


def problem(message: str, status: int = 400) -> Response:
    """An RFC 7807 document, as ASP.NET services answer."""
    return answer({"type": "about:blank", "title": message, "status": status}, status)
