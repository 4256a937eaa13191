"""What a vendor declares and offers, and how vendors are found: every folder in `integrations/services/` with a service.py.

A service declares; it does not loop over runs, sleep, retry, log, catch or save: `sync.run` and `http.Client` do.
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from integrations.auth import Auth
    from integrations.http import Client
    from integrations.stores import Stores
    from integrations.verbs import Verb
    from integrations.webhooks.hook import Hook, News, Posted, Proved

Row = Mapping[str, Any]
Position = Any  # JSON; what a service needs to go on behind a committed page


@dataclass(frozen=True)
class Option:
    """One setting of a connection. `proven=False` marks a path or name that no document states (A§6).

    A map is texts by name. `choices` are what its texts may be, where they may not be anything.
    """

    name: str
    label: str
    kind: str = "text"  # text, url, choice, bool, int, decimal, duration, json, map
    default: Any = ""
    choices: tuple[tuple[str, str], ...] = ()
    help: str = ""
    required: bool = False
    proven: bool = True
    group: str = ""  # fieldset of the form; empty for the main one
    least: int | None = None  # of numbers
    most: int | None = None
    keys: tuple[tuple[str, str], ...] = ()  # of a map: its names with labels; without them any name goes
    leads: bool = False  # where a secret is sent, or how guarded: changed after a fresh second factor alone


# How much of a list may change at once before a person is asked (`guarding.py`). Every kind with a guarded flow has these.
SAFETY = tuple(
    Option(name, label, kind=kind, default=default, help=text, group="Safety", least=least, most=most)
    for name, label, kind, default, least, most, text in (
        (
            "guard_gone_percent", "Missing rows, percent", "decimal", "10", 0, 100,
            "When more of a list than this is missing, and more rows than the next limit, a person decides.",
        ),
        ("guard_gone_rows", "Missing rows, at least", "int", 50, 0, None, "So many may always go by themselves."),
        (
            "guard_zero_percent", "Stock gone to zero, percent", "decimal", "30", 0, 100,
            "When more of what is in stock than this is sold out at once, a person decides.",
        ),
        ("guard_zero_rows", "Stock gone to zero, at least", "int", 3, 1, None, "Fewer sell out without asking."),
        (
            "guard_price_factor", "Price factor", "decimal", "5", 1, None,
            "A price that grows or shrinks by more than this factor waits for a person; the rest of its row is taken.",
        ),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Secret:
    """One secret of a connection: write-only in every form, shown as last four and age."""

    name: str
    label: str
    help: str = ""
    required: bool = False
    follows: tuple[str, ...] = ()  # options that say where it is sent: with another value it has to be pasted again


@dataclass(frozen=True)
class Preset:
    """A starting point of a new connection: its address, its environment and the options that go with it."""

    name: str
    label: str
    base_url: str
    environment: str = "production"  # production, staging, sandbox
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rate:
    """`calls` slots, each free again `seconds` after the answer. seconds=0 limits only how many run at once.

    `block` is how long the vendor shuts an account out after a breach (seconds; 0 when it does not).
    within: a second limit that all connections holding the same secret `shared_by` draw from together.
    """

    calls: int
    seconds: float = 0.0
    block: float = 0.0
    within: "Rate | None" = None
    shared_by: str = ""


@dataclass(frozen=True)
class Flow:
    """A named stream in. Its name is the service's method, the schedule's key, the mirror function and the fixture folder.

    key: bytes of one raw row → its external id as text (ValueError when there is none).
    parse: (row, account) → a record of catalog.records or orders.records, or a tuple of them; row is `json.loads` of the slice with
        Decimal for every number that is not a plain integer. It raises ValueError/KeyError/TypeError for a row it cannot read.
    keyed: account → such a reader, where the connection's options say what names a row; `key` then is the reader without them.
    tried: options that decide how its rows are asked for and read: a page in the admin tries them on one page of the vendor's.
    room: "catalog" or "orders", whose mirror.<flow> writes the records.
    mirror: name of the mirror function, when it is not the flow's own.
    complete: a run in full mode reads the whole list, so that a known row which is missing is gone.
    changes: with a cursor, a run in changes mode reads only what changed since: then nothing can be missing.
    codes: dotted path of a function (vendor_id, after, scope) → iterator of external ids in ascending text order, for flows that ask by
        lists of codes; the service finds them in Ask.codes. scope is "all", with `changes` the cursor's "since" (ISO), else the
        option `<flow>_scope`.
    single: rows can be asked for one by one, by external id, which is how an operator fetches some again (Ask.only).
    lines: a row is one line of an order, so that an order is fetched again by the ids of its lines.
    shares: flows whose rows write the same columns; their fingerprints are forgotten for rows this flow changed.
    """

    title: str
    every: timedelta
    max_age: timedelta
    key: Callable[[bytes | memoryview], str]
    parse: Callable[[Row, "Account"], Any]
    room: str = "catalog"
    mirror: str = ""
    complete: bool = False
    changes: bool = False
    full_every: timedelta | None = None
    codes: str = ""
    single: bool = False
    lines: bool = False
    shares: tuple[str, ...] = ()
    lane: str = "live"
    guard: bool = False
    proven: bool = True
    on: bool = True
    needs: tuple[str, ...] = ()  # flows to run before this one, when several are run together
    help: str = ""
    keyed: Callable[["Account"], Callable[[bytes | memoryview], str]] | None = None
    tried: tuple[str, ...] = ()

    def bound(self, account: "Account") -> "Flow":
        """The flow as this connection's options make it."""
        return self if self.keyed is None else replace(self, key=self.keyed(account))


