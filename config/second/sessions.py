"""Where a person is signed in, and signing out everywhere."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from config import audit, stepup
from config.second.standing import PENDING, is_staff, passed
from config.session_names import stored

BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
FROM = "hub_from"  # in the session: when it began, at which address, in what browser


def begun(request: HttpRequest) -> None:
    """Note where a session comes from."""
    agent = audit.clean(request.headers.get("User-Agent", ""), 200)
    request.session[FROM] = {"at": time.time(), "address": audit.address_of(request), "agent": agent}


def sessions_of(person: Any) -> Iterator[tuple[Session, dict[str, Any]]]:
    """Unexpired sessions of a person with what they hold. They last half a day, so there are few to look through."""
    for row, held in _alive():
        if held.get(SESSION_KEY) == str(person.pk) and BACKEND_SESSION_KEY in held:
            yield row, held


def end_all(person: Any, but: str | None = None) -> int:
    """Sign a person out everywhere, but in the session of this name; how many were ended.

    Whoever has given the password and not yet the second factor begins anew, too.
    """
    kept = stored(but) if but else None
    keys = [row.session_key for row, _ in sessions_of(person) if row.session_key != kept]
    half = [row.session_key for row, held in _alive() if held.get(PENDING, {}).get("person") == person.pk]
    Session.objects.filter(session_key__in=keys + half).delete()
    return len(keys)


def _alive() -> Iterator[tuple[Session, dict[str, Any]]]:
    for row in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        yield row, row.get_decoded()


def browser_of(agent: str) -> str:
    """`Firefox on Windows`, as far as what a browser calls itself tells; else its own words."""
    name, system = (next((told for part, told in table if part in agent), "") for table in (BROWSERS, SYSTEMS))
    return f"{name} on {system}" if name and system else agent[:80]


@never_cache
@csrf_protect
def page(request: HttpRequest) -> HttpResponse:
    if not (is_staff(request) and passed(request)):
        return HttpResponseRedirect(f"{reverse('admin:login')}?next={request.path}")
    person, own = request.user, request.session.session_key
    if request.method == "POST":
        stepup.demand(request)
        ended = end_all(person, but=own)
        audit.record("signed out everywhere", person, request=request, said=f"{ended} sessions ended")
        messages.success(request, f"{ended} other session{'' if ended == 1 else 's'} ended.")
        return HttpResponseRedirect(reverse("admin:sessions"))
    rows = []
    for row, held in sessions_of(person):
        came = held.get(FROM, {})
        began = datetime.fromtimestamp(came["at"], UTC) if came else None
        ends = (
            min(row.expire_date, began + timedelta(seconds=settings.SESSION_COOKIE_AGE)) if began else row.expire_date
        )
        agent = came.get("agent", "")
        rows.append({"began": began, "address": came.get("address", ""), "agent": agent, "browser": browser_of(agent),
                     "ends": ends, "own": row.session_key == stored(own or "")})  # fmt: skip
    rows.sort(key=lambda row: (not row["own"], -(row["began"].timestamp() if row["began"] else 0)))
    context = {**admin.site.each_context(request), "title": "Where you are signed in", "subtitle": None, "rows": rows}
    return TemplateResponse(request, "admin/people/sessions.html", context)
