"""Step-up: what matters most asks for a fresh second factor, and for ten minutes not again.

A view, a method of an admin class or an action is decorated with `fresh_second_factor`, or calls `demand(request)` where
it is about to act. A page that is merely opened leads to the confirmation and back; a form that is sent too late is
answered with a page that says what to do, and nothing is changed.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from config.second.standing import factors_of

VALID = 600.0  # seconds
FRESH = "hub_fresh"  # in the session: when the person last proved who it is, by the wall clock

View = TypeVar("View", bound=Callable[..., Any])


class Stale(PermissionDenied):
    """The second factor was given too long ago, or never, for what was asked."""


def refresh(request: HttpRequest) -> None:
    """The person has just proved who it is."""
    request.session[FRESH] = time.time()


def is_fresh(request: HttpRequest) -> bool:
    """Whether it was proved within ten minutes; for whoever needs no second factor at all, always."""
    if settings.HUB_SECOND_FACTOR == "off" and not factors_of(request.user):
        return True
    at = request.session.get(FRESH)
    return isinstance(at, float) and 0 <= time.time() - at < VALID


def demand(request: HttpRequest) -> None:
    """Go on only with a fresh second factor. Raises Stale, which the middleware below turns into a page."""
    if not is_fresh(request):
        raise Stale("This asks for a fresh second factor.")


def fresh_second_factor(view: View) -> View:
    """For a function or a method with the request among its arguments."""

    @wraps(view)
    def asked(*args: Any, **kwargs: Any) -> Any:
        request = next(item for item in (*args, *kwargs.values()) if isinstance(item, HttpRequest))
        demand(request)
        return view(*args, **kwargs)

    return cast("View", asked)


class FreshForms:
    """Mixed into an admin class whose rows matter: asked before a form is shown, and before an action or a deletion."""

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method == "POST":
            demand(request)
        return super().changelist_view(request, *args, **kwargs)  # type: ignore[misc]

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if self.has_add_permission(request):  # type: ignore[attr-defined]
            demand(request)
        return super().add_view(request, *args, **kwargs)  # type: ignore[misc]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        if self.has_change_permission(request):  # type: ignore[attr-defined]
            demand(request)
        return super().change_view(request, object_id, *args, **kwargs)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        if self.has_delete_permission(request):  # type: ignore[attr-defined]
            demand(request)
        return super().delete_view(request, object_id, *args, **kwargs)  # type: ignore[misc]


class StepUp:
    """Turns Stale into the way to the confirmation."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Stale):
            return None
        if request.method in ("GET", "HEAD"):
            return HttpResponseRedirect(confirm_page(request.get_full_path()))
        context = {"confirm": confirm_page(page_before(request)), "minutes": int(VALID // 60)}
        return render(request, "admin/people/stale.html", context, status=403)


def confirm_page(back: str) -> str:
    return f"{reverse('admin:step_up')}?{urlencode({REDIRECT_FIELD_NAME: back})}"


def page_before(request: HttpRequest) -> str:
    """The page a form was sent from, as the browser tells it; home where it does not."""
    came = urlsplit(request.headers.get("Referer", ""))
    if came.netloc != request.get_host() or not came.path.startswith("/") or came.path.startswith(("//", "/\\")):
        return reverse("admin:index")
    return came.path + (f"?{came.query}" if came.query else "")
