"""What API2Cart posts: the signature's vectors, what a delivery is about, and webhooks kept up at the vendor."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integrations import asking, sweeping
from integrations.models import ApiCall, Callback, Schedule
from integrations.service import Account
from integrations.services.api2cart import signing, webhooks
from integrations.services.api2cart.tests.spec import Spec
from integrations.webhooks import addresses, reading, tending
from integrations.webhooks.hook import Posted
from orders.models import Order

KEY = "unit-test-signing-key"
ACCOUNT = Account("shop", "https://api.example", {})
STAMP, PROBE, ID = (f"X-Shipping-Service-{name}" for name in ("Request-Timestamp", "Test-Request", "Id"))
EMPTY = b'{"packages":[]}'
VECTORS = [
    ({STAMP: "1553177278", PROBE: "1"}, EMPTY, "Cm4jx8PwuOpFShCWN28JizuA+9Z0mRwx2RK69Ym+9g0="),
    ({ID: "7", STAMP: "1553177278"}, EMPTY, "U9hFSnVX1LyBqvLGvddJ2Bjrrj1nIIsn+yZMaYLFSlo="),
]


def posted(headers: Mapping[str, str], body: bytes = b"") -> Posted:
    return Posted("POST", headers, body)


@pytest.mark.parametrize(("headers", "body", "signature"), VECTORS)
def test_the_vectors_of_the_rule(headers: dict[str, str], body: bytes, signature: str) -> None:
    came = posted({**headers, "X-Shipping-Service-Signature": signature, "Host": "hub.example"}, body)
    assert signing.signature_of(headers, body, KEY) == signature
    assert signing.OF_RATES.good(came, KEY)
    lower = posted({name.lower(): value for name, value in came.headers.items()}, body)
    assert signing.OF_RATES.good(lower, KEY), "a server on the way may write names in small letters"
    assert not signing.OF_RATES.good(came, "another-key")
    assert not signing.OF_RATES.good(posted(came.headers, body + b" "), KEY), "the raw body counts, not what it says"
    assert not signing.OF_RATES.good(posted({**came.headers, "X-Shipping-Service-More": "1"}, body), KEY)
    assert not signing.OF_RATES.good(posted(headers, body), KEY), "no signature at all"


@pytest.mark.needs_shared
def test_the_vector_over_the_manuals_own_sample(shared: Path) -> None:
    """Its sample body, written compactly as PHP does, has the 1880 bytes the manual announces."""
    text = (shared / "vendors/manuals/api2cart-faq.txt").read_text().replace("\xa0", " ")
    begin = text.index("{", text.index('"packages": [') - 20)
    sample, _ = json.JSONDecoder().raw_decode(text, begin)
    body = json.dumps(sample, separators=(",", ":")).replace("/", "\\/").encode()
    assert len(body) == 1880
    headers = {STAMP: "1553609265", PROBE: "1"}
    assert signing.signature_of(headers, body, KEY) == "pCU+0v3bo12lv1gEtXp4CTlg3GkuoE74k7L/k4kUP4o="


def test_a_time_is_part_of_what_is_signed() -> None:
    sent = signing.OF_RATES.sent_at
    assert sent is not None
    found = sent(posted({STAMP: "1553177278"}))
    assert found is not None
    assert found.isoformat() == "2019-03-21T14:07:58+00:00"
    assert sent(posted({})) is None


def delivery(entity: str, action: str, body: Any = None, **more: str) -> Posted:
    headers = {
        "X-Webhook-Entity": entity,
        "X-Webhook-Action": action,
        "X-Webhook-Error-Code": "0",
        "X-Webhook-Store-Id": "1",
    }
    raw = b"" if body is None else json.dumps(body).encode()
    return posted({**headers, **{f"X-Webhook-{name.replace('_', '-')}": text for name, text in more.items()}}, raw)


@pytest.mark.parametrize(
    ("came", "event", "flow", "ids"),
    [
        (delivery("order", "update", {"id": "9", "order_id": "100000042"}), "order.update", "orders", ["100000042"]),
        (delivery("order", "add", {"result": {"id": 9}}), "order.add", "orders", ["9"]),
        (delivery("order", "delete", {"id": "9"}), "order.delete", "orders", ["9"]),
        (delivery("order.shipment", "add", {"id": "1", "order_id": "42"}), "order.shipment.add", "shipments", ["42"]),
        (delivery("return", "update", {"id": "1", "order_id": None}), "return.update", "returns", []),
        (delivery("product", "update", {"id": "5"}), "product.update", "products", []),
        (delivery("product.child_item", "update", {"id": "5", "parent_id": "2"}), "product.child_item.update", "variants", ["2"]),
        (delivery("subscriber", "add", {"id": "5"}), "subscriber.add", "", []),
        (delivery("order", "update"), "order.update", "orders", []),
    ],
)  # fmt: skip
def test_a_delivery_says_what_to_read(came: Posted, event: str, flow: str, ids: list[str]) -> None:
    found = webhooks.news(came, ACCOUNT)
    assert (found.event, found.flow, list(found.ids), found.trouble) == (event, flow, ids, "")


def test_a_lost_store_is_trouble_and_no_event() -> None:
    came = delivery(
        "order",
        "update",
        Error_Code="100",
        Error_Reason="Store is away",
        Error_Message="Timed out",
        Error_Try_Count="3",
    )
    found = webhooks.news(came, ACCOUNT)
    assert found.flow == ""
    assert found.trouble == "API2Cart lost the store (code 100). Store is away: Timed out Tries left: 3."
    assert "five failures" in found.cure


@pytest.mark.parametrize("body", [b"[1]", b"{", b'{"id": {"a": 1}}', b'{"id": 1.5}', b'"x"'])
def test_an_odd_body_is_told_and_not_guessed(body: bytes) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        webhooks.news(posted(delivery("order", "update").headers, body), ACCOUNT)


# -- kept up at the vendor

OURS = "https://hub.example/hooks/"
HERE = f"{OURS}new-path/"


class Account2Cart:
    """The vendor's side in memory: webhooks by id, and what was asked."""

    def __init__(self, *hooks: dict[str, Any]) -> None:
        self.hooks = {int(hook["id"]): hook for hook in hooks}
        self.failed: list[dict[str, Any]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.events = [("order", "add"), ("order", "update"), ("product", "update"), ("subscriber", "add")]

    def __call__(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append((method, dict(params)))
        page = slice(params.get("start", 0), params.get("start", 0) + params.get("count", 10))
        if method == "webhook.events":
            return {"events": [{"entity": entity, "action": action} for entity, action in self.events]}
        if method == "webhook.list":
            return {"webhook": [dict(hook) for hook in self.hooks.values()][page]}
        if method == "account.failed_webhooks":
            return {"all_failed_webhook": str(len(self.failed)), "webhook": self.failed[page]}
        if method == "webhook.create":
            number = max(self.hooks, default=0) + 1
            self.hooks[number] = {"id": number, **params}
            return {"id": number}
        number = int(params["id"])
        if method == "webhook.delete":
            del self.hooks[number]
        else:
            assert method == "webhook.update"
            self.hooks[number] |= {name: value for name, value in params.items() if name != "id"}
        return {}

    def tend(self, *flows: str, store_id: str = "") -> list[str]:
        return webhooks.tend(self, HERE, OURS, ACCOUNT, flows, store_id)

    def state(self) -> set[tuple[str, str, bool]]:
        return {(f"{h['entity']}.{h['action']}", h["callback"], bool(h["active"])) for h in self.hooks.values()}


def hook(
    number: int, event: str, callback: str = HERE, active: Any = True, label: str = "crossdock shop"
) -> dict[str, Any]:
    entity, _, action = event.partition(".")
    return {"id": number, "entity": entity, "action": action, "callback": callback, "active": active, "label": label}


def test_webhooks_are_made_for_flows_that_are_on_and_then_left_alone() -> None:
    vendor = Account2Cart()
    assert vendor.tend("orders", store_id="3") == [
        "Made the webhook for order.add.",
        "Made the webhook for order.update.",
    ]
    assert vendor.state() == {("order.add", HERE, True), ("order.update", HERE, True)}
    made = [params for method, params in vendor.asked if method == "webhook.create"]
    assert {(params["fields"], params["store_id"]) for params in made} == {("id,order_id,product_id,parent_id", "3")}
    assert vendor.tend("orders") == []
    assert vendor.tend("orders", "products") == ["Made the webhook for product.update."]
    assert vendor.tend("orders") == ["Removed the webhook for product.update: no flow that is on wants it."]


def test_what_is_off_is_switched_on_and_an_old_address_is_corrected() -> None:
    vendor = Account2Cart(
        hook(1, "order.add", active=False), hook(2, "order.update", f"{OURS}old-path/"), hook(3, "order.update"),
        hook(4, "order.add", "https://elsewhere.example/x", label="theirs"),
    )  # fmt: skip
    assert vendor.tend("orders") == [
        "Switched the webhook for order.add on again: API2Cart had switched it off.",
        "Removed a second webhook for order.update.",
    ]
    assert vendor.state() == {
        ("order.add", HERE, True), ("order.update", HERE, True), ("order.add", "https://elsewhere.example/x", True),
    }  # fmt: skip
    vendor = Account2Cart(hook(2, "order.update", f"{OURS}old-path/"), hook(5, "order.add"))
    assert vendor.tend("orders") == ["Gave the webhook for order.update the new address."]


def test_another_connections_webhook_is_not_ours() -> None:
    vendor = Account2Cart(hook(1, "order.add", f"{OURS}another/", label="crossdock other"))
    vendor.tend("orders")
    assert ("order.add", f"{OURS}another/", True) in vendor.state()
    assert len(vendor.hooks) == 3


def test_a_long_list_is_read_to_its_end_and_one_that_repeats_itself_too() -> None:
    vendor = Account2Cart(*(hook(n, "order.add", f"https://x.example/{n}", label="x") for n in range(1, 302)))
    assert vendor.tend("orders")[0] == "Made the webhook for order.add."
    starts = [params["start"] for method, params in vendor.asked if method == "webhook.list"]
    assert starts == [0, 250]
    same = [{"id": n, "entity": "order", "action": "add", "callback": "x"} for n in range(250)]
    asked: list[int] = []

    def endless(method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        asked.append(1)
        return {"webhook": same, "events": []}

    webhooks.tend(endless, HERE, OURS, ACCOUNT, ["orders"], "")
    assert len(asked) == 3


def test_only_this_stores_failures_are_read_again() -> None:
    vendor = Account2Cart(
        hook(1, "order.update"), hook(2, "product.update"), hook(9, "order.add", "https://x.example/")
    )
    vendor.failed = [
        {"webhook_id": 1, "entity_id": "42", "time": {"value": "2026-05-04T09:30:00+0000", "format": "x"}},
        {"webhook_id": 1, "entity_id": "42", "time": {"value": "2026-05-04T09:30:00+0000", "format": "x"}},
        {"webhook_id": 2, "entity_id": "5", "time": "2026-05-04"},
        {"webhook_id": 9, "entity_id": "7", "time": None},
        {"webhook_id": 1, "entity_id": None, "time": None},
    ]
    found = [(news.event, news.flow, list(news.ids), news.once) for news in webhooks.missed(vendor, HERE)]
    assert found == [
        ("order.update", "orders", ["42"], "missed:1:42:2026-05-04T09:30:00+0000"),
        ("product.update", "products", [], "missed:2:5:2026-05-04"),
    ]


def test_webhooks_can_be_taken_away() -> None:
    vendor = Account2Cart(hook(1, "order.add"), hook(2, "order.add", "https://x.example/"))
    assert webhooks.drop(vendor, HERE) == ["Removed the webhook for order.add."]
    assert list(vendor.hooks) == [2]


# -- from end to end, with the simulated account


@pytest.mark.django_db(transaction=True)
def test_a_store_gets_its_webhooks_and_what_was_missed_is_read(sim: Any, connected: Any, settings: Any) -> None:
    settings.HUB_PUBLIC_URL = "https://hub.example"
    vendor = connected("boutique")
    Schedule.objects.filter(vendor=vendor).update(due_at=timezone.now() + timedelta(hours=1))
    Schedule.objects.filter(vendor=vendor, flow="customers").update(enabled=False)
    callback = Callback.objects.select_related("vendor").get(vendor=vendor, hook="events")
    Callback.objects.filter(pk=callback.pk).update(active=True, tend_at=timezone.now())
    done = tending.tend(callback.pk)
    callback.refresh_from_db()
    assert callback.trouble == ""
    assert len(done) == 6
    assert {row["callback"] for row in sim.hooks} == {addresses.url_of(callback)}
    assert {row["entity"] for row in sim.hooks} == {"order", "product"}
    sim.hooks[0]["active"] = False
    order = sim.truth("orders")[0]
    update = next(row["id"] for row in sim.hooks if (row["entity"], row["action"]) == ("order", "update"))
    sim.failed_webhooks.append({"webhook_id": update, "entity_id": order["order_id"], "time": None})
    Callback.objects.filter(pk=callback.pk).update(tend_at=timezone.now())
    assert len(tending.tend(callback.pk)) == 2
    assert all(row["active"] for row in sim.hooks)
    reading.read(vendor.pk)
    [run] = asking.next_ones()
    sweeping.go_on(run.pk)
    assert [kept.external_id for kept in Order.objects.all()] == [order["order_id"]]
    Callback.objects.filter(pk=callback.pk).update(active=False, tend_at=timezone.now())
    tending.tend(callback.pk)
    assert sim.hooks == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.needs_shared
def test_every_request_about_webhooks_is_one_the_vendor_describes(
    sim: Any, connected: Any, settings: Any, shared: Path
) -> None:
    settings.HUB_PUBLIC_URL = "https://hub.example"
    spec, caught = Spec(shared), []
    vendor = connected("boutique", store_id="1")
    sim.fault("call", do=lambda _, request: caught.append((request.method, request.path, request.query, request.body)))
    for step in ("make", "mend", "replace", "drop"):
        for callback in Callback.objects.select_related("vendor").filter(vendor=vendor, hook__in=["events", "rates"]):
            if step == "mend" and callback.hook == "events":
                sim.hooks[0]["active"] = False
            if step == "replace":
                addresses.replace(callback)
            Callback.objects.filter(pk=callback.pk).update(active=step != "drop", tend_at=timezone.now())
            tending.tend(callback.pk)
            callback.refresh_from_db()
            assert callback.trouble == "", step
    assert {path.removeprefix("/v1.1/").removesuffix(".json") for _, path, _, _ in caught} >= {
        "webhook.events", "webhook.list", "webhook.create", "webhook.update", "webhook.delete", "account.failed_webhooks",
        "basket.live_shipping_service.list", "basket.live_shipping_service.create", "basket.live_shipping_service.delete",
    }  # fmt: skip
    for method, path, query, body in caught:
        path = path.removeprefix("/v1.1")
        assert spec.wrong_query(method, path, query) == []
        if body:
            assert spec.wrong_body(spec.body(method, path), json.loads(body)) == []


@pytest.mark.django_db(transaction=True)
def test_what_a_store_lacks_is_not_offered(sim: Any, connected: Any, run: Any) -> None:
    sim.stores[0] = replace(sim.stores[0], lacks=("basket.live_shipping_service.create",))
    vendor = connected("boutique")
    offered = {row.hook: addresses.lacks(row) for row in Callback.objects.filter(vendor=vendor)}
    assert set(offered.values()) == {""}, "nobody asked the store yet"
    run(vendor, "categories")
    found = {row.hook: addresses.lacks(row) for row in Callback.objects.select_related("vendor").filter(vendor=vendor)}
    assert [hook for hook, why in found.items() if why] == ["rates"]
    assert "Shopify has no basket.live_shipping_service.create" in found["rates"]


@pytest.mark.django_db(transaction=True)
def test_a_store_gets_its_rate_service(sim: Any, connected: Any, settings: Any) -> None:
    settings.HUB_PUBLIC_URL = "https://hub.example"
    vendor = connected("boutique")
    callback = Callback.objects.select_related("vendor").get(vendor=vendor, hook="rates")
    for active, left in ((True, 1), (True, 1), (False, 0)):
        Callback.objects.filter(pk=callback.pk).update(active=active, tend_at=timezone.now())
        tending.tend(callback.pk)
        callback.refresh_from_db()
        assert (callback.trouble, len(sim.rates)) == ("", left)
    path = addresses.path_of(callback).split("/")[2]
    [call] = ApiCall.objects.filter(method="POST")
    assert call.path.endswith("/basket.live_shipping_service.create.json")
    assert (call.query_names, path in str(call.__dict__)) == ("name,callback", False), (
        "the path is a secret, and in no log"
    )