Fact = tuple[str, str]  # a label and a text, for people


@dataclass(frozen=True)
class Lookup:
    """A question a person puts to the vendor about one of our rows. Its name is the service's method: given → Facts.

    about: which rows, such as "variant", of whatever vendor. fields: what the person fills in; `fills` says with which of the
    row's columns a field begins, the first that holds something. It reads; its answer is shown and stored nowhere.
    """

    name: str
    label: str
    fields: tuple[Option, ...] = ()
    fills: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    about: str = "variant"
    proven: bool = True
    help: str = ""


@dataclass(frozen=True)
class Account:
    """What a service and its parsers may know of a connection; no secrets in it.

    abilities: what the service's own `abilities()` last learned of it; empty before it was asked.
    """

    slug: str
    base_url: str
    options: Mapping[str, Any]
    environment: str = "production"
    time_zone: str = "UTC"
    currency: str = ""
    abilities: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Page:
    """Some raw rows, and where to go on behind them. `cursor` is stored when the whole run has ended well: the last page brings it.

    rows: byte slices, one JSON value each. position: None on the last page only (`last` says so).
    total: rows expected in the whole run, when known. Rows may be released after the page was handled.
    note: what an operator should know of it, kept on the run. gaps: told on the last page, that not everything there is has come,
    so that nothing which is missing is gone.
    absent: external ids asked for one by one of which the vendor said that there is no such row (any more).
    until: the vendor still prepares what comes next: go on behind this page, but not before. In the background the run is
        parked until then and holds nobody up.
    """

    rows: Sequence[bytes | memoryview]
    position: Position = None
    last: bool = False
    total: int | None = None
    cursor: dict[str, Any] | None = None
    again: bool = False  # handled before by the same run: counts as seen, nothing else
    note: str = ""
    gaps: bool = False
    absent: Sequence[str] = ()
    until: datetime | None = None


@dataclass
class Ask:
    """What the engine wants of a flow.

    cursor: stored by the last good run ({} at first). position: go on behind this page (None: from the start).
    full: everything, not only what changed. codes: iterator of external ids for flows that ask by lists of codes.
    only: external ids an operator asked for, of flows whose rows can be read one by one.
    started_at: when the run began; an upper bound for "changed until". spool: this run's own folder for large answers,
    which is removed when the run has ended (None: the common one). key: the flow's reader of ids, to know a row again.
    """

    cursor: dict[str, Any]
    started_at: datetime
    position: Position = None
    full: bool = False
    codes: Iterator[str] = field(default_factory=lambda: iter(()))
    spool: Path | None = None
    only: tuple[str, ...] = ()
    key: Callable[[bytes | memoryview], str] | None = None


