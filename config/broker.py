"""The embedded broker: kombu's filesystem transport, but a file appears whole or not at all.

Kombu opens a message under its final name and writes afterwards. A worker that looks between the two reads nothing,
fails on it and ends. Here each file is written under another name first and then renamed.
"""

import fcntl
import os
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def _put(self, queue: Any, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"  # kombu's, which its reader sorts by
        appear(Path(self.data_folder_out) / name, dumps(payload))

    def _queue_bind(self, exchange: Any, routing_key: Any, pattern: Any, queue: Any) -> None:
        bound = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        self.control_folder.mkdir(exist_ok=True)
        with (self.control_folder / ".binding").open("w") as gate:  # one binder at a time, or one would be forgotten
            fcntl.flock(gate, fcntl.LOCK_EX)
            known = self.get_table(exchange)
            if bound not in known:
                appear(self._exchange_file(exchange), dumps([bound, *known]))  # type: ignore[attr-defined]


class Transport(filesystem.Transport):
    Channel = Channel


def appear(path: Path, text: str) -> None:
    """Write the file whole: nobody sees it empty or half."""
    part = path.with_name(f".{uuid.uuid4()}.part")
    part.write_text(text)
    os.replace(part, path)


def register() -> None:
    """`filesystem://` means this transport from here on."""
    TRANSPORT_ALIASES["filesystem"] = "config.broker:Transport"
