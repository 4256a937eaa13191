"""A page that cannot go on because a secret cannot be opened says which key is missing, instead of breaking."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from config.sealing import VaultError


class KeyMissing:
    """Turns VaultError, whose text never holds a secret, into a page that says what to do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, VaultError):
            return None
        return HttpResponse(render_to_string("hub/no_key.html", {"why": str(exception)}), status=503)
