"""What an operator holds leads to the row, rows lead to each other, and every figure is told as it is."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Product, Variant
from integrations import connecting, sync
from integrations.models import Vendor
from integrations.services.elko.simulator import Simulator as Elko
from integrations.simulator import Server
from orders.models import Order, OrderLine, Package, Purchase, Sale, Transaction
from tests import synced

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def hub(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Vendor]]:
    with django_db_blocker.unblock(), synced.hub() as vendors:
        yield vendors


@pytest.fixture
def client(hub: Any, db: None) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root", password="x"))
    return client


def page(row: Any) -> str:
    model = getattr(row, "page_model", None) or type(row)
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])


def found(client: Client, model: Any, word: str) -> set[int]:
    """The rows a list shows for a search, over all its pages."""
    answer = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"), {"q": word})
    assert answer.status_code == 200
    return {row.pk for row in answer.context["cl"].result_list}


# What an operator may hold of an order: (order, the text), from wherever it is stored.
HELD: dict[str, Callable[[], Any]] = {
    "order number": lambda: Order.objects.values_list("pk", "number"),
    "the vendor's id": lambda: Order.objects.values_list("pk", "external_id"),
    "our reference": lambda: Order.objects.exclude(reference="").values_list("pk", "reference"),
    "purchase order id": lambda: [(o.pk, n) for o in Order.objects.all() for n in o.other_numbers],
    "line id": lambda: OrderLine.objects.exclude(order__vendor__kind="elko").values_list("order", "external_id"),
    "SKU": lambda: OrderLine.objects.exclude(sku="").values_list("order", "sku"),
    "EAN": lambda: OrderLine.objects.exclude(barcode="").values_list("order", "barcode"),
    "tracking number": lambda: Package.objects.exclude(tracking_number="").values_list("order", "tracking_number"),
    "package number": lambda: Package.objects.exclude(number="").values_list("order", "number"),
    "invoice number": lambda: Package.objects.exclude(invoice_number="").values_list("order", "invoice_number"),
    "transaction number": lambda: Transaction.objects.exclude(number="").values_list("order", "number"),
    "part of a buyer's name": lambda: [
        (pk, name[1:-1].lower()) for pk, name in Order.objects.exclude(buyer_name="").values_list("pk", "buyer_name")
    ],
}


@pytest.mark.parametrize("what", HELD)
def test_an_order_is_found_by_whatever_an_operator_holds(client: Client, what: str) -> None:
    held = [(pk, text) for pk, text in HELD[what]() if pk is not None and text.strip()][:4]
    assert held, f"the simulators' orders have no {what}"
    for pk, text in held:
        model = Sale if Order.objects.get(pk=pk).direction == "sale" else Purchase
        assert pk in found(client, model, text), (what, text)
        assert pk in found(client, model, f"  {text.lower()} "), "in small letters, pasted with blanks"


@pytest.mark.parametrize("column", ["external_id", "sku", "barcode", "gtin", "manufacturer_code"])
def test_a_product_and_its_variant_are_found_by_every_number_of_the_variant(client: Client, column: str) -> None:
    for kind in ("elko", "elryan"):
        held = Variant.objects.filter(vendor__kind=kind).exclude(**{column: ""}).order_by("pk")[:3]
        if column != "manufacturer_code":
            assert held, f"no {column} at {kind}"
        for variant in held:
            text = getattr(variant, column)
            assert variant.pk in found(client, Variant, text), (kind, text)
            assert variant.product_id in found(client, Product, text), (kind, text)


def test_a_product_is_found_by_words_of_its_name_in_any_order(client: Client) -> None:
    product = next(p for p in Product.objects.order_by("pk") if len(p.name.split()) > 2)
    words = [word for word in product.name.split() if len(word) > 2]
    assert product.pk in found(client, Product, f"{words[-1]} {words[0]}".lower())
    assert product.pk not in found(client, Product, f"{words[0]} nosuchword")


def test_packages_and_transactions_are_found_by_their_numbers(client: Client) -> None:
    for model, columns in (
        (Package, ("number", "tracking_number", "order_external_id")),
        (Transaction, ("number", "order_number")),
    ):
        for column in columns:
            row = model._default_manager.exclude(**{column: ""}).order_by("pk").first()
            assert row is not None, (model, column)
            assert row.pk in found(client, model, getattr(row, column)), (model, column)


def linked(client: Client, row: Any) -> str:
    answer = client.get(page(row))
    assert answer.status_code == 200
    return answer.content.decode()


def test_rows_lead_to_each_other_both_ways(client: Client) -> None:
    line = OrderLine.objects.exclude(variant=None).select_related("order", "variant__product").order_by("pk").first()
    assert line is not None
    assert line.variant is not None
    order, variant, product = line.order, line.variant, line.variant.product
    package = Package.objects.exclude(order=None).select_related("order").order_by("pk").first()
    assert package is not None
    assert package.order is not None
    transaction = Transaction.objects.exclude(order=None).select_related("order").order_by("pk").first()
    assert transaction is not None
    assert transaction.order is not None
    for start, end in (
        (order, variant), (variant, order), (variant, product), (product, variant), (package, package.order),
        (package.order, package), (transaction, transaction.order), (transaction.order, transaction), (order, order.vendor),
        (product, product.vendor),
    ):  # fmt: skip
        assert f'href="{page(end)}"' in linked(client, start), (start, end)
    for row in (order, package, transaction, product, variant):
        assert "/admin/integrations/syncrun/" in linked(client, row), f"{row!r}: no run"


def test_a_vendors_fields_are_read_only_and_say_so(client: Client) -> None:
    sale = Sale.objects.order_by("pk").first()
    assert sale is not None
    answer = client.get(page(sale))
    assert list(answer.context["adminform"].form.fields) == ["note"]
    assert "the vendor owns these fields" in answer.content.decode()
    variant = Variant.objects.order_by("pk").first()
    assert variant is not None
    assert set(client.get(page(variant)).context["adminform"].form.fields) == {"note", "watched"}


def test_raw_json_is_behind_a_fold_and_escaped(client: Client) -> None:
    product = Product.objects.order_by("pk").first()
    assert product is not None
    Product.objects.filter(pk=product.pk).update(raw={"name": "<img src=x onerror=alert(1)>"}, name="<i>x</i>")
    text = linked(client, product)
    assert '<details class="hub-fold">' in text
    assert "&lt;img src=x" in text
    assert "<img src=x" not in text
    assert "<i>x</i>" not in text


def test_unknown_is_no_number_and_more_than_is_told(client: Client) -> None:
    now, vendor = timezone.now(), Vendor.objects.get(kind="elko")
    product = Product.objects.create(vendor=vendor, external_id="shown", name="Shown", seen_at=now, changed_at=now)
    shared = {"vendor": vendor, "product": product, "seen_at": now, "changed_at": now, "currency": "EUR"}
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "u": ({"stock": None}, "unknown"),
        "m": ({"stock": Decimal(50), "stock_at_least": True}, "&gt;50"),
        "z": ({"stock": Decimal(0)}, ">0<"),
        "p": ({"stock": Decimal(3), "price": Decimal("1234567.100000")}, "1,234,567.10 EUR"),
        "s": ({"stock": Decimal(3), "price": Decimal("0.000100")}, "0.0001 EUR"),
    }
    for key, (values, shown) in cases.items():
        variant = Variant.objects.create(
            external_id=key, sku=f"SHOWN-{key}", search=f"SHOWN-{key.upper()}", **shared, **values
        )
        for text in (
            linked(client, variant),
            client.get("/admin/catalog/variant/", {"q": f"shown-{key}"}).content.decode(),
        ):
            assert shown in text, (key, shown)
    text = linked(client, Variant.objects.get(external_id="u"))
    assert ">None<" not in text


def test_small_lists_search_as_they_are_and_big_ones_by_their_one_column(client: Client) -> None:
    """Big lists never ask for LIKE over several columns or a join; on PostgreSQL the trigram index serves them."""
    for model in (Sale, Purchase, Product, Variant, Package, Transaction):
        assert getattr(admin.site._registry[model], "whole_search", False), model
        with_search = client.get(f"/admin/{model._meta.app_label}/{model._meta.model_name}/", {"q": "acme corp"})
        sql = str(with_search.context["cl"].queryset.order_by().values("pk").query)
        assert sql.count("LIKE") == 2, sql
        assert ".search" in sql.replace('"', "") or '"search"' in sql


def test_a_note_outlives_every_sync(client: Client, hub: dict[str, Vendor]) -> None:
    sim = Elko(seed="tiny")
    with Server(sim):
        given = sim.connections()[0]
        vendor = connecting.connect(
            "elko", "notes", base_url=given["base_url"], options=given["options"], secrets=given["secrets"]
        )
        sync.run(vendor, "products", slice_seconds=None)
        row = sim.truth("products")[1]
        variant = Variant.objects.get(vendor=vendor, external_id=str(row["id"]))
        client.post(page(variant), {"note": "Ask for a better price", "watched": "on"})
        client.post(page(variant.product), {"note": "Seasonal"})
        sim.change("products", row["id"], price=round(row["price"] * 1.2, 2), name="Another name")
        sync.run(vendor, "products", slice_seconds=None)
        sync.run(vendor, "products", mode="verify", slice_seconds=None)
    variant = Variant.objects.select_related("product").get(pk=variant.pk)
    assert (variant.note, variant.watched, variant.product.note) == ("Ask for a better price", True, "Seasonal")
    assert variant.product.name == "Another name"
