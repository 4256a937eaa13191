"""Fault switches on the answer: when it comes, what is in it, how much arrives. Keyword parameters are options."""

import gzip
import json
import random
import time
import zlib
from collections.abc import Iterator
from typing import Any

from integrations.simulator.faults import Stage, Turn, switch
from integrations.simulator.wire import JSON, Response, dump, text

HTML = (
    "<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>We will be back soon</h1>"
    "<p>The service is being updated.</p></body></html>"
)
MEGABYTE = 1 << 20


# -- before the request counts as arrived


@switch(Stage.BEFORE)
def uplink(turn: Turn, *, seconds: float = 0.05, jitter: float = 0.0) -> None:
    """The request is on its way for a while before it arrives (and counts against a rate limit)."""
    turn.simulator.pause(seconds + random.uniform(0, jitter))


@switch(Stage.BEFORE, once=True)
def revoke(turn: Turn) -> None:
    """From this request on the token is dead (revoked, expired, replaced by a colleague) until one is set again."""
    turn.simulator.revoke_token()


@switch(Stage.BEFORE)
def call(turn: Turn, *, do: Any) -> None:
    """In process only: run `do(simulator, request)` before the request is carried out, e.g. to change a row then."""
    do(turn.simulator, turn.request)


# -- in place of an answer


@switch(Stage.INSTEAD)
def status(
    turn: Turn,
    response: Response,
    *,
    code: int = 500,
    headers: dict[str, str] | None = None,
    body: str = "",
    accept: bool = False,
) -> Response:
    """Any status with any headers (`Retry-After`, …). accept=True: the write is done, the answer is an error."""
    answered = text(body or f"{code} from a fault switch", code)
    answered.headers.update(headers or {})
    return answered


@switch(Stage.INSTEAD)
def drop(turn: Turn, response: Response, *, accept: bool = False, reset: bool = False) -> Response:
    """Close the connection without an answer. accept=True: after the write was done."""
    response.delivery.drop, response.delivery.reset = True, reset
    return response


@switch(Stage.INSTEAD)
def redirect(turn: Turn, response: Response, *, to: str, code: int = 302, accept: bool = False) -> Response:
    return text("Moved", code, Location=to)


@switch(Stage.INSTEAD)
def foreign_ip(turn: Turn, response: Response) -> Response:
    """The answer the vendor gives to an address that is not on its list."""
    return turn.simulator.refuse(turn.request, "ip")


# -- when and how the answer comes


@switch(Stage.AFTER)
def slow(turn: Turn, response: Response, *, seconds: float = 5.0, jitter: float = 0.0) -> Response:
    """Carried out at once, answered late."""
    response.delivery.wait += seconds + random.uniform(0, jitter)
    return response


@switch(Stage.AFTER)
def hold(turn: Turn, response: Response) -> Response:
    """Carried out, then held until the fault's `release` is set or the fault is cleared. `reached` tells it is held."""
    response.delivery.hold = turn.fault
    return response


@switch(Stage.AFTER)
def slow_headers(turn: Turn, response: Response, *, seconds: float = 1.0) -> Response:
    """Each header line takes this long."""
    response.delivery.header_wait = seconds
    return response


@switch(Stage.AFTER)
def drip(turn: Turn, response: Response, *, seconds: float = 10.0, size: int = 1) -> Response:
    """`size` bytes of the body every `seconds`."""
    response.delivery.piece, response.delivery.piece_wait = size, seconds
    return response


@switch(Stage.AFTER)
def cut(turn: Turn, response: Response, *, percent: float = 50, chunked: bool = False) -> Response:
    """The connection closes after this much of the body, by Content-Length or in mid-chunk."""
    response.delivery.share, response.delivery.chunked = percent / 100, chunked
    return response


@switch(Stage.AFTER)
def wrong_length(turn: Turn, response: Response, *, extra: int = -10) -> Response:
    """A Content-Length that is off by so many bytes (too long by one that never comes, or too short)."""
    response = response.with_body(response.whole())
    response.delivery.plain = True
    response.delivery.declared = max(0, len(response.whole()) + extra)
    return response


@switch(Stage.AFTER)
def gzip_truncated(turn: Turn, response: Response, *, percent: float = 50) -> Response:
    """A complete HTTP answer around a gzip stream that ends too early."""
    packed = gzip.compress(response.whole(), mtime=0)
    response.headers["Content-Encoding"] = "gzip"
    return response.with_body(packed[: max(1, min(len(packed) - 1, int(len(packed) * percent / 100)))])


@switch(Stage.AFTER)
def gzip_bomb(
    turn: Turn, response: Response, *, size: int = 1024 * MEGABYTE, fill: str = "\0", tail: str = ""
) -> Response:
    """`size` bytes of one character in a thousandth of that; fill=" ", tail="[]" makes it valid JSON in the end."""
    response.headers["Content-Encoding"] = "gzip"
    return response.with_body(_bomb(size, fill.encode(), tail.encode()), JSON)


