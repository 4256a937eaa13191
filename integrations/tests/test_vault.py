"""Secrets at rest."""

import base64
import json

import pytest

from integrations import rotation, vault
from integrations.models import Token, Vendor

SECRET = "a-planted-secret-0123456789"


@pytest.fixture
def vendor(db):
    return Vendor.objects.create(kind="elko", name="ELKO", slug="elko", base_url="https://vendor.example")


def test_opens_only_where_it_was_sealed():
    sealed = vault.encrypt(SECRET, bound="1:token")
    assert sealed.startswith("v1:")
    assert SECRET not in sealed
    assert vault.decrypt(sealed, bound="1:token") == SECRET
    assert vault.encrypt(SECRET, bound="1:token") != sealed
    for wrong, bound in ((sealed, "2:token"), (sealed[:-6] + "AAAA==", "1:token"), ("plain", "1:token"), ("", "1")):
        with pytest.raises(vault.VaultError, match="set it again") as told:
            vault.decrypt(wrong, bound=bound)
        assert SECRET not in str(told.value)


def test_a_lost_key_is_named(settings):
    sealed = vault.encrypt(SECRET, bound="1")
    settings.HUB_KEYS = ["another"]
    with pytest.raises(vault.VaultError, match="HUB_KEYS"):
        vault.decrypt(sealed, bound="1")


def test_one_active_secret_and_the_old_one_is_wiped(vendor):
    first = vault.set_secret(vendor, "token", SECRET)
    second = vault.set_secret(vendor, "token", "short")
    first.refresh_from_db()
    assert (first.active, first.ciphertext, first.last_four) == (False, "", "6789")
    assert first.revoked_at is not None
    assert second.last_four == ""
    assert vault.secrets_of(vendor) == {"token": "short"}
    vault.revoke(second)
    assert vault.secrets_of(vendor) == {}
    with pytest.raises(vault.VaultError, match="empty"):
        vault.set_secret(vendor, "token", "  ")


def test_a_jwt_tells_when_it_expires(vendor):
    def jwt(claims):
        return "eyJh." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".x"

    token = vault.set_secret(vendor, "token", jwt({"exp": 1_800_000_000}))
    assert token.expires_at is not None
    assert token.expires_at.timestamp() == 1_800_000_000
    for odd in (jwt({}), jwt({"exp": "soon"}), jwt({"exp": 1e300}), jwt([1]), "a.b.c", "a.é.c", "no"):
        assert vault.expiry(odd) is None


def test_rotation_goes_on_past_what_it_cannot_read(vendor, settings):
    vault.set_secret(vendor, "token", SECRET)
    bad = vault.set_secret(vendor, "aaa", "other")
    settings.HUB_KEYS = ["a new key", *settings.HUB_KEYS]
    Token.objects.filter(pk=bad.pk).update(ciphertext="v1:00000000:AAAA")
    with pytest.raises(vault.VaultError, match="1 secrets were re-encrypted"):
        rotation.rotate()
    vault.revoke(bad)
    assert rotation.rotate() == 0
    settings.HUB_KEYS = ["a new key"]
    assert vault.secrets_of(vendor) == {"token": SECRET}
    kept = Token.objects.get(active=True)
    assert not vault.needs_rotation(kept.ciphertext)
    assert kept.fingerprint == vault.fingerprint(SECRET)
