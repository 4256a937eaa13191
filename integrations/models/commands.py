"""Outgoing writes: what was decided, what went out, what came of it; and the switches that hold them back."""

from django.db import models
from django.db.models import Q

from integrations.models.vendor import Vendor


class Command(models.Model):
    """One outgoing write, committed with the decision. `fence` grows with each owner; an outcome is stored under its own fence only."""

    class State(models.TextChoices):
        AWAITING = "awaiting_approval", "Awaiting approval"
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Sending"
        WORKING = "working", "The vendor works on it"
        CONFIRMED = "confirmed", "Confirmed"
        REFUSED = "refused", "Refused"
        UNKNOWN = "unknown", "Unknown"
        CANCELLED = "cancelled", "Cancelled"

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="commands")
    verb = models.CharField(max_length=60)
    about = models.CharField(max_length=200, blank=True, help_text="The thing it changes, or the first of them.")
    body = models.JSONField(default=dict, help_text="What was asked, in our words.")
    request = models.JSONField(default=dict, blank=True, help_text="The exact call, as it went or as it will go.")
    words = models.JSONField(default=list, blank=True)
    approved = models.CharField(
        max_length=64, blank=True, editable=False, help_text="What the approved request is known by."
    )
    key = models.CharField(max_length=200, unique=True)
    reference = models.CharField("our reference", max_length=100, blank=True, db_index=True)
    batch = models.CharField(max_length=40, blank=True, db_index=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.QUEUED)
    attempts = models.IntegerField("times sent", default=0)
    answer = models.JSONField(null=True, blank=True)
    number = models.CharField("the vendor's number", max_length=100, blank=True)
    error_kind = models.CharField(max_length=20, blank=True)
    error = models.TextField(blank=True)
    cure = models.TextField(blank=True)
    story = models.JSONField(default=list, blank=True, help_text="What happened to it: when, by whom, what.")
    asked_by = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField("asked")
    not_before = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField("sent", null=True, blank=True)
    finished_at = models.DateTimeField("ended", null=True, blank=True)
    looked_at = models.DateTimeField("looked up", null=True, blank=True)
    looks = models.IntegerField("times looked up", default=0)
    shown = models.TextField("what the vendor shows", blank=True)
    # who works on it
    owner = models.CharField(max_length=120, blank=True, editable=False)
    fence = models.BigIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("-asked_at", "-id")
        indexes = [
            models.Index(fields=("state", "id"), name="command_state"),
            models.Index(fields=("-asked_at", "-id"), name="command_asked"),
            models.Index(fields=("vendor", "-asked_at", "-id"), name="command_vendor"),
        ]

    def __str__(self) -> str:
        what, about = self.verb.replace("_", " ").capitalize(), self.about.replace(":", " ", 1)
        return f"{what}: {about}" if about else what


class CommandItem(models.Model):
    """One thing a command changes. Only one command about it is under way at a time, by constraint."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        REFUSED = "refused", "Not done"
        OVERTAKEN = "overtaken", "Overtaken by a later value"

    command = models.ForeignKey(Command, models.CASCADE, related_name="items")
    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="+", db_index=False)
    thing = models.CharField(max_length=200, help_text="Kind and id, such as variant:1400001.")
    sets = models.JSONField(default=list, blank=True, help_text="The properties it gives a value to.")
    values = models.JSONField(default=dict, blank=True, help_text="Those values, by property.")
    acts = models.BooleanField(default=False, help_text="It does more than give values, so that its turn counts.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    told = models.CharField(max_length=300, blank=True)
    in_flight = models.BooleanField(default=False)

    class Meta:
        ordering = ("id",)
        indexes = [models.Index(fields=("vendor", "thing", "command"), name="command_item_thing")]
        constraints = [
            models.UniqueConstraint(fields=("vendor", "thing"), condition=Q(in_flight=True), name="one_in_flight")
        ]

    def __str__(self) -> str:
        return self.thing


class CommandSubject(models.Model):
    """A row of ours a command was decided on that is not the thing it changes: a sale's line that is bought from a supplier, a
    product of one vendor that is put on sale at another. No key across: a row that goes takes no history with it."""

    command = models.ForeignKey(Command, models.CASCADE, related_name="subjects")
    kind = models.CharField(max_length=20, help_text="line, package, product or variant.")
    row = models.BigIntegerField()
    quantity = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = [models.Index(fields=("kind", "row", "command"), name="command_subject_row")]
        constraints = [models.UniqueConstraint(fields=("command", "kind", "row"), name="command_subject_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.row}"


class WriteSwitch(models.Model):
    """How one verb of a connection may write, where that differs from the connection; an empty verb stops all of them."""

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="switches")
    verb = models.CharField(max_length=60, blank=True)
    writes = models.CharField(max_length=10, choices=Vendor.Writes.choices, blank=True)
    stopped = models.BooleanField(default=False)
    reason = models.CharField(max_length=300, blank=True)
    by = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("vendor", "verb")
        constraints = [models.UniqueConstraint(fields=("vendor", "verb"), name="switch_once")]

    def __str__(self) -> str:
        return f"{self.vendor} {self.verb or 'all writes'}"
