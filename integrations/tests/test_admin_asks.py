"""“Sync now”, “Run now” and “Fetch again”: queued after the commit, run by the real task, the outcome told by a link."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Product, Variant
from integrations import asking, connecting, sync
from integrations.models import SyncRun, Vendor
from integrations.services.elko.simulator import Simulator as Elko
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Server
from integrations.tests.worker import Worker
from orders.models import Order, OrderLine, Package, Transaction

pytestmark = pytest.mark.django_db(transaction=True)


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


@pytest.fixture
def worker() -> Worker:
    return Worker()


def connected(sim: Any, *flows: str) -> Vendor:
    given = sim.connections()[0]
    vendor = connecting.connect(
        sim.kind, f"{sim.kind}-1", base_url=given["base_url"], options=given["options"], secrets=given["secrets"]
    )
    for flow in flows:
        sync.run(vendor, flow, slice_seconds=None)
    return vendor


def page(row: Any, name: str = "change") -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}", args=[row.pk])


def runs_linked(text: str) -> list[int]:
    said = "".join(re.findall(r'<ul class="messagelist">.*?</ul>', text, re.DOTALL))
    return [int(pk) for pk in re.findall(r"/integrations/syncrun/(\d+)/change/", said)]


def test_sync_now_leads_to_the_run_whose_page_tells_the_outcome(
    admin_client: Client, elko: Elko, worker: Worker
) -> None:
    vendor = connected(elko)
    url = reverse("admin:integrations_vendor_sync", args=[vendor.pk])
    answer = admin_client.post(url, {"flow": "products", "mode": "verify"}, follow=True)
    run = SyncRun.objects.get()
    assert (run.state, run.mode, run.asked_by, run.trigger) == ("queued", "verify", "admin", "operator")
    assert answer.redirect_chain[-1][0] == page(run)
    text = answer.content.decode()
    assert runs_linked(text) == [run.pk]
    assert "Waits for a worker" in text
    assert "progress.js" in text
    assert not elko.ledger.as_json(None, None)["asked"], "nobody waited for the vendor"
    worker.work()
    text = admin_client.get(page(run)).content.decode()
    assert f"<strong>{len(elko.truth('products'))}</strong>" in text
    assert "hub-good" in text
    assert "progress.js" not in text


def test_all_flows_that_are_on_are_queued_each_with_its_link(admin_client: Client, elko: Elko, worker: Worker) -> None:
    vendor = connected(elko)
    answer = admin_client.post(reverse("admin:integrations_vendor_sync", args=[vendor.pk]), follow=True)
    on = set(vendor.schedules.filter(enabled=True).values_list("flow", flat=True))
    assert "invoices" not in on
    linked = runs_linked(answer.content.decode())
    assert set(SyncRun.objects.filter(pk__in=linked).values_list("flow", flat=True)) == on
    worker.work()
    assert set(SyncRun.objects.values_list("state", flat=True)) == {"ok"}
    again = {"action": "sync_now", "_selected_action": [vendor.pk], "index": 0}
    assert len(
        runs_linked(admin_client.post("/admin/integrations/vendor/", again, follow=True).content.decode())
    ) == len(on)
    admin_client.post(url := reverse("admin:integrations_vendor_sync", args=[vendor.pk]), {"flow": "invoices"})
    assert not SyncRun.objects.filter(flow="invoices").exists(), "not verified for this account"
    vendor.enabled = False
    vendor.save()
    assert "switched off" in admin_client.post(url, follow=True).content.decode()


def test_a_failure_is_told_with_its_cure(admin_client: Client, elko: Elko, worker: Worker) -> None:
    vendor = connected(elko)
    elko.revoke_token()
    admin_client.post(reverse("admin:integrations_vendor_sync", args=[vendor.pk]), {"flow": "brands"})
    worker.work()
    run = SyncRun.objects.get()
    text = admin_client.get(page(run)).content.decode()
    assert "Failed" in text
    assert "What to do:" in text
    assert "token" in text
    vendor_page = admin_client.get(page(vendor)).content.decode()
    assert "Needs a good token" in vendor_page


def test_a_schedule_is_run_now_in_the_mode_asked_for(admin_client: Client, elko: Elko, worker: Worker) -> None:
    vendor = connected(elko)
    schedule = vendor.schedules.get(flow="categories")
    url = reverse("admin:integrations_schedule_run", args=[schedule.pk])
    assert admin_client.get(url).status_code == 405
    answer = admin_client.post(url, {"mode": "full"}, follow=True)
    run = SyncRun.objects.get()
    assert (run.flow, run.mode) == ("categories", "full")
    assert answer.redirect_chain[-1][0] == page(run)
    chosen = {"action": "run_now", "_selected_action": [schedule.pk], "index": 0}
    linked = runs_linked(admin_client.post("/admin/integrations/schedule/", chosen, follow=True).content.decode())
    assert len(linked) == 1
    worker.work()
    assert SyncRun.objects.get(pk=run.pk).state == "ok"


def test_one_product_is_fetched_again_by_its_code_alone(admin_client: Client, elko: Elko, worker: Worker) -> None:
    connected(elko, "products", "details")
    product = Product.objects.order_by("pk").first()
    assert product is not None
    row = next(row for row in elko.truth("products") if str(row["id"]) == product.external_id)
    elko.change("products", row["id"], quantity="3")
    before = len(elko.ledger.as_json(None, None)["asked"])
    answer = admin_client.post(page(product, "again"), follow=True)
    linked = runs_linked(answer.content.decode())
    assert {r.flow: r.codes for r in SyncRun.objects.filter(pk__in=linked)} == {
        "details": [product.external_id], "availability": [product.external_id],
    }  # fmt: skip
    worker.work()
    asked = [call["path"] for call in elko.ledger.as_json(None, None)["asked"][before:]]
    assert asked
    assert not [path for path in asked if path.endswith("/Products")], "never the whole list for one product"
    variant = Variant.objects.get(product=product)
    assert variant.stock == 3
    text = admin_client.get(page(product)).content.decode()
    assert ">for this row<" in text
    assert f"/integrations/syncrun/{linked[0]}/change/" in text
    variant_text = admin_client.get(page(variant)).content.decode()
    assert f"/integrations/syncrun/{variant.stock_changes.get().run_id}/change/" in variant_text
    other = Product.objects.order_by("pk").last()
    assert ">for this row<" not in admin_client.get(page(other)).content.decode()


def test_chosen_variants_are_fetched_again_together(admin_client: Client, elko: Elko, worker: Worker) -> None:
    connected(elko, "products")
    variants = list(Variant.objects.order_by("pk")[:3])
    chosen = {"action": "fetch_again", "_selected_action": [variant.pk for variant in variants], "index": 0}
    admin_client.post("/admin/catalog/variant/", chosen)
    run = SyncRun.objects.get(flow="availability")
    assert run.codes == sorted(variant.external_id for variant in variants)
    worker.work()
    run.refresh_from_db()
    assert (run.state, run.seen) == ("ok", 3)


def test_an_order_told_by_its_lines_is_fetched_again_by_them_alone(
    admin_client: Client, elryan: Elryan, worker: Worker
) -> None:
    vendor = connected(elryan, "orders")
    first = elryan.truth("orders")[0]
    elryan.put(
        "orders", {**first, "POlineID": "990", "Order Number": "PO99", "Purchase Order ID": "99", "id": "9" * 24}
    )
    sync.run(vendor, "orders", slice_seconds=None)
    order = Order.objects.get(external_id=first["Order Number"])
    keys = [row["POlineID"] for row in elryan.truth("orders") if row["Order Number"] == order.number]
    assert len(keys) == 2
    assert Order.objects.count() == 2
    for key in (*keys, "990"):
        elryan.change("orders", key, Description=f"told again {key}", updatedTime="2026-11-01T00:00:00.000Z")
    elryan.ledger.clear()
    answer = admin_client.post(f"/admin/orders/sale/{order.pk}/fetch-again/", follow=True)
    (linked,) = runs_linked(answer.content.decode())
    worker.work()
    run = SyncRun.objects.get(pk=linked)
    assert (run.flow, run.state, run.seen) == ("orders", "ok", 2)
    assert [(call.method, call.path) for call in elryan.ledger.asked()] == [
        ("GET", f"/api/orders/{key}") for key in sorted(keys)
    ]
    names = dict(OrderLine.objects.values_list("external_id", "name"))
    assert names == {**{key: f"told again {key}" for key in keys}, "990": first["Description"]}
    shown = admin_client.get(f"/admin/orders/sale/{order.pk}/change/").content.decode()
    assert f"/integrations/syncrun/{linked}/change/" in shown


def test_what_can_be_read_one_by_one_is_and_the_rest_as_a_flow(
    admin_client: Client, elko: Elko, elryan: Elryan, worker: Worker
) -> None:
    vendor = connected(elryan, "orders")
    connecting.confirm(vendor, ["packages"])
    for flow in ("packages", "transactions"):
        sync.run(vendor, flow, slice_seconds=None)
    connected(elko, "products", "orders")
    purchase = Order.objects.filter(direction="purchase").order_by("pk")[0]
    for path, row, flow, alone in (
        ("orders/package", Package.objects.all()[0], "packages", True),
        ("orders/transaction", Transaction.objects.all()[0], "transactions", True),
        ("orders/purchase", purchase, "orders", False),
    ):
        answer = admin_client.post(f"/admin/{path}/{row.pk}/fetch-again/", follow=True)
        (linked,) = runs_linked(answer.content.decode())
        run = SyncRun.objects.get(pk=linked)
        assert (run.flow, run.codes) == (flow, [row.external_id] if alone else [])
        worker.work()
        run.refresh_from_db()
        assert (run.state, run.seen == 1) == ("ok", alone), run.error
        shown = admin_client.get(f"/admin/{path}/{row.pk}/change/").content.decode()
        assert f"/integrations/syncrun/{linked}/change/" in shown


def test_a_run_under_way_tells_its_figures_until_it_ends(admin_client: Client, elko: Elko) -> None:
    vendor = connected(elko)
    run = SyncRun.objects.create(
        vendor=vendor, flow="products", trigger="operator", started_at=timezone.now() - timedelta(minutes=2),
        seen=500, total=2000, pages=5, requests=7, waited_s=12,
    )  # fmt: skip
    url = reverse("admin:integrations_syncrun_progress", args=[run.pk])
    answer = admin_client.get(url)
    text = re.sub(r"<[^>]+>", "", answer.content.decode())
    for said in ("500 of 2000 rows", "5 pages", "7 calls", "12 s waited for the budget", "ready in about 6 min"):
        assert said in text, said
    assert 'value="25"' in answer.content.decode()
    assert "data-again" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert "<html" not in answer.content.decode()
    SyncRun.objects.filter(pk=run.pk).update(state="ok", finished_at=timezone.now())
    assert "data-again" not in admin_client.get(url).content.decode()
    whole = admin_client.get(page(run))
    assert "default-src 'self'" in whole["Content-Security-Policy"]


def test_nothing_is_queued_when_the_request_fails_to_commit(elko: Elko, worker: Worker) -> None:
    vendor = connected(elko)

    with transaction.atomic():
        asking.ask(vendor, "brands")
        transaction.set_rollback(True)
    assert worker.hints == []
    assert not SyncRun.objects.exists()
