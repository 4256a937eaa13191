#!/usr/bin/env python
"""Writes docs/vendors/<kind>.md for every vendor folder, from what it declares: `make docs`."""

import os
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

LOOKUPS = (
    "Asked from the page of one of our rows, whichever vendor's it is. The answer is shown there and stored nowhere."
)

VERBS = (
    "What can be sent, under *Commands* or by `manage.py send`; nothing goes before the connection's writes are switched on. A verb "
    "an account or a store cannot do is not offered. Each goes out once; an answer that was lost is looked up, or waits for a person."
)

HOOKS = "Each has a secret address, off until an admin switches it on under *Callback addresses*."

if TYPE_CHECKING:
    from integrations.service import Flow, Lookup, Option, Rate, VendorService
    from integrations.verbs import Verb
    from integrations.webhooks.hook import Hook


def page(kind: str, service: "type[VendorService]") -> str:
    """The vendor's page as Markdown."""
    options = [option for option in service.options if not option.group]
    grouped = sorted({option.group for option in service.options if option.group})
    parts = [
        f"# {service.label}",
        "<!-- Written by `make docs` from what the vendor's folder declares. Change it there. -->",
        service.summary,
        f"Kind `{kind}`, a {service.role}. The vendor's own reference: {service.manual}. {rate(service.rate)} "
        f"Times without a zone are read as {service.time_zone}.",
        "## Connections",
        table(
            ("preset", "environment", "address"),
            [(f"`{p.name}` {p.label}", p.environment, f"`{p.base_url}`") for p in service.presets],
        ),
        "## Secrets",
        "Write-only: after saving only the last four characters and the age are shown.",
        table(
            ("name", "what", "needed", "where it is found"),
            [(f"`{s.name}`", s.label, "yes" if s.required else "", s.help) for s in service.secrets],
        ),
        "## Options",
        option_table(options),
        *[f"### {group}\n\n{option_table([o for o in service.options if o.group == group])}" for group in grouped],
        "Where *unproven* stands, no document of the vendor says so: look at it and confirm it for your account.",
        *stores(service),
        "## Flows",
        table(("flow", "what comes in", "every", "late after", "starts"), map(flow_row, service.flows.items())),
        *(
            [
                "## Verbs",
                VERBS,
                table(
                    ("verb", "what is sent", "about", "needs", "takes besides", ""),
                    map(verb_row, service.verbs.items()),
                ),
            ]
            if service.verbs
            else []
        ),
        *(
            [
                "## Look-ups",
                LOOKUPS,
                table(("name", "what", "about", "asks for", "starts"), map(lookup_row, service.lookups)),
            ]
            if service.lookups
            else []
        ),
        *(
            ["## Posted to us", HOOKS, table(("name", "what", "signature"), map(hook_row, service.hooks.items()))]
            if service.hooks
            else []
        ),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def stores(service: "type[VendorService]") -> list[str]:
    """What can be connected where an account holds several stores; systems asked for alike stand together."""
    if service.stores is None:
        return []
    systems = sorted(service.stores.described(), key=lambda system: system.title.lower())
    alike: dict[str, list[str]] = {}
    for system in systems:
        alike.setdefault(system.help, []).append(system.title)
    rows = [
        (
            system.title,
            " or ".join(", ".join(inside(b.label) for b in way.blanks[1:]) for way in system.ways),
            system.help,
        )
        for system in systems
        if len(alike[system.help]) == 1 or not system.help
    ]
    shared = [f"{', '.join(titles)}: {text}" for text, titles in alike.items() if text and len(titles) > 1]
    return [
        "## Stores",
        "One account holds several stores. *Find stores* on a connection's page lists them and makes a connection of each you "
        "choose; *Connect a store* asks for what its system takes, as the vendor says at that moment, always with the store's "
        "address. What is known of the systems:",
        table(("system", "takes", "where it is found"), rows),
        *shared,
    ]


def inside(label: str) -> str:
    """A label as it stands within a sentence."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def rate(limit: "Rate") -> str:
    if not limit.seconds:
        shared = (
            f", {limit.within.calls} over all connections with the same `{limit.shared_by}`" if limit.within else ""
        )
        return f"At most {limit.calls} calls at once{shared}."
    block = f"; a breach shuts the account out for {limit.block:g} s" if limit.block else ""
    return f"At most {limit.calls} calls in {limit.seconds:g} s{block}."


def option_table(options: "Iterable[Option]") -> str:
    return table(("name", "what", "values", "default", ""), map(option_row, options))


def option_row(option: "Option") -> tuple[str, ...]:
    values = ", ".join(f"`{value}`" for value, _ in option.choices) or option.kind
    default = f"`{option.default}`" if option.default not in ("", None) else ""
    if option.kind == "map":
        default = ", ".join(f"{name}: `{text}`" for name, text in option.default.items())
    notes = [option.help, "" if option.proven else "*unproven*"]
    return (f"`{option.name}`", option.label, values, default, " ".join(filter(None, notes)))


def flow_row(named: "tuple[str, Flow]") -> tuple[str, ...]:
    name, flow = named
    starts = "on" if flow.on and flow.proven else "off until confirmed" if not flow.proven else "off"
    return (f"`{name}`", " ".join(filter(None, (flow.title, flow.help))), span(flow.every), span(flow.max_age), starts)


def verb_row(named: "tuple[str, Verb]") -> tuple[str, ...]:
    name, verb = named
    needed = [field for field in verb.fields if field.required]
    rest = [f"`{field.name}`" for field in verb.fields if not field.required]
    notes = [
        "" if verb.proven else "*unproven*: off until confirmed.",
        "Cannot be taken back." if verb.irreversible else "",
        "" if verb.look_up else "A lost answer cannot be looked up.",
    ]
    inside = [
        f"`{f.name}`" + (f" of {', '.join(f'`{one.name}`' for one in f.fields)}" if f.fields else "") for f in needed
    ]
    return (
        f"`{name}`",
        " ".join(filter(None, (f"{verb.title}.", verb.help))),
        verb.about,
        "; ".join(inside),
        ", ".join(rest),
        " ".join(filter(None, notes)),
    )


def lookup_row(lookup: "Lookup") -> tuple[str, ...]:
    asked = ", ".join(option.label.lower() for option in lookup.fields)
    return (f"`{lookup.name}`", lookup.label, lookup.about, asked, "on" if lookup.proven else "off until confirmed")


def hook_row(named: "tuple[str, Hook]") -> tuple[str, ...]:
    name, hook = named
    signed = (
        "none"
        if hook.signature is None
        else "off, on trial or required" + ("" if hook.signature.proven else "; *unproven*")
    )
    return (f"`{name}`", " ".join(filter(None, (f"{hook.title}.", hook.help))), signed)


def span(time: timedelta) -> str:
    """A time span in the largest unit that fits it."""
    seconds = int(time.total_seconds())
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{seconds} seconds"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head, lines = list(head), [list(row) for row in rows]
    if not lines:
        return "None."
    cells = [
        head,
        ["---"] * len(head),
        *[[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in lines],
    ]
    return "\n".join(f"| {' | '.join(row)} |".replace("|  |", "| |").replace("|  |", "| |") for row in cells)


def pages() -> dict[Path, str]:
    """The text of every vendor's page, by its file."""
    from integrations.service import services

    return {ROOT / "docs" / "vendors" / f"{kind}.md": page(kind, service) for kind, service in services().items()}


if __name__ == "__main__":
    import django

    django.setup()
    for file, text in pages().items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
