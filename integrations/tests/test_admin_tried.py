"""Secrets typed into a connection's form: tried at the vendor first, stored only when it takes them, or when a person says so."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import connecting, connection, vault
from integrations.models import ApiCall, Token, Vendor
from integrations.services.elko.simulator import Simulator
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Server

pytestmark = pytest.mark.django_db
ADD = reverse("admin:integrations_vendor_add") + "?kind=elko&preset=eu"
WRONG = "elko-wrong-0123456789"


@pytest.fixture
def elko(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    monkeypatch.setattr("integrations.http.client.FIRST_PAUSE", 0.01)
    simulator = Simulator(seed="tiny")
    with Server(simulator):
        yield simulator


@pytest.fixture
def vendor(elko: Simulator) -> Vendor:
    given = elko.connections()[0]
    made = connecting.connect(
        "elko", "elko-lv", base_url=given["base_url"], options=given["options"], secrets=given["secrets"]
    )
    assert connection.probe(made).ok
    return made


def page(vendor: Vendor) -> str:
    return reverse("admin:integrations_vendor_change", args=[vendor.pk])


def filled(client: Client, url: str) -> dict[str, Any]:
    form = client.get(url).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {name: "" if value in (None, False) else "on" if value is True else value for name, value in values.items()}


def told(answer: Any) -> str:
    return " ".join(text for texts in answer.context["adminform"].form.errors.values() for text in texts)


def test_a_first_token_the_vendor_refuses_is_not_stored_and_nothing_typed_is_lost(
    elko: Simulator, admin_client: Client
) -> None:
    where = elko.connections()[0]["base_url"]
    given = filled(admin_client, ADD) | {"name": "Baltic desk", "base_url": where, "secret_token": WRONG}
    for more in ({}, {"untested": "on"}):
        answer = admin_client.post(ADD, given | more)
        assert "Nothing was stored" in told(answer)
        assert "token" in told(answer)
        assert "Paste it again" in told(answer)
        assert 'value="Baltic desk"' in answer.content.decode()
        assert WRONG not in answer.content.decode()
        assert not Vendor.objects.exists()
    assert not ApiCall.objects.exists()
    answer = admin_client.post(ADD, given | {"secret_token": elko.token}, follow=True)
    assert "The vendor takes what was pasted" in answer.content.decode()
    made = Vendor.objects.get()
    assert (made.state, vault.secrets_of(made)) == ("active", {"token": elko.token})


def test_while_the_vendor_is_down_a_connection_is_made_when_a_person_says_so(
    elko: Simulator, admin_client: Client
) -> None:
    elko.fault("status", code=500)
    given = filled(admin_client, ADD) | {"base_url": elko.connections()[0]["base_url"], "secret_token": elko.token}
    answer = admin_client.post(ADD, given)
    assert "tick “Store it even if" in told(answer)
    assert not Vendor.objects.exists()
    text = admin_client.post(ADD, given | {"untested": "on"}, follow=True).content.decode()
    assert "Stored without a test" in text
    assert "Test the connection next" in text
    assert vault.secrets_of(Vendor.objects.get()) == {"token": elko.token}


def test_a_wrong_one_leaves_the_one_there_is(elko: Simulator, vendor: Vendor, admin_client: Client) -> None:
    good = vault.secrets_of(vendor)
    given = filled(admin_client, page(vendor)) | {"name": "Renamed", "secret_token": WRONG}
    for more in ({}, {"untested": "on"}):
        answer = admin_client.post(page(vendor), given | more)
        assert "Nothing was stored" in told(answer)
        assert vault.secrets_of(vendor) == good
        assert Token.objects.count() == 1
    vendor.refresh_from_db()
    assert (vendor.state, vendor.name) == ("active", "elko-lv"), "a wrong paste does not stop what works"
    elko.token = "elko-another-0123456789"
    assert admin_client.post(page(vendor), given | {"secret_token": elko.token}).status_code == 302
    assert vault.secrets_of(vendor) == {"token": elko.token}
    vendor.refresh_from_db()
    assert vendor.name == "Renamed"


def test_without_a_secret_nobody_is_asked(elko: Simulator, vendor: Vendor, admin_client: Client) -> None:
    asked = elko.ledger.requests
    assert admin_client.post(page(vendor), filled(admin_client, page(vendor)) | {"name": "Renamed"}).status_code == 302
    assert elko.ledger.requests == asked


def test_nobody_tries_one_without_a_fresh_second_factor(
    elko: Simulator, vendor: Vendor, django_user_model: Any
) -> None:
    stale = Client()
    stale.force_login(django_user_model.objects.create_superuser("stale", password="x"))
    asked = elko.ledger.requests
    given = filled(stale, page(vendor)) | {"secret_token": elko.token}
    assert stale.post(page(vendor), given).status_code == 403
    assert elko.ledger.requests == asked


def test_what_is_stored_for_one_host_is_not_sent_to_another_by_a_trial(admin_client: Client, settings: Any) -> None:
    """The password is pasted again, so the new host gives a token of its own; the old host's is neither sent nor kept."""
    settings.VENDOR_PRIVATE_HOSTS = ["127.0.0.1", "localhost"]
    here, there = Elryan(seed="tiny"), Elryan(seed="tiny", token="elryan-of-the-other-host")
    with Server(here), Server(there):
        given = here.connections()[0]
        made = connecting.connect(
            "elryan", "iraq", base_url=given["base_url"], options=given["options"], secrets=given["secrets"]
        )
        heard: list[str] = []
        there.fault("call", do=lambda simulator, request: heard.append(request.header("Authorization")))
        moved = filled(admin_client, page(made)) | {
            "base_url": there.connections()[0]["base_url"].replace("127.0.0.1", "localhost"),
            "secret_password": there.password,
        }
        answer = admin_client.post(page(made), moved)
        assert answer.status_code == 302, told(answer)
    assert heard
    assert not any(str(here.token) in header for header in heard)
    assert vault.secrets_of(made) == {"password": there.password}
