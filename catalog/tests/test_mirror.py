"""The catalogue's mirror: what it writes, what it leaves alone, and what counts as a change."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from catalog import mirror
from catalog.guard import sift
from catalog.models import (
    Attribute,
    AttributeValue,
    Brand,
    Category,
    PriceChange,
    Product,
    StockChange,
    Variant,
)
from catalog.outcome import Batch, Guard, Item, Outcome
from catalog.records import (
    KEEP,
    AttributeValueRecord,
    AvailabilityRecord,
    BrandRecord,
    CategoryRecord,
    DetailRecord,
    ProductRecord,
    VariantRecord,
)
from integrations.models import Vendor

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


@pytest.fixture
def vendor() -> Vendor:
    return Vendor.objects.create(kind="elko", name="Depot", slug="depot", state_since=DAY)


def put(vendor: Vendor, flow: Any, *records: Any, now: datetime = DAY, guard: Guard | None = None) -> Outcome:
    items = [Item(record.external_id, record, {"id": record.external_id}) for record in records]
    outcome: Outcome = flow(Batch(vendor.pk, items, now, guard=guard))
    return outcome


def counts(outcome: Outcome) -> tuple[int, int, int]:
    return outcome.created, outcome.updated, outcome.unchanged


def offer(key: str = "V", **values: Any) -> VariantRecord:
    return VariantRecord(key, key, **{"currency": "EUR", "price": Decimal("10.00"), "stock": Decimal(5), **values})


def product(*variants: VariantRecord, key: str = "P", **values: Any) -> ProductRecord:
    return ProductRecord(key, **{"name": "Thing", **values}, variants=variants)


# -- what is told, what is kept


def test_what_is_not_told_stays_and_what_is_unknown_is_null(vendor: Vendor) -> None:
    full: dict[str, Any] = {"barcode": "4006381333931", "hs_code": "8471", "weight_kg": Decimal("1.5"), "supplier": "Acme",
            "description": "Long", "images": ("a", "b"), "translations": {"ar": {"name": "شيء"}}}  # fmt: skip
    put(vendor, mirror.products, product(offer(**full), summary="Short", tax=Decimal(21)))
    put(vendor, mirror.products, product(VariantRecord("V", "V")))
    variant = Variant.objects.get()
    assert (variant.price, variant.stock, variant.gtin, variant.hs_code) == (
        Decimal(10), Decimal(5), "4006381333931", "8471",
    )  # fmt: skip
    assert (variant.weight_kg, variant.supplier, variant.images) == (Decimal("1.5"), "Acme", ["a", "b"])
    assert (variant.product.summary, variant.product.tax) == ("Short", Decimal(21))
    put(vendor, mirror.products, product(offer(stock=None, price=None, weight_kg=None)))
    variant.refresh_from_db()
    assert (variant.stock, variant.price, variant.weight_kg) == (None, None, None), "unknown, never zero"
    assert variant.translations == {"ar": {"name": "شيء"}}


def test_operators_columns_survive_every_flow(vendor: Vendor) -> None:
    put(vendor, mirror.products, product(offer()))
    Product.objects.update(note="ours")
    Variant.objects.update(note="ours too", watched=True)
    put(vendor, mirror.products, product(offer(stock=Decimal(9)), name="Renamed"))
    put(vendor, mirror.variants, offer("V", product="P", price=Decimal(11)))
    put(vendor, mirror.availability, AvailabilityRecord("V", stock=Decimal(1)))
    put(vendor, mirror.details, DetailRecord("P", description="Long"))
    mirror.gone(vendor.pk, "products", ["P"], DAY)
    put(vendor, mirror.products, product(offer()))
    variant = Variant.objects.get()
    assert (variant.note, variant.watched, variant.product.note) == ("ours too", True, "ours")
    assert variant.gone_at is None


def test_equal_values_write_nothing(vendor: Vendor, django_assert_num_queries: Any) -> None:
    records = [product(offer(f"V{n}"), key=f"P{n}") for n in range(3)]
    assert counts(put(vendor, mirror.products, *records)) == (3, 0, 0)
    before = list(Variant.objects.values()), list(Product.objects.values())
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(
        connection,
    ) as asked:
        later = put(vendor, mirror.products, *records, now=DAY + timedelta(days=1))
    assert counts(later) == (0, 0, 3)
    assert not [q["sql"] for q in asked if not q["sql"].lstrip().upper().startswith(("SELECT", "SAVEPOINT", "RELEASE"))]
    assert (list(Variant.objects.values()), list(Product.objects.values())) == before


def test_a_vendors_rows_are_its_own(vendor: Vendor) -> None:
    other = Vendor.objects.create(kind="elko", name="Other", slug="other", state_since=DAY)
    put(vendor, mirror.products, product(offer()))
    put(other, mirror.products, product(offer(price=Decimal(99)), name="Theirs"))
    assert {(v.vendor_id, v.price) for v in Variant.objects.all()} == {
        (vendor.pk, Decimal(10)),
        (other.pk, Decimal(99)),
    }
    mirror.gone(other.pk, "products", ["P"], DAY)
    assert Product.objects.get(vendor=vendor).gone_at is None


def test_a_bad_barcode_is_kept_as_sent_and_is_no_gtin(vendor: Vendor) -> None:
    put(vendor, mirror.products, product(offer(barcode="4006381333932")))
    variant = Variant.objects.get()
    assert (variant.barcode, variant.gtin) == ("4006381333932", "")


# -- history


def prices() -> list[tuple[str, Decimal | None, str, Decimal | None, str]]:
    found = PriceChange.objects.order_by("pk")
    return [(c.field, c.before, c.before_currency, c.after, c.after_currency) for c in found]


def test_only_real_changes_of_price_make_history(vendor: Vendor) -> None:
    put(vendor, mirror.products, product(offer()))
    assert prices() == [], "a first value is no change"
    put(vendor, mirror.products, product(offer(price=Decimal("10.0")), name="Renamed"))
    assert prices() == [], "10.0 is 10.00"
    put(vendor, mirror.products, product(offer(price=Decimal("12.5"), retail_price=Decimal(20), retail_currency="UAH")))
    put(vendor, mirror.products, product(offer(price=Decimal("12.5"), retail_price=Decimal(20), retail_currency="EUR")))
    put(vendor, mirror.products, product(offer(price=Decimal(450), currency="UAH")))
    put(vendor, mirror.products, product(offer(price=None, currency="UAH")))
    assert prices() == [
        ("price", Decimal(10), "EUR", Decimal("12.5"), "EUR"),
        ("retail_price", None, "", Decimal(20), "UAH"),
        ("retail_price", Decimal(20), "UAH", Decimal(20), "EUR"),
        ("price", Decimal("12.5"), "EUR", Decimal(450), "UAH"),
        ("price", Decimal(450), "UAH", None, "UAH"),
    ]


def test_only_real_changes_of_stock_make_history(vendor: Vendor) -> None:
    put(vendor, mirror.products, product(offer()))
    for stock, more in ((5, False), (50, True), (50, False), (None, False), (0, False)):
        told = None if stock is None else Decimal(stock)
        put(vendor, mirror.products, product(offer(stock=told, stock_at_least=more)))
    found = [(c.before, c.before_at_least, c.after, c.after_at_least) for c in StockChange.objects.order_by("pk")]
    assert found == [
        (Decimal(5), False, Decimal(50), True),
        (Decimal(50), True, Decimal(50), False),
        (Decimal(50), False, None, False),
        (None, False, Decimal(0), False),
    ]


def test_price_and_stock_say_as_of_when_only_when_they_change(vendor: Vendor) -> None:
    put(vendor, mirror.products, product(offer()))
    put(vendor, mirror.products, product(offer(), name="Renamed"), now=DAY + timedelta(hours=1))
    assert Variant.objects.get().checked_at == DAY
    put(vendor, mirror.availability, AvailabilityRecord("V", stock=Decimal(4)), now=DAY + timedelta(hours=2))
    assert Variant.objects.get().checked_at == DAY + timedelta(hours=2)


# -- the tree, brands, what comes in any order


def parents(key: str) -> set[str]:
    return set(Category.objects.get(external_id=key).parents.values_list("external_id", flat=True))


def test_a_leaf_hangs_under_two_parents_and_may_come_before_them(vendor: Vendor) -> None:
    put(vendor, mirror.categories, CategoryRecord("leaf", "Leaf", parents=("one", "two")))
    assert parents("leaf") == {"one", "two"}
    outcome = put(vendor, mirror.categories, CategoryRecord("one", "First"), CategoryRecord("two", "Second"))
    assert counts(outcome)[0] == 0
    assert set(Category.objects.values_list("name", flat=True)) == {"Leaf", "First", "Second"}
    put(vendor, mirror.categories, CategoryRecord("leaf", "Leaf", parents=("two",)))
    assert parents("leaf") == {"two"}
    put(vendor, mirror.categories, CategoryRecord("leaf", "Leaf", parents=KEEP))
    assert parents("leaf") == {"two"}
    put(vendor, mirror.categories, CategoryRecord("leaf", "Leaf", parents=("leaf",)))
    assert parents("leaf") == set(), "nothing hangs under itself"


def test_brand_category_and_attribute_are_made_when_they_are_named_first(vendor: Vendor) -> None:
    put(vendor, mirror.products, product(offer(), brand="ac", brand_name="Acme", category="tools"))
    put(vendor, mirror.attribute_values, AttributeValueRecord("red", "Red", attribute="colour"))
    put(vendor, mirror.brands, BrandRecord("ac", "Acme Corp", image_url="https://img.example/a.png"))
    put(vendor, mirror.categories, CategoryRecord("tools", "Tools"))
    found = Product.objects.get()
    assert (found.brand, found.category) == (Brand.objects.get(), Category.objects.get())
    assert (found.brand and found.brand.name, found.category and found.category.name) == ("Acme Corp", "Tools")
    assert AttributeValue.objects.get().attribute == Attribute.objects.get()


def test_a_variant_told_apart_from_its_product_waits_for_its_name(vendor: Vendor) -> None:
    assert counts(put(vendor, mirror.variants, offer("V", product="P", name="Red thing"))) == (1, 0, 0)
    put(vendor, mirror.products, product(name="Thing", key="P"))
    variant = Variant.objects.get()
    assert (variant.product.external_id, variant.product.name, variant.name) == ("P", "Thing", "Red thing")


@pytest.mark.parametrize("flow", [mirror.availability, mirror.details])
def test_news_of_what_is_not_known_yet_is_said_to_be_missing(vendor: Vendor, flow: Any) -> None:
    record = AvailabilityRecord("V") if flow is mirror.availability else DetailRecord("V")
    outcome = put(vendor, flow, record)
    assert set(outcome.missing) == {"V"}
    assert counts(outcome) == (0, 0, 0)


# -- gone


def test_what_is_gone_has_unknown_stock_and_comes_back(vendor: Vendor) -> None:
    put(vendor, mirror.products, product(offer("V1"), offer("V2")))
    assert mirror.gone(vendor.pk, "products", ["P", "nothing"], DAY) == 1
    assert {(v.stock, v.gone_at) for v in Variant.objects.all()} == {(None, DAY)}
    assert mirror.gone(vendor.pk, "products", ["P"], DAY + timedelta(days=1)) == 0, "once"
    put(vendor, mirror.products, product(offer("V1")))
    assert {v.sku: v.gone_at for v in Variant.objects.all()} == {"V1": None, "V2": DAY}
    assert Product.objects.get().gone_at is None


# -- the guard


def sifted(vendor: Vendor, record: Any, refused: dict[str, str] | None = None) -> Any:
    known = {v.external_id: v for v in Variant.objects.all()}
    batch = Batch(vendor.pk, [Item("P", record, {})], DAY, guard=Guard(refused=refused or {}))
    return sift(batch, known, offers_of)


def offers_of(item: Item) -> Iterable[VariantRecord]:
    return tuple(item.record.variants)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"price": Decimal(50)}, None),
        ({"price": Decimal("50.01")}, "price"),
        ({"price": Decimal(2)}, None),
        ({"price": Decimal("1.99")}, "price"),
        ({"price": Decimal(0)}, "price"),
        ({"price": None}, None),
        ({"price": Decimal(500), "currency": "UAH"}, None),
        ({"discount_price": Decimal(1)}, "price"),
        ({"discount_price": Decimal(0)}, None),
        ({"stock": Decimal(0)}, "zero"),
        ({"stock": None}, None),
        ({"stock": Decimal(0), "price": Decimal(500)}, "price"),
    ],
)
def test_what_is_risky(vendor: Vendor, change: dict[str, Any], kind: str | None) -> None:
    put(vendor, mirror.products, product(offer(discount_price=Decimal(9))))
    found = sifted(vendor, product(offer(**change)))
    assert {risk.kind for risk in found.risky.values()} == ({kind} if kind else set())
    held = found.offers["V"]
    assert (held.price is KEEP) is (kind == "price")
    assert (held.stock is KEEP) is (change.get("stock") == 0)


def test_nothing_new_or_gone_is_risky(vendor: Vendor) -> None:
    assert not sifted(vendor, product(offer(price=Decimal(10**6), stock=Decimal(0)))).risky
    put(vendor, mirror.products, product(offer()))
    Variant.objects.update(gone_at=DAY)
    assert not sifted(vendor, product(offer(stock=Decimal(0)))).risky


def test_a_refused_value_is_held_back_without_asking_and_another_is_asked(vendor: Vendor) -> None:
    put(vendor, mirror.products, product(offer()))
    said = sifted(vendor, product(offer(price=Decimal(500)))).risky["P"].said
    again = sifted(vendor, product(offer(price=Decimal("500.00"), name="Renamed")), {"P": said})
    assert (again.risky, again.kept, again.offers["V"].price) == ({}, {"P"}, KEEP)
    other = sifted(vendor, product(offer(price=Decimal(501))), {"P": said})
    assert (set(other.risky), other.kept) == ({"P"}, set())


def test_a_held_row_is_counted_where_it_is_decided(vendor: Vendor) -> None:
    put(vendor, mirror.products, product(offer("A"), key="PA"), product(offer("B"), key="PB"))
    outcome = put(
        vendor,
        mirror.products,
        product(offer("A", price=Decimal(500)), key="PA", name="Renamed"),
        product(offer("B"), key="PB"),
        guard=Guard(),
    )
    assert (counts(outcome), set(outcome.risky), outcome.changed) == ((0, 0, 1), {"PA"}, {"PA"})
    assert Product.objects.get(external_id="PA").name == "Renamed"
