"""The desk: held parts applied or dropped, rejects tried again, schedules set, words mapped; each with its outcome told."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from catalog.models import Product, Variant
from integrations import connecting, sync
from integrations.models import Held, Reject, Schedule, SyncRun, Vendor
from integrations.services.elko.simulator import Simulator as Elko
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Server
from orders.models import Order, OrderLine, Package, StatusWord

pytestmark = pytest.mark.django_db

HELD, REJECT, SCHEDULE = (f"/admin/integrations/{name}/" for name in ("held", "reject", "schedule"))


@pytest.fixture
def elko() -> Iterator[Elko]:
    sim = Elko(seed="tiny")
    with Server(sim):
        yield sim


def connected(sim: Any) -> Vendor:
    given = sim.connections()[0]
    return connecting.connect(
        sim.kind, f"{sim.kind}-1", base_url=given["base_url"], options=given["options"], secrets=given["secrets"]
    )


def run(vendor: Vendor, flow: str) -> SyncRun:
    done = sync.run(vendor, flow, slice_seconds=None)
    assert done is not None
    return done


def held(elko: Elko, kind: str) -> Held:
    """A part of this kind that waits."""
    vendor = connected(elko)
    run(vendor, "products")
    rows = elko.truth("products")
    if kind == "gone":
        elko.fault("empty_list", "/Catalog/Products", times=1)
    for row in rows:
        if kind == "zero":
            elko.change("products", row["id"], quantity="0")
        if kind == "price":
            elko.change("products", row["id"], price=round(row["price"] * 40, 2))
    run(vendor, "products")
    return Held.objects.get(kind=kind, state="waiting")


def facts() -> tuple[int, int, int]:
    """Products that are there, variants without stock, the sum of all prices in whole units."""
    prices = Variant.objects.exclude(price=None).values_list("price", flat=True)
    return Product.objects.filter(gone_at=None).count(), Variant.objects.filter(stock=0).count(), int(sum(prices))


@pytest.mark.parametrize("kind", ["gone", "zero", "price"])
def test_a_held_part_is_shown_with_its_rows_and_applied(admin_client: Client, elko: Elko, kind: str) -> None:
    part = held(elko, kind)
    before = facts()
    url = f"{HELD}{part.pk}/change/"
    text = admin_client.get(url).content.decode()
    assert f"{part.rows_count:,}" in text
    row = part.rows.order_by("pk").first()
    assert row is not None
    assert row.external_id in text
    assert part.reason in text.replace("&#x27;", "'")
    grave = kind != "price"
    assert ("Half of what is known" in text) == grave
    rows = f"{part.rows_count:,} of {part.of_count:,}"
    assert f'hub-bad">{rows}' in admin_client.get(HELD).content.decode() or not grave
    does = {"gone": "mark gone", "zero": "set to no stock", "price": "take the new price of"}[kind]
    assert f"the vendor is right: {does} {rows} rows" in text
    # One click: the figures stand beside it, and nothing asks once more.
    answer = admin_client.post(url, {"apply_held": "1"}, follow=True)
    assert f"applied, {part.rows_count} rows" in answer.content.decode()
    part.refresh_from_db()
    assert (part.state, part.decided_by, part.rows.count()) == ("applied", "admin", 0)
    after = facts()
    changed = [was != now for was, now in zip(before, after, strict=True)]
    assert changed[("gone", "zero", "price").index(kind)]
    again = admin_client.post(url, {"apply_held": "1"}, follow=True).content.decode()
    assert "applied, " not in again, "decided once"
    assert LogEntry.objects.filter(object_id=str(part.pk), change_message__contains="Applied").exists()


@pytest.mark.parametrize("kind", ["gone", "zero", "price"])
def test_a_held_part_is_dropped_and_not_asked_about_again(admin_client: Client, elko: Elko, kind: str) -> None:
    part = held(elko, kind)
    before = facts()
    answer = admin_client.post(f"{HELD}{part.pk}/change/", {"drop_held": "1"}, follow=True)
    assert "stay as they are" in answer.content.decode()
    part.refresh_from_db()
    assert (part.state, part.decided_by) == ("dropped", "admin")
    assert facts() == before
    if kind == "gone":
        elko.fault("empty_list", "/Catalog/Products", times=1)
    run(part.vendor, "products")
    assert not Held.objects.filter(state="waiting").exists()
    assert facts() == before


def test_several_parts_are_decided_from_the_list(admin_client: Client, elko: Elko) -> None:
    part = held(elko, "price")
    chosen = {"action": "drop_held", "_selected_action": [part.pk], "index": 0}
    assert "dropped" in admin_client.post(HELD, chosen, follow=True).content.decode()
    assert admin_client.get(f"{HELD}?state__exact=waiting").context["cl"].result_count == 0


def test_a_reject_shows_its_raw_row_and_is_tried_again(admin_client: Client, elko: Elko) -> None:
    vendor = connected(elko)
    row = elko.truth("products")[2]
    elko.change("products", row["id"], price="<twelve>")
    run(vendor, "products")
    reject = Reject.objects.get()
    url = f"{REJECT}{reject.pk}/change/"
    text = admin_client.get(url).content.decode()
    assert "&lt;twelve&gt;" in text
    assert "<twelve>" not in text
    assert reject.external_id in text
    retry = f"{REJECT}{reject.pk}/retry/"
    assert admin_client.get(retry).status_code == 405
    told = admin_client.post(retry, follow=True).content.decode()
    assert "still not stored" in told
    reject.refresh_from_db()
    assert (reject.resolved_at, reject.times) == (None, 2)
    reject.raw = reject.raw.replace('"<twelve>"', "12.5")
    reject.save()
    chosen = {"action": "retry", "_selected_action": [reject.pk], "index": 0}
    assert "is stored" in admin_client.post(REJECT, chosen, follow=True).content.decode()
    reject.refresh_from_db()
    assert reject.resolved_at is not None
    assert Variant.objects.get(external_id=reject.external_id).price == 12.5
    assert "Try again</button>" not in admin_client.get(url).content.decode()


def schedule_form(schedule: Schedule, **other: Any) -> dict[str, Any]:
    return {"enabled": "on", "every": str(schedule.every), "max_age": str(schedule.max_age),
            "full_every": "", "verify_every": str(schedule.verify_every or ""), **other}  # fmt: skip


def test_a_schedule_is_set_and_the_schedulers_entry_follows(admin_client: Client, elko: Elko) -> None:
    vendor = connected(elko)
    schedule = vendor.schedules.get(flow="products")
    url = f"{SCHEDULE}{schedule.pk}/change/"
    assert admin_client.post(url, schedule_form(schedule, every="2:00:00", max_age="8:00:00")).status_code == 302
    schedule.refresh_from_db()
    assert (schedule.every, schedule.max_age) == (timedelta(hours=2), timedelta(hours=8))
    entry = PeriodicTask.objects.get(name="elko-1: products")
    assert (entry.enabled, entry.interval.every, entry.interval.period) == (True, 7200, "seconds")
    off = schedule_form(schedule)
    off.pop("enabled")
    admin_client.post(url, off)
    entry.refresh_from_db()
    assert not entry.enabled
    chosen = {"action": "switch_on", "_selected_action": [schedule.pk], "index": 0}
    admin_client.post(SCHEDULE, chosen)
    entry.refresh_from_db()
    schedule.refresh_from_db()
    assert entry.enabled
    assert schedule.due_at is not None


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [("every", "0", "At least a second"), ("every", "often", "duration"), ("max_age", "0:00:05", "always be late")],
)
def test_a_schedule_that_makes_no_sense_is_told(
    admin_client: Client, elko: Elko, field: str, value: str, told: str
) -> None:
    schedule = connected(elko).schedules.get(flow="products")
    answer = admin_client.post(f"{SCHEDULE}{schedule.pk}/change/", schedule_form(schedule, **{field: value}))
    assert told in " ".join(answer.context["adminform"].form.errors[field])


def test_an_unproven_flow_is_not_switched_on_here(admin_client: Client, elko: Elko) -> None:
    schedule = connected(elko).schedules.get(flow="invoices")
    assert not schedule.enabled
    answer = admin_client.post(f"{SCHEDULE}{schedule.pk}/change/", schedule_form(schedule))
    assert "confirm this flow" in " ".join(answer.context["adminform"].form.errors["enabled"])
    chosen = {"action": "switch_on", "_selected_action": [schedule.pk], "index": 0}
    assert "Confirm it" in admin_client.post(SCHEDULE, chosen, follow=True).content.decode()
    schedule.refresh_from_db()
    assert not schedule.enabled


def test_a_run_under_way_keeps_its_cursor_when_a_schedule_is_edited(admin_client: Client, elko: Elko) -> None:
    """What a run stores between the reading and the saving of the form is not written over."""
    vendor = connected(elko)
    schedule = vendor.schedules.get(flow="products")
    stale = Schedule.objects.select_related("vendor").get(pk=schedule.pk)
    Schedule.objects.filter(pk=schedule.pk).update(cursor={"at": "7"}, last_ok_at=timezone.now())
    from integrations.admin.schedule import keep

    stale.every = timedelta(hours=5)
    keep(stale, ["every"])
    schedule.refresh_from_db()
    assert (schedule.cursor, schedule.every) == ({"at": "7"}, timedelta(hours=5))
    assert schedule.last_ok_at is not None


def test_a_longer_limit_lifts_the_alarm(admin_client: Client, elko: Elko) -> None:
    schedule = connected(elko).schedules.get(flow="products")
    ago = timezone.now() - timedelta(days=3)
    Schedule.objects.filter(pk=schedule.pk).update(last_ok_at=ago, alarmed_at=timezone.now())
    assert "1 flow late" in admin_client.get("/admin/").content.decode()
    admin_client.post(f"{SCHEDULE}{schedule.pk}/change/", schedule_form(schedule, max_age="10 00:00:00"))
    schedule.refresh_from_db()
    assert schedule.alarmed_at is None
    assert "flow late" not in admin_client.get("/admin/").content.decode()


def test_a_vendors_word_is_given_a_meaning_and_stored_orders_follow(admin_client: Client) -> None:
    sim = Elryan(seed="tiny")
    with Server(sim):
        vendor = connected(sim)
        connecting.confirm(vendor, ["packages"])
        first = sim.truth("orders")[0]
        sim.change("orders", first["POlineID"], **{sim.status_field["orders"]: "Stuck at customs"})
        for flow in ("orders", "packages"):
            run(vendor, flow)
        line = OrderLine.objects.get(external_id=str(first["POlineID"]))
        assert (line.status, line.vendor_status) == ("unknown", "Stuck at customs")
        word = StatusWord.objects.get(word="Stuck at customs")
        url = f"/admin/orders/statusword/{word.pk}/change/"
        assert "Stuck at customs" in admin_client.get(url).content.decode()
        told = admin_client.post(url, {"meaning": "on_hold"}, follow=True).content.decode()
        assert "changed to “On hold”" in told
        line.refresh_from_db()
        assert line.status == "on_hold"
        order = Order.objects.get(pk=line.order_id)
        assert order.status in ("on_hold", "partly")
        Schedule.objects.filter(vendor=vendor, flow="orders").update(cursor={})
        sync.run(vendor, "orders", mode="verify", slice_seconds=None)
        line.refresh_from_db()
        assert line.status == "on_hold", "the operator's word outlives every sync"


def test_a_packages_word_means_what_packages_can_be(admin_client: Client, elko: Elko) -> None:
    vendor, now = connected(elko), timezone.now()
    package = Package.objects.create(vendor=vendor, external_id="k1", vendor_status="lost", seen_at=now, changed_at=now)
    word = StatusWord.objects.create(vendor=vendor, subject="package", word="lost", seen_at=now)
    url = f"/admin/orders/statusword/{word.pk}/change/"
    choices = dict(admin_client.get(url).context["adminform"].form.fields["meaning"].choices)
    assert "failed" in choices
    assert "preparing" not in choices
    admin_client.post(url, {"meaning": "failed"})
    package.refresh_from_db()
    assert package.status == "failed"
    refused = admin_client.post(url, {"meaning": "preparing"})
    assert "meaning" in refused.context["adminform"].form.errors
