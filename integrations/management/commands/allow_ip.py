"""manage.py allow_ip: the way back in for whoever is locked out of the admin."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, transaction
from django.utils import timezone

from config import audit
from config.addresses import normal
from integrations import allowlist
from integrations.console import FAILED, USAGE
from integrations.models import AllowedNetwork


class Command(BaseCommand):
    help = (
        "Let an address, a network or a first-last range reach the admin. Good within five seconds, without a restart."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address")
        parser.add_argument("--note", default="", help="who that is")
        parser.add_argument("--hours", type=float, help="let it in for so long only")

    def handle(self, **options: Any) -> None:
        try:
            self.let_in(options)
        except DatabaseError as error:
            told = f"The database did not take it: {error}. Nothing was changed; see that it runs and is not locked, and try again."
            raise CommandError(told, returncode=FAILED) from None

    def let_in(self, options: dict[str, Any]) -> None:
        try:
            network = normal(options["address"])
        except ValueError as error:
            raise CommandError(str(error), returncode=USAGE) from None
        hours = options["hours"]
        if hours is not None and not 0 < hours <= 100_000:
            raise CommandError("--hours must be more than 0 and at most 100000.", returncode=USAGE)
        was_open = not allowlist.read().closed
        if was_open and hours is not None:
            raise CommandError(
                "Nothing is listed, so the admin is open to every address. An entry for some hours would close it to "
                "everybody when it ends: leave --hours out.",
                returncode=FAILED,
            )
        until = timezone.now() + timedelta(hours=hours) if hours is not None else None
        row = AllowedNetwork.objects.filter(
            purpose=AllowedNetwork.Purpose.ADMIN, network=network, vendor=None
        ).first() or AllowedNetwork(purpose=AllowedNetwork.Purpose.ADMIN, network=network, created_by="command line")
        if row.pk and row.active and row.expires_at is None and until is not None:
            self.stdout.write(f"{network} may reach the admin already, without an end. Nothing was changed.")
            return
        row.active, row.expires_at, row.changed_by = True, until, "command line"
        row.note = options["note"][:300] or row.note
        with transaction.atomic():
            row.save()
            audit.record("let in", row, who="command line", said=network)
        told = f" until {until:%Y-%m-%d %H:%M} UTC" if until else ""
        self.stdout.write(f"{network} may reach the admin{told}.")
        if was_open:
            self.stdout.write("The admin was open to every address. It is closed to all others from now on.")
