"""What the hub keeps about the people who work here."""

from typing import Any

from django.db import models
from django_otp.models import Device, TimestampMixin
from django_otp.plugins.otp_totp.models import TOTPDevice

from config import sealing

SEED = 20  # bytes, what RFC 4226 asks for
MOST_DOUBLINGS = 10  # after so many wrong codes in a row each next one waits for eight and a half minutes


class Authenticator(TOTPDevice):
    """A person's authenticator app: django-otp's device, with its seed sealed in the database instead of in the clear."""

    class Meta:
        proxy = True
        default_permissions = ()

    @property
    def bin_key(self) -> bytes:
        return sealing.unseal(self.key, bound=f"totp:{self.user_id}")

    @bin_key.setter
    def bin_key(self, seed: bytes) -> None:
        self.key = sealing.seal(seed, bound=f"totp:{self.user_id}")

    def throttle_increment(self, commit: bool = True) -> None:
        """The wait grows, but never so far that guessing by another shuts the owner out for a day."""
        failures: int = self.throttling_failure_count  # type: ignore[has-type]
        self.throttling_failure_count = min(failures, MOST_DOUBLINGS - 1)
        super().throttle_increment(commit=commit)


class Passkey(TimestampMixin, Device):
    """A public key whose other half never leaves a person's device (W3C WebAuthn level 2, section 4: a credential).

    What is kept here signs nobody in, so it is not sealed. `credential` and `handle` are base64url without padding.
    """

    host = models.CharField(max_length=253, help_text="The host name it was made at, the only one it works at.")
    credential = models.CharField(max_length=1364, unique=True)  # 1,023 bytes at most
    handle = models.CharField(
        max_length=86
    )  # what the device knows the person by: random, the same for all of a person's
    public_key = models.BinaryField()  # a COSE key
    sign_count = models.PositiveBigIntegerField(default=0)  # 0: this device does not count
    transports = models.JSONField(default=list)
    spent = models.CharField(max_length=64, blank=True)  # digest of the challenge it answered last

    class Meta:
        default_permissions = ()


class Unchangeable(Exception):
    """What was done cannot be undone by changing the record of it."""

    def __init__(self) -> None:
        super().__init__("The audit log is only ever added to: its rows are neither changed nor deleted.")


class AppendOnly(models.QuerySet["AuditEntry"]):
    """Rows that are only ever added."""

    def update(self, **given: Any) -> int:
        raise Unchangeable

    def delete(self) -> Any:
        raise Unchangeable

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        raise Unchangeable

    def _raw_delete(self, using: Any) -> Any:
        raise Unchangeable


class AuditEntry(models.Model):
    """Who did what, to what, from where. Written once: neither the hub nor the database lets a row be changed or taken away.

    `digest` covers the row and the digest of the one before, so that a change by whoever is above both is found.
    """

    at = models.DateTimeField("when")
    who = models.CharField(max_length=150, blank=True, help_text="The name signed in with; empty for the hub itself.")
    what = models.CharField(max_length=60)
    kind = models.CharField("kind of thing", max_length=100, blank=True)
    key = models.CharField("its id", max_length=64, blank=True)
    thing = models.CharField(max_length=200, blank=True)
    said = models.CharField("in words", max_length=500, blank=True)
    address = models.CharField("from", max_length=64, blank=True)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    digest = models.CharField(max_length=64, editable=False)

    objects = AppendOnly.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_at"),
            models.Index(fields=["kind", "key"], name="audit_thing"),
            models.Index(fields=["what", "-at", "-id"], name="audit_what"),
            models.Index(fields=["kind", "-at", "-id"], name="audit_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.thing}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None and not kwargs.get("force_insert"):
            raise Unchangeable
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise Unchangeable
