"""Methods that no page has any use for are refused before anything is looked at."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

REFUSED = ("TRACE", "TRACK", "CONNECT")  # what echoes a request, or asks for a tunnel
log = logging.getLogger(__name__)


class KnownMethods:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in REFUSED:
            log.warning("A request was refused for its method, %s", request.method)
            response = HttpResponseNotAllowed(["GET", "HEAD", "POST", "OPTIONS"])
            # Else Django logs it with its path, and where vendors post to that is a secret.
            response._has_been_logged = True  # type: ignore[attr-defined]
            return response
        return self.get_response(request)
