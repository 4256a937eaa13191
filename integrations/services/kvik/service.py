"""kvik.shop: orders of one e-shop over its App API. The documents state how to connect, and no path: those are options."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from integrations import network
from integrations.auth import Auth, Bearer, ClientCredentials
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
from integrations.services.kvik.options import OPTIONS, TRIED
from integrations.services.kvik.prices import price
from integrations.services.kvik.reading import Orders

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
        """Opening the connection for a test has fetched a token: the only call the documents state."""
        facts = dict(self.fetched.facts) if self.fetched else {}
        return Verdict(True, message="The shop gives a token for this client id and secret.", facts=facts)

    def orders(self, ask: Ask) -> Iterator[Page]:
        orders = Orders(self.http, self.account, self.option)
        return orders.one_by_one(ask) if ask.only else orders.pages(ask)

    def price_for_user(self, given: Mapping[str, Any]) -> list[Fact]:
        return price(self.http, self.option, given)
