"""How results are told: on the terminal as they come, at the end in a sentence, and as the tables of docs/benchmarks.md."""

import os
import platform
import re
import shutil
import sqlite3
import sys
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import django
import psycopg

from tests.bench.result import Result, Scale

BEGIN, END = "<!-- results: written by `make bench ARGS=--write` -->", "<!-- end of results -->"
WIDTH = 86
TITLES = {
    "P1": "Unchanged re-sync",
    "P2": "What an unchanged re-sync writes",
    "P3": "First load",
    "P4": "One record in a hundred changed",
    "P5": "Memory",
    "P6": "Whole runs against a vendor's rate limit",
    "P7": "Keeping to a vendor's limit",
    "P8": "Cost of a slot",
    "P9": "The admin at a million orders",
    "P10": "A flood of webhooks",
    "P11": "The admin on SQLite",
    "P12": "A push of price and stock",
}


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def head(part: str) -> None:
    say(f"\n{part}\n{'-' * len(part)}")


def line(result: Result) -> None:
    """One line: what, how much, beside what, held against which goal; a second one for what is wanted where it was missed."""
    title = textwrap.shorten(result.title, WIDTH, placeholder=" …")
    say(
        f"{result.goal:4}{verdict(result):8}{title:{WIDTH}} {result.ours}{f'  |  {result.other}' if result.other else ''}"
    )
    further = [result.note] if result.note else []
    if result.wanted and not result.met:
        further.append(f"wanted {result.wanted}{missed_by(result)}")
    elif result.ratio is not None and not result.note:
        further.append(f"{result.ratio:,.2f} × (goal {result.wanted})" if result.wanted else f"{result.ratio:,.2f} ×")
    if further:
        say(f"{'':12}{'; '.join(further)}")


def verdict(result: Result) -> str:
    return {True: "met", False: "MISSED", None: ""}[result.met]


def missed_by(result: Result) -> str:
    """How far a ratio is from its goal; empty where the goal is not one ratio."""
    found = re.fullmatch(r"([≥≤]) ([\d.,]+) ×", result.wanted)
    if result.met is not False or result.ratio is None or not found:
        return ""
    goal = float(found[2].replace(",", ""))
    return f", got {result.ratio:,.2f} × ({abs(result.ratio / goal - 1):.0%} {'short' if found[1] == '≥' else 'over'})"


def summary(results: Sequence[Result], seconds: float) -> None:
    held = [result for result in results if result.met is not None]
    missed = [result for result in held if not result.met]
    say(f"\nbench: {len(held) - len(missed)} of {len(held)} goals met, {len(missed)} missed, in {seconds / 60:.1f} min")
    for result in missed:
        say(f"  missed: {result.goal} {result.title}: {result.ours}, wanted {result.wanted}{missed_by(result)}")


def machine(url: str) -> list[str]:
    """What the numbers were measured on, without a name or a path of this machine."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"{datetime.now(UTC):%Y-%m-%d}",
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB, load {os.getloadavg()[2]:.1f} at the end",
        f"Python {platform.python_version()}, Django {django.get_version()}",
        f"PostgreSQL {str(row[0]).split()[0] if row else '?'} (fsync on), SQLite {sqlite3.sqlite_version}",
    ]


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def section(goal: str, results: Sequence[Result], facts: Sequence[str]) -> str:
    """One goal's heading, what it was measured on, and its table."""
    lines = [f"### {goal}: {TITLES.get(goal, '')}".rstrip(": "), "", "; ".join(facts) + ".", ""]
    lines += ["| What | Measured | Beside it | Goal | |", "| --- | --- | --- | --- | --- |"]
    for result in results:
        beside = "; ".join(filter(None, (result.other, ratio_text(result), result.note)))
        told_in = (result.title, result.ours, beside, result.wanted, told(result))
        lines.append(f"| {' | '.join(cell(text) for text in told_in)} |".replace("  |", " |"))
    return "\n".join(lines)


def ratio_text(result: Result) -> str:
    """The ratio, unless the note tells it in words already."""
    return "" if result.ratio is None or "×" in result.note else f"{result.ratio:,.2f} ×"


def told(result: Result) -> str:
    if result.met is None:
        return ""
    return "met" if result.met else f"**missed**{missed_by(result)}"


def write(path: Path, results: Sequence[Result], facts: Sequence[str], scale: Scale) -> None:
    """Put the results between the two marks of the document. Goals that were not measured keep what stands there of them."""
    before, _, rest = path.read_text().partition(BEGIN)
    block, _, after = rest.partition(END)
    sections = {found[1]: found[0].strip() for found in re.finditer(r"(?ms)^### (P\d+).*?(?=^### |\Z)", block)}
    facts = [*facts, f"{scale.rows:,} records, {scale.many:,} orders"]
    for goal in {result.goal for result in results}:
        sections[goal] = section(goal, [result for result in results if result.goal == goal], facts)
    ordered = [sections[goal] for goal in sorted(sections, key=lambda name: int(name[1:]))]
    new = path.with_suffix(".new")
    new.write_text(before + "\n\n".join([BEGIN, *ordered, END]) + after)
    shutil.move(new, path)
