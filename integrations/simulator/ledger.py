"""What a simulator was asked and what it accepted: the other side's account, which tests compare with ours."""

import hashlib
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any

from integrations.simulator.wire import Request

BODY_KEPT = 20_000  # bytes; longer bodies are kept as their digest alone


def path_fits(pattern: str | None, path: str) -> bool:
    """`/Catalog/Products` fits every path ending so; with a `*` or `?` the pattern must fit the whole path."""
    if pattern is None:
        return True
    if "*" in pattern or "?" in pattern:
        return fnmatchcase(path, pattern)
    return path.rstrip("/").endswith(pattern.rstrip("/"))


@dataclass(frozen=True)
class Call:
    """One request that arrived. `credentials`: a token was sent; `authorized`: it was right (None: not asked for)."""

    number: int
    method: str
    path: str
    query: list[tuple[str, str]]
    body: Any
    digest: str
    status: int | None  # None: the connection was closed without an answer
    monotonic: float
    wall: float
    client: str
    credentials: bool
    authorized: bool | None
    faults: list[str]


@dataclass(frozen=True)
class Write:
    """One write the vendor took as done. `key` is the business key: what must not be done twice."""

    number: int
    verb: str
    key: str
    payload: Any
    monotonic: float
    wall: float


class Ledger:
    """Bounded: the oldest entries go first, `requests` and `writes` keep counting. No credential is ever kept."""

    def __init__(self, limit: int = 100_000) -> None:
        self._calls: deque[Call] = deque(maxlen=limit)
        self._writes: deque[Write] = deque(maxlen=limit)
        self._lock = Lock()
        self.requests = self.writes = 0

    def note(self, request: Request, status: int | None, arrived: tuple[float, float], secret: bool = False) -> None:
        with self._lock:
            self.requests += 1
            self._calls.append(
                Call(
                    number=self.requests,
                    method=request.method,
                    path=request.path,
                    query=[(name, "") for name, _ in request.query] if secret else request.query,
                    body=None if secret else _body(request),
                    digest="" if secret else hashlib.sha256(request.body).hexdigest()[:32],
                    status=status,
                    monotonic=arrived[0],
                    wall=arrived[1],
                    client=request.client,
                    credentials=bool(request.header("Authorization")),
                    authorized=request.authorized,
                    faults=[fault.name for fault in request.faults],
                )
            )

    def accept(self, verb: str, key: object, payload: object) -> None:
        with self._lock:
            self.writes += 1
            copied = json.loads(json.dumps(payload))  # what was sent then, whatever happens to the row later
            self._writes.append(Write(self.writes, verb, str(key), copied, time.monotonic(), time.time()))

    def asked(
        self,
        path: str | None = None,
        method: str | None = None,
        status: int | None = None,
        where: Callable[[Call], bool] | None = None,
    ) -> list[Call]:
        """The requests that arrived, oldest first. `path` as in `path_fits`."""
        with self._lock:
            return [
                call
                for call in self._calls
                if path_fits(path, call.path)
                and (method is None or call.method == method.upper())
                and (status is None or call.status == status)
                and (where is None or where(call))
            ]

    def accepted(self, verb: str | None = None, key: object = None) -> list[Write]:
        """The writes taken as done, oldest first."""
        with self._lock:
            return [w for w in self._writes if verb in (None, w.verb) and (key is None or w.key == str(key))]

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self._writes.clear()
            self.requests = self.writes = 0

    def as_json(self, path: str | None = None, verb: str | None = None) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "writes": self.writes,
            "asked": [asdict(call) for call in self.asked(path)],
            "accepted": [asdict(write) for write in self.accepted(verb)],
        }


def _body(request: Request) -> Any:
    if not request.body or len(request.body) > BODY_KEPT:
        return None
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        return request.body.decode(errors="replace")
