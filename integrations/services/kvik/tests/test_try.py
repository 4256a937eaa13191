"""“Try it”: one page fetched with what stands in the form, shown beside what is made of it, saved only when told to."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import connecting, trial
from integrations.admin.fields import OPTION
from integrations.models import Fingerprint, Reject, Schedule, SyncRun, Vendor
from integrations.services.kvik.service import Service
from integrations.services.kvik.simulator import Simulator
from integrations.services.kvik.tests.runs import connected, good
from orders.models import Order, StatusWord

pytestmark = pytest.mark.django_db(transaction=True)


def page(vendor: Vendor) -> str:
    return reverse("admin:integrations_vendor_try", args=[vendor.pk, "orders"])


def sent(client: Client, vendor: Vendor, **changes: Any) -> dict[str, Any]:
    """What the browser sends: the form as it stands, with changes by field name."""
    return filled(client.get(page(vendor)).context["form"], **changes)


def filled(form: Any, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in form.fields:
        value = form[name].value()
        if form.fields[name].widget.__class__.__name__ == "MapRows":
            values |= {f"{name}.{key}": text for key, text in value.items()}
        elif isinstance(value, dict):
            values[name] = "\n".join(f"{word} = {meaning}" for word, meaning in value.items())
        else:
            values[name] = "" if value in (None, False) else "on" if value is True else value
    return {**values, **{OPTION + name: value for name, value in changes.items()}}


def stored() -> list[int]:
    return [m.objects.count() for m in (Order, StatusWord, Reject, Fingerprint, SyncRun)]


def test_one_page_is_shown_beside_what_is_made_of_it_and_nothing_is_stored(
    tiny: Simulator, admin_client: Client
) -> None:
    vendor = connected(tiny)
    before = stored()
    answer = admin_client.post(page(vendor), {**sent(admin_client, vendor), "do": "try"})
    tried = answer.context["tried"]
    assert (tried.count, tried.refused, tried.warnings, tried.error) == (5, 0, 2, "")
    text = answer.content.decode()
    for part in ("K26540001", "1234.5", "zakaznik0@mail.example", "Total is missing.", "SubscriptionOrder"):
        assert part in text
    [(asked, raw)] = tried.heard
    assert asked.endswith("/api/app/orders?limit=100&page=1")
    assert '"_type": "OrderList"' in raw
    assert stored() == before
    assert not Schedule.objects.get(vendor=vendor).enabled


def test_an_edited_mapping_is_tried_without_being_saved(tiny: Simulator, admin_client: Client) -> None:
    vendor = connected(tiny)
    values = sent(admin_client, vendor, **{"order_map.external_id": "uuid", "page_length": "3"})
    answer = admin_client.post(page(vendor), {**values, "do": "try"})
    tried = answer.context["tried"]
    assert (tried.count, tried.refused) == (3, 3)
    assert "no id at “uuid”" in answer.content.decode()
    assert 'value="uuid"' in answer.content.decode(), "the form keeps what was typed"
    vendor.refresh_from_db()
    assert "order_map" not in vendor.options


def test_a_list_in_a_place_of_its_own_shows_the_raw_answer_with_cause_and_cure(
    tiny: Simulator, admin_client: Client
) -> None:
    tiny.envelope = "objednavky"
    vendor = connected(tiny)
    answer = admin_client.post(page(vendor), {**sent(admin_client, vendor), "do": "try"})
    tried = answer.context["tried"]
    assert "objednavky" in tried.error
    assert "Where the list stands" in tried.cure
    assert len(tried.heard) == 1
    assert "K26540001" in tried.heard[0][1]
    values = sent(admin_client, vendor, list_key="objednavky")
    assert admin_client.post(page(vendor), {**values, "do": "try"}).context["tried"].count == 5


def test_saving_keeps_the_mapping_and_confirming_switches_the_flow_on(tiny: Simulator, admin_client: Client) -> None:
    vendor = connected(tiny)
    values = sent(admin_client, vendor, page_length="25", status_map="paid = confirmed\nK vyzvednutí = shipped\n")
    answer = admin_client.post(page(vendor), {**values, "do": "save"})
    assert answer.status_code == 302
    vendor.refresh_from_db()
    assert vendor.options["page_length"] == 25
    assert vendor.options["status_map"] == {"paid": "confirmed", "K vyzvednutí": "shipped"}
    assert vendor.options["client_id"] == tiny.client_id, "other options stay"
    assert vendor.confirmed == []
    admin_client.post(page(vendor), {**sent(admin_client, vendor), "do": "confirm"})
    vendor.refresh_from_db()
    unproven = {
        option.name for option in Service.options if not option.proven and option.name in Service.flows["orders"].tried
    }
    assert {*vendor.confirmed} == {"orders", *unproven}
    assert Schedule.objects.get(vendor=vendor).enabled
    admin_client.post(page(vendor), {**sent(admin_client, vendor, list_key="orders"), "do": "save"})
    vendor.refresh_from_db()
    assert {"list_key"} == {"orders", *unproven} - {*vendor.confirmed}, "another value is not what was confirmed"


def test_what_cannot_be_read_is_said_and_neither_fetched_nor_saved(tiny: Simulator, admin_client: Client) -> None:
    vendor = connected(tiny)
    values = sent(admin_client, vendor, status_map="paid = settled", page_length="0")
    for do in ("try", "save", "confirm"):
        answer = admin_client.post(page(vendor), {**values, "do": do})
        assert "cannot be “settled”" in answer.content.decode()
    assert tiny.ledger.requests == 0
    vendor.refresh_from_db()
    assert "page_length" not in vendor.options


def test_a_new_mapping_reads_rows_again_that_the_vendor_did_not_change(tiny: Simulator, admin_client: Client) -> None:
    vendor = connected(tiny)
    good(vendor)
    assert Order.objects.get(external_id="540001").buyer_name
    values = sent(admin_client, vendor, **{"order_map.buyer_name": "customer.email"})
    admin_client.post(page(vendor), {**values, "do": "save"})
    done = good(Vendor.objects.get(pk=vendor.pk))
    assert done.updated == 5
    assert Order.objects.get(external_id="540001").buyer_name == "zakaznik0@mail.example"


def test_no_secret_is_shown_even_if_the_shop_says_it(tiny: Simulator, admin_client: Client) -> None:
    vendor = connected(tiny)
    tiny.change("orders", "540001", number=f"n {tiny.token} n", api_key="k-e-y-4711")
    answer = admin_client.post(page(vendor), {**sent(admin_client, vendor), "do": "try"})
    text = answer.content.decode()
    assert "n *** n" in text
    assert "k-e-y-4711" not in text


def test_a_refused_client_is_told_on_the_page(tiny: Simulator, admin_client: Client) -> None:
    vendor = connected(tiny, {"client_secret": "wrong-one"})
    tried = admin_client.post(page(vendor), {**sent(admin_client, vendor), "do": "try"}).context["tried"]
    assert "invalid_client" in tried.error
    assert tried.heard == []


def test_whoever_may_not_change_the_vendor_may_not_try(tiny: Simulator, client: Client, django_user_model: Any) -> None:
    vendor = connected(tiny)
    client.force_login(django_user_model.objects.create_user("staff", is_staff=True))
    assert client.get(page(vendor)).status_code == 403
    assert client.post(page(vendor), {"do": "try"}).status_code == 403


@pytest.mark.parametrize(
    "change", [{"bridge_host": "db.example"}, {"bridge_port": "3307"}, {"bridge_tls": "off"}], ids=str
)
def test_where_the_bridges_password_goes_is_changed_after_a_fresh_second_factor_alone(
    tiny: Simulator, django_user_model: Any, change: dict[str, str]
) -> None:
    vendor, client = connected(tiny), Client()
    client.force_login(django_user_model.objects.create_superuser("root"))
    before = Vendor.objects.get().options
    for do in ("try", "save", "confirm"):
        answer = client.post(page(vendor), {**sent(client, vendor, **change), "do": do})
        assert answer.status_code == 403, do
        assert "Nothing was changed" in answer.content.decode()
    edit = reverse("admin:integrations_vendor_change", args=[vendor.pk])
    form = client.get(edit).context["adminform"].form
    assert client.post(edit, filled(form, **change)).status_code == 403
    assert Vendor.objects.get().options == before
    for url, values in ((page(vendor), {**sent(client, vendor), "do": "save"}), (edit, filled(form))):
        assert client.post(url, values).status_code == 302, "what is harmless asks for nothing"


@pytest.mark.parametrize(
    "change", [{"bridge_host": "db.example"}, {"bridge_port": "3307"}, {"bridge_tls": "off"}], ids=str
)
def test_the_stored_password_of_the_bridge_goes_nowhere_else_even_then(
    tiny: Simulator, admin_client: Client, change: dict[str, str]
) -> None:
    """Whoever has the right to all of it still learns no stored secret, by pointing it at a server of their own."""
    vendor = connected(tiny)
    connecting.connect("kvik", vendor.slug, secrets={"bridge_password": "bridge-password-0815"})
    before = Vendor.objects.get().options
    for do in ("try", "save", "confirm"):
        answer = admin_client.post(page(vendor), {**sent(admin_client, vendor, **change), "do": do})
        assert answer.status_code == 200, do
        assert answer.context["tried"] is None
        assert "where it is pasted again" in answer.content.decode()
    edit = reverse("admin:integrations_vendor_change", args=[vendor.pk])
    form = admin_client.get(edit).context["adminform"].form
    answer = admin_client.post(edit, filled(form, **change))
    assert answer.status_code == 200
    assert "Paste it again, so that it is not sent where it was not meant for" in answer.content.decode()
    assert Vendor.objects.get().options == before
    again = {"secret_bridge_password": "bridge-password-0816", "untested": "on"}
    assert admin_client.post(edit, {**filled(form, **change), **again}).status_code == 302, "pasted again it is meant"
    assert Vendor.objects.get().options != before


def test_flows_that_declare_nothing_to_try_have_no_such_page(tiny: Simulator, admin_client: Client) -> None:
    other = connecting.connect("elryan", "souk", base_url="http://127.0.0.1:1/api")
    assert admin_client.get(reverse("admin:integrations_vendor_try", args=[other.pk, "orders"])).status_code == 404
    assert (
        "Try it" not in admin_client.get(reverse("admin:integrations_vendor_change", args=[other.pk])).content.decode()
    )
    vendor = connected(tiny)
    assert (
        "Try it: Orders"
        in admin_client.get(reverse("admin:integrations_vendor_change", args=[vendor.pk])).content.decode()
    )


def test_a_long_answer_is_cut_with_a_word_about_it() -> None:
    text = trial.pretty(b'["' + b"x" * 50_000 + b'"]', set())
    assert len(text) < 21_000
    assert text.endswith("more characters")
