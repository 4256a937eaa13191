"""One's own second factor: passkeys, the authenticator app and recovery codes, set up, replaced and removed."""

import base64
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from config import audit, stepup
from config.models import Authenticator, Passkey
from config.second import codes, passkeys
from config.second.challenge import Refused
from config.second.place import place_of, why_not
from config.second.sessions import browser_of
from config.second.standing import PASSED, factors_of, forget, may_set_up, must_have_one, passkey_marker, read
from config.second.views import page, render, settle


@never_cache
@csrf_protect
@sensitive_post_parameters("code", "passkey")
def authenticator(request: HttpRequest) -> HttpResponse:
    """The page, and whatever its forms ask for."""
    if not may_set_up(request):
        return HttpResponseRedirect(page("login", request.get_full_path()))
    stepup.demand(request)
    if request.method == "POST" and "passkey" in request.POST:
        return add_passkey(request)
    if factors_of(request.user):
        act = ACTS.get(request.POST.get("do", "")) if request.method == "POST" else None
        if act is not None:
            return act(request)
        if "replace" not in request.GET:
            return overview(request)
    return enrol(request)


def overview(request: HttpRequest, wrong: str = "") -> HttpResponse:
    person = request.user
    rows = list(Passkey.objects.filter(user=person, confirmed=True).order_by("created_at", "pk"))
    must = must_have_one(person)
    return render(
        request, "authenticator", "Second factor", wrong=wrong, left=codes.codes_left(person), removable=not must, rows=rows,
        app=Authenticator.objects.filter(user=person, confirmed=True).first(),
        fixed=must and len(factors_of(person) - {_sheet(person)}) == 1, **shared(request),
    )  # fmt: skip


def shared(request: HttpRequest) -> dict[str, Any]:
    """What the form that adds a passkey needs."""
    return {
        "purpose": "add", "origin": place_of(request).origin, "host": place_of(request).host, "why_not": why_not(request),
        "suggested": browser_of(request.headers.get("User-Agent", ""))[:64] or "Passkey",
    }  # fmt: skip


def add_passkey(request: HttpRequest) -> HttpResponse:
    """With the first factor of whatever kind come recovery codes."""
    person, first = request.user, not factors_of(request.user)
    try:
        with transaction.atomic():
            key = passkeys.add(request, person, request.POST.get("name", ""), request.POST["passkey"])
            made = [] if codes.has_codes(person) and not first else codes.recovery_codes(person)
            audit.record("added a passkey", person, request=request, said=f"“{key.name}” at {key.host}")
    except Refused as refused:
        audit.record("passkey not added", person, request=request, said=refused.noted)
        return enrol(request, str(refused)) if first else overview(request, str(refused))
    forget(person)
    if first:
        request.session.cycle_key()
        settle(request, passkey_marker(key.pk))
    if made:
        return render(request, "recovery_codes", "Keep these recovery codes", made=made, enrolled="passkey")
    messages.success(request, f"The passkey “{key.name}” is set up.")
    return HttpResponseRedirect(reverse("admin:authenticator"))


def remove_passkey(request: HttpRequest) -> HttpResponse:
    """One of them. With the last factor everything goes, where that is allowed."""
    person, wanted = request.user, request.POST.get("id", "")
    with transaction.atomic():
        rows = {str(row.pk): row for row in Passkey.objects.select_for_update().filter(user=person)}
        key = rows.get(wanted)
        if key is None:
            messages.warning(request, "That passkey is not there any more.")
            return HttpResponseRedirect(reverse("admin:authenticator"))
        if len(rows) == 1 and read(person).hub_factor is None:
            return remove_all(request)
        key.delete()
        audit.record("removed a passkey", person, request=request, said=f"“{key.name}” at {key.host}")
    go_on(request)
    messages.success(request, f"The passkey “{key.name}” is removed. Delete it on your device, too.")
    return HttpResponseRedirect(reverse("admin:authenticator"))


def remove_app(request: HttpRequest) -> HttpResponse:
    """The app alone, for whoever has passkeys."""
    person: Any = request.user
    if read(person).hub_factor is None:
        messages.warning(request, "The authenticator app is not there any more.")
        return HttpResponseRedirect(reverse("admin:authenticator"))
    if not person.hub_passkeys:
        return remove_all(request)
    Authenticator.objects.filter(user=person).delete()
    audit.record("removed the authenticator app", person, request=request)
    go_on(request)
    messages.success(request, "The authenticator app is removed; your passkeys go on.")
    return HttpResponseRedirect(reverse("admin:authenticator"))


def remove_all(request: HttpRequest) -> HttpResponse:
    person = request.user
    if must_have_one(person):
        return overview(request, "You need a second factor here: set up another one, then remove this one.")
    codes.remove(person)
    audit.record("removed the second factor", person, request=request)
    go_on(request)
    messages.success(request, "The second factor is removed; the password alone signs you in.")
    return HttpResponseRedirect(reverse("admin:authenticator"))


def new_codes(request: HttpRequest) -> HttpResponse:
    audit.record("made new recovery codes", request.user, request=request)
    made = codes.recovery_codes(request.user)
    go_on(request)
    return render(request, "recovery_codes", "New recovery codes", made=made)


ACTS = {"codes": new_codes, "remove": remove_all, "remove-app": remove_app, "remove-passkey": remove_passkey}


def go_on(request: HttpRequest) -> None:
    """Factors were removed: this session, confirmed just now, goes on with one that is left; others that had given it are asked."""
    forget(request.user)
    left = factors_of(request.user)
    if not left:
        request.session.pop(PASSED, None)
    elif request.session.get(PASSED) not in left:
        request.session[PASSED] = sorted(left, key=str)[0]


def _sheet(person: Any) -> str:
    return f"codes:{read(person).hub_codes}"


def enrol(request: HttpRequest, wrong: str = "") -> HttpResponse:
    """The ways to set one up; a code confirms the app that the page shows."""
    person = request.user
    if request.method == "POST" and "code" in request.POST:
        done = codes.put_in_force(person, request.POST["code"])
        if done is not None:
            device, made = done
            audit.record("set up a second factor", person, request=request)
            forget(person)
            request.session.cycle_key()
            settle(request, device.pk)
            if not made:
                messages.success(request, "Your authenticator app is set up; your recovery codes go on.")
                return HttpResponseRedirect(reverse("admin:authenticator"))
            return render(
                request, "recovery_codes", "Keep these recovery codes", made=made, enrolled="authenticator app"
            )
        wrong = "That code is not right. Look whether this device's clock and the app's are right, and type the code shown now."
    import segno  # for this page alone

    device = codes.offered(person)
    drawn = segno.make(device.config_url, error="m").svg_inline(
        border=3, omitsize=True, light="#fff", title="QR code for your app"
    )
    picture = mark_safe(drawn)  # drawn here, of numbers alone  # nosec B308 B703
    secret = base64.b32encode(device.bin_key).decode()
    first = not factors_of(person)
    return render(
        request, "enrol", "Set up your second factor" if first else "Set up an authenticator app", wrong=wrong, first=first,
        address=device.config_url, secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        picture=picture, needed=must_have_one(person), policy=settings.HUB_SECOND_FACTOR, **shared(request),
    )  # fmt: skip
