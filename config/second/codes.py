"""Taking and making second factors. Each code works once, also when it comes twice at the same moment."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

from config.models import SEED, Authenticator, Passkey
from config.second.standing import Factor, codes_marker

RECOVERY = 10  # codes a person gets
LENGTH = 24  # base32 digits, 120 bits: enough to be stored under a plain hash (ASVS 5.0, 6.5.2)
GROUP = 4
STALE = timedelta(minutes=15)  # an authenticator that was shown and never confirmed is made anew after this


@dataclass(frozen=True)
class Taken:
    """Whether an answer was right, and which factor that was; else `wait` until when no further one is looked at, or why it was not.

    `left` recovery codes where one was used. `why` is for the person, `noted` for the audit log.
    """

    right: bool
    wait: datetime | None = None
    left: int | None = None
    factor: Factor | None = None
    why: str = ""
    noted: str = ""


def plain(text: str) -> str:
    """What was typed without the spaces and dashes that make it readable."""
    return "".join(character for character in text if character.isalnum()).lower()


def stored(code: str) -> str:
    """The form a recovery code is kept in."""
    return base64.b32encode(hashlib.sha256(plain(code).encode()).digest()[:10]).decode().lower()


def take(person: Any, text: str) -> Taken:
    """Look at a code from the authenticator, or at a recovery code. After each wrong one the next must wait twice as long."""
    code = plain(text)[:64]
    if not code or not code.isascii():
        return Taken(False)
    with transaction.atomic():
        if code.isdigit() and len(code) < LENGTH:
            device: Any = Authenticator.objects.select_for_update().filter(user=person, confirmed=True).first()
            given = code
        else:
            device = StaticDevice.objects.select_for_update().filter(user=person, confirmed=True).first()
            given = stored(code)
        if device is None:
            return Taken(False)
        allowed, why = device.verify_is_allowed()
        if not allowed:
            return Taken(False, wait=why["locked_until"])
        if not device.verify_token(given):
            return Taken(False)
        if isinstance(device, StaticDevice):
            return Taken(True, left=device.token_set.count(), factor=codes_marker(device.pk))
        return Taken(True, factor=device.pk)


def offered(person: Any) -> Authenticator:
    """The authenticator that is shown to be scanned; not in force before its first code was given."""
    waiting = Authenticator.objects.filter(user=person, confirmed=False).order_by("-pk")
    fresh = waiting.filter(created_at__gt=timezone.now() - STALE).first()
    if fresh is not None:
        return fresh
    waiting.delete()
    made = Authenticator(user=person, name="authenticator app", confirmed=False)
    made.bin_key = secrets.token_bytes(SEED)
    made.save()
    return made


def put_in_force(person: Any, text: str) -> tuple[Authenticator, list[str]] | None:
    """Confirm the offered authenticator by its first code: it takes the place of any other.

    With new recovery codes; with none where it comes beside passkeys, whose codes go on.
    """
    with transaction.atomic():
        device = Authenticator.objects.select_for_update().filter(user=person, confirmed=False).order_by("-pk").first()
        if device is None or not device.verify_token(plain(text)[:8]):
            return None
        others = Authenticator.objects.filter(user=person).exclude(pk=device.pk)
        beside = not others.filter(confirmed=True).exists() and Passkey.objects.filter(user=person).exists()
        others.delete()
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        return device, [] if beside and has_codes(person) else recovery_codes(person)


def recovery_codes(person: Any) -> list[str]:
    """New ones in place of all others; they are stored hashed, so this is the only time they can be shown."""
    made = [base64.b32encode(secrets.token_bytes(15)).decode().lower() for _ in range(RECOVERY)]
    with transaction.atomic():
        StaticDevice.objects.filter(user=person).delete()
        device = StaticDevice.objects.create(user=person, name="recovery codes", confirmed=True)
        StaticToken.objects.bulk_create(StaticToken(device=device, token=stored(code)) for code in made)
    return ["-".join(code[at : at + GROUP] for at in range(0, LENGTH, GROUP)) for code in made]


def codes_left(person: Any) -> int:
    return StaticToken.objects.filter(device__user=person).count()


def has_codes(person: Any) -> bool:
    """Whether recovery codes were made, be they used up or not."""
    return StaticDevice.objects.filter(user=person, confirmed=True).exists()


def remove(person: Any) -> bool:
    """Take away authenticator, passkeys and recovery codes; whether there was a second factor."""
    with transaction.atomic():
        gone = Authenticator.objects.filter(user=person, confirmed=True).delete()[0]
        gone += Passkey.objects.filter(user=person).delete()[0]
        Authenticator.objects.filter(user=person).delete()
        StaticDevice.objects.filter(user=person).delete()
    return bool(gone)
