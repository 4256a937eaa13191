"""Stores of an account through the admin: found, connected by a form made at run time, renewed, looked after; no secret is seen."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.models import AuditEntry
from integrations import sweeping, token_health, vault
from integrations.models import ApiCall, Token, Vendor
from integrations.services.api2cart.account import AccountStores
from integrations.services.api2cart.credentials import blank_of, is_secret, known, label_of, system_of
from integrations.services.api2cart.simulator import Simulator
from integrations.services.api2cart.tests.spec import Spec
from tests.stuck import refusing

db = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Vendor]
SECRET = "plugh-secret-value-7"


def page(name: str, vendor: Vendor, *more: str) -> str:
    return reverse(f"admin:integrations_vendor_{name}", args=[vendor.pk, *more])


# -- finding


@db
def test_found_stores_become_connections(sim: Simulator, connected: Connect, admin_client: Client) -> None:
    vendor = connected("boutique")
    told = admin_client.get(page("stores", vendor)).content.decode()
    assert "The depot" in told
    assert "bazaar.example" in told
    assert f'href="{reverse("admin:integrations_vendor_change", args=[vendor.pk])}"' in told, "this one is connected"
    for store in sim.stores:
        assert store.key not in told
    marks = re.findall(r'name="store" value="([^"]+)"', told)
    assert len(marks) == 2, "what is connected cannot be chosen again"
    answer = admin_client.post(page("stores", vendor), {"store": marks})
    assert answer.status_code == 302
    depot = Vendor.objects.get(options__store_url="https://depot.example/shop")
    assert (depot.name, depot.kind, depot.base_url) == ("The depot", "api2cart", vendor.base_url)
    assert depot.options["platform"] == "WoocommerceApi"
    kept = vault.secrets_of(depot)
    assert (kept["api_key"], kept["store_key"]) == (sim.token, sim.stores[1].key)
    assert depot.schedules.filter(flow="orders", enabled=True).exists()
    again = admin_client.get(page("stores", vendor)).content.decode()
    assert 'name="store"' not in again


@db
def test_a_store_that_cannot_be_connected_stops_no_other(
    sim: Simulator, connected: Connect, admin_client: Client
) -> None:
    vendor = connected("boutique")
    marks = re.findall(r'name="store" value="([^"]+)"', admin_client.get(page("stores", vendor)).content.decode())
    with refusing(Vendor._meta.db_table, "INSERT", "NEW.name = 'The depot'"):
        told = admin_client.post(page("stores", vendor), {"store": marks}, follow=True).content.decode()
    assert "The depot was not connected. The database did not take it." in told
    assert "Connected: " in told
    assert Vendor.objects.count() == 2
    assert AuditEntry.objects.filter(what="added", said="Taken from the account's stores.").count() == 1


@db
def test_what_is_connected_is_known_while_keys_are_changed(
    sim: Simulator, connected: Connect, admin_client: Client, settings: Any
) -> None:
    """Between the new key in front and `rotate_keys`, what is stored still has the old one's mark."""
    vendor = connected("boutique")
    settings.HUB_KEYS = ["a newer key of more than thirty-two letters", *settings.HUB_KEYS]
    told = admin_client.get(page("stores", vendor)).content.decode()
    assert len(re.findall(r'name="store" value="([^"]+)"', told)) == 2, "it is not offered once more"


@db
def test_a_connection_without_a_store_takes_the_chosen_one(
    sim: Simulator, connected: Connect, admin_client: Client
) -> None:
    vendor = connected(secrets={"api_key": str(sim.token)}, store_url="")
    told = admin_client.get(page("stores", vendor)).content.decode()
    marks = re.findall(r'name="store" value="([^"]+)"', told)
    assert len(marks) == 3
    admin_client.post(page("stores", vendor), {"store": marks[:2]})
    assert Vendor.objects.count() == 2, "the first is this connection's own, the second a new one"
    vendor.refresh_from_db()
    assert vendor.options["store_url"] == sim.stores[0].url


@db
def test_what_the_vendor_says_is_told_and_nothing_is_made(
    sim: Simulator, connected: Connect, admin_client: Client
) -> None:
    vendor = connected()
    sim.revoke_token()
    for name in ("stores", "systems"):
        told = admin_client.get(page(name, vendor)).content.decode()
        assert "does not know the account" in told
        assert "Set the API key" in told
    assert Vendor.objects.count() == 1


@db
def test_whoever_may_not_change_a_connection_sees_none_of_it(
    sim: Simulator, connected: Connect, client: Client
) -> None:
    vendor = connected()
    for name in ("stores", "systems", "credentials"):
        assert client.get(page(name, vendor)).status_code == 302
    assert sim.ledger.requests == 0


