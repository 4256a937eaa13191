"""Wrong passwords: each next try waits longer, by account and by address, and nobody is shut out by a stranger.

Three counters: of one account from one address, of one account from everywhere, and of one address for all accounts. An
address from which the account signed in before is held to the first alone, so that whoever guesses from elsewhere shuts out
nobody who works from where they always do. Why by hand: the libraries lock by account (a stranger shuts the owner out) or by
account and address (a thousand addresses guess unhindered).
"""

import hashlib
import unicodedata
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from config.models import Attempts

# How many wrong ones are free before the waiting begins: 1, 2, 4 … seconds.
FREE = {Attempts.Scope.PAIR: 3, Attempts.Scope.ACCOUNT: 10, Attempts.Scope.ADDRESS: 20}
LONGEST = timedelta(minutes=15)
FORGOTTEN = timedelta(days=1)  # without a further wrong one the count begins anew
KNOWN = timedelta(days=90)  # for so long an address is known to an account


def keys(name: str, address: str) -> dict[str, str]:
    """The three counters' keys: hashed, since people type passwords where names belong."""
    who = unicodedata.normalize("NFKC", name).casefold()
    scope = Attempts.Scope
    parts = {scope.PAIR: f"{who}\n{address}", scope.ACCOUNT: who, scope.ADDRESS: address}
    return {of: hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for of, text in parts.items()}


def wait(name: str, address: str) -> timedelta:
    """For how long no password is looked at; zero for now."""
    wanted, now = keys(name, address), timezone.now()
    rows = {
        row.scope: row for row in Attempts.objects.filter(key__in=wanted.values()) if wanted.get(row.scope) == row.key
    }
    pair = rows.get(Attempts.Scope.PAIR)
    known = pair is not None and pair.known_at is not None and pair.known_at > now - KNOWN
    counted = [pair] if known else list(rows.values())
    return max([timedelta(0), *(until(row, now) - now for row in counted if row is not None)])


def until(row: Attempts, now: datetime) -> datetime:
    """When the next try is looked at."""
    beyond = row.failures - FREE[Attempts.Scope(row.scope)]
    if beyond < 0 or row.failed_at is None or row.failed_at < now - FORGOTTEN:
        return now
    return row.failed_at + min(timedelta(seconds=2 ** min(beyond, 20)), LONGEST)


def failed(name: str, address: str) -> None:
    """A wrong password was given."""
    now = timezone.now()
    for scope, key in keys(name, address).items():
        with transaction.atomic():
            Attempts.objects.get_or_create(scope=scope, key=key)
            row = Attempts.objects.select_for_update().get(scope=scope, key=key)
            old = row.failed_at is None or row.failed_at < now - FORGOTTEN
            row.failures, row.failed_at = (1 if old else row.failures + 1), now
            row.save(update_fields=["failures", "failed_at"])


def succeeded(name: str, address: str) -> None:
    """Signed in, the second factor included: the address is known to the account, and its own count ends."""
    pair = keys(name, address)[Attempts.Scope.PAIR]
    now = timezone.now()
    Attempts.objects.update_or_create(
        scope=Attempts.Scope.PAIR, key=pair, defaults={"failures": 0, "failed_at": None, "known_at": now}
    )
    # Whatever says nothing any more goes, a few at a time, so that a flood of made-up names leaves no mountain.
    gone = Attempts.objects.filter(failed_at__lt=now - FORGOTTEN, known_at=None) | Attempts.objects.filter(
        known_at__lt=now - KNOWN
    )
    Attempts.objects.filter(pk__in=list(gone.values_list("pk", flat=True)[:500])).delete()
