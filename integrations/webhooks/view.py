"""The one view vendors post to: checks, one insert, an answer. It calls no vendor, and its path is in no log."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from config.addresses import Address, caller
from integrations.faultpoints import faultpoint
from integrations.models import Callback
from integrations.webhooks import checking, hinting, keeping, known, reach
from integrations.webhooks.hook import PARSE_ERRORS, Posted, Reply
from integrations.webhooks.known import Known
from integrations.webhooks.receiving import NotTaken, body_of

log = logging.getLogger(__name__)


@method_decorator(csrf_exempt, name="dispatch")
class Door(View):
    """Anybody may knock; whoever knows a path that is switched on, comes from an allowed place and signs rightly is let in."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        found: Known | None = None
        try:
            if settings.SECURE_SSL_REDIRECT and not request.is_secure():
                return plain(403)  # led on to https, whoever calls in the clear would go on doing so
            found = known.of(kwargs["token"]) if "token" in kwargs else None
            return self.let_in(request, found) if found else plain(404)
        except NotTaken as wrong:
            return plain(wrong.status, close=True)
        except Error:
            log.exception("A delivery for %s could not be stored", found.callback if found else "an address")
            return plain(503)
        except Exception:
            # Whatever it is, the vendor is to try again, and the path must not be logged as Django would.
            log.exception("A delivery for %s failed", found.callback if found else "an address")
            return plain(503)

    def let_in(self, request: HttpRequest, found: Known) -> HttpResponse:
        callback, hook, now = found.callback, found.hook, timezone.now()
        method = request.method or ""
        if method not in hook.methods:
            return plain(405, allow=", ".join(hook.methods))
        address = caller(request)
        if not checking.from_allowed(found, address):
            keeping.refused(callback, f"It came from {address or 'an unknown address'}, which may not post.", now)
            return plain(403)
        body = b"" if method == "GET" else body_of(request.META, hook.most)
        kind = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if body and kind not in hook.types:
            return plain(415)
        query = {name: str(value) for name, value in request.GET.items()}
        whole = f"{settings.HUB_PUBLIC_URL}{request.path}"
        posted = Posted(method, dict(request.headers), body, query, whole, found.own_key)
        verified = checking.signed(found, posted, now)
        if verified is False and callback.mode == Callback.Mode.REQUIRED:
            keeping.refused(callback, found.trouble or "Its signature is missing, wrong or too old.", now)
            return plain(401)
        if hook.answer is not None:
            return self.answer(found, posted, verified, address)
        keeping.keep(found, posted, verified=verified, address=address, now=now)
        faultpoint("hook.stored")
        hinting.hint(callback.vendor_id)
        return plain(200)

    def answer(self, found: Known, posted: Posted, verified: bool | None, address: Address | None) -> HttpResponse:
        assert found.hook.answer is not None
        try:
            reply = found.hook.answer(posted, found.account, found.callback.pk)
        except (*PARSE_ERRORS, ArithmeticError):  # nested too deep, numbers without end: nothing a vendor sends
            reply = Reply(400, note="It could not be read.")
        note = partial(keeping.keep_answered, found, posted, reply, verified=verified, address=address)
        given = {"content": reply.body, "status": reply.status, "content_type": reply.content_type}
        if found.hook.hurried:
            return told(Hurried(note, f"{found.callback}", **given))
        note()  # what cannot be stored is not acknowledged
        return told(HttpResponse(**given))


class Hurried(HttpResponse):
    """An answer that is on its way before it is noted: servers close a response when its last byte is sent."""

    def __init__(self, note: Callable[[], None], who: str, **given: Any) -> None:
        super().__init__(**given)
        self.note, self.who = note, who

    def close(self) -> None:
        try:
            if not reach.is_away():
                self.note()
        except Error:
            log.exception("An answer for %s could not be noted", self.who)
        super().close()


def plain(status: int, *, allow: str = "", close: bool = False) -> HttpResponse:
    """An answer that tells nothing but its status. `close`: what is left of the body is not waited for."""
    response = HttpResponse(status=status, content_type="text/plain; charset=utf-8")
    if allow:
        response["Allow"] = allow
    if close:
        response["Connection"] = "close"
    return told(response)


def told(response: HttpResponse) -> HttpResponse:
    """Django logs refused requests with their path, which here is a secret; an answer marked so is taken for logged."""
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
