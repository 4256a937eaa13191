"""From an order's and a package's page: chosen lines, part shipments, purchases, and what came of each, on the page they began."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from catalog.models import Variant
from integrations import connecting
from integrations.commands import deciding
from integrations.models import Command, Vendor
from integrations.tests.worker import Worker
from orders.models import CancelReason, Order, OrderLine, Package
from tests.faults.rig import Rig, rig

pytestmark = pytest.mark.django_db(transaction=True)
VERBS = ("prepare_line", "create_package", "fulfil_package", "upsert_tracking", "cancel_package", "update_delivery_status",
         "update_delivery_event")  # fmt: skip


def writing(one: Rig, mode: str, *confirmed: str) -> Vendor:
    """The connection as it is when it may write, with these verbs vouched for."""
    Vendor.objects.filter(pk=one.vendor.pk).update(writes=mode)
    vendor = one.fresh()
    connecting.confirm(vendor, [*confirmed])
    return one.fresh()


@pytest.fixture
def elryan():
    with rig("elryan", delivery_ids="1") as one:
        connecting.confirm(one.vendor, ["packages", "trackings", "deliveries", "cancel_reasons"])
        one.good("orders", "packages", "cancel_reasons")
        one.vendor = writing(one, "on", *VERBS)
        yield one


@pytest.fixture
def order(elryan) -> Order:
    return Order.objects.get(vendor=elryan.vendor)


def sale(order: Order) -> str:
    return reverse("admin:orders_sale_change", args=[order.pk])


def lines_page(order: Order, verb: str) -> str:
    return reverse("admin:integrations_command_lines", args=[order.pk, verb])


def text(client: Client, url: str, given: Any = None) -> str:
    answer = client.get(url) if given is None else client.post(url, given, follow=True)
    assert answer.status_code == 200, (url, answer.status_code)
    return answer.content.decode()


def open_line(order: Order) -> Any:
    return order.lines.get(status="new")


def test_an_orders_page_offers_what_its_vendor_takes_now(admin_client, elryan, order):
    page = text(admin_client, sale(order))
    for verb in ("cancel_line", "prepare_line", "create_package"):
        assert lines_page(order, verb) in page
    order.lines.update(status="delivered")
    assert lines_page(order, "cancel_line") not in text(admin_client, sale(order)), "no line of it can be cancelled"
    order.lines.update(status="new")
    Vendor.objects.update(writes="off")
    assert lines_page(order, "cancel_line") not in text(admin_client, sale(order))
    assert "only read" in text(admin_client, lines_page(order, "cancel_line"))


def test_a_line_is_cancelled_with_a_reason_of_the_vendors_own_list(admin_client, elryan, order):
    line, done = open_line(order), order.lines.get(status="delivered")
    CancelReason.objects.filter(vendor=elryan.vendor).exclude(external_id="sourcing_delay").delete()
    page = text(admin_client, lines_page(order, "cancel_line"))
    assert "sourcing_delay" in page
    assert "out_of_stock" not in page, "the vendor's list, not the manual's"
    assert f'value="{done.pk}" disabled' in page
    assert "It is delivered." in page
    given = {"line": [line.pk, done.pk], "f_reason": "sourcing_delay", "token": "a" * 32}
    shown = text(admin_client, lines_page(order, "cancel_line"), given)
    assert f"orders/cancel/{line.external_id}" in shown
    assert f"orders/cancel/{done.external_id}" not in shown
    assert not Command.objects.exists()
    worker = Worker()
    page = text(admin_client, lines_page(order, "cancel_line"), {**given, "decide": ""})
    assert "It is sent soon" in page
    text(admin_client, lines_page(order, "cancel_line"), {**given, "decide": ""})
    command = Command.objects.get()
    assert (command.body, command.asked_by) == ({"line": line.external_id, "reason": "sourcing_delay"}, "admin")
    worker.work()
    page = text(admin_client, sale(order))
    assert "Confirmed" in page.partition("What was sent")[2]
    line.refresh_from_db()
    assert (line.status, line.cancel_reason) == ("cancelled", "sourcing_delay")


def test_a_reason_the_vendor_does_not_list_is_refused(admin_client, elryan, order):
    from integrations.commands import asking, bodies

    CancelReason.objects.filter(vendor=elryan.vendor).exclude(external_id="sourcing_delay").delete()
    with pytest.raises(bodies.BadBody, match="sourcing_delay"):
        asking.ask(elryan.vendor, "cancel_line", {"line": "1", "reason": "out_of_stock"})
    CancelReason.objects.all().delete()
    assert asking.ask(elryan.vendor, "cancel_line", {"line": "1", "reason": "out_of_stock"}), "until the list was read"


def test_a_package_holds_part_of_a_line_and_the_rest_waits(admin_client, elryan, order):
    line, page = open_line(order), lines_page(order, "create_package")
    given = {"line": [line.pk], f"quantity-{line.pk}": "1", "token": "b" * 32, "decide": ""}
    assert "Only 2 of" in text(admin_client, page, {**given, f"quantity-{line.pk}": "3"})
    assert "How many" in text(admin_client, page, {**given, f"quantity-{line.pk}": "none"})
    assert "Tick at least one line" in text(admin_client, page, {"decide": ""})
    assert 'name="f_reference" value="CD-' in text(admin_client, page), "the number is known before it goes"
    assert not Command.objects.exists()
    worker = Worker()
    text(admin_client, page, {**given, "f_tracking-tracking_barcode": "IQ1"})
    worker.work()
    command = Command.objects.get()
    assert command.state == "confirmed", command.error
    assert command.body["items"] == [{"order_item_id": int(line.external_id), "quantity": 1}]
    assert command.body["tracking"] == {"tracking_barcode": "IQ1"}
    made = Package.objects.get(external_id=command.number)
    assert (made.order, made.tracking_number) == (order, "IQ1")
    assert 'value="1"' in text(admin_client, page).partition(f'name="quantity-{line.pk}"')[2][:80], "one is left"
    assert "Create package" in text(admin_client, sale(order)).partition("What was sent")[2]


def test_what_is_about_to_be_packed_is_not_packed_again(admin_client, elryan, order):
    Vendor.objects.update(writes="approve")
    line, page = open_line(order), lines_page(order, "create_package")
    given = {"line": [line.pk], f"quantity-{line.pk}": "1", "token": "b" * 32, "f_reference": "CD-1", "decide": ""}
    text(admin_client, page, given)
    text(admin_client, page, given)
    assert Command.objects.count() == 1, "the same form is the same decision"
    other = {**given, "token": "d" * 32, "f_reference": "CD-2"}
    assert "Only 1 of" in text(admin_client, page, {**other, f"quantity-{line.pk}": "2"})
    text(admin_client, page, other)
    assert Command.objects.count() == 2
    assert "All of it is packed, or about to be." in text(admin_client, page, {**other, "token": "e" * 32})
    assert Command.objects.count() == 2
    deciding.reject(Command.objects.get(reference="CD-2").pk, "ann", "another box")
    assert 'value="1"' in text(admin_client, page).partition(f'name="quantity-{line.pk}"')[2][:80], "one is left again"


def test_a_package_goes_its_way_from_its_own_page(admin_client, elryan, order):
    package, worker = Package.objects.get(vendor=elryan.vendor), Worker()
    url = reverse("admin:orders_package_change", args=[package.pk])
    ask = (
        reverse("admin:integrations_command_ask", args=[elryan.vendor.slug, "fulfil_package"])
        + f"?package={package.pk}"
    )
    assert ask in text(admin_client, url)
    assert f'value="{package.external_id}"' in text(admin_client, ask)
    given = {"f_package": package.external_id, "f_tracking_barcode": "IQ2", "token": "c" * 32, "decide": ""}
    answer = admin_client.post(ask, given)
    assert answer["Location"] == url, "back where it began"
    worker.work()
    package.refresh_from_db()
    assert (package.status, package.tracking_number) == ("shipped", "IQ2")
    page = text(admin_client, url)
    assert "Confirmed" in page.partition("What was sent")[2]
    assert ask not in page, "it is on its way, so it cannot be fulfilled again"
    number = elryan.simulator.truth("deliveries")[0]["id"]
    ask = (
        reverse("admin:integrations_command_ask", args=[elryan.vendor.slug, "update_delivery_status"])
        + f"?package={package.pk}"
    )
    admin_client.post(ask, {"f_delivery": number, "f_status": "delivered", "token": "d" * 32, "decide": ""})
    worker.work()
    package.refresh_from_db()
    assert package.status == "delivered"


def test_what_was_sold_is_bought_from_a_supplier(admin_client, elryan, order):
    line = open_line(order)
    with rig("elko") as elko:
        elko.good("products")
        supplier = writing(elko, "approve", "drop_ship")
        theirs = (
            Variant.objects.filter(vendor=supplier, stock__gt=5, price__gt=0).exclude(pack_size__gt=1).order_by("id")[0]
        )
        Variant.objects.filter(pk=theirs.pk).update(gtin=line.barcode)
        text(admin_client, lines_page(order, "prepare_line"), {"line": [line.pk], "token": "f" * 32, "decide": ""})
        buy = reverse("admin:integrations_command_buy", args=[order.pk])
        assert buy in text(admin_client, sale(order))
        page = text(admin_client, buy)
        assert "Already asked for" not in page, "that it is prepared here is no purchase"
        assert "GTIN" in page
        assert theirs.sku in page
        chosen = {f"variant-{line.pk}": theirs.pk, f"quantity-{line.pk}": "2"}
        stranger = admin_client.get(buy, {"go": f"{supplier.slug}:place_order", f"quantity-{line.pk}": "2"})
        assert "Choose an article" in stranger.content.decode()
        onward = admin_client.get(buy, {**chosen, "go": f"{supplier.slug}:drop_ship"})["Location"]
        page = text(admin_client, onward)
        assert f'value="{theirs.external_id}"' in page
        given = {
            "f_lines-count": "1", "f_lines-0-sku": theirs.external_id, "f_lines-0-quantity": "2", "f_ship_to-name": "Noor",
            "f_ship_to-city": "Rīga", "f_ship_to-country": "LV", "token": "e" * 32, "decide": "",
        }  # fmt: skip
        assert admin_client.post(onward, given)["Location"] == sale(order)
        command = Command.objects.get(vendor=supplier)
        assert command.state == "awaiting_approval"
        assert [(one.kind, one.row, one.quantity) for one in command.subjects.all()] == [("line", line.pk, Decimal(2))]
        assert "Awaiting approval" in text(admin_client, sale(order)).partition("What was sent")[2]
        assert "Already asked for" in text(admin_client, buy)
        OrderLine.objects.filter(pk=line.pk).update(quantity=3)
        page = text(admin_client, onward)
        assert "sold 3: 2 at" in page
        assert 'name="anyway"' in page
        again = {**given, "token": "d" * 32}
        assert "Write down why it is bought again" in admin_client.post(onward, again).content.decode()
        assert Command.objects.filter(vendor=supplier).count() == 1
        assert admin_client.post(onward, {**again, "anyway": "one broke"})["Location"] == sale(order)
        assert Command.objects.filter(vendor=supplier).count() == 2


def test_an_order_of_ours_is_cancelled_from_its_page(admin_client):
    with rig("elko") as elko:
        elko.good("products", "orders")
        supplier, worker = writing(elko, "on", "cancel_order", "change_order"), Worker()
        order = (
            Order.objects.filter(vendor=supplier)
            .exclude(status__in=["shipped", "cancelled", "delivered"])
            .order_by("id")[0]
        )
        page = reverse("admin:orders_purchase_change", args=[order.pk])
        ask = reverse("admin:integrations_command_ask", args=[supplier.slug, "cancel_order"]) + f"?order={order.pk}"
        change = reverse("admin:integrations_command_ask", args=[supplier.slug, "change_order"]) + f"?order={order.pk}"
        assert ask in text(admin_client, page)
        assert "Buy at a supplier" not in text(admin_client, page), "it is bought already"
        assert f'name="f_lines-0-sku" value="{order.lines.all()[0].sku}"' in text(admin_client, change)
        assert (
            admin_client.post(ask, {"f_order": order.external_id, "token": "a" * 32, "decide": ""})["Location"] == page
        )
        worker.work()
        assert "Confirmed" in text(admin_client, page).partition("What was sent")[2]
        assert ask not in text(admin_client, page)


def test_an_article_is_looked_for_by_words_where_no_code_is_shared(admin_client, elryan, order):
    with rig("elko") as elko:
        elko.good("products")
        supplier, line = writing(elko, "on"), open_line(order)
        buy = reverse("admin:integrations_command_buy", args=[order.pk])
        assert "Nothing has this line" in text(admin_client, buy)
        wanted = Variant.objects.filter(vendor=supplier).order_by("id")[0]
        page = admin_client.get(buy, {"find": "1", f"find-{line.pk}": wanted.sku}).content.decode()
        assert "found by words" in page
        assert f'value="{wanted.pk}"' in page


def test_rows_of_a_form_are_added_and_kept(admin_client, elryan, order):
    with rig("elko") as elko:
        supplier = writing(elko, "on")
        ask = reverse("admin:integrations_command_ask", args=[supplier.slug, "place_order"])
        page = text(admin_client, ask, {"f_lines-count": "1", "f_lines-0-sku": "14", "more-lines": ""})
        assert 'name="f_lines-2-sku"' in page
        assert 'value="14"' in page
        assert "is required" not in page
        bare = text(admin_client, ask, {"f_lines-count": "1", "preview": ""})
        assert "lines is missing" in bare


def test_an_orders_page_costs_no_more_for_all_that_was_sent(admin_client, elryan, order, django_assert_max_num_queries):
    from integrations.commands import asking

    for number in range(12):
        asking.ask(
            elryan.vendor, "prepare_line", {"line": open_line(order).external_id}, key=f"k{number}", hinted=False
        )
    for url in (sale(order), reverse("admin:orders_package_change", args=[Package.objects.get().pk])):
        text(admin_client, url)
        with django_assert_max_num_queries(8):
            text(admin_client, url)


def test_who_may_not_decide_sees_what_was_sent_and_opens_no_door(elryan, order, django_user_model, fresh):
    from integrations.commands import asking

    asking.ask(elryan.vendor, "prepare_line", {"line": open_line(order).external_id}, by="ann")
    person = django_user_model.objects.create_user("eve", is_staff=True)
    names = ["view_sale", "change_sale", "view_package"]
    person.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(person)
    page = text(client, sale(order))
    assert "Prepare order line" in page.partition("What was sent")[2]
    assert "/integrations/command/" not in page
    buy = reverse("admin:integrations_command_buy", args=[order.pk])
    for url in (lines_page(order, "prepare_line"), buy, reverse("admin:integrations_command_many", args=["product"])):
        assert client.get(url).status_code == client.post(url).status_code == 403
    person.user_permissions.set(Permission.objects.filter(codename__in=["view_command", "change_command"]))
    for url in (lines_page(order, "prepare_line"), buy):
        assert client.get(url).status_code == 403, "the order itself is not theirs to see"
