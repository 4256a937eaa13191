"""Wrong passwords: each next try waits longer, by account and by address, and nobody is shut out by a stranger.

django-axes keeps the counts: its tables, signals, backend and commands. Its own handler locks for one fixed time, and forgets the
count with it (axes 8.3.1, handlers/database.py: `clean_expired_user_attempts` deletes everybody's attempts older than this
request's cool-off), so that nothing can grow. Here the count is remembered for a day and the wait is worked out from it.

Three counts: of one account from one address, of one account from everywhere, and of one address for all accounts. An address
from which the account signed in before is held to the first alone, so that whoever guesses from elsewhere shuts out nobody who
works from where they always do; and it is no free pass, as axes' own list of exempted clients would be.
"""

import hashlib
import unicodedata
from datetime import timedelta
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.db.models import Max, Sum
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from config.addresses import caller

# What is counted together, in axes' words: how many wrong ones are free before the waiting begins: 1, 2, 4 … seconds.
FREE = {("username", "ip_address"): 3, ("username",): 10, ("ip_address",): 20}
PAIR = ("username", "ip_address")
LONGEST = timedelta(minutes=15)
KNOWN = timedelta(days=90)  # for so long an address is known to an account
NOWHERE = "::"  # stands for an address that cannot be told


class Guard(AxesStandaloneBackend):
    """The first of the backends: it signs nobody in, and lets nobody try who has to wait."""

    def authenticate(
        self, request: Any, username: str | None = None, password: str | None = None, **given: Any
    ) -> None:
        if request is not None and username and password is not None:
            super().authenticate(request, username=username, password=password, **given)


class GrowingWait(AxesDatabaseHandler):
    """axes' handler, with a wait that grows in place of one lockout. What is refused unlooked at does not count."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        left = wait((credentials or {}).get("username") or "", request.axes_ip_address)  # type: ignore[attr-defined]
        if left > timedelta(0):
            request.hub_wait = left  # type: ignore[attr-defined]
        return left > timedelta(0)

    def user_login_failed(self, sender: Any, credentials: Any, request: Any = None, **given: Any) -> None:
        """One row for each account and address, whatever the browser calls itself, and nothing of what the form held."""
        if request is None:
            super().user_login_failed(sender, credentials, request, **given)
            return
        request.axes_user_agent = request.axes_http_accept = ""
        # axes would keep every field but “password” as it was typed: an old password, and the new one beside it.
        told = request.GET, request.POST
        request.GET = request.POST = QueryDict()
        try:
            super().user_login_failed(sender, credentials, request, **given)
        finally:
            request.GET, request.POST = told

    def user_logged_in(self, sender: Any, request: Any, user: Any, **given: Any) -> None:
        """The address is known to the account from now on, and what both counted together ends."""
        request.axes_user_agent = request.axes_http_accept = ""
        super().user_logged_in(sender, request, user, **given)
        AccessLog.objects.filter(attempt_time__lt=timezone.now() - KNOWN).delete()


def wait(name: str, address: str) -> timedelta:
    """For how long no password is looked at; zero for now."""
    now, keys = timezone.now(), {"username": digest(name), "ip_address": address}
    since = now - settings.AXES_COOLOFF_TIME
    left = [timedelta(0)]
    for together in counted(name, address):
        same = AccessAttempt.objects.filter(attempt_time__gt=since, **{key: keys[key] for key in together})
        seen = same.order_by().aggregate(times=Sum("failures_since_start"), last=Max("attempt_time"))
        beyond = (seen["times"] or 0) - FREE[together]
        if beyond >= 0:
            left.append(seen["last"] + min(timedelta(seconds=2 ** min(beyond, 20)), LONGEST) - now)
    return max(left)


def counted(name: str, address: str) -> list[tuple[str, ...]]:
    """Which counts hold: all three, or for an address from which the account signed in lately the two's own alone."""
    same = unicodedata.normalize("NFKC", name)
    known = AccessLog.objects.filter(username=same, ip_address=address, attempt_time__gt=timezone.now() - KNOWN)
    return [PAIR] if known.exists() else list(FREE)


def digest(name: str) -> str:
    """What stands for a name that was tried: people type passwords where names belong. However it is spelled, the same."""
    who = unicodedata.normalize("NFKC", name).casefold()
    return hashlib.sha256(who.encode("utf-8", "surrogatepass")).hexdigest()


# What the settings name for axes to ask.


def name_of(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    return digest((credentials or {}).get("username") or "")


def address_of(request: HttpRequest) -> str:
    """Who called, behind proxies of our own."""
    return str(caller(request) or NOWHERE)
