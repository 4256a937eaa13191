"""manage.py sync: run flows now, in the foreground."""

import json
import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations import sync
from integrations.console import USAGE, Bar, exit_code, report, vendor_of
from integrations.models import SyncRun, Trigger, Vendor
from integrations.service import service_class

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Run flows of a connection now. Exit codes: 0 ok, 1 failed or held, 2 wrong usage, 3 partial."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("flows", nargs="*", metavar="FLOW")
        parser.add_argument("--full", action="store_true", help="read everything and compare values")
        parser.add_argument("--json", action="store_true")

    def handle(self, **options: Any) -> None:
        vendor = vendor_of(options["slug"])
        known = service_class(vendor.kind).flows
        unknown = [flow for flow in options["flows"] if flow not in known]
        if unknown:
            message = f"{vendor.name} has no flow “{unknown[0]}”. Its flows: {', '.join(known)}."
            raise CommandError(message, returncode=USAGE)
        names = options["flows"] or [
            flow for flow in known if (schedule := sync.schedule_of(vendor, flow)).enabled and not schedule.lacks
        ]
        mode = SyncRun.Mode.VERIFY if options["full"] else None
        runs, busy = [], []
        for flow in names:
            run = foreground(vendor, flow, mode)
            if run is None:
                busy.append(flow)
                continue
            runs.append(run)
            if not options["json"]:
                self.stdout.write(line(run))
        if options["json"]:
            rows = [report(run) for run in runs] + [
                {"flow": flow, "state": "running", "error": "Another process is running this flow."} for flow in busy
            ]
            self.stdout.write(
                json.dumps({"vendor": vendor.slug, "ok": not busy and exit_code(runs) == 0, "runs": rows})
            )
        for flow in busy:
            self.stderr.write(f"{flow}: another process is running it; its outcome is in the run log.")
        code = 1 if busy else exit_code(runs)
        if code:
            raise SystemExit(code)


def foreground(vendor: Vendor, flow: str, mode: str | None = None) -> SyncRun | None:
    """Run a flow to its end with a progress bar on a terminal."""
    bar = Bar(f"{vendor.slug} {flow}")
    began = timezone.now()
    try:
        return sync.run(vendor, flow, Trigger.COMMAND_LINE, mode=mode, slice_seconds=None, progress=bar)
    except Exception:
        # A mistake of ours: told on the run like any other failure, so that the flows behind it still run.
        told = SyncRun.objects.filter(vendor=vendor, flow=flow, error_kind="bug", finished_at__gte=began).first()
        if told is None:
            raise
        log.exception("%s %s ended with a mistake in the hub", vendor.slug, flow)
        return told
    finally:
        bar.end()


def line(run: SyncRun) -> str:
    counts = ", ".join(
        f"{getattr(run, name):,} {name}"
        for name in ("seen", "created", "updated", "unchanged", "rejected", "gone", "held")
        if getattr(run, name) or name == "seen"
    )
    told = f"\n    {run.error}\n    Cure: {run.cure}" if run.error else ""
    return f"{run.vendor.slug:<12} {run.flow:<18} {run.get_state_display():<24} {counts}{told}"
