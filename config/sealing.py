"""Secrets at rest: AES-256-GCM, bound to their row, with the newest key of HUB_KEYS; every key there opens."""

import base64
import binascii
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

VERSION = "v1"
NONCE = 12  # bytes, the size GCM is made for


class VaultError(Exception):
    """A secret cannot be stored or read. The text says why and what to do, never the secret."""


def seal(data: bytes, *, bound: str) -> str:
    """`v1:<key id>:<base64 of nonce and ciphertext>`; opens only for the same `bound`, such as "7:token"."""
    number, key = keys()[0]
    nonce = os.urandom(NONCE)
    sealed = nonce + AESGCM(key).encrypt(nonce, data, bound.encode())
    return f"{VERSION}:{number}:{base64.b64encode(sealed).decode('ascii')}"


def unseal(ciphertext: str, *, bound: str) -> bytes:
    """What `seal` was given. Raises VaultError with cause and cure."""
    parts = ciphertext.split(":")
    if len(parts) != 3 or parts[0] != VERSION:
        raise VaultError("The stored secret is not in a form this version reads; set it again.")
    key = dict(keys()).get(parts[1])
    if key is None:
        raise VaultError(
            f"The stored secret was encrypted with key {parts[1]}, which is not among HUB_KEYS. "
            "Put the old key back at the end of HUB_KEYS, or set the secret again."
        )
    try:
        sealed = base64.b64decode(parts[2], validate=True)
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], bound.encode())
    except (InvalidTag, binascii.Error, ValueError):
        raise VaultError("The stored secret is damaged, or was moved here from another row; set it again.") from None


def needs_rotation(ciphertext: str) -> bool:
    """Whether it was encrypted with another key than the newest."""
    return not ciphertext.startswith(f"{VERSION}:{keys()[0][0]}:")


def fingerprint(text: str) -> str:
    """32 hex digits that tell two secrets apart; keyed with the newest key, so that nobody can guess from it."""
    return fingerprints(text)[0]


def fingerprints(text: str) -> list[str]:
    """Its fingerprint with each key, newest first: one stored before the newest came is known too."""
    made = (hashlib.sha256(b"crossdock fingerprint" + key).digest() for _, key in keys())
    return [hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32] for key in made]


def keys() -> list[tuple[str, bytes]]:
    """Key ids and 32-byte keys, newest first."""
    made = [
        hashlib.sha256(b"crossdock vault" + text.strip().encode()).digest()
        for text in settings.HUB_KEYS
        if text.strip()
    ]
    if not made:
        raise VaultError("HUB_KEYS is empty: set it to one long random text, and keep it safe.")
    return [(hashlib.sha256(key).hexdigest()[:8], key) for key in made]
