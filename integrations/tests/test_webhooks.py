"""What vendors post: who is let in, stored once, read again from the vendor, settled, given up, replayed."""

import json
import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from catalog.models import Brand
from integrations import asking, connecting, rotation, sweeping, sync, vault
from integrations.models import (
    AllowedNetwork,
    Callback,
    Schedule,
    ShippingRate,
    SyncRun,
    Token,
    Trigger,
    Vendor,
    WebhookDelivery,
)
from integrations.service import services
from integrations.tests import posting_kind
from integrations.tests.posting_kind import Posting, Shop, sign
from integrations.webhooks import addresses, hinting, keeping, known, reading, tending
from integrations.webhooks.hook import News
from orders.models import Order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setitem(services(), "posting", Posting)
    with posting_kind.shop() as found:
        found.put("brands", "1", name="North")
        yield found


@pytest.fixture
def vendor(shop: Shop) -> Vendor:
    made = connecting.connect("posting", "post", base_url=shop.url, secrets={"token": posting_kind.KEY})
    Schedule.objects.filter(vendor=made).update(due_at=timezone.now() + timedelta(hours=1))
    Callback.objects.update(active=True)
    return made


def callback(hook: str = "events") -> Callback:
    return Callback.objects.select_related("vendor").get(hook=hook, vendor__slug="post")


