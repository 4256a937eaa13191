"""What becomes of a body as it comes in: an `Answer` in memory, or a file."""

import io
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from integrations.faultpoints import faultpoint
from integrations.http.answers import ERROR_BODY, HEAD, Answer, not_json
from integrations.http.calls import Call, Repeat
from integrations.http.decoding import pour
from integrations.http.failures import broken, unusable
from integrations.http.repeated import Repeated

Receive = Callable[[Iterator[bytes], Mapping[str, str]], Any]  # decoded pieces, headers in lower case → the result


def whole(call: Call, clean: Callable[[str], str], repeated: Repeated) -> Receive:
    """Keeps the whole body in memory."""

    def receive(pieces: Iterator[bytes], headers: Mapping[str, str]) -> Answer:
        held = io.BytesIO()
        for piece in pieces:
            held.write(piece)
        quotable = (lambda text: "") if call.quiet else clean
        repeated.look(held.getvalue())
        return Answer(call.status or 0, headers, held.getvalue(), call.method, call.path, call.write, quotable)

    return receive


def spooled(call: Call, name: str, folder: Path, clean: Callable[[str], str], repeated: Repeated) -> Receive:
    """Writes the body into a new file of that name in `folder`, without a byte-order mark; there only when complete."""
    folder.mkdir(parents=True, exist_ok=True)

    def receive(pieces: Iterator[bytes], headers: Mapping[str, str]) -> Path:
        handle, part = tempfile.mkstemp(prefix=f"{name}-", suffix=".part", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                pour(repeated.watched(pieces, lambda: broken(call, "repeats a secret of ours")), file)
            with open(part, "rb") as file:
                head = file.read(HEAD)
            if wrong := not_json(head):
                raise Repeat(unusable(call, wrong, clean(head[:ERROR_BODY].decode("utf-8", "replace"))))
            complete = part.removesuffix(".part")
            faultpoint("body.spooled")
            os.replace(part, complete)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(part)
            raise
        return Path(complete)

    return receive
