"""“Test connection”: POST only, some seconds at most, and every cause told apart with its cure."""

import re
import socket
import time
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import connecting, connection, sync
from integrations.models import ApiCall, RateSlot, Vendor
from integrations.ratelimit import Budget, key_of
from integrations.service import service_class
from integrations.services.elko.simulator import Simulator as Elko
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Server

pytestmark = pytest.mark.django_db


@pytest.fixture
def elko() -> Iterator[Elko]:
    sim = Elko(seed="tiny")
    with Server(sim):
        yield sim


@pytest.fixture
def elryan() -> Iterator[Elryan]:
    sim = Elryan(seed="tiny")
    with Server(sim):
        yield sim


def connected(sim: Any, **other: str) -> Vendor:
    given = sim.connections()[0]
    secrets = {name: other.get(name) or value for name, value in given["secrets"].items() if name == "token"}
    return connecting.connect(
        sim.kind, f"{sim.kind}-1", base_url=other.get("base_url") or given["base_url"], options=given["options"],
        secrets=secrets,
    )  # fmt: skip


def verdict(client: Client, vendor: Vendor) -> dict[str, str]:
    """What the page says, as its list of terms; the whole under "text"."""
    answer = client.post(reverse("admin:integrations_vendor_test", args=[vendor.pk]))
    assert answer.status_code == 200
    text = answer.content.decode()
    terms = {unescape(k).lower(): unescape(v) for k, v in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text, re.DOTALL)}
    return terms | {"text": text, "works": str("It works" in text)}


def test_it_works_and_says_so(admin_client: Client, elko: Elko, elryan: Elryan) -> None:
    for sim in (elko, elryan):
        vendor = connected(sim)
        assert admin_client.get(reverse("admin:integrations_vendor_test", args=[vendor.pk])).status_code == 405
        told = verdict(admin_client, vendor)
        assert (told["works"], "cause" in told) == ("True", False)
        vendor.refresh_from_db()
        assert (vendor.state, vendor.last_ok_at is not None) == ("active", True)
        assert "our outgoing addresses" in told


@pytest.mark.parametrize("which", ["elko", "elryan"])
def test_a_wrong_token_is_told_without_the_token(which: str, admin_client: Client, request: Any) -> None:
    sim = request.getfixturevalue(which)
    vendor = connected(sim, token="a-wrong-token-98765")
    told = verdict(admin_client, vendor)
    assert (told["works"], told["cause"]) == ("False", "token")
    assert "token" in told["what to do"]
    assert "98765" not in told["text"]
    assert sim.token not in told["text"]


def test_ELKOs_one_403_is_told_apart_by_our_own_calls(admin_client: Client, elko: Elko) -> None:
    """The same answer three times: for the token or address while calls are left, for the budget when they are not."""
    vendor = connected(elko)
    elko.allowed_ips = ["192.0.2.1"]
    told = verdict(admin_client, vendor)
    assert told["cause"] == "token"
    assert "our IP" in told["what happened"]
    assert "127.0.0.1" in told["what to do"], "the address to be allowed is told"
    elko.allowed_ips = ["127.0.0.0/8"]
    RateSlot.objects.all().delete()
    budget = Budget(key_of(vendor), service_class("elko").rate, fresh=True)
    for _ in range(49):
        with budget.slot():
            pass
    elko.limit = 0
    told = verdict(admin_client, vendor)
    assert told["cause"] == "rate"
    assert "another program" in told["what to do"]
    assert "not before" in told
    told = verdict(admin_client, vendor)
    assert told["cause"] == "rate", "while we stay away, nothing is sent"
    assert ApiCall.objects.filter(status=403).count() == 2


def test_an_address_that_is_not_ours_to_use_is_told(admin_client: Client, elko: Elko, elryan: Elryan) -> None:
    vendor = connected(elryan)
    elryan.fault("foreign_ip")
    told = verdict(admin_client, vendor)
    assert told["cause"] in ("ip", "token")
    assert told["what to do"]


