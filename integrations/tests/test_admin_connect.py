"""The form that connects a vendor is made from what its kind declares, keeps what was typed, and never tells a secret."""

import base64
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from integrations import connecting, vault
from integrations.models import Token, Vendor
from integrations.service import services
from integrations.services.elko.simulator import Simulator as Elko
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Server
from integrations.tests.odd_kind import Odd

pytestmark = pytest.mark.django_db

TOKEN = "tok-4711-never-shown-abcd"
ADD = "/admin/integrations/vendor/add/"


@pytest.fixture(autouse=True)
def odd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(services(), "odd", Odd)


def page(vendor: Vendor) -> str:
    return reverse("admin:integrations_vendor_change", args=[vendor.pk])


def filled(client: Client, url: str) -> dict[str, Any]:
    """What the browser would send: the form's own first values; nobody answers at these addresses, and the person knows."""
    form = client.get(url).context["adminform"].form
    values = {name: form[name].value() for name in form.fields} | {"untested": True}
    return {name: "" if value in (None, False) else "on" if value is True else value for name, value in values.items()}


def errors(answer: Any) -> dict[str, str]:
    return {name: " ".join(texts) for name, texts in answer.context["adminform"].form.errors.items()}


def odd_vendor(**options: Any) -> Vendor:
    return connecting.connect("odd", "odd-1", base_url="https://north.odd.example/v1", options={"shop": "A", **options},
                              secrets={"token": TOKEN})  # fmt: skip


def test_kinds_and_their_presets_are_offered_first(admin_client: Client) -> None:
    text = admin_client.get(ADD).content.decode()
    for word in ("ELKO", "Ukraine", "Elryan", "Staging", "Oddments", "Laboratory", "?kind=odd&amp;preset=lab"):
        assert word in text


def test_every_kind_of_option_has_its_field_help_and_default(admin_client: Client) -> None:
    answer = admin_client.get(f"{ADD}?kind=odd&preset=north")
    form, text = answer.context["adminform"].form, answer.content.decode()
    kinds = {
        name.removeprefix("option_"): type(form.fields[name]).__name__ for name in form.fields if "option_" in name
    }
    assert kinds == {
        "shop": "CharField", "callback": "URLField", "region": "ChoiceField", "strict": "BooleanField", "batch": "IntegerField",
        "share": "DecimalField", "pause": "DurationField", "names": "JSONField", "path": "CharField",
    }  # fmt: skip
    first = filled(admin_client, f"{ADD}?kind=odd&preset=north")
    assert first["base_url"] == "https://north.odd.example/v1"
    assert (first["option_region"], first["option_batch"], first["option_share"]) == ("north", 40, "0.5")
    assert first["option_strict"] == "on"
    assert json.loads(first["option_names"]) == {"en": "English"}
    assert (first["time_zone"], first["currency"], first["name"]) == ("Europe/Riga", "EUR", "Oddments North")
    assert "As on the door." in text
    assert "Not verified for this account" in text
    for group in ("Speed", "Paths", "Secrets", "Options"):
        assert group in text
    lab = filled(admin_client, f"{ADD}?kind=odd&preset=lab")
    assert (lab["environment"], lab["option_region"]) == ("staging", "south")


def test_a_filled_form_is_stored_by_type_with_its_secret_and_schedules(admin_client: Client) -> None:
    url = f"{ADD}?kind=odd&preset=north"
    given = filled(admin_client, url) | {
        "name": "Our odd shop", "option_shop": "Corner", "option_pause": "0:10:00", "option_share": "0.75", "option_batch": "7",
        "option_names": '{"ar": "عربي"}', "option_strict": "", "secret_token": TOKEN,
    }  # fmt: skip
    given.pop("option_strict")
    answer = admin_client.post(url, given, follow=True)
    vendor = Vendor.objects.get(slug="our-odd-shop")
    assert vendor.options == {
        "shop": "Corner", "callback": "", "region": "north", "strict": False, "batch": 7, "share": "0.75", "pause": "0:10:00",
        "names": {"ar": "عربي"}, "path": "v1/orders",
    }  # fmt: skip
    assert vault.secrets_of(vendor) == {"token": TOKEN}
    assert {s.flow: s.enabled for s in vendor.schedules.all()} == {"products": True, "hidden": False}
    assert TOKEN not in answer.content.decode()
    again = filled(admin_client, page(vendor))
    assert (again["option_pause"], again["option_share"], again["option_strict"]) == ("00:10:00", "0.75", "")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("option_batch", "101", "100"),
        ("option_batch", "many", "whole number"),
        ("option_share", "a lot", "number"),
        ("option_pause", "soon", "duration"),
        ("option_region", "west", "west"),
        ("option_callback", "no address", "valid URL"),
        ("option_names", "{'en': 1}", "double quotes"),
        ("option_shop", "", "required"),
        ("secret_token", "", "paste it here"),
        ("secret_token", "two words", "paste it again"),
        ("time_zone", "Riga", "Europe/Riga"),
        ("currency", "E1", "EUR"),
        ("slug", "not a slug!", "letters"),
        ("base_url", "http://north.odd.example/v1", "https"),
        ("base_url", "ftp://north.odd.example", "https"),
        ("base_url", "https://user:pw@north.odd.example", "user name"),
        ("base_url", "https://north.odd.example:8000/", "443"),
        ("base_url", "https://10.0.0.7/v1", "VENDOR_PRIVATE_HOSTS"),
        ("base_url", "https://169.254.169.254/latest", "public internet"),
        ("base_url", "https://[::1]/", "VENDOR_PRIVATE_HOSTS"),
        ("base_url", "https://north.odd.example/?key=1", "query"),
        ("base_url", "north", "https"),
    ],
)
def test_a_mistake_is_told_with_its_cure_and_the_rest_is_kept(
    admin_client: Client, field: str, value: str, told: str
) -> None:
    url = f"{ADD}?kind=odd&preset=north"
    given = filled(admin_client, url) | {
        "name": "Kept name",
        "option_shop": "Corner",
        "secret_token": TOKEN,
        field: value,
    }
    answer = admin_client.post(url, given)
    assert answer.status_code == 200
    assert told in errors(answer)[field]
    assert not Vendor.objects.exists()
    text = answer.content.decode()
    assert 'value="Kept name"' in text
    assert TOKEN not in text
    if field not in ("secret_token", "option_shop"):
        assert 'value="Corner"' in text
        assert "Paste it again" in errors(answer)["secret_token"]


