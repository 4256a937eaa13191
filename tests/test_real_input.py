"""ELKO's own rows and the example its manual prints, from a socket through a run and the database onto the admin's pages."""

import html
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Category, Product, Variant
from integrations import connecting, sync
from integrations.models import Reject, SyncRun, Trigger, Vendor
from tests.answering import answering, examples

pytestmark = [pytest.mark.needs_shared, pytest.mark.django_db]


def words(response: Any) -> str:
    """A page's text as a person reads it: tags gone, entities resolved, one space between words."""
    assert response.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


def shown(amount: Decimal, currency: str) -> str:
    places = max(2, -int(amount.normalize().as_tuple().exponent))
    return f"{amount:,.{places}f} {currency}"


def run(vendor: Vendor, flow: str) -> SyncRun:
    done = sync.run(vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None)
    assert done is not None
    return SyncRun.objects.get(pk=done.pk)


def elko(address: str, layout: str) -> Vendor:
    return connecting.connect(
        "elko", f"elko-{layout}", base_url=address, options={"layout": layout}, secrets={"token": "not-a-real-one"}
    )


def test_the_ukrainian_rows_stand_right_on_the_admins_pages(shared: Path, admin_client: Client) -> None:
    body = (shared / "data" / "elko-ua-products.json").read_bytes()
    rows: list[dict[str, Any]] = json.loads(body, parse_float=Decimal)
    with answering({"/v3.0/Catalogs/Products": body}) as address:
        vendor = elko(f"{address}/v3.0", "ua")
        done = run(vendor, "products")
        assert (done.state, done.seen, done.created, done.rejected) == ("ok", len(rows), len(rows), 0), done.error
        again = run(vendor, "products")
        assert (again.unchanged, again.created, again.updated) == (len(rows), 0, 0)
    variants = words(admin_client.get(reverse("admin:catalog_variant_changelist")))
    products = words(admin_client.get(reverse("admin:catalog_product_changelist")))
    for row in rows:
        code, price = str(row["id"]), Decimal(row["price"])
        assert f"{code} " in variants
        assert shown(price, row["currency"]) in variants
        assert " ".join(row["name"].split()) in products
        variant = Variant.objects.get(external_id=code)
        page = words(admin_client.get(reverse("admin:catalog_variant_change", args=[variant.pk])))
        quantity = row["quantity"].strip()
        assert variant.stock_text == quantity
        assert f" {quantity} " in page, "as ELKO writes it, a space behind the sign"
        assert shown(price, row["currency"]) in page
        assert row["manufacturerCode"] in page
        if row["rrp"]:
            assert (variant.retail_price, variant.retail_currency) == (row["rrp"], "UAH")
            assert shown(Decimal(row["rrp"]), "UAH") in page or f"{Decimal(row['rrp']):.2f}" in page
        else:
            assert variant.retail_price is None, "0.0 says that there is none"
        if row["eanCode"]:
            assert row["eanCode"] in page
        product = Product.objects.get(external_id=code)
        page = words(admin_client.get(reverse("admin:catalog_product_change", args=[product.pk])))
        assert product.raw == json.loads(json.dumps(row, default=float))
        for told in (row["name"], row["fullDsc"], row["warranty"], row["vendorName"], row["uAproductName"]):
            assert " ".join(told.split()) in page
        if row["pictureUrl"]:
            assert (
                row["pictureUrl"]
                in admin_client.get(reverse("admin:catalog_product_change", args=[product.pk])).content.decode()
            )
    best = max(rows, key=lambda row: int(row["quantity"].strip("> ")))
    found = words(admin_client.get(reverse("admin:catalog_variant_changelist"), {"q": best["manufacturerCode"]}))
    assert str(best["id"]) in found, "found by the manufacturer's number"
    assert f" {best['quantity']} " in found


def test_the_manuals_example_of_a_category_comes_in_and_its_text_child_is_a_reject(
    shared: Path, admin_client: Client
) -> None:
    """The example is generated: its child is the word "string" where an object should be."""
    [node] = examples((shared / "vendors" / "manuals" / "elko-eu.txt").read_text(encoding="utf-8"))
    assert not examples((shared / "vendors" / "manuals" / "elko-ua.txt").read_text(encoding="utf-8"))
    paths = {"/v3.0/api/Catalog/Categories": [], "/v3.0/api/Catalog/Categories/Tree": [node]}
    with answering(paths) as address:
        done = run(elko(f"{address}/v3.0/api", "eu"), "categories")
    assert (done.state, done.created, done.rejected) == ("partial", 1, 1), done.error
    category = Category.objects.get()
    assert (category.name, category.code) == (node["name"], node["code"])
    page = words(admin_client.get(reverse("admin:catalog_category_changelist")))
    assert node["name"] in page
    reject = Reject.objects.get()
    assert json.loads(reject.raw) == node["childs"][0]
    page = words(admin_client.get(reverse("admin:integrations_reject_change", args=[reject.pk])))
    assert reject.reason in page
