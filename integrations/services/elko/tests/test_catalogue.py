"""ELKO's catalogue from the wire into the database: every documented oddity of both layouts."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Brand, Category, PriceChange, Product, Variant
from integrations import vault
from integrations.connection import probe
from integrations.models import Reject, SyncRun, Vendor
from integrations.services.elko.simulator import Simulator

OK, PARTIAL = SyncRun.State.OK, SyncRun.State.PARTIAL
Connect = Callable[..., Vendor]
Run = Callable[..., SyncRun]


def variant(code: object) -> Variant:
    return Variant.objects.select_related("product__brand", "product__category").get(external_id=str(code))


def money(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def test_where_the_tree_is_missing_the_list_counts_and_parents_stay(
    sim: Simulator, connected: Connect, run: Run
) -> None:
    vendor = connected()
    run(vendor, "categories")
    before = {category.external_id: set(category.parents.all()) for category in Category.objects.all()}
    groups = {key for key, parents in before.items() if Category.objects.get(external_id=key).children.exists()}
    assert groups
    flat = sim.truth("categories")[0]
    sim.change("categories", flat["code"], name="Named anew")
    sim.fault("status", "/Categories/Tree", code=404)
    done = run(vendor, "categories")
    assert (done.state, done.gone, done.held) == (OK, 0, 0), done.error
    assert "no category tree" in done.note
    assert Category.objects.get(external_id=flat["code"]).name == "Named anew"
    assert {category.external_id: set(category.parents.all()) for category in Category.objects.all()} == before
    assert not Category.objects.exclude(gone_at=None).exists(), "groups stand in the tree alone"
    sim.clear_faults()
    assert run(vendor, "categories").note == ""
    sim.fault("status", "/Categories/Tree", code=500)
    assert run(vendor, "categories").state == SyncRun.State.FAILED, "any other trouble passes, and is no missing tree"


@pytest.mark.parametrize("layout", ["eu", "ua"])
def test_every_row_of_the_price_list_comes_in_right(sim: Simulator, connected: Connect, run: Run, layout: str) -> None:
    done = run(connected(layout), "products")
    rows = sim.truth("products" if layout == "eu" else "products_ua")
    assert (done.state, done.seen, done.created, done.requests) == (OK, 11, 11, 1), done.error
    for row in rows:
        found = variant(row.get("elkoCode") or row["id"])
        assert (found.sku, found.product.external_id) == (found.external_id, found.external_id)
        assert (found.price, found.currency) == (money(row["price"]), row["currency"])
        assert found.discount_price == money(row["discountPrice"] or None)
        assert found.copyright_levy == money(row.get("copyrightTax"))
        assert found.retail_price == money(row.get("rrp") or None)
        assert found.product.name == row["name"]
        assert found.product.summary == row["fullDsc"]
        assert found.product.guarantee == row["warranty"]
        assert found.product.image_url == row.get("imagePath", row.get("pictureUrl"))
        assert found.product.brand is not None
        assert found.product.category is not None
        assert (found.product.brand.external_id, found.product.brand_name) == (row["vendorCode"], row["vendorName"])
        assert found.product.category.external_id == row["catalog"]
        assert (found.manufacturer_code, found.barcode) == (row["manufacturerCode"], row["eanCode"])
        assert found.pack_size == row["packagingQuantity"]
        assert found.reserved == row["reservedQuantity"]
        assert found.incoming == int(row.get("incomingQuantity") or row.get("transitQuantity") or 0)
        assert found.product.raw == row, "what has no column is kept with the row"


@pytest.mark.parametrize(
    ("quantity", "stock", "more", "shown"),
    [
        ("> 50", 50, True, ">50"),
        ("> 100", 100, True, ">100"),
        (">10", 10, True, ">10"),
        ("50+", 50, True, ">50"),
        ("0", 0, False, "0"),
        (" 7 ", 7, False, "7"),
        (12, 12, False, "12"),
        ("call", None, False, "unknown"),
        ("", None, False, "unknown"),
        (None, None, False, "unknown"),
        ("-3", None, False, "unknown"),
    ],
)
def test_stock_is_read_as_ELKO_writes_it(
    sim: Simulator, connected: Connect, run: Run, quantity: Any, stock: int | None, more: bool, shown: str
) -> None:
    row = sim.truth("products")[3]
    sim.change("products", row["id"], quantity=quantity)
    assert run(connected(), "products").state == OK
    found = variant(row["id"])
    assert (found.stock, found.stock_at_least, found.stock_text) == (stock, more, shown)


def test_the_cost_is_the_discount_price_with_the_levy(sim: Simulator, connected: Connect, run: Run) -> None:
    first, second = sim.truth("products")[:2]
    sim.change("products", first["id"], price=54.9, discountPrice=51.2, copyrightTax=0.35)
    sim.change("products", second["id"], price=20, discountPrice=0.0, copyrightTax=0)
    run(connected(), "products")
    assert variant(first["id"]).cost == Decimal("51.55")
    assert (variant(second["id"]).cost, variant(second["id"]).discount_price) == (Decimal(20), None)


def test_a_product_without_elko_code_goes_by_its_id(sim: Simulator, connected: Connect, run: Run) -> None:
    row = next(row for row in sim.truth("products") if "elkoCode" not in row)
    run(connected(), "products")
    assert {"name": "Obligatory kit", "value": "1400030"} in variant(row["id"]).attributes


def test_recommended_prices_have_their_own_currency(sim: Simulator, connected: Connect, run: Run) -> None:
    row = sim.truth("products_ua")[0]
    run(connected("ua"), "products")
    found = variant(row["id"])
    assert (found.currency, found.retail_currency, found.retail_price) == ("USD", "UAH", Decimal(2499))
    assert {"name": "RRP control", "value": "Y"} in found.attributes


def test_part_numbers_may_be_shared_and_bad_barcodes_are_kept_but_not_believed(
    sim: Simulator, connected: Connect, run: Run
) -> None:
    run(connected(), "products")
    assert Variant.objects.filter(manufacturer_code="CX-D5/16 700421").count() == 2
    for row in sim.truth("products"):
        found = variant(row["id"])
        assert bool(found.gtin) is (len(row["eanCode"]) > 5 and row["eanCode"] != "4751234567890")


def test_float_noise_long_texts_and_a_bom_cost_no_row(sim: Simulator, connected: Connect, run: Run) -> None:
    row = sim.truth("products")[0]
    warranty = "24 months, " + "see the terms " * 30
    sim.change("products", row["id"], price=12.340000000000002, warranty=warranty, eanCode="9" * 300)
    sim.fault("bom")
    assert run(connected(), "products").state == OK
    found = variant(row["id"])
    assert found.price == Decimal("12.34")
    assert len(found.product.guarantee) == 200
    assert found.product.guarantee.endswith("…")
    assert (found.gtin, found.product.raw["warranty"]) == ("", warranty)


@pytest.mark.parametrize("flow", ["categories", "brands", "products", "details", "availability", "orders", "invoices"])
@pytest.mark.parametrize("layout", ["eu", "ua"])
def test_a_byte_order_mark_is_no_matter(sim: Simulator, connected: Connect, run: Run, layout: str, flow: str) -> None:
    vendor = connected(layout)
    sim.fault("bom")
    if flow in ("details", "availability"):
        run(vendor, "products")
    done = run(vendor, flow, codes=[str(sim.truth("products")[0]["id"])] if flow == "availability" else ())
    assert (done.state, done.rejected) == (OK, 0), done.error
    assert done.seen > 0


def test_leaves_may_hang_under_two_groups(sim: Simulator, connected: Connect, run: Run) -> None:
    done = run(connected(), "categories")
    assert (done.state, done.requests) == (OK, 2)
    codes = {row["code"] for row in sim.truth("categories")}
    assert codes <= set(Category.objects.values_list("external_id", flat=True))

    def leaves(nodes: list[Any], above: str = "") -> Any:
        for node in nodes:
            name = node["code"] or str(node["id"])
            yield name, above
            yield from leaves(node["childs"], name)

    wanted: dict[str, set[str]] = {}
    for name, above in leaves(sim.truth("tree")):
        wanted.setdefault(name, set()).update({above} - {""})
    told = {c.external_id: {p.external_id for p in c.parents.all()} for c in Category.objects.all()}
    assert told == wanted
    assert max(map(len, told.values())) == 2


def test_ukrainian_categories_are_translated_and_brands_come_from_the_products(
    sim: Simulator, connected: Connect, run: Run
) -> None:
    vendor = connected("ua")
    assert run(vendor, "categories").state == OK
    for row in sim.truth("categories_ua"):
        found = Category.objects.get(external_id=row["code"])
        assert (found.name, found.translations) == (row["name"], {"uk": row["translation"]["ua"]})
    assert run(vendor, "brands").state == OK
    wanted = {(row["vendorCode"], row["vendorName"]) for row in sim.truth("products_ua")}
    assert set(Brand.objects.values_list("external_id", "name")) == wanted
    assert not sim.ledger.asked("/Vendors"), "no source shows such a list in Ukraine"


def test_a_category_that_is_no_object_is_one_reject(sim: Simulator, connected: Connect, run: Run) -> None:
    sim.fault("bad_row", "/Catalog/Categories", at=1)
    done = run(connected(), "categories")
    assert (done.state, done.rejected) == (PARTIAL, 1)
    assert Reject.objects.get().raw == "null"
    assert Category.objects.filter(code__gt="").count() == len(sim.truth("categories"))


def test_the_language_and_another_path_are_options(sim: Simulator, connected: Connect, run: Run) -> None:
    run(connected("ua", lang="UA"), "products")
    assert sim.ledger.asked("/Catalogs/Products")[0].query == [("lang", "UA")]
    run(connected("ua", segment="api/Catalog"), "products")
    assert sim.ledger.asked("/v3.0/api/Catalog/Products")


def test_a_list_whose_fields_change_is_told_and_nothing_is_lost(sim: Simulator, connected: Connect, run: Run) -> None:
    vendor = connected()
    first = run(vendor, "products")
    assert first.note.count("energyClass") == 1
    assert variant(sim.truth("products")[-1]["id"]).product.raw["energyClass"] == "D"
    codes = [row["id"] for row in sim.truth("products")]
    stock = {code: variant(code).stock for code in codes}
    for code in codes:
        sim.table("products").drop_field(code, "quantity")
    done = run(vendor, "products")
    assert (done.state, "lacks fields it always had: quantity" in done.note) == (OK, True)
    assert {code: variant(code).stock for code in codes} == stock, "not told is neither zero nor unknown"


@pytest.mark.parametrize("written", ["{}", "Bearer {}", ' "{}" ', "bearer {}\n"])
def test_the_token_may_be_pasted_as_ELKO_shows_it(sim: Simulator, connected: Connect, written: str) -> None:
    vendor = connected()
    vault.set_secret(vendor, "token", written.format(sim.token))
    assert probe(vendor).ok


@pytest.mark.parametrize(("layout", "what"), [("eu", "brands"), ("ua", "categories")])
def test_the_probe_says_which_paths_answer(sim: Simulator, connected: Connect, layout: str, what: str) -> None:
    vendor = connected(layout)
    sim.fault("status", "*/Finances/Invoices/*", code=404)
    found = probe(vendor)
    assert (found.ok, found.facts["orders"]) == (True, "Orders answers")
    assert what in found.facts
    assert "no answer at Finances/Invoices/" in found.facts["invoices"]


def test_staff_see_it_as_ELKO_says_it(sim: Simulator, connected: Connect, run: Run, admin_client: Client) -> None:
    """Stock with its sign, money with its currency, and markup as text."""
    row = sim.truth("products")[0]
    sim.change(
        "products", row["id"], price=1054.9, fullDsc="Sound <b>& more</b>", name="HEADSET &quot;PURE&quot; <br/>"
    )
    run(connected(), "products")
    listed = admin_client.get(reverse("admin:catalog_variant_changelist")).content.decode()
    for told in ("&gt;50", "&gt;100", "&gt;10", "1,054.90 EUR"):
        assert told in listed
    page = admin_client.get(
        reverse("admin:catalog_product_change", args=[variant(row["id"]).product_id])
    ).content.decode()
    assert "Sound &lt;b&gt;&amp; more&lt;/b&gt;" in page
    assert "HEADSET &amp;quot;PURE&amp;quot; &lt;br/&gt;" in page
    assert "<b>& more" not in page


# -- licences: a second list after the first


def licences(sim: Simulator, count: int = 6) -> list[str]:
    """Licences that stand on their own list alone, added to the simulator."""
    row = next(row for row in sim.truth("products_ua") if row["catalog"] == "ESD")
    codes = [1_500_000 + number for number in range(count)]
    for code in codes:
        sim.put("esd_ua", {**row, "id": code, "name": f"LICENCE {code}", "quantity": "> 100"})
    return [str(code) for code in codes]


def test_licences_come_after_the_list_and_one_on_both_counts_once(sim: Simulator, connected: Connect, run: Run) -> None:
    codes = licences(sim)
    both = next(row for row in sim.truth("products_ua") if row["catalog"] == "ESD")
    sim.put("esd_ua", {**both, "price": both["price"] + 5}, at=0)
    vendor = connected("ua", esd=True)
    done = run(vendor, "products")
    assert variant(both["id"]).price == money(both["price"]), "the first list counts, and the price does not flicker"
    assert (done.state, done.created, done.seen, done.requests) == (OK, 17, 17, 2)
    assert variant(codes[0]).stock_text == ">100"
    again = run(vendor, "products")
    assert (again.state, again.unchanged, again.updated) == (OK, 17, 0)
    sim.remove("esd_ua", codes[0])
    assert not PriceChange.objects.exists()
    assert run(vendor, "products").gone == 1
    assert Product.objects.get(external_id=codes[0]).gone_at is not None
    assert run(connected("ua", esd=False), "products").gone == 5, "licences are only known while they are asked for"


@pytest.mark.parametrize("pages", range(1, 6))
def test_a_run_parked_between_or_inside_the_lists_knows_who_is_gone(
    sim: Simulator, connected: Connect, run: Run, monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    """Eleven products in pages of four are three pages, seven licences (one of them among the products) two."""
    from integrations import paging, sync

    codes = licences(sim)
    vendor = connected("ua", esd=True)
    run(vendor, "products")
    gone = [codes[0], str(sim.truth("products_ua")[2]["id"])]
    sim.remove("esd_ua", gone[0])
    sim.remove("products_ua", gone[1])
    defaults: Any = paging.whole_list.__kwdefaults__
    monkeypatch.setitem(defaults, "size", 4)
    left = iter([False] * (pages - 1) + [True])
    monkeypatch.setattr(sync, "stopping", lambda: next(left, False))
    parked = sync.run(vendor, "products")
    assert parked is not None
    done = run(vendor, "products") if parked.state == SyncRun.State.RUNNING else parked
    assert done.pk == parked.pk
    assert (done.state, done.gone, done.slices) == (OK, 2, 2 if pages < 5 else 1), done.note
    assert set(Product.objects.exclude(gone_at=None).values_list("external_id", flat=True)) == set(gone)