# -- connecting


@db
def test_a_store_is_connected_by_the_form_its_system_asks_for(
    sim: Simulator, connected: Connect, admin_client: Client
) -> None:
    vendor = connected()
    assert "Shopify" in admin_client.get(page("systems", vendor)).content.decode()
    form = page("new_store", vendor, "Shopify")
    first, second = (admin_client.get(form, {"way": way}).content.decode() for way in "01")
    assert 'name="shopify_access_token"' in first
    assert 'name="shopify_api_key"' not in first
    assert 'name="shopify_api_key"' in second
    assert "shown only once" in first, "where to find it"
    assert 'type="password" name="shopify_access_token"' in first
    given = {
        "way": "0",
        "store_url": "https://new.example",
        "shopify_access_token": SECRET,
        "custom_label": "Atelier",
        "check": "on",
    }
    answer = admin_client.post(form, given)
    assert answer.status_code == 302
    new = Vendor.objects.get(name="Atelier")
    assert new.options["platform"] == "Shopify"
    assert new.options["credentials_since"] == timezone.now().date().isoformat()
    store = sim.stores[-1]
    assert store.credentials["shopify_access_token"] == SECRET
    assert (store.credentials["verify"], store.label) == (True, "Atelier")
    assert vault.secrets_of(new)["store_key"] == store.key
    assert not Token.objects.filter(last_four=SECRET[-4:]).exists(), "the shop's own secret is not kept here"


