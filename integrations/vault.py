"""A connection's secrets at rest: sealed for their row, re-encrypted when a new key leads HUB_KEYS."""

import base64
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from config import sealing
from config.sealing import VaultError, fingerprint, fingerprints, needs_rotation
from integrations import circuit
from integrations.models import Token, Unread, Vendor

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

__all__ = [
    "Opened",
    "VaultError",
    "decrypt",
    "encrypt",
    "expiry",
    "fingerprint",
    "fingerprints",
    "given",
    "needs_rotation",
    "opened",
    "revoke",
    "secret",
    "secrets_of",
    "set_secret",
    "why_unread",
]

SHOW_FROM = 12  # a shorter secret would be half told by its last four characters
HOOK = "hook:"  # names of secrets that belong to an address vendors post to begin so


def encrypt(text: str, *, bound: str) -> str:
    """Sealed text; opens only for the same `bound`, such as "7:token"."""
    return sealing.seal(text.encode("utf-8", "surrogatepass"), bound=bound)


def decrypt(ciphertext: str, *, bound: str) -> str:
    """What `encrypt` was given. Raises VaultError with cause and cure."""
    return sealing.unseal(ciphertext, bound=bound).decode("utf-8", "surrogatepass")


def set_secret(
    vendor: Vendor,
    name: str,
    value: str,
    user: "AbstractBaseUser | None" = None,
    *,
    expires_at: datetime | None = None,
    fetched: bool = False,
    warning: str = "",
    signs_in: bool = True,
) -> Token:
    """Store a secret in place of the active one of that name, which is revoked and wiped in the same transaction.

    A connection that waits for a good token goes on, unless this one is no token to sign in with. expires_at: else it is read
    from a JWT. fetched: by the hub, which will fetch the next one too. warning: of the vendor, given along with it.
    """
    value = value.strip()
    if not value:
        raise VaultError("The secret is empty; paste it again, or revoke the one there is.")
    with transaction.atomic():
        Vendor.objects.select_for_update().only("pk").get(pk=vendor.pk)
        for old in Token.objects.filter(vendor=vendor, name=name, active=True):
            revoke(old, user)
        token = Token.objects.create(
            vendor=vendor,
            name=name,
            ciphertext=encrypt(value, bound=_bound(vendor.pk, name)),
            fingerprint=fingerprint(value),
            last_four=value[-4:] if len(value) >= SHOW_FROM else "",
            created_at=timezone.now(),
            created_by_id=user.pk if user else None,
            expires_at=expires_at or expiry(value),
            fetched=fetched,
            warning=warning,
        )
        if signs_in:
            circuit.renewed(vendor.pk)
        return token


@dataclass(frozen=True)
class Opened:
    """A connection's active secrets by name: their values, their rows' ids, and when they expire where that is known."""

    values: dict[str, str] = field(default_factory=dict, repr=False)
    ids: dict[str, int] = field(default_factory=dict)
    expires: dict[str, datetime | None] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)  # why some cannot be read


def opened(vendor: Vendor, *, besides: Collection[str] = (), strict: bool = True) -> Opened:
    """Decrypt the active secrets. Raises VaultError that names the one which cannot be read, unless it shall not be `strict`.

    What belongs to the addresses vendors post to is nothing a call needs: unread, it is told in `unread`, as `besides` are.
    """
    found = Opened()
    for token in Token.objects.filter(vendor=vendor, active=True).only("pk", "name", "ciphertext", "expires_at"):
        try:
            found.values[token.name] = decrypt(token.ciphertext, bound=_bound(vendor.pk, token.name))
        except VaultError as error:
            if strict and not (token.name.startswith(HOOK) or token.name in besides):
                raise VaultError(f"Secret “{token.name}” of {vendor}: {error}") from None
            found.unread[token.name] = str(error)
            continue
        found.ids[token.name], found.expires[token.name] = token.pk, token.expires_at
    return found


def given(vendor_id: int, *, besides: str = "") -> dict[str, int]:
    """Ids of the active secrets people gave for calls, by name: all but `besides`, which the hub can fetch by itself."""
    held = Token.objects.filter(vendor=vendor_id, active=True).exclude(name__startswith=HOOK).exclude(name=besides)
    return dict(held.values_list("name", "pk"))


def secret(vendor_id: int, name: str) -> str:
    """One active secret; empty where there is none. Raises VaultError when it cannot be read."""
    token = Token.objects.filter(vendor=vendor_id, name=name, active=True).only("ciphertext").first()
    return decrypt(token.ciphertext, bound=_bound(vendor_id, name)) if token else ""


def secrets_of(vendor: Vendor, *, besides: Collection[str] = ()) -> dict[str, str]:
    """The active secrets by name. Raises VaultError that names the one which cannot be read, but for `besides`."""
    return opened(vendor, besides=besides).values


def why_unread(token: Token) -> str:
    """Why a stored secret cannot be read; empty when it can."""
    try:
        decrypt(token.ciphertext, bound=_bound(token.vendor_id, token.name))
    except VaultError as error:
        return str(error)
    return ""


def revoke(token: Token, user: "AbstractBaseUser | None" = None) -> None:
    """Put a secret out of use and wipe it; who and when stay."""
    token.active, token.ciphertext = False, ""
    token.revoked_at, token.revoked_by_id = timezone.now(), user.pk if user else None
    token.save(update_fields=["active", "ciphertext", "revoked_at", "revoked_by"])
    Unread.objects.filter(kind=Token._meta.label_lower, key=token.pk).delete()  # nothing is left there to be read


def expiry(value: str) -> datetime | None:
    """When a JWT says it expires, read without verifying: it is for a warning only. None when it says nothing."""
    parts = value.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        return None


def _bound(vendor_id: int, name: str) -> str:
    return f"{vendor_id}:{name}"
