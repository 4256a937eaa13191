"""What a measurement is asked and what it tells. A part of the bench is a module here with `measure(scale)`.

    def measure(scale: Scale) -> Iterable[Result]: ...

Results are yielded as they come, so that a long part shows what it has. A goal is a ratio of two things measured in the same run.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Scale:
    """How much to measure. The defaults together take minutes on two cores; `--rows 10000` gives a quick look."""

    rows: int = 100_000  # catalogue records of a run (P1–P6)
    small: int = 10_000  # for what is too slow to be measured with all of them
    many: int = 1_000_000  # orders in the admin (P9, P11), records of the large memory run (P5)
    seconds: float = 60.0  # of a run against the clock (P7, P10)
    repeats: int = 3  # of short phases; the median counts
    databases: tuple[str, ...] = ("postgresql", "sqlite")


@dataclass(frozen=True)
class Result:
    """One line of the table. `ours` and `other` are what was measured, with unit; `ratio` is what is held against `wanted`.

    ratio: None where nothing is compared. met: None where the line only informs and no goal hangs on it.
    """

    goal: str  # "P1"
    title: str
    ours: str
    other: str = ""
    ratio: float | None = None
    wanted: str = ""  # "≥ 0.5 ×"
    met: bool | None = None
    note: str = ""


class Part(Protocol):
    """A module of this package that measures something."""

    def measure(self, scale: Scale) -> Iterable[Result]: ...


def at_least(goal: str, title: str, ratio: float, least: float, *, ours: str, other: str, note: str = "") -> Result:
    """A line whose ratio must reach `least`."""
    return Result(goal, title, ours, other, ratio, f"≥ {least:g} ×", ratio >= least, note)


def at_most(goal: str, title: str, ratio: float, most: float, *, ours: str, other: str, note: str = "") -> Result:
    """A line whose ratio must stay within `most`."""
    return Result(goal, title, ours, other, ratio, f"≤ {most:g} ×", ratio <= most, note)
