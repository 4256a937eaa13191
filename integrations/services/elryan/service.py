"""Elryan: an Iraqi marketplace. Catalogue, orders, transactions and packages read by searches without a total."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import msgspec

from integrations.auth import Auth, Bearer, NoAuth
from integrations.errors import BadPayload, NeedsAuth, Refused
from integrations.http import Client, clean
from integrations.paging import BOM, by_offset, cut, encode
from integrations.service import Account, Ask, Flow, Option, Page, Preset, Rate, Secret, VendorService, Verdict
from integrations.services.elryan import parse

OVERLAP = timedelta(hours=24)  # neither the order of a search nor its filter is documented
KINDS = ("vendorbill", "vendorcredit", "vendorpayment")
RENEW = "Set a new token, or set email and password and let the connection test fetch one."
Fetch = Callable[[int, int], bytes]


class _Envelope(msgspec.Struct):
    error_code: Any = None
    message: Any = None


class _Changed(msgspec.Struct, rename={"updated": "updatedTime"}):
    updated: Any = None


_envelope = msgspec.json.Decoder(_Envelope)
_changed = msgspec.json.Decoder(_Changed)


class Login(NoAuth):
    """For the call that fetches a token: unsigned, and the password is blotted out of whatever is quoted."""

    def __init__(self, password: str) -> None:
        self._password = password

    def __repr__(self) -> str:
        return "Login(***)"

    def secrets(self) -> list[str]:
        return [self._password] if self._password else []


class Signed(Auth):
    """A token, a password to fetch one with, or both."""

    def __init__(self, token: str, password: str) -> None:
        self._bearer = Bearer(token) if token.strip() or not password else None
        self.login = Login(password) if password else None
        self._password = password

    def __repr__(self) -> str:
        return "Signed(***)"

    @property
    def has_token(self) -> bool:
        return self._bearer is not None

    @property
    def password(self) -> str:
        return self._password

    def headers(self) -> dict[str, str]:
        return self._bearer.headers() if self._bearer else {}

    def secrets(self) -> list[str]:
        return [*(self._bearer.secrets() if self._bearer else ()), *(self.login.secrets() if self.login else ())]


def path_option(name: str, label: str, default: str) -> Option:
    """A path no document states."""
    return Option(f"{name}_path", label, default=default, proven=False, group="Paths")


def flow(
    title: str,
    minutes: int,
    record: Callable[..., Any],
    *key: str,
    old_after: int = 3,
    **more: Any,
) -> Flow:
    """A flow every `minutes`, too old after `old_after` times that."""
    every = timedelta(minutes=minutes)
    return Flow(title, every=every, max_age=every * old_after, key=parse.key_of(*key), parse=record, **more)


DAY = 24 * 60


class Service(VendorService):
    label: ClassVar[str] = "Elryan"
    summary: ClassVar[str] = "Sell on Elryan: catalogue, order lines, payouts and packages of a merchant account."
    role: ClassVar[str] = "marketplace"
    manual: ClassVar[str] = "https://merchant.elryan.com"
    presets: ClassVar[tuple[Preset, ...]] = (
        Preset("production", "Production", "https://merchant.elryan.com/api"),
        Preset("staging", "Staging", "https://merchantstaging.elryan.com/api", environment="staging"),
    )
    secrets: ClassVar[tuple[Secret, ...]] = (
        Secret("token", "API token", help="The merchant account's APIToken; or leave it out and give the password."),
        Secret("password", "Password", help="With the email, fetches a token. Not needed where a token is set."),
    )
    options: ClassVar[tuple[Option, ...]] = (
        Option("email", "Email", help="Of the merchant account; only to fetch a token."),
        Option("order_currency", "Currency of orders", default=parse.CURRENCY, help="Elryan's rows name none."),
        Option(
            "page_length",
            "Rows per page",
            kind="int",
            default=100,
            help="A page shorter than this ends a list: never set it above what Elryan gives at once.",
        ),
        Option("languages", "Language codes", kind="json", default=parse.LANGUAGES, proven=False),
        Option(
            "weight_unit",
            "Unit of weights",
            kind="choice",
            default="g",
            choices=(("g", "Grams"), ("kg", "Kilograms")),
            proven=False,
        ),
        Option(
            "updated_filter",
            "Name of the orders' “changed since” filter",
            proven=False,
            help="Such as updated_from. Empty: every run reads all orders and keeps what changed.",
        ),
        Option("unfulfilled", "Read the unfulfilled list as well", kind="bool", default=True, proven=False),
        Option("delivery_ids", "Deliveries to follow", proven=False, help="Ids, with commas: no call lists them."),
        path_option("token", "Fetch a token", "users/generate-token"),
        path_option("attribute_values", "Search attribute values", "attribute-values/search"),
        path_option("variants", "Search variants", "variants/search"),
        path_option("orders", "Search orders", "orders/search"),
        path_option("unfulfilled", "Unfulfilled orders", "orders/unfulfilled-list"),
        path_option("cancel_reasons", "Cancellation reasons", "orders/cancel-reasons"),
        path_option("trackings", "Search trackings", "package-trackings/search"),
    )
    flows: ClassVar[Mapping[str, Flow]] = {
        "categories": flow("Categories", DAY, parse.category, "remote_id", "id", complete=True, lane="bulk"),
        "brands": flow("Brands", DAY, parse.brand, "remote_id", "id", complete=True, lane="bulk"),
        "attributes": flow("Attributes", DAY, parse.attribute, "remote_id", "id", complete=True, lane="bulk"),
        "attribute_values": flow(
            "Attribute values",
            DAY,
            parse.attribute_value,
            "remote_id",
            "id",
            complete=True,
            lane="bulk",
            proven=False,
            needs=("attributes",),
        ),
        "products": flow(
            "Products", 6 * 60, parse.product, "spu", complete=True, lane="bulk", needs=("categories", "brands")
        ),
        "variants": flow(
            "Variants",
            60,
            parse.variant,
            "sku",
            complete=True,
            guard=True,
            lane="bulk",
            proven=False,
            needs=("products",),
        ),
        "orders": flow("Orders", 5, parse.order, "POlineID", room="orders", help="One row is one order line."),
        "cancel_reasons": flow(
            "Cancellation reasons",
            DAY,
            parse.cancel_reason,
            "name",
            room="orders",
            complete=True,
            proven=False,
        ),
        "transactions": flow("Transactions", DAY, parse.transaction, "id", room="orders", needs=("orders",)),
        "packages": flow("Packages", 60, parse.package, "id", room="orders", proven=False, needs=("orders",)),
        "trackings": flow("Trackings", 60, parse.tracking, "id", room="orders", proven=False, needs=("packages",)),
        "deliveries": flow("Deliveries", 60, parse.tracking, "id", room="orders", proven=False, needs=("packages",)),
    }
    rate: ClassVar[Rate] = Rate(1, 0)
    time_zone: ClassVar[str] = "Asia/Baghdad"
    currency: ClassVar[str] = "USD"

    @classmethod
    def auth(cls, account: Account, secrets: Mapping[str, str]) -> Auth:
        """Raises ValueError when neither a token nor a password is set."""
        return Signed(secrets.get("token", ""), secrets.get("password", ""))

    def probe(self) -> Verdict:
        """The health check, then the smallest documented search; a token is fetched first where there is none.

        A token fetched here only proves email and password: whoever stores tokens calls `renew_token`.
        """
        self.http.get("health-check")
        if not self._signed.has_token:
            self.renew_token()
            return Verdict(True, message="Email and password are accepted: a token can be fetched.")
        found = rows_of(self._post("categories/search", _search(0, 1)))
        return Verdict(True, message="The token is accepted.", facts={"categories": "some" if found else "none yet"})

    def renew_token(self) -> str:
        """A token for email and password. The answer echoes the password: all but APIToken is dropped unseen.

        Raises errors.NeedsAuth when email or password is missing or not accepted. The caller stores the token.
        """
        email, login = str(self.option("email")), self._signed.login
        if not email or login is None:
            raise NeedsAuth("A token can only be fetched with email and password.", RENEW, cause="token")
        http = self.http
        unsigned = Client(
            self.account,
            login,
            budget=http.budget,
            log=http.log,
            before_call=http.before_call,
            interactive=http.interactive,
            service_rate=http.rate,
        )
        try:
            body = {"email": email, "password": self._signed.password}
            answer = unsigned.post_read(str(self.option("token_path")), body, quiet=True)
        finally:
            unsigned.close()
        try:
            told = msgspec.json.decode(answer.body.removeprefix(BOM))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise BadPayload("The answer to the log-in is not JSON.", RENEW, path=answer.path) from None
        account = told.get("data") if isinstance(told, dict) else None
        token = account.get("APIToken") if isinstance(account, dict) else None
        if not isinstance(token, str) or not token.strip():
            raise NeedsAuth("Elryan gave no token for this email and password.", RENEW, cause="token")
        return token.strip()

    # -- flows

    def categories(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, "categories/search")

    def brands(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, "brands/search")

    def attributes(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, "attributes/search")

    def attribute_values(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, str(self.option("attribute_values_path")))

    def products(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, "products/search")

    def variants(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, str(self.option("variants_path")))

    def orders(self, ask: Ask) -> Iterator[Page]:
        """All order lines, or those changed since a day before the last run's newest; then the unfulfilled ones."""
        newest = parse.moment((ask.position or ask.cursor).get("updated"))
        since, name = parse.moment(ask.cursor.get("updated")), str(self.option("updated_filter"))
        wanted = {name: _iso(since - OVERLAP)} if name and since and not ask.full else {}
        lists = [self._search_of(str(self.option("orders_path")), wanted)]
        if self.option("unfulfilled"):
            path = str(self.option("unfulfilled_path"))
            lists.append(lambda start, length: self._post(path, {"start": start, "length": length}))
        for page in self._phases(ask, lists):
            # A time ahead of us would hide what changes until then.
            seen = [min(at, ask.started_at) for row in page.rows if (at := _updated(row))]
            newest = max([*seen, *([newest] if newest else [])], default=None)
            if newest:
                page.position = {**page.position, "updated": _iso(newest)}
                if page.last:
                    page.cursor = {"updated": _iso(newest)}
            yield page

    def cancel_reasons(self, ask: Ask) -> Iterator[Page]:
        """A list of plain texts in one answer; each is wrapped into an object, which is what a row has to be."""
        texts = [
            msgspec.json.decode(row) for row in rows_of(self.http.get(str(self.option("cancel_reasons_path"))).body)
        ]
        yield Page([encode({"name": text}) for text in texts], last=True, total=len(texts))

    def transactions(self, ask: Ask) -> Iterator[Page]:
        """The three kinds one after another, always from the start: there is no filter by date."""
        return self._phases(ask, [self._search_of("transactions/search", {"recordType": kind}) for kind in KINDS])

    def packages(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, "packages/search")

    def trackings(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, str(self.option("trackings_path")))

    def deliveries(self, ask: Ask) -> Iterator[Page]:
        """One call for each id the operator named; the slash at the end is the manual's."""
        ids = [part for part in (text.strip() for text in str(self.option("delivery_ids")).split(",")) if part]
        done = int((ask.position or {}).get("start", 0))
        if done >= len(ids):
            yield Page([], last=True, total=len(ids))
        for place, key in enumerate(ids[done:], start=done + 1):
            if not (key.isascii() and key.isalnum()):
                raise Refused(f"“{key[:50]}” is no delivery id.", "Correct the list of deliveries to follow.")
            row = row_of(self.http.get(f"deliveries/{key}/").body)
            yield Page([row], position={"start": place}, last=place == len(ids), total=len(ids))

    # -- calls

    @property
    def _signed(self) -> Signed:
        # The client alone keeps what this service's auth() made.
        signed = self.http._auth
        if not isinstance(signed, Signed):
            raise NeedsAuth("This connection was not opened with Elryan's secrets.", RENEW, cause="token")
        return signed

    def _post(self, path: str, body: Mapping[str, Any]) -> bytes:
        if not self._signed.has_token:
            raise NeedsAuth("No token is set yet, only a password.", RENEW, cause="token")
        return self.http.post_read(path, body).body

    def _search_of(self, path: str, wanted: Mapping[str, Any]) -> Fetch:
        return lambda start, length: self._post(path, _search(start, length, wanted))

    def _searched(self, ask: Ask, path: str) -> Iterator[Page]:
        return self._phases(ask, [self._search_of(path, {})])

    def _phases(self, ask: Ask, lists: list[Fetch]) -> Iterator[Page]:
        """Several lists one after another; the position names the list, and only the last page of the last is last."""
        position = ask.position or {}
        first, length = int(position.get("phase", 0)), max(1, int(self.option("page_length")))
        for phase in range(first, len(lists)):
            part = replace(ask, position=position if phase == first else None)
            for page in by_offset(lists[phase], ask=part, length=length, rows_of=rows_of, prefix={"phase": phase}):
                if page.last and phase + 1 < len(lists):
                    page.last, page.position = False, {"phase": phase + 1, "start": 0}
                yield page


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


def _check(body: bytes) -> None:
    """Elryan tells errors with HTTP 200."""
    try:
        told = _envelope.decode(body.removeprefix(BOM))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return  # no envelope at all: whoever cuts the rows says so
    code = str(told.error_code).strip()
    if told.error_code is None or code in ("", "0"):
        return
    said = clean(told.message if isinstance(told.message, str) else "")
    if code in ("401", "403"):
        raise NeedsAuth(
            f"Elryan does not let us in (error_code {code}).", RENEW, "token" if code == "401" else "ip", said=said
        )
    raise Refused(
        f"Elryan refused with error_code {code[:40]}.",
        "What was stored before stays. Look at the vendor's words, and at the connection's paths.",
        said=said,
    )


def _search(start: int, length: int, wanted: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"start": start, "length": length, "search": dict(wanted or {})}


def _updated(row: bytes | memoryview) -> Any:
    try:
        return parse.moment(_changed.decode(row).updated)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _iso(at: Any) -> str:
    """`2026-04-03T21:17:42.306Z`, as Elryan writes times."""
    return str(at.strftime("%Y-%m-%dT%H:%M:%S.")) + f"{at.microsecond // 1000:03d}Z"