def test_a_secret_is_nowhere_in_a_page_and_a_new_one_replaces_it(admin_client: Client) -> None:
    vendor = odd_vendor()
    text = admin_client.get(page(vendor)).content.decode()
    assert TOKEN not in text
    assert f"…{TOKEN[-4:]}" in text
    for field in re.findall(r"<input[^>]*type=\"password\"[^>]*>", text):
        assert "value=" not in field
    given = filled(admin_client, page(vendor)) | {"secret_token": "another-token-of-mine-9999"}
    admin_client.post(page(vendor), given)
    assert vault.secrets_of(vendor)["token"] == "another-token-of-mine-9999"
    old = Token.objects.get(vendor=vendor, active=False)
    assert (old.ciphertext, str(old.revoked_by)) == ("", "admin")
    given.pop("secret_token")
    admin_client.post(page(vendor), given)
    assert vault.secrets_of(vendor)["token"] == "another-token-of-mine-9999", "an empty field keeps what is stored"


def test_a_stored_secret_is_not_sent_to_another_host(admin_client: Client) -> None:
    vendor = odd_vendor()
    given = filled(admin_client, page(vendor)) | {"base_url": "https://elsewhere.example/v1"}
    answer = admin_client.post(page(vendor), given)
    assert "another host" in errors(answer)["secret_token"]
    vendor.refresh_from_db()
    assert vendor.base_url == "https://north.odd.example/v1"
    assert admin_client.post(page(vendor), given | {"secret_token": TOKEN}).status_code == 302
    same_host = filled(admin_client, page(vendor)) | {"base_url": "https://elsewhere.example/v2"}
    assert admin_client.post(page(vendor), same_host).status_code == 302


def test_a_token_that_was_fetched_does_not_move_to_another_host_either(admin_client: Client) -> None:
    vendor = connecting.connect(
        "elryan", "iraq", base_url="https://merchant.elryan.example/api", options={"email": "a@b.example"},
        secrets={"token": TOKEN, "password": "old-password-1234"},
    )  # fmt: skip
    given = filled(admin_client, page(vendor)) | {"base_url": "https://elsewhere.example/api"}
    assert set(errors(admin_client.post(page(vendor), given))) == {"secret_token", "secret_password"}
    given["secret_password"] = "new-password-1234"
    assert admin_client.post(page(vendor), given).status_code == 302
    assert vault.secrets_of(vendor) == {"password": "new-password-1234"}


