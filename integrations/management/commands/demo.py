"""manage.py demo: everything at once on simulators."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from integrations import demo


class Command(BaseCommand):
    help = "Start simulators, web, worker and beat, connect one vendor of each kind and run the first sync."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="end after the first sync")

    def handle(self, **options: Any) -> None:
        if not os.environ.get("HUB_DEMO"):
            # Settings are read once at start: begin again with the demo's own folder.
            self.stdout.flush()
            os.execve(sys.executable, [sys.executable, *sys.argv], demo.environment())
        raise SystemExit(
            demo.run(once=options["once"], say=lambda text: self.stdout.write(text) or self.stdout.flush())
        )
