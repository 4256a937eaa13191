"""Simulators over real sockets: HTTP/1.1 with keep-alive, a thread a connection, loopback only."""

import contextlib
import gzip
import http
import ipaddress
import os
import socket
import struct
import sys
import traceback
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from types import TracebackType
from typing import Any, Self

from integrations.simulator import control
from integrations.simulator.vendor import Simulator
from integrations.simulator.wire import Request, Response, answer, text

LARGEST_REQUEST = 64 << 20


class Server:
    """Serves simulators, each below `/<kind>/`: `with Server(Elko(), Elryan()) as server: server.url("elko")`.

    Runs in a thread of this process. Port 0 is any free port. Raises ValueError for a host that is not loopback.
    """

    def __init__(self, *simulators: Simulator, host: str = "127.0.0.1", port: int = 0) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"simulators answer on loopback addresses only, not on {host}")
        self.simulators = {simulator.kind: simulator for simulator in simulators}
        self._http = _HTTPServer((host, port), self.simulators)
        self.port: int = self._http.server_address[1]
        self.root = f"http://{host}:{self.port}"
        for simulator in simulators:
            simulator.move_to(self.url(simulator.kind))
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def url(self, kind: str, path: str = "") -> str:
        return f"{self.root}/{kind}{path}"

    def control_url(self, kind: str, path: str = "") -> str:
        return f"{self.root}/_sim/{kind}{path}"

    @property
    def errors(self) -> list[str]:
        """Tracebacks of mistakes in a simulator itself; empty in a healthy test."""
        return self._http.errors

    def start(self) -> Self:
        for simulator in self.simulators.values():
            simulator.stopped.clear()
        self._thread.start()
        return self

    def stop(self) -> None:
        """Wakes every delayed answer, closes every connection, waits for the threads."""
        for simulator in self.simulators.values():
            simulator.stopped.set()
            simulator.faults.let_go()
        self._http.shutdown()
        self._http.server_close()
        self._http.hang_up()
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], simulators: dict[str, Simulator]) -> None:
        self.simulators = simulators
        self.errors: list[str] = []
        self._open: set[socket.socket] = set()
        self._change = Condition()
        super().__init__(address, _Handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._change:
            self._open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._change:
                self._open.discard(request)
                self._change.notify_all()

    def hang_up(self, patience: float = 5.0) -> None:
        with self._change:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._change.wait_for(lambda: not self._open, patience)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client that went away is no news
            self.errors.append(traceback.format_exc())
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Simulator"
    disable_nagle_algorithm = True  # else each kept-alive answer waits 40 ms for the client's delayed ACK
    server: _HTTPServer

    def log_message(self, *args: Any) -> None:
        """Silent: the ledger knows more."""

    def answer(self) -> None:
        body = self._body()
        if body is None:
            return
        kind, _, rest = self.path.lstrip("/").partition("/")
        kind, _, query = kind.partition("?")
        target = "/" + rest + ("?" + query if query else "")
        simulator = self.server.simulators.get(kind)
        request = Request(self.command, target, dict(self.headers.items()), body, self.client_address[0])
        try:
            if simulator:
                response = simulator.answer(request)
            elif kind == "_sim":
                response = control.answer_control(self.server.simulators, request)
            else:
                response = self._index(kind)
        except Exception:  # noqa: BLE001 - a mistake in a simulator must be seen, not look like a vendor's fault
            self.server.errors.append(traceback.format_exc())
            traceback.print_exc()
            response = text("The simulator itself failed; its traceback is on standard error", 500)
        try:
            self._send(request, response, simulator)
        except OSError:  # the client hung up, as clients under test do
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = answer

    def _index(self, kind: str) -> Response:
        if kind:
            return text(f"No simulator {kind!r} here; there are: {', '.join(self.server.simulators)}", 404)
        return answer({name: sim.connections() for name, sim in self.server.simulators.items()})

    def _body(self) -> bytes | None:
        try:
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                return b"".join(self._chunks())
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            self.send_error(400)
            return None
        if length > LARGEST_REQUEST:
            self.send_error(413)
            return None
        return self.rfile.read(length)

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _send(self, request: Request, response: Response, simulator: Simulator | None) -> None:
        delivery = response.delivery
        stopped = simulator.stopped if simulator else Event()
        if delivery.hold:
            delivery.hold.reached.set()
            delivery.hold.release.wait()
        if stopped.wait(delivery.wait) or delivery.drop:
            self._close(delivery.reset)
            return
        body, length = self._encoded(request, response, simulator)
        chunked = length is None or delivery.chunked
        if chunked:
            response.headers["Transfer-Encoding"] = "chunked"
        elif response.status not in (204, 304):
            response.headers["Content-Length"] = str(length if delivery.declared is None else delivery.declared)
        self._head(response, stopped)
        if request.method == "HEAD":
            return
        whole = 0 if length is None else length
        limit = None if delivery.share is None else max(0, min(whole - 1, int(whole * delivery.share)))
        for piece in _pieces(body, delivery.piece, limit):
            if stopped.wait(delivery.piece_wait):
                self.close_connection = True
                return
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), bytes(piece)) if chunked else piece)
        if limit is not None or delivery.declared is not None:
            self.close_connection = True
        elif chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _encoded(
        self, request: Request, response: Response, simulator: Simulator | None
    ) -> tuple[Iterable[bytes | memoryview], int | None]:
        body = response.body
        if not isinstance(body, bytes | bytearray):
            return body, None
        short = simulator is None or (len(body) <= 200 and not simulator.always_packs)
        plain = response.delivery.plain or short or simulator is None or not simulator.gzip
        wanted = not plain and request.takes_gzip()
        if wanted and "Content-Encoding" not in response.headers:
            response.headers["Content-Encoding"] = "gzip"
            body = response.packed() if response.packed else gzip.compress(body, 1, mtime=0)
        return [memoryview(body)], len(body)

    def _head(self, response: Response, stopped: Event) -> None:
        try:
            phrase = http.HTTPStatus(response.status).phrase
        except ValueError:
            phrase = "Unknown"
        headers = {"Date": self.date_time_string(), "Content-Type": response.content_type, **response.headers}
        if self.close_connection:
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {response.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items()), ""]
        encoded = [line.encode("latin-1", "replace") + b"\r\n" for line in lines]
        if not response.delivery.header_wait:
            self.wfile.write(b"".join(encoded))
            return
        for line in encoded:
            if stopped.wait(response.delivery.header_wait):
                raise ConnectionAbortedError("the server stops")
            self.wfile.write(line)

    def _close(self, reset: bool) -> None:
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())  # a plain close would say FIN first


def _pieces(body: Iterable[bytes | memoryview], size: int, limit: int | None) -> Iterator[bytes | memoryview]:
    sent = 0
    for part in body:
        for start in range(0, len(part), size):
            piece = part[start : start + size]
            if limit is not None:
                piece = piece[: limit - sent]
            if not len(piece):
                return
            sent += len(piece)
            yield piece
