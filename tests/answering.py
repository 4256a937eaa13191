"""A vendor's answers as they are given to it, over a real socket: for input that no simulator makes up."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit


@contextmanager
def answering(answers: Mapping[str, Any]) -> Iterator[str]:
    """The base address of a server that answers each path (without the query) with its body: bytes as they are, else JSON.

    A POST that asks for a page gets that part of the `data`, by its `start` and `length`. Unknown paths: 404.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """Silent."""

        def answer(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = urlsplit(self.path).path
            found = answers.get(path)
            if isinstance(found, dict) and asked:
                page = json.loads(asked)
                found = {**found, "data": found["data"][page["start"] :][: page["length"]]}
            body = found if isinstance(found, bytes) else json.dumps(found, ensure_ascii=False).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def examples(text: str) -> list[Any]:
    """Every JSON object printed in a manual's text, in order; schemas of answers and bulleted samples are no examples."""
    found, at, decoder = [], 0, json.JSONDecoder()
    while (at := text.find("{", at)) >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError:
            at += 1
            continue
        at = end
        if isinstance(value, dict) and value.get("type") != "object":
            found.append(value)
    return found
