"""A vendor who says again what it was sent, token and all: in the body, in headers, in an address it sends us on to."""

import base64
import html
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote

from integrations.simulator.faults import Stage, Turn, switch
from integrations.simulator.wire import JSON, TEXT, Request, Response, dump

PLAIN = ("host", "accept", "accept-encoding", "user-agent", "content-type", "content-length", "connection")
# How what was sent is spelled in the answer.
SPELLED: dict[str, Callable[[str], str]] = {
    "text": str,
    "html": html.escape,
    "quoted": lambda text: quote(text, safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "urlsafe": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "basic": lambda text: base64.b64encode(f"hub:{text}".encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "json": lambda text: json.dumps(text),
    "escaped": lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
    "twice": lambda text: json.dumps(json.dumps(text)),
}


@switch(Stage.AFTER)
def echo(turn: Turn, response: Response, *, code: int = 400, how: str = "text", place: str = "body") -> Response:
    """What the request held, with this status. place: "body"; "broken" and "values" are JSON, cut off and whole; "headers", "coding"
    (the answer's Content-Encoding); "path" and "query" lead on to an address here, "host" and "away" to one elsewhere.
    """
    told = [SPELLED[how](word) for word in sent(turn.request)]
    response.status, response.headers = code, {}
    if place == "values":
        return response.with_body(dump({"error": told, "message": " ".join(told), "result": told, "data": told}), JSON)
    if place == "broken":
        return response.with_body(('{"data": [{"id": ' + json.dumps(" ".join(told)) + ', "name": ').encode(), JSON)
    whole = " ".join(told)
    if place == "headers":
        response.headers = {
            "WWW-Authenticate": f"Bearer {whole}",
            "X-Request": whole,
            "Set-Cookie": f"s={whole}",
            "Retry-After": whole,
        }
    elif place == "coding":
        response.headers = {"Content-Encoding": whole}
    elif place in ("path", "query", "host", "away"):
        here, first = turn.simulator.url, quote(told[0] if told else "", safe="")
        response.headers["Location"] = {
            "path": f"{here}/{first}/login",
            "query": f"{here}/login?token={first}",
            "host": f"https://{first.replace('%', '-')}.example/login",
            "away": f"https://{'far-' * 20}{first.replace('%', '-')}.example/{first}?token={first}",
        }[place]
        return response.with_body(b"Moved", TEXT)
    return response.with_body(f"Not accepted: {whole}".encode(), TEXT)


def sent(request: Request) -> list[str]:
    """The words of a request that may be secrets: headers of the caller's own, whole and their last word, and values of its body.

    Those of the query are left out: no secret is in one, and a list that says them would never end in the same page twice.
    """
    words = [value for name, value in request.headers.items() if name.lower() not in PLAIN]
    words = [word for value in words for word in (value.rpartition(" ")[2], value)]
    return list(dict.fromkeys(word for word in (*words, *_values(request)) if word))


def _values(request: Request) -> Iterator[str]:
    text = request.body.decode("utf-8", "replace")
    try:
        yield from _texts(json.loads(text))
    except ValueError:
        yield from (value for _, value in parse_qsl(text))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
