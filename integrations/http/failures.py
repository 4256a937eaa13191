"""What the wire did to a call: broken off, late, damaged, too large. Each becomes an error with cause and cure."""

import ssl
from collections.abc import Iterator
from http.client import HTTPException

import urllib3
from urllib3.exceptions import HTTPError

from integrations import errors
from integrations.http.calls import Call, Repeat

GONE_WRONG = (HTTPError, HTTPException, OSError, ssl.SSLError)


def network_error(call: Call, error: Exception, late: bool) -> Exception:
    """What a broken exchange means: Unknown for a write that was sent, worth another try for a read."""
    cause, what = "network", "the connection broke off"
    for inner in _chain(error):
        if isinstance(inner, ssl.SSLCertVerificationError):
            refused = errors.Refused(
                f"The vendor's certificate is not accepted: {inner.verify_message}.",
                "Check the address. A certificate of your own authority goes into HUB_HTTP_CA.",
                cause="tls",
                **call.about(),
            )
            return refused
        if isinstance(inner, ssl.SSLError):
            cause, what = "tls", f"no encrypted connection came about ({inner.reason or 'broken off'})"
        elif isinstance(inner, ConnectionRefusedError):
            what = "the connection was refused"
    if late or any(isinstance(e, TimeoutError | urllib3.exceptions.TimeoutError) for e in _chain(error)):
        cause, what = "network", f"there was no whole answer in time ({call.total:.0f} s in all at most)"
    return _lost(call, what, cause)


def _lost(call: Call, what: str, cause: str) -> Exception:
    if call.sent and call.write:
        return errors.Unknown(
            f"The answer was lost: {what}. It may or may not have been done.",
            "Look it up on the vendor's side before it is done again.",
            cause=cause,
            **call.about(),
        )
    cure = "It is tried again by itself. If it stays, check the address and whether the vendor is up."
    if call.status and 200 <= call.status < 300 and cause == "network":
        message = f"The answer is incomplete: {what}."
        return Repeat(errors.BadPayload(message, cure, cause=cause, **call.about()))
    return Repeat(errors.Wait(f"The vendor could not be reached: {what}.", cure, cause=cause, **call.about()))


def broken(call: Call, what: str) -> errors.VendorError:
    if call.write:
        return errors.Unknown(
            f"The answer to a write {what}. It may or may not have been done.",
            "Look it up on the vendor's side before it is done again.",
            **call.about(),
        )
    return errors.BadPayload(
        f"The vendor's answer {what}. Nothing of it was used.",
        "If it stays, tell the vendor, or ask for less at a time.",
        **call.about(),
    )


def again(call: Call, error: errors.VendorError) -> Exception:
    return error if call.write else Repeat(error)


def unusable(call: Call, wrong: str, quoted: str) -> errors.BadPayload:
    return errors.BadPayload(
        f"The vendor's answer is not usable: {wrong}.",
        "It is usually their maintenance and passes. If it stays, check the address and its path.",
        said=quoted,
        quoted=True,
        **call.about(),
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = next((a for a in error.args if isinstance(a, BaseException)), None)
        error = inner or error.__cause__ or error.__context__
