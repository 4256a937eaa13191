"""Addresses of ours that answer: live rates in a shop's form, a plugin that asks to be connected, eBay's notices."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_public_key
from django.test import Client

from integrations import vault
from integrations.models import Callback, ShippingRate, ShippingZone, Vendor, WebhookDelivery
from integrations.service import Account
from integrations.services.api2cart import deletion, plugin, rates
from integrations.stores import Store
from integrations.webhooks import addresses, reading
from integrations.webhooks.hook import Posted, Reply

ACCOUNT = Account("shop", "https://api.example", {})
WOO = Account("shop", "https://api.example", {"platform": "WoocommerceApi"})


# -- live rates


@pytest.fixture
def table(db: None) -> None:
    vendor = Vendor.objects.create(kind="elko", name="Shop", slug="shop")
    zone = ShippingZone.objects.create(vendor=vendor, name="Baltic", countries="LV,LT,EE")
    shared: dict[str, Any] = {"vendor": vendor, "currency": "EUR"}
    ShippingRate.objects.create(
        **shared, zone=zone, name="Courier", code="courier", price="10.56", description="To the door", days_min=1,
        days_max=3, weight_below=20, taxable=False,
    )  # fmt: skip
    ShippingRate.objects.create(**shared, zone=None, name="Post", code="post", price=25)


def package(number: Any, country: str = "LV", *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    default = {"price": 10, "quantity": 2, "total_price": None, "weight_unit": "kg", "weight": 0.5}
    return {
        "id": number, "currency_code": "EUR", "items": list(items) or [default],
        "destination": {"postcode": "LV-1010", "country": {"code2": country}, "state": {"code": None}}, **more,
    }  # fmt: skip


def ask(*packages: Any, account: Account = ACCOUNT, **headers: str) -> Any:
    found = rates.answer(Posted("POST", headers, json.dumps({"packages": packages}).encode()), account, 1)
    assert found.status == 200
    return json.loads(found.body, parse_float=Decimal)["packages_rates"]


def test_each_package_has_its_entry(table: None) -> None:
    heavy = {"price": 1, "quantity": 1, "weight_unit": "kg", "weight": 20}
    unknown = {"price": 1, "quantity": 1, "weight_unit": "stone", "weight": 1}
    told = ask(
        package(1), package("2", "US"), package(3, "LV", heavy), package(4, "LV", unknown), package(5, items=None)
    )
    assert [one["package_id"] for one in told] == ["1", "2", "3", "4", "5"]
    assert [[rate["code"] for rate in one["rates"]] for one in told] == [["courier"], *[["post"]] * 4]
    assert ask() == []


def test_the_answer_has_the_shops_form(table: None) -> None:
    [[rate]] = [one["rates"] for one in ask(package(1))]
    assert isinstance(rate["total_cost"], Decimal), "a number, never a text"
    assert (rate["total_cost"], rate["currency"], rate["name"]) == (Decimal("10.56"), "EUR", "Courier")
    assert rate["description"] == "To the door"
    days = [(rate[name] - time.time()) / 86_400 for name in ("min_delivery_timestamp", "max_delivery_timestamp")]
    assert [round(number) for number in days] == [1, 3]
    assert "taxable" not in rate
    [[rate]] = [one["rates"] for one in ask(package(1), account=WOO)]
    assert rate["taxable"] is False
    assert "tax_value" not in rate


@pytest.mark.parametrize(
    ("unit", "weight", "code"),
    [("lb", 44, "courier"), ("LB", 44.1, "post"), ("g", 19999, "courier"), ("oz", 705, "courier"), ("oz", 706, "post")],
)
def test_weights_are_told_in_many_units(table: None, unit: str, weight: float, code: str) -> None:
    item = {"price": 1, "quantity": 1, "weight_unit": unit, "weight": weight}
    assert ask(package(1, "LV", item))[0]["rates"][0]["code"] == code


def test_a_probe_is_answered_like_a_question(table: None) -> None:
    headers = {"X-Shipping-Service-Test-Request": "1"}
    found = rates.answer(Posted("POST", headers, b'{"packages":[]}'), ACCOUNT, 1)
    assert (found.status, found.body) == (200, b'{"packages_rates":[]}')
    assert "probe" in found.note


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"packages": {}, "x": 1', b'{"packages": [{}]}', b'{"packages": [1]}']
)
def test_a_question_that_cannot_be_read_gets_no_made_up_answer(table: None, body: bytes) -> None:
    assert rates.answer(Posted("POST", {}, body), ACCOUNT, 1).status == 400


class Services:
    """The store's rate services in memory."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = {row["id"]: row for row in rows}

    def __call__(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        verb = method.rpartition(".")[2]
        if verb == "list":
            return {"live_shipping_services": list(self.rows.values())[params["start"] :][: params["count"]]}
        if verb == "delete":
            return {"status": bool(self.rows.pop(params["id"]))}
        assert verb == "create"
        self.rows[99] = {"id": 99, **params, "callback_err_cnt": 0, "enabled_on_store": True}
        return {"id": 99}


def test_a_rate_service_is_made_mended_and_taken_away() -> None:
    ours, here = "https://hub.example/hooks/", "https://hub.example/hooks/new/"
    store = Services({"id": 1, "name": "Theirs", "callback": "https://x.example/", "enabled_on_store": True})
    assert rates.tend(store, here, ours, "3") == ["Made the rate service."]
    assert store.rows[99]["store_id"] == "3"
    assert rates.tend(store, here, ours, "") == []
    store.rows[99] |= {"callback_err_cnt": 4, "enabled_on_store": False}
    assert rates.tend(store, here, ours, "") == [
        "The shop has switched live rates off: switch them on there.",
        "4 questions in a row went unanswered: see the inbox.",
    ]
    store.rows[99]["callback"] = f"{ours}old/"
    assert rates.tend(store, here, ours, "") == [
        "Removed the rate service of an older address.",
        "Made the rate service.",
    ]
    assert rates.drop(store, here) == ["Removed the rate service."]
    assert list(store.rows) == [1]


# -- the plugin

PAIR = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = PAIR.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
TOLD = {
    "bridge_url": "https://shop.example/bridge2cart/bridge.php",
    "store_key": "k" * 32,
    "store_root": "/",
    "store_url": "https://shop.example",
}
OAEP, PKCS1 = padding.OAEP(padding.MGF1(SHA1()), SHA1(), None), padding.PKCS1v15()


def sealed(told: Any, way: Any = OAEP, pair: rsa.RSAPrivateKey = PAIR) -> bytes:
    """As the plugins do it: equal parts, each encrypted, joined, base64, in one member."""
    text = (told if isinstance(told, str) else json.dumps(told).replace("/", "\\/")).encode()
    size = 100
    parts = [pair.public_key().encrypt(text[start : start + size], way) for start in range(0, len(text), size)]
    return json.dumps({"data": base64.b64encode(b"".join(parts)).decode()}).encode()


def plugged(body: bytes, event: str = "connect", at: float | None = None, key: str = PEM) -> Posted:
    stamp = str(int(at if at is not None else time.time()))
    headers = {"X-Webhook-Cart-Id": "Woocommerce", "X-Webhook-Timestamp": stamp}
    return Posted("POST", headers | ({"X-Webhook-Event": event} if event else {}), body, key=key)


@pytest.mark.parametrize("way", [OAEP, PKCS1], ids=["oaep", "pkcs1"])
def test_both_paddings_are_read(way: Any) -> None:
    assert plugin.message_of(plugged(sealed(TOLD, way))) == TOLD


def test_an_older_plugin_names_no_event() -> None:
    assert plugin.news(plugged(sealed(TOLD), event=""), ACCOUNT).event == "plugin.connect"


ODD = {
    "another key": sealed(TOLD, pair=rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "another key, the older padding": sealed(
        TOLD, PKCS1, rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ),
    "not a whole number of parts": json.dumps({"data": base64.b64encode(b"x" * 100).decode()}).encode(),
    "no base64": b'{"data": "%%%"}',
    "nothing": b'{"data": ""}',
    "no JSON inside": sealed("connect me"),
    "a member missing": sealed({name: TOLD[name] for name in ("store_key", "store_url", "bridge_url")}),
    "a list": sealed([1]),
}


@pytest.mark.parametrize("what", ODD)
def test_whatever_is_wrong_the_text_is_the_same(what: str) -> None:
    with pytest.raises(ValueError, match="could not be read") as wrong:
        plugin.message_of(plugged(ODD[what]))
    assert str(wrong.value) == plugin.UNREADABLE


@pytest.mark.parametrize(
    ("came", "why"),
    [
        (lambda: plugged(sealed(TOLD), at=time.time() - 600), "five minutes"),
        (lambda: plugged(sealed(TOLD), at=time.time() + 600), "five minutes"),
        (lambda: plugged(sealed(TOLD), event="drop_everything"), "sends no"),
        (lambda: plugged(b'{"store_key": "in plain text", "store_url": "x"}'), "not encrypted"),
        (lambda: plugged(b'{"data": {"store_key": "x"}}'), "not encrypted"),
    ],
)
def test_what_is_stale_or_plain_is_no_claim(came: Callable[[], Posted], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        plugin.news(came(), ACCOUNT)


def test_a_claim_is_true_when_the_vendor_connects_with_it() -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    def connect(system: str, told: Mapping[str, str]) -> Store:
        asked.append((system, dict(told)))
        return Store(
            "1", "Shop", told["store_url"], system, secrets={"store_key": "given-by-the-vendor"}, options={"a": "b"}
        )

    found = plugin.prove(connect, plugged(sealed(TOLD)))
    assert asked == [("Woocommerce", TOLD)]
    assert (found.address, dict(found.secrets), found.shared) == (
        "https://shop.example", {"store_key": "given-by-the-vendor"}, ("api_key",),
    )  # fmt: skip
    assert "given-by-the-vendor" not in repr(found)
    told = plugin.prove(connect, plugged(sealed(TOLD), event="disconnect"))
    assert (told.address, "removed" in told.told, len(asked)) == ("", True, 1)


@pytest.mark.django_db(transaction=True)
def test_a_plugin_connects_its_shop_once_the_vendor_has_vouched_for_it(sim: Any, connected: Any) -> None:
    vendor = connected("boutique")
    callback = Callback.objects.select_related("vendor").get(vendor=vendor, hook="plugin")
    addresses.make_pair(callback)
    Callback.objects.filter(pk=callback.pk).update(active=True)
    public = load_pem_public_key(addresses.public_key(callback).encode())
    assert isinstance(public, rsa.RSAPublicKey)
    path, stamp = addresses.path_of(callback), str(int(time.time()))
    for url, key in (("https://corner.example", "c" * 32), ("https://forged.example", "wrong")):
        text = json.dumps({**TOLD, "store_url": url, "store_key": key}).encode()
        parts = b"".join(public.encrypt(text[start : start + 200], OAEP) for start in range(0, len(text), 200))
        headers = {"X-Webhook-Cart-Id": "Prestashop", "X-Webhook-Timestamp": stamp, "X-Webhook-Event": "connect"}
        body = json.dumps({"data": base64.b64encode(parts).decode()})
        assert Client().post(path, body, content_type="application/json", headers=headers).status_code == 200
    assert Vendor.objects.count() == 1
    reading.read(vendor.pk)
    made = Vendor.objects.exclude(pk=vendor.pk).get()
    assert (made.slug, made.enabled, made.options["platform"]) == ("corner-example", False, "Prestashop")
    assert vault.secret(made.pk, "store_key") == "c" * 32
    assert vault.secret(made.pk, "api_key") == vault.secret(vendor.pk, "api_key")
    assert sorted(WebhookDelivery.objects.values_list("state", flat=True)) == ["done", "failed"]


# -- eBay


def notice(body: bytes = b"", method: str = "POST", **query: str) -> Reply:
    came = Posted(
        method, {}, body, query, "https://hub.example/hooks/a-path/", "a-verification-token-of-forty-letters-000"
    )
    return deletion.answer(came, ACCOUNT, 1)


def test_the_challenge_is_answered_with_its_hash() -> None:
    found = notice(method="GET", challenge_code="abc")
    text = "abc" + "a-verification-token-of-forty-letters-000" + "https://hub.example/hooks/a-path/"
    assert json.loads(found.body) == {"challengeResponse": hashlib.sha256(text.encode()).hexdigest()}
    assert found.content_type == "application/json"
    assert notice(method="GET").status == 400
    assert deletion.answer(Posted("GET", {}, b"", {"challenge_code": "abc"}, "x", ""), ACCOUNT, 1).status == 400


def test_a_notice_is_acknowledged_and_told() -> None:
    body = {"metadata": {"topic": "MARKETPLACE_ACCOUNT_DELETION"}, "notification": {"data": {"username": "someone"}}}
    found = notice(json.dumps(body).encode())
    assert (found.status, "deleted" in found.note, "someone" in found.note) == (200, True, False)
    assert notice(b'{"metadata": {"topic": "OTHER"}}').status == 200
    assert notice(b"[").status == 400
