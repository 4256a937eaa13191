"""manage.py probe: test a connection; says the cause and the cure."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from integrations.connection import probe
from integrations.console import FAILED, vendor_of


class Command(BaseCommand):
    help = "Test a connection. Exit code 0 only if it works."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--json", action="store_true")

    def handle(self, **options: Any) -> None:
        vendor = vendor_of(options["slug"])
        verdict = probe(vendor)
        if options["json"]:
            found = {"vendor": vendor.slug, "ok": verdict.ok, "cause": verdict.cause}
            self.stdout.write(json.dumps(found | {"message": verdict.message, "cure": verdict.cure}))
        else:
            self.stdout.write(f"{vendor.name}: {verdict.message or 'works'}")
            if verdict.cure:
                self.stdout.write(f"Cure: {verdict.cure}")
            for name, fact in verdict.facts.items():
                self.stdout.write(f"{name}: {fact}")
        if not verdict.ok:
            raise SystemExit(FAILED)
