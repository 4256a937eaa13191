"""A connection to one account of one system, and its secrets at rest."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from integrations.service import Account, kind_choices, service_class, services

SOON = timedelta(days=14)


class Vendor(models.Model):
    """One connection to one account of one system; two ELKO accounts are two vendors."""

    class Environment(models.TextChoices):
        PRODUCTION = "production", "Production"
        STAGING = "staging", "Staging"
        SANDBOX = "sandbox", "Sandbox"

    class State(models.TextChoices):
        NEW = "new", "New"
        ACTIVE = "active", "Working"
        NEEDS_AUTH = "needs_auth", "Needs a good token"
        BLOCKED = "blocked", "Blocked by the vendor"
        PAUSED = "paused", "Paused"

    class Writes(models.TextChoices):
        OFF = "off", "Off: the hub only reads"
        APPROVE = "approve", "Approve each"
        ON = "on", "On"

    kind = models.CharField(max_length=40, choices=kind_choices)
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=60, unique=True)
    environment = models.CharField(max_length=20, choices=Environment.choices, default=Environment.PRODUCTION)
    base_url = models.CharField("address", max_length=500)
    options = models.JSONField(default=dict, blank=True)
    abilities = models.JSONField(
        default=dict, blank=True, editable=False, help_text="What this account can do, as the vendor told it."
    )
    confirmed = models.JSONField(default=list, blank=True, help_text="Unproven flows and verbs an admin vouched for.")
    enabled = models.BooleanField(default=True)
    writes = models.CharField(max_length=10, choices=Writes.choices, default=Writes.OFF)
    state = models.CharField(max_length=20, choices=State.choices, default=State.NEW)
    state_reason = models.TextField(blank=True)
    state_since = models.DateTimeField(null=True, blank=True)
    blocked_until = models.DateTimeField(null=True, blank=True)
    failed_runs = models.IntegerField("runs failed in a row, of any flow", default=0, editable=False)
    time_zone = models.CharField(max_length=60, default="UTC")
    currency = models.CharField(max_length=3, blank=True)
    last_ok_at = models.DateTimeField("last success", null=True, blank=True)
    seen_from = models.CharField("called out from", max_length=200, blank=True, editable=False)
    seen_from_at = models.DateTimeField(null=True, blank=True, editable=False)
    warned_end = models.CharField(
        max_length=40, blank=True, editable=False
    )  # of what ends outside: its day, and how near
    untold = models.BooleanField(default=False, editable=False)  # that it needs a token: the mail did not go
    created_at = models.DateTimeField(auto_now_add=True)

    secret_columns: ClassVar[tuple[str, ...]] = ()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def ends_soon(self) -> list[str]:
        """What ends within two weeks outside the hub, such as a shop's credentials at the vendor, in sentences; the next first."""
        stores, today = service_class(self.kind).stores, timezone.localdate()
        soon = [one for one in (stores.endings(self.account) if stores else ()) if one.on - SOON <= today]
        return [
            f"{one.what[:1].upper()}{one.what[1:]} {'ended' if one.on < today else 'end'} on {one.on}. {one.cure}"
            for one in sorted(soon, key=lambda one: one.on)
        ]

    @property
    def hides(self) -> dict[str, bool]:
        """Which of its options and secrets, by the names its kind declares, are secret."""
        service = services().get(self.kind)
        if service is None:
            return {}
        return {one.name: False for one in service.options} | {one.name: True for one in service.secrets}

    @property
    def account(self) -> Account:
        """What services and parsers may know of it."""
        return Account(
            slug=self.slug,
            base_url=self.base_url,
            options=self.options,
            environment=self.environment,
            time_zone=self.time_zone,
            currency=self.currency,
            abilities=self.abilities,
        )


class Token(models.Model):
    """One secret of a connection, encrypted; shown to nobody after it is saved, only its last four and its age.

    A replaced token's ciphertext is wiped. `fingerprint` is keyed, so that it cannot be guessed from the database.
    """

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=40)
    ciphertext = models.TextField(blank=True, editable=False)
    fingerprint = models.CharField(max_length=32, blank=True, editable=False)
    last_four = models.CharField(max_length=4, blank=True, editable=False)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField(null=True, blank=True)
    fetched = models.BooleanField("fetched by the hub", default=False)
    last_used_at = models.DateTimeField("last used", null=True, blank=True)
    last_ok_at = models.DateTimeField("last success", null=True, blank=True)
    warning = models.TextField(blank=True, editable=False, help_text="What the vendor told of the account with it.")
    rejected_at = models.DateTimeField("first refused", null=True, blank=True, editable=False)
    warned_days = models.PositiveSmallIntegerField("warned, days before its end", null=True, blank=True, editable=False)

    secret_columns: ClassVar[tuple[str, ...]] = ("ciphertext", "fingerprint", "last_four")

    class Meta:
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(
                fields=("vendor", "name"), condition=models.Q(active=True), name="one_active_token_per_vendor_and_name"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} …{self.last_four}"

    @property
    def warned(self) -> str:
        """What the vendor warned of as it gave this one, and when that was; empty when it did not."""
        return (
            f"{self.warning} (Told on {timezone.localtime(self.created_at):%Y-%m-%d %H:%M %Z}.)" if self.warning else ""
        )

    @property
    def title(self) -> str:
        """What the vendor's kind calls it; of one that nobody pastes, its name as people read it."""
        service = services().get(self.vendor.kind)
        found = {secret.name: secret.label for secret in (service.secrets if service else ())}
        _, of_hook, hook = self.name.partition("hook:")
        if of_hook and service and hook in service.hooks:
            return f"Key of the address “{service.hooks[hook].title}”"
        return found.get(self.name) or self.name.replace("_", " ").capitalize()
