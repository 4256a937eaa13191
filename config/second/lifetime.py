"""How long a session lives: half a day after the sign-in whatever is done, and two hours without a click."""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from config import audit
from config.second.sessions import FROM, begun

SEEN = "hub_seen"  # in the session: about when it was used last
EXACT = 300.0  # seconds: how often that is written at most


class Lifetime:
    """Signs out whoever stayed too long, or away too long; the page asked for then leads to the sign-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            now = time.time()
            if FROM not in request.session:
                begun(request)
            began = float(request.session[FROM]["at"])
            seen = float(request.session.get(SEEN, began))
            if now - began > settings.SESSION_COOKIE_AGE or now - seen > settings.HUB_IDLE_MINUTES * 60:
                audit.record("session ended", request.user, request=request, said="too old, or not used for too long")
                logout(request)
            elif now - seen > EXACT:
                request.session[SEEN] = now
        return self.get_response(request)
