"""Our secret paths: made, found by their digest, shown to admins, replaced with an overlap; and the keys deliveries are signed with."""

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from integrations import vault
from integrations.models import Callback, Token, Vendor
from integrations.service import services
from integrations.webhooks.hook import Hook, Signature

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

OVERLAP = timedelta(hours=24)  # in which the old path, or the old key, is still good


def ensure(vendor: Vendor) -> list[Callback]:
    """An address for every hook the kind declares; what there is stays."""
    known = set(vendor.callbacks.values_list("hook", flat=True))
    declared = services()[vendor.kind].hooks if vendor.kind in services() else {}
    return [make(vendor, name) for name in declared if name not in known]


@transaction.atomic
def make(vendor: Vendor, hook: str) -> Callback:
    """A fresh address for this hook, switched off; its signature on trial where the vendor's documents state the rule."""
    token = secrets.token_urlsafe(32)
    vault.set_secret(vendor, f"hook:{hook}", token, signs_in=False)
    rule = services()[vendor.kind].hooks[hook].signature
    mode = Callback.Mode.TRIAL if rule and rule.proven else Callback.Mode.OFF  # whose key signs shows in the inbox
    row = Callback(vendor=vendor, hook=hook, mode=mode, digest=digest_of(token), created_at=timezone.now())
    row.save(force_insert=True)
    return row


def find(token: str) -> Callback | None:
    """The callback of a path, while it is switched on; the path before a replacement for as long as it is good."""
    digest, now = digest_of(token), timezone.now()
    ours = Q(digest=digest) | Q(old_digest=digest, old_until__gt=now)
    return Callback.objects.filter(ours, active=True, vendor__enabled=True).select_related("vendor").first()


def declared(callback: Callback) -> Hook | None:
    """What its vendor declares of it; None when the kind or the hook is gone."""
    service = services().get(callback.vendor.kind)
    return service.hooks.get(callback.hook) if service else None


def lacks(callback: Callback) -> str:
    """Why its connection cannot have it; empty when it can."""
    service = services().get(callback.vendor.kind)
    return service.lacks_hook(callback.hook, callback.vendor.account) if service else ""


def path_of(callback: Callback) -> str:
    """The path as vendors are to call it. Raises VaultError when it cannot be read."""
    token = vault.secret(callback.vendor_id, f"hook:{callback.hook}")
    if not token:
        raise vault.VaultError("Its path is not stored any more. Choose “Replace the address” in the list.")
    return reverse("hooks:post", args=[token])


def url_of(callback: Callback) -> str:
    """The whole address; empty while HUB_PUBLIC_URL is not set."""
    return f"{settings.HUB_PUBLIC_URL}{path_of(callback)}" if settings.HUB_PUBLIC_URL else ""


@transaction.atomic
def replace(callback: Callback, user: "AbstractBaseUser | None" = None, overlap: timedelta = OVERLAP) -> None:
    """Another path; the old one is good for a while, so that nothing is lost while the vendor learns the new one."""
    token, now = secrets.token_urlsafe(32), timezone.now()
    vault.set_secret(callback.vendor, f"hook:{callback.hook}", token, user, signs_in=False)
    callback.old_digest, callback.old_until = callback.digest, now + overlap
    callback.digest, callback.created_at, callback.tend_at = digest_of(token), now, now
    callback.save(update_fields=["digest", "old_digest", "old_until", "created_at", "tend_at"])


@transaction.atomic
def set_key(
    callback: Callback, value: str, user: "AbstractBaseUser | None" = None, overlap: timedelta = OVERLAP
) -> None:
    """The key its deliveries are signed with; the one before is good for a while."""
    name = f"hook:{callback.hook}:key"
    before = vault.secret(callback.vendor_id, name)
    if before:
        vault.set_secret(callback.vendor, f"{name}:old", before, user, signs_in=False)
        callback.old_key_until = timezone.now() + overlap
        callback.save(update_fields=["old_key_until"])
    vault.set_secret(callback.vendor, name, value, user, signs_in=False)


def wipe_old_keys() -> None:
    """Take away keys that were replaced and are good no more."""
    for callback in Callback.objects.filter(old_key_until__lte=timezone.now())[:100]:
        with transaction.atomic():
            Vendor.objects.select_for_update().only("pk").get(pk=callback.vendor_id)  # as whoever sets a secret does
            held = Callback.objects.filter(pk=callback.pk, old_key_until=callback.old_key_until)
            if not held.update(old_key_until=None):
                continue  # replaced once more at this moment
            old = Token.objects.filter(vendor=callback.vendor_id, name=f"hook:{callback.hook}:key:old", active=True)
            for token in old:
                vault.revoke(token)


def own_key(callback: Callback) -> str:
    """The address's own key; empty where it has none. Raises VaultError when it cannot be read."""
    return vault.secret(callback.vendor_id, f"hook:{callback.hook}:key")


def make_pair(callback: Callback, user: "AbstractBaseUser | None" = None) -> None:
    """A pair of RSA keys, where the address has none yet."""
    if not own_key(callback):
        pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        set_key(callback, pair.private_bytes(*form).decode(), user)


def public_key(callback: Callback) -> str:
    """The public one of its pair, as PEM; empty while there is none."""
    private = own_key(callback)
    if not private:
        return ""
    found = load_pem_private_key(private.encode(), None).public_key()
    return found.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def keys_of(callback: Callback, signature: Signature) -> list[str]:
    """Every key a delivery may be signed with now: the address's own, the one before it, the connection's secrets."""
    found = vault.opened(callback.vendor, strict=False)
    held = found.values
    own = f"hook:{callback.hook}:key"
    names = [own]
    if callback.old_key_until and callback.old_key_until > timezone.now():
        names.append(f"{own}:old")
    keys = [held[name] for name in (*names, *signature.keys) if held.get(name)]
    needed = names if keys else (*names, *signature.keys)
    if wrong := next((found.unread[name] for name in needed if name in found.unread), ""):
        raise vault.VaultError(wrong)
    return keys


def digest_of(token: str) -> str:
    """Of 256 random bits a plain digest tells nobody anything."""
    return hashlib.sha256(token.encode()).hexdigest()
