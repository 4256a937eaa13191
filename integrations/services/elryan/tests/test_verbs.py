"""What goes out to Elryan: every verb once, over a real socket; the simulator's ledger and rows are the witnesses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from integrations import connecting
from integrations.commands import asking, bodies, looking, sending
from integrations.models import Command, Vendor
from integrations.services.elryan.looking_packages import tracking_stands
from integrations.services.elryan.simulator import Simulator
from integrations.services.elryan.tests.runs import connected
from integrations.services.elryan.verbs import VERBS
from integrations.verbs import Doing
from orders.models import OrderLine, Package

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State
ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def vendor(tiny: Simulator) -> Vendor:
    made = connected(tiny)
    Vendor.objects.filter(pk=made.pk).update(writes="on")
    made.refresh_from_db()
    connecting.confirm(made, [name for name, verb in VERBS.items() if not verb.proven])
    return made


def sent(vendor: Vendor, verb: str, body: Any) -> Command:
    (command,) = asking.ask(vendor, verb, body)
    sending.send(command.pk)
    return Command.objects.get(pk=command.pk)


def line(sim: Simulator) -> str:
    return str(next(row["POlineID"] for row in sim.truth("orders") if row["Status"] == "Pending Confirmation"))


def first(sim: Simulator, flow: str, name: str) -> str:
    return str(sim.truth(flow)[0][name])


def variant(**more: Any) -> dict[str, Any]:
    told = {
        "sku": "NEW-1",
        "name": "Cup, red",
        "price": "12.50",
        "retail_price": 15,
        "stock": 4,
        "currency": "USD",
        "is_active": True,
    }
    return {**told, "translations": [{"language": "AR", "name": "كوب"}], **more}


def product(**more: Any) -> dict[str, Any]:
    told = {
        "spu": "NEW", "name": "Cup", "tax": 0, "is_active": True, "guarantee": 6, "fulfillment_day": 3,
        "category": {"remote_id": "beauty", "name": "Beauty", "parent_remote_id": ""}, "brand": {"remote_id": "b", "name": "B"},
        "default_image_url": "https://shop.example/cup.jpg", "translations": [{"language": "AR", "name": "كوب"}], "variants": [variant()],
    }  # fmt: skip
    return {**told, **more}


OWN = {"remote_id": "C-1", "name": "Cups", "is_active": True}
Body = Callable[[Simulator], dict[str, Any]]
# Verb → body, and the row it leaves at Elryan: flow, key, what must stand there.
WRITES: dict[str, tuple[Body, str, Callable[[Simulator], str], dict[str, Any]]] = {
    "upsert_category": (lambda sim: OWN, "categories", lambda sim: "C-1", {"name": "Cups"}),
    "upsert_brand": (lambda sim: OWN, "brands", lambda sim: "C-1", {"name": "Cups"}),
    "upsert_attribute": (lambda sim: OWN, "attributes", lambda sim: "C-1", {"name": "Cups"}),
    "upsert_attribute_value": (
        lambda sim: {"remote_id": "V-1", "value": "Red", "is_active": True, "attribute": OWN},
        "attribute_values", lambda sim: "V-1", {"value": "Red"},
    ),
    "upsert_product": (
        lambda sim: product(), "products", lambda sim: "NEW", {"tax": 0, "translations": [{"language": "AR", "name": "كوب"}]},
    ),
    "upsert_variant": (
        lambda sim: variant(spu=first(sim, "products", "spu")), "variants", lambda sim: "NEW-1", {"price": 12.5, "stock": 4},
    ),
    "stock_and_price": (
        lambda sim: {"items": [{"sku": first(sim, "variants", "sku"), "stock": 7, "price": "3.25", "retail_price": 4}]},
        "variants", lambda sim: first(sim, "variants", "sku"), {"stock": 7, "price": 3.25, "retail_price": 4},
    ),
    "disable_product": (
        lambda sim: {"spu": first(sim, "products", "spu")}, "products", lambda sim: first(sim, "products", "spu"), {"is_active": False},
    ),
    "enable_product": (
        lambda sim: {"spu": first(sim, "products", "spu")}, "products", lambda sim: first(sim, "products", "spu"), {"is_active": True},
    ),
    "disable_variant": (
        lambda sim: {"sku": first(sim, "variants", "sku")}, "variants", lambda sim: first(sim, "variants", "sku"), {"is_active": False},
    ),
    "enable_variant": (
        lambda sim: {"sku": first(sim, "variants", "sku")}, "variants", lambda sim: first(sim, "variants", "sku"), {"is_active": True},
    ),
    "prepare_line": (lambda sim: {"line": line(sim)}, "orders", lambda sim: "84100772", {"Status": "Preparing"}),
    "cancel_line": (
        lambda sim: {"line": line(sim), "reason": "sourcing_delay"},
        "orders", lambda sim: "84100772", {"Status": "Cancelled", "cancelReason": "sourcing_delay"},
    ),
    "create_package": (
        lambda sim: {"reference": "P-9", "order_id": 8410077, "items": [{"line": 84100772, "quantity": 1}],
                     "invoice": {"invoice_number": "INV-9"}},
        "packages", lambda sim: first(sim, "packages", "id"), {"remote_id": "P-9", "order_id": 8410077},
    ),
    "cancel_package": (
        lambda sim: {"package": first(sim, "packages", "id")},
        "packages", lambda sim: first(sim, "packages", "id"), {"status": "cancelled"},
    ),
    "fulfil_package": (
        lambda sim: {"package": first(sim, "packages", "id"), "tracking_barcode": "IQ1", "provider": "own_fleet"},
        "packages", lambda sim: first(sim, "packages", "id"), {"status": "in_transit"},
    ),
    "fulfil_package_online": (
        lambda sim: {"package": first(sim, "packages", "id"), "provider": "pts", "tracking_provider": "pts"},
        "packages", lambda sim: first(sim, "packages", "id"), {"status": "in_transit"},
    ),
    "upsert_tracking": (
        lambda sim: {"package": first(sim, "packages", "id"), "tracking_barcode": "IQ2"},
        "trackings", lambda sim: first(sim, "trackings", "id"), {"tracking_barcode": "IQ2"},
    ),
    "update_delivery_event": (
        lambda sim: {"delivery": "1", "delivery_info": {"datetime": "2026-11-21 14:00:00", "detail": "At the door"}},
        "deliveries", lambda sim: "1", {},
    ),
    "update_delivery_status": (
        lambda sim: {"delivery": "1", "status": "delivered"}, "deliveries", lambda sim: "1", {"status": "delivered"},
    ),
}  # fmt: skip


def test_every_verb_is_tried_here() -> None:
    assert WRITES.keys() == VERBS.keys()


@pytest.mark.parametrize("verb", WRITES)
def test_what_is_decided_is_done_once(tiny: Simulator, vendor: Vendor, verb: str) -> None:
    body, flow, key, stands = WRITES[verb]
    done = sent(vendor, verb, body(tiny))
    assert (done.state, done.error, done.attempts) == (State.CONFIRMED, "", 1)
    assert [write.verb for write in tiny.ledger.accepted()] == [verb]
    row = tiny.table(flow).get(key(tiny))
    assert row is not None
    assert {name: row[name] for name in stands} == stands


# Those of which Elryan's side shows what became of it, so that nobody has to be asked.
PROVED = [name for name, verb in VERBS.items() if verb.look_up]


@pytest.mark.parametrize("verb", PROVED)
def test_a_lost_answer_is_proved_by_what_elryan_shows(tiny: Simulator, vendor: Vendor, verb: str) -> None:
    body = WRITES[verb][0](tiny)
    request = asking.preview(vendor, verb, body)[0].request
    tiny.fault("drop", path=request["path"], method=request["method"], times=1, accept=True)
    lost = sent(vendor, verb, body)
    assert (lost.state, len(tiny.ledger.asked(request["path"], request["method"]))) == (State.UNKNOWN, 1), "made once"
    found = looking.look_up(lost.pk)
    assert (found.state, len(tiny.ledger.accepted(verb))) == (State.CONFIRMED, 1), found.shown


@pytest.mark.parametrize("verb", [name for name in PROVED if VERBS[name].repeatable and not name.startswith("enable")])
def test_what_did_not_arrive_goes_again(tiny: Simulator, vendor: Vendor, verb: str) -> None:
    body = WRITES[verb][0](tiny)
    request = asking.preview(vendor, verb, body)[0].request
    tiny.fault("status", path=request["path"], method=request["method"], times=1, code=500)
    lost = sent(vendor, verb, body)
    assert looking.look_up(lost.pk).state == State.QUEUED
    sending.send(lost.pk)
    assert (Command.objects.get(pk=lost.pk).state, len(tiny.ledger.accepted(verb))) == (State.CONFIRMED, 1)


def test_a_new_variant_price_alone_is_not_taken_for_an_old_product(tiny: Simulator, vendor: Vendor) -> None:
    """Of a product its variants are compared as well, or a price that never arrived would be forgotten."""
    assert sent(vendor, "upsert_product", product()).state == State.CONFIRMED
    tiny.fault("status", path="/products/upsert", times=1, code=500)
    lost = sent(vendor, "upsert_product", product(variants=[variant(price="99.00")]))
    seen = looking.look_up(lost.pk)
    assert (seen.state, "another price" in seen.shown) == (State.QUEUED, True)


def test_strangers_among_articles_are_marked_and_the_others_done(tiny: Simulator, vendor: Vendor) -> None:
    skus = [first(tiny, "variants", "sku"), "NIX-1", "NIX-2"]
    done = sent(vendor, "stock_and_price", {"items": [{"sku": sku, "stock": 2} for sku in skus]})
    assert dict(done.items.values_list("thing", "state")) == {
        f"variant:{skus[0]}": "done", "variant:NIX-1": "refused", "variant:NIX-2": "refused",
    }  # fmt: skip
    assert done.items.get(thing="variant:NIX-1").told == "Elryan has no variant with this SKU."
    assert "2 of 3 were not done" in done.error


def test_a_wrong_path_says_nothing_of_an_article(tiny: Simulator, vendor: Vendor) -> None:
    sku = first(tiny, "variants", "sku")
    body = {"items": [{"sku": sku, "stock": 77}]}
    tiny.fault("drop", path="/variants/stock-and-price", times=1, accept=True)
    lost = sent(vendor, "stock_and_price", body)
    tiny.fault("status", path=f"/variants/get/{sku}", times=1, code=404)
    assert looking.look_up(lost.pk).state == State.UNKNOWN, "neither done nor refused"
    assert looking.look_up(lost.pk).state == State.CONFIRMED


def test_an_article_that_stands_twice_among_thousands_is_told(tiny: Simulator, vendor: Vendor) -> None:
    items = [{"sku": f"A-{n}", "stock": 1} for n in range(2000)]
    with pytest.raises(bodies.BadBody, match="names A-7 twice"):
        asking.ask(vendor, "stock_and_price", {"items": [*items, {"sku": "A-7", "stock": 2}]})


def test_a_tracking_that_is_not_on_the_first_page_may_be_on_the_next(vendor: Vendor) -> None:
    doing = Doing(vendor.account, {"package_id": "13", "tracking_barcode": "T1"})
    assert tracking_stands([], doing).done is False
    assert tracking_stands([{"package_id": 99, "tracking_barcode": "T9"}], doing).done is None, "the search was ignored"


def test_parents_come_first(tiny: Simulator, vendor: Vendor) -> None:
    child = {**OWN, "remote_id": "C-2", "remote_parent_id": "C-1"}
    refused = sent(vendor, "upsert_category", child)
    assert (refused.state, "does not list C-1" in refused.error) == (State.REFUSED, True)
    (parent,) = asking.ask(vendor, "upsert_category", OWN)
    (under,) = asking.ask(vendor, "upsert_category", child)
    assert sending.send(under.pk) is None, "its parent is on its way, and goes first"
    sending.send(parent.pk)
    sending.send(under.pk)
    assert [write.key for write in tiny.ledger.accepted("upsert_category")] == ["C-1", "C-2"]


def test_a_product_and_the_stock_of_its_variants_go_in_turn(tiny: Simulator, vendor: Vendor) -> None:
    """A product brings its variants' stock: decided earlier, it must not come after a later stock."""
    (whole,) = asking.ask(vendor, "upsert_product", product())
    (stock,) = asking.ask(vendor, "stock_and_price", {"items": [{"sku": "NEW-1", "stock": 1}]})
    assert sending.send(stock.pk) is None
    sending.send(whole.pk)
    sending.send(stock.pk)
    row = tiny.table("variants").get("NEW-1")
    assert row is not None
    assert row["stock"] == 1, "the later decided stands"


