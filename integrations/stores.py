"""Accounts that hold several stores: what a kind declares so that the hub finds, connects, renews and looks after them.

A kind sets `VendorService.stores` to a subclass of Stores. Forms are built at run time from what the vendor says it takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from integrations.service import Account

if TYPE_CHECKING:
    from integrations.service import VendorService


@dataclass(frozen=True)
class Blank:
    """One thing to fill in. A secret one is never shown again and goes to the vendor alone."""

    name: str
    label: str
    help: str = ""
    kind: str = "text"  # text, int, bool, choice, json
    choices: tuple[tuple[str, str], ...] = ()
    default: Any = ""
    secret: bool = False
    required: bool = True


@dataclass(frozen=True)
class Way:
    """One of the alternative sets of things a system takes."""

    name: str
    title: str
    blanks: tuple[Blank, ...]


@dataclass(frozen=True)
class System:
    """A shop system that can be connected: by one of its ways, and further things that may be given."""

    name: str
    title: str
    ways: tuple[Way, ...]
    further: tuple[Blank, ...] = ()
    help: str = ""  # where to find what it takes
    note: str = ""  # versions and the like
    checked: bool = True  # the vendor can check the credentials before it takes them


@dataclass(frozen=True)
class Store:
    """A store of the account. `mark` names it among the others and is no secret; the rest is what its connection needs."""

    mark: str
    name: str
    address: str
    system: str  # the name of its System
    title: str = ""  # what that system is called
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ending:
    """Something outside the hub that ends by itself, and what to do about it."""

    what: str
    on: date
    cure: str


@dataclass(frozen=True)
class Tool:
    """Something an operator may do for one store. `gives`: it answers with a file."""

    name: str
    label: str
    help: str = ""
    gives: bool = False


@dataclass(frozen=True)
class Done:
    """How a tool went: words for people, or a file."""

    message: str = ""
    body: bytes = b""
    file_name: str = ""
    content_type: str = "application/octet-stream"


class Stores:
    """The stores of one account. Made with a service that signs as the account, or as one of its stores."""

    account_secrets: ClassVar[tuple[str, ...]] = ()  # those that are the account's, shared by all its stores

    def __init__(self, service: "VendorService") -> None:
        self.service, self.http, self.account = service, service.http, service.account

    def found(self) -> list[Store]:
        """The account's stores as they are now."""
        raise NotImplementedError

    def systems(self) -> list[System]:
        """What can be connected, as the vendor says at this moment."""
        raise NotImplementedError

    def add(self, system: str, values: Mapping[str, Any], *, check: bool) -> Store:
        """Connect a store at the vendor: a write, made once. Errors as of any write."""
        raise NotImplementedError

    def renew(self, system: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give the vendor new credentials of this connection's store; returns options to be changed with it."""
        raise NotImplementedError

    @classmethod
    def described(cls) -> list[System]:
        """What is known of the systems without asking, for the documents."""
        return []

    @classmethod
    def own_system(cls, account: Account) -> str:
        """The system of this connection's store; empty when nobody knows yet."""
        return ""

    @classmethod
    def tools(cls, account: Account) -> tuple[Tool, ...]:
        """What may be done for this connection's store."""
        return ()

    def use(self, tool: str) -> Done:
        raise NotImplementedError

    @classmethod
    def endings(cls, account: Account) -> tuple[Ending, ...]:
        """What will end by itself, whether soon or not."""
        return ()