@db
def test_a_refused_store_leaves_nothing_and_shows_no_secret(
    sim: Simulator, connected: Connect, admin_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    vendor = connected()
    form = page("new_store", vendor, "WoocommerceApi")
    short = admin_client.post(
        form, {"way": "0", "store_url": "https://a.example", "wc_consumer_key": SECRET}
    ).content.decode()
    assert "This field is required" in short
    assert SECRET not in short
    wrong = {
        "way": "0",
        "store_url": "https://a.example",
        "wc_consumer_key": SECRET,
        "wc_consumer_secret": "wrong",
        "check": "on",
    }
    refused = admin_client.post(form, wrong).content.decode()
    assert "does not let API2Cart in" in refused
    assert SECRET not in refused
    assert Vendor.objects.count() == 1
    assert SECRET not in caplog.text
    unchecked = admin_client.post(form, {name: value for name, value in wrong.items() if name != "check"})
    assert unchecked.status_code == 302, "the vendor takes it without looking"


@db
def test_a_store_that_is_there_already_is_taken_over(sim: Simulator, connected: Connect, admin_client: Client) -> None:
    vendor = connected()
    form = page("new_store", vendor, "WoocommerceApi")
    given = {"way": "0", "store_url": sim.stores[1].url, "wc_consumer_key": "ck", "wc_consumer_secret": SECRET}
    assert admin_client.post(form, given).status_code == 302
    new = Vendor.objects.get(options__store_url=sim.stores[1].url)
    assert vault.secrets_of(new)["store_key"] == sim.stores[1].key


@db
def test_a_lost_answer_is_not_sent_again(sim: Simulator, connected: Connect, admin_client: Client) -> None:
    vendor = connected()
    sim.fault("drop", "/account.cart.add.json", accept=True)
    given = {"way": "0", "store_url": "https://new.example", "bol_api_key": "key", "bol_api_secret": SECRET}
    told = admin_client.post(page("new_store", vendor, "Bol"), given).content.decode()
    assert len(sim.ledger.asked("/account.cart.add.json")) == 1
    assert "may or may not" in told
    assert SECRET not in told
    sim.clear_faults()
    assert "new.example" in admin_client.get(page("stores", vendor)).content.decode(), "it is found"


# -- looking after


@db
def test_new_credentials_travel_in_no_log(
    sim: Simulator, connected: Connect, admin_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """The vendor takes them as query parameters: names may be kept, values must not."""
    vendor = connected("bazaar")
    connected_ = admin_client.get(page("credentials", vendor)).content.decode()
    assert "amazon_sp_client_secret" in connected_, "the system is known without asking"
    given = {
        "way": "0", "amazon_sp_client_id": "client-7", "amazon_sp_client_secret": SECRET, "amazon_sp_refresh_token": SECRET,
        "amazon_sp_aws_region": "eu-west-1", "amazon_seller_id": "A1",
    }  # fmt: skip
    answer = admin_client.post(page("credentials", vendor), given, follow=True)
    assert "has the new credentials" in answer.content.decode()
    assert sim.stores[2].credentials["amazon_sp_client_secret"] == SECRET
    call = ApiCall.objects.filter(path__endswith="account.config.update.json").get()
    assert (call.method, call.status) == ("PUT", 200)
    assert "amazon_sp_client_secret" in call.query_names
    for row in ApiCall.objects.values():
        assert SECRET not in str(row)
    assert SECRET not in caplog.text
    assert SECRET not in answer.content.decode()
    vendor.refresh_from_db()
    assert vendor.options["credentials_since"] == timezone.now().date().isoformat()
    sim.fault("status", "/account.config.update.json", code=500, body=f"could not store {SECRET}")
    failed = admin_client.post(page("credentials", vendor), given).content.decode()
    assert SECRET not in failed
    assert "may or may not" in failed


@db
def test_amazons_credentials_are_reminded_of_before_they_end(
    sim: Simulator, connected: Connect, admin_client: Client
) -> None:
    today = timezone.localdate()
    vendor = connected("bazaar", platform="AmazonSP", credentials_since=str(today - timedelta(days=150)))
    assert vendor.ends_soon == []
    vendor = connected("bazaar", credentials_since=str(today - timedelta(days=170)))
    [text] = vendor.ends_soon
    assert "180 days" in text
    assert str(today + timedelta(days=10)) in text
    assert "New credentials" in text
    for url in (reverse("admin:index"), reverse("admin:integrations_vendor_change", args=[vendor.pk])):
        assert "180 days" in admin_client.get(url).content.decode(), url
    for odd in ("", "soon", "2026-99-99"):
        assert connected("bazaar", credentials_since=odd).ends_soon == []
    assert connected("depot", platform="WoocommerceApi", credentials_since="2020-01-01").ends_soon == []


@db
def test_of_amazons_credentials_people_are_told_by_mail_too(sim: Simulator, connected: Connect, settings: Any) -> None:
    settings.HUB_ALERT_EMAILS = ["ops@example.com"]
    today, steps = timezone.localdate(), {166: 14, 173: 7, 179: 1, 180: 0}
    told: list[int] = []
    for gone in (100, 165, 166, 170, 173, 174, 178, 179, 180, 190):
        connected("bazaar", platform="AmazonSP", credentials_since=str(today - timedelta(days=gone)))
        # The day moves on, not the credentials: what was told stands for the same end.
        if told:
            Vendor.objects.update(warned_end=f"{today + timedelta(days=180 - gone)}/{steps[told[-1]]}")
        mail.outbox.clear()
        sweeping.sweep()
        token_health.warn_of_stores()
        if mail.outbox:
            assert len(mail.outbox) == 1
            assert "180 days" in mail.outbox[0].body
            told.append(gone)
    assert told == list(steps)
    connected("bazaar", credentials_since=str(today - timedelta(days=179)))
    Vendor.objects.update(enabled=False, warned_end="")
    assert token_health.warn_of_stores() == 0


@db
def test_a_bridge_is_downloaded_asked_after_and_updated(
    sim: Simulator, connected: Connect, admin_client: Client
) -> None:
    vendor = connected("depot", platform="Prestashop")
    sim.stores[1].bridge = "167"
    shown = admin_client.get(reverse("admin:integrations_vendor_change", args=[vendor.pk])).content.decode()
    assert "Download the bridge" in shown
    zipped = admin_client.post(page("tool", vendor, "download"))
    assert zipped["Content-Type"] == "application/zip"
    assert zipped.content.startswith(b"PK")
    assert "version 167" in admin_client.post(page("tool", vendor, "status"), follow=True).content.decode()
    assert "has updated" in admin_client.post(page("tool", vendor, "update"), follow=True).content.decode()
    assert sim.stores[1].bridge == "168"
    told = list(AuditEntry.objects.filter(kind="integrations.vendor", what="changed").values_list("said", flat=True))
    assert [f"Used “{tool}” of the store." in told for tool in ("download", "status", "update")] == [True] * 3
    assert admin_client.get(page("tool", vendor, "update")).status_code == 405
    assert admin_client.post(page("tool", vendor, "explode")).status_code == 404
    hosted = connected("boutique", platform="Shopify")
    assert (
        "Download the bridge"
        not in admin_client.get(reverse("admin:integrations_vendor_change", args=[hosted.pk])).content.decode()
    )


# -- what is asked for


def test_every_platform_of_the_table_makes_a_form() -> None:
    """As the vendor would describe it, and as it stands in our own table where the vendor says nothing."""
    assert len(known()) >= 70
    for cart_id, ours in known().items():
        assert ours.help, cart_id
        sets = [[(name, "") for name in way] for way in ours.ways]
        for told in (sets, []):
            system = system_of(cart_id, ours.title, told, [], "")
            assert system.ways, cart_id
            for way in system.ways:
                names = [blank.name for blank in way.blanks]
                assert names[0] == "store_url", cart_id
                assert len(set(names)) == len(names), cart_id
                assert all(blank.label for blank in way.blanks), cart_id
            if ours.bridge:
                assert "bridge" in system.help, cart_id
                assert {"store_root", "db_tables_prefix"} <= {blank.name for blank in system.further}, cart_id


@pytest.mark.needs_shared
def test_every_name_is_one_the_vendor_takes(shared: Path) -> None:
    spec = Spec(shared)
    takes = spec.body("post", "/account.cart.add.json")["properties"]
    renews = spec.query("put", "/account.config.update.json")
    assert set(known()) == set(takes["cart_id"]["enum"])
    for cart_id, ours in known().items():
        for name in [name for way in ours.ways for name in way] + list(ours.further):
            assert name in takes, (cart_id, name)
            kind = takes[name]["type"]
            asked = blank_of(name).kind
            assert asked == {"integer": "int", "array": "json"}.get(kind, asked), (name, kind)
            assert (asked in ("int", "json")) == (kind in ("integer", "array")), (name, kind)
            assert name in renews or name in ("store_key", *ours.further), (cart_id, name)


@db
@pytest.mark.needs_shared
def test_what_is_sent_to_connect_and_renew_is_what_the_vendor_describes(
    sim: Simulator, connected: Connect, shared: Path
) -> None:
    """Secret requests are not in the ledger; so they are caught on their way."""
    from integrations import opening

    spec, caught = Spec(shared), []
    sim.fault("call", do=lambda _, request: caught.append((request.method, request.path, request.query, request.body)))
    vendor = connected()
    opening.add(
        vendor,
        "Bol",
        {"store_url": "https://b.example", "bol_api_key": "a", "bol_api_secret": "b", "bol_retailer_id": 7},
        check=True,
    )
    opening.renew(connected("depot"), "WoocommerceApi", {"wc_consumer_key": "k", "wc_consumer_secret": "s"})
    opening.use(connected("depot", platform="Prestashop"), "download")
    opening.systems(vendor)
    assert len({path for _, path, _, _ in caught}) >= 4
    for method, path, query, body in caught:
        path = path.removeprefix("/v1.1")
        if body:
            assert spec.wrong_body(spec.body(method, path), json.loads(body)) == []
        assert spec.wrong_query(method, path, query) == []


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("shopify_access_token", True), ("wc_consumer_key", True), ("store_key", True), ("amazon_sp_client_secret", True),
        ("ecwid_acess_token", True), ("volusion_password", True), ("aspdotnetstorefront_api_pass", True), ("miva_signature", True),
        ("ftp_password", True), ("zid_authorization", True), ("amazon_seller_id", False), ("amazon_sp_aws_region", False),
        ("store_url", False), ("ebay_environment", False), ("amazon_sp_client_id", False), ("bigcommerceapi_context", False),
    ],
)  # fmt: skip
def test_what_must_be_seen_by_nobody(name: str, secret: bool) -> None:
    assert is_secret(name) is secret


