"""What a vendor declares about the addresses it posts to: events and ids, the signature rule, or an answer. No Django here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integrations.service import Account

MEGABYTE = 1_000_000
# What reading a delivery may raise: a caller sends what it likes.
PARSE_ERRORS = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError)


@dataclass(frozen=True)
class Posted:
    """What came to one of our addresses. headers: by name, words beginning with a capital; body: the bytes as received.

    address: the whole address, as the vendor was given it. key: the address's own key, for hooks that have one.
    """

    method: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict)
    address: str = field(default="", repr=False)
    key: str = field(default="", repr=False)

    def header(self, name: str) -> str:
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), "")


@dataclass(frozen=True)
class News:
    """What a delivery is about. Nothing of it is stored in our rows: it only says which rows to ask the vendor for.

    flow: whose rows to read again; empty: there is nothing to read. ids: external ids of that flow; none: the whole flow.
    once: the vendor's own id of this delivery, or what tells a repeat from a second event; empty where it sends no such thing.
    trouble: what the vendor says is broken between it and the shop; cure: what to do about it.
    claim: somebody claims something that has to be proved by asking the vendor (`VendorService.prove`) before it is trusted.
    """

    event: str
    flow: str = ""
    ids: Sequence[str] = ()
    once: str = ""
    trouble: str = ""
    cure: str = ""
    claim: bool = False


@dataclass(frozen=True)
class Proved:
    """A connection that the vendor vouched for; it is stored switched off, until an admin switches it on.

    address: what tells it apart, such as the shop's own address. told: what to tell people where there is nothing to connect.
    shared: names of secrets it has in common with the connection it was claimed at.
    """

    address: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    told: str = ""
    shared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reply:
    """What an answering hook says. note: for people, in the inbox; no personal data in it."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    note: str = ""


@dataclass(frozen=True)
class Signature:
    """A rule for telling a genuine delivery. `proven=False` where no document states it: then it is off or on trial first.

    good: (what came, one key) → whether it is signed with this key; it compares in constant time.
    keys: names of the connection's secrets that may sign; a key of the address's own is tried first.
    sent_at: when it says it was sent, where the scheme signs a time; older or newer than `window` seconds is refused.
    """

    good: Callable[[Posted, str], bool]
    keys: tuple[str, ...] = ()
    sent_at: Callable[[Posted], datetime | None] | None = None
    window: float = 300.0
    proven: bool = True
    help: str = ""


@dataclass(frozen=True)
class Hook:
    """One address of ours that a vendor calls.

    news: what a delivery is about; it may raise ValueError, KeyError or TypeError: the delivery is then kept, unread.
    answer: (what came, account, the callback's id) → the answer, for hooks that must say something at once; it calls no vendor. What
        it cannot read it may raise as `news` does: that is answered 400.
    keep: beginnings of the names of headers worth keeping, in small letters. most: bytes of a body, more is refused unread.
    tended: the hub sets the vendor's side up and keeps it up (`VendorService.tend_hook`), and asks for what was missed.
    hurried: somebody waits for the answer, so it goes out before it is noted in the inbox, and while the database is away too;
        any other answer is given only when what was asked is stored.
    key: whether the address has a key of its own: "" it has none but for signing, "own" an admin sets it, "pair" the hub makes a
        pair of RSA keys and shows the public one (PEM; the private one is in `Posted.key`).
    """

    title: str
    help: str = ""
    news: "Callable[[Posted, Account], News] | None" = None
    answer: "Callable[[Posted, Account, int], Reply] | None" = None
    signature: Signature | None = None
    methods: tuple[str, ...] = ("POST",)
    types: tuple[str, ...] = ("application/json",)
    keep: tuple[str, ...] = ()
    keep_body: bool = True
    most: int = MEGABYTE
    tended: bool = False
    hurried: bool = False
    key: str = ""
