"""What enters the audit log by itself: sign-ins, sign-outs, refusals; and which request is being answered."""

import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model, signals
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.forms import PasswordInput
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from config import audit
from config.models import AuditEntry
from config.second import sessions
from config.stepup import Stale

A_MINUTE = timedelta(minutes=1)


class Audited:
    """Lets `audit.record` know the request, and records what was refused to somebody who is signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = audit.current.set(request)
        try:
            return self.get_response(request)
        finally:
            audit.current.reset(token)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        if (
            isinstance(exception, PermissionDenied)
            and not isinstance(exception, Stale)
            and request.user.is_authenticated
        ):
            audit.record("refused", request=request, said=f"{request.method} {request.path}")


def signed_in(sender: Any, request: HttpRequest | None, user: Any, **given: Any) -> None:
    audit.record("signed in", user, request=request, who=user.get_username())
    if request is not None:
        sessions.begun(request)


def signed_out(sender: Any, request: HttpRequest | None, user: Any, **given: Any) -> None:
    if user is not None:
        audit.record("signed out", user, request=request, who=user.get_username())


def refused(sender: Any, credentials: Any, request: HttpRequest | None = None, **given: Any) -> None:
    """Under the name that was tried, if somebody has it: people type passwords where names belong, and nobody is to read those."""
    name, waiting = str(credentials.get("username", "")), getattr(request, "hub_wait", None)
    why = "not looked at: too many wrong ones before" if waiting else "wrong password or name"
    known = get_user_model()._default_manager.filter(username=unicodedata.normalize("NFKC", name)).exists()
    who = name if known else "(nobody here)"
    if waiting and lately("sign-in refused", who, why, audit.address_of(request)):
        return  # rows of this log stay for ever: whoever goes on trying does not fill the disk with them
    audit.record("sign-in refused", request=request, who=who, said=why)


def lately(what: str, who: str, said: str, address: str) -> bool:
    """Whether the log has the same already, not older than a minute."""
    since = timezone.now() - A_MINUTE
    return AuditEntry.objects.filter(at__gt=since, what=what, who=who, said=said, address=address[:64]).exists()


def listen() -> None:
    signals.user_logged_in.connect(signed_in, dispatch_uid="hub.audit.in")
    signals.user_logged_out.connect(signed_out, dispatch_uid="hub.audit.out")
    signals.user_login_failed.connect(refused, dispatch_uid="hub.audit.refused")


def changes(form: Any) -> dict[str, dict[str, Any]]:
    """Values before and after of what was changed in a form, and which of its fields it declares as secret or not."""
    names = [name for name in form.changed_data if name in form.fields]
    cleaned = getattr(form, "cleaned_data", {})
    return {
        "before": {name: told(form.get_initial_for_field(form.fields[name], name)) for name in names},
        "after": {name: told(cleaned.get(name)) for name in names},
        "hides": hides(form),
    }


def hides(form: Any) -> dict[str, bool]:
    """What the form says of its fields (`hides`), and those whose text nobody reads as it is typed."""
    typed = {name: True for name, field in form.fields.items() if isinstance(field.widget, PasswordInput)}
    return {**getattr(form, "hides", {}), **typed}


def told(value: Any) -> Any:
    if isinstance(value, (QuerySet, list, tuple)):
        return [told(item) for item in value]
    return str(value) if isinstance(value, Model) else value
