"""manage.py verify_audit: whether anybody changed the audit log, the database's superuser included."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import audit

TOLD = 20  # places


class Command(BaseCommand):
    help = "Check the chain of the audit log. Exit 1 where a row was changed or taken out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--end", metavar="ROWS:DIGEST", help="what this command printed before; finds rows cut off at the end"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = [text for _, text in zip(range(TOLD), audit.broken(), strict=False)]
        rows, digest = audit.end()
        if options["end"]:
            wrong += since(options["end"], rows)
        for text in wrong:
            self.stderr.write(text)
        if wrong:
            raise CommandError("The audit log was changed. Compare it with the copy in the collected logs (hub.audit).")
        self.stdout.write(
            f"{rows} rows, each as it was written. Keep this elsewhere for the next time: {rows}:{digest}"
        )


def since(end: str, rows: int) -> list[str]:
    """What is wrong with the rows up to an earlier end."""
    from config.models import AuditEntry

    count, _, digest = end.partition(":")
    if not count.isdigit():
        raise CommandError("--end takes what this command printed before, such as 120:4fd3…")
    if rows < int(count):
        return [f"There were {count} rows, and there are {rows}: the newest were cut off."]
    if digest and not AuditEntry.objects.filter(digest=digest).exists():
        return ["The row that was the newest then is not there any more."]
    return []
