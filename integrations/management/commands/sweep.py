"""manage.py sweep: what the scheduler does every half minute, once."""

from typing import Any

from django.core.management.base import BaseCommand

from integrations import sweeping


class Command(BaseCommand):
    help = "Publish hints for due work, pick up runs whose owner is gone, raise late alarms."

    def handle(self, **options: Any) -> None:
        found = sweeping.sweep()
        self.stdout.write(f"{found.due} due, {found.orphans} left lying, {found.late} newly late")
