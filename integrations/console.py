"""What commands share: finding a connection, the progress bar, exit codes."""

import sys
import time
from typing import Any, TextIO

from django.core.management.base import CommandError

from integrations.models import SyncRun, Vendor

OK, FAILED, USAGE, PARTIAL = 0, 1, 2, 3
BAR = 24


def vendor_of(slug: str) -> Vendor:
    """The connection with this slug; the error names those there are."""
    try:
        return Vendor.objects.get(slug=slug)
    except Vendor.DoesNotExist:
        known = (
            ", ".join(Vendor.objects.values_list("slug", flat=True)) or "none yet: make one with `manage.py connect`"
        )
        raise CommandError(f"There is no connection “{slug}”. Connections: {known}.", returncode=USAGE) from None


def report(run: SyncRun) -> dict[str, Any]:
    """One run as `sync --json` prints it."""
    names = ("flow", "state", "seen", "created", "updated", "unchanged", "rejected", "gone", "held", "requests")
    figures: dict[str, Any] = {name: getattr(run, name) for name in names}
    return figures | {"waited_s": round(run.waited_s, 1), "error": f"{run.error} {run.cure}".strip() or None}


def exit_code(runs: list[SyncRun]) -> int:
    states = {run.state for run in runs}
    if states & {SyncRun.State.FAILED, SyncRun.State.HELD, SyncRun.State.RUNNING}:
        return FAILED
    return PARTIAL if SyncRun.State.PARTIAL in states else OK


class Bar:
    """A progress bar on a terminal: rows, pages, seconds waited for the budget, time left. Elsewhere it stays silent."""

    def __init__(self, title: str, out: TextIO | None = None) -> None:
        self.title, self.out, self.started, self.drawn = title, out or sys.stderr, time.monotonic(), 0.0
        self.live = self.out.isatty()

    def __call__(self, run: SyncRun) -> None:
        now = time.monotonic()
        if not self.live or now - self.drawn < 0.1:
            return
        self.drawn = now
        self.out.write("\r\x1b[K" + self.line(run, now - self.started))
        self.out.flush()

    def line(self, run: SyncRun, seconds: float) -> str:
        text = f"{self.title:<28} {run.seen:>8,} rows {run.pages:>5,} pages"
        if run.waited_s >= 1:
            text += f"  waited {run.waited_s:.0f} s for the budget"
        if run.total and run.seen:
            share = min(1.0, run.seen / run.total)
            filled = round(share * BAR)
            left = seconds * (1 - share) / share
            text = f"{text}  [{'█' * filled}{'·' * (BAR - filled)}] {share:4.0%}  {left:.0f} s left"
        return text

    def end(self) -> None:
        if self.live and self.drawn:
            self.out.write("\r\x1b[K")
            self.out.flush()
