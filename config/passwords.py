"""Passwords built around what everybody knows of a hub: its name, its host, the vendors it connects."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

WORDS = (
    "crossdock",
    "hub",
    "admin",
    "operator",
    "password",
    "elko",
    "elryan",
    "kvik",
    "api2cart",
)  # docs/security.md has them
REST = 8  # letters and digits that have to be left without them


class NoWordsOfTheHouse:
    """A validator for AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user: Any = None) -> None:
        left = password.lower()
        for word in sorted({*WORDS, *hosts()}, key=len, reverse=True):
            left = left.replace(word, "")
        if left != password.lower() and sum(character.isalnum() for character in left) < REST:
            raise ValidationError(
                "This password is mostly a word anybody would try here: the hub's name, its address, or a vendor's.",
                code="house",
            )

    def get_help_text(self) -> str:
        return "Your password can’t be mostly the hub's name, its address, or a vendor's name."


def hosts() -> set[str]:
    """The parts of the names the hub is reached by, but for the short ones."""
    return {part for host in settings.ALLOWED_HOSTS for part in host.lower().split(".") if len(part) > 3}