def test_answers_are_mirrored_at_once(tiny: Simulator, vendor: Vendor) -> None:
    sent(vendor, "prepare_line", {"line": line(tiny)})
    assert OrderLine.objects.get(external_id="84100772").vendor_status == "Preparing"
    made = sent(vendor, "create_package", WRITES["create_package"][0](tiny))
    parcel = Package.objects.get(external_id=made.number)
    sent(vendor, "fulfil_package", {"package": made.number, "tracking_barcode": "IQ3", "provider": "own_fleet"})
    parcel.refresh_from_db()
    assert (parcel.tracking_number, parcel.tracking_provider, parcel.status) == ("IQ3", "own_fleet", "shipped")


def test_the_vendors_own_job_is_never_started(tiny: Simulator, vendor: Vendor) -> None:
    """Not by a path somebody entered among the options either, however it is spelled; and no file of ours calls it."""
    for path in ("cron/start", "/CRON//start/", "%63ron/start"):
        connecting.store_options(vendor, {"enable_variant_path": path})
        vendor.refresh_from_db()
        refused = sent(vendor, "enable_variant", {"sku": first(tiny, "variants", "sku")})
        assert refused.state == State.REFUSED, path
        assert "must never be called" in refused.error
    assert (tiny.cron_started, tiny.ledger.asked("/cron/start")) == (0, [])
    said = [
        path
        for room in ("catalog", "config", "integrations", "orders", "scripts")
        for path in (ROOT / room).rglob("*.py")
        if "cron/start" in path.read_text() and "tests" not in path.parts and not path.name.startswith("simulator")
    ]
    assert [path.relative_to(ROOT).as_posix() for path in said] == [
        "integrations/services/elryan/service.py", "integrations/services/elryan/verbs.py",
    ]  # fmt: skip


