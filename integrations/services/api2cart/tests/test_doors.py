"""From the pages where people work: an order's lines, its packages, articles of this store and of others."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Product, Variant
from integrations import connecting
from integrations.commands import doors, many, sending
from integrations.models import Command, SyncRun, Vendor
from integrations.services.api2cart.simulator import Simulator
from orders.models import Order, Package, Return, ReturnReason

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite_only]
State = Command.State
ORDER, LINE = "70001", "700010"
NOW = timezone.now()


@pytest.fixture
def shop(connected: Callable[..., Vendor], run: Callable[..., SyncRun]) -> Vendor:
    vendor = connected()
    Vendor.objects.filter(pk=vendor.pk).update(writes="approve")
    vendor.refresh_from_db()
    for flow in ("products", "variants", "orders", "shipments", "return_reasons", "return_actions"):
        assert run(vendor, flow).state == SyncRun.State.OK, flow
    return Vendor.objects.get(pk=vendor.pk)


def lines_page(verb: str) -> str:
    return reverse("admin:integrations_command_lines", args=[Order.objects.get(external_id=ORDER).pk, verb])


def offer(vendor: Vendor, name: str, *, foreign: bool = False) -> doors.Offer:
    found = doors.offer_of(vendor, name, "variant", foreign=foreign)
    assert found is not None
    return found


def test_an_order_s_page_offers_what_its_store_can_do(shop: Vendor, admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:orders_sale_change", args=[Order.objects.get(external_id=ORDER).pk]))
    text = page.content.decode()
    for verb in ("add_shipment", "refund_order", "add_return"):
        assert lines_page(verb) in text, verb
    order = Order.objects.get(external_id=ORDER)
    assert f"{reverse('admin:integrations_command_ask', args=[shop.slug, 'update_order'])}?order={order.pk}" in text


def test_an_order_is_changed_from_its_page_in_the_store_s_own_words(
    shop: Vendor, admin_client: Client, run: Callable[..., SyncRun]
) -> None:
    run(shop, "order_statuses")
    order = Order.objects.get(external_id=ORDER)
    there = f"{reverse('admin:integrations_command_ask', args=[shop.slug, 'update_order'])}?order={order.pk}"
    text = admin_client.get(there).content.decode()
    form, _, more = text.partition("More fields")
    assert '<option value="Shipped">' in form
    assert 'name="f_admin_comment"' in more
    assert 'name="f_admin_comment"' not in form
    told = {"f_order_id": ORDER, "f_order_status": "a word of tomorrow", "f_admin_comment": "seen", "preview": ""}
    again = admin_client.post(there, told).content.decode()
    assert "a word of tomorrow" in again.partition("What will go")[2], "the words are suggestions"
    assert '<details class="hub-rare" open>' in again, "what is filled in is not hidden"
    admin_client.post(there, {**told, "decide": "", "token": "a" * 32})
    assert Command.objects.get(verb="update_order").subjects.get().kind == "order"


def test_a_return_goes_on_from_its_own_page(shop: Vendor, admin_client: Client, run: Callable[..., SyncRun]) -> None:
    run(shop, "returns", codes=["70000"])
    row: Any = Return.objects.filter(vendor=shop)[0]
    page = reverse("admin:orders_return_change", args=[row.pk])
    there = f"{reverse('admin:integrations_command_ask', args=[shop.slug, 'update_return'])}?return={row.pk}"
    assert there in admin_client.get(page).content.decode()
    text = admin_client.get(there).content.decode()
    assert f'value="{row.external_id}"' in text
    assert f'value="{row.order_external_id or row.order.external_id}"' in text
    told = {"f_return_id": row.external_id, "f_order_id": "70000", "f_return_status_id": "received"}
    decided: Any = admin_client.post(there, {**told, "decide": "", "token": "b" * 32})
    assert decided.url == page
    assert "Change return" in admin_client.get(page).content.decode().partition("What was sent")[2]


@pytest.mark.parametrize(
    ("verb", "rows"),
    [
        ("add_shipment", {"items": [{"order_product_id": LINE, "quantity": 1}]}),
        ("refund_order", {"items": [{"order_product_id": LINE, "quantity": 1, "price": 12}]}),
        ("add_return", {"order_products": [{"order_product_id": LINE, "order_product_quantity": 1}]}),
    ],
)
def test_chosen_lines_become_the_body(shop: Vendor, rows: dict[str, Any], verb: str) -> None:
    from decimal import Decimal

    from integrations.verbs import Chosen

    order = Order.objects.get(external_id=ORDER)
    line = order.lines.get(external_id=LINE)
    found = doors.offer_of(shop, verb, "line", foreign=False)
    assert found is not None
    body = doors.body_of(found, [Chosen(line, Decimal(1))], {})
    assert body == {"order_id": ORDER, **rows}


def test_reasons_and_actions_are_the_store_s_own(shop: Vendor, admin_client: Client) -> None:
    text = admin_client.get(reverse("admin:integrations_command_ask", args=[shop.slug, "add_return"])).content.decode()
    assert ReturnReason.objects.filter(vendor=shop).count() == 3
    assert "Arrived broken" in text
    assert "Exchange" in text


def test_a_package_gets_its_tracking_number_from_its_own_page(shop: Vendor) -> None:
    from integrations.verbs import Chosen

    package = Package.objects.select_related("order", "vendor").get()
    found = doors.offer_of(shop, "add_tracking", "package", foreign=False)
    assert found is not None
    assert doors.body_of(found, [Chosen(package)], {}) == {"shipment_id": "880", "order_id": "70000"}


def test_a_supplier_s_price_and_stock_go_to_the_articles_of_the_same_code(shop: Vendor, sim: Simulator) -> None:
    supplier = connecting.connect("elko", "elko-lv")
    times = {"raw": {}, "seen_at": NOW, "changed_at": NOW}
    keys = []
    for sku, cost in (("BOU-1000", 10), ("BOU-1001-0", 20), ("STRANGER", 5)):
        product = Product.objects.create(vendor=supplier, external_id=sku, name=sku, **times)
        row = Variant.objects.create(
            vendor=supplier, product=product, external_id=sku, sku=sku, price=cost, stock=4, **times
        )
        keys.append(row.pk)
    push = offer(shop, "update_products", foreign=True)
    plan = many.plan(push, keys, {"times": "1.5"})
    assert (plan.changes, plan.creates, plan.refused, plan.calls) == (1, 0, 2, 1)
    assert {why for why, _, _ in plan.told} == {
        "It is a variant of a product here; push it as one.", "This store has no article with its SKU or GTIN.",
    }  # fmt: skip
    assert plan.first[0].body == {"products": [{"id": "5000", "quantity": 4, "price": 15}]}
    variants = offer(shop, "update_variants", foreign=True)
    body = many.plan(variants, keys, {"what": "stock", "stock": 9}).first[0].body
    assert body == {"variants": [{"id": "90010", "product_id": "5001", "quantity": 9}]}
    assert many.decide(push, keys, {"times": "1.5"}, by="Ada", batch="b" * 32) == 1
    assert Command.objects.get().state == State.AWAITING
    assert sim.ledger.writes == 0


def test_stock_of_own_articles_is_changed_by_how_much(shop: Vendor) -> None:
    keys = list(Variant.objects.filter(vendor=shop).values_list("pk", flat=True))
    made = many.plan(offer(shop, "change_stock"), keys, {"by": "-2"})
    assert (made.changes, made.refused, made.calls) == (3, 3, 1)
    assert {row["by"] for row in made.first[0].body["products"]} == {-2}
    assert all("reduce_quantity" in row for row in made.first[0].request["body"]["payload"])


def test_goods_that_were_shipped_can_be_chosen_to_come_back(shop: Vendor, sim: Simulator, admin_client: Client) -> None:
    """What is in a package is done with for shipping, not for a refund or a return."""
    order = Order.objects.get(external_id="70000")
    [line] = order.lines.all()
    page = {
        verb: reverse("admin:integrations_command_lines", args=[order.pk, verb])
        for verb in ("add_shipment", "add_return")
    }
    assert "All of it is packed" in admin_client.get(page["add_shipment"]).content.decode()
    given = {"line": str(line.pk), f"quantity-{line.pk}": "1", "token": "b" * 32, "decide": ""}
    admin_client.post(page["add_return"], {**given, "f_return_reason_id": "broken"})
    command = Command.objects.get()
    assert (command.state, command.body["return_reason_id"]) == (State.AWAITING, "broken")
    assert command.body["order_products"] == [{"order_product_id": "700000", "order_product_quantity": 1}]
    assert sim.ledger.writes == 0


def supplied(**more: Any) -> Variant:
    """An article of another connection."""
    other, _ = Vendor.objects.get_or_create(
        slug="other", defaults={"kind": "elko", "name": "Other", "base_url": "https://o.example"}
    )
    code = more.pop("sku", "W-1")
    product = Product.objects.create(
        vendor=other, external_id=code, name="Whisk", brand_name="Vento", raw={}, seen_at=NOW, changed_at=NOW
    )
    told = {"price": "10.00", "stock": 4, "gtin": "4006381333931", "active": True, **more}
    return Variant.objects.create(
        vendor=other,
        product=product,
        external_id=code,
        sku=code,
        name="Whisk",
        raw={},
        seen_at=NOW,
        changed_at=NOW,
        **told,
    )


def test_a_supplier_s_articles_are_published_and_what_is_here_already_is_not(shop: Vendor, sim: Simulator) -> None:
    wanted = supplied()
    twin = supplied(sku="BOU-1000", gtin="")
    free = supplied(sku="W-3", gtin="", price=None)
    made = offer(shop, "add_products", foreign=True)
    keys = [wanted.pk, twin.pk, free.pk]
    told = many.plan(made, keys, {"times": "1.5", "category_id": "1"})
    assert (told.creates, told.refused, {why for why, _, _ in told.told}) == (
        1, 2, {"This store has an article with its SKU or GTIN: push price and stock instead.", "It has no cost."},
    )  # fmt: skip
    many.decide(made, keys, {"times": "1.5", "category_id": "1"}, by="Ada", batch="c" * 32)
    [command] = Command.objects.filter(verb="add_products")
    assert command.body == {
        "products": [
            {
                "sku": "W-1",
                "name": "Whisk",
                "price": 15,
                "quantity": 4,
                "category_id": "1",
                "manufacturer": "Vento",
                "ean": "4006381333931",
            }
        ]
    }
    Command.objects.filter(pk=command.pk).update(state="queued")
    Vendor.objects.filter(pk=shop.pk).update(writes="on")
    sending.send(command.pk)
    row = next(one for one in sim.truth("products") if one.get("u_sku") == "W-1")
    assert (row["price"], row["quantity"]) == (15, 4)


@pytest.mark.parametrize(
    ("verb", "given", "body"),
    [
        ("assign_category", {"category_id": "2"}, {"product_id": "5000", "category_id": "2"}),
        ("unassign_category", {"category_id": "1"}, {"product_id": "5000", "category_id": "1"}),
        ("update_product", {"avail": False}, {"id": "5000", "avail": False}),
    ],
)
def test_the_store_s_own_products_are_sorted_shown_and_hidden(shop: Vendor, verb: str, given: Any, body: Any) -> None:
    found = doors.offer_of(shop, verb, "product", foreign=False)
    assert found is not None
    row = Product.objects.get(vendor=shop, external_id="5000")
    many.decide(found, [row.pk], given, by="Ada", batch="d" * 32)
    assert Command.objects.get(verb=verb).body == body
