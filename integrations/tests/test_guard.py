"""The guard over real runs: what is held, what is applied beside it, what a person's decision means afterwards."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.models import PriceChange, Product, StockChange, Variant
from integrations import connecting, desk, guarding, sync
from integrations.models import Decision, Held, HeldRow, Reject, SyncRun, Trigger, Vendor
from integrations.service import SAFETY, services
from integrations.services.elko.simulator import Simulator as Elko
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.simulator import Server, Simulator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elko() -> Iterator[Elko]:
    sim = Elko(seed="tiny")
    with Server(sim):
        yield sim


@pytest.fixture
def elryan() -> Iterator[Elryan]:
    sim = Elryan(seed="demo", size=60)  # 100 variants
    with Server(sim):
        yield sim


def connected(sim: Simulator, **options: Any) -> Vendor:
    given = sim.connections()[0]
    return connecting.connect(
        sim.kind,
        "guarded",
        base_url=given["base_url"],
        options={**given["options"], **options},
        secrets=given["secrets"],
    )


def run(vendor: Vendor, flow: str, **options: Any) -> SyncRun:
    done = sync.run(vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None, **options)
    assert done is not None
    found = SyncRun.objects.get(pk=done.pk)
    assert found.seen == found.created + found.updated + found.unchanged + found.rejected + held_rows(found), (
        "all counted"
    )
    return found


def held_rows(run: SyncRun) -> int:
    return HeldRow.objects.filter(run=run).exclude(kind=Held.Kind.GONE).count()


def waiting(kind: str) -> Held:
    return Held.objects.get(kind=kind, state=Held.State.WAITING)


def code(row: dict[str, Any]) -> str:
    return str(row.get("elkoCode") or row["id"])


def price(key: str) -> Decimal | None:
    return Variant.objects.get(external_id=key).price


# -- the limits


def test_every_guarded_kind_has_the_limits_and_they_are_checked() -> None:
    names = {option.name for option in SAFETY}
    guarded = [s for s in services().values() if any(flow.guard for flow in s.flows.values())]
    assert {"elko", "elryan"} <= {service.kind for service in guarded}
    for service in guarded:
        assert names <= {option.name for option in service.options}
        assert [o.name for o in service.options].count("guard_price_factor") == 1
        for wrong in ({"guard_gone_percent": "101"}, {"guard_price_factor": "0.5"}, {"guard_gone_rows": "many"}):
            with pytest.raises(connecting.BadOption, match=next(iter(wrong))):
                connecting.options_of(service, wrong)
        assert connecting.options_of(service, {"guard_price_factor": "2.5"}) == {"guard_price_factor": "2.5"}


def test_a_connections_own_limits_count(elryan: Elryan) -> None:
    vendor = connected(
        elryan, guard_gone_rows="5", guard_gone_percent="4", guard_price_factor="1.5", guard_zero_rows="1"
    )
    run(vendor, "variants")
    rows = elryan.truth("variants")
    elryan.remove("variants", *[row["sku"] for row in rows[:6]])
    elryan.change("variants", rows[7]["sku"], price=rows[7]["price"] * 1.6)
    done = run(vendor, "variants")
    assert (done.state, done.held, done.gone) == (SyncRun.State.HELD, 7, 0)
    assert "6 of 100 rows are missing (6 %)" in waiting("gone").reason
    Vendor.objects.filter(pk=vendor.pk).update(options={**vendor.options, "guard_gone_rows": 6})
    vendor.refresh_from_db()
    assert run(vendor, "variants").gone == 6, "within the new limit"
    assert not Held.objects.filter(kind="gone", state="waiting").exists()


# -- a price that jumped


def test_only_the_price_waits_and_all_else_of_its_row_is_taken(elko: Elko) -> None:
    vendor = connected(elko)
    run(vendor, "products")
    row = elko.truth("products")[0]
    before = price(code(row))
    elko.change("products", row["id"], price=row["price"] * 100, name="A better name", quantity="7")
    done = run(vendor, "products")
    assert (done.state, done.held, done.updated) == (SyncRun.State.HELD, 1, 0)
    variant = Variant.objects.get(external_id=code(row))
    assert (variant.price, variant.stock, variant.product.name) == (before, Decimal(7), "A better name")
    part = waiting("price")
    assert f"{row['price']:g}" in part.sample[0][1]
    assert "→" in part.sample[0][1]
    assert desk.apply_held(part, "somebody").rows == 1
    assert price(code(row)) == Decimal(str(row["price"])) * 100
    assert PriceChange.objects.filter(field="price", before=before).count() == 1
    assert run(vendor, "products").state == SyncRun.State.OK


def test_a_price_that_falls_to_nothing_waits(elko: Elko) -> None:
    vendor = connected(elko)
    run(vendor, "products")
    row = elko.truth("products")[0]
    elko.change("products", row["id"], price=0)
    assert run(vendor, "products").held == 1
    assert price(code(row)) == Decimal(str(row["price"]))


def test_a_dropped_price_is_not_asked_again_until_the_vendor_says_another(elko: Elko) -> None:
    vendor = connected(elko)
    run(vendor, "products")
    row = elko.truth("products")[0]
    before = price(code(row))
    elko.change("products", row["id"], price=row["price"] * 100)
    run(vendor, "products")
    desk.drop_held(waiting("price"), "somebody")
    assert Decision.objects.get().by == "somebody"
    # A verify reads every row anew, and a row that changed elsewhere comes by again: neither asks again.
    assert run(vendor, "products", mode=SyncRun.Mode.VERIFY).state == SyncRun.State.OK
    elko.change("products", row["id"], quantity="3")
    done = run(vendor, "products")
    assert (done.state, done.updated) == (SyncRun.State.OK, 1)
    assert (price(code(row)), Variant.objects.get(external_id=code(row)).stock) == (before, Decimal(3))
    elko.change("products", row["id"], price=row["price"] * 101)
    assert run(vendor, "products").held == 1, "another price is another question"
    assert not Decision.objects.exists()
    elko.change("products", row["id"], price=row["price"] * 1.1)
    assert run(vendor, "products").state == SyncRun.State.OK
    assert price(code(row)) == Decimal(str(row["price"] * 1.1)).quantize(Decimal("0.000001"))
    assert Held.objects.latest("pk").state == Held.State.OVERTAKEN


def test_what_waits_stays_the_same_part_over_newer_runs_and_is_applied_in_its_newest_form(elko: Elko) -> None:
    vendor = connected(elko)
    run(vendor, "products")
    one, two = elko.truth("products")[:2]
    elko.change("products", one["id"], price=one["price"] * 100)
    run(vendor, "products")
    part = waiting("price")
    elko.change("products", one["id"], quantity="9")
    elko.change("products", two["id"], price=two["price"] * 100)
    assert run(vendor, "products").held == 2
    part.refresh_from_db()
    assert (part.state, part.rows.count()) == (Held.State.WAITING, 1), "nothing was slipped under it"
    assert Held.objects.filter(state=Held.State.WAITING).count() == 2
    desk.apply_held(part, "somebody")
    assert price(code(one)) == Decimal(str(one["price"])) * 100
    assert Variant.objects.get(external_id=code(one)).stock == 9
    assert price(code(two)) == Decimal(str(two["price"]))
    with pytest.raises(desk.Decided):
        desk.drop_held(part, "somebody else")


def test_a_risky_variant_among_others_of_its_product_waits_alone(elryan: Elryan) -> None:
    vendor = connected(elryan)
    run(vendor, "products")
    run(vendor, "variants")
    many = Product.objects.filter(variants__price__gt=0).distinct()
    product = next(p for p in many if p.variants.count() == 2)
    risky, calm = product.variants.order_by("sku")
    before = risky.price
    elryan.change("variants", risky.sku, price=float(risky.price or 0) * 20)
    elryan.change("variants", calm.sku, price=float(calm.price or 0) + 1)
    done = run(vendor, "variants")
    assert (done.held, done.updated) == (1, 1)
    assert price(risky.external_id) == before
    assert price(calm.external_id) == (calm.price or 0) + 1


# -- a row that waited while another run stored something newer


def asked(vendor: Vendor, *keys: str) -> SyncRun:
    """Price and stock of these alone, as “Fetch again” reads them."""
    return run(vendor, "availability", codes=keys)


def test_a_held_price_is_applied_without_the_older_stock_beside_it(elko: Elko) -> None:
    vendor = connected(elko)
    run(vendor, "products")
    row = elko.truth("products")[0]
    elko.change("products", row["id"], price=row["price"] * 100, quantity="7")
    run(vendor, "products")
    part = waiting("price")
    elko.change("products", row["id"], price=row["price"], quantity="3")
    assert asked(vendor, code(row)).updated == 1
    assert desk.apply_held(part, "somebody") == (1, 1)
    variant = Variant.objects.get(external_id=code(row))
    assert (variant.price, variant.stock) == (Decimal(str(row["price"])) * 100, Decimal(3)), "what is newer wins"
    done = SyncRun.objects.latest("pk")
    assert "1 rows had a newer price or stock" in done.note
    assert StockChange.objects.filter(variant=variant).count() == 2, "to 7, to 3, and not back"
    elko.change("products", row["id"], quantity="2")
    run(vendor, "products", mode=SyncRun.Mode.VERIFY)
    assert Variant.objects.get(external_id=code(row)).stock == 2, "the next list is looked at as ever"


def test_a_held_price_is_left_where_a_newer_one_is_stored(elko: Elko) -> None:
    vendor = connected(elko)
    run(vendor, "products")
    one, two = elko.truth("products")[:2]
    for row in (one, two):
        elko.change("products", row["id"], price=row["price"] * 100)
    run(vendor, "products")
    part = waiting("price")
    elko.change("products", one["id"], price=round(one["price"] * 1.2, 2))
    asked(vendor, code(one))
    assert desk.apply_held(part, "somebody") == (2, 1)
    assert price(code(one)) == Decimal(str(round(one["price"] * 1.2, 2)))
    assert price(code(two)) == Decimal(str(two["price"])) * 100
    elko.change("products", one["id"], price=one["price"] * 100)
    again = run(vendor, "products")
    assert (again.state, again.held) == (SyncRun.State.HELD, 1), "a list that says so again is a new question"


def test_a_reject_read_late_takes_no_newer_stock_back(elko: Elko) -> None:
    vendor = connected(elko)
    run(vendor, "products")
    row = elko.truth("products")[0]
    elko.change("products", row["id"], price="twelve", quantity="9", name="A better name")
    run(vendor, "products")
    elko.change("products", row["id"], price=row["price"], quantity="3")
    asked(vendor, code(row))
    reject = Reject.objects.get()
    heard = reject.run_id
    assert not desk.retry_reject(reject)
    reject = Reject.objects.get()
    assert reject.run_id == heard, "trying again is not hearing it again"
    Reject.objects.update(raw=reject.raw.replace('"twelve"', str(row["price"])))
    assert desk.retry_reject(Reject.objects.get())
    variant = Variant.objects.get(external_id=code(row))
    assert (variant.product.name, variant.stock) == ("A better name", Decimal(3))


# -- stock gone to zero


def test_zeros_wait_are_dropped_and_stay_dropped(elryan: Elryan) -> None:
    vendor = connected(elryan)
    run(vendor, "variants")
    stocked = Variant.objects.filter(stock__gt=0).count()
    for row in elryan.truth("variants"):
        elryan.change("variants", row["sku"], stock=0)
    done = run(vendor, "variants")
    assert (done.state, done.held) == (SyncRun.State.HELD, stocked)
    part = waiting("zero")
    assert f"{stocked} of {stocked}" in part.reason
    assert len(part.sample) == guarding.SAMPLE
    assert desk.drop_held(part, "somebody") == stocked
    for mode in (None, SyncRun.Mode.FULL, SyncRun.Mode.VERIFY):
        assert run(vendor, "variants", mode=mode).state == SyncRun.State.OK
    assert Variant.objects.filter(stock__gt=0).count() == stocked
    sku = elryan.truth("variants")[0]["sku"]
    elryan.change("variants", sku, stock=4)
    run(vendor, "variants")
    assert Variant.objects.get(sku=sku).stock == 4
    elryan.change("variants", sku, stock=0)
    assert run(vendor, "variants").state == SyncRun.State.OK, "one that sells out is no news"
    assert Variant.objects.get(sku=sku).stock == 0


def test_zeros_that_come_back_are_no_question_any_more(elryan: Elryan) -> None:
    vendor = connected(elryan)
    run(vendor, "variants")
    before = {v.sku: v.stock for v in Variant.objects.all()}
    fault = elryan.fault("zero", "/variants/search")
    run(vendor, "variants")
    part = waiting("zero")
    elryan.clear_faults(fault)
    assert run(vendor, "variants").state == SyncRun.State.OK
    part.refresh_from_db()
    assert (part.state, part.decided_by) == (Held.State.OVERTAKEN, "a newer run")
    assert {v.sku: v.stock for v in Variant.objects.all()} == before
    assert not StockChange.objects.exists()


def test_zeros_are_applied_after_newer_runs(elryan: Elryan) -> None:
    vendor = connected(elryan)
    run(vendor, "variants")
    stocked = Variant.objects.filter(stock__gt=0).count()
    for row in elryan.truth("variants"):
        elryan.change("variants", row["sku"], stock=0)
    run(vendor, "variants")
    part = waiting("zero")
    row = elryan.truth("variants")[0]
    elryan.change("variants", row["sku"], name="Renamed while waiting")
    assert run(vendor, "variants").held == stocked
    assert Variant.objects.get(sku=row["sku"]).name == "Renamed while waiting"
    assert desk.apply_held(part, "somebody").rows == stocked
    assert not Variant.objects.filter(stock__gt=0).exists()
    assert StockChange.objects.count() == stocked
    assert run(vendor, "variants").state == SyncRun.State.OK


# -- rows gone


def test_missing_rows_are_dropped_and_stay_dropped_until_they_are_listed_again(elryan: Elryan) -> None:
    vendor = connected(elryan)
    run(vendor, "variants")
    fault = elryan.fault("shrink", "/variants/search", share=0.6)
    done = run(vendor, "variants")
    assert (done.state, done.held, done.gone) == (SyncRun.State.HELD, 60, 0)
    part = waiting("gone")
    assert "60 of 100" in part.reason
    assert len(part.sample) == guarding.SAMPLE
    assert "missing from the list: " in part.sample[0][1]
    assert run(vendor, "variants").held == 60
    part.refresh_from_db()
    assert part.state == Held.State.WAITING, "the same rows are the same question"
    assert desk.drop_held(part, "somebody") == 60
    for mode in (None, SyncRun.Mode.VERIFY):
        again = run(vendor, "variants", mode=mode)
        assert (again.state, again.gone) == (SyncRun.State.OK, 0)
    assert Variant.objects.filter(gone_at=None).count() == 100
    elryan.clear_faults(fault)
    run(vendor, "variants")
    assert not Decision.objects.exists(), "listed again, so the decision is spent"
    elryan.fault("shrink", "/variants/search", share=0.6)
    assert run(vendor, "variants").held == 60


def test_missing_rows_are_applied_but_for_those_that_came_back(elryan: Elryan) -> None:
    vendor = connected(elryan)
    run(vendor, "variants")
    rows = elryan.truth("variants")
    elryan.remove("variants", *[row["sku"] for row in rows[:60]])
    run(vendor, "variants")
    part = waiting("gone")
    elryan.put("variants", rows[0])
    elryan.remove("variants", rows[70]["sku"])
    assert run(vendor, "variants").held == 60
    assert desk.apply_held(part, "somebody").rows == 59
    gone = set(Variant.objects.exclude(gone_at=None).values_list("sku", flat=True))
    assert gone == {row["sku"] for row in rows[1:60]}
    assert set(Variant.objects.exclude(gone_at=None).values_list("stock", flat=True)) == {None}, "unknown, never zero"
    done = run(vendor, "variants")
    assert (done.state, done.gone) == (SyncRun.State.OK, 1), "what is left is within the limits"
    assert not Held.objects.filter(state=Held.State.WAITING).exists()


# -- rejects


def test_a_reject_is_tried_again_and_a_risky_one_waits(elko: Elko) -> None:
    vendor = connected(elko)
    run(vendor, "products")
    row = elko.truth("products")[0]
    elko.change("products", row["id"], price="twelve")
    run(vendor, "products")
    reject = Reject.objects.get()
    assert not desk.retry_reject(reject), "it still cannot be read"
    Reject.objects.filter(pk=reject.pk).update(raw=reject.raw.replace('"twelve"', str(row["price"] * 100)))
    assert desk.retry_reject(Reject.objects.get()), "it can be read"
    assert price(code(row)) == Decimal(str(row["price"]))
    assert waiting("price").rows.get().external_id == code(row)
    assert SyncRun.objects.latest("pk").state == SyncRun.State.HELD


# -- what admins see


def test_the_form_of_a_guarded_kind_has_the_limits_in_a_group_of_their_own(admin_client: Client) -> None:
    url = "/admin/integrations/vendor/add/?kind=elryan&preset=staging"
    page = admin_client.get(url).content.decode()
    assert ">Safety<" in page
    given = {"name": "Souk", "slug": "souk", "environment": "staging", "base_url": "https://souk.invalid/api",
             "untested": "on", "writes": "off", "time_zone": "Asia/Baghdad", "currency": "USD", "option_weight_unit": "g",
             "option_languages": "{}", "option_email": "a@b.example", "secret_password": "fetches-a-token"}  # fmt: skip
    wrong = {"option_guard_price_factor": "0.5", "option_guard_gone_percent": "150", "option_guard_zero_rows": "0"}
    refused = admin_client.post(url, given | wrong).content.decode()
    assert refused.count("Ensure this value is") == len(wrong)
    assert not Vendor.objects.exists()
    made = admin_client.post(url, given | {"option_guard_price_factor": "2.5", "option_guard_gone_rows": "7"})
    assert made.status_code == 302, made.context["adminform"].form.errors
    options = Vendor.objects.get().options
    assert (options["guard_price_factor"], options["guard_gone_rows"]) == ("2.5", 7)


def test_a_held_part_shows_its_rows_and_figures_and_is_decided_by_a_button(
    elryan: Elryan, admin_client: Client
) -> None:
    vendor = connected(elryan)
    run(vendor, "variants")
    row = elryan.truth("variants")[0]
    elryan.change("variants", row["sku"], price=row["price"] * 20)
    run(vendor, "variants")
    part = waiting("price")
    url = f"/admin/integrations/held/{part.pk}/change/"
    page = admin_client.get(url).content.decode()
    assert row["sku"] in page
    assert f"price {row['price']:g} → {row['price'] * 20:g} USD" in page
    assert "factor 5" in page
    admin_client.post(url, {"drop_held": "1"})
    part.refresh_from_db()
    assert (part.state, part.decided_by) == (Held.State.DROPPED, "admin")
    assert row["sku"] in admin_client.get(url).content.decode(), "what was decided can still be looked at"
    assert run(vendor, "variants").state == SyncRun.State.OK
