"""Invented data, the same on every run: cheap repeatable picks, valid barcodes, ids."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_MASK = (1 << 64) - 1


class Dice:
    """Repeatable picks from a number. `random.Random` per row would take most of the time 100,000 rows need."""

    def __init__(self, salt: int, number: int) -> None:
        self._state = ((number + 1) * 0x9E3779B97F4A7C15 ^ (salt + 1) * 0xBF58476D1CE4E5B9) & _MASK
        self.roll(2)
        self.roll(2)

    def roll(self, sides: int) -> int:
        """0 … sides-1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) & _MASK
        return (self._state >> 33) % sides

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.roll(len(choices))]

    def between(self, low: int, high: int) -> int:
        return low + self.roll(high - low + 1)

    def chance(self, share: float) -> bool:
        return self.roll(10_000) < share * 10_000


def check_digit(digits: str) -> str:
    """GS1: from the right, weights 3 and 1."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def ean13(number: int, prefix: str = "475") -> str:
    digits = prefix + str(number).zfill(12 - len(prefix))
    return digits + check_digit(digits)


def hex_id(kind: str, number: object, digits: int = 24) -> str:
    return hashlib.blake2b(f"{kind}:{number}".encode(), digest_size=digits // 2).hexdigest()
