"""manage.py confirm: an admin's word that unproven flows are right for this account."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import audit
from integrations import connecting
from integrations.console import USAGE, vendor_of


class Command(BaseCommand):
    help = "Confirm unproven flows of a connection; they are switched on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("names", nargs="+")

    def handle(self, **options: Any) -> None:
        try:
            vendor = vendor_of(options["slug"])
            confirmed = connecting.confirm(vendor, options["names"])
        except connecting.BadOption as error:
            raise CommandError(str(error), returncode=USAGE) from None
        audit.record("confirmed", vendor, who="command line", said=", ".join(confirmed))
        self.stdout.write(f"Confirmed: {', '.join(confirmed)}")
