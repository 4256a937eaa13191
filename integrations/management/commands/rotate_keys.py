"""manage.py rotate_keys: re-encrypt all tokens with the newest key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import audit
from config.sealing import VaultError
from integrations import rotation
from integrations.console import FAILED


class Command(BaseCommand):
    help = "Re-encrypt every stored secret with the first key of HUB_KEYS. May be stopped and started again."

    def handle(self, **options: Any) -> None:
        try:
            done = f"{rotation.rotate()} secrets re-encrypted with the newest key."
        except VaultError as error:
            audit.record("rotated keys", who="command line", said=str(error))
            raise CommandError(str(error), returncode=FAILED) from None
        audit.record("rotated keys", who="command line", said=done)
        self.stdout.write(done)
