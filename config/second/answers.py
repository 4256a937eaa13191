"""What a person may be asked for as the second factor, what came, and how it is told."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone

from config.models import Passkey
from config.second import codes, passkeys
from config.second.place import place_of, why_not
from config.second.standing import read


def ways(request: HttpRequest, person: Any) -> dict[str, Any]:
    """What a page may ask this person for, here; and where passkeys that do not work here do."""
    place = place_of(request)
    hosts = set(Passkey.objects.filter(user=person, confirmed=True).values_list("host", flat=True))
    by_app = read(person).hub_factor is not None
    return {
        "by_app": by_app,
        "by_code": by_app or codes.codes_left(person) > 0,
        "by_passkey": place.host in hosts and not why_not(request),
        "why_not": why_not(request) if hosts else "",
        "elsewhere": sorted(hosts - {place.host}),
        "origin": place.origin,
    }


def answered(request: HttpRequest, person: Any, purpose: str) -> codes.Taken:
    """What was sent: a code, or what the browser says for a passkey."""
    if "passkey" in request.POST:
        return passkeys.take(request, person, purpose, request.POST["passkey"])
    return codes.take(person, request.POST.get("code", ""))


def tell(taken: codes.Taken) -> str:
    if taken.why:
        return taken.why
    if taken.wait is not None:
        seconds = max(1, round((taken.wait - timezone.now()).total_seconds()))
        return f"Too many wrong codes. Wait {seconds} second{'' if seconds == 1 else 's'}, then try again."
    return (
        "That code is not right. A code of the app works once, for half a minute: wait for the next one. "
        "A recovery code works once too."
    )


def how(taken: codes.Taken) -> str:
    """What was given, for the audit log."""
    if taken.left is not None:
        return f"a recovery code; {taken.left} are left"
    if taken.factor is None:
        return "the password"
    return "a code of the app" if isinstance(taken.factor, int) else "a passkey"


def told_left(request: HttpRequest, taken: codes.Taken) -> None:
    if taken.left is not None:
        text = f"A recovery code was used; {taken.left} are left. Make new ones on the page of your second factor."
        messages.warning(request, text)
