"""The pages of the second factor: at sign-in, and before what matters."""

import math
import time
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import authenticate, get_user_model, logout
from django.contrib.auth import login as start_session
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from config import audit, stepup
from config.second import codes, passkeys
from config.second.answers import answered, how, tell, told_left, ways
from config.second.challenge import PURPOSES
from config.second.place import why_not
from config.second.standing import (
    PASSED,
    PENDING,
    Factor,
    factors_of,
    is_staff,
    may_set_up,
    must_have_one,
    passed,
    wanted_page,
)

PATIENCE = 300.0  # seconds between the two
TRIES = "hub_tries"
MOST_TRIES = 5


class SignInForm(AdminAuthenticationForm):
    """Says how long to wait; the same for names that exist and names that do not."""

    def get_invalid_login_error(self) -> ValidationError:
        return too_many(self.request) or super().get_invalid_login_error()


def too_many(request: HttpRequest | None) -> ValidationError | None:
    """How long no password is looked at, where it was not."""
    left = getattr(request, "hub_wait", None)
    if left is None:
        return None
    seconds = max(1, math.ceil(left.total_seconds()))
    return ValidationError(
        f"Too many wrong passwords. Wait {seconds} second{'' if seconds == 1 else 's'}, then try again.", code="wait"
    )


class SignIn(LoginView):
    """The password; then, for whoever has one, the second factor. Nobody is signed in before both were right."""

    def form_valid(self, form: Any) -> HttpResponse:
        person, request = form.get_user(), self.request
        back = wanted_page(request)
        if not factors_of(person):
            start_session(request, person)
            stepup.refresh(request)
            return HttpResponseRedirect(page("authenticator", back) if must_have_one(person) else back)
        request.session.flush()
        request.session[PENDING] = {
            "person": person.pk,
            "backend": person.backend,
            "hash": person.get_session_auth_hash(),
            "at": time.time(),
        }
        return HttpResponseRedirect(page("second_factor", back))


def page(name: str, back: str) -> str:
    return f"{reverse(f'admin:{name}')}?{urlencode({'next': back})}"


def pending(request: HttpRequest) -> Any:
    """Who is asked for the second factor: after the password, or in a session that began by another way; else None."""
    if is_staff(request) and factors_of(request.user) and not passed(request):
        return request.user
    held = request.session.get(PENDING)
    if not held or not 0 <= time.time() - held["at"] < PATIENCE:
        return None
    person = get_user_model()._default_manager.filter(pk=held["person"], is_active=True, is_staff=True).first()
    if person is None or not constant_time_compare(held["hash"], person.get_session_auth_hash()):
        return None
    person.backend = held["backend"]
    return person


def render(request: HttpRequest, name: str, title: str, status: int = 200, **context: Any) -> HttpResponse:
    shared = {**admin.site.each_context(request), "title": title, "subtitle": None, "next": wanted_page(request)}
    return TemplateResponse(request, f"admin/people/{name}.html", {**shared, **context}, status=status)


def too_often(request: HttpRequest) -> bool:
    """Count a wrong answer in this session; whether it was one too many."""
    request.session[TRIES] = request.session.get(TRIES, 0) + 1
    return bool(request.session[TRIES] >= MOST_TRIES)


@never_cache
@csrf_protect
@sensitive_post_parameters("code", "passkey")
def second_factor(request: HttpRequest) -> HttpResponse:
    person = pending(request)
    if person is None:
        return HttpResponseRedirect(page("login", wanted_page(request)))
    wrong = ""
    if request.method == "POST":
        taken = answered(request, person, "sign-in")
        if taken.right:
            if request.user.is_authenticated:
                request.session.cycle_key()
            else:
                start_session(request, person)
            settle(request, taken.factor)
            audit.record("second factor given", person, request=request, who=person.get_username(), said=how(taken))
            told_left(request, taken)
            return HttpResponseRedirect(wanted_page(request))
        wrong = tell(taken)
        audit.record("second factor refused", person, request=request, who=person.get_username(), said=taken.noted)
        if too_often(request):
            logout(request)
            messages.error(request, "Too many wrong answers: begin again with your password.")
            return HttpResponseRedirect(page("login", wanted_page(request)))
    return render(
        request, "second_factor", "Second factor", wrong=wrong, has_permission=False, purpose="sign-in", **ways(request, person)
    )  # fmt: skip


def settle(request: HttpRequest, factor: Factor | None) -> None:
    """The factor was right: note it in the session."""
    for name in (PENDING, TRIES):
        request.session.pop(name, None)
    request.session[PASSED] = factor
    stepup.refresh(request)


@never_cache
@csrf_protect
@sensitive_post_parameters("code", "passkey", "password")
def step_up(request: HttpRequest) -> HttpResponse:
    """Prove once more who it is: by the second factor, or by the password where there is none."""
    if not may_set_up(request):
        return HttpResponseRedirect(page("login", wanted_page(request)))
    person, wrong = request.user, ""
    has_one = bool(factors_of(person))
    if request.method == "POST":
        taken = answered(request, person, "confirm") if has_one else by_password(request)
        if taken.right:
            request.session.pop(TRIES, None)
            request.session.cycle_key()
            stepup.refresh(request)
            audit.record("confirmed who it is", person, request=request, said=how(taken))
            told_left(request, taken)
            return HttpResponseRedirect(wanted_page(request))
        audit.record("confirmation refused", person, request=request, said=taken.noted)
        wrong = tell(taken) if has_one else "That is not your password."
        if too_often(request):
            logout(request)
            messages.error(request, "Too many wrong answers: you were signed out.")
            return HttpResponseRedirect(page("login", wanted_page(request)))
    return render(
        request, "step_up", "Confirm that it is you", wrong=wrong, by_password=not has_one, purpose="confirm",
        minutes=int(stepup.VALID // 60), has_permission=False, hub_late=0,  # one question, without the menu beside it
        **ways(request, person),
    )  # fmt: skip


def by_password(request: HttpRequest) -> codes.Taken:
    name = request.user.get_username()
    found = authenticate(request, username=name, password=request.POST.get("password", ""))
    return codes.Taken(found is not None and found.pk == request.user.pk)


@never_cache
@csrf_protect
def passkey(request: HttpRequest) -> HttpResponse:
    """What the browser is to ask a passkey, as JSON; its answer comes to the page that asked, as a form."""
    purpose = request.POST.get("for", "")
    person = pending(request) if purpose == "sign-in" else request.user if may_set_up(request) else None
    if person is None or request.method != "POST":
        return HttpResponseRedirect(page("login", reverse("admin:index")))
    if purpose == "add":
        stepup.demand(request)
    told = why_not(request) or ("" if purpose in PURPOSES else "That is nothing a passkey is asked for.")
    if told:
        return JsonResponse({"said": told}, status=400)
    return JsonResponse(passkeys.ask(request, person, purpose))
