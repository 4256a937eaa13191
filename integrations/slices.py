"""What one process works with while it has a run: the run's row, how far it is, and how that is stored."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from catalog.outcome import Guard
from integrations import intake, lease
from integrations.circuit import Leave
from integrations.connection import account_of
from integrations.errors import VendorError
from integrations.faultpoints import faultpoint
from integrations.gathering import Gathered
from integrations.models import RunSeen, Schedule, SyncRun, Vendor
from integrations.seen import Seen
from integrations.service import Account, Flow, service_class

Progress = Callable[[SyncRun], None]
COUNTS = ("position", "total", "pages", "seen", "created", "updated", "unchanged", "rejected", "gone", "held", "note")


@dataclass
class Slice:
    """One owner's share of a run."""

    run: SyncRun
    schedule: Schedule
    until: float  # by time.monotonic()
    progress: Progress | None
    leave: Leave = Leave.FREE
    answered: bool = False  # a page came that was asked for
    gaps: bool = False  # not everything there is has come
    doubles: int = 0  # rows whose id came before on the same page
    cursor: dict[str, Any] | None = None
    saved_at: float = field(default_factory=time.monotonic)
    failure: VendorError | None = None
    asked: int = field(init=False)  # requests of this run before this slice
    calls_saved: int = field(init=False)
    pages_saved: int = field(init=False)
    knows_all: bool = field(init=False)  # the ids of all its pages so far are known
    flow: Flow = field(init=False)
    account: Account = field(init=False)
    seen: Seen = field(init=False)
    guard: Guard | None = field(init=False)
    gathered: Gathered = field(init=False, default_factory=Gathered)

    def __post_init__(self) -> None:
        self.account = account_of(self.vendor)
        self.flow = service_class(self.vendor.kind).flows[self.schedule.flow].bound(self.account)
        self.guard = intake.guard_of(self.flow, self.account)
        parts = list(RunSeen.objects.filter(run=self.run).order_by("pk").values_list("pages", "keys"))
        self.seen = Seen(b"".join(bytes(keys) for _, keys in parts))
        self.pages_saved = self.run.pages
        self.knows_all = self.run.pages == (parts[-1][0] if parts else 0)
        self.asked = self.calls_saved = self.run.requests

    @property
    def whole(self) -> bool:
        """Whether this run reads the whole of a complete list."""
        run, flow = self.run, self.flow
        only_changes = flow.changes and run.mode == SyncRun.Mode.CHANGES and bool(run.cursor_before)
        return flow.complete and not run.codes and not only_changes

    @property
    def vendor(self) -> Vendor:
        return self.schedule.vendor

    def again(self) -> "Slice":
        """The same share by the stored row, after the connection to the database was lost. Raises lease.Stale."""
        run = lease.again(self.run)
        run.requests, run.waited_s = max(run.requests, self.run.requests), max(run.waited_s, self.run.waited_s)
        schedule = Schedule.objects.select_related("vendor").get(pk=self.schedule.pk)
        return Slice(run, schedule, self.until, self.progress, self.leave, self.answered, failure=self.failure)

    @property
    def ours(self) -> bool:
        """Whether there is still something to do for this owner; not when its park or its end had been stored after all."""
        return self.run.state == SyncRun.State.RUNNING and self.run.owner == lease.me()

    def store(self) -> None:
        """Write what was gathered, in the caller's transaction; `save` has to follow in it."""
        news, unchanged = self.gathered.taken(), self.run.unchanged
        for part in news.parts():
            intake.store(self.schedule, self.flow, self.account, self.run, part, self.guard)
        self.run.unchanged -= min(news.again, self.run.unchanged - unchanged)

    def save(self, **more: Any) -> None:
        """Write counts and position in the caller's transaction, with the ids seen up to there. Raises lease.Stale."""
        values = {name: getattr(self.run, name) for name in (*COUNTS, "requests", "waited_s")}
        # Nobody takes up a run that ends with this: a hundred thousand ids would be written to be deleted at once.
        if self.run.pages != self.pages_saved and "state" not in more:
            RunSeen.objects.create(run=self.run, pages=self.run.pages, keys=self.seen.part())
            self.pages_saved = self.run.pages
        lease.save(self.run, timezone.now(), **values, **more)
        self.saved_at, self.calls_saved = time.monotonic(), self.run.requests
        faultpoint("position.saved")

    def show(self) -> None:
        if self.progress:
            self.progress(self.run)