@dataclass(frozen=True)
class Fetched:
    """A secret a vendor gave, until when it is good where that is told, and facts for people without a secret in them.

    warning: what the same answer told of the account that people have to know, in a sentence with its cure. It stays on the
    connection's page and on the first one as long as this secret is in use; testing the connection asks anew.
    """

    value: str = field(repr=False)
    expires_at: datetime | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    warning: str = ""


@dataclass(frozen=True)
class Verdict:
    """What "test connection" found. `cause` is None when it works; else token, ip, rate, url, tls, network, vendor, …"""

    ok: bool
    cause: str | None = None
    message: str = ""
    cure: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


class VendorService:
    """One vendor. Subclasses are named Service and live in `services/<kind>/service.py`."""

    kind: ClassVar[str] = ""  # set from the folder's name
    label: ClassVar[str]
    summary: ClassVar[str] = ""
    role: ClassVar[str] = ""  # supplier, marketplace, shop
    manual: ClassVar[str] = ""  # where the vendor's own reference is
    presets: ClassVar[tuple[Preset, ...]] = ()
    options: ClassVar[tuple[Option, ...]] = ()
    secrets: ClassVar[tuple[Secret, ...]] = ()
    fetches: ClassVar[str] = (
        ""  # the secret that `fetch_secret` fetches; it needs no declaration where nobody pastes it
    )
    flows: ClassVar[Mapping[str, Flow]] = {}
    lookups: ClassVar[tuple[Lookup, ...]] = ()
    verbs: ClassVar["Mapping[str, Verb]"] = {}  # what can be sent to this vendor
    hooks: ClassVar["Mapping[str, Hook]"] = {}  # addresses of ours that this vendor posts to
    patience: ClassVar[float] = 60.0  # seconds a write may take: whoever hangs up earlier cannot know what came of it
    learns: ClassVar[timedelta | None] = None  # how often `abilities()` is asked anew; None: never
    stores: ClassVar["type[Stores] | None"] = None  # where an account holds several of them
    rate: ClassVar[Rate] = Rate(calls=1)
    never: ClassVar[tuple[str, ...]] = ()  # paths that are not called, whatever a connection's options say
    headers: ClassVar[Mapping[str, str]] = {}  # sent with every call, also the one that fetches a secret
    time_zone: ClassVar[str] = "UTC"
    currency: ClassVar[str] = ""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if any(flow.guard for flow in cls.flows.values()):
            cls.options = (*cls.options, *(option for option in SAFETY if option not in cls.options))

    def __init__(self, account: Account, client: "Client") -> None:
        self.account = account
        self.http = client
        self.fetched: Fetched | None = None  # what was fetched to open this service, if anything had to be
        self.signed_by: int | None = None  # the id of the token it signs with, where that is one that can be fetched
        self.given: Mapping[str, int] = {}  # ids of the secrets people gave that it was opened with, by name
        self.secret: Callable[[str], str] = lambda name: ""  # a stored secret by name, for what `auth` does not sign

    def option(self, name: str) -> Any:
        """The connection's value of an option, or the declared default."""
        return option_of(self.options, self.account, name)

    @classmethod
    def address(cls, given: str) -> str:
        """The address as it is stored, from what a person entered. Raises ValueError with what to enter instead."""
        return given

    @classmethod
    def fetches_alone(cls) -> bool:
        """Whether the secret it fetches is the hub's own: no person pastes it."""
        return bool(cls.fetches) and cls.fetches not in {secret.name for secret in cls.secrets}

    @classmethod
    def auth(cls, account: Account, secrets: Mapping[str, str]) -> "Auth":
        """How calls are signed, made from the connection's decrypted secrets."""
        raise NotImplementedError(f"{cls.__name__} declares no auth()")

    @classmethod
    def account_auth(cls, account: Account, secrets: Mapping[str, str]) -> "Auth":
        """How calls for the account as a whole are signed, where that is another way than for one store of it."""
        return cls.auth(account, secrets)

    @classmethod
    def fetch_secret(cls, account: Account, secrets: Mapping[str, str], client: "Client") -> Fetched | None:
        """A fresh value of the secret `fetches`, asked for with the others; None when those it takes are not set.

        `client` signs nothing, and blots out every secret of the connection. Raises errors.NeedsAuth when it is refused.
        """
        raise NotImplementedError(f"{cls.__name__} declares no fetch_secret()")

    def abilities(self) -> Mapping[str, Any]:
        """What this one account or store can do, as JSON: asked once in `learns`, kept on the connection."""
        raise NotImplementedError(f"{type(self).__name__} declares no abilities()")

    @classmethod
    def lacks(cls, flow: str, account: Account) -> str:
        """Why this connection has no such flow, in a sentence for people; empty when it has."""
        return ""

    @classmethod
    def lacks_verb(cls, verb: str, account: Account) -> str:
        """Why this connection cannot do that, in a sentence for people; empty when it can, or nobody knows yet."""
        return ""

    @classmethod
    def lacks_hook(cls, hook: str, account: Account) -> str:
        """Why this connection cannot have such a hook, in a sentence for people; empty when it can."""
        return ""

    def explained(self, status: int, body: bytes, wrote: bool) -> Exception | None:
        """The error an answer means by its body, whatever its status; None leaves it to the status. http.Repeat to try again."""
        return None

    def probe(self) -> Verdict:
        """Ask the vendor something harmless. VendorErrors may pass through: `probe.py` turns them into a Verdict."""
        raise NotImplementedError(f"{type(self).__name__} declares no probe()")

    def tend_hook(self, hook: str, address: str, flows: Collection[str]) -> Sequence[str]:
        """Make the vendor's side post to `address` the events of these flows, and mend what is broken there.

        Called now and then for hooks that are `tended`, and at once when one is switched on or its address changes. Returns one
        line for people on each thing it had to do.
        """
        raise NotImplementedError(f"{type(self).__name__} declares no tend_hook()")

    def drop_hook(self, hook: str, address: str) -> Sequence[str]:
        """Take away what `tend_hook` made; one line for people on each thing done."""
        return ()

    def prove(self, hook: str, posted: "Posted") -> "Proved":
        """Ask the vendor whether what was claimed is true. Raises VendorError or ValueError when it is not."""
        raise NotImplementedError(f"{type(self).__name__} declares no prove()")

    def missed_news(self, hook: str, address: str) -> "Iterable[News]":
        """What the vendor says it could not deliver; nothing where it keeps no such list. For hooks that are `tended`."""
        return ()


def option_of(options: Iterable[Option], account: Account, name: str) -> Any:
    """The connection's value of a declared option, or its default."""
    declared = next(option for option in options if option.name == name)
    value = account.options.get(name)
    return declared.default if value in (None, "") else value


@cache
def services() -> dict[str, type[VendorService]]:
    """Every vendor found, by kind, in alphabetical order."""
    from integrations import services as folder

    found: dict[str, type[VendorService]] = {}
    for module in sorted(pkgutil.iter_modules(folder.__path__), key=lambda m: m.name):
        if not module.ispkg or importlib.util.find_spec(f"{folder.__name__}.{module.name}.service") is None:
            continue
        service = importlib.import_module(f"{folder.__name__}.{module.name}.service").Service
        service.kind = module.name
        found[module.name] = service
    return found


def service_class(kind: str) -> type[VendorService]:
    """The service of a kind; LookupError names the kinds there are."""
    try:
        return services()[kind]
    except KeyError:
        known = ", ".join(services()) or "none"
        raise LookupError(f"There is no vendor kind “{kind}”. Known kinds: {known}.") from None


def kind_choices() -> list[tuple[str, str]]:
    return [(kind, service.label) for kind, service in services().items()]
