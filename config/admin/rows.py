"""An action over several rows: each is done with its line in the audit log or not at all, and what came of each is told."""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils.html import strip_tags

from config.sealing import VaultError

CANNOT: tuple[type[Exception], ...] = (ValueError, LookupError, ObjectDoesNotExist, DatabaseError, VaultError)
log = logging.getLogger(__name__)


class Done(NamedTuple):
    """What to tell the person (nothing where many are told together) and the audit log, and how it sounds."""

    text: str = ""
    logged: str = ""
    level: int = messages.SUCCESS


def row_by_row(
    page: Any,
    request: HttpRequest,
    rows: Iterable[Any],
    act: Callable[[Any], Done],
    besides: tuple[type[Exception], ...] = (),
) -> list[Any]:
    """Those it was done to. One that cannot be done stops no other: it is left as it was, and told with the reason.

    page: the admin class. besides: further errors that mean no more than that this row cannot be done.
    """
    good: list[Any] = []
    cannot: tuple[type[Exception], ...] = CANNOT + besides
    for row in list(rows):
        try:
            with transaction.atomic():
                done = act(row)
                if done.logged:
                    page.log_change(request, row, done.logged)
        except cannot as wrong:
            log.warning("%s %s was left as it was: %s", row._meta.label_lower, row.pk, type(wrong).__name__)
            page.message_user(request, f"{row} was left as it was. {why(wrong)}", messages.ERROR)
            continue
        if done.text:
            page.message_user(request, done.text, done.level)
        good.append(row)
    return good


def why(wrong: Exception) -> str:
    """Cause and cure, as far as they are known."""
    if isinstance(wrong, DatabaseError):
        return "The database did not take it. Try again; if it stays so, the log of the web process says more."
    if isinstance(wrong, ObjectDoesNotExist):
        return "Something that belongs to it is not there any more."
    return f"{wrong} {getattr(wrong, 'cure', '')}".strip()


def told_since(request: HttpRequest, count: int) -> str:
    """What was told to the person after so many messages, as plain text."""
    return " ".join(strip_tags(str(message)) for message in _queued(request)[count:])


def told_so_far(request: HttpRequest) -> int:
    return len(_queued(request))


def _queued(request: HttpRequest) -> list[Any]:
    with suppress(AttributeError):
        return list(request._messages._queued_messages)  # type: ignore[attr-defined]
    return []