def test_a_wrong_path_is_told(admin_client: Client, elko: Elko) -> None:
    vendor = connected(elko, base_url=elko.url + "/v3.0/nowhere")
    told = verdict(admin_client, vendor)
    assert told["cause"] == "url"
    assert "path prefix" in told["what to do"]


def test_an_address_by_our_own_rules_is_never_called(admin_client: Client, elko: Elko) -> None:
    vendor = connected(elko)
    for url in ("https://10.0.0.7/v3.0/api", "http://api.elko.example/v3.0"):
        Vendor.objects.filter(pk=vendor.pk).update(base_url=url)
        assert verdict(admin_client, vendor)["cause"] == "url"


def test_a_name_that_leads_nowhere_and_a_shut_door_are_told(admin_client: Client, elko: Elko) -> None:
    vendor = connected(elko)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for url in ("https://no-such-host.invalid/api", f"http://127.0.0.1:{port}/api"):
        Vendor.objects.filter(pk=vendor.pk).update(base_url=url)
        told = verdict(admin_client, vendor)
        assert told["cause"] == "network", told["text"]
        assert told["what to do"]


def test_a_door_that_speaks_no_tls_is_told(admin_client: Client, elko: Elko) -> None:
    vendor = connected(elko)
    Vendor.objects.filter(pk=vendor.pk).update(base_url=vendor.base_url.replace("http://", "https://"))
    told = verdict(admin_client, vendor)
    assert told["cause"] == "tls"
    assert told["what to do"]


@pytest.mark.parametrize(("fault", "options"), [("status", {"code": 500}), ("not_json", {}), ("html", {})])
def test_a_vendor_in_trouble_is_told(admin_client: Client, elko: Elko, fault: str, options: dict[str, Any]) -> None:
    vendor = connected(elko)
    elko.fault(fault, times=99, **options)
    told = verdict(admin_client, vendor)
    assert told["cause"] == "vendor", told["text"]
    assert told["what to do"]


def test_no_secret_and_one_that_cannot_be_opened_are_told(admin_client: Client, elko: Elko, settings: Any) -> None:
    vendor = connected(elko)
    settings.HUB_KEYS = ["another key"]
    told = verdict(admin_client, vendor)
    assert told["cause"] == "vault"
    assert "HUB_KEYS" in told["text"]
    vendor.tokens.all().delete()
    assert "token" in verdict(admin_client, vendor)["cause"]


def test_nobody_waits_for_minutes(admin_client: Client, elko: Elko, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vendor that drips, and a budget that is in use: both are given up; the limits are shortened for the test."""
    monkeypatch.setattr(connection, "IMPATIENT", 0.5)
    monkeypatch.setattr(connection, "IN_ALL", 6.0)
    vendor = connected(elko)
    elko.fault("slow", seconds=30, times=99)
    began = time.monotonic()
    told = verdict(admin_client, vendor)
    assert told["cause"] == "network"
    assert "in time" in told["what happened"]
    elko.clear_faults()
    sync.schedule_of(vendor, "brands")
    budget = Budget(key_of(vendor), service_class("elko").rate)
    RateSlot.objects.filter(key=key_of(vendor)).delete()
    budget._make()  # a store that was lost: shut for a window of ten seconds
    assert "given up" in verdict(admin_client, vendor)["what happened"]
    assert time.monotonic() - began < 25


def test_the_test_needs_the_right_to_change_and_the_token_of_the_form(
    client: Client, elko: Elko, django_user_model: Any
) -> None:
    vendor = connected(elko)
    url = reverse("admin:integrations_vendor_test", args=[vendor.pk])
    assert client.post(url).status_code == 302, "signed out: to the log-in"
    looker = django_user_model.objects.create_user("looker", is_staff=True)
    client.force_login(looker)
    assert client.post(url).status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(django_user_model.objects.create_superuser("root"))
    assert strict.post(url).status_code == 403
    assert not ApiCall.objects.exists()