def _bomb(size: int, fill: bytes, tail: bytes) -> Iterator[bytes]:
    block = fill * MEGABYTE
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    # A full flush makes the packed block independent of what stands before it, so it can be sent again and again.
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum, blocks = 0, max(1, size // MEGABYTE)
    yield b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    for _ in range(blocks):
        checksum = zlib.crc32(block, checksum)
        yield packed
    last = zlib.compressobj(9, zlib.DEFLATED, -15)
    yield last.compress(tail) + last.flush()
    length = (blocks * MEGABYTE + len(tail)) & 0xFFFFFFFF
    yield zlib.crc32(tail, checksum).to_bytes(4, "little") + length.to_bytes(4, "little")


@switch(Stage.AFTER)
def endless(turn: Turn, response: Response, *, pause: float = 0.0) -> Response:
    """A chunked body that never ends: spaces, 64 KB at a time, until the client hangs up or the server stops."""
    return response.with_body(_spaces(turn, pause))


def _spaces(turn: Turn, pause: float) -> Iterator[bytes]:
    while turn.simulator.pause(pause):
        yield b" " * 65_536


@switch(Stage.AFTER)
def big(turn: Turn, response: Response, *, size: int = 128 * MEGABYTE) -> Response:
    """The right answer with `size` bytes of blanks in front: valid, and over any sensible cap. Sent chunked."""
    return response.with_body(_padded(response.whole(), size))


def _padded(body: bytes, size: int) -> Iterator[bytes]:
    yield from (b" " * MEGABYTE for _ in range(size // MEGABYTE))
    yield b" " * (size % MEGABYTE) + body


# -- what is in the answer


@switch(Stage.AFTER)
def content_type(turn: Turn, response: Response, *, value: str = "text/html") -> Response:
    response.content_type = value
    return response


@switch(Stage.AFTER)
def html(turn: Turn, response: Response, *, declared: str = "text/html; charset=utf-8", code: int = 200) -> Response:
    """A maintenance page with 200; declared="application/json" makes the header lie as well."""
    response.status = code
    return response.with_body(HTML.encode(), declared)


@switch(Stage.AFTER)
def empty(turn: Turn, response: Response) -> Response:
    return response.with_body(b"")


@switch(Stage.AFTER)
def not_json(turn: Turn, response: Response, *, body: str = '{"data": [1, 2,') -> Response:
    return response.with_body(body.encode())


@switch(Stage.AFTER)
def bom(turn: Turn, response: Response) -> Response:
    return response.with_body(b"\xef\xbb\xbf" + response.whole())


@switch(Stage.AFTER)
def utf16(turn: Turn, response: Response) -> Response:
    return response.with_body(response.whole().decode().encode("utf-16"))


@switch(Stage.AFTER)
def latin1(turn: Turn, response: Response) -> Response:
    """Latin-1 bytes under a header that says UTF-8; at least one byte is not valid UTF-8."""
    return response.with_body(response.whole().decode().encode("latin-1", "replace").replace(b'":"', b'":"\xe9', 1))


@switch(Stage.AFTER)
def surrogate(turn: Turn, response: Response) -> Response:
    """A lone surrogate, as an escape, in the first text value."""
    return response.with_body(response.whole().replace(b'":"', b'":"\\ud83d', 1))


@switch(Stage.AFTER)
def deep(turn: Turn, response: Response, *, depth: int = 100_000) -> Response:
    return response.with_body(b"[" * depth + b"]" * depth)


@switch(Stage.AFTER)
def shape(
    turn: Turn, response: Response, *, how: str = "object", field: str = "", to: str = "", code: int = 5
) -> Response:
    """Valid JSON of another shape. how: object, list, null, text, nested, error (`code`), renamed (`field` to `to`)."""
    if not response.content_type.startswith("application/json"):
        return response
    return response.with_body(dump(turn.simulator.reshape(json.loads(response.whole()), how, field, to, code)))


@switch(Stage.AFTER)
def raw_value(turn: Turn, response: Response, *, field: str, literal: str, at: int = 0) -> Response:
    """The `at`-th value of a field becomes this text as it is, unquoted: 1e999, 18446744073709551616, NaN."""
    body, label = response.whole().decode(), f'"{field}":'
    before, *values = body.split(label)
    if not 0 <= at < len(values):
        return response
    start = len(label.join([before, *values[:at]])) + len(label)
    _, end = json.JSONDecoder().raw_decode(body, start)
    return response.with_body((body[:start] + literal + body[end:]).encode())


@switch(Stage.AFTER)
def date(turn: Turn, response: Response, *, seconds: float = 300.0) -> Response:
    """The answer's Date header is off by so much: the vendor's clock."""
    response.headers["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + seconds))
    return response
