"""How a connection's secrets are: when each worked last and was first refused, and who is told before one ends."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations import alerting
from integrations.models import Token, Vendor
from integrations.service import service_class, services

BEFORE = (14, 7, 1, 0)  # days before its end somebody is told of, each once; 0: it has ended
HOOK = "hook:"  # secrets of addresses vendors post to sign no call
MAIL_AGAIN = 900.0  # seconds until this process tries once more to tell, after a mail did not go
GOOD_EVERY = timedelta(minutes=1)  # how often "last success" is written at most

_not_before = 0.0  # of time.monotonic()


def good(vendor_id: int) -> None:
    """The vendor answered as it should: what signed the call is accepted."""
    now = timezone.now()
    stale = Q(last_ok_at=None) | Q(last_ok_at__lt=now - GOOD_EVERY) | Q(rejected_at__isnull=False)
    _signing(vendor_id).filter(stale).update(last_ok_at=now, rejected_at=None)


def lacks(vendor: Vendor) -> bool:
    """Whether a secret it cannot do without is not set."""
    needed = {secret.name for secret in service_class(vendor.kind).secrets if secret.required}
    return bool(needed.difference(_signing(vendor.pk).values_list("name", flat=True)))


def refused(vendor_id: int) -> bool:
    """The vendor does not accept them; the first time is kept. Whether it is the first of one that a person set."""
    first, now = _signing(vendor_id).filter(rejected_at=None), timezone.now()
    pasted = first.filter(fetched=False).update(rejected_at=now)
    first.update(rejected_at=now)
    return bool(pasted)


def tell_refused(vendor: Vendor) -> None:
    """Tell that a connection waits for a good token; a mail that did not go goes with a later sweep."""
    global _not_before
    if not alerting.tell(f"{vendor.name} needs a good token", [vendor.state_reason]):
        _not_before = time.monotonic() + MAIL_AGAIN
        Vendor.objects.filter(pk=vendor.pk).update(untold=True)


def tell_again() -> int:
    """Tell of those whose mail did not go, and which still wait; how many they were."""
    if time.monotonic() < _not_before:
        return 0
    untold = Vendor.objects.filter(untold=True)
    untold.exclude(state=Vendor.State.NEEDS_AUTH).update(untold=False)
    told = 0
    for vendor in untold.only("pk", "name", "state_reason")[:20]:
        if time.monotonic() >= _not_before and Vendor.objects.filter(pk=vendor.pk, untold=True).update(untold=False):
            tell_refused(vendor)
            told += 1
    return told


def warn() -> int:
    """Tell of secrets that end within 14, 7 and 1 days, or have ended: each once. Returns how many were told."""
    if time.monotonic() < _not_before:
        return 0
    now = timezone.now()
    ending = Token.objects.filter(active=True, fetched=False, vendor__enabled=True, expires_at__isnull=False)
    ending = ending.filter(expires_at__lt=now + timedelta(days=max(BEFORE))).exclude(name__startswith=HOOK)
    lines, back = [], []
    for token in ending.select_related("vendor").defer("ciphertext"):
        assert token.expires_at is not None
        step = min(days for days in BEFORE if token.expires_at <= now + timedelta(days=days))
        untold = Q(warned_days=None) | Q(warned_days__gt=step)
        if Token.objects.filter(untold, pk=token.pk, active=True).update(warned_days=step):
            lines.append(ends(token))
            marked = Token.objects.filter(pk=token.pk, warned_days=step)
            back.append(partial(marked.update, warned_days=token.warned_days))
    _tell("a token ends soon" if len(lines) == 1 else f"{len(lines)} tokens end soon", lines, back)
    return len(lines)


def warn_of_stores() -> int:
    """The same for what ends outside the hub, such as a shop's credentials at the vendor."""
    if time.monotonic() < _not_before:
        return 0
    kinds, today, lines, back = services(), timezone.localdate(), [], []
    for vendor in Vendor.objects.filter(
        enabled=True, kind__in=[kind for kind, service in kinds.items() if service.stores]
    ):
        stores = kinds[vendor.kind].stores
        on = min((one.on for one in (stores.endings(vendor.account) if stores else ())), default=None)
        if on is None or (on - today).days > max(BEFORE):
            continue
        step = min(days for days in BEFORE if (on - today).days <= days)
        if Vendor.objects.filter(pk=vendor.pk).exclude(warned_end=f"{on}/{step}").update(warned_end=f"{on}/{step}"):
            lines.append(f"{vendor}: {vendor.ends_soon[0]}")
            marked = Vendor.objects.filter(pk=vendor.pk, warned_end=f"{on}/{step}")
            back.append(partial(marked.update, warned_end=vendor.warned_end))
    _tell("credentials of a shop end soon", lines, back)
    return len(lines)


def _tell(subject: str, lines: Sequence[str], back: Sequence[Callable[[], object]]) -> None:
    """Tell what is marked as told already, so that nobody else does; a mail that did not go takes the marks `back`."""
    global _not_before
    if lines and not alerting.tell(subject, lines):
        _not_before = time.monotonic() + MAIL_AGAIN
        for undo in back:
            undo()


def ends(token: Token) -> str:
    """When it ends and what to do, in a sentence."""
    assert token.expires_at is not None
    verb = "ended" if token.expires_at <= timezone.now() else "ends"
    day = f"{timezone.localtime(token.expires_at):%Y-%m-%d %H:%M %Z}"
    return f"{token.vendor}: “{token.name}” {verb} on {day}. Make a new one at the vendor and replace it under Tokens."


def standing(token: Token, unread: str = "") -> tuple[str, str]:
    """How it is in a few words, and their tone."""
    now = timezone.now()
    if not token.active:
        return "replaced or revoked", ""
    if unread:
        return "cannot be read", "bad"
    if token.rejected_at is not None:
        return "refused by the vendor", "bad"
    if token.expires_at is not None and token.expires_at <= now:
        return "ended", "bad"
    if token.expires_at is not None and not token.fetched and token.expires_at <= now + timedelta(days=max(BEFORE)):
        return "ends soon", "warn"
    if token.vendor.state == Vendor.State.NEEDS_AUTH:
        return "not tried yet", "warn"
    return ("works", "good") if token.last_ok_at else ("not used yet", "")


def _signing(vendor_id: int) -> QuerySet[Token]:
    return Token.objects.filter(vendor_id=vendor_id, active=True).exclude(name__startswith=HOOK)
