"""All `faultpoint("…")` calls, found by reading the code."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
NEWS = Path("integrations", "webhooks")
WRITES = Path("integrations", "commands")
ROOMS = ("catalog", "integrations", "orders")


@dataclass(frozen=True)
class Point:
    name: str
    path: Path
    line: int


def calls() -> Iterator[tuple[Path, ast.Call]]:
    """Every call of the function `faultpoint`, with the file it stands in (relative to the checkout)."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if {"tests", "migrations"} & set(path.parts) or "faultpoint(" not in (text := path.read_text()):
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and _called(node) == "faultpoint":
                    yield path.relative_to(ROOT), node


@cache
def points() -> tuple[Point, ...]:
    return tuple(
        Point(argument.value, path, call.lineno)
        for path, call in calls()
        for argument in call.args[:1]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )


def names() -> list[str]:
    """Those a run passes."""
    return sorted(point.name for point in points() if not {NEWS, WRITES} & {*point.path.parents})


def names_of_news() -> list[str]:
    """Those a delivery passes, before there is a run."""
    return sorted(point.name for point in points() if NEWS in point.path.parents)


def names_of_writes() -> list[str]:
    """Those a command passes on its way out."""
    return sorted(point.name for point in points() if WRITES in point.path.parents)


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
