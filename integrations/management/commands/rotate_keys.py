"""manage.py rotate_keys: re-encrypt all tokens and the seeds of second factors with the newest key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.sealing import VaultError
from config.second import codes
from integrations import rotation
from integrations.console import FAILED


class Command(BaseCommand):
    help = "Re-encrypt every stored secret with the first key of HUB_KEYS. May be stopped and started again."

    def handle(self, **options: Any) -> None:
        done, wrong = 0, []
        for turn in (rotation.rotate, codes.rotate):
            try:
                done += turn()
            except VaultError as error:
                wrong.append(str(error))
        if wrong:
            raise CommandError(" ".join(wrong), returncode=FAILED)
        self.stdout.write(f"{done} secrets re-encrypted with the newest key.")
