"""The door of the admin: whoever is not on the list learns which address to report, and nothing else."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from config.addresses import caller
from integrations import allowlist, blocking

MACHINES, VENDORS = "/healthz", "/hooks/"  # vendors have a list of their own


class AdminGate:
    """Before sessions and everything that reads one. Closed, it closes every page but those for machines."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == MACHINES or request.path_info.startswith(VENDORS):
            return self.get_response(request)
        rules = allowlist.rules()
        if not rules.closed:
            request.hub_open = allowlist.reachable()  # type: ignore[attr-defined]
            return self.get_response(request)
        address = caller(request)
        if rules.allows(address):
            return self.get_response(request)
        shown = str(address) if address else "unknown"
        often = blocking.attempt(shown, request.path_info)
        page = render_to_string("hub/blocked.html", {"address": address}, request=None)
        response = HttpResponse(page, status=429 if often else 403)
        response["Cache-Control"] = "no-store"
        if often:
            response["Retry-After"] = "60"
        return response