def test_labels_leave_out_the_systems_own_name() -> None:
    assert label_of("shopify_access_token", "Shopify") == "Access token"
    assert label_of("wc_consumer_key", "WoocommerceApi") == "WooCommerce consumer key"
    assert label_of("bol_api_key", "Bol") == "API key"
    assert label_of("amazon_sp_client_id", "AmazonSP") == "Client id"
    assert label_of("magento_token_secret", "Magento2Api") == "Token secret"
    assert label_of("store_key", "Prestashop") == "Store key"


def test_odd_words_of_the_vendor_make_no_odd_fields() -> None:
    from integrations.services.api2cart.account import _system

    odd: dict[str, Any] = {
        "cart_id": "Newshop", "cart_name": "New shop", "params": {
            "required": [[{"name": "newshop_token"}, {"name": "a b; DROP"}, {"description": "no name"}], "text", []],
            "additional": {"not": "a list"},
        },
    }  # fmt: skip
    system = _system(odd)
    assert (system.title, [blank.name for blank in system.ways[0].blanks]) == (
        "New shop",
        ["store_url", "newshop_token"],
    )
    assert [blank.name for blank in _system({"cart_id": "Bare"}).ways[0].blanks] == ["store_url"]
    assert AccountStores.account_secrets == ("api_key",)
