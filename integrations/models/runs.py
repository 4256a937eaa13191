"""Schedules, runs and what a run leaves behind: rejects, held changes, fingerprints."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django_celery_beat.models import PeriodicTask

from integrations.models.vendor import Vendor
from integrations.service import service_class


class Trigger(models.TextChoices):
    SCHEDULE = "schedule", "Schedule"
    OPERATOR = "operator", "Operator"
    WEBHOOK = "webhook", "Webhook"
    COMMAND_LINE = "command_line", "Command line"


GRACE = timedelta(minutes=2)  # beyond the maximum age, before a flow counts as late


class Schedule(models.Model):
    """When one flow of one vendor is due, and how far it has come. `due_at` is the truth; the beat entry is only its hint."""

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="schedules")
    flow = models.CharField(max_length=40)
    enabled = models.BooleanField(default=True)
    every = models.DurationField(help_text="Time between two runs, for example 00:15:00.")
    max_age = models.DurationField("alarm after", help_text="Without a good run for this long, the alarm is raised.")
    full_every = models.DurationField("full pass every", null=True, blank=True)
    verify_every = models.DurationField("verify every", null=True, blank=True)
    cursor = models.JSONField(default=dict, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    failures = models.IntegerField("failures in a row", default=0)
    enabled_at = models.DateTimeField(null=True, blank=True)
    last_ok_at = models.DateTimeField("last good run", null=True, blank=True)
    last_full_at = models.DateTimeField("last full pass", null=True, blank=True)
    last_verify_at = models.DateTimeField("last verify", null=True, blank=True)
    alarmed_at = models.DateTimeField("late alarm since", null=True, blank=True)
    periodic_task = models.OneToOneField(PeriodicTask, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("vendor", "flow")
        constraints = [models.UniqueConstraint(fields=("vendor", "flow"), name="schedule_once")]

    def __str__(self) -> str:
        return f"{self.vendor} {self.flow}"

    @property
    def title(self) -> str:
        """The flow's name as people read it."""
        return self.flow.replace("_", " ").capitalize()

    @property
    def lacks(self) -> str:
        """Why this connection has no such flow, as far as is known; empty when it has. It is not run by itself then."""
        kind = service_class(self.vendor.kind)
        return kind.lacks(self.flow, self.vendor.account) if kind.learns else ""

    def is_overdue(self, now: datetime) -> bool:
        """No good run for longer than allowed; the reason does not matter."""
        since = self.last_ok_at or self.enabled_at
        return since is not None and since + self.max_age + GRACE < now and not self.lacks

    def is_late(self, now: datetime) -> bool:
        """Overdue, whether or not a worker was there to raise the alarm."""
        return (self.alarmed_at is not None and not self.lacks) or self.is_overdue(now)


