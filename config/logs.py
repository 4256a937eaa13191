"""One entry is one line: what vendors and callers say cannot pass for a further entry (ASVS 5.0, 16.4.1)."""

import logging
from typing import Any


class OneLine(logging.Formatter):
    """Control characters and line ends of a message as they are written in code; the lines of a traceback are indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return "".join(shown(character) for character in super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        return "\n".join(f"  {line}" for line in super().formatException(ei).splitlines())


def shown(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
