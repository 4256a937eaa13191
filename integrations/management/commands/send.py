"""manage.py send: make and run one command in the foreground, and decide about those that wait."""

import json
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config import audit
from integrations.commands import asking, buying, by_key, by_lines, by_rows, sending, switches
from integrations.console import FAILED, OK, PARTIAL, USAGE, vendor_of
from integrations.models import Command as Row
from integrations.models import CommandItem

WORST = ("unknown", "refused", "cancelled", "sending", "working", "queued", "awaiting_approval", "confirmed")


ACTS = ("approve", "reject", "confirm", "again", "give_up", "look_up")


class Command(BaseCommand):
    help = (
        "Send one thing to a vendor, now, and print what came of it as JSON; or decide about what waits. Exit codes: 0 confirmed "
        "or decided, 1 not (refused, unknown, waiting, too late), 2 wrong usage, 3 confirmed in part."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="?", default="")
        parser.add_argument("verb", nargs="?", default="")
        parser.add_argument("--json-body", default="{}", metavar="@FILE|TEXT", help="what to send, in the verb's words")
        parser.add_argument("--key", default="", help="by which a repeated call is known as the same command")
        parser.add_argument(
            "--buys",
            action="append",
            default=[],
            metavar="SLUG:LINE[:QUANTITY]",
            help="the sale's line it is bought for",
        )
        parser.add_argument("--anyway", default="", metavar="WHY", help="why more of that line is bought than was sold")
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument(
            "--rows", metavar="variant:ID,ID,…|@FILE", help="the verb for these products or variants of ours, by id"
        )
        chosen.add_argument("--about", metavar="[SLUG:]CODE,…|@FILE", help="the same, by SKU or by a vendor's id")
        chosen.add_argument("--sale", metavar="[SLUG:]NUMBER", help="the same for lines of this order; with --lines")
        parser.add_argument(
            "--lines", metavar="LINE[=QUANTITY][@SKU],…|@FILE", help="of --sale; bought at SLUG: as its article SKU"
        )
        parser.add_argument("--given", default="{}", metavar="@FILE|TEXT", help="what the page of these asks, as JSON")
        parser.add_argument(
            "--json", action="store_true", help="accepted for the sake of uniformity: it always prints JSON"
        )
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--preview", action="store_true", help="show the exact request; nothing is stored or sent")
        instead.add_argument(
            "--list", choices=by_key.LISTS, metavar="|".join(by_key.LISTS), help="what waits, of all or of SLUG"
        )
        what = {
            "approve": "let go, exactly as it stands", "reject": "do not send; also what is queued; with --reason",
            "confirm": "the vendor has it, under --number", "again": "the vendor does not have it: send again; with --reason",
            "give-up": "the vendor does not have it, and nobody wants it any more; with --reason", "look-up": "ask the vendor about it",
        }  # fmt: skip
        for act, help in what.items():
            instead.add_argument(f"--{act}", nargs="+", metavar="KEY", help=f"{help}. A batch's key: all of it")
        instead.add_argument(
            "--stop", action="store_true", help="hold back a verb of SLUG, or all it sends; with --reason"
        )
        instead.add_argument("--resume", action="store_true", help="let a verb of SLUG, or all it sends, go on")
        instead.add_argument(
            "--mode", choices=by_key.MODES, help="how a verb of SLUG writes; “connection”: as the connection does"
        )
        parser.add_argument("--reason", default="", help="kept with the decision")
        parser.add_argument("--number", default="", help="the vendor's own number of what was done")
        parser.add_argument("--seen", default="", help="approve only if it is still what --list showed under “seen”")

    def handle(self, **options: Any) -> None:
        act = next((name for name in ACTS if options[name]), "")
        try:
            if act:
                self.decided(act, options)
            elif options["list"]:
                rows = by_key.reports(options["list"], vendor_of(options["slug"]) if options["slug"] else None)
                self.told({"ok": True, "commands": rows}, OK)
            elif not options["slug"]:
                raise CommandError("Name a connection.", returncode=USAGE)
            elif options["stop"] or options["resume"]:
                switch = "stop" if options["stop"] else "resume"
                self.told(by_key.switched(vendor_of(options["slug"]), options["verb"], switch, options["reason"]), OK)
            elif options["mode"] and options["verb"]:
                self.told(by_key.moded(vendor_of(options["slug"]), options["verb"], options["mode"]), OK)
            elif not options["verb"]:
                raise CommandError("Name a verb.", returncode=USAGE)
            elif options["rows"] is not None or options["about"] is not None:
                self.many(options)
            elif options["sale"] is not None:
                self.lines(options)
            elif options["given"] != "{}" or options["lines"] is not None:
                raise CommandError(
                    "--given goes with --rows, --about or --sale, --lines with --sale.", returncode=USAGE
                )
            elif options["preview"]:
                made = asking.preview(vendor_of(options["slug"]), options["verb"], body_of(options["json_body"]))
                shown = [{"words": row.words, "request": row.request} for row in made]
                self.told({"vendor": options["slug"], "verb": options["verb"], "commands": shown}, OK)
            else:
                self.sent(options)
        except (LookupError, ValueError) as wrong:
            raise CommandError(str(wrong), returncode=USAGE) from None

    def sent(self, options: dict[str, Any]) -> None:
        vendor, verb = vendor_of(options["slug"]), options["verb"]
        head, body, began = {"vendor": vendor.slug, "verb": verb}, body_of(options["json_body"]), timezone.now()
        try:
            subjects = [buying.line_of(told) for told in options["buys"]]
            more = {"subjects": subjects, "anyway": options["anyway"]}
            made = asking.ask(vendor, verb, body, by=by_key.BY, key=options["key"], hinted=False, **more)
        except (switches.NotAllowed, buying.AlreadyBought) as why:
            self.told({**head, "state": "refused", "key": None, "answer": None, "error": str(why)}, FAILED)
            return
        rows = self.sent_now(made, began)
        self.told({**head, **outcome(rows)}, exit_code(rows))

    def sent_now(self, made: list[Row], began: datetime) -> list[Row]:
        """These as they are after what is new of them was noted and all were sent, as far as they may go."""
        for command in made:
            if command.asked_at >= began:  # else it was decided before
                audit.record("added", command, who=by_key.BY, said="Decided.")
            sending.send(command.pk)
        return list(Row.objects.filter(pk__in=[command.pk for command in made]).order_by("pk"))

    def lines(self, options: dict[str, Any]) -> None:
        if options["json_body"] != "{}" or options["buys"] or not options["lines"]:
            raise CommandError("--sale goes with --lines, and with --given for what they do not say.", returncode=USAGE)
        vendor, verb, given, began = (
            vendor_of(options["slug"]),
            options["verb"],
            body_of(options["given"]),
            timezone.now(),
        )
        picked = by_lines.picked(vendor, verb, options["sale"], words_of(options["lines"]), key=options["key"])
        head = {"vendor": vendor.slug, "verb": verb, "sale": picked.order.external_id}
        if options["preview"]:
            self.told({**head, **by_lines.planned(picked, given)}, OK)
            return
        wrong, made = "None of the lines can have it." if not picked.chosen else "Not all of the lines can have it.", []
        try:
            made = by_lines.decided(picked, given, anyway=options["anyway"])
        except (switches.NotAllowed, buying.AlreadyBought) as why:
            wrong = str(why)
        told = {"refusals": by_lines.refusals(picked)}
        if not made:
            self.told({**head, "state": "refused", "key": None, "answer": None, "error": wrong, **told}, FAILED)
            return
        rows = self.sent_now(made, began)
        code = exit_code(rows)
        self.told({**head, **outcome(rows), **told}, PARTIAL if code == OK and picked.refused else code)

    def many(self, options: dict[str, Any]) -> None:
        if options["json_body"] != "{}" or options["buys"] or options["anyway"] or options["lines"] is not None:
            raise CommandError(
                "What goes is made of the rows: --given is all they take beside --preview and --key.", returncode=USAGE
            )
        vendor, verb, given = vendor_of(options["slug"]), options["verb"], body_of(options["given"])
        find = by_rows.rows_of if options["about"] is None else by_rows.rows_about
        named = find(vendor, verb, words_of(options["rows"] if options["about"] is None else options["about"]))
        if options["preview"]:
            self.told(by_rows.planned(named, given), OK)
            return
        try:
            told = by_rows.decided(named, given, key=options["key"])
        except switches.NotAllowed as why:
            head = {"vendor": vendor.slug, "verb": verb, "state": "refused", "batch": None}
            self.told({**head, "error": str(why)}, FAILED)
            return
        self.told(told, many_code(told))

    def decided(self, act: str, options: dict[str, Any]) -> None:
        if act in ("reject", "again", "give_up") and not options["reason"].strip():
            raise CommandError("Write down why, with --reason.", returncode=USAGE)
        if act == "confirm" and (not options["number"].strip() or len(options[act]) > 1):
            raise CommandError(
                "Write the number the vendor gave it, with --number; one command at a time.", returncode=USAGE
            )
        rows = by_key.found(options[act])
        told = by_key.decide(act, rows, reason=options["reason"], number=options["number"], seen=options["seen"])
        after = list(Row.objects.filter(pk__in=[row.pk for row in rows]))
        wrong = any(one["wrong"] for one in told)
        code = exit_code(after) if act in ("approve", "again", "look_up") else OK
        self.told({"ok": not wrong and code == OK, "commands": told}, FAILED if wrong else code)

    def told(self, what: dict[str, Any], code: int) -> None:
        """One JSON object on standard output, and the exit code."""
        self.stdout.write(json.dumps(what, ensure_ascii=False))
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


def words_of(text: str) -> list[str]:
    """What stands between commas or on lines of its own, in the text or in the file behind an @. Raises CommandError."""
    try:
        told = Path(text[1:]).read_text() if text.startswith("@") else text
    except OSError as error:
        raise CommandError(f"{text[1:]} cannot be read: {error.strerror}.", returncode=USAGE) from None
    words = [word.strip() for word in told.replace(",", "\n").splitlines() if word.strip()]
    if not words:
        raise CommandError("Name at least one row.", returncode=USAGE)
    return words


def many_code(told: dict[str, Any]) -> int:
    """For one decision on several rows: what some did not get makes it a part."""
    if told["state"] != Row.State.CONFIRMED:
        return FAILED
    return PARTIAL if told["refusals"] or told["things"].get(CommandItem.State.REFUSED) else OK


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
        return f"It waits for approval: on its page, or manage.py send --approve {row.key}."
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
