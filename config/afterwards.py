"""What is done once a transaction stands, such as a hint into a queue: what fails there is logged and undoes nothing."""

from collections.abc import Callable
from typing import Any

from django.db import transaction


def after_commit(act: Callable[..., Any], *args: Any, **given: Any) -> None:
    """Call it when the transaction under way has ended well, at once where there is none; in the order they were asked for.

    A function of its own: Django names what failed by `__qualname__`, which a partial or an object that is called lacks, and
    the failure it was to swallow comes out as an AttributeError.
    """

    def afterwards() -> None:
        act(*args, **given)

    afterwards.__qualname__ = getattr(act, "__qualname__", type(act).__name__)
    transaction.on_commit(afterwards, robust=True)
