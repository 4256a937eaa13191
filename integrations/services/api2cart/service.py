"""API2Cart: one API for some seventy shop systems and marketplaces. One connection is one store of an API2Cart account."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from integrations.auth import Auth, Keys
from integrations.errors import BadPayload, NeedsAuth, Refused
from integrations.http import Client
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
    Verdict,
    option_of,
)
from integrations.services.api2cart import answers, deletion, plugin, rates, webhooks
from integrations.services.api2cart.account import AccountStores
from integrations.services.api2cart.children import MANY, ONE, by_parents
from integrations.services.api2cart.cursors import by_cursor
from integrations.services.api2cart.flows import FLOWS, METHOD, fields_of
from integrations.services.api2cart.looking_details import DetailsLookedUp
from integrations.services.api2cart.looking_goods import GoodsLookedUp
from integrations.services.api2cart.looking_options import OptionsLookedUp
from integrations.services.api2cart.looking_orders import OrdersLookedUp
from integrations.services.api2cart.methods import METHODS, Method, checked
from integrations.services.api2cart.options import OPTIONS
from integrations.services.api2cart.platforms import Platform, platform_of, size_of, windows
from integrations.services.api2cart.reading import PATIENCE
from integrations.services.api2cart.stores import as_address, key_for
from integrations.services.api2cart.verbs import VERBS, lacking
from integrations.stores import Stores
from integrations.verbs import Verb
from integrations.webhooks.hook import Hook, News, Posted, Proved

HOOKED: Mapping[str, str] = {"events": "webhook.create", "rates": "basket.live_shipping_service.create"}
HISTORY = ("orders", "returns", "abandoned_carts")


class Service(OrdersLookedUp, GoodsLookedUp, DetailsLookedUp, OptionsLookedUp):
    label: ClassVar[str] = "API2Cart"
    summary: ClassVar[str] = "Shops and marketplaces behind API2Cart: products, customers, orders, shipments, returns."
    role: ClassVar[str] = "shop"
    manual: ClassVar[str] = "https://docs.api2cart.com"
    presets: ClassVar[tuple[Preset, ...]] = (Preset("production", "Production", "https://api.api2cart.com/v1.1"),)
    secrets: ClassVar[tuple[Secret, ...]] = (
        Secret("api_key", "API key of the account", help="32 characters, from the API2Cart account.", required=True),
        Secret("store_key", "Store key", help="Of this one store. Leave it out and give the store's address instead."),
    )
    options: ClassVar[tuple[Option, ...]] = OPTIONS
    flows: ClassVar[Mapping[str, Flow]] = FLOWS
    verbs: ClassVar[Mapping[str, Verb]] = VERBS
    patience: ClassVar[float] = PATIENCE
    hooks: ClassVar[Mapping[str, Hook]] = {
        "events": webhooks.HOOK,
        "rates": rates.HOOK,
        "plugin": plugin.HOOK,
        "deletion": deletion.HOOK,
    }
    fetches: ClassVar[str] = "store_key"
    learns: ClassVar[timedelta | None] = timedelta(days=1)
    rate: ClassVar[Rate] = Rate(5, within=Rate(10), shared_by="api_key")
    stores: ClassVar[type[Stores] | None] = AccountStores

    # -- signing

    @classmethod
    def auth(cls, account: Account, secrets: Mapping[str, str]) -> Auth:
        if not secrets.get("store_key"):
            raise ValueError("There is no store key, and no store of this account has the address among the options.")
        return Keys(x_api_key=secrets["api_key"], x_store_key=secrets["store_key"])

    @classmethod
    def account_auth(cls, account: Account, secrets: Mapping[str, str]) -> Auth:
        return Keys(x_api_key=secrets["api_key"])

    @classmethod
    def fetch_secret(cls, account: Account, secrets: Mapping[str, str], client: Client) -> Fetched | None:
        """The key of the store with the connection's address; of the only store there is, where no address is given."""
        if not secrets.get("api_key"):
            return None
        whole = cls(account, client.signed(Keys(x_api_key=secrets["api_key"])))
        whole.http.explain_with(whole.explained)
        wanted = str(option_of(cls.options, account, "store_url")).strip()
        found = key_for(whole.carts(), wanted)
        if found is None:
            where = f"with the address {wanted}" if wanted else "to choose: it has several, or none"
            raise NeedsAuth(
                f"The API2Cart account has no store {where}.",
                "Give the store's address as API2Cart lists it, or set its store key (token).",
                cause="token",
            )
        return Fetched(found["store_key"], facts={"store": as_address(found.get("url", ""))})

    def explained(self, status: int, body: bytes, wrote: bool) -> Exception | None:
        return answers.explained(status, body, wrote, self._limited)

    def _limited(self, code: int) -> None:
        """Keep every process away for a moment: from the account for its limit, else from this store."""
        budget = self.http.budget
        if budget:
            (budget.within if code == 10 and budget.within else budget).close(answers.AWAY)

    # -- what this store is and can

    def carts(self) -> list[dict[str, Any]]:
        """The account's stores: id, url, store_key, cart_id, custom_label. What is wrong with the answer is not quoted."""
        try:
            return [row for row in answers.result_of(self._call("account.cart.list", {})).get("carts") or [] if row]
        except BadPayload as error:
            error.said = ""
            raise

    def abilities(self) -> Mapping[str, Any]:
        """The shop system, its methods, and what its prices and weights are in."""
        methods = self._told("cart.methods").get("method")
        found: dict[str, Any] = {"methods": sorted(map(str, methods)) if isinstance(methods, list) else []}
        found["platform"] = str(self.option("platform")).strip() or self._platform_listed()
        fields = (
            "{return_code,return_message,result{name,url,version,stores_info{store_id,currency,timezone,weight_unit}}}"
        )
        info = self._told("cart.info", response_fields=fields)
        wanted = str(self.option("store_id"))
        shops = [shop for shop in info.get("stores_info") or [] if isinstance(shop, dict)]
        shop = next((one for one in shops if str(one.get("store_id")) == wanted), shops[0] if shops else {})
        currency = shop.get("currency") or {}
        words = {
            "name": info.get("name"),
            "url": info.get("url"),
            "currency": currency.get("iso3") if isinstance(currency, dict) else currency,
            "weight_unit": shop.get("weight_unit"),
            "time_zone": shop.get("timezone"),
        }
        return {**found, **{name: str(word) for name, word in words.items() if word}}

    def _platform_listed(self) -> str:
        """The shop system as the account's list names it; the list is compared here, so that no key goes into an address."""
        mine = (row for row in self.carts() if row.get("store_key") in self.http.hidden())
        return next((str(row.get("cart_id") or "") for row in mine), "")

    def _told(self, method: str, **params: Any) -> dict[str, Any]:
        """An answer's object; {} where this store does not know the method."""
        try:
            return answers.result_of(self._call(method, params))
        except Refused:
            return {}

    @classmethod
    def lacks(cls, flow: str, account: Account) -> str:
        methods, cart_id = account.abilities.get("methods"), str(account.abilities.get("platform", ""))
        shop = cart_id or "this shop system"
        if methods and METHOD.get(flow) not in methods:
            return f"Not offered: {shop} has no {METHOD[flow]} in API2Cart."
        if flow == "variants" and cls._listed(account, platform_of(cart_id)):
            return f"Not needed: {shop} lists each variant as a product of its own."
        return ""

    @classmethod
    def lacks_verb(cls, verb: str, account: Account) -> str:
        return lacking(verb, account)

    @classmethod
    def lacks_hook(cls, hook: str, account: Account) -> str:
        methods, wanted = account.abilities.get("methods"), HOOKED.get(hook)
        if not methods or not wanted or wanted in methods:
            return ""
        return f"Not offered: {account.abilities.get('platform') or 'this shop system'} has no {wanted} in API2Cart."

    @classmethod
    def _listed(cls, account: Account, platform: Platform) -> bool:
        told = str(option_of(cls.options, account, "variants_are"))
        return platform.listed if told == "auto" else told == "listed"

    def probe(self) -> Verdict:
        """Whether API2Cart reaches the store with the credentials it has."""
        self._call("cart.validate", {})
        found = self._told("cart.info", response_fields="{return_code,return_message,result{name,url}}")
        facts = {name: str(found[name]) for name in ("name", "url") if found.get(name)}
        return Verdict(True, message="API2Cart accepts the keys and reaches the store.", facts=facts)

    # -- flows

    def categories(self, ask: Ask) -> Iterator[Page]:
        return self._listing("categories", ask, filtered=False)

    def products(self, ask: Ask) -> Iterator[Page]:
        return self._listing("products", ask)

    def variants(self, ask: Ask) -> Iterator[Page]:
        return self._children("variants", ask, "product_id", ONE, "parent_id")

    def customers(self, ask: Ask) -> Iterator[Page]:
        return self._listing("customers", ask, include_guests=bool(self.option("include_guests")))

    def order_statuses(self, ask: Ask) -> Iterator[Page]:
        """The store's words for orders, then those for returns where it has any; one page."""
        found = [("order", row) for row in self._words("order.status.list")]
        if "return.status.list" in (self.account.abilities.get("methods") or ()):
            found += [("return", row) for row in self._words("return.status.list")]
        rows = [encode({**row, "subject": subject}) if isinstance(row, dict) else encode(row) for subject, row in found]
        yield Page(rows, last=True, total=len(rows))

    def return_reasons(self, ask: Ask) -> Iterator[Page]:
        return self._choices("return_reasons")

    def return_actions(self, ask: Ask) -> Iterator[Page]:
        return self._choices("return_actions")

    def orders(self, ask: Ask) -> Iterator[Page]:
        if not ask.only:
            return self._listing("orders", ask, allow_user_defined_order_statuses=True)
        return self._named("orders", ask, "order_ids")

    def shipments(self, ask: Ask) -> Iterator[Page]:
        return self._children("shipments", ask, "order_id", ONE, "order_id")

    def returns(self, ask: Ask) -> Iterator[Page]:
        if self._platform.returns == "orders":
            return self._children("returns", ask, "order_ids", MANY, "order_id")
        return self._listing("returns", ask)

    def transactions(self, ask: Ask) -> Iterator[Page]:
        return self._children("transactions", ask, "order_ids", MANY, "order_id")

    def abandoned_carts(self, ask: Ask) -> Iterator[Page]:
        return self._listing("abandoned_carts", ask)

    # -- what it posts to us

    def tend_hook(self, hook: str, address: str, flows: Collection[str]) -> Sequence[str]:
        ours, store_id = address.rstrip("/").rpartition("/")[0] + "/", str(self.option("store_id"))
        if hook == "rates":
            return rates.tend(self._do, address, ours, store_id)
        return webhooks.tend(self._do, address, ours, self.account, flows, store_id)

    def drop_hook(self, hook: str, address: str) -> Sequence[str]:
        return rates.drop(self._do, address) if hook == "rates" else webhooks.drop(self._do, address)

    def missed_news(self, hook: str, address: str) -> Iterable[News]:
        return webhooks.missed(self._do, address) if hook == "events" else ()

    def prove(self, hook: str, posted: Posted) -> Proved:
        return plugin.prove(lambda system, told: AccountStores(self).add(system, told, check=True), posted)

    def _do(self, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """A method's result, whether it reads or changes something. What changes holds addresses and keys: it is not quoted."""
        method, given = checked(name, params)
        if method.verb == "GET":
            return answers.result_of(self._call(name, params))
        body, query = (given, None) if method.carries == "json" else (None, given)
        answer = self.http.write(
            method.verb, method.path, body, params=query, total=PATIENCE, read=PATIENCE - 10, quiet=True
        )
        return answers.result_of(answer.body)

    # -- how they ask

    @property
    def _platform(self) -> Platform:
        return platform_of(str(self.option("platform")) or str(self.account.abilities.get("platform", "")))

    def _listing(self, flow: str, ask: Ask, *, filtered: bool = True, **more: Any) -> Iterator[Page]:
        """The whole list, or what changed since the last run, in the windows this shop system takes."""
        platform, now = self._platform, ask.started_at
        since = self._since(ask)
        if since is None and flow in HISTORY and (days := int(self.option("history_days"))):
            since = now - timedelta(days=days)
        written, by = str(self.option("times")), str(self.option("changed_by"))
        filtered = filtered and by != "nothing"
        spans = windows(platform, flow, since, now, "" if written == "auto" else written, by) if filtered else [{}]
        shared = {**self._shared(flow), **more}
        kinds: tuple[dict[str, Any], ...] = ({},)
        if flow == "returns" and platform.return_types:
            kinds = tuple({"return_type": kind} for kind in platform.return_types)
        filters = [{**shared, **kind, **span} for kind in kinds for span in spans]
        return by_cursor(
            self._call, METHOD[flow], filters, ask=ask, size=self._size(flow), cursor=self._cursor(ask, filtered)
        )

    def _children(self, flow: str, ask: Ask, named: str, parents: int, whose: str) -> Iterator[Page]:
        return by_parents(
            self._call,
            METHOD[flow],
            self._shared(flow),
            named,
            ask=ask,
            size=self._size(flow),
            parents=parents,
            whose=whose,
            cursor=self._cursor(ask, True),
        )

    def _named(self, flow: str, ask: Ask, named: str) -> Iterator[Page]:
        """Rows an operator named."""
        filters = [
            {**self._shared(flow), named: ",".join(ask.only[start : start + MANY])}
            for start in range(0, len(ask.only), MANY)
        ]
        return by_cursor(self._call, METHOD[flow], filters, ask=ask, size=self._size(flow))

    def _choices(self, flow: str) -> Iterator[Page]:
        """What the store lets one choose from, on one page. An empty answer does not say that it is all gone."""
        method = METHODS[METHOD[flow]]
        rows = answers.rows_of(self._call(method.name, self._of_store(method)), method.rows)
        yield Page(rows, last=True, total=len(rows), gaps=not rows, note="" if rows else "The store named none.")

    def _of_store(self, method: Method) -> dict[str, Any]:
        """The shop and language the connection names, as far as a method takes them."""
        names = (name for name in ("store_id", "lang_id") if name in method.params)
        return {name: str(value) for name in names if (value := self.option(name))}

    def _words(self, method: str) -> list[Any]:
        params = {"allow_user_defined_order_statuses": True} if method == "order.status.list" else {}
        found = answers.result_of(self._call(method, params)).get(METHODS[method].rows)
        return found if isinstance(found, list) else []

    def _shared(self, flow: str) -> dict[str, Any]:
        """What every list is asked with: its fields, and the shop and language the connection names."""
        return {"response_fields": fields_of(flow), **self._of_store(METHODS[METHOD[flow]])}

    def _size(self, flow: str) -> int:
        return size_of(self._platform, flow, int(self.option("page_size")))

    @staticmethod
    def _since(ask: Ask) -> datetime | None:
        told = ask.cursor.get("since")
        return datetime.fromisoformat(told) if told and not ask.full else None

    def _cursor(self, ask: Ask, filtered: bool) -> dict[str, Any] | None:
        """Where the next run begins: this one's beginning less the overlap, so that nothing slips by between two clocks."""
        if not filtered:
            return None
        return {"since": (ask.started_at - timedelta(minutes=int(self.option("overlap")))).isoformat()}
