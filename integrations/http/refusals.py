"""What a vendor says instead of an answer: each status becomes one of the five kinds, with cause and cure."""

import re
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import urllib3

from integrations import errors
from integrations.http.answers import ERROR_BODY
from integrations.http.calls import Call, Repeat, in_seconds
from integrations.http.decoding import BadCoding, TooLarge, decoded
from integrations.http.failures import GONE_WRONG
from integrations.http.forbidden import forbidden
from integrations.ratelimit import Budget
from integrations.service import Rate

LONGEST_WAIT = 900.0  # seconds: the most we take a vendor's word for
# What may be quoted of an answer that may echo a secret: OAuth's own words (RFC 6749, 5.2), and what tells a 403's cause.
TELLING = re.compile(
    r'(?<="error":)\s*"invalid_(?:request|client|grant|scope)"|"unauthorized_client"|"unsupported_grant_type"'
    r"|\bhttps\b|\bip[ -]address\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Judge:
    """Judges the answers of one account: its address, what it allows, and how to quote it without its secrets."""

    base: SplitResult
    rate: Rate
    budget: Budget | None
    clean: Callable[[str], str]
    holds: Callable[[str], bool]  # whether a secret of ours stands in a text
    explain: Callable[[Call, bytes], Exception | None]  # what the vendor's own words mean, asked before the status

    def not_ok(self, call: Call, response: urllib3.BaseHTTPResponse, hop: int) -> str:
        """The target to go on with, after a redirect that may be followed; every other status raises."""
        status = response.status
        if 300 <= status < 400:
            return self._redirected(call, response.headers.get("Location", ""), hop)
        got = self._body(call, response)
        if (meant := self.explain(call, got)) is not None:
            raise meant
        said = self._said(call, got.decode("utf-8", "replace"))
        about: dict[str, Any] = {**call.about(), "said": said, "quoted": True}
        if status in (401, 403):
            raise forbidden(call, said, self.rate, self.budget, self.base)
        if status == 429:
            raise self._too_many(call, response.headers.get("Retry-After"), said)
        if status >= 500 or status == 408 or status < 200:
            if call.write:
                raise errors.Unknown(
                    "The vendor failed while it worked on this. It may or may not have been done.",
                    "Look it up on the vendor's side before it is done again.",
                    **about,
                )
            after = retry_after(response.headers.get("Retry-After"))
            raise Repeat(
                errors.Wait(
                    "The vendor has trouble of its own.",
                    "It is tried again by itself; ask the vendor if it stays.",
                    until=in_seconds(after) if after else None,
                    **about,
                ),
                after,
            )
        if status in (404, 405):
            raise errors.Refused(
                "The vendor has nothing at this address.",
                "Check the connection's address and its path prefix, and that the number asked for exists.",
                cause="url",
                **about,
            )
        raise errors.Refused("The vendor refused this.", "Correct what the vendor names, then do it again.", **about)

    def _redirected(self, call: Call, location: str, hop: int) -> str:
        """Where a read goes on. A write that is told to come to the same path elsewhere, or to repeat itself there (307, 308), was
        not done; one that is sent to another page may have been (RFC 9110, 15.4)."""
        base = self.base
        there = urlsplit(urljoin(f"{base.scheme}://{base.netloc}{call.target}", location))
        try:
            same = _place(there) == _place(base)
        except ValueError:
            same = False
        known = call.status in (301, 302, 307, 308)
        if same and known and location and call.method == "GET" and not call.write and hop == 0:
            target = quote(there.path or "/", safe="/%:@!$&'()*+,;=~-._")
            target = f"{target}?{there.query}" if there.query else target
            if self.holds(target):  # an address is written down on the way, by servers that are not ours
                raise errors.Refused(
                    "The vendor sends this call on to an address with a secret of ours in it; it was not followed.",
                    "Check the connection's address, and tell the vendor.",
                    cause="url",
                    **call.about(),
                )
            return target
        moved = there.path == urlsplit(call.target).path and call.status not in (
            303,
            304,
        )  # all of the address is elsewhere
        if call.write and not moved and call.status not in (307, 308):
            raise errors.Unknown(
                f"The vendor answered this with a redirect ({call.status}), which it may do after the work. It may or may not have "
                "been done.",
                "Look it up on the vendor's side before it is done again. If it never works, check the address and its path.",
                cause="url",
                **call.about(),
            )
        host = self.clean("".join(c for c in there.hostname or "nowhere" if c.isprintable()))[:100]
        raise errors.Refused(
            f"The vendor sends this call on to {host}; it was not followed.",
            "Check the connection's address: it is probably an old one, or the one of a web page.",
            cause="url",
            **call.about(),
        )

    def _too_many(self, call: Call, header: str | None, said: str) -> Exception:
        after = retry_after(header)
        error = errors.Wait(
            "The vendor says we ask too often.",
            "Nothing to do: the hub goes on by itself.",
            cause="rate",
            until=in_seconds(after) if after else None,
            said=said,
            quoted=True,
            **call.about(),
        )
        if after and self.budget:
            self.budget.close(after)
        return Repeat(error, after)

    def _said(self, call: Call, text: str) -> str:
        """The beginning of an error's text, for people."""
        if call.quiet:
            found = TELLING.search(text)
            return found[0].strip(' "') if found else ""
        return self.clean(text)

    def _body(self, call: Call, response: urllib3.BaseHTTPResponse) -> bytes:
        """The beginning of an error's text; a body that cannot be read is not worth a second error."""
        got = bytearray()
        with suppress(TooLarge, BadCoding, zlib.error, *GONE_WRONG):  # what came so far is quoted
            for piece in decoded(response, call):
                got += piece
                if len(got) >= ERROR_BODY:
                    break
        return bytes(got[:ERROR_BODY])


def retry_after(header: str | None) -> float | None:
    """Seconds a vendor asks us to wait, from seconds or an HTTP date, at most 15 minutes; None when it asks nothing."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            moment = parsedate_to_datetime(header)
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
        seconds = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    return min(seconds, LONGEST_WAIT) if seconds > 0 else None


def _place(address: SplitResult) -> tuple[str, str | None, int]:
    return address.scheme, address.hostname, address.port or (443 if address.scheme == "https" else 80)
