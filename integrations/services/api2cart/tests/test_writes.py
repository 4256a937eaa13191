"""Writes to stores: from the decision to the shop's rows and back, over real sockets; lost answers, limits, what a store lacks."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from integrations import connection
from integrations.commands import asking, bodies, looking, sending, switches
from integrations.models import ApiCall, Command, SyncRun, Vendor
from integrations.service import Account
from integrations.services.api2cart import answers
from integrations.services.api2cart.service import Service
from integrations.services.api2cart.simulator import Simulator
from integrations.services.api2cart.tests.spec import Spec
from integrations.services.api2cart.verbs import VERBS
from integrations.verbs import Doing
from orders.models import Order, Package, Return

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State
Connect = Callable[..., Vendor]
Run = Callable[..., SyncRun]
ORDER, LINE = "70001", "700010"  # three lines' worth of an order that nothing was shipped of


@pytest.fixture
def shop(connected: Connect) -> Vendor:
    return writing(connected())


def writing(vendor: Vendor) -> Vendor:
    Vendor.objects.filter(pk=vendor.pk).update(writes="on")
    vendor.refresh_from_db()
    return vendor


def sent(vendor: Vendor, verb: str, body: Any, **more: Any) -> Command:
    (command,) = asking.ask(vendor, verb, body, **more)
    sending.send(command.pk)
    return Command.objects.get(pk=command.pk)


def good(vendor: Vendor, verb: str, body: Any) -> Command:
    done = sent(vendor, verb, body)
    assert (done.state, done.error) == (State.CONFIRMED, ""), f"{verb}: {done.state} {done.error} {done.cure}"
    return done


def row(sim: Simulator, flow: str, key: object) -> dict[str, Any]:
    return next(one for one in sim.truth(flow) if key in (str(one["id"]), str(one.get("order_id"))))


# -- the journey: an order is shipped, paid back in part, and comes back


def test_an_order_is_shipped_paid_back_and_returned(sim: Simulator, shop: Vendor, run: Run) -> None:
    for flow in ("orders", "shipments", "returns"):
        run(shop, flow)
    quantity = int(row(sim, "orders", ORDER)["order_products"][0]["quantity"])
    assert quantity >= 2
    good(shop, "update_order", {"order_id": ORDER, "order_status": "processing", "comment": "Packed tonight"})
    first = good(shop, "add_shipment", {"order_id": ORDER, "items": [{"order_product_id": LINE, "quantity": 1}],
                                        "tracking_numbers": [{"tracking_number": "BP1"}], "shipment_provider": "Baltic Post"})  # fmt: skip
    good(shop, "add_tracking", {"shipment_id": first.number, "order_id": ORDER, "tracking_number": "BP2"})
    good(shop, "add_shipment", {"order_id": ORDER, "tracking_numbers": [{"tracking_number": "BP3"}]})
    refund = good(shop, "refund_order", {"order_id": ORDER, "items": [{"order_product_id": LINE, "quantity": 1, "price": "10.50"}],
                                         "message": "Scratched"})  # fmt: skip
    goods = [{"order_product_id": LINE, "order_product_quantity": 1, "order_product_reason_id": "size"}]
    back = good(shop, "add_return", {"order_id": ORDER, "order_products": goods})
    good(shop, "update_return", {"order_id": ORDER, "return_id": back.number, "return_status_id": "received"})
    for flow in ("orders", "shipments", "returns"):
        run(shop, flow, codes=[ORDER])
    order = Order.objects.get(external_id=ORDER)
    assert order.vendor_status == "Shipped"
    assert {*Package.objects.filter(order=order).values_list("tracking_number", flat=True)} == {"BP1", "BP3"}
    assert Return.objects.get(external_id=back.number).status == "received"
    assert row(sim, "orders", ORDER)["refunds"][0]["id"] == refund.number
    assert [write.verb for write in sim.ledger.accepted()] == [
        "update_order", "add_shipment", "add_tracking", "add_shipment", "refund_order", "add_return", "update_return",
    ]  # fmt: skip
    asked_anew = {(run.flow, *run.codes) for run in SyncRun.objects.filter(state="queued")}
    assert {("orders", ORDER), ("shipments", ORDER), ("returns", ORDER)} <= asked_anew, "the mirror follows by itself"
    good(shop, "delete_return", {"order_id": ORDER, "return_id": back.number})
    assert not [one for one in sim.truth("returns") if one["id"] == back.number]


def test_more_than_was_bought_is_stopped_with_the_figures(sim: Simulator, shop: Vendor) -> None:
    body = {"order_id": ORDER, "items": [{"order_product_id": LINE, "quantity": 2, "price": 1}]}
    good(shop, "refund_order", body)
    again = sent(shop, "refund_order", body)
    assert again.state == State.REFUSED
    assert f"on line {LINE}, 2 are paid back already" in again.error
    good(shop, "add_shipment", {"order_id": ORDER})
    nothing = sent(shop, "add_shipment", {"order_id": ORDER})
    assert (nothing.state, "shipped already" in nothing.error) == (State.REFUSED, True)
    stranger = sent(shop, "refund_order", {"order_id": "nix", "total_price": 1})
    assert (stranger.state, "does not show order nix" in stranger.error) == (State.REFUSED, True)
    assert [write.verb for write in sim.ledger.accepted()] == ["refund_order", "add_shipment"]


def test_what_one_refund_made_is_no_proof_of_another(sim: Simulator, shop: Vendor) -> None:
    body = {"order_id": ORDER, "items": [{"order_product_id": LINE, "quantity": 1, "price": 1}]}
    (first,), (second,) = asking.ask(shop, "refund_order", body), asking.ask(shop, "refund_order", body)
    sending.send(first.pk)
    sim.fault("drop", path="/order.refund.add.json", times=1)  # it never arrives
    sending.send(second.pk)
    seen = looking.look_up(second.pk)
    assert (seen.state, "But that is what" in seen.shown) == (State.UNKNOWN, True), seen.shown
    assert looking.look_up(first.pk).state == State.CONFIRMED
    assert len(sim.ledger.accepted("refund_order")) == 1


def test_the_same_number_of_ours_pays_back_once(sim: Simulator, shop: Vendor) -> None:
    body = {"order_id": ORDER, "reference": "R-7", "total_price": "2.00"}
    assert sent(shop, "refund_order", body).pk == sent(shop, "refund_order", body).pk
    assert len(sim.ledger.accepted("refund_order")) == 1
    with pytest.raises(bodies.BadBody, match="already used"):
        sent(shop, "refund_order", {**body, "total_price": "3.00"})


def test_what_a_carrier_did_is_told_to_the_shop(sim: Simulator, shop: Vendor, run: Run) -> None:
    for flow in ("orders", "shipments"):
        run(shop, flow)
    body = {
        "order_id": "70000",
        "shipment_id": "880",
        "message": "Left the hall",
        "latitude": "-34.6",
        "longitude": "-58.38",
    }
    first = good(shop, "add_shipment_event", {**body, "status": "in_transit", "created_at": "2026-11-20 08:15:00"})
    good(shop, "add_shipment_event", {"order_id": "70000", "shipment_id": "880", "status": "delivered"})
    [event, last] = row(sim, "shipments", "880")["sandbox_events"]
    assert (event["id"], event["message"], last["status"]) == (first.number, "Left the hall", "delivered")
    assert sim.ledger.accepted("add_shipment_event")[0].payload["latitude"] == -34.6
    run(shop, "shipments", codes=["70000"])
    assert Package.objects.get(external_id="70000/880").status == "delivered"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"created_at": "yesterday"}, "created_at is not a time"),
        ({"latitude": 1}, "latitude and longitude together"),
        ({}, "status is missing"),
    ],
)
def test_an_event_that_cannot_be_told_is_refused_before(shop: Vendor, more: Any, said: str) -> None:
    status = {"status": "in_transit"} if more else {}
    with pytest.raises(bodies.BadBody, match=said):
        asking.ask(shop, "add_shipment_event", {"order_id": "70000", "shipment_id": "880", **status, **more})


def test_an_event_of_a_time_is_looked_up_by_that_time(sim: Simulator, shop: Vendor) -> None:
    body = {"order_id": "70000", "shipment_id": "880", "status": "in_transit", "created_at": "2026-11-20 08:15:00"}
    sim.fault("drop", path="/order.shipment.event.add.json", times=1, accept=True)
    lost = sent(shop, "add_shipment_event", body)
    assert looking.look_up(lost.pk).state == State.CONFIRMED
    sim.fault("drop", path="/order.shipment.event.add.json", times=1)
    never = sent(shop, "add_shipment_event", {**body, "created_at": "2026-11-20 09:15:00"})
    shown = looking.look_up(never.pk)
    assert (shown.state, shown.shown) == (State.UNKNOWN, "The shop shows 0 such, 0 of them made since then.")


# -- answers that were lost

SHIP = {"order_id": ORDER, "items": [{"order_product_id": LINE, "quantity": 1}]}
LOST: dict[str, tuple[str, Any, str]] = {
    "update_order": ("order.update", {"order_id": ORDER, "order_status": "shipped"}, "confirmed"),
    "refund_order": (
        "order.refund.add", {"order_id": ORDER, "items": [{"order_product_id": LINE, "quantity": 1, "price": 1}]}, "confirmed",
    ),
    "add_shipment": ("order.shipment.add", {**SHIP, "tracking_numbers": [{"tracking_number": "X1"}]}, "confirmed"),
    "add_return": (
        "order.return.add",
        {"order_id": "70000", "order_products": [{"order_product_id": "700000", "order_product_quantity": 1}]},
        "confirmed",
    ),
    "update_shipment": (
        "order.shipment.update",
        {"order_id": "70000", "shipment_id": "880", "tracking_numbers": [{"tracking_number": "Z1"}], "delivered_at": "2026-11-20 10:00:00"},
        "confirmed",
    ),
    "add_shipment_event": (
        "order.shipment.event.add",
        {"order_id": "70000", "shipment_id": "880", "status": "in_transit", "city": "Riga"},
        "confirmed",
    ),
    "delete_shipment": ("order.shipment.delete", {"order_id": "70000", "shipment_id": "880"}, "confirmed"),
    "add_tracking": (
        "order.shipment.tracking.add", {"order_id": "70000", "shipment_id": "880", "tracking_number": "Y1"}, "confirmed",
    ),
    "add_product": ("product.add", {"sku": "NEW-1", "name": "Jug", "description": "", "price": 3}, "confirmed"),
    "add_category": ("category.add", {"name": "Jugs"}, "confirmed"),
    "assign_category": ("category.assign", {"category_id": "6", "product_id": "5000"}, "confirmed"),
    "delete_category": ("category.delete", {"id": "6"}, "confirmed"),
    "add_customer": ("customer.add", {"email": "new@example.com"}, "confirmed"),
    "delete_product": ("product.delete", {"id": "5000"}, "confirmed"),
    "add_variant": ("product.variant.add", {"product_id": "5001", "model": "BOU-1001-9", "price": 4}, "confirmed"),
    "delete_variant": ("product.variant.delete", {"product_id": "5001", "id": "90010"}, "confirmed"),
    "update_product": ("product.update", {"id": "5000", "reduce_quantity": 1}, "unknown"),
    "update_variant": ("product.variant.update", {"id": "90010", "product_id": "5001", "name": "Lamp, dark", "price": 9}, "confirmed"),
    "update_category": ("category.update", {"id": "6", "name": "Cupboards"}, "confirmed"),
    "update_customer": ("customer.update", {"id": "300", "phone": "+371 2"}, "confirmed"),
    "set_manufacturer": ("product.manufacturer.add", {"product_id": "5000", "manufacturer": "Atlas"}, "confirmed"),
    "assign_store": ("product.store.assign", {"product_id": "5000", "store_id": "2"}, "confirmed"),
    "add_prices": ("product.price.add", {"product_id": "5000", "group_prices": [{"group_id": "1", "price": "8.50"}]}, "confirmed"),
    "add_variant_prices": (
        "product.variant.price.add",
        {"id": "90010", "product_id": "5001", "group_prices": [{"group_id": "1", "price": "8.50", "qty": 3}]},
        "confirmed",
    ),
    "add_option": (
        "product.option.add",
        {"product_id": "5000", "name": "Finish", "type": "option_type_select", "values": [{"value": "Matt"}, {"value": "Gloss"}]},
        "confirmed",
    ),
    "add_option_value": ("product.option.value.add", {"product_id": "5001", "option_id": "7", "option_value": "Rust"}, "confirmed"),
    "assign_option": ("product.option.assign", {"product_id": "5000", "option_id": "7", "option_values": "Amber, Moss"}, "confirmed"),
    "assign_option_value": (
        "product.option.value.assign", {"product_id": "5001", "product_option_id": 701, "option_value_id": "3"}, "confirmed",
    ),
    "update_option_value": (
        "product.option.value.update",
        {"product_id": "5001", "option_id": "7", "option_value_id": "2", "option_value": "Fern", "price": "1.50"},
        "confirmed",
    ),
    "delete_option_value": ("product.option.value.delete", {"product_id": "5001", "option_id": "7", "option_value_id": "2"}, "confirmed"),
    "delete_option": ("product.option.delete", {"product_id": "5001", "option_id": "7"}, "confirmed"),
    "add_image": (
        "product.image.add",
        {"product_id": "5000", "image_name": "jug.png", "type": "base", "url": "https://p.example/jug.png"},
        "confirmed",
    ),
    "update_image": ("product.image.update", {"product_id": "5000", "id": "1", "label": "A jug", "hidden": True}, "confirmed"),
    "delete_image": ("product.image.delete", {"product_id": "5000", "id": "1"}, "confirmed"),
    "add_variant_image": (
        "product.variant.image.add",
        {"product_id": "5001", "product_variant_id": "90010", "image_name": "moss.png", "type": "base", "url": "https://p.example/m.png"},
        "confirmed",
    ),
    "add_order": (
        "order.add",
        {
            "order_status": "pending", "customer_email": "a@example.com", "bill_first_name": "Ada", "bill_last_name": "L",
            "bill_address_1": "Road 1", "bill_city": "Riga", "bill_postcode": "1", "bill_country": "LV",
            "order_item": [{"order_item_id": "5000", "order_item_name": "Lamp", "order_item_price": 1, "order_item_quantity": 1}],
        },
        "unknown",
    ),
}  # fmt: skip


@pytest.mark.sqlite_only
@pytest.mark.parametrize("verb", LOST)
def test_a_lost_answer_is_proved_by_the_shop_s_own_list_or_waits(sim: Simulator, shop: Vendor, verb: str) -> None:
    method, body, state = LOST[verb]
    body = {**body, "description": "A jug"} if "description" in body else body
    sim.fault("drop", path=f"/{method}.json", times=1, accept=True)
    lost = sent(shop, verb, body)
    assert lost.state == State.UNKNOWN
    shown = looking.look_up(lost.pk)
    assert (shown.state, bool(shown.shown)) == (state, True), shown.shown
    assert len(sim.ledger.accepted(verb)) == 1
    assert len(sim.ledger.asked(f"/{method}.json")) == 1


def test_of_prices_of_groups_what_was_there_before_is_no_proof(sim: Simulator, shop: Vendor) -> None:
    """Another price of the same group stands there: the change goes again; what was to be deleted and is there, as well."""
    prices = [{"group_id": "1", "price": "8.50"}]
    good(shop, "add_prices", {"product_id": "5000", "group_prices": prices})
    sim.fault("drop", path="/product.price.update.json", times=1)
    lost = sent(shop, "update_prices", {"product_id": "5000", "group_prices": [{"group_id": "1", "price": "7.00"}]})
    Command.objects.filter(pk=lost.pk).update(not_before=None)
    assert looking.look_up(lost.pk).state == State.QUEUED
    sending.send(lost.pk)
    assert row(sim, "products", "5000")["group_price"][0]["price"] == 7
    sim.fault("drop", path="/product.price.delete.json", times=1, accept=True)
    gone = sent(shop, "delete_prices", {"product_id": "5000"})
    assert looking.look_up(gone.pk).state == State.CONFIRMED
    sim.fault("drop", path="/product.price.add.json", times=1)
    never = sent(shop, "add_prices", {"product_id": "5000", "group_prices": prices})
    Command.objects.filter(pk=never.pk).update(not_before=None)
    assert looking.look_up(never.pk).state == State.UNKNOWN, "whether it still comes nobody knows"


def colours(sim: Simulator, product: str = "5001") -> dict[str, Any]:
    [option] = row(sim, "products", product)["product_options"]
    return {one["id"]: one["name"] for one in option["option_items"]}


def test_options_and_their_values_are_put_on_changed_and_taken_away(sim: Simulator, shop: Vendor) -> None:
    there = {"product_id": "5000", "option_id": "7"}
    put = good(shop, "assign_option", {**there, "option_values": "Amber", "required": True})
    good(shop, "assign_option_value", {"product_id": "5000", "product_option_id": put.number, "option_value_id": "3"})
    assert colours(sim, "5000") == {"0": "Amber", "3": "Chalk"}
    assert sim.ledger.accepted("assign_option_value")[0].payload == {
        "product_option_id": put.number, "option_value_id": "3",
    }, "the product only says where to look"  # fmt: skip
    good(shop, "update_option_value", {**there, "option_value_id": "3", "option_value": "Snow", "price": "2.50"})
    assert row(sim, "products", "5000")["product_options"][0]["option_items"][1] == {
        "id": "3",
        "name": "Snow",
        "price": 2.5,
    }
    good(shop, "delete_option_value", {**there, "option_value_id": "0"})
    assert colours(sim, "5000") == {"3": "Snow"}
    good(shop, "delete_option", there)
    assert row(sim, "products", "5000")["product_options"] == []
    with pytest.raises(bodies.BadBody, match="Say what is to change"):
        asking.ask(shop, "update_option_value", {**there, "option_value_id": "3"})


def test_of_option_values_only_what_the_shop_shows_is_proof(sim: Simulator, shop: Vendor) -> None:
    """What is still there, or has another name, goes again; what was to be added and is not there waits for a person."""
    there = {"product_id": "5001", "option_id": "7", "option_value_id": "2"}
    wanted = {
        "update_option_value": ("product.option.value.update", {**there, "option_value": "Fern"}, State.QUEUED),
        "delete_option_value": ("product.option.value.delete", there, State.QUEUED),
        "assign_option_value": (
            "product.option.value.assign", {"product_id": "5001", "product_option_id": 701, "option_value_id": "3"}, State.UNKNOWN,
        ),
        "assign_option": ("product.option.assign", {"product_id": "5000", "option_id": "7"}, State.UNKNOWN),
    }  # fmt: skip
    for verb, (method, body, state) in wanted.items():
        sim.fault("drop", path=f"/{method}.json", times=1)
        lost = sent(shop, verb, body)
        Command.objects.filter(pk=lost.pk).update(not_before=None)  # whatever was on its way has arrived
        assert looking.look_up(lost.pk).state == state, verb
        if state == State.QUEUED:
            sending.send(lost.pk)
            assert Command.objects.get(pk=lost.pk).state == State.CONFIRMED, verb
        else:
            assert sim.ledger.accepted(verb) == []
    assert colours(sim) == {"0": "Amber", "1": "Slate"}


def test_every_verb_can_be_looked_up() -> None:
    assert [name for name, verb in VERBS.items() if not verb.look_up] == []


@pytest.mark.parametrize(("fault", "more"), [("status", {"code": 500, "accept": True}), ("cut", {})])
def test_a_500_and_a_cut_answer_after_it_was_done_are_unknown(
    sim: Simulator, shop: Vendor, fault: str, more: Any
) -> None:
    sim.fault(fault, path="/order.shipment.add.json", times=1, **more)
    lost = sent(shop, "add_shipment", {**SHIP, "tracking_numbers": [{"tracking_number": "X1"}]})
    assert lost.state == State.UNKNOWN
    assert looking.look_up(lost.pk).number == row(sim, "shipments", "1000001")["id"]


def test_sent_again_the_same_key_goes_and_the_shop_answers_from_memory(sim: Simulator, shop: Vendor) -> None:
    """Sent as well, not instead: only a person sends an unknown refund again, and even then it is one."""
    from integrations.commands import deciding

    sim.fault("drop", path="/order.refund.add.json", times=1, accept=True)
    lost = sent(shop, "refund_order", {"order_id": ORDER, "total_price": "1.00"})
    assert looking.look_up(lost.pk).state == State.UNKNOWN, "an amount alone is no proof"
    deciding.send_again(lost.pk, "Ada", "the shop's own list has none")
    sending.send(lost.pk)
    again = Command.objects.get(pk=lost.pk)
    assert again.state == State.CONFIRMED, (again.error, again.story)
    keys = {call.body["idempotency_key"] for call in sim.ledger.asked("/order.refund.add.json")}
    assert (len(keys), len(sim.ledger.accepted("refund_order"))) == (1, 1)


def test_after_a_limit_it_goes_later_with_another_key(sim: Simulator, shop: Vendor) -> None:
    """A vendor who answers a repetition from memory would else tell of the limit once more."""
    sim.store_limit = 0
    later = sent(shop, "update_order", {"order_id": ORDER, "order_status": "shipped"})
    assert (later.state, later.error_kind) == (State.QUEUED, "wait")
    assert later.not_before is not None
    sim.store_limit = 5
    Command.objects.filter(pk=later.pk).update(not_before=None)
    Vendor.objects.filter(pk=shop.pk).update(state="active", blocked_until=None)
    sending.send(later.pk)
    [call] = sim.ledger.asked("/order.update.json")
    assert dict(call.query)["idempotency_key"] != later.request["params"]["idempotency_key"]
    assert len(sim.ledger.accepted("update_order")) == 1


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (107, "cURL error: Operation timed out after 30001 milliseconds", "unknown"),
        (105, "Bridge: 504 Gateway Time-out", "unknown"),
        (105, "cURL error 52: Empty reply from server", "unknown"),
        (107, "The store said: 500 Internal Server Error", "unknown"),
        (107, "Product has no connection to stock 500", "refused"),
        (107, "Report is not ready yet, please try again later (report_request_id=R1)", "wait"),
        (107, "Order can not be shipped", "refused"),
        (9, "Internal error", "unknown"),
        (7, "Request limit", "wait"),
        (112, "Order not found", "refused"),
    ],
)
def test_what_codes_mean_of_a_write(code: int, message: str, kind: str) -> None:
    import json

    told = json.dumps({"return_code": code, "return_message": message, "result": {}}).encode()
    error = answers.explained(200, told, True, lambda _: None)
    assert getattr(error, "kind", "") == kind


# -- what a store can do, and what is told before


def test_what_a_store_lacks_is_not_offered(sim: Simulator, connected: Connect) -> None:
    bazaar = writing(connected("bazaar"))
    assert "add_order" in switches.offered(bazaar), "nobody asked the store yet"
    learned(bazaar)
    offered = switches.offered(bazaar)
    assert "update_order" in offered
    assert not {"add_order", "add_category"} & set(offered)
    with pytest.raises(switches.NotAllowed, match=r"AmazonSP has no order\.add in API2Cart"):
        asking.ask(bazaar, "add_order", LOST["add_order"][1])
    assert sim.ledger.writes == 0


def learned(vendor: Vendor) -> None:
    connection.probe(vendor)
    vendor.refresh_from_db()
    assert vendor.abilities["methods"]


def test_pages_do_not_offer_it_either(admin_client: Any, connected: Connect) -> None:
    bazaar = writing(connected("bazaar"))
    page = reverse("admin:integrations_command_switches")
    there = reverse("admin:integrations_command_ask", args=[bazaar.slug, "add_category"])
    assert there in admin_client.get(page).content.decode()
    learned(bazaar)
    assert there not in admin_client.get(page).content.decode()
    assert "has no category.add" in admin_client.get(there).content.decode()


def test_a_form_shows_the_exact_request_and_what_it_changes(
    sim: Simulator, shop: Vendor, run: Run, admin_client: Any
) -> None:
    run(shop, "orders")
    there = reverse("admin:integrations_command_ask", args=[shop.slug, "update_order"])
    text = admin_client.post(there, {"f_order_id": ORDER, "f_order_status": "shipped", "preview": ""}).content.decode()
    assert "order.update.json" in text
    assert "order #1001, " in text, "what it looks like now"
    assert sim.ledger.asked("/order.update.json") == []


def test_values_in_an_address_are_not_logged(sim: Simulator, shop: Vendor) -> None:
    good(shop, "update_order", {"order_id": ORDER, "admin_private_comment": "the-buyer-is-known-to-us"})
    call = ApiCall.objects.get(path__endswith="order.update.json")
    assert "admin_private_comment" in call.query_names
    assert "known-to-us" not in str([*ApiCall.objects.values_list()])


# -- every verb, against the vendor's own description

FILL = {"text": "7", "int": 3, "decimal": "9.5", "bool": True}


def filled(fields: Any) -> dict[str, Any]:
    """A body with every field there is."""
    found: dict[str, Any] = {}
    for field in fields:
        if field.kind in ("rows", "group"):
            inner = filled(field.fields)
            found[field.name] = [inner] if field.kind == "rows" else inner
        else:
            found[field.name] = field.choices[0] if field.choices else FILL[field.kind]
    return found


def requests(options: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    account = Account("shop", "https://api.api2cart.com/v1.1", options)
    for name, verb in VERBS.items():
        body = bodies.checked(verb, filled(verb.fields))
        yield name, verb.request(Doing(account, body, "R-1", None, "k" * 32))
        assert all(isinstance(line, str) for line in verb.says(body)), name


@pytest.mark.needs_shared
@pytest.mark.sqlite_only
@pytest.mark.parametrize("options", [{}, {"store_id": "1", "lang_id": "2"}])
def test_every_request_a_verb_can_make_is_one_the_vendor_describes(shared: Path, options: dict[str, Any]) -> None:
    spec = Spec(shared)
    for name, request in requests(options):
        path = f"/{request.path}"
        if request.body is not None:
            assert spec.wrong_body(spec.body(request.method, path), request.body) == [], name
            assert not request.params, name
        else:
            query = [(param, str(value)) for param, value in request.params.items()]
            assert spec.wrong_query(request.method, path, query) == [], name
        known = spec.body(request.method, path).get("properties", {}) or spec.query(request.method, path)
        told = request.body if request.body is not None else request.params
        assert ("idempotency_key" in told) == ("idempotency_key" in known), name


def test_every_verb_s_methods_exist_and_it_takes_no_password() -> None:
    for name, verb in VERBS.items():
        for method in filter(None, (verb.check, verb.look_up, verb.job)):
            assert callable(getattr(Service, method)), f"{name}: {method}"
        assert not any("password" in field.name for field in verb.fields), name
