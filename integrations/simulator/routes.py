"""Which function answers which path. Unknown path 404, known path with another verb 405, as strict vendors do."""

from collections.abc import Callable
from typing import Any

from integrations.simulator.wire import Request, Response, text

Handler = Callable[..., Response]


class Routes:
    """`@routes("GET", "/Orders/{number}")` on a method; the braces' segments are handed to it, decoded, in order.

    A trailing slash is part of the path: `/deliveries/{id}/` and `/deliveries/{id}` are two paths.
    """

    def __init__(self) -> None:
        self._known: list[tuple[str, tuple[str, ...], Handler]] = []

    def __call__(self, method: str, *paths: str) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self._known += [(method, tuple(path.split("/")[1:]), handler) for path in paths]
            return handler

        return register

    def run(self, owner: Any, request: Request) -> Response:
        allowed = []
        for method, pattern, handler in self._known:
            if (caught := _caught(pattern, request.segments)) is None:
                continue
            if method == request.method:
                return handler(owner, request, *caught)
            allowed.append(method)
        if allowed:
            return text("Method Not Allowed", 405, Allow=", ".join(sorted(allowed)))
        return text(f"Cannot {request.method} {request.path}", 404)


def _caught(pattern: tuple[str, ...], segments: tuple[str, ...]) -> list[str] | None:
    if len(pattern) != len(segments):
        return None
    caught = []
    for wanted, found in zip(pattern, segments, strict=True):
        if wanted.startswith("{"):
            if not found:
                return None
            caught.append(found)
        elif wanted != found:
            return None
    return caught
