"""manage.py rotate_keys: re-encrypt all tokens with the newest key."""

from typing import Any

from django.core.management.base import BaseCommand

from integrations import vault


class Command(BaseCommand):
    help = "Re-encrypt every stored secret with the first key of HUB_KEYS. May be stopped and started again."

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"{vault.rotate()} secrets re-encrypted with the newest key.")
