"""Named places on the way in. Tests put a hook here and stop, delay or kill a process at exactly one of them; else it is a no-op."""

from collections.abc import Callable

hook: Callable[[str], None] | None = None


def faultpoint(name: str) -> None:
    """Say that the process is at this place. The name is a literal that stands once in the whole code (tests/faults)."""
    if hook is not None:
        hook(name)
