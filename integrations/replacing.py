"""A secret replaced in one step: tried first, stored only when the vendor takes it; and one taken away."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from integrations import circuit, connection, vault
from integrations.models import Token, Vendor
from integrations.service import Secret, Verdict, service_class

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

REFUSALS = ("token", "password", "vault")  # what no word of a person's makes good


def replace(
    vendor: Vendor,
    name: str,
    value: str,
    user: "AbstractBaseUser | None" = None,
    *,
    expires_at: datetime | None = None,
    untested: bool = False,
    noted: Callable[[], object] | None = None,
) -> tuple[bool, Verdict]:
    """Whether it was stored, and how the test with it went. The old one stays in use, untouched, when it was not.

    untested: store it although the test could not be made, such as while the vendor is down; never one the vendor refused.
    noted: called where it is stored, in the same transaction: a line in the audit log is there with the new token, or neither is.
    Raises LookupError when the kind has no such secret, VaultError when it is empty or there is no key.
    """
    declared = declared_secret(vendor, name)
    value = value.strip()
    if not value:
        raise vault.VaultError("The secret is empty; paste it again, or revoke the one there is.")
    others = _missing(vendor, name)
    if others:
        verdict = Verdict(False, "token", f"Not tested: {', '.join(others)} must be set first.", "Set it here, too.")
    else:
        verdict = connection.probe(vendor, {name: value})
        if not verdict.ok and not (untested and verdict.cause not in REFUSALS):
            return False, verdict
    with transaction.atomic():
        vault.set_secret(vendor, name, value, user, expires_at=expires_at)
        _drop_fetched(vendor, besides=declared.name)
        if noted:
            noted()
    if verdict.ok:
        connection.answered(vendor)
    return True, verdict


@transaction.atomic
def revoke(token: Token, user: "AbstractBaseUser | None" = None) -> bool:
    """Wipe it and what was fetched with it; a connection that cannot do without waits for another.

    False when it is out of use by now: somebody replaced it a moment ago, and the new one stays in use.
    """
    Vendor.objects.select_for_update().only("pk").get(pk=token.vendor_id)
    if not Token.objects.filter(pk=token.pk, active=True).exists():
        return False
    vault.revoke(token, user)
    kind = service_class(token.vendor.kind)
    if token.name == kind.fetches and token.fetched:
        return True  # the hub fetches the next one by itself
    _drop_fetched(token.vendor, besides=token.name)
    if any(secret.name == token.name and secret.required for secret in kind.secrets):
        circuit.revoked(token.vendor_id, f"“{token.name}” was revoked here. Set another under Tokens.")
    return True


def declared_secret(vendor: Vendor, name: str) -> Secret:
    """What the kind says of it. LookupError names those there are."""
    secrets = {secret.name: secret for secret in service_class(vendor.kind).secrets}
    if name not in secrets:
        raise LookupError(f"{vendor} has no secret “{name[:40]}”. Its secrets: {', '.join(secrets) or 'none'}.")
    return secrets[name]


def _missing(vendor: Vendor, name: str) -> list[str]:
    """Labels of other secrets without which no test can be made."""
    stored = set(Token.objects.filter(vendor=vendor, active=True).values_list("name", flat=True))
    wanted = [secret for secret in service_class(vendor.kind).secrets if secret.required]
    return [secret.label for secret in wanted if secret.name not in (*stored, name)]


def _drop_fetched(vendor: Vendor, *, besides: str) -> None:
    """Put what the hub fetched with the secret before out of use: the next call fetches another."""
    for token in Token.objects.filter(vendor=vendor, active=True, fetched=True).exclude(name=besides):
        vault.revoke(token)
