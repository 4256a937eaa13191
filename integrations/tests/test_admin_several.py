"""Actions over several rows: the second of three cannot be done. What stands, what is told, and what the audit log says."""

import threading
from collections.abc import Iterable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from catalog.models import Product
from config import roles
from config.models import AuditEntry
from integrations import allowlist, schedules
from integrations.models import (
    AllowedNetwork,
    Callback,
    Held,
    HeldRow,
    Schedule,
    ShippingRate,
    SyncRun,
    Token,
    Vendor,
    WebhookDelivery,
)
from tests.faults.test_workers import until
from tests.stuck import stuck

pytestmark = pytest.mark.django_db
HERE = "127.0.0.1"


def vendor(name: str = "V", kind: str = "elko") -> Vendor:
    made = Vendor.objects.create(kind=kind, name=name, slug=name.lower(), base_url="https://vendor.example")
    schedules.ensure(made)
    return made


def refuse(row: Any, verb: str = "UPDATE") -> None:
    """From now on the database itself refuses to change this one row."""
    stuck(row._meta.db_table, verb, f"OLD.id = {row.pk}")


def act(client: Client, page: str, name: str, rows: Iterable[Any], **more: str) -> str:
    """Press an action of a list; what is told."""
    chosen = {"action": name, "_selected_action": [row.pk for row in rows], "index": 0, **more}
    answer = client.post(f"/admin/{page}/", chosen, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def logged(what: str = "changed") -> list[str]:
    rows = AuditEntry.objects.filter(what=what).exclude(said__startswith="By code").order_by("pk")
    return [f"{row.thing} {row.said}".strip() for row in rows]


def held(owner: Vendor, number: int) -> Held:
    now = timezone.now()
    run = SyncRun.objects.create(vendor=owner, flow="products", trigger="schedule", started_at=now)
    part = Held.objects.create(
        vendor=owner,
        flow="products",
        run=run,
        kind="gone",
        rows_count=1,
        of_count=9,
        reason=f"r{number}",
        created_at=now,
    )
    HeldRow.objects.create(vendor=owner, flow="products", run=run, held=part, kind="gone", external_id=str(number))
    return part


@pytest.mark.parametrize(("name", "word"), [("apply_held", "Applied."), ("drop_held", "Dropped.")])
def test_held_changes_are_decided_one_by_one(name: str, word: str, admin_client: Client) -> None:
    gone = vendor("Gone")
    first, second, third = held(vendor("A"), 1), held(gone, 2), held(vendor("C"), 3)
    Vendor.objects.filter(pk=gone.pk).update(kind="gone")
    told = act(admin_client, "integrations/held", name, [first, second, third])
    assert f"{second} was left as it was. There is no vendor kind “gone”." in told
    assert [Held.objects.get(pk=row.pk).state == "waiting" for row in (first, second, third)] == [False, True, False]
    assert sorted(logged()) == sorted(f"{row} {word}" for row in (first, third))
    [said] = AuditEntry.objects.filter(what="action").values_list("said", flat=True)
    assert "left as it was" in said


def test_a_reject_is_said_to_be_tried_only_where_it_was(admin_client: Client) -> None:
    from integrations.models import Reject

    now, owner, gone = timezone.now(), vendor("A"), vendor("Gone")
    rows = [
        Reject.objects.create(
            vendor=v, flow="products", external_id=n, raw="{}", reason="x", first_seen_at=now, last_seen_at=now
        )
        for n, v in (("1", owner), ("2", gone), ("3", owner))
    ]
    Vendor.objects.filter(pk=gone.pk).update(kind="gone")
    told = act(admin_client, "integrations/reject", "retry", rows)
    assert told.count("still not stored") == 2
    assert "left as it was. There is no vendor kind “gone”." in told
    assert [line.endswith("Tried again: still not stored.") for line in logged()] == [True, True]


def networks() -> list[AllowedNetwork]:
    return [
        AllowedNetwork.objects.create(network=n, purpose="webhook") for n in ("192.0.2.1", "192.0.2.2", "192.0.2.3")
    ]


def test_addresses_are_switched_off_all_or_none(admin_client: Client) -> None:
    rows = networks()
    refuse(rows[1])
    told = act(admin_client, "integrations/allowednetwork", "switch_off", rows)
    assert "Nothing was changed. The database did not take it." in told
    assert "switched off" not in told
    assert AllowedNetwork.objects.filter(active=True).count() == 3
    assert logged() == []
    assert "Nothing was changed" in logged("action")[0]


def test_a_lock_out_is_judged_with_all_of_them_off(admin_client: Client) -> None:
    one, two, other = (
        AllowedNetwork.objects.create(network=n, purpose="admin") for n in (HERE, "127.0.0.0/8", "192.0.2.1")
    )
    told = act(admin_client, "integrations/allowednetwork", "switch_off", [one, two])
    assert "Nothing was changed. It would lock you out" in told
    assert AllowedNetwork.objects.filter(active=True).count() == 3
    assert logged() == []
    assert "1 switched off" in act(admin_client, "integrations/allowednetwork", "switch_off", [one])
    assert logged() == [f"{one} Switched off."]
    assert "It would lock you out" in act(admin_client, "integrations/allowednetwork", "switch_off", [two])
    assert "2 switched off" in act(admin_client, "integrations/allowednetwork", "switch_off", [two, other])


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_two_admins_at_once_do_not_lock_each_other_out(admin_client: Client) -> None:
    one, two, _ = (
        AllowedNetwork.objects.create(network=n, purpose="admin") for n in (HERE, "127.0.0.0/8", "192.0.2.1")
    )
    told: list[str] = []

    def second() -> None:
        try:
            told.append(act(admin_client, "integrations/allowednetwork", "switch_off", [two]))
        finally:
            connection.close()

    def waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            return bool(cursor.fetchone()[0])

    thread = threading.Thread(target=second)
    with transaction.atomic():
        allowlist.hold()
        AllowedNetwork.objects.filter(pk=one.pk).update(active=False)
        thread.start()
        until(waits, 30, "the second one does not wait for the first")
    thread.join(60)
    assert "It would lock you out" in told[0]
    assert AllowedNetwork.objects.get(pk=two.pk).active


def test_schedules_are_switched_one_by_one(admin_client: Client) -> None:
    rows = [Schedule.objects.get(vendor=vendor(name), flow="products") for name in "ABC"]
    refuse(rows[1])
    told = act(admin_client, "integrations/schedule", "switch_off", rows)
    assert f"{rows[1]} was left as it was. The database did not take it." in told
    summary = told.partition("Switched off: ")[2]
    assert [str(row) in summary for row in rows] == [True, False, True]
    assert [Schedule.objects.get(pk=row.pk).enabled for row in rows] == [False, True, False]
    assert sorted(logged()) == sorted(f"{row} Switched off." for row in (rows[0], rows[2]))


def test_what_cannot_be_told_to_the_log_is_not_done(admin_client: Client) -> None:
    rows = [Schedule.objects.get(vendor=vendor(name), flow="products") for name in "ABC"]
    stuck(LogEntry._meta.db_table, "INSERT", f"NEW.object_id = '{rows[1].pk}'")
    told = act(admin_client, "integrations/schedule", "switch_off", rows)
    assert f"{rows[1]} was left as it was." in told
    assert [Schedule.objects.get(pk=row.pk).enabled for row in rows] == [False, True, False]
    assert len(logged()) == 2


@pytest.mark.parametrize(
    "page", ["integrations/vendor sync_now", "integrations/schedule run_now", "catalog/product fetch_again"]
)
def test_runs_are_asked_for_connection_by_connection(page: str, admin_client: Client) -> None:
    owners = [vendor("A"), vendor("Gone"), vendor("C")]
    Vendor.objects.filter(pk=owners[1].pk).update(kind="gone")
    now = timezone.now()
    products = [
        Product.objects.create(vendor=owner, external_id="1", name="x", seen_at=now, changed_at=now) for owner in owners
    ]
    of_schedule = [Schedule.objects.get(vendor=owner, flow="products") for owner in owners]
    rows: dict[str, list[Any]] = {
        "integrations/vendor": owners,
        "integrations/schedule": of_schedule,
        "catalog/product": products,
    }
    where, name = page.split()
    told = act(admin_client, where, name, rows[where])
    assert "Gone: nothing was queued. This hub has no vendor folder “gone” any more" in told
    assert {run.vendor.name for run in SyncRun.objects.filter(state="queued")} == {"A", "C"}
    assert sorted(AuditEntry.objects.filter(what="asked for runs").values_list("thing", flat=True)) == ["A", "C"]


def test_of_one_connection_all_runs_are_asked_for_or_none(admin_client: Client) -> None:
    owner = vendor("A")
    rows = list(Schedule.objects.filter(vendor=owner, enabled=True).order_by("pk")[:2])  # as the kind declares them
    stuck(SyncRun._meta.db_table, "INSERT", f"NEW.flow = '{rows[1].flow}'")
    told = act(admin_client, "integrations/schedule", "run_now", rows)
    assert "A: nothing was queued. The database did not take it." in told
    assert not SyncRun.objects.exists()
    assert not AuditEntry.objects.filter(what="asked for runs").exists()


def hooks(count: int = 3) -> list[Callback]:
    now = timezone.now()
    return [
        Callback.objects.create(vendor=vendor(f"V{n}"), hook="events", digest=f"d{n}", active=n != 1, created_at=now)
        for n in range(count)
    ]


def test_addresses_vendors_post_to_are_replaced_one_by_one(admin_client: Client) -> None:
    rows = hooks()
    refuse(rows[1])
    told = act(admin_client, "integrations/callback", "replace_address", rows)
    assert told.count("has a new address") == 2
    assert f"{rows[1]} was left as it was." in told
    assert Callback.objects.get(pk=rows[1].pk).digest == "d1"
    assert Token.objects.filter(name="hook:events").values_list("vendor__name", flat=True).count() == 2, "nor its key"
    assert sorted(logged()) == sorted(f"{row} Replaced the address." for row in (rows[0], rows[2]))


def test_what_is_switched_off_is_not_said_to_be_looked_after(admin_client: Client) -> None:
    rows = hooks()
    told = act(admin_client, "integrations/callback", "look_after", rows)
    assert "vendor's side of 2 is looked at" in told
    assert "1 switched off: left alone." in told
    assert Callback.objects.filter(tend_at=None).count() == 1
    assert "vendor's side" not in act(admin_client, "integrations/callback", "look_after", rows[1:2])


def test_deliveries_are_read_again_one_by_one(admin_client: Client) -> None:
    hook, now = hooks(1)[0], timezone.now()
    rows = [
        WebhookDelivery.objects.create(
            callback=hook, vendor=hook.vendor, event="e", flow=flow, external_id=str(n), body=b"{}", digest=f"{n}",
            state="done", received_at=now,
        )
        for n, flow in enumerate(("orders", "orders", "orders", ""))
    ]  # fmt: skip
    refuse(rows[1])
    told = act(admin_client, "integrations/webhookdelivery", "replay", rows)
    assert "2 will be read from the vendor again" in told
    assert "was left as it was" in told
    assert "Deliveries that are about no flow were left alone." in told
    states = [WebhookDelivery.objects.get(pk=row.pk).state for row in rows]
    assert states == ["waiting", "done", "waiting", "done"]


def test_what_could_not_be_deleted_is_not_said_to_be(admin_client: Client) -> None:
    owner = vendor()
    rows = [ShippingRate.objects.create(vendor=owner, name=n, code=n, price=1, currency="EUR") for n in "abc"]
    refuse(rows[1], "DELETE")
    admin_client.raise_request_exception = False
    chosen = {"action": "delete_selected", "_selected_action": [row.pk for row in rows], "post": "yes"}
    assert admin_client.post("/admin/integrations/shippingrate/", chosen).status_code == 500
    assert ShippingRate.objects.count() == 3
    assert logged("deleted") == []
    assert "It ended with an error" in logged("action")[0]


def test_whoever_may_not_be_touched_is_told_and_the_others_are_done(client: Client, fresh: Any) -> None:
    roles.keep()
    boss = User.objects.create_user("boss", is_staff=True)
    boss.groups.add(Group.objects.get(name="Admin"))
    client.force_login(boss)
    fresh(client)
    people = [User.objects.create_user("ann"), User.objects.create_superuser("root"), User.objects.create_user("cid")]
    told = act(client, "auth/user", "sign_out_everywhere", people)
    assert told.count("0 sessions ended") == 2
    assert "root is a superuser: only another one can do this." in told
    assert sorted(logged()) == ["ann Signed out everywhere: 0 sessions.", "cid Signed out everywhere: 0 sessions."]
