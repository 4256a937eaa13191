"""One verb for many rows: counted before, refused with a reason, made in batches, told row by row; the same cost per chunk."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from catalog.models import Category, Product, Variant
from config.models import AuditEntry
from integrations.commands import doors, many
from integrations.models import Command, CommandItem, CommandSubject, Vendor
from integrations.service import services
from integrations.tests.test_doors import text, writing
from integrations.tests.worker import Worker
from tests.faults.rig import rig
from tests.stuck import refusing

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()
NAMES = {"en": {"name": "Lamp"}, "ar": {"name": "مصباح"}}


@pytest.fixture
def shop():
    with rig("elryan") as one:
        one.good("categories", "brands", "products")
        one.vendor = writing(one, "on", "variants", "enable_product", "enable_variant")
        one.good("variants")
        one.simulator.ledger.clear()
        yield one


@pytest.fixture
def supplier(db) -> Vendor:
    return Vendor.objects.create(
        kind="elko", name="North", slug="north", base_url="https://north.example", writes="off"
    )


def goods(supplier: Vendor, count: int, **more: Any) -> list[Product]:
    """Products that lack nothing, with a variant each."""
    own = {"vendor": supplier, "seen_at": NOW, "changed_at": NOW}
    made = Product.objects.bulk_create(
        Product(**own, **{
            "external_id": f"N{n}", "name": f"Lamp {n}", "search": f"LAMP {n} N{n}", "brand_name": "Nordwind", "image_url": "https://p.example/1.png",
            "translations": NAMES, "tax": 0, "guarantee": "12", "fulfilment_days": 2, **more,
        })
        for n in range(count)
    )  # fmt: skip
    Variant.objects.bulk_create(
        Variant(
            **own,
            product=product,
            external_id=f"V{n}",
            sku=f"LAMP-{n}",
            name=f"Lamp {n}",
            price=10,
            currency="EUR",
            stock=5,
        )
        for n, product in enumerate(made)
    )
    return made


def offer(vendor: Vendor, name: str, on: str = "product") -> doors.Offer:
    found = doors.offer_of(vendor, name, on, foreign=True) or doors.offer_of(vendor, name, on, foreign=False)
    assert found is not None
    return found


def category(shop: Any) -> str:
    return str(Category.objects.filter(vendor=shop.vendor).order_by("id")[0].external_id)


def many_page(on: str) -> str:
    return reverse("admin:integrations_command_many", args=[on])


def test_a_preview_counts_what_is_made_changed_and_refused(admin_client, shop, supplier):
    good = goods(supplier, 3)
    Product.objects.filter(pk=good[1].pk).update(brand_name="", image_url="", translations={})
    own = Product.objects.filter(vendor=shop.vendor).order_by("id")[0]
    given = {"category": category(shop), "times": "1.2"}
    plan = many.plan(offer(shop.vendor, "upsert_product"), [*(one.pk for one in good), own.pk], given)
    assert (plan.rows, plan.creates, plan.changes, plan.refused, plan.calls) == (4, 2, 1, 1, 3)
    assert {why for why, _, _ in plan.told} == {"It has no brand.", "It has no picture."}
    assert plan.told[0][2] == [good[1]]
    bare = many.plan(offer(shop.vendor, "upsert_product"), [good[0].pk, good[2].pk], {})
    assert bare.told == [("It has no category here: choose one.", 2, [good[0], good[2]])]
    Product.objects.filter(pk=good[2].pk).update(translations={})
    assert many.plan(offer(shop.vendor, "upsert_product"), [good[2].pk], given).told[0][0] == "It has no text in AR."
    sent = many.plan(offer(shop.vendor, "upsert_product"), [good[2].pk], {**given, "untranslated": "send"})
    assert sent.creates == 1
    assert not Command.objects.exists()


def test_products_go_from_their_list_and_each_tells_what_came_of_it(admin_client, shop, supplier):
    good, worker = goods(supplier, 2), Worker()
    chosen = {"action": "send_chosen", "_selected_action": [one.pk for one in good], "index": 0}
    page = admin_client.post(reverse("admin:catalog_product_changelist") + "?q=lamp", chosen)["Location"]
    assert f"{shop.vendor.slug}:upsert_product" in text(admin_client, page)
    given = {
        "keys": ",".join(str(one.pk) for one in good), "offer": f"{shop.vendor.slug}:upsert_product", "token": "a" * 32,
        "f_category": category(shop), "f_times": "1.25", "scope": "chosen",
    }  # fmt: skip
    shown = text(admin_client, many_page("product"), {**given, "preview": ""})
    assert "<strong>2</strong> made new" in shown
    assert "12.5" in shown, "the price is the cost, raised"
    result = text(admin_client, many_page("product"), {**given, "decide": ""})
    assert "<strong>2</strong> queued" in result
    text(admin_client, many_page("product"), {**given, "decide": ""})
    assert Command.objects.count() == 2, "one decision, however often it is pressed"
    worker.work()
    assert "<strong>2</strong> confirmed" in text(
        admin_client, reverse("admin:integrations_command_batch", args=["a" * 32])
    )
    assert {row["spu"] for row in shop.simulator.truth("products")} >= {"north-N0", "north-N1"}
    assert (
        "Confirmed"
        in text(admin_client, reverse("admin:catalog_product_change", args=[good[0].pk])).partition("What was sent")[2]
    )


def test_a_whole_list_is_sent_as_it_is_filtered(admin_client, shop, supplier):
    goods(supplier, 60)
    given = {
        "keys": "", "list": "q=lamp", "scope": "list", "offer": f"{shop.vendor.slug}:upsert_product", "f_category": category(shop),
        "preview": "",
    }  # fmt: skip
    assert "happen to 60 rows" in text(admin_client, many_page("product"), given)
    assert "happen to 1 row<" in text(admin_client, many_page("product"), {**given, "list": "q=lamp+59"})


def test_price_and_stock_go_to_the_article_of_the_same_code(admin_client, shop, supplier):
    goods(supplier, 3)
    rows = list(Variant.objects.filter(vendor=supplier).order_by("id"))
    first, second = Variant.objects.filter(vendor=shop.vendor).order_by("id")[:2]
    Variant.objects.filter(pk=rows[0].pk).update(sku=first.sku, stock=9)
    Variant.objects.filter(pk=rows[1].pk).update(gtin=second.gtin, stock=None)
    worker = Worker()
    found = offer(shop.vendor, "stock_and_price", "variant")
    plan = many.plan(found, [row.pk for row in rows], {"times": "2"})
    assert (plan.changes, plan.refused, plan.calls) == (2, 1, 1)
    assert plan.told[0][0] == "This connection has no article with its SKU or GTIN."
    many.decide(found, [row.pk for row in rows], {"times": "2"}, by="ann", batch="b" * 32)
    command = Command.objects.get()
    assert command.body["items"] == [{"sku": first.sku, "stock": 9, "price": 20}, {"sku": second.sku, "price": 20}], (
        "an unknown stock is not sent, and never as none"
    )
    page = text(admin_client, reverse("admin:catalog_variant_change", args=[first.pk]))
    assert "Stock and price" in page.partition("Last sent")[2]
    every = reverse("admin:integrations_command_changelist") + f"?thing=variant:{first.sku}"
    assert admin_client.get(every).context["cl"].result_count == 1
    assert admin_client.get(every + "x").context["cl"].result_count == 0
    worker.work()
    assert {row["sku"]: row["price"] for row in shop.simulator.truth("variants")}[first.sku] == 20
    assert set(CommandSubject.objects.values_list("row", flat=True)) == {rows[0].pk, rows[1].pk}


def test_one_listing_gets_one_value_of_two(shop, supplier):
    goods(supplier, 2)
    listing = Variant.objects.filter(vendor=shop.vendor).order_by("id")[0]
    Variant.objects.filter(vendor=supplier).update(sku=listing.sku)
    keys = [*Variant.objects.filter(vendor=supplier).values_list("pk", flat=True)]
    plan = many.plan(offer(shop.vendor, "stock_and_price", "variant"), keys, {})
    assert (plan.changes, plan.refused) == (1, 1)
    assert "same article" in plan.told[0][0]


def test_on_and_off_sale_are_for_a_vendors_own_rows(shop, supplier):
    good, own = goods(supplier, 1)[0], Product.objects.filter(vendor=shop.vendor).order_by("id")[0]
    Product.objects.filter(pk=own.pk).update(active=True)
    plan = many.plan(offer(shop.vendor, "disable_product"), [good.pk, own.pk], {})
    assert (plan.changes, plan.refused) == (1, 1)
    assert "It belongs to North" in plan.told[0][0]


@pytest.mark.parametrize("name", ["approve", "reject"])
def test_a_batch_is_approved_or_rejected_as_one(admin_client, shop, supplier, name):
    Vendor.objects.filter(pk=shop.vendor.pk).update(writes="approve")
    keys = [one.pk for one in goods(supplier, 3)]
    many.decide(offer(shop.fresh(), "upsert_product"), keys, {"category": category(shop)}, by="ann", batch="c" * 32)
    page = reverse("admin:integrations_command_batch", args=["c" * 32])
    assert "Approve all 3" in text(admin_client, page)
    assert "Write down why" in text(admin_client, page, {"act": "reject", "reason": " "})
    text(admin_client, page, {"act": name, "reason": "too dear"})
    states = {*Command.objects.values_list("state", flat=True)}
    assert states == {"queued" if name == "approve" else "cancelled"}
    assert Command.objects.all()[0].story[-1]["by"] == "admin"
    [told] = AuditEntry.objects.filter(what="decided")
    assert (told.who, told.thing) == ("admin", str(shop.vendor))
    assert told.said.startswith(f"{name} all that wait of batch {'c' * 32}: 3.")
    assert ("too dear" in told.said) == (name == "reject")


def three_wait(shop: Any, supplier: Vendor) -> list[Command]:
    Vendor.objects.filter(pk=shop.vendor.pk).update(writes="approve")
    keys = [one.pk for one in goods(supplier, 3)]
    many.decide(offer(shop.fresh(), "upsert_product"), keys, {"category": category(shop)}, by="ann", batch="c" * 32)
    return list(Command.objects.order_by("id"))


def test_a_batch_that_stops_in_the_middle_says_how_far_it_came(admin_client, shop, supplier, monkeypatch):
    rows = three_wait(shop, supplier)
    monkeypatch.setattr(many, "AT_ONCE", 1)
    page = reverse("admin:integrations_command_batch", args=["c" * 32])
    with refusing(Command._meta.db_table, "UPDATE", f"OLD.id = {rows[1].pk}"):
        assert "stopped in the middle: 1 of 3 were decided, 2 still wait." in text(
            admin_client, page, {"act": "approve"}
        )
    assert [row.state for row in Command.objects.order_by("id")] == ["queued", "awaiting_approval", "awaiting_approval"]
    said = [row.said for row in AuditEntry.objects.filter(what="decided").order_by("pk")]
    assert len(said) == 2
    assert "1 of 3 were decided" in said[1]
    assert "2 approved" in text(admin_client, page, {"act": "approve"})


def test_what_is_ticked_at_the_desk_is_decided_one_by_one(admin_client, shop, supplier):
    rows = three_wait(shop, supplier)
    ticked = {"act": "approve", "command": [row.pk for row in rows], "desk": "approval"}
    with refusing(LogEntry._meta.db_table, "INSERT", f"NEW.object_id = '{rows[1].pk}'"):
        told = text(admin_client, reverse("admin:integrations_command_decide"), ticked)
    assert f"Command {rows[1].pk} was left as it was. The database did not take it." in told
    assert [row.state for row in Command.objects.order_by("id")] == ["queued", "awaiting_approval", "queued"]
    assert AuditEntry.objects.filter(what="changed", said="Approved.").count() == 2


def test_many_are_decided_with_their_line_in_the_log_or_not_at_all(admin_client, shop, supplier):
    keys = [one.pk for one in goods(supplier, 2)]
    admin_client.raise_request_exception = False
    asked = {
        "keys": ",".join(map(str, keys)), "offer": f"{shop.vendor.slug}:upsert_product", "token": "d" * 32,
        "f_category": category(shop), "f_times": "1.25", "scope": "chosen", "decide": "",
    }  # fmt: skip
    with refusing(AuditEntry._meta.db_table, "INSERT", "NEW.what = 'decided'"):
        assert admin_client.post(many_page("product"), asked).status_code == 500
    assert not Command.objects.exists()


def test_twice_the_rows_cost_no_more_queries_within_a_chunk(shop, supplier):
    goods(supplier, 40)
    keys = [*Product.objects.filter(vendor=supplier).values_list("pk", flat=True)]
    given, costs = {"category": category(shop)}, []
    for number, part in enumerate((keys[:10], keys[10:])):
        with CaptureQueriesContext(connection) as asked:
            many.decide(offer(shop.vendor, "upsert_product"), part, given, by="ann", batch=f"{number}" * 32)
        costs.append(len(asked))
    assert costs[0] == costs[1]
    assert CommandItem.objects.filter(thing__startswith="product:").count() == 40


def test_more_rows_than_a_chunk_are_read_in_several(shop, supplier, monkeypatch):
    monkeypatch.setattr(many, "AT_ONCE", 7)
    keys = [one.pk for one in goods(supplier, 20)]
    sizes = [
        len(part) for part in many.fates_of(offer(shop.vendor, "upsert_product"), keys, {"category": category(shop)})
    ]
    assert sizes == [7, 7, 6]


@pytest.mark.parametrize("kind", sorted(kind for kind, service in services().items() if service.verbs))
def test_what_a_door_asks_has_names_of_its_kind(kind):
    for name, verb in services()[kind].verbs.items():
        for door in verb.doors:
            assert door.on in ("order", "line", "package", "return", "product", "variant"), name
            assert len({field.name for field in door.asks}) == len(door.asks), name
            assert not (verb.once and door.on in ("product", "variant")), (
                f"{name} needs a reference of its own for each"
            )
