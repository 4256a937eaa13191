"""The pages where people decide what goes out: approval, the unknown desk, the switches. Buttons do what they say, once."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from config.models import AuditEntry
from integrations.commands import asking, sending, switches
from integrations.models import Command, Vendor
from integrations.service import services
from integrations.tests.worker import Worker
from tests.faults.rig import connected

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State


@pytest.fixture
def vendor(elryan) -> Vendor:
    made = connected(elryan, "elryan-iq")
    return mode(made, "approve")


def mode(vendor: Vendor, writes: str) -> Vendor:
    Vendor.objects.filter(pk=vendor.pk).update(writes=writes)
    return Vendor.objects.get(pk=vendor.pk)


def desk(name: str) -> str:
    return reverse("admin:integrations_command_desk", args=[name])


def decided(client: Client, act: str, **more: Any) -> str:
    answer = client.post(reverse("admin:integrations_command_decide"), {"act": act, **more}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def wished(vendor: Vendor, *skus: str) -> list[Command]:
    return [asking.ask(vendor, "stock_and_price", {"items": [{"sku": s, "stock": 4}]}, by="ann")[0] for s in skus]


def sku(sim: Any, nth: int = 0) -> str:
    return str(sim.truth("variants")[nth]["sku"])


def test_the_approval_page_shows_what_will_go_and_sends_it_once_approved(admin_client, elryan, vendor):
    (waiting,) = wished(vendor, sku(elryan))
    worker = Worker()
    text = admin_client.get(desk("approval")).content.decode()
    assert f"{sku(elryan)}: stock 4" in text
    assert "variants/stock-and-price" in text
    assert elryan.ledger.writes == 0
    assert "Approved, and sent soon" in decided(admin_client, f"approve:{waiting.pk}", desk="approval")
    assert worker.work() == 1
    waiting.refresh_from_db()
    assert (waiting.state, elryan.ledger.writes) == (State.CONFIRMED, 1)
    assert waiting.story[1]["by"] == "admin"
    assert "confirmed by now" in decided(admin_client, f"approve:{waiting.pk}", desk="approval")


def test_many_are_approved_or_rejected_together_and_a_no_needs_a_reason(admin_client, elryan, vendor):
    keys = [command.pk for command in wished(vendor, "A", "B", "C")]
    assert "Write down why" in decided(admin_client, "reject", command=keys, desk="approval")
    assert "variant:A, " not in decided(admin_client, "approve", command=keys[1:2], desk="approval")
    decided(admin_client, "approve", command=keys[:1], desk="approval")
    decided(admin_client, "reject", command=keys[2:], reason="wrong shop", desk="approval")
    assert [*Command.objects.order_by("id").values_list("state", flat=True)] == ["queued", "queued", "cancelled"]


def test_the_unknown_desk_shows_what_the_vendor_shows_and_lets_a_person_decide(admin_client, elryan, vendor):
    vendor = mode(vendor, "on")
    elryan.fault("drop", path="/variants/stock-and-price", times=2)
    first, second = wished(vendor, sku(elryan), sku(elryan, 1))
    for command in (first, second):
        sending.send(command.pk)
    text = admin_client.get(desk("unknown")).content.decode()
    assert text.index(first.words[0]) < text.index(second.words[0])
    assert "not looked up yet" in text
    Command.objects.update(not_before=None)  # neither can be on its way any more
    decided(admin_client, f"look_up:{first.pk}", desk="unknown")
    first.refresh_from_db()
    assert first.state == State.QUEUED, "the vendor shows other values, so it may go again"
    assert "Write the number" in decided(admin_client, f"confirm:{second.pk}", desk="unknown")
    decided(admin_client, f"confirm:{second.pk}", desk="unknown", **{f"number-{second.pk}": "seen in the portal"})
    second.refresh_from_db()
    assert (second.state, second.number) == (State.CONFIRMED, "seen in the portal")


def test_sending_again_needs_a_reason(admin_client, elryan, vendor):
    vendor = mode(vendor, "on")
    elryan.fault("drop", path="/variants/stock-and-price", times=1)
    (lost,) = wished(vendor, sku(elryan))
    sending.send(lost.pk)
    assert "Write down why" in decided(admin_client, f"again:{lost.pk}", desk="unknown")
    decided(admin_client, f"again:{lost.pk}", desk="unknown", **{f"reason-{lost.pk}": "their support says no"})
    lost.refresh_from_db()
    assert lost.state == State.QUEUED
    assert "their support says no" in lost.story[-1]["what"]


def test_the_switches_stop_and_let_go(admin_client, elryan, vendor):
    vendor = mode(vendor, "on")
    page = reverse("admin:integrations_command_switches")
    admin_client.post(page, {"act": "stop:elryan-iq:stock_and_price", "reason": "stock count"})
    wished(vendor, sku(elryan))
    assert "stock count" in switches.held(vendor, "stock_and_price")
    assert "verb=stock_and_price" in admin_client.get(page).content.decode()
    admin_client.post(page, {"act": "resume:elryan-iq:stock_and_price"})
    assert switches.held(vendor, "stock_and_price") == ""
    admin_client.post(page, {"act": "mode:elryan-iq:stock_and_price", "mode-elryan-iq-stock_and_price": "approve"})
    assert switches.mode_of(vendor, "stock_and_price") == "approve"
    told = AuditEntry.objects.latest("pk")
    assert (told.said, told.before, told.after) == (
        "Switch mode stock_and_price.", {"writes": "on"}, {"writes": "approve"}
    )  # fmt: skip
    for nonsense in ("stop:nobody:", "stop:elryan-iq:fly", "", "mode:::"):
        assert admin_client.post(page, {"act": nonsense}, follow=True).status_code == 200


def test_who_may_only_look_decides_nothing(elryan, vendor):
    (waiting,) = wished(vendor, "A")
    user = get_user_model().objects.create_user("eve", password="x", is_staff=True)
    client = Client()
    client.force_login(user)
    pages = [desk("approval"), desk("unknown"), reverse("admin:integrations_command_switches")]
    assert {client.get(page).status_code for page in pages} == {403}
    user.user_permissions.add(Permission.objects.get(codename="view_command"))
    assert {client.get(page).status_code for page in pages} == {200}
    assert "Approve" not in client.get(pages[0]).content.decode().replace("To approve", "").replace(
        "as it is approved", ""
    )
    assert (
        client.post(reverse("admin:integrations_command_decide"), {"act": f"approve:{waiting.pk}"}).status_code == 403
    )
    assert client.post(pages[2], {"act": "stop:elryan-iq:"}).status_code == 403
    waiting.refresh_from_db()
    assert waiting.state == State.AWAITING
    user.user_permissions.add(Permission.objects.get(codename="change_command"))
    given = {"act": "mode:elryan-iq:stock_and_price", "mode-elryan-iq-stock_and_price": "on"}
    assert client.post(pages[2], given).status_code == 403, "who approves does not do away with approval"
    assert switches.mode_of(vendor, "stock_and_price") == "approve"


@pytest.mark.parametrize("name", ["approval", "unknown"])
def test_a_desk_costs_the_same_for_many(admin_client, elryan, vendor, name, django_assert_max_num_queries):
    wished(vendor, *(f"S-{place}" for place in range(12)))
    Command.objects.update(state={"approval": State.AWAITING, "unknown": State.UNKNOWN}[name])
    admin_client.get(desk(name))
    with django_assert_max_num_queries(8):
        assert admin_client.get(desk(name)).status_code == 200
    with django_assert_max_num_queries(8):
        admin_client.get(reverse("admin:integrations_command_switches"))


def test_a_form_made_from_the_declaration_previews_and_decides(admin_client, elryan, vendor):
    page = reverse("admin:integrations_command_ask", args=["elryan-iq", "cancel_line"])
    text = admin_client.get(page).content.decode()
    assert "out of stock" in text
    given = {"f_line": "77", "f_reason": "out_of_stock"}
    assert "orders/cancel/77" in admin_client.post(page, given).content.decode()
    assert not Command.objects.exists()
    assert "required" in admin_client.post(page, {"f_line": "77", "decide": ""}).content.decode()
    admin_client.post(page, given | {"decide": ""})
    made = Command.objects.get()
    assert (made.state, made.asked_by, made.body) == (State.AWAITING, "admin", {"line": "77", "reason": "out_of_stock"})
    mode(vendor, "off")
    assert "only read" in admin_client.post(page, given | {"decide": ""}).content.decode()
    assert Command.objects.count() == 1


@pytest.mark.parametrize("kind", [kind for kind, service in services().items() if service.verbs])
def test_each_verbs_form_opens(admin_client, kind):
    made = Vendor.objects.create(kind=kind, name=kind, slug=kind, base_url="https://x.example", writes="on")
    for verb in services()[kind].verbs:
        page = reverse("admin:integrations_command_ask", args=[made.slug, verb])
        assert admin_client.get(page).status_code == 200, verb
        assert admin_client.post(page, {"preview": ""}).status_code == 200, verb
