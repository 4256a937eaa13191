"""manage.py rotate_keys: re-encrypt all tokens with the newest key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations import vault
from integrations.console import FAILED


class Command(BaseCommand):
    help = "Re-encrypt every stored secret with the first key of HUB_KEYS. May be stopped and started again."

    def handle(self, **options: Any) -> None:
        try:
            self.stdout.write(f"{vault.rotate()} secrets re-encrypted with the newest key.")
        except vault.VaultError as error:
            raise CommandError(str(error), returncode=FAILED) from None
