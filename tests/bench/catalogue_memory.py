"""P5 beyond pages of a hundred thousand: one body without paging, and very many records."""

import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.bench.catalogue_hub import hub
from tests.bench.result import Result, Scale


def measure(scale: Scale, pages: Path) -> Iterable[Result]:
    """`pages`: the generated records, which are also sent as one body."""
    with tempfile.TemporaryDirectory(prefix="crossdock-body-") as name, hub(scale.databases[0]) as ask:
        size = join(pages, Path(name) / "body.json")
        with serving(Path(name)) as url:
            body = max((ask("body", Path(name), BENCH_BODY=url) for _ in range(2)), key=_memory)
        ask("vouch", Path(name), BENCH_MANY=str(scale.many))
        many = ask("many", Path(name), BENCH_MANY=str(scale.many))
    title = f"Worker memory over idle, {scale.rows:,} records in one body of {size / 1e6:.0f} MB"
    yield Result(
        "P5", title, f"{_memory(body):.0f} MB", "", None, "≤ 64 MB", _memory(body) <= 64, "fetched over a socket"
    )
    title = f"Worker memory over idle, {scale.many:,} records, unchanged"
    note = f"{many['seconds']:.1f} s"
    yield Result("P5", title, f"{_memory(many):.0f} MB", "", None, "≤ 256 MB", _memory(many) <= 256, note)


def _memory(phase: Any) -> float:
    return float(phase["memory"])


def join(pages: Path, body: Path) -> int:
    """Write all records of the pages as one JSON list; returns its size in bytes."""
    with body.open("wb") as out:
        for number, file in enumerate(sorted(pages.glob("*.json"))):
            text = file.read_bytes()
            out.write(b"," if number else b"[")
            out.write(text[text.index(b"[") + 1 : text.rindex(b"]")])
        out.write(b"]")
    return body.stat().st_size


class Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a server on loopback that answers with the folder's files."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
