"""The five kinds of error a vendor can cause, each with cause and cure in an operator's words.

Messages name method, path, status and what the vendor said; never headers, query values or secrets.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(eq=False)  # exceptions must stay hashable
class VendorError(Exception):
    """`kind` is set by the subclass; `cause` is the short word a probe reports (token, ip, rate, url, tls, network, vendor, …)."""

    message: str
    cure: str = ""
    cause: str = "vendor"
    method: str = ""
    path: str = ""
    status: int | None = None
    said: str = field(default="", repr=False)  # the vendor's own words; told only when they are `quoted`
    until: datetime | None = None  # not before this time, where the vendor or our own ledger tells
    passing: bool = (
        False  # of a NeedsAuth: it may pass without a person, so it is tried again at `until`, as often as it takes
    )

    quoted: bool = False  # whoever knows this account's secrets has taken them out of `said`

    kind = "vendor"

    def quote(self, clean: Callable[[str], str]) -> None:
        """Make the vendor's words fit to be told."""
        self.said, self.quoted = clean(self.said), True

    def __str__(self) -> str:
        where = f" ({self.method} {self.path}{f', HTTP {self.status}' if self.status else ''})" if self.path else ""
        said = f" The vendor said: {self.said}" if self.said and self.quoted else ""
        return f"{self.message}{where}{said}"


class Wait(VendorError):
    """It will pass by itself: time-outs on reads, 429, 5xx, a spent budget. Tried again later, by itself."""

    kind = "wait"


class Refused(VendorError):
    """The vendor understood and said no (4xx, error_code). Told, not repeated."""

    kind = "refused"


class NeedsAuth(VendorError):
    """The token or our address is not accepted. Pauses the vendor until a good token is set."""

    kind = "needs_auth"


class Unknown(VendorError):
    """A write whose answer was lost: it may or may not have happened. Never repeated blindly."""

    kind = "unknown"


class BadPayload(VendorError):
    """An answer that is not what it should be: HTML with 200, truncated gzip, not JSON, another shape, too large."""

    kind = "bad_payload"
