"""What a simulator is asked and what it answers: one HTTP request, one response and how the response is to be sent."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from integrations.simulator.faults import Fault

Row = dict[str, Any]
JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


@dataclass
class Request:
    """One request below a vendor's own prefix: for `/elko/v3.0/api/Orders?x=1` the target is `/v3.0/api/Orders?x=1`."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    client: str = "127.0.0.1"
    authorized: bool | None = None  # set by the simulator's gate; None where nobody asked
    faults: "list[Fault]" = field(default_factory=list)

    @cached_property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The path cut at its slashes before decoding, so `a%2Fb` stays one; a trailing slash gives a last ''."""
        return tuple(unquote(part) for part in urlsplit(self.target).path.split("/")[1:])

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    def params(self, name: str) -> list[str]:
        """Every value of one query parameter, repeated and comma-joined forms alike."""
        return [part.strip() for key, value in self.query if key == name for part in value.split(",") if part.strip()]

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")

    def bearer(self) -> str | None:
        scheme, _, token = self.header("Authorization").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None

    def json(self) -> Any:
        """The body as JSON, None when there is none. Raises ValueError when it is not JSON."""
        return json.loads(self.body) if self.body.strip() else None

    def takes_gzip(self) -> bool:
        for offer in self.header("Accept-Encoding").lower().split(","):
            coding, _, weight = offer.strip().partition(";")
            if coding.strip() in ("gzip", "*"):
                return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
        return False


@dataclass
class Delivery:
    """How a response goes over the wire. The defaults are a healthy server; fault switches change them."""

    wait: float = 0.0  # seconds before the first byte
    hold: "Fault | None" = None  # nothing is sent until it is released
    header_wait: float = 0.0  # seconds before each header line
    piece: int = 262_144  # bytes sent at once
    piece_wait: float = 0.0  # seconds before each piece
    share: float | None = None  # send only this share of the body, then close
    chunked: bool = False
    declared: int | None = None  # a Content-Length that is not the body's
    plain: bool = False  # never compressed
    drop: bool = False  # close instead of answering
    reset: bool = False  # close with RST instead of FIN


@dataclass
class Response:
    """A body in one piece, or an iterable of pieces (sent chunked). `packed` gives the gzip form if it is at hand."""

    status: int = 200
    body: bytes | bytearray | Iterable[bytes] = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    delivery: Delivery = field(default_factory=Delivery)
    packed: Callable[[], bytes] | None = None

    def whole(self) -> bytes:
        """The body as bytes; what a fault switch that damages bytes starts from."""
        return bytes(self.body) if isinstance(self.body, bytes | bytearray) else b"".join(self.body)

    def with_body(self, body: bytes | Iterable[bytes], content_type: str | None = None) -> "Response":
        self.body, self.packed = body, None
        self.content_type = content_type or self.content_type
        return self


def dump(value: object) -> bytes:
    """JSON as the vendors send it: compact, non-ASCII as UTF-8. NaN and Infinity come out as such, on purpose."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def answer(value: object, status: int = 200, **headers: str) -> Response:
    return Response(status, dump(value), headers={name.replace("_", "-"): text for name, text in headers.items()})


def text(message: str, status: int = 200, content_type: str = TEXT, **headers: str) -> Response:
    return Response(
        status, message.encode(), content_type, {key.replace("_", "-"): text for key, text in headers.items()}
    )
