"""The one view vendors post to: checks, one insert, an answer. It calls no vendor, and its path is in no log."""

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from integrations import vault
from integrations.connection import account_of
from integrations.faultpoints import faultpoint
from integrations.models import Callback
from integrations.network import Address
from integrations.webhooks import addresses, checking, hinting, keeping
from integrations.webhooks.hook import Hook, Posted, Reply
from integrations.webhooks.receiving import NotTaken, body_of

log = logging.getLogger(__name__)
NOTHING_HERE = 404


@method_decorator(csrf_exempt, name="dispatch")
class Door(View):
    """Anybody may knock; whoever knows a path that is switched on, comes from an allowed place and signs rightly is let in."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        callback: Callback | None = None
        try:
            callback = addresses.find(kwargs["token"])
            hook = addresses.declared(callback) if callback else None
            if callback is None or hook is None:
                return plain(NOTHING_HERE)
            return self.let_in(request, callback, hook)
        except NotTaken as wrong:
            return plain(wrong.status, close=True)
        except DatabaseError:
            log.exception("A delivery for %s could not be stored", callback or "an address")
            return plain(503)
        except Exception:
            # Whatever it is, the vendor is to try again, and the path must not be logged as Django would.
            log.exception("A delivery for %s failed", callback or "an address")
            return plain(503)

    def let_in(self, request: HttpRequest, callback: Callback, hook: Hook) -> HttpResponse:
        now = timezone.now()
        method = request.method or ""
        if method not in hook.methods:
            return plain(405, allow=", ".join(hook.methods))
        address = checking.caller(request)
        if not checking.from_allowed(callback, address):
            keeping.refused(callback, f"It came from {address or 'an unknown address'}, which may not post.", now)
            return plain(403)
        body = b"" if method == "GET" else body_of(request.META, hook.most)
        kind = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if body and kind not in hook.types:
            return plain(415)
        query = {name: str(value) for name, value in request.GET.items()}
        key = addresses.own_key(callback) if hook.key else ""
        posted = Posted(method, dict(request.headers), body, query, f"{settings.HUB_PUBLIC_URL}{request.path}", key)
        verified = self.checked(callback, hook, posted, now)
        if verified is False and callback.mode == Callback.Mode.REQUIRED:
            keeping.refused(callback, "Its signature is missing, wrong or too old.", now)
            return plain(401)
        if hook.answer is not None:
            return self.answer(callback, hook, posted, verified, address)
        keeping.keep(callback, hook, posted, verified=verified, address=address, now=now)
        faultpoint("hook.stored")
        hinting.hint(callback.vendor_id)
        return plain(200)

    def checked(self, callback: Callback, hook: Hook, posted: Posted, now: datetime) -> bool | None:
        try:
            return checking.signed(callback, hook, posted, now)
        except vault.VaultError as error:
            log.error("%s: %s", callback, error)
            return False

    def answer(
        self, callback: Callback, hook: Hook, posted: Posted, verified: bool | None, address: Address | None
    ) -> HttpResponse:
        assert hook.answer is not None
        reply: Reply = hook.answer(posted, account_of(callback.vendor), callback.pk)
        try:
            keeping.keep_answered(callback, hook, posted, reply, verified=verified, address=address)
        except DatabaseError:
            log.exception("An answer for %s could not be noted", callback)  # it is given all the same
        return told(HttpResponse(reply.body, status=reply.status, content_type=reply.content_type))


def plain(status: int, *, allow: str = "", close: bool = False) -> HttpResponse:
    """An answer that tells nothing but its status. `close`: what is left of the body is not waited for."""
    response = HttpResponse(status=status, content_type="text/plain")
    if allow:
        response["Allow"] = allow
    if close:
        response["Connection"] = "close"
    return told(response)


def told(response: HttpResponse) -> HttpResponse:
    """Django logs refused requests with their path, which here is a secret; an answer marked so is taken for logged."""
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
