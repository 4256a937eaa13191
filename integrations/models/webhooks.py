"""The addresses vendors post to, and what was posted."""

from django.db import models
from django.db.models import Q

from integrations.models.runs import SyncRun
from integrations.models.vendor import Vendor


class Callback(models.Model):
    """One address of ours for one hook of one connection. Its path is a secret: here as a digest, in the vault as itself."""

    class Mode(models.TextChoices):
        OFF = "off", "Off: not checked"
        TRIAL = "trial", "On trial: checked, let in all the same"
        REQUIRED = "required", "Required: refused without a good signature"

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="callbacks")
    hook = models.CharField(max_length=40)
    active = models.BooleanField("on", default=False)
    mode = models.CharField("signature", max_length=10, choices=Mode.choices, default=Mode.OFF)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    old_digest = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    old_until = models.DateTimeField("old address good until", null=True, blank=True, editable=False)
    old_key_until = models.DateTimeField("old key good until", null=True, blank=True, editable=False)
    created_at = models.DateTimeField("address made", editable=False)
    # kept up at the vendor
    tend_at = models.DateTimeField("looked after next", null=True, blank=True, editable=False)
    tended_at = models.DateTimeField("looked after", null=True, blank=True, editable=False)
    told = models.TextField("what was done last", blank=True, editable=False)
    trouble = models.TextField(blank=True, editable=False)
    trouble_since = models.DateTimeField(null=True, blank=True, editable=False)
    # what was not let in
    refused = models.IntegerField(default=0, editable=False)
    refused_at = models.DateTimeField("last refused", null=True, blank=True, editable=False)
    refused_why = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        ordering = ("vendor", "hook")
        constraints = [models.UniqueConstraint(fields=("vendor", "hook"), name="callback_once")]
        verbose_name = "callback address"
        verbose_name_plural = "callback addresses"

    def __str__(self) -> str:
        return f"{self.vendor} {self.hook}"


class WebhookDelivery(models.Model):
    """One delivery, stored before it is answered. Two constraints keep it once: by the vendor's own id, and by content while it waits."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        READING = "reading", "Being read"
        DONE = "done", "Done"
        NOTHING = "nothing", "Nothing to read"
        FAILED = "failed", "Failed"

    class Source(models.TextChoices):
        POST = "post", "Posted"
        MISSED = "missed", "Missed, asked for later"

    callback = models.ForeignKey(Callback, models.CASCADE, related_name="deliveries")
    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="+")
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.POST)
    event = models.CharField(max_length=100)
    flow = models.CharField(max_length=40, blank=True)
    external_id = models.CharField("row", max_length=200, blank=True)
    external_ids = models.JSONField("rows", default=list, blank=True)
    once = models.CharField("the vendor's id of it", max_length=200, blank=True)
    digest = models.CharField(max_length=64)
    headers = models.JSONField(default=dict, blank=True)
    body = models.BinaryField(default=bytes, blank=True)
    verified = models.BooleanField("signature", null=True, default=None)
    address = models.GenericIPAddressField("from", null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    note = models.TextField(blank=True)
    trouble = models.BooleanField("tells of trouble", default=False)
    claim = models.BooleanField("claims something", default=False)
    run = models.ForeignKey(SyncRun, models.SET_NULL, null=True, blank=True, related_name="deliveries")
    attempts = models.IntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField("received")
    handled_at = models.DateTimeField("handled", null=True, blank=True)

    class Meta:
        ordering = ("-received_at", "-id")
        verbose_name = "webhook delivery"
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.UniqueConstraint(fields=("callback", "once"), condition=~Q(once=""), name="delivery_once"),
            models.UniqueConstraint(
                fields=("callback", "digest"), condition=Q(state="waiting"), name="delivery_waits_once"
            ),
        ]
        indexes = [
            models.Index(fields=("-received_at", "-id"), name="delivery_received"),
            models.Index(fields=("vendor", "-received_at", "-id"), name="delivery_vendor_received"),
            models.Index(fields=("vendor", "id"), condition=Q(state="waiting"), name="delivery_waiting"),
            models.Index(fields=("vendor", "run"), condition=Q(state="reading"), name="delivery_reading"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.external_id}".strip()
