"""Elryan: an Iraqi marketplace. Catalogue, orders, transactions and packages read by searches without a total."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec

from integrations.auth import Auth, Bearer
from integrations.errors import NeedsAuth, Refused
from integrations.http import Client
from integrations.offsets import by_offset
from integrations.paging import encode
from integrations.service import (
    Account,
    Ask,
    Fetched,
    Flow,
    Option,
    Page,
    Preset,
    Rate,
    Secret,
    VendorService,
    Verdict,
    option_of,
)
from integrations.services.elryan.answers import login_of, row_of, rows_of
from integrations.services.elryan.fields import moment
from integrations.services.elryan.flows import FLOWS
from integrations.services.elryan.looking import (
    is_switched,
    line_is,
    listed,
    one_of,
    package_made,
    searched,
    stands,
    values_stand,
)
from integrations.services.elryan.looking_packages import MOVING, delivery_is, event_made, package_is, tracking_stands
from integrations.services.elryan.options import OPTIONS
from integrations.services.elryan.verbs import VERBS
from integrations.verbs import Doing, Found, Verb

OVERLAP = timedelta(hours=24)  # neither the order of a search nor its filter is documented
KINDS = ("vendorbill", "vendorcredit", "vendorpayment")
Fetch = Callable[[int, int], bytes]


class _Changed(msgspec.Struct, rename={"updated": "updatedTime"}):
    updated: Any = None


_changed = msgspec.json.Decoder(_Changed)


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
        Secret(
            "password",
            "Password",
            help="With the email, fetches a token; then the hub also learns when the shop is on vacation.",
        ),
    )
    options: ClassVar[tuple[Option, ...]] = OPTIONS
    flows: ClassVar[Mapping[str, Flow]] = FLOWS
    verbs: ClassVar[Mapping[str, Verb]] = VERBS
    fetches: ClassVar[str] = "token"
    never: ClassVar[tuple[str, ...]] = ("cron/start",)  # anybody may call it, and it starts Elryan's own job
    rate: ClassVar[Rate] = Rate(1, 0)
    time_zone: ClassVar[str] = "Asia/Baghdad"
    currency: ClassVar[str] = "USD"

    @classmethod
    def auth(cls, account: Account, secrets: Mapping[str, str]) -> Auth:
        if not secrets.get("token"):
            raise ValueError("There is no token, and no email and password to fetch one with.")
        return Bearer(secrets["token"])

    @classmethod
    def fetch_secret(cls, account: Account, secrets: Mapping[str, str], client: Client) -> Fetched | None:
        """A token for email and password. The answer echoes the password: nothing of it is quoted, kept or decoded."""
        email, password = str(option_of(cls.options, account, "email")).strip(), secrets.get("password", "")
        if not email or not password:
            return None
        path = str(option_of(cls.options, account, "token_path"))
        try:
            token, facts, warning = login_of(
                client.post_read(path, {"email": email, "password": password}, quiet=True).body
            )
        except NeedsAuth as refused:
            if refused.cause == "ip":
                raise
            token, facts, warning = "", {}, ""
        if not token:
            raise NeedsAuth(
                "Elryan gives no token for this email and password.",
                "Correct the email and the password, or set a token.",
                cause="token",
                method="POST",
                path=path,
            )
        return Fetched(token, facts=facts, warning=warning)

    def probe(self) -> Verdict:
        """The health check, which needs no token, then the smallest documented search."""
        self.http.get("health-check")
        found = rows_of(self._post("categories/search", _search(0, 1)))
        facts = {"categories": "some" if found else "none yet"}
        if self.fetched is None:
            return Verdict(True, message="The token is accepted.", facts=facts)
        message = "Email and password are accepted; the token they gave is stored."
        return Verdict(True, message=message, facts={**facts, **self.fetched.facts})

    # -- flows

    def categories(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, "categories/search", self._path("category"))

    def brands(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, "brands/search", self._path("brand"))

    def attributes(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, "attributes/search", "attributes/get")

    def attribute_values(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, self._path("attribute_values"), self._path("attribute_value"))

    def products(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, "products/search", self._path("product"))

    def variants(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, self._path("variants"), "variants/get")

    def orders(self, ask: Ask) -> Iterator[Page]:
        """All order lines, or those changed since a day before the last run's newest; then the unfulfilled ones."""
        if ask.only:
            yield from self._one_by_one(ask, self._path("order"))
            return
        newest = moment((ask.position or ask.cursor).get("updated"))
        since, name = moment(ask.cursor.get("updated")), str(self.option("updated_filter"))
        wanted = {name: _iso(since - OVERLAP)} if name and since and not ask.full else {}
        lists = [self._search_of(self._path("orders"), wanted)]
        if self.option("unfulfilled"):
            path = self._path("unfulfilled")
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
        texts = [msgspec.json.decode(row) for row in rows_of(self.http.get(self._path("cancel_reasons")).body)]
        yield Page([encode({"name": text}) for text in texts], last=True, total=len(texts))

    def transactions(self, ask: Ask) -> Iterator[Page]:
        """The three kinds one after another, always from the start: there is no filter by date."""
        if ask.only:
            return self._one_by_one(ask, self._path("transaction"))
        return self._phases(ask, [self._search_of("transactions/search", {"recordType": kind}) for kind in KINDS])

    def packages(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, self._path("packages"), self._path("package"))

    def trackings(self, ask: Ask) -> Iterator[Page]:
        return self._searched(ask, self._path("trackings"), self._path("tracking"))

    def deliveries(self, ask: Ask) -> Iterator[Page]:
        """One call for each id the connection follows; the slash at the end is the manual's."""
        ids = tuple(filter(None, (text.strip() for text in str(self.option("delivery_ids")).split(","))))
        return self._one_by_one(replace(ask, only=ask.only or ids), self._path("deliveries"), "/")

    # -- what became of a write

    def line_cancelled(self, doing: Doing) -> Found:
        return line_is(self.http, self._path("order"), doing, "cancel", gone=True)

    def line_prepared(self, doing: Doing) -> Found:
        """No document says what a prepared line is called: another state proves nothing."""
        return line_is(self.http, self._path("order"), doing, "prepar", gone=False)

    def values_stand(self, doing: Doing) -> Found:
        return values_stand(self.http, doing)

    def switched_on(self, doing: Doing) -> Found:
        return is_switched(self._one_of(doing), doing, active=True)

    def switched_off(self, doing: Doing) -> Found:
        return is_switched(self._one_of(doing), doing, active=False)

    def _one_of(self, doing: Doing) -> Any:
        """The variant or the product as Elryan has it now."""
        name, path = ("sku", "variants/get") if "sku" in doing.body else ("spu", self._path("product"))
        return one_of(self.http, path, str(doing.body[name]))

    def parent_is_there(self, doing: Doing) -> None:
        """Parents first. Raises errors.Refused when Elryan does not list the category this one is to hang under."""
        parent = doing.body.get("remote_parent_id")
        if parent and listed(self.http, "categories/search", parent) is None:
            raise Refused(
                f"Elryan does not list {parent}, under which this category is to hang.",
                "Send the parent first, then this one again.",
            )

    def category_stands(self, doing: Doing) -> Found:
        return stands(listed(self.http, "categories/search", doing.body["remote_id"]), doing.body)

    def brand_stands(self, doing: Doing) -> Found:
        return stands(listed(self.http, "brands/search", doing.body["remote_id"]), doing.body)

    def attribute_stands(self, doing: Doing) -> Found:
        return stands(listed(self.http, "attributes/search", doing.body["remote_id"]), doing.body)

    def attribute_value_stands(self, doing: Doing) -> Found:
        return stands(listed(self.http, self._path("attribute_values"), doing.body["remote_id"]), doing.body)

    def variant_stands(self, doing: Doing) -> Found:
        return stands(self._one_of(doing), doing.body)

    def product_stands(self, doing: Doing) -> Found:
        """The product, and each of its variants."""
        found = stands(self._one_of(doing), {n: value for n, value in doing.body.items() if n != "variants"})
        for variant in doing.body["variants"] if found.done else ():
            found = stands(one_of(self.http, "variants/get", str(variant["sku"])), variant)
            if not found.done:
                break
        return found

    def package_made(self, doing: Doing) -> Found:
        return package_made(self.http, self._path("packages"), doing)

    def package_cancelled(self, doing: Doing) -> Found:
        return package_is(self._package(doing), doing, "cancelled")

    def package_sent(self, doing: Doing) -> Found:
        return package_is(self._package(doing), doing, *MOVING)

    def _package(self, doing: Doing) -> Any:
        return one_of(self.http, self._path("package"), str(doing.body["package"]))

    def tracking_stands(self, doing: Doing) -> Found:
        wanted = {"start": 0, "length": 10, "search": {"package_id": doing.body["package_id"]}}
        return tracking_stands(searched(self.http, self._path("trackings"), wanted), doing)

    def delivery_stands(self, doing: Doing) -> Found:
        return delivery_is(one_of(self.http, self._path("deliveries"), doing.body["delivery"], "/"), doing)

    def event_made(self, doing: Doing) -> Found:
        return event_made(one_of(self.http, self._path("deliveries"), doing.body["delivery"], "/"), doing)

    # -- calls

    def _post(self, path: str, body: Mapping[str, Any]) -> bytes:
        return self.http.post_read(path, body).body

    def _search_of(self, path: str, wanted: Mapping[str, Any]) -> Fetch:
        return lambda start, length: self._post(path, _search(start, length, wanted))

    def _path(self, name: str) -> str:
        return str(self.option(f"{name}_path")).rstrip("/")

    def _searched(self, ask: Ask, path: str, one: str) -> Iterator[Page]:
        """The whole list; or one by one the rows an operator named, each by its own call."""
        return self._one_by_one(ask, one) if ask.only else self._phases(ask, [self._search_of(path, {})])

    def _one_by_one(self, ask: Ask, path: str, end: str = "") -> Iterator[Page]:
        total, done = len(ask.only), int((ask.position or {}).get("start", 0))
        if done >= total:
            yield Page([], last=True, total=total)
        for place, key in enumerate(ask.only[done:], start=done + 1):
            if not key or key in (".", ".."):
                raise Refused(f"“{key[:50]}” is no id.", "Correct what was asked for.")
            row = row_of(self.http.get(f"{path}/{quote(key, safe='')}{end}").body)
            yield Page([row], position={"start": place}, last=place == total, total=total)

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


def _search(start: int, length: int, wanted: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"start": start, "length": length, "search": dict(wanted or {})}


def _updated(row: bytes | memoryview) -> datetime | None:
    try:
        return moment(_changed.decode(row).updated)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _iso(at: datetime) -> str:
    """`2026-04-03T21:17:42.306Z`, as Elryan writes times."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
