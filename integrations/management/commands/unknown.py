"""manage.py unknown: the commands whose outcome is not known."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from integrations.commands import looking
from integrations.console import FAILED
from integrations.models import Command as Row


class Command(BaseCommand):
    help = "List the commands whose outcome is not known, oldest first. Exit codes: 0 none is left, 1 some are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--look-up", action="store_true", help="ask their vendors first, where they can be asked")
        parser.add_argument("--json", action="store_true")

    def handle(self, **options: Any) -> None:
        found = Row.objects.filter(state=Row.State.UNKNOWN).select_related("vendor").order_by("id")
        rows = list(found)
        if options["look_up"]:
            rows = [looking.look_up(row.pk, "command line") for row in rows]
        left = [row for row in rows if row.state == Row.State.UNKNOWN]
        if options["json"]:
            self.stdout.write(
                json.dumps({"ok": not left, "commands": [report(row) for row in rows]}, ensure_ascii=False)
            )
        else:
            for row in rows:
                told = report(row)
                self.stdout.write(f"{told['vendor']:<12} {told['verb']:<20} {told['state']:<10} {told['about']}")
                self.stdout.write(f"    {' '.join(filter(None, (told['error'], told['shown'])))}")
            if not rows:
                self.stdout.write("Every outcome is known.")
        if left:
            raise SystemExit(FAILED)


def report(row: Row) -> dict[str, Any]:
    """One command as `unknown --json` prints it; `shown` is what the vendor's side showed when it was looked up last."""
    sent = row.sent_at.isoformat(timespec="seconds") if row.sent_at else None
    told = {"vendor": row.vendor.slug, "verb": row.verb, "state": row.state, "key": row.key, "about": row.about}
    return told | {
        "reference": row.reference or None,
        "sent_at": sent,
        "number": row.number or None,
        "answer": row.answer,
        "error": row.error or None,
        "shown": row.shown or None,
    }
