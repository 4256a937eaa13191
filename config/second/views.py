"""The pages of the second factor: at sign-in, before what matters, and where it is set up."""

import base64
import math
import time
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import authenticate, get_user_model, logout
from django.contrib.auth import login as start_session
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from config import audit, stepup
from config.second import codes
from config.second.standing import PASSED, factor_of, is_staff, may_set_up, must_have_one, passed, wanted_page

PENDING = "hub_pending"  # in the session: who gave the right password and still has to give the second factor
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
        if factor_of(person) is None:
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
    if is_staff(request) and factor_of(request.user) is not None and not passed(request):
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


def tell(taken: codes.Taken) -> str:
    if taken.wait is not None:
        seconds = max(1, round((taken.wait - timezone.now()).total_seconds()))
        return f"Too many wrong codes. Wait {seconds} second{'' if seconds == 1 else 's'}, then try again."
    return (
        "That code is not right. A code of the app works once, for half a minute: wait for the next one. "
        "A recovery code works once too."
    )


def too_often(request: HttpRequest) -> bool:
    """Count a wrong answer in this session; whether it was one too many."""
    request.session[TRIES] = request.session.get(TRIES, 0) + 1
    return bool(request.session[TRIES] >= MOST_TRIES)


def told_left(request: HttpRequest, taken: codes.Taken) -> None:
    if taken.left is not None:
        text = f"A recovery code was used; {taken.left} are left. Make new ones on the page of your second factor."
        messages.warning(request, text)


@never_cache
@csrf_protect
@sensitive_post_parameters("code")
def second_factor(request: HttpRequest) -> HttpResponse:
    person = pending(request)
    if person is None:
        return HttpResponseRedirect(page("login", wanted_page(request)))
    wrong = ""
    if request.method == "POST":
        taken = codes.take(person, request.POST.get("code", ""))
        if taken.right:
            if request.user.is_authenticated:
                request.session.cycle_key()
            else:
                start_session(request, person)
            settle(request, factor_of(person))
            told_left(request, taken)
            return HttpResponseRedirect(wanted_page(request))
        wrong = tell(taken)
        audit.record("second factor refused", person, request=request, who=person.get_username())
        if too_often(request):
            logout(request)
            messages.error(request, "Too many wrong codes: begin again with your password.")
            return HttpResponseRedirect(page("login", wanted_page(request)))
    return render(request, "second_factor", "Second factor", wrong=wrong, has_permission=False)


def settle(request: HttpRequest, factor: int | None) -> None:
    """The factor was right: note it in the session."""
    for name in (PENDING, TRIES):
        request.session.pop(name, None)
    request.session[PASSED] = factor
    stepup.refresh(request)


@never_cache
@csrf_protect
@sensitive_post_parameters("code", "password")
def step_up(request: HttpRequest) -> HttpResponse:
    """Prove once more who it is: by the second factor, or by the password where there is none."""
    if not may_set_up(request):
        return HttpResponseRedirect(page("login", wanted_page(request)))
    factor, wrong = factor_of(request.user), ""
    if request.method == "POST":
        taken = codes.take(request.user, request.POST.get("code", "")) if factor else by_password(request)
        if taken.right:
            request.session.pop(TRIES, None)
            request.session.cycle_key()
            stepup.refresh(request)
            told_left(request, taken)
            return HttpResponseRedirect(wanted_page(request))
        audit.record("confirmation refused", request.user, request=request)
        wrong = tell(taken) if factor else "That is not your password."
        if too_often(request):
            logout(request)
            messages.error(request, "Too many wrong answers: you were signed out.")
            return HttpResponseRedirect(page("login", wanted_page(request)))
    return render(
        request, "step_up", "Confirm that it is you", wrong=wrong, by_code=factor is not None,
        minutes=int(stepup.VALID // 60), has_permission=False, hub_late=0,  # one question, without the menu beside it
    )  # fmt: skip


def by_password(request: HttpRequest) -> codes.Taken:
    name = request.user.get_username()
    found = authenticate(request, username=name, password=request.POST.get("password", ""))
    return codes.Taken(found is not None and found.pk == request.user.pk)


@never_cache
@csrf_protect
@sensitive_post_parameters("code")
def authenticator(request: HttpRequest) -> HttpResponse:
    """Set up, replace or remove one's authenticator, and make recovery codes."""
    if not may_set_up(request):
        return HttpResponseRedirect(page("login", request.get_full_path()))
    stepup.demand(request)
    person = request.user
    factor, asked = factor_of(person), request.POST.get("do", "")
    if request.method == "POST" and asked == "codes" and factor:
        audit.record("made new recovery codes", person, request=request)
        return render(request, "recovery_codes", "New recovery codes", made=codes.recovery_codes(person))
    if request.method == "POST" and asked == "remove" and factor and not must_have_one(person):
        codes.remove(person)
        audit.record("removed the second factor", person, request=request)
        person.hub_factor = None  # type: ignore[union-attr]
        request.session.pop(PASSED, None)
        messages.success(request, "The second factor is removed; the password alone signs you in.")
        return HttpResponseRedirect(reverse("admin:authenticator"))
    if factor and "replace" not in request.GET:
        return render(
            request,
            "authenticator",
            "Second factor",
            left=codes.codes_left(person),
            removable=not must_have_one(person),
        )
    return enrol(request)


def enrol(request: HttpRequest) -> HttpResponse:
    wrong, person = "", request.user
    if request.method == "POST" and "code" in request.POST:
        done = codes.put_in_force(person, request.POST["code"])
        if done is not None:
            device, made = done
            audit.record("set up a second factor", person, request=request)
            person.hub_factor = device.pk  # type: ignore[union-attr]
            request.session.cycle_key()
            settle(request, device.pk)
            return render(request, "recovery_codes", "Keep these recovery codes", made=made, enrolled=True)
        wrong = "That code is not right. Look whether this device's clock and the app's are right, and type the code shown now."
    import segno  # for this page alone

    device = codes.offered(person)
    drawn = segno.make(device.config_url, error="m").svg_inline(
        border=3, omitsize=True, light="#fff", title="QR code for your app"
    )
    picture = mark_safe(drawn)  # drawn here, of numbers alone  # nosec B308 B703
    secret = base64.b32encode(device.bin_key).decode()
    return render(
        request, "enrol", "Set up your second factor", wrong=wrong, address=device.config_url,
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        picture=picture, needed=must_have_one(person), policy=settings.HUB_SECOND_FACTOR,
    )  # fmt: skip
