"""Elryan's answers: `{"data": …, "error_code": 0}`, where an error comes with HTTP 200 as well (manual, any response)."""

from typing import Any

import msgspec

from integrations.errors import BadPayload, NeedsAuth, Refused
from integrations.http import clean
from integrations.paging import BOM, cut

VACATION = (
    "Elryan says that this shop is on vacation, so buyers may not find its articles. If it is open, end the vacation in Elryan's "
    "merchant portal, then test the connection."
)
RENEW = "Set a new token, or set email and password, with which the hub fetches one by itself."


class _Envelope(msgspec.Struct):
    error_code: Any = None
    message: Any = None


class _Login(msgspec.Struct):
    """Of the answer to a log-in only this is decoded: it echoes the password."""

    token: Any = msgspec.field(name="APIToken", default=None)
    shop: Any = msgspec.field(name="shopBrandName", default=None)
    vacation: Any = None


class _LoginAnswer(msgspec.Struct):
    data: _Login | None = None


_envelope = msgspec.json.Decoder(_Envelope)
_login = msgspec.json.Decoder(_LoginAnswer)


def rows_of(body: bytes) -> list[Any]:
    """The raw rows of an answer, under `data` or, as in the API this one is modelled on, under `data.data`.

    Raises errors.Refused (NeedsAuth for the codes 401 and 403) for an `error_code`, errors.BadPayload for another shape.
    """
    _check(body)
    try:
        return list(cut(body, ("data",)))
    except BadPayload as flat:
        try:
            return list(cut(body, ("data", "data")))
        except BadPayload:
            raise flat from None


def row_of(body: bytes) -> bytes:
    """The one raw row of an answer, under `data`. Raises as `rows_of` does."""
    _check(body)
    try:
        return bytes(msgspec.json.decode(body.removeprefix(BOM), type=dict[str, msgspec.Raw])["data"])
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError, UnicodeDecodeError):
        raise BadPayload("The answer has no “data”.", "What was stored before stays.") from None


def login_of(body: bytes) -> tuple[str, dict[str, str], str]:
    """Of the answer to a log-in: the token (empty when there is none), facts, and what people have to know; nothing is quoted.

    Manual, Generate token: `vacation` is true or false.
    """
    try:
        told = _login.decode(body.removeprefix(BOM)).data
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadPayload("The answer to the log-in is not what the manual shows.", RENEW) from None
    if told is None or _code(body):
        return "", {}, ""
    facts = {"shop": told.shop} if isinstance(told.shop, str) and told.shop else {}
    warning = VACATION if told.vacation is True else ""
    return (told.token.strip() if isinstance(told.token, str) else ""), facts, warning


def _code(body: bytes) -> str:
    """The error code told; empty for none, and for a body without an envelope."""
    try:
        code = _envelope.decode(body.removeprefix(BOM)).error_code
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""  # whoever cuts the rows says what is wrong with it
    text = "" if code is None else str(code).strip()
    return "" if text == "0" else text


def _check(body: bytes) -> None:
    code = _code(body)
    if not code:
        return
    message = _envelope.decode(body.removeprefix(BOM)).message
    said = clean(message if isinstance(message, str) else "")
    if code in ("401", "403"):
        raise NeedsAuth(
            f"Elryan does not let us in (error_code {code}).", RENEW, "token" if code == "401" else "ip", said=said
        )
    raise Refused(
        f"Elryan refused with error_code {code[:40]}.",
        "What was stored before stays. Look at the vendor's words, and at the connection's paths.",
        said=said,
    )
