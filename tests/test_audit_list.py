"""The audit log when it is long: what its filters ask is answered from an index, whatever they leave."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.models import AuditEntry

pytestmark = pytest.mark.django_db
ROWS = 20_000
TABLE = AuditEntry._meta.db_table
WHATS = ("changed", "action", "signed in", "asked for runs")


@pytest.fixture
def year(admin_client: Client) -> Client:
    """A year of rows, as many on each day; three are of a seldom kind."""
    now = timezone.now()
    AuditEntry.objects.bulk_create(
        (
            AuditEntry(
                at=now - timedelta(days=365) * (1 - number / ROWS), who=f"person{number % 20}", digest="0" * 64,
                what="let in" if number % 9000 == 0 else WHATS[number % 4], key=str(number % 500),
                kind="hub.seldom" if number % 9000 == 0 else ("integrations.vendor", "auth.user", "")[number % 3],
                address=f"192.0.2.{number % 250}",
            )
            for number in range(ROWS)
        ),
        batch_size=2000,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return admin_client


def scans(sql: str) -> list[str]:
    """The steps of a statement's plan that read the log from end to end."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN {sql}")
            return [line for (line,) in cursor.fetchall() if f"Seq Scan on {TABLE}" in line]
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return [row[-1] for row in cursor.fetchall() if row[-1].startswith(f"SCAN {TABLE}")]


def days(first: int, last: int) -> dict[str, str]:
    today = timezone.localdate()
    return {"at__since": f"{today - timedelta(days=first)}", "at__until": f"{today - timedelta(days=last)}"}


def test_no_filter_reads_the_whole_log(year: Client) -> None:
    page = reverse("admin:hub_auditentry_changelist")
    asked: list[dict[str, str]] = [
        days(100, 99), days(100, 99) | {"what": "changed"}, days(9, 8) | {"what": "let in"}, {"what": "let in"},
        {"kind": "hub.seldom"}, days(30, 28) | {"q": "person3"}, days(30, 28) | {"q": "192.0.2.7"}, days(30, 28) | {"q": "nobody"},
    ]  # fmt: skip
    for given in asked:
        with CaptureQueriesContext(connection) as made:
            answer = year.get(page, given)
        assert answer.status_code == 200
        about = [query["sql"] for query in made.captured_queries if TABLE in query["sql"]]
        assert len(about) >= 2
        for sql in about:
            if sql.startswith(("SELECT", "WITH")):
                assert scans(sql) == [], (given, sql)


def test_the_filters_offer_what_there_is(year: Client) -> None:
    answer = year.get(reverse("admin:hub_auditentry_changelist"), {"kind": "hub.seldom"})
    offered: dict[str, Any] = {
        spec.title: [choice["display"] for choice in spec.choices(answer.context["cl"])]
        for spec in answer.context["cl"].filter_specs
    }
    assert set(offered["what"]) == {"All", *WHATS, "let in", "added"}, "the last one of this client itself"
    assert offered["kind of thing"] == ["All", "–", "auth.user", "hub.seldom", "integrations.vendor"]
    assert answer.context["cl"].result_count == 3
    assert "<span>3 audit entries</span>" in answer.content.decode()
    assert {row.what for row in answer.context["cl"].result_list} == {"let in"}
    none = year.get(reverse("admin:hub_auditentry_changelist"), {"kind": ""})
    assert {row.kind for row in none.context["cl"].result_list} == {""}
