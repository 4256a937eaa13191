"""Large answers on disk: a folder for each run, which goes with it. What a killed process left there goes with its successor."""

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from integrations.models import SyncRun

PREFIX = "run-"
OLD = 3600.0  # seconds; a loose file older than this is nobody's


def folder_of(run: SyncRun) -> Path:
    return settings.SPOOL / f"{PREFIX}{run.pk}"


def tidy(run: SyncRun) -> None:
    """Remove what an earlier owner of this run left half-made: all but the file its position names."""
    kept = _named(run.position)
    for path in _inside(folder_of(run)):
        if path.name not in kept:
            path.unlink(missing_ok=True)


def remove(run: SyncRun) -> None:
    shutil.rmtree(folder_of(run), ignore_errors=True)


def sweep() -> int:
    """Remove folders whose run has ended, and old loose files; returns how many."""
    found = [path for path in _inside(settings.SPOOL) if path.is_dir() and path.name.startswith(PREFIX)]
    numbers = {int(path.name.removeprefix(PREFIX)): path for path in found if path.name[len(PREFIX) :].isdigit()}
    open_ = set(SyncRun.objects.filter(pk__in=list(numbers), finished_at=None).values_list("pk", flat=True))
    ended = [path for number, path in numbers.items() if number not in open_]
    for path in ended:
        shutil.rmtree(path, ignore_errors=True)
    loose = [path for path in _inside(settings.SPOOL) if path.is_file() and _age(path) > OLD]
    for path in loose:
        path.unlink(missing_ok=True)
    return len(ended) + len(loose)


def _inside(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        yield from list(folder.iterdir())


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _named(position: object) -> set[str]:
    """Every text in a position: one of them is the file's name."""
    if isinstance(position, dict):
        return set().union(*map(_named, position.values()))
    return {position} if isinstance(position, str) else set()
