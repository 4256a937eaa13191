"""API2Cart's envelope, `{return_code, return_message, result, pagination}`, and what each code means: cause and cure.

The codes are those of the vendor's error list, 12 that of its captured answers. HTTP status is not documented for them, so the
code counts whatever the status is.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import msgspec

from integrations import errors, raw
from integrations.http import Repeat
from integrations.paging import BOM, CURE, cut

AWAY = 2.0  # seconds to stay away when a limit is told; how long it lasts is not published
REPORT = re.compile(r"not ready.*?report_request_id\s*=\s*([\w.:-]+)", re.IGNORECASE | re.DOTALL)
# What a shop, or the way to it, says that may have done what was asked.
LOST_ON_THE_WAY = re.compile(
    r"time[d -]*out|gateway|curl|empty reply|connection (was |has been )?(reset|closed|aborted|lost)|internal (server )?error"
    r"|service unavailable",
    re.IGNORECASE,
)
NOT_READY, SHUT_OUT, SLOW_BRIDGE = 107, 100, 105
SHUT_FOR = 900.0  # seconds: a shop that is down and one that refuses us are told alike, and a shop comes back
LATER = "Nothing to do: the hub goes on by itself."


class Envelope(msgspec.Struct):
    """Of an answer all but its rows. `result` is an object, a list or null; `pagination` may be missing."""

    return_code: Any = None
    return_message: Any = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    pagination: Any = None


_envelope = msgspec.json.Decoder(Envelope)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class TooManyAsked(errors.Refused):
    """111: the platform gives fewer rows a page. Asked again with a smaller page."""


class NotThere(errors.Refused):
    """112: the store has no such entry."""


class ReportNotReady(errors.Wait):
    """107 while the platform makes its report: asked again later, with the report's id."""

    report: str = ""


class Unfinished(errors.Wait):
    """12: the job is queued or running."""


@dataclass(frozen=True)
class Meaning:
    """What a code means. `kind` is the error's class; `again`: worth another try in this process."""

    kind: type[errors.VendorError]
    message: str
    cure: str
    cause: str = "vendor"
    again: bool = False


def _refused(message: str, cure: str, cause: str = "vendor") -> Meaning:
    return Meaning(errors.Refused, message, cure, cause)


BUG = "This is a mistake in the hub, not of the store: report it with the run's text."
MEANINGS: dict[int, Meaning] = {
    1: Meaning(errors.Wait, "API2Cart is not available.", LATER, again=True),
    2: Meaning(errors.NeedsAuth, "API2Cart does not know the account's API key.", "Set the API key (token) again.", "token"),
    3: _refused("API2Cart was called without a method.", BUG),
    4: Meaning(
        errors.NeedsAuth,
        "API2Cart gives no access to this store.",
        "The store probably belongs to another account: set the store key (token) of this one, or find the store anew.",
        "token",
    ),
    5: Meaning(
        errors.NeedsAuth,
        "API2Cart gives this account no access to its API.",
        "Look at the account's plan and permissions in API2Cart, and whether it allows this hub's outgoing address.",
        "ip",
    ),
    6: Meaning(
        errors.NeedsAuth,
        "The account's API key is switched off.",
        "Switch it on in API2Cart, or set another API key (token).",
        "token",
    ),
    7: Meaning(errors.Wait, "The request limit of this store is reached.", LATER, "rate", again=True),
    8: _refused("API2Cart has this store already.", "Press “Find stores”: it is among those of the account."),
    9: Meaning(errors.Wait, "API2Cart met a fault of its own.", "It is tried again by itself; ask API2Cart if it stays.", again=True),
    10: Meaning(errors.Wait, "The request limit of the API2Cart account is reached.", LATER, "rate", again=True),
    12: Meaning(Unfinished, "API2Cart has no result yet: the job is queued or running.", LATER),
    100: Meaning(
        errors.NeedsAuth,
        "The store does not let API2Cart in: its address is not reachable, or its credentials are not valid any more.",
        "Renew the store's credentials (token) in API2Cart, or by “Connect a store” here.",
        "token",
    ),
    101: Meaning(
        errors.NeedsAuth,
        "API2Cart knows no store with this store key.",
        "Find the store anew, or set its store key (token) again.",
        "token",
    ),
    102: _refused("API2Cart has no FTP access to the store.", "Correct the FTP host, user and password, or upload the bridge by hand."),
    103: _refused("API2Cart may not write into the store's folder.", "Give the FTP user the right to write, or upload the bridge by hand."),
    104: _refused("The folder given for the store is not its own.", "Correct the FTP folder to the one that holds the shop."),
    105: _refused(
        "The bridge in the store answered with an error.",
        "Update the bridge from the connection's page, or upload it anew; it must lie in the shop's folder.",
    ),
    106: Meaning(
        errors.Wait,
        "The store's address cannot be reached by API2Cart.",
        "Look whether the shop is up and its firewall lets API2Cart in. It is tried again by itself.",
        "network",
        again=True,
    ),
    107: _refused("The store answered with an error of its own.", "The store's words tell what is wrong."),
    109: _refused("A parameter is wrong.", "The vendor's words name it; correct the connection's options, or report it."),
    110: Meaning(errors.Wait, "The shop system's own request limit is reached.", LATER, "rate", again=True),
    111: Meaning(TooManyAsked, "More rows were asked for at once than this shop system gives.", "Make the connection's page size smaller."),
    112: Meaning(NotThere, "The store has no such entry.", "It was removed meanwhile, or its number is wrong."),
    113: _refused("The store has such an entry already.", "Look it up in the shop; nothing was changed."),
    114: _refused("The shop system needs a parameter that was not sent.", "The vendor's words name it: fill it in among the options."),
    115: _refused("Several shops share the store's database.", "Connect the store anew with its table prefix (db_tables_prefix)."),
    116: _refused("The store's database has such a row already.", "Look it up in the shop; nothing was changed."),
}  # fmt: skip
UNKNOWN = _refused("API2Cart answered with a code that is not in its list.", "The vendor's words tell what is wrong.")


