"""manage.py sandbox: serve every vendor's simulator on loopback."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from integrations import simulator


class Command(BaseCommand):
    help = "Serve every vendor's simulator on 127.0.0.1 until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8100)

    def handle(self, **options: Any) -> None:
        def say(line: str) -> None:
            self.stdout.write(line)
            self.stdout.flush()  # whoever started this process reads the address here

        simulator.serve(options["port"], say=say)
