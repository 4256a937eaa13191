"""Paging: functions that yield Pages of raw row slices, with loop guards; a service says which one fits its vendor."""

import mmap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from django.conf import settings

from integrations import loosely
from integrations.errors import BadPayload
from integrations.faultpoints import faultpoint
from integrations.http.answers import HEAD, not_json
from integrations.service import Ask, Page, Position

if TYPE_CHECKING:
    from integrations.http import Client

BOM = b"\xef\xbb\xbf"
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder(decimal_format="number")
_list = msgspec.json.Decoder(list[msgspec.Raw])
CURE = "What was stored before stays. If it goes on, look at the connection's address and path options."


def encode(value: Any) -> bytes:
    """Exact JSON text of a value: a Decimal stays the number it is."""
    return _encoder.encode(value)


def cut(body: bytes | memoryview, where: Sequence[str] = ()) -> list[msgspec.Raw]:
    """The raw slices of a JSON list in a body, copied nowhere; `where` is the path of keys to the list.

    A body that is valid but for NaN or Infinity in some row is cut row by row, so that only those rows are refused later.
    BadPayload when the body is no JSON or has another shape; it says what stands there instead.
    """
    view = memoryview(body)
    if bytes(view[:3]) == BOM:
        view = view[3:]
    try:
        return _cut(view, where)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        rows = _mended(bytes(view), where)
        if rows is not None:
            return rows
        what = not_json(bytes(view[:HEAD])) or _what(error)
        raise BadPayload(f"The answer is not the list it should be: {what}.", CURE, said=_sample(view)) from None


def _cut(view: memoryview, where: Sequence[str]) -> list[msgspec.Raw]:
    for name in where:
        members = _members.decode(view)
        if name not in members:
            raise BadPayload(f"The answer has no “{name}”.", CURE, said=_sample(view))
        view = memoryview(bytes(members[name]))
    return _list.decode(view)


def _mended(body: bytes, where: Sequence[str]) -> list[msgspec.Raw] | None:
    """The rows of a body in which some row holds what JSON does not know; None when that is not what is wrong with it."""
    mended = loosely.whole_characters(body)
    try:
        return loosely.cut(mended, where) if mended == body else _cut(memoryview(mended), where)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return loosely.cut(mended, where)


def whole_list(
    client: "Client",
    path: str,
    params: Mapping[str, Any] | None = None,
    *,
    ask: Ask,
    size: int = 2000,
    where: Sequence[str] = (),
    cursor: dict[str, Any] | None = None,
) -> Iterator[Page]:
    """One answer with everything: spooled to disk, mapped, cut without holding it twice.

    A run that goes on reads the same file again: pages it had handled come marked `again`, so that what was seen is complete.
    Where the file is lost (another machine goes on) it is read anew and from its start. The file goes with the run's folder.
    """
    handled = 0
    file: Path | None = None
    folder = ask.spool or settings.SPOOL
    if ask.position:
        file, handled = folder / str(ask.position["spool"]), int(ask.position["rows"])
    if file is None or not file.is_file():
        file, handled = client.spool(path, params, folder=folder), 0
    try:
        # The map is not closed by hand: pages on their way may still hold slices of it, and it ends with the last of them.
        with file.open("rb") as handle:
            mapped = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        rows = cut(memoryview(mapped), where)
        faultpoint("list.cut")
    except BaseException:
        file.unlink(missing_ok=True)  # nobody can go on with it
        raise
    total = len(rows)
    for start in range(0, max(total, 1), size):
        stop = min(start + size, total)
        yield Page(
            rows[start:stop],
            position={"spool": file.name, "rows": stop},
            last=stop == total,
            total=total,
            cursor=cursor,
            again=stop <= handled,
        )
    if ask.spool is None:
        file.unlink(missing_ok=True)


def batches(ask: Ask, size: int) -> Iterator[tuple[list[str], Position]]:
    """Codes of a flow that asks by lists of codes, `size` at a time, with the position behind them."""
    part: list[str] = []
    for code in ask.codes:
        part.append(code)
        if len(part) == size:
            yield part, {"after": code}
            part = []
    if part:
        yield part, {"after": part[-1]}


def _what(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 from byte {error.start} on"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _sample(view: memoryview) -> str:
    return bytes(view[:200]).decode("utf-8", "replace")
