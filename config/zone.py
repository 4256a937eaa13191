"""Times are shown in the operator's own zone, which the browser tells in a cookie (static/hub/hub.js)."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

COOKIE = "hub_zone"


class OperatorZone:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.known = available_timezones()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = request.COOKIES.get(COOKIE, "")
        if name not in self.known:
            return self.get_response(request)
        with timezone.override(ZoneInfo(name)):
            return self.get_response(request)
