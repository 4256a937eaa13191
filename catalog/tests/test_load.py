"""How rows reach their table: values as they were given, ids that belong, nothing for equal values, two writers at once."""

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import DataError, connection, connections, transaction
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from catalog import load, rows
from catalog.jsontext import JsonText
from catalog.models import PriceChange, Product, Variant
from catalog.records import KEEP
from integrations.models import Fingerprint, RunSeen, Schedule, SyncRun, Vendor

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 21, 7, 8, 9, 123456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
SIZES = pytest.mark.parametrize("size", [3, 120], ids=["few", "many"])  # one INSERT, or COPY
ARABIC = "كابل شاحن ١٢٣"
LONG = 2**65 + 1


@pytest.fixture
def vendor() -> Vendor:
    return Vendor.objects.create(slug="v", kind="elko", name="V", base_url="https://v.example/", state_since=NOW)


def variant_values(vendor: Vendor, number: int) -> dict[str, Any]:
    """One value of every kind of column; every third row leaves out what may be unknown."""
    known = number % 3 != 0
    return {
        "name": f"{ARABIC} {number} \t\n\\N \\. ' \" %s",
        "sku": f"S{number}",
        "price": Decimal("12345678.123456") + number if known else None,
        "stock": Decimal("0.001") * number if known else None,
        "stock_at_least": bool(number % 2),
        "incoming_on": date(2026, 12, 1) if known else None,
        "checked_at": NOW if known else None,
        "active": None if not known else bool(number % 2),
        "size": {"width": 1.5, "unit": "mm", "deep": [{"a": None}], "long": LONG, ARABIC: "\u2028 \U0001f600"},
        "attributes": [ARABIC, number, {"x": [1, 2.25, True, None]}],
        "raw": {"n": LONG, "text": ARABIC} if known else JsonText(f'{{"n": {LONG}, "t": "{ARABIC}", "p": 1.10}}'),
        "currency": KEEP,
    }


def make_product(vendor: Vendor) -> Product:
    return Product.objects.create(vendor=vendor, external_id="p", name="p", seen_at=NOW, changed_at=NOW)


def write_variants(vendor: Vendor, product: Product, size: int, **more: Any) -> tuple[dict[str, Any], rows.Written]:
    values = {f"v{n}": variant_values(vendor, n) | {"product_id": product.pk} | more for n in range(size)}
    with transaction.atomic():
        return values, rows.write(Variant, {"vendor_id": vendor.pk}, values, now=NOW)


def written_rows(model: type[Model]) -> Any:
    """What tells that a row was not touched: its version on PostgreSQL, its content elsewhere."""
    hidden = "xmin::text, ctid::text, " if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {hidden}* FROM {model._meta.db_table} ORDER BY id")
        return cursor.fetchall()


@SIZES
def test_every_kind_of_value_comes_back_as_it_was_given(vendor: Vendor, size: int) -> None:
    values, written = write_variants(vendor, make_product(vendor), size)
    stored = {variant.external_id: variant for variant in Variant.objects.all()}
    assert written.created == set(values) == set(stored)
    assert written.ids == {key: variant.pk for key, variant in stored.items()}
    for key, told in values.items():
        for name, value in told.items():
            assert getattr(stored[key], name) == ("" if value is KEEP else value), name
        assert (stored[key].seen_at, stored[key].changed_at, stored[key].note, stored[key].watched) == (
            NOW,
            NOW,
            "",
            False,
        )


@SIZES
def test_changed_columns_come_back_and_ids_stay(vendor: Vendor, size: int) -> None:
    product = make_product(vendor)
    _, first = write_variants(vendor, product, size)
    new = {"name": ARABIC * 2, "price": Decimal("0.000001"), "size": {"long": -LONG}, "active": None, "stock": None}
    with transaction.atomic():
        done = rows.write(Variant, {"vendor_id": vendor.pk}, {key: dict(new) for key in first.ids}, now=LATER)
    assert done.ids == first.ids
    assert not done.created
    assert len(done.changes) == size
    for variant in Variant.objects.all():
        assert {name: getattr(variant, name) for name in new} == new
        assert (variant.seen_at, variant.changed_at, variant.sku) == (NOW, LATER, "S" + variant.external_id[1:])


@SIZES
def test_equal_values_write_nothing(vendor: Vendor, size: int) -> None:
    product = make_product(vendor)
    write_variants(vendor, product, size)
    before = written_rows(Variant)
    with CaptureQueriesContext(connection) as queries:
        _, again = write_variants(vendor, product, size)
    assert (again.created, again.changes) == (set(), [])
    assert written_rows(Variant) == before
    assert not [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "COPY"))]


@pytest.mark.postgres_only
def test_numbers_of_the_full_length_stay_exact(vendor: Vendor) -> None:
    exact = Decimal("12345678901234.123456")
    for size in (3, 120):
        Variant.objects.all().delete()
        Product.objects.all().delete()
        write_variants(vendor, make_product(vendor), size, price=exact)
        assert {variant.price for variant in Variant.objects.all()} == {exact}