def test_a_get_that_writes_is_made_once_and_by_no_link(tiny: Simulator, vendor: Vendor, admin_client: Any) -> None:
    """Reads are repeated when the line breaks; a GET that writes is not. No page of ours does anything on GET."""
    writing = [
        name
        for name, verb in VERBS.items()
        if asking.preview(vendor, name, WRITES[name][0](tiny))[0].request["method"] == "GET"
    ]
    assert sorted(writing) == [
        "cancel_package",
        "disable_product",
        "disable_variant",
        "enable_product",
        "enable_variant",
    ]
    tiny.fault("drop", path="*/variants/disabled/*")
    sku = first(tiny, "variants", "sku")
    assert sent(vendor, "disable_variant", {"sku": sku}).state == State.UNKNOWN
    assert len(tiny.ledger.asked(f"/variants/disabled/{sku}")) == 1
    tiny.clear_faults()
    tiny.ledger.clear()
    command = Command.objects.get()
    for page in (
        "",
        f"{command.pk}/change/",
        "desk/unknown/",
        "switches/",
        f"ask/{vendor.slug}/disable_variant/?sku={sku}",
        "decide/",
    ):
        assert admin_client.get(f"/admin/integrations/command/{page}").status_code in (200, 405)
    assert tiny.ledger.requests == 0


def test_paths_that_no_document_states_are_the_connections(tiny: Simulator, vendor: Vendor) -> None:
    names = {
        "stock_and_price",
        "upsert_product",
        "upsert_variant",
        "disable_product",
        "disable_variant",
        "prepare_line",
    }
    connecting.store_options(vendor, {f"{name}_path": f"other/{name}" for name in names})
    vendor.refresh_from_db()
    for name in names:
        assert asking.preview(vendor, name, WRITES[name][0](tiny))[0].request["path"].startswith(f"other/{name}")
