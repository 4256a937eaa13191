"""manage.py send: make and run one command in the foreground."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.commands import asking, bodies, sending, switches
from integrations.console import FAILED, OK, PARTIAL, USAGE, vendor_of
from integrations.models import Command as Row
from integrations.models import CommandItem

WORST = ("unknown", "refused", "cancelled", "sending", "working", "queued", "awaiting_approval", "confirmed")


class Command(BaseCommand):
    help = (
        "Send one thing to a vendor, now, and print what came of it as JSON. Exit codes: 0 confirmed, 1 not (refused, "
        "unknown, waiting), 2 wrong usage, 3 confirmed in part."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("verb")
        parser.add_argument("--json-body", default="{}", metavar="@FILE|TEXT", help="what to send, in the verb's words")
        parser.add_argument("--key", default="", help="by which a repeated call is known as the same command")
        parser.add_argument(
            "--json", action="store_true", help="accepted for the sake of uniformity: it always prints JSON"
        )

    def handle(self, **options: Any) -> None:
        vendor = vendor_of(options["slug"])
        head = {"vendor": vendor.slug, "verb": options["verb"]}
        try:
            made = asking.ask(
                vendor,
                options["verb"],
                body_of(options["json_body"]),
                by="command line",
                key=options["key"],
                hinted=False,
            )
        except (LookupError, bodies.BadBody) as wrong:
            raise CommandError(str(wrong), returncode=USAGE) from None
        except switches.NotAllowed as why:
            told = {**head, "state": "refused", "key": None, "answer": None, "error": str(why)}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            raise SystemExit(FAILED) from None
        for command in made:
            sending.send(command.pk)
        rows = list(Row.objects.filter(pk__in=[command.pk for command in made]).order_by("pk"))
        self.stdout.write(json.dumps({**head, **outcome(rows)}, ensure_ascii=False))
        code = exit_code(rows)
        if code:
            raise SystemExit(code)


def body_of(text: str) -> Any:
    """The body from text, or from the file behind an @. Raises CommandError."""
    try:
        return json.loads(Path(text[1:]).read_text() if text.startswith("@") else text)
    except OSError as error:
        raise CommandError(f"{text[1:]} cannot be read: {error.strerror}.", returncode=USAGE) from None
    except ValueError as error:
        raise CommandError(f"The body is not JSON: {error}.", returncode=USAGE) from None


def outcome(rows: list[Row]) -> dict[str, Any]:
    """What came of one command, or of the several its body was cut into: then the worst state, and each below `commands`."""
    told = [
        {
            "state": row.state,
            "key": row.key,
            "answer": row.answer,
            "error": f"{row.error} {row.cure}".strip() or _waits(row),
        }
        for row in rows
    ]
    if len(told) == 1:
        return told[0]
    worst = min(told, key=lambda one: WORST.index(one["state"]))
    return {"state": worst["state"], "key": worst["key"], "answer": None, "error": worst["error"], "commands": told}


def _waits(row: Row) -> str | None:
    if row.state == Row.State.AWAITING:
        return "It waits for approval, on the approval page."
    if row.state == Row.State.WORKING:
        return (
            f"The vendor took it as its number {row.number} and works on it. The hub asks by itself what comes of it."
        )
    if row.state == Row.State.QUEUED:
        return switches.held(row.vendor, row.verb) or "It waits: another command about the same thing goes first."
    return None


def exit_code(rows: list[Row]) -> int:
    if {row.state for row in rows} != {Row.State.CONFIRMED}:
        return FAILED
    refused = CommandItem.objects.filter(command__in=rows, state=CommandItem.State.REFUSED)
    return PARTIAL if refused.exists() else OK