@SIZES
def test_digests_bytes_and_spans_of_time(vendor: Vendor, size: int) -> None:
    schedule = Schedule.objects.create(vendor=vendor, flow="f", every=timedelta(1), max_age=timedelta(2))
    runs = [
        SyncRun.objects.create(vendor=vendor, flow=f"f{n}", trigger="schedule", started_at=NOW) for n in range(size)
    ]
    load.add(
        Fingerprint,
        {
            "schedule_id": [schedule.pk] * size,
            "external_id": [f"{ARABIC}{n}" for n in range(size)],
            "digest": [UUID(int=n) if n % 2 else UUID(int=n).hex for n in range(size)],
        },
    )
    assert {f.digest.int for f in Fingerprint.objects.all()} == set(range(size))
    load.add(RunSeen, {"run_id": [run.pk for run in runs], "keys": [bytes([0, 255, n]) for n in range(size)]})
    assert sorted(bytes(seen.keys) for seen in RunSeen.objects.all()) == [bytes([0, 255, n]) for n in range(size)]
    load.add(
        Schedule,
        {
            "vendor_id": [vendor.pk] * size,
            "flow": [f"g{n}" for n in range(size)],
            "every": [timedelta(days=n, microseconds=1) for n in range(size)],
            "max_age": [timedelta(0)] * size,
        },
    )
    assert Schedule.objects.get(flow="g2").every == timedelta(days=2, microseconds=1)
    assert Schedule.objects.get(flow="g2").enabled is True, "what nobody names gets the field's default"


@SIZES
def test_rows_another_connection_put_there_first_are_compared_like_any(vendor: Vendor, size: int) -> None:
    product = make_product(vendor)
    write_variants(vendor, product, size)
    values = {f"v{n}": {"name": "newer", "sku": "s", "product_id": product.pk} for n in range(size // 2, size + 2)}
    with transaction.atomic():  # as if they had come between our reading and our writing
        written = rows.write(Variant, {"vendor_id": vendor.pk}, values, now=LATER, known={})
    assert written.created == {f"v{size}", f"v{size + 1}"}
    assert written.ids == dict(Variant.objects.filter(external_id__in=values).values_list("external_id", "pk"))
    assert Variant.objects.filter(name="newer").count() == len(values)
    assert Variant.objects.count() == size + 2


@SIZES
def test_two_connections_that_bring_the_same_rows_converge(vendor: Vendor, size: int) -> None:
    product = make_product(vendor)
    started, failed = threading.Event(), []

    def other() -> None:
        try:
            with transaction.atomic():
                started.set()
                values = {f"v{n}": {"name": "other", "sku": "s", "product_id": product.pk} for n in range(size)}
                rows.write(Variant, {"vendor_id": vendor.pk}, values, now=LATER)
        except Exception as error:
            failed.append(error)
            raise
        finally:
            connections.close_all()

    thread = threading.Thread(target=other)
    with transaction.atomic():
        ours = {f"v{n}": {"name": "ours", "sku": "s", "product_id": product.pk} for n in reversed(range(size))}
        rows.write(Variant, {"vendor_id": vendor.pk}, ours, now=NOW)
        thread.start()
        if connection.vendor == "postgresql":
            assert started.wait(10)
            thread.join(0.3)  # by now it waits for our keys
    thread.join(30)
    assert not failed
    assert {variant.name for variant in Variant.objects.all()} == {"other"}
    assert Variant.objects.count() == size


def test_only_the_columns_that_differ_are_written(vendor: Vendor) -> None:
    write_variants(vendor, make_product(vendor), 3)
    known = rows.stored(Variant, {"vendor_id": vendor.pk}, "external_id", ["v1", "v2"])
    Variant.objects.update(stock=77)  # another flow, after we have read
    values = {"v1": {"name": "new", "stock": known["v1"].stock}, "v2": {"stock": Decimal(5)}}
    rows.write(Variant, {"vendor_id": vendor.pk}, values, now=LATER, known=known)
    stored = dict(Variant.objects.values_list("external_id", "stock"))
    assert stored == {"v0": 77, "v1": 77, "v2": 5}


@pytest.mark.postgres_only
def test_a_text_no_database_takes_costs_the_savepoint_alone(vendor: Vendor) -> None:
    product = make_product(vendor)
    for size in (3, 120):
        with transaction.atomic():
            with pytest.raises((DataError, ValueError)), transaction.atomic():
                write_variants(vendor, product, size, name="a\0b")
            assert Variant.objects.count() == 0


@SIZES
def test_rows_known_by_two_columns(vendor: Vendor, size: int) -> None:
    write_variants(vendor, make_product(vendor), size)
    pks = list(Variant.objects.order_by("pk").values_list("pk", flat=True))
    values: dict[Any, rows.Values] = {
        (pk, f"f{n % 2}"): {"vendor_id": vendor.pk, "after": Decimal(n), "at": NOW} for n, pk in enumerate(pks)
    }
    key = ("variant_id", "field")
    made = rows.write(PriceChange, {}, values, now=NOW, key=key, known={})
    assert made.ids == {(c.variant_id, c.field): c.pk for c in PriceChange.objects.all()}
    again = rows.write(PriceChange, {}, values, now=NOW, key=key)
    assert (again.ids, again.created, again.changes) == (made.ids, set(), [])


def test_a_database_of_another_kind_is_written_by_django(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(load.WAYS, connection.vendor)
    _, written = write_variants(vendor, make_product(vendor), 5)
    assert written.ids == dict(Variant.objects.values_list("external_id", "pk"))
    rows.write(Variant, {"vendor_id": vendor.pk}, {"v1": {"name": "new"}}, now=LATER)
    assert list(Variant.objects.filter(name="new").values_list("external_id", "sku")) == [("v1", "S1")]


def test_json_kept_as_text_is_equal_to_what_it_reads_as() -> None:
    assert JsonText('{"a": [1, 2.50], "b": null}') == {"b": None, "a": [1, 2.5]}
    assert {"a": 1} == JsonText('{ "a" : 1 }') == JsonText('{"a":1}')
    assert JsonText('{"a": 1}') != {"a": 2}