def explained(status: int, body: bytes, wrote: bool, limited: Callable[[int], None]) -> Exception | None:
    """The error an answer means; None for success and for what is no envelope. `limited` is told of a limit's code."""
    try:
        told = _envelope.decode(body.removeprefix(BOM))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None  # whoever cuts the rows, or the status, says what is wrong with it
    if told.return_code is None or _code(told) == 0:
        return None
    error = error_of(_code(told), told.return_message)
    meaning = MEANINGS.get(_code(told), UNKNOWN)
    if meaning.cause == "rate":
        limited(_code(told))
    slow = _code(told) in (SLOW_BRIDGE, NOT_READY) and isinstance(told.return_message, str)
    lost = slow and LOST_ON_THE_WAY.search(told.return_message) is not None
    waits = isinstance(error, errors.Wait) and not isinstance(error, ReportNotReady)
    if wrote and (lost or (waits and meaning.cause not in ("rate", "network"))):
        return errors.Unknown(
            f"{meaning.message} It may or may not have been done.",
            "Look it up in the shop before it is done again.",
            said=error.said,
        )
    return Repeat(error, AWAY if meaning.cause == "rate" else None) if meaning.again and not wrote else error


def error_of(code: int, message: Any) -> errors.VendorError:
    """The error of a return code other than 0."""
    said = message if isinstance(message, str) else ""
    if code == NOT_READY and (found := REPORT.search(said)):
        waiting = ReportNotReady("The shop system still makes the report.", LATER, said=said, until=_in(60))
        waiting.report = found[1]
        return waiting
    meaning = MEANINGS.get(code, UNKNOWN)
    error = meaning.kind(f"{meaning.message} (code {code})", meaning.cure, meaning.cause, said=said)
    if meaning.cause == "rate":
        error.until = _in(60)
    if code == SHUT_OUT:
        error.until, error.passing = _in(SHUT_FOR), True
    return error


def _code(told: Envelope) -> int:
    try:
        return int(told.return_code)
    except (TypeError, ValueError):
        return -1


def _in(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def rows_of(body: bytes, member: str) -> list[Any]:
    """The raw rows under `result.<member>`. An empty list, an empty object and null in place of `result` are no rows.

    Raises errors.BadPayload for another shape.
    """
    try:
        return list(cut(body, ("result", member)))
    except errors.BadPayload as shape:
        try:
            result = bytes(_envelope.decode(body.removeprefix(BOM)).result).strip()
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise shape from None
        if result in (b"null", b"[]", b"{}") or (result.startswith(b"{") and _empty(result, member)):
            return []
        raise


def _empty(result: bytes, member: str) -> bool:
    """Whether this member is null, or missing where nothing else is told but counts."""
    members = _members.decode(result)
    if member in members:
        return bytes(members[member]).strip() == b"null"
    return bool(members) and all(name.endswith("_count") for name in members)


def result_of(body: bytes) -> dict[str, Any]:
    """The `result` of an answer that is one object, numbers exact; {} for null and an empty list. Raises BadPayload."""
    try:
        told = _envelope.decode(body.removeprefix(BOM))
        found = raw.row(told.result)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        found = None
        told = Envelope()
    if isinstance(found, dict):
        return found
    if told.return_code is not None and not found:
        return {}
    raise errors.BadPayload(
        "The answer is not API2Cart's envelope.",
        "Check the connection's address.",
        said=body[:200].decode("utf-8", "replace"),
    )


def next_of(body: bytes) -> str:
    """The cursor of the next page, ready to be sent; empty at the end. It comes percent-encoded and is decoded once."""
    try:
        pagination = _envelope.decode(body.removeprefix(BOM)).pagination
    except (msgspec.DecodeError, UnicodeDecodeError):
        pagination = _beside_what_is_no_json(body)
    found = pagination.get("next") if isinstance(pagination, dict) else None
    return unquote(found) if isinstance(found, str) else ""


def _beside_what_is_no_json(body: bytes) -> Any:
    """The pagination of an answer in which some row holds NaN, half a character or the like; the other rows count all the same."""
    try:
        told = json.loads(body.removeprefix(BOM).decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise errors.BadPayload("The answer is not JSON to its end.", CURE) from None
    return told.get("pagination") if isinstance(told, dict) else None
