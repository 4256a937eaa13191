"""manage.py connect: make or update a connection from the command line."""

import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import audit
from integrations import connecting, vault
from integrations.console import FAILED, USAGE
from integrations.models import Vendor
from integrations.service import service_class


class Command(BaseCommand):
    help = "Make or update a connection. A secret is given as name=value, name=@file or name=- (standard input)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind")
        parser.add_argument("--slug", required=True)
        parser.add_argument("--name", default="")
        parser.add_argument("--base-url", default="")
        parser.add_argument("--environment", default="")
        parser.add_argument("--writes", default="", choices=["", *Vendor.Writes.values])
        parser.add_argument("--set", action="append", default=[], metavar="option=value")
        parser.add_argument("--secret", action="append", default=[], metavar="name=value|@file|-")

    def handle(self, **options: Any) -> None:
        was = Vendor.objects.filter(slug=options["slug"]).values("base_url", "writes", "options").first()
        try:
            vendor = connecting.connect(
                options["kind"],
                options["slug"],
                name=options["name"],
                base_url=options["base_url"],
                environment=options["environment"],
                writes=options["writes"],
                options=dict(map(pair, options["set"])),
                secrets=secrets_given(options["kind"], options["secret"]),
            )
        except (LookupError, connecting.BadOption) as error:
            raise CommandError(str(error), returncode=USAGE) from None
        except vault.VaultError as error:
            raise CommandError(str(error), returncode=FAILED) from None
        names = ", ".join(text.partition("=")[0] for text in options["secret"])
        said = f"Set the secrets {names}." if names else ""
        before, after = differing(
            was, {"base_url": vendor.base_url, "writes": vendor.writes, "options": vendor.options}
        )
        audit.record("connected", vendor, who="command line", said=said, before=before, after=after)
        self.stdout.write(f"{vendor.name} is connected as “{vendor.slug}”. Try it: manage.py probe {vendor.slug}")


def differing(was: Mapping[str, Any] | None, now: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after for the audit log: of the options those alone that changed."""
    had: dict[str, Any] = was["options"] if was else {}
    names = [name for name in {**had, **now["options"]} if had.get(name) != now["options"].get(name)]

    def told(values: Mapping[str, Any]) -> dict[str, Any]:
        options = {"options": {name: values["options"].get(name) for name in names}} if names else {}
        return {name: value for name, value in values.items() if name != "options"} | options

    return told(was) if was else {}, told(now)


def pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise CommandError(f"“{name}” has no value: write {name}=…", returncode=USAGE)
    return name, value


def secrets_given(kind: str, given: list[str]) -> dict[str, str]:
    """Secrets by name. What is no such pair may be a secret that was pasted without its name: it is not quoted."""
    known = [declared.name for declared in service_class(kind).secrets]
    found = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or name not in known:
            names = ", ".join(f"{one}=…" for one in known) or "it has none"
            raise CommandError(f"--secret names a secret of {kind}: {names}. Nothing was changed.", returncode=USAGE)
        found[name] = secret(name, value)
    return found


def secret(name: str, value: str) -> str:
    """A secret's value: as it is, from a file (@path) or one line of standard input (-). An empty one is refused."""
    if value == "-":
        value = sys.stdin.readline()
    elif value.startswith("@"):
        try:
            value = Path(value[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise CommandError(f"The file of the secret “{name}” cannot be read: {why}.", returncode=USAGE) from None
    if not value.strip():
        raise CommandError(f"The secret “{name}” is empty; nothing was changed.", returncode=USAGE)
    return value.strip()