class SyncRun(models.Model):
    """One execution of one flow. While it runs it is also the lease: `fence` grows with each owner, and every commit checks it."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        OK = "ok", "OK"
        PARTIAL = "partial", "Partial: rows rejected"
        HELD = "held", "Held: a person must look"
        FAILED = "failed", "Failed"

    class Mode(models.TextChoices):
        CHANGES = "changes", "Changes"
        FULL = "full", "Full pass"
        VERIFY = "verify", "Verify values"

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="runs")
    flow = models.CharField(max_length=40)
    trigger = models.CharField(max_length=20, choices=Trigger.choices)
    asked_by = models.CharField(max_length=200, blank=True)
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.CHANGES)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    due_at = models.DateTimeField(null=True, blank=True)
    codes = models.JSONField(
        default=list, blank=True, help_text="Only these external ids, when asked for by an operator."
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    # the lease
    owner = models.CharField(max_length=120, blank=True, help_text="host:pid:process start; empty while parked.")
    fence = models.BigIntegerField(default=1)
    lease_until = models.DateTimeField(null=True, blank=True)
    slices = models.IntegerField(default=0)
    takeovers = models.IntegerField(default=0)
    # how far it is
    position = models.JSONField(null=True, blank=True)
    cursor_before = models.JSONField(default=dict, blank=True)
    cursor_after = models.JSONField(default=dict, blank=True)
    total = models.BigIntegerField("rows expected", null=True, blank=True)
    pages = models.IntegerField(default=0)
    seen = models.BigIntegerField(default=0)
    created = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    gone = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    requests = models.IntegerField(default=0)
    waited_s = models.FloatField("waited for the budget, s", default=0)
    note = models.TextField(blank=True)
    error_kind = models.CharField(max_length=20, blank=True)
    error = models.TextField(blank=True)
    cure = models.TextField(blank=True)

    class Meta:
        ordering = ("-started_at", "-id")
        indexes = [
            models.Index(fields=("-started_at", "-id"), name="run_started"),
            models.Index(fields=("vendor", "flow", "-started_at", "-id"), name="run_vendor_flow"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=("vendor", "flow"), condition=Q(state="running"), name="one_running_per_flow"
            ),
            models.UniqueConstraint(fields=("vendor", "flow", "due_at"), name="one_run_per_due_time"),
        ]

    def __str__(self) -> str:
        return f"{self.vendor} {self.flow} {self.state}"


class RunSeen(models.Model):
    """External ids that a running run saw up to its page `pages` (64-bit hashes, side by side), so that "gone" survives a hand-over."""

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="seen_so_far")
    pages = models.IntegerField(default=0)
    keys = models.BinaryField(default=bytes)

    def __str__(self) -> str:
        return f"seen in run {self.run_id}"


class Fingerprint(models.Model):
    """The digest of the last raw slice that was mirrored. Narrow on purpose: it is read for every row of every run.

    The digest is a UUID column: one BinaryField would turn off Django's UNNEST inserts (performance.md, finding 3).
    """

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=200)
    digest = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("schedule", "external_id"), name="fingerprint_once")]

    def __str__(self) -> str:
        return self.external_id


class Reject(models.Model):
    """One incoming row that could not be read: its raw text, why, and since when. Gone from the desk once it reads."""

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="rejects")
    flow = models.CharField(max_length=40)
    external_id = models.CharField(max_length=200)
    raw = models.TextField()
    reason = models.TextField()
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    times = models.IntegerField(default=1)
    run = models.ForeignKey(SyncRun, models.SET_NULL, null=True, related_name="rejects")
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-last_seen_at", "-id")
        constraints = [models.UniqueConstraint(fields=("vendor", "flow", "external_id"), name="reject_once")]

    def __str__(self) -> str:
        return f"{self.flow} {self.external_id}"


class Held(models.Model):
    """A risky part of a run that waits for a person: rows gone, gone to zero, or with a price that jumped."""

    class Kind(models.TextChoices):
        GONE = "gone", "Missing from the list"
        ZERO = "zero", "Stock gone to zero"
        PRICE = "price", "Price jump"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        APPLIED = "applied", "Applied"
        DROPPED = "dropped", "Dropped"
        OVERTAKEN = "overtaken", "Overtaken by newer data"

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="held")
    flow = models.CharField(max_length=40)
    run = models.ForeignKey(SyncRun, models.SET_NULL, null=True, related_name="held_parts")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    rows_count = models.IntegerField(default=0)
    of_count = models.IntegerField("of so many known", default=0)
    reason = models.TextField()
    sample = models.JSONField(
        default=list, blank=True, help_text="The first rows, kept after the decision: id and what."
    )
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name = "held change"

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.rows_count} of {self.of_count}"

    @property
    def is_grave(self) -> bool:
        """Whether applying it would take away half of what is known, or more."""
        return self.kind != self.Kind.PRICE and self.rows_count * 2 >= self.of_count

    @property
    def effect(self) -> str:
        """What applying it does to the rows that still wait, in a few words."""
        done = {
            self.Kind.GONE: "mark gone",
            self.Kind.ZERO: "set to no stock",
            self.Kind.PRICE: "take the new price of",
        }
        return f"{done[self.Kind(self.kind)]} {self.rows.count():,} of {self.of_count:,} rows"


class HeldRow(models.Model):
    """One row put aside: during the run without `held`, afterwards as part of it. `raw` is what the vendor sent ("" when gone)."""

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="+")
    flow = models.CharField(max_length=40)
    run = models.ForeignKey(SyncRun, models.SET_NULL, null=True, related_name="+")
    held = models.ForeignKey(Held, models.CASCADE, null=True, related_name="rows")
    kind = models.CharField(max_length=10, choices=Held.Kind.choices)
    external_id = models.CharField(max_length=200)
    raw = models.TextField(blank=True)
    said = models.TextField(blank=True, help_text="What the vendor says, the same text as long as it says the same.")
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("vendor", "flow", "external_id"), name="held_row_once")]

    def __str__(self) -> str:
        return f"{self.external_id} {self.detail}"


class Decision(models.Model):
    """What a person dropped: as long as the vendor says the same of this row, it is left as it is and not asked again."""

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="+")
    flow = models.CharField(max_length=40)
    external_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Held.Kind.choices)
    said = models.TextField(blank=True)
    by = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("vendor", "flow", "external_id"), name="decision_once")]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.said or self.get_kind_display()}"