def post(
    event: str, body: Any, *, once: str = "", at: float | None = None, key: str = posting_kind.KEY, **more: Any
) -> int:
    """Post as the vendor does; the status of the answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = str(int(at if at is not None else time.time()))
    headers = {"X-Posting-Event": event, "X-Posting-Time": sent, "X-Posting-Id": once}
    headers["X-Posting-Sign"] = sign(more.pop("signed", raw), sent, key)
    more = {"content_type": "application/json", "headers": headers, **more}
    path = more.pop("path", "") or addresses.path_of(callback())
    known.forget()
    return Client().post(path, raw, **more).status_code


def work(vendor: Vendor) -> None:
    """What a worker does with the hints: read, run what was asked for, settle."""
    reading.read(vendor.pk)
    while runs := list(asking.next_ones()):
        before = [run.pk for run in runs]
        for run in runs:
            sweeping.go_on(run.pk)
        if [run.pk for run in asking.next_ones()] == before:
            break
    reading.read(vendor.pk)


def states() -> list[str]:
    return list(WebhookDelivery.objects.order_by("pk").values_list("state", flat=True))


# -- what it leads to


def test_a_delivery_is_read_from_the_vendor_and_its_body_is_not_believed(shop: Shop, vendor: Vendor) -> None:
    shop.put("orders", "7", status="shipped")
    assert post("order.update", {"id": "7", "status": "cancelled"}) == 200
    assert states() == ["waiting"]
    work(vendor)
    assert states() == ["done"]
    assert Order.objects.get(external_id="7").status == "shipped"
    run = SyncRun.objects.get()
    assert (run.trigger, run.codes, run.state) == (Trigger.WEBHOOK, ["7"], "ok")
    assert WebhookDelivery.objects.get().run == run
    assert shop.reads("/orders/7") == 1


def test_many_deliveries_of_one_row_are_one_read(shop: Shop, vendor: Vendor) -> None:
    shop.put("orders", "7", status="new")
    for number in range(20):
        assert post("order.update", {"id": "7", "step": number}) == 200
    reading.read(vendor.pk)
    assert (
        post("order.update", {"id": "7", "step": "late"}) == 200
    )  # the queued run has not begun: it takes this one too
    work(vendor)
    assert states() == ["done"] * 21
    assert (shop.reads("/orders/7"), SyncRun.objects.count()) == (1, 1)


def test_news_of_a_row_that_is_just_being_read_is_read_again(shop: Shop, vendor: Vendor) -> None:
    shop.put("orders", "7", status="new")
    post("order.update", {"id": "7", "step": 1})
    [run] = reading.read(vendor.pk)
    assert asking.begin(run)
    post("order.update", {"id": "7", "step": 2})
    [second] = reading.read(vendor.pk)
    assert second.pk != run.pk
    work(vendor)
    sweeping.go_on(run.pk)
    work(vendor)
    assert states() == ["done", "done"]
    assert shop.reads("/orders/7") == 2


def test_events_in_any_order_end_in_what_the_vendor_says(shop: Shop, vendor: Vendor) -> None:
    orders = list(permutations(("create", "paid", "update", "delete")))
    for number in range(len(orders)):
        shop.put("brands", f"b{number}", name="As it is now")
    for step in range(4):
        for number, order in enumerate(orders):
            post(f"brand.{order[step]}", {"id": f"b{number}", "name": f"As of {order[step]}"})
        if step == 1:
            work(vendor)
    work(vendor)
    assert {(b.name, b.gone_at) for b in Brand.objects.all()} == {("As it is now", None)}
    assert Brand.objects.count() == len(orders)
    for number in range(len(orders)):
        del shop.tables["brands"][f"b{number}"]
        post("brand.delete", {"id": f"b{number}"})
    work(vendor)
    assert not Brand.objects.filter(gone_at=None).exists()
    assert set(states()) == {"done"}


def test_a_row_that_never_was_is_no_failure(shop: Shop, vendor: Vendor) -> None:
    post("order.delete", {"id": "404"})
    work(vendor)
    assert (states(), Order.objects.count()) == (["done"], 0)


def test_lost_webhooks_are_brought_by_the_poll(shop: Shop, vendor: Vendor) -> None:
    shop.put("orders", "7", status="new")
    Schedule.objects.filter(vendor=vendor, flow="orders").update(due_at=timezone.now())
    sweeping.run_if_due(vendor.pk, "orders")
    assert Order.objects.get().external_id == "7"
    assert not WebhookDelivery.objects.exists()


def test_a_flow_whose_time_has_come_goes_before_its_news(shop: Shop, vendor: Vendor) -> None:
    shop.put("orders", "7", status="new")
    Schedule.objects.filter(vendor=vendor, flow="orders").update(due_at=timezone.now())
    post("order.update", {"id": "7"})
    assert reading.read(vendor.pk) == []
    assert sweeping.run_if_due(vendor.pk, "orders") is not None
    [run] = reading.read(vendor.pk)
    assert run.trigger == Trigger.WEBHOOK


def test_the_sweep_finds_what_no_hint_told(shop: Shop, vendor: Vendor) -> None:
    shop.put("orders", "7", status="new")
    post("order.update", {"id": "7"})
    assert sweeping.sweep().news == 1
    assert states() == ["reading"]
    assert SyncRun.objects.get().state == "queued"


def test_a_failed_read_is_tried_again_and_given_up_in_the_end(
    shop: Shop, vendor: Vendor, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HUB_ALERT_EMAILS = ["ops@example.com"]
    post("order.update", {"id": "7"})
    for attempt in range(1, reading.ATTEMPTS + 1):
        [run] = reading.read(vendor.pk)
        SyncRun.objects.filter(pk=run.pk).update(state="failed", finished_at=timezone.now(), error="The shop is away.")
        reading.settle(vendor.pk)
        delivery = WebhookDelivery.objects.get()
        assert delivery.attempts == attempt
        WebhookDelivery.objects.filter(state="waiting").update(not_before=None)
    assert (delivery.state, delivery.note) == ("failed", "The shop is away.")
    assert any("given up" in message.subject for message in mail.outbox)
    reading.replay(delivery)
    shop.put("orders", "7", status="new")
    work(vendor)
    assert states() == ["done"]


def test_a_delivery_that_waits_again_gives_way_to_a_newer_one(shop: Shop, vendor: Vendor) -> None:
    post("order.update", {"id": "7"})
    [run] = reading.read(vendor.pk)
    post("order.update", {"id": "7"})
    SyncRun.objects.filter(pk=run.pk).update(state="failed", finished_at=timezone.now())
    reading.settle(vendor.pk)
    assert states() == ["done", "waiting"]


def test_news_for_a_flow_nobody_has_lead_to_nothing(shop: Shop, vendor: Vendor) -> None:
    assert post("basket.add", {"id": "1"}) == 200
    assert post("order.update", b"[not json") == 200
    told = list(WebhookDelivery.objects.order_by("pk").values_list("state", "event", "note"))
    assert told[0][:2] == ("nothing", "basket.add")
    assert (told[1][:2], "could not be read" in told[1][2]) == (("nothing", "?"), True)
    assert reading.read(vendor.pk) == []


def test_news_of_what_the_shop_has_not_wait_for_no_poll_that_never_comes(shop: Shop, vendor: Vendor) -> None:
    Vendor.objects.filter(pk=vendor.pk).update(abilities={"none": "orders"})
    Schedule.objects.filter(vendor=vendor, flow="orders").update(due_at=timezone.now())
    assert post("order.update", {"id": "7"}) == 200
    assert reading.read(vendor.pk) == []
    kept = WebhookDelivery.objects.get()
    assert (kept.state, kept.note) == ("nothing", "This shop has no orders.")


# -- once


def test_a_repeat_is_stored_once(shop: Shop, vendor: Vendor) -> None:
    for _ in range(3):
        assert post("order.update", {"id": "7"}, once="d-1") == 200
    assert post("order.update", {"id": "7"}, once="d-2") == 200, "the same body under a new id, while the first waits"
    assert len(states()) == 1
    work(vendor)
    assert post("order.update", {"id": "7"}, once="d-1") == 200, "an old delivery once more"
    assert len(states()) == 1
    assert post("order.update", {"id": "7"}, once="d-3") == 200, "a second change says the same and is news"
    assert len(states()) == 2


# -- who is let in


def test_an_unknown_path_and_one_that_is_off_are_the_same_nothing(
    shop: Shop, vendor: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    path = addresses.path_of(callback())
    with caplog.at_level(logging.DEBUG):
        assert post("order.update", {"id": "7"}, path="/hooks/nonsense/") == 404
        assert post("order.update", {"id": "7"}, path=path.rstrip("/")) == 200
        Callback.objects.update(active=False)
        assert post("order.update", {"id": "8"}, path=path) == 404
        Callback.objects.update(active=True)
        Vendor.objects.update(enabled=False)
        assert post("order.update", {"id": "9"}, path=path) == 404
    assert path.split("/")[2] not in caplog.text
    assert len(states()) == 1


def test_no_refusal_tells_its_path_to_the_log(shop: Shop, vendor: Vendor, caplog: pytest.LogCaptureFixture) -> None:
    Callback.objects.update(mode="required")
    path = addresses.path_of(callback())
    with caplog.at_level(logging.DEBUG):
        assert Client().get(path).status_code == 405
        assert Client().put(path, b"{}").status_code == 405
        assert post("order.update", {"id": "7"}, key="forged") == 401
        assert post("order.update", b"<a/>", content_type="text/xml") == 415
        assert post("order.update", b"x" * 1_000_001) == 413
        for more in ("more", "more/", "/", "../admin/"):
            assert Client().post(path + more, b"{}", content_type="application/json").status_code in (301, 404)
        assert (
            Client(enforce_csrf_checks=True)
            .post(f"/hooks/{path[6:]}", b"{}", content_type="application/json")
            .status_code
            == 404
        )
    assert path.split("/")[2] not in caplog.text


FORGED: dict[str, dict[str, Any]] = {
    "another key": {"key": "guess"},
    "another body": {"signed": b'{"id": "8"}'},
    "the same body written anew": {"signed": b'{"id":"7"}'},
    "ten minutes old": {"at": -600},
    "ten minutes ahead": {"at": 600},
    "no time at all": {"at": -time.time()},
}


@pytest.mark.parametrize("what", FORGED)
def test_what_is_forged_or_stale_is_refused_counted_and_not_stored(shop: Shop, vendor: Vendor, what: str) -> None:
    given = dict(FORGED[what])
    if "at" in given:
        given["at"] += time.time()
    Callback.objects.update(mode="required")
    assert post("order.update", {"id": "7"}, **given) == 401
    assert (states(), callback().refused) == ([], 1)
    Callback.objects.update(mode="trial")
    assert post("order.update", {"id": "7"}, **given) == 200
    assert WebhookDelivery.objects.get().verified is False
    assert post("order.update", {"id": "8"}) == 200
    assert WebhookDelivery.objects.get(external_id="8").verified is True


def test_no_signature_is_no_signature(shop: Shop, vendor: Vendor) -> None:
    Callback.objects.update(mode="required")
    answer = Client().post(addresses.path_of(callback()), b'{"id": "7"}', content_type="application/json")
    assert (answer.status_code, answer.content) == (401, b"")


def test_what_was_just_found_is_not_looked_up_again_for_some_seconds(shop: Shop, vendor: Vendor) -> None:
    path, raw = addresses.path_of(callback()), b'{"id": "%d"}'
    known.forget()
    asked = []
    for number in range(3):
        with CaptureQueriesContext(connection) as queries:
            answer = Client().post(path, raw % number, content_type="application/json")
        assert answer.status_code == 200
        asked.append(sum(not query["sql"].startswith(("BEGIN", "COMMIT")) for query in queries))
    assert asked[0] > 1
    assert asked[1:] == [1, 1], "one insert"


def test_a_replaced_key_is_good_until_its_date(shop: Shop, vendor: Vendor) -> None:
    Callback.objects.update(mode="required")
    addresses.set_key(callback(), "first-key")
    addresses.set_key(callback(), "second-key")
    for number, key in enumerate(("first-key", "second-key")):
        assert post("order.update", {"id": str(number)}, key=key) == 200
    Callback.objects.update(old_key_until=timezone.now())
    assert post("order.update", {"id": "9"}, key="first-key") == 401
    assert post("order.update", {"id": "9"}, key="second-key") == 200
    old = Token.objects.filter(name__endswith=":key:old", active=True)
    assert old.exists()
    sweeping.sweep()
    assert not old.exists(), "and wiped then"
    assert not Token.objects.filter(active=False).exclude(ciphertext="").exists()
    assert callback().old_key_until is None
    assert post("order.update", {"id": "10"}, key="second-key") == 200
    addresses.set_key(callback(), "third-key")
    sweeping.sweep()
    assert old.exists(), "not before its date"


def test_a_replaced_path_is_good_until_its_date(shop: Shop, vendor: Vendor) -> None:
    old = addresses.path_of(callback())
    addresses.replace(callback())
    new = addresses.path_of(callback())
    assert old != new
    assert post("order.update", {"id": "1"}, path=old) == 200
    assert post("order.update", {"id": "2"}, path=new) == 200
    Callback.objects.update(old_until=timezone.now())
    assert post("order.update", {"id": "3"}, path=old) == 404
    assert callback().tend_at is not None, "the vendor is told of the new one"


def test_paths_and_keys_are_encrypted_and_rotate_with_the_others(shop: Shop, vendor: Vendor, settings: Any) -> None:
    path = addresses.path_of(callback())
    settings.HUB_KEYS = ["a-newer-data-key", *django_settings.HUB_KEYS]
    assert rotation.rotate() >= 3
    assert addresses.path_of(callback()) == path


def test_a_damaged_token_of_the_connection_shuts_out_no_delivery(shop: Shop, vendor: Vendor) -> None:
    Callback.objects.update(mode="required")
    addresses.set_key(callback(), "first-key")
    damaged = Token.objects.filter(vendor=vendor, active=True).exclude(name__startswith="hook:")
    assert damaged.update(ciphertext="damaged") == 1
    known.forget()
    assert post("order.update", {"id": "1"}, key="first-key") == 200


def test_only_listed_addresses_may_post(shop: Shop, vendor: Vendor, settings: Any) -> None:
    path = addresses.path_of(callback())
    other = connecting.connect("posting", "other", base_url=shop.url, secrets={"token": "x"})
    AllowedNetwork.objects.create(network="10.0.0.0/8", vendor=other)
    assert post("order.update", {"id": "1"}, path=path) == 200, "a list of another vendor's"
    AllowedNetwork.objects.create(network="198.51.100.1-198.51.100.9", vendor=vendor)
    assert post("order.update", {"id": "2"}, path=path) == 403
    assert "127.0.0.1" in Callback.objects.get(vendor=vendor, hook="events").refused_why
    assert post("order.update", {"id": "3"}, path=path, REMOTE_ADDR="198.51.100.4") == 200
    assert post("order.update", {"id": "4"}, path=path, REMOTE_ADDR="198.51.100.10") == 403
    forged: dict[str, Any] = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.4"}
    assert post("order.update", {"id": "5"}, path=path, **forged) == 403
    settings.HUB_TRUSTED_PROXIES = ["10.0.0.1"]
    assert post("order.update", {"id": "6"}, path=path, **forged) == 200
    forged["HTTP_X_FORWARDED_FOR"] = "198.51.100.4, 203.0.113.9"
    assert post("order.update", {"id": "7"}, path=path, **forged) == 403
    AllowedNetwork.objects.filter(vendor=vendor).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert post("order.update", {"id": "8"}, path=path) == 403, "what was closed stays closed when the last entry ends"
    assert post("order.update", {"id": "8"}, path=path, REMOTE_ADDR="198.51.100.4") == 403
    AllowedNetwork.objects.filter(vendor=vendor).update(active=False)
    assert post("order.update", {"id": "8"}, path=path) == 200


def test_what_cannot_be_stored_is_to_be_sent_again(
    shop: Shop, vendor: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    path = addresses.path_of(callback())

    def full(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("INSERT"):
            raise OperationalError("the disk is full")
        return execute(sql, *rest)

    with connection.execute_wrapper(full), caplog.at_level(logging.DEBUG):
        assert post("order.update", {"id": "7"}, path=path) == 503
    assert "the disk is full" in caplog.text
    assert path.split("/")[2] not in caplog.text
    assert post("order.update", {"id": "7"}, path=path) == 200


# -- an address that answers


def test_a_hook_may_answer_at_once(shop: Shop, vendor: Vendor) -> None:
    path = addresses.path_of(callback("echo"))
    answer = Client().post(path + "?q=%21", b"hi", content_type="text/plain")
    assert (answer.status_code, answer.content) == (200, b"echo hi!")
    assert Client().get(path, {"q": "x"}).content == b"echo x"
    kept = WebhookDelivery.objects.order_by("pk").first()
    assert kept is not None
    assert (kept.state, kept.note, bytes(kept.body)) == ("done", "Answered 200. Echoed.", b"")


def test_what_cannot_be_noted_is_not_acknowledged_but_where_somebody_waits(shop: Shop, vendor: Vendor) -> None:
    ShippingRate.objects.create(vendor=vendor, zone=None, name="Post", code="post", price=25, currency="EUR")
    echo, ship = (addresses.path_of(callback(name)) for name in ("echo", "ship"))

    def full(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("INSERT"):
            raise OperationalError("the disk is full")
        return execute(sql, *rest)

    def asked() -> list[int]:
        echoed = Client().post(echo, b"hi", content_type="text/plain")
        return [echoed.status_code, Client().post(ship, b"{}", content_type="application/json").status_code]

    with connection.execute_wrapper(full):
        assert asked() == [503, 200]
    assert not WebhookDelivery.objects.exists()
    assert asked() == [200, 200]
    assert WebhookDelivery.objects.count() == 2


# -- trouble, and what is kept up


def test_trouble_is_tested_before_it_is_believed(shop: Shop, vendor: Vendor, settings: Any) -> None:
    settings.HUB_ALERT_EMAILS = ["ops@example.com"]
    assert post("trouble.add", b"") == 200
    reading.read(vendor.pk)
    vendor.refresh_from_db()
    assert vendor.state == "active" or vendor.state == "new"
    kept = WebhookDelivery.objects.get()
    assert "A test of the connection works." in kept.note
    assert "does not answer" in callback().trouble
    shop.down = True
    WebhookDelivery.objects.all().delete()
    post("trouble.add", b"")
    reading.read(vendor.pk)
    vendor.refresh_from_db()
    assert vendor.state == "blocked", "it pauses by itself, and comes back by itself"
    assert len(mail.outbox) == 2


def test_many_that_tell_of_trouble_are_one_test_and_one_alert(shop: Shop, vendor: Vendor, settings: Any) -> None:
    settings.HUB_ALERT_EMAILS = ["ops@example.com"]
    for number in range(12):
        assert post("trouble.add", {"tries left": number}) == 200
    reading.read(vendor.pk)
    assert (len(shop.asked), len(mail.outbox)) == (1, 1)
    assert all("A test of the connection works." in kept.note for kept in WebhookDelivery.objects.all())
    assert states() == ["done"] * 12


def test_what_the_vendor_does_not_offer_cannot_be_switched_on(
    shop: Shop, vendor: Vendor, settings: Any, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HUB_PUBLIC_URL = "https://hub.example.com"
    monkeypatch.setattr(Posting, "tended", [])
    Vendor.objects.filter(pk=vendor.pk).update(abilities={"none": "events"})
    Callback.objects.filter(hook="events").update(tend_at=timezone.now())
    assert tending.tend(callback().pk) == []
    assert (Posting.tended, "no events" in callback().trouble) == ([], True)
    Callback.objects.update(active=False)
    for hook, stays in (("events", False), ("echo", True)):
        there = reverse("admin:integrations_callback_change", args=[callback(hook).pk])
        assert ("has no events" in admin_client.get(there).content.decode()) is not stays
        admin_client.post(there, {"active": "on", "mode": "off"})
        assert callback(hook).active is stays


def test_a_rule_the_documents_state_is_on_trial_from_the_beginning(shop: Shop) -> None:
    made = connecting.connect("posting", "post", base_url=shop.url, secrets={"token": posting_kind.KEY})
    assert dict(made.callbacks.values_list("hook", "mode")) == {
        "events": "trial", "claims": "off", "echo": "off", "ship": "trial",
    }  # fmt: skip


def test_the_vendors_side_is_kept_up(
    shop: Shop, vendor: Vendor, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HUB_ALERT_EMAILS = ["ops@example.com"]
    monkeypatch.setattr(Posting, "tended", [])
    monkeypatch.setattr(Posting, "missed", [News("order.update", "orders", ["7"], once="missed:7")])
    Callback.objects.filter(hook="events").update(tend_at=timezone.now())
    assert tending.due() == [callback().pk]
    assert tending.tend(callback().pk) == []
    assert "HUB_PUBLIC_URL" in callback().trouble
    settings.HUB_PUBLIC_URL = "https://hub.example.com"
    Callback.objects.filter(hook="events").update(tend_at=timezone.now())
    shop.put("orders", "7", status="new")
    assert tending.tend(callback().pk) == ["Made.", "1 deliveries it could not make are read now."]
    [(hook, address, flows)] = Posting.tended
    assert (hook, flows) == ("events", ["brands", "orders"])
    assert address == f"https://hub.example.com{addresses.path_of(callback())}"
    assert (callback().trouble, tending.due()) == ("", [])
    work(vendor)
    assert (states(), shop.reads("/orders/7")) == (["done"], 1)
    mail.outbox.clear()
    Callback.objects.filter(hook="events").update(tend_at=timezone.now())
    assert tending.tend(callback().pk) == ["The webhook for orders was switched on again."], (
        "and missed once is not missed twice"
    )
    assert ["mended" in message.subject for message in mail.outbox] == [True]
    assert tending.tend(callback().pk) == [], "not due"


def test_of_what_is_switched_off_all_is_taken_away(shop: Shop, vendor: Vendor, settings: Any) -> None:
    settings.HUB_PUBLIC_URL = "https://hub.example.com"
    Callback.objects.filter(hook="events").update(active=False, tend_at=timezone.now())
    assert tending.tend(callback().pk) == ["Taken away."]
    assert (callback().tend_at, callback().told) == (None, "Taken away.")


# -- claims


def claimed(shop_: str, brand: str = "1", token: str = "a-new-token-of-it") -> None:
    body = {"shop": shop_, "brand": brand, "token": token}
    assert post("claim.add", body, path=addresses.path_of(callback("claims"))) == 200


def test_a_claim_is_proved_and_stored_switched_off(shop: Shop, vendor: Vendor, settings: Any) -> None:
    settings.HUB_ALERT_EMAILS = ["ops@example.com"]
    vault.set_secret(vendor, "pin", "shared-by-all-of-them")
    addresses.make_pair(callback("claims"))
    assert "BEGIN PUBLIC KEY" in addresses.public_key(callback("claims"))
    claimed("https://shop.example.com")
    assert not Vendor.objects.filter(slug="shop-example-com").exists(), "nothing is trusted before it is proved"
    reading.read(vendor.pk)
    made = Vendor.objects.get(slug="shop-example-com")
    assert (made.enabled, made.writes, made.base_url) == (False, "off", shop.url)
    assert (vault.secret(made.pk, "token"), vault.secret(made.pk, "pin")) == (
        "a-new-token-of-it",
        "shared-by-all-of-them",
    )
    assert "enable it" in WebhookDelivery.objects.get().note
    assert len(mail.outbox) == 1
    claimed("https://shop.example.com", token="a-newer-token-of-it")
    reading.read(vendor.pk)
    assert vault.secret(made.pk, "token") == "a-newer-token-of-it"
    assert Vendor.objects.count() == 2


def test_a_claim_the_vendor_does_not_know_connects_nobody(shop: Shop, vendor: Vendor) -> None:
    addresses.make_pair(callback("claims"))
    claimed("https://shop.example.com", brand="404")
    reading.read(vendor.pk)
    kept = WebhookDelivery.objects.get()
    assert (kept.state, Vendor.objects.count(), "404" in kept.note) == ("failed", 1, True)
    shop.put("brands", "404", name="There after all")
    reading.replay(kept)
    reading.read(vendor.pk)
    assert (states(), Vendor.objects.count()) == (["done"], 2)


def test_a_body_that_should_have_been_encrypted_is_not_kept(shop: Shop, vendor: Vendor) -> None:
    assert post("claim.add", {"store_key": "in plain text"}, path=addresses.path_of(callback("claims"))) == 200
    kept = WebhookDelivery.objects.get()
    assert (kept.state, bytes(kept.body)) == ("nothing", b"")


def test_old_deliveries_go_and_waiting_ones_stay(shop: Shop, vendor: Vendor, settings: Any) -> None:
    for number in range(4):
        post("order.update", {"id": str(number)})
    WebhookDelivery.objects.filter(external_id__in=["0", "1"]).update(received_at=timezone.now() - timedelta(days=90))
    WebhookDelivery.objects.exclude(external_id="0").update(state="done")
    keeping.trim()
    assert list(WebhookDelivery.objects.order_by("pk").values_list("external_id", flat=True)) == ["0", "2", "3"]
    settings.HUB_WEBHOOK_ROWS = 1
    keeping.trim()
    assert list(WebhookDelivery.objects.order_by("pk").values_list("external_id", flat=True)) == ["0", "3"]


def test_fifty_deliveries_are_few_hints(shop: Shop, vendor: Vendor) -> None:
    messages = django_settings.QUEUE / "messages"
    before = {path.name for path in messages.iterdir()}
    for _ in range(50):
        hinting.hint(vendor.pk)
    hinting.publish()
    hints = {path.name for path in messages.iterdir()} - before
    assert 1 <= len(hints) <= 10, "the thread's own may come between, and what waited from before"


def test_sync_knows_the_made_up_vendor(shop: Shop, vendor: Vendor) -> None:
    done = sync.run(vendor, "brands", Trigger.COMMAND_LINE, slice_seconds=None)
    assert done is not None
    assert (done.state, Brand.objects.get().name) == ("ok", "North")
