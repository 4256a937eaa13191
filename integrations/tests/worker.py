"""A worker within the test's own process: takes what the code under test really put into the embedded queue."""

import base64
import json
from pathlib import Path
from typing import Any

from celery import current_app
from django.conf import settings


class Worker:
    """The queue's messages, oldest first. `hints` only looks; `work` runs them until none is left."""

    def __init__(self) -> None:
        self.folder: Path = settings.QUEUE / "messages"
        self.forget()

    def _messages(self) -> list[tuple[Path, str, list[Any], str]]:
        found = []
        for path in sorted(self.folder.glob("*.msg"), key=lambda p: p.stat().st_mtime_ns):
            told = json.loads(path.read_text())
            args = json.loads(base64.b64decode(told["body"]))[0]
            found.append((path, told["headers"]["task"], args, told["properties"]["delivery_info"]["routing_key"]))
        return found

    @property
    def hints(self) -> list[tuple[str, list[Any], str]]:
        """Task, arguments and queue of every message that waits."""
        return [(task.rpartition(".")[2], args, queue) for _, task, args, queue in self._messages()]

    def forget(self) -> None:
        for path in self.folder.glob("*.msg"):
            path.unlink()

    def work(self, most: int = 100) -> int:
        """Run what waits and what that puts behind it; returns how many tasks ran."""
        done = 0
        while messages := self._messages():
            for path, task, args, _ in messages:
                path.unlink()
                current_app.tasks[task](*args)
                done += 1
                assert done < most, "the queue does not run dry"
        return done
