"""kvik.shop: orders of one e-shop over its App API. The documents state how to connect, and no path: those are options."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from integrations import network
from integrations.auth import Auth, Bearer, ClientCredentials, NoAuth
from integrations.http import Client
from integrations.numbers import key_from
from integrations.service import (
    Account,
    Ask,
    Fact,
    Fetched,
    Flow,
    Lookup,
    Option,
    Page,
    Preset,
    Rate,
    Secret,
    VendorService,
    Verdict,
    option_of,
)
from integrations.services.kvik import parse
from integrations.services.kvik.bridge import Bridge
from integrations.services.kvik.options import OPTIONS, TRIED
from integrations.services.kvik.prices import price
from integrations.services.kvik.reading import Orders
from integrations.services.kvik.verbs import VERBS, order_stands
from integrations.verbs import Doing, Found, Verb

PREFIX = "/api/app"  # "URL Structure": on the shop's own domain
TOKEN_PATH = "oauth/access_token"


class Service(VendorService):
    label: ClassVar[str] = "kvik.shop"
    summary: ClassVar[str] = "Orders of a kvik.shop e-shop over its App API, read by a mapping you can try and edit."
    role: ClassVar[str] = "shop"
    manual: ClassVar[str] = "https://docs.kvik.shop/app-api"
    presets: ClassVar[tuple[Preset, ...]] = (Preset("shop", "Shop", f"https://your-shop.example{PREFIX}"),)
    secrets: ClassVar[tuple[Secret, ...]] = (
        Secret("client_secret", "Client secret", help="Sent by kvik.shop when it switches the App API module on."),
        Secret(
            "bridge_password",
            "Password of the XML2DB bridge",
            help="Of the database user; only where the bridge is used.",
            follows=("bridge_host", "bridge_port", "bridge_tls"),
        ),
    )
    options: ClassVar[tuple[Option, ...]] = OPTIONS
    fetches: ClassVar[str] = "access_token"
    # No limit is documented; this is two calls a second, some of them at once.
    rate: ClassVar[Rate] = Rate(10, seconds=5.0)
    headers: ClassVar[Mapping[str, str]] = {"Accept-Encoding": "gzip"}  # "Compressed Responses Only": else 400
    time_zone: ClassVar[str] = "Europe/Prague"
    flows: ClassVar[Mapping[str, Flow]] = {
        "orders": Flow(
            "Orders",
            timedelta(minutes=5),
            timedelta(hours=1),
            key_from("id"),
            parse.order,
            room="orders",
            keyed=parse.keyed,
            tried=TRIED,
            full_every=timedelta(days=1),
            single=True,
            proven=False,
            help="New and changed ones.",
        ),
    }

    lookups: ClassVar[tuple[Lookup, ...]] = (
        Lookup(
            "price_for_user",
            "Price for a user",
            (
                Option("product", "Product", required=True, help="The shop's own id or code of it."),
                Option("user", "User", help="As the shop knows them: an id or an email. Empty: nobody in particular."),
            ),
            fills={"product": ("sku", "external_id")},
            proven=False,
        ),
    )

    verbs: ClassVar[Mapping[str, Verb]] = VERBS

    @classmethod
    def address(cls, given: str) -> str:
        """A shop's domain is enough. Plain http, which kvik.shop answers with 403, becomes https."""
        text = given if "://" in given else f"https://{given}"
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname or " " in text:
            raise ValueError(f"“{given[:100]}” is no shop's address. Write its domain, such as shop.example.com.")
        scheme = parts.scheme if network.is_allowed(parts.hostname) else "https"
        path = parts.path.rstrip("/") or PREFIX
        return parts._replace(scheme=scheme, path=path).geturl()

    @classmethod
    def auth(cls, account: Account, secrets: Mapping[str, str]) -> Auth:
        if not secrets.get("access_token"):
            if option_of(cls.options, account, "orders_source") == "bridge":
                return NoAuth(secrets.values())
            raise ValueError("There is no token, and no client id with a client secret to ask for one with.")
        return Bearer(secrets["access_token"])

    @classmethod
    def fetch_secret(cls, account: Account, secrets: Mapping[str, str], client: Client) -> Fetched | None:
        client_id = str(option_of(cls.options, account, "client_id")).strip()
        client_secret = secrets.get("client_secret", "")
        if not client_id or not client_secret:
            return None
        scope = str(option_of(cls.options, account, "scope"))
        return ClientCredentials(client_id, client_secret, scope).fetch(client, TOKEN_PATH)

    def probe(self) -> Verdict:
        """Opening the connection for a test has fetched a token: the only call the documents state. Then the bridge, if it is used."""
        facts = dict(self.fetched.facts) if self.fetched else {}
        if not self._uses("bridge"):
            return Verdict(True, message="The shop gives a token for this client id and secret.", facts=facts)
        facts |= dict(self._bridge().facts())
        also = "The shop gives a token, and the" if self._uses("api") else "The"
        return Verdict(True, message=f"{also} bridge's table can be read.", facts=facts)

    def orders(self, ask: Ask) -> Iterator[Page]:
        """From the App API, from the bridge, or from the bridge and then the App API; each goes on where it was."""
        if ask.only:
            yield from Orders(self.http, self.account, self.option).one_by_one(ask)
            return
        sources = [name for name in ("bridge", "api") if self._uses(name)]
        position = dict(ask.position or {})
        begun = sources.index(position["source"]) if position.get("source") in sources else 0
        known: dict[str, Any] = dict(position.get("known", {}))
        for place, source in enumerate(sources[begun:], begun):
            part = replace(ask, position=position.get("at") if place == begun and position else None)
            for page in self._pages(source, part):
                over, known = page.last, known | (page.cursor or {})
                page.last = over and place + 1 == len(sources)
                page.cursor = known if page.last else None
                following = {"source": sources[place + 1], "at": None} if over and not page.last else None
                page.position = {**(following or {"source": source, "at": page.position}), "known": known}
                yield page

    def _pages(self, source: str, ask: Ask) -> Iterator[Page]:
        return (
            self._bridge().pages(ask) if source == "bridge" else Orders(self.http, self.account, self.option).pages(ask)
        )

    def _uses(self, source: str) -> bool:
        return self.option("orders_source") in (source, "both")

    def _bridge(self) -> Bridge:
        return Bridge(self.http, self.option, self.secret)

    def order_stands(self, doing: Doing) -> Found:
        return order_stands(self.http, self.option, doing)

    def price_for_user(self, given: Mapping[str, Any]) -> list[Fact]:
        return price(self.http, self.option, given)
