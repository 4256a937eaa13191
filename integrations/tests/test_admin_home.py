"""The first page and the alarm on every page: what is wrong is told with the way to it, cheaply, to those who may see it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import schedules
from integrations.models import Callback, Command, Held, Reject, Schedule, SyncRun, Token, Vendor
from orders.models import Order

pytestmark = pytest.mark.django_db


def vendor(name: str = "Acme", **values: Any) -> Vendor:
    return Vendor.objects.create(
        kind="elko", name=name, slug=name.lower(), base_url="https://api.acme.example", **values
    )


def schedule(owner: Vendor, flow: str = "orders", **values: Any) -> Schedule:
    shared = {"every": timedelta(minutes=5), "max_age": timedelta(hours=1), "enabled_at": timezone.now()}
    return Schedule.objects.create(vendor=owner, flow=flow, **(shared | values))


def order(owner: Vendor, number: int, at: datetime, direction: str = "sale") -> Order:
    return Order.objects.create(vendor=owner, external_id=f"{direction}{number}", number=str(number), direction=direction,
                                placed_at=at, seen_at=at, changed_at=at)  # fmt: skip


def test_what_is_wrong_is_counted_and_each_leads_to_its_rows(admin_client: Client) -> None:
    now, acme = timezone.now(), vendor(state="needs_auth", state_reason="The token was refused.")
    schedule(acme, "orders", last_ok_at=now - timedelta(hours=5), alarmed_at=now)
    schedule(acme, "brands", failures=3, last_ok_at=now - timedelta(minutes=4))
    run = SyncRun.objects.create(vendor=acme, flow="orders", trigger="schedule", started_at=now)
    Held.objects.create(
        vendor=acme, flow="orders", run=run, kind="gone", rows_count=1, of_count=2, reason="x", created_at=now
    )
    Reject.objects.create(
        vendor=acme, flow="orders", external_id="1", raw="{}", reason="x", first_seen_at=now, last_seen_at=now
    )
    Token.objects.create(vendor=acme, name="token", created_at=now, expires_at=now + timedelta(days=4, hours=1))
    for hook, active, trouble in (
        ("a", True, "The store is lost."),
        ("b", True, ""),
        ("c", False, "Off all the same."),
    ):
        Callback.objects.create(vendor=acme, hook=hook, active=active, trouble=trouble, digest=hook, created_at=now)
    for state in ("awaiting_approval", "unknown"):
        Command.objects.create(vendor=acme, verb="fly", key=state, state=state, asked_at=now)
    answer = admin_client.get("/admin/")
    text = answer.content.decode()
    counted = {name: count for name, count, _, _ in answer.context["troubles"]}
    assert counted == {"late": 1, "failed": 1, "held": 1, "rejected": 1, "webhooks": 1, "approval": 1, "unknown": 1}
    for _, _, url, _ in answer.context["troubles"]:
        shown = admin_client.get(url).context
        assert (len(shown["cards"]) if "cards" in shown else shown["cl"].result_count) == 1, url
        assert url.replace("&", "&amp;") in text
    for said in ("The token was refused.", "failed 3×", "4 min ago", "5 h ago", "the secret “token”", "ends", "in 4 d"):
        assert said in text, said
    assert answer.context["running"] == 1
    assert admin_client.get(answer.context["running_url"]).context["cl"].result_count == 1


def test_all_is_well_is_told_too(admin_client: Client) -> None:
    schedule(vendor(), last_ok_at=timezone.now())
    text = admin_client.get("/admin/").content.decode()
    assert "hub-is-bad" not in text
    assert "hub-alarm" not in text


def test_the_alarm_shows_though_no_worker_is_there_to_raise_it(admin_client: Client) -> None:
    """A hub whose worker and scheduler are both dead still says so on every page."""
    late = schedule(vendor(), last_ok_at=timezone.now() - timedelta(hours=2))
    assert late.alarmed_at is None
    for url in ("/admin/", "/admin/orders/sale/", "/admin/auth/user/", "/admin/password_change/", "/admin/catalog/"):
        text = admin_client.get(url).content.decode()
        assert "1 flow late" in text, url
        assert "?late=yes" in text
    assert [row.pk for row in admin_client.get("/admin/integrations/schedule/?late=yes").context["cl"].result_list] == [
        late.pk
    ]
    assert schedules.raise_alarms()


@pytest.mark.parametrize("quiet", [{"enabled": False}, {"vendor__enabled": False}])
def test_what_is_switched_off_is_not_late(admin_client: Client, quiet: dict[str, bool]) -> None:
    ago = timezone.now() - timedelta(days=9)
    owner = vendor(enabled=quiet.get("vendor__enabled", True))
    schedule(owner, last_ok_at=ago, alarmed_at=ago, enabled=quiet.get("enabled", True))
    answer = admin_client.get("/admin/")
    assert "flow late" not in answer.content.decode()
    assert answer.context["troubles"][0][1] == 0


def test_counts_stop_at_a_thousand(admin_client: Client) -> None:
    acme, now = vendor(), timezone.now()
    Reject.objects.bulk_create(
        Reject(
            vendor=acme, flow="orders", external_id=str(n), raw="{}", reason="x", first_seen_at=now, last_seen_at=now
        )
        for n in range(1500)
    )
    answer = admin_client.get("/admin/")
    assert {name: count for name, count, _, _ in answer.context["troubles"]}["rejected"] == 1001
    assert "<strong>1,000+</strong> rows rejected" in answer.content.decode()


def test_the_page_costs_eight_queries_for_staff_with_every_right_one_by_one(
    client: Client, django_user_model: Any
) -> None:
    acme, now = vendor(), timezone.now()
    for name in ("orders", "brands", "products"):
        schedule(acme, name, last_ok_at=now)
    for number in range(30):
        order(acme, number, now)
    person = django_user_model.objects.create_user("ann", is_staff=True)
    person.user_permissions.set(Permission.objects.all())
    client.force_login(person)
    with CaptureQueriesContext(
        connection,
    ) as made:
        assert client.get("/admin/").status_code == 200
    assert len(made) <= 8, [query["sql"][:90] for query in made]


def test_today_is_the_operators_day_on_both_sides_of_a_clock_change(admin_client: Client, monkeypatch: Any) -> None:
    """In Riga 2026-10-25 has 25 hours: it begins at 21:00 UTC of the day before and ends at 22:00 UTC."""
    acme = vendor()
    order(acme, 1, datetime(2026, 10, 24, 20, 59, tzinfo=UTC))
    order(acme, 2, datetime(2026, 10, 24, 21, 0, tzinfo=UTC))
    order(acme, 3, datetime(2026, 10, 25, 21, 59, tzinfo=UTC))
    order(acme, 4, datetime(2026, 10, 25, 22, 0, tzinfo=UTC))
    admin_client.cookies["hub_zone"] = "Europe/Riga"
    day = {"placed_at__since": "2026-10-25", "placed_at__until": "2026-10-25"}
    listed = admin_client.get("/admin/orders/sale/", day).context["cl"].result_list
    assert [row.number for row in listed] == ["3", "2"]
    admin_client.cookies["hub_zone"] = "Asia/Baghdad"
    listed = admin_client.get("/admin/orders/sale/", day).context["cl"].result_list
    assert [row.number for row in listed] == ["2"], "21:00 to 21:00 UTC"
    admin_client.cookies["hub_zone"] = "Mars/Olympus"
    listed = admin_client.get("/admin/orders/sale/", day).context["cl"].result_list
    assert [row.number for row in listed] == ["4", "3"], "an unknown zone counts as none: the hub's own, UTC"


def test_orders_of_today_are_counted_by_vendor_and_lead_to_their_list(admin_client: Client) -> None:
    admin_client.cookies["hub_zone"] = "Asia/Baghdad"
    noon = timezone.now().astimezone(ZoneInfo("Asia/Baghdad")).replace(hour=0, minute=0, second=1)
    one, two = vendor("One"), vendor("Two")
    for number in range(3):
        order(one, number, noon)
    order(two, 9, noon, "purchase")
    order(two, 10, noon - timedelta(seconds=2), "purchase")
    answer = admin_client.get("/admin/")
    assert [(row["name"], row["direction"], row["orders"]) for row in answer.context["orders_today"]] == [
        ("One", "sale", 3), ("Two", "purchase", 1),
    ]  # fmt: skip
    day = answer.context["day"].isoformat()
    listed = admin_client.get("/admin/orders/sale/", {"vendor__id__exact": one.pk, "placed_at__since": day}).context[
        "cl"
    ]
    assert listed.result_count == 3


def test_times_are_told_in_the_operators_zone_with_their_age(admin_client: Client) -> None:
    acme = vendor()
    row = order(acme, 1, timezone.now() - timedelta(minutes=4))
    Order.objects.filter(pk=row.pk).update(changed_at=datetime(2026, 1, 15, 12, 0, tzinfo=UTC))
    admin_client.cookies["hub_zone"] = "Europe/Riga"
    listed = admin_client.get("/admin/orders/sale/").content.decode()
    assert "4 min ago</time>" in listed
    assert f'datetime="{row.placed_at.isoformat()}"' in listed
    page = admin_client.get(f"/admin/orders/sale/{row.pk}/change/").content.decode()
    assert "14:00" in page, "winter in Riga"
    Order.objects.filter(pk=row.pk).update(changed_at=datetime(2026, 7, 15, 12, 0, tzinfo=UTC))
    assert "15:00" in admin_client.get(f"/admin/orders/sale/{row.pk}/change/").content.decode(), "summer in Riga"


def test_home_shows_only_what_may_be_seen(client: Client, django_user_model: Any) -> None:
    acme = vendor(state="needs_auth", state_reason="The token was refused.")
    schedule(acme, last_ok_at=timezone.now() - timedelta(days=2))
    order(acme, 1, timezone.now())
    client.force_login(django_user_model.objects.create_user("nobody", is_staff=True))
    answer = client.get("/admin/")
    text = answer.content.decode()
    assert "1 flow late" in text, "the alarm is everybody's"
    assert "?late=yes" not in text
    assert "The token was refused." not in text
    assert "Acme" not in text
    assert answer.context["troubles"] == []
    assert answer.context["orders_today"] == []


@pytest.mark.sqlite_only
def test_counting_todays_orders_walks_an_index_and_not_the_table(admin_client: Client) -> None:
    since = timezone.now() - timedelta(hours=9)
    rows = Order.objects.filter(direction__in=["sale", "purchase"], placed_at__gte=since).values("vendor_id").order_by()
    plan = rows.explain()
    assert "SEARCH orders_order USING" in plan, plan
    assert "placed_at>?" in plan, plan
