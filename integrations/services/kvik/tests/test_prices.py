"""The price of a product for a user: asked from any variant's page, off until confirmed, and written nowhere."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import PriceChange, Product, Variant
from integrations import connecting, lookups
from integrations.models import Vendor
from integrations.services.kvik.service import Service
from integrations.services.kvik.simulator import Simulator
from integrations.services.kvik.tests.runs import connected

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "price_for_user"
NOW = timezone.now()


@pytest.fixture
def variant() -> Variant:
    """A supplier's variant: the shop that is asked sells it, and has no products of its own here."""
    supplier = connecting.connect("elko", "elko-lv")
    product = Product.objects.create(
        vendor=supplier, external_id="p1", name="Lamp", raw={}, seen_at=NOW, changed_at=NOW
    )
    return Variant.objects.create(
        vendor=supplier, product=product, external_id="v1", sku="KV-LMP-02", price=Decimal("900"), currency="EUR", raw={},
        seen_at=NOW, changed_at=NOW,
    )  # fmt: skip


def page(variant: Variant, vendor: Vendor, name: str = NAME) -> str:
    return reverse("admin:catalog_variant_ask", args=[variant.pk, vendor.pk, name])


def ready(simulator: Simulator, **options: Any) -> Vendor:
    vendor = connected(simulator, **options)
    connecting.confirm(vendor, [NAME])
    return Vendor.objects.get(pk=vendor.pk)


def test_it_is_offered_on_a_variant_only_once_confirmed(
    tiny: Simulator, admin_client: Client, variant: Variant
) -> None:
    vendor, there = connected(tiny), reverse("admin:catalog_variant_change", args=[variant.pk])
    assert "Price for a user" not in admin_client.get(there).content.decode()
    assert admin_client.get(page(variant, vendor)).status_code == 404
    there_too = reverse("admin:integrations_vendor_change", args=[vendor.pk])
    assert "Price for a user" in admin_client.get(there_too).content.decode(), "among what is not verified"
    admin_client.post(reverse("admin:integrations_vendor_confirm", args=[vendor.pk]), {"name": NAME})
    assert page(variant, vendor) in admin_client.get(there).content.decode()
    Vendor.objects.filter(pk=vendor.pk).update(enabled=False)
    assert page(variant, vendor) not in admin_client.get(there).content.decode()
    assert admin_client.get(page(variant, vendor)).status_code == 404


def test_the_price_is_shown_and_the_catalogue_stays_as_it_is(
    tiny: Simulator, admin_client: Client, variant: Variant
) -> None:
    vendor = ready(tiny)
    form = admin_client.get(page(variant, vendor)).context["form"]
    assert form["product"].value() == "KV-LMP-02", "the variant's own code to begin with"
    before = Variant.objects.values().get(pk=variant.pk)
    answer = admin_client.post(page(variant, vendor), {"product": "KV-LMP-02", "user": "eva@posta.example"})
    facts = dict(answer.context["answered"].facts)
    assert (facts["Price"], facts["Currency"], facts["User"]) == ("1341.00", "CZK", "eva@posta.example")
    assert facts["Without VAT"] == "1108.26"
    [call] = tiny.ledger.asked("/products/KV-LMP-02/price")
    assert dict(call.query) == {"user": "eva@posta.example"}
    assert Variant.objects.values().get(pk=variant.pk) == before
    assert not PriceChange.objects.exists()
    admin_client.post(page(variant, vendor), {"product": "KV-LMP-02"})
    assert tiny.ledger.asked("/products/KV-LMP-02/price")[-1].query == []


def test_a_path_of_its_own_with_the_user_in_it(tiny: Simulator) -> None:
    vendor = ready(tiny, product_price_path="u/{user}/p/{product_id}")
    offered = lookups.of(vendor, NAME, "variant")
    assert offered
    found = lookups.ask(vendor, offered, {"product": "A/1", "user": "7"})
    assert "nothing at this address" in found.error
    [call] = tiny.ledger.asked(where=lambda call: "/u/7/p/" in call.path)
    assert call.query == []
    assert call.path.endswith("/p/A/1"), "the code's slash is not the path's"


@pytest.mark.parametrize(
    ("options", "given", "said"),
    [
        ({}, {"product": ""}, "No product"),
        ({}, {"product": "nothing"}, "There is no product nothing"),
        ({"product_price_path": "price"}, {"product": "KV-LMP-02"}, "where the product goes"),
        ({"price_map": {"price": "amount"}}, {"product": "KV-LMP-02"}, "no price that can be read"),
    ],
)
def test_what_goes_wrong_is_told_with_its_cure(tiny: Simulator, options: Any, given: Any, said: str) -> None:
    found = lookups.ask(ready(tiny, **options), Service.lookups[0], given)
    assert said in found.error
    assert found.cure
    assert found.facts == []


def test_a_raw_answer_is_beside_it_without_secrets(tiny: Simulator, admin_client: Client, variant: Variant) -> None:
    vendor = ready(tiny)
    tiny.fault("raw_value", "/products/KV-LMP-02/price", field="product", literal=json.dumps(f"of {tiny.token}"))
    text = admin_client.post(page(variant, vendor), {"product": "KV-LMP-02", "user": "7"}).content.decode()
    assert "&quot;_type&quot;: &quot;ProductPrice&quot;" in text
    assert "of ***" in text


def test_a_look_up_needs_the_right_to_change_the_row(
    tiny: Simulator, client: Client, variant: Variant, django_user_model: Any
) -> None:
    vendor = ready(tiny)
    client.force_login(django_user_model.objects.create_user("staff", is_staff=True))
    assert client.get(page(variant, vendor)).status_code == 403
    assert client.post(page(variant, vendor), {"product": "KV-LMP-02"}).status_code == 403


def test_every_look_up_there_is_has_its_method_and_begins_with_columns_that_exist() -> None:
    from integrations.service import services

    for service in services().values():
        for one in service.lookups:
            assert callable(getattr(service, one.name))
            assert one.name not in service.flows
            assert {*one.fills} <= {option.name for option in one.fields}
            if one.about == "variant":
                assert {n for names in one.fills.values() for n in names} <= {f.name for f in Variant._meta.fields}