def test_what_a_run_writes_meanwhile_is_not_written_over(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the reading and the saving of the form the token is found dead."""
    vendor = odd_vendor()
    given = filled(admin_client, page(vendor)) | {"name": "Renamed"}

    def refused(account: Any, secrets: Any) -> Any:
        Vendor.objects.filter(pk=vendor.pk).update(state="needs_auth", state_reason="refused")

    monkeypatch.setattr(Odd, "auth", refused)
    assert admin_client.post(page(vendor), given).status_code == 302
    vendor.refresh_from_db()
    assert (vendor.name, vendor.state) == ("Renamed", "needs_auth")


def jwt(until: timedelta) -> str:
    parts = ({"alg": "none"}, {"exp": int((timezone.now() + until).timestamp())})
    return ".".join([base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts] + ["sign"])


@pytest.mark.parametrize(
    ("until", "told"), [(timedelta(days=-1), "ended on"), (timedelta(days=5), "ends on"), (timedelta(days=90), "")]
)
def test_the_end_of_a_token_is_read_and_warned_about(admin_client: Client, until: timedelta, told: str) -> None:
    vendor = odd_vendor()
    given = filled(admin_client, page(vendor)) | {"secret_token": jwt(until)}
    saved = admin_client.post(page(vendor), given, follow=True).content.decode()
    shown = admin_client.get(page(vendor)).content.decode()
    home = admin_client.get("/admin/").content.decode()
    if not told:
        assert "Make a new one" not in saved + shown + home
        return
    assert told in saved
    assert told in shown
    assert "the secret “token”" in home


def test_this_hubs_address_is_shown_where_it_is_needed(admin_client: Client, settings: Any) -> None:
    vendor = odd_vendor()
    assert "HUB_EGRESS_ADDRESSES" in admin_client.get(page(vendor)).content.decode()
    settings.HUB_EGRESS_ADDRESSES = ["203.0.113.7"]
    for url in (page(vendor), f"{ADD}?kind=odd"):
        assert "203.0.113.7" in admin_client.get(url).content.decode()


def test_what_no_document_proves_is_confirmed_by_a_person_until_it_changes(admin_client: Client) -> None:
    vendor = odd_vendor()
    url = reverse("admin:integrations_vendor_confirm", args=[vendor.pk])
    shown = admin_client.get(page(vendor)).content.decode()
    assert "Not verified for this account: 2" in shown
    assert admin_client.get(url).status_code == 405
    admin_client.post(url, {"name": "path"})
    admin_client.post(url, {"name": "hidden"})
    vendor.refresh_from_db()
    assert vendor.confirmed == ["hidden", "path"]
    schedule = vendor.schedules.get(flow="hidden")
    assert schedule.enabled
    assert PeriodicTask.objects.get(name="odd-1: hidden").enabled
    shown = admin_client.get(page(vendor)).content.decode()
    assert "Confirmed for this account." in shown
    assert "Not verified for this account: 2" not in shown
    answer = admin_client.post(url, {"name": "products"}, follow=True)
    assert "nothing to confirm" in answer.content.decode()
    admin_client.post(page(vendor), filled(admin_client, page(vendor)) | {"option_path": "v2/orders"})
    vendor.refresh_from_db()
    assert vendor.confirmed == ["hidden"], "another value is not what was confirmed"


def test_unproven_flows_and_options_have_names_of_their_own() -> None:
    for service in services().values():
        assert not set(service.flows) & {option.name for option in service.options if not option.proven}, service


@pytest.mark.parametrize("sim", [Elko(seed="tiny"), Elryan(seed="tiny")], ids=["elko", "elryan"])
def test_each_vendor_is_connected_by_its_own_form_and_answers(admin_client: Client, sim: Any) -> None:
    kind = sim.kind
    with Server(sim):
        connection = sim.connections()[0]
        preset = services()[kind].presets[0].name
        url = f"{ADD}?kind={kind}&preset={preset}"
        given = filled(admin_client, url) | {
            "name": f"My {kind}", "base_url": connection["base_url"], "environment": "sandbox",
            **{f"option_{name}": value for name, value in connection["options"].items()},
            **{f"secret_{name}": value for name, value in connection["secrets"].items()},
        }  # fmt: skip
        answer = admin_client.post(url, given, follow=True)
        assert answer.status_code == 200, errors(answer)
        vendor = Vendor.objects.get(slug=f"my-{kind}")
        told = admin_client.post(reverse("admin:integrations_vendor_test", args=[vendor.pk])).content.decode()
    assert "It works" in told
    for secret in connection["secrets"].values():
        assert secret not in answer.content.decode()
        assert secret not in told
    vendor.refresh_from_db()
    assert vendor.state == "active"


def test_elryan_needs_a_token_or_a_password(admin_client: Client) -> None:
    url = f"{ADD}?kind=elryan&preset=production"
    answer = admin_client.post(url, filled(admin_client, url) | {"base_url": "http://127.0.0.1:9/api"})
    assert "token" in " ".join(errors(answer).values()).lower()
    assert not Vendor.objects.exists()


def test_a_new_short_name_renames_the_schedulers_entries(admin_client: Client) -> None:
    vendor = odd_vendor()
    entry = PeriodicTask.objects.get(name="odd-1: products")
    admin_client.post(page(vendor), filled(admin_client, page(vendor)) | {"slug": "renamed"})
    entry.refresh_from_db()
    assert entry.name == "renamed: products"
    taken = connecting.connect("odd", "taken", base_url="https://a.odd.example", options={"shop": "B"})
    answer = admin_client.post(page(taken), filled(admin_client, page(taken)) | {"slug": "renamed"})
    assert "taken by another" in errors(answer)["slug"]
