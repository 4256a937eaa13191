"""What the hub knows again: a decision by its key, an article by its code."""

from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Product, Variant
from integrations import connecting
from integrations.commands import asking, bodies
from integrations.tests.sending.acts import skus

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_key_belongs_to_one_verb(elryan, vendor):
    connecting.confirm(vendor, ["enable_variant"])
    body = {"sku": skus(elryan)[0]}
    off = asking.ask(vendor, "disable_variant", body, key="mine")
    assert asking.ask(vendor, "disable_variant", body, key="mine") == off
    with pytest.raises(bodies.BadBody, match="Use another key"):
        asking.ask(vendor, "enable_variant", body, key="mine")


def test_an_article_is_known_by_its_id_before_another_by_its_sku(elryan, vendor):
    own: dict[str, Any] = {"vendor": vendor, "seen_at": timezone.now(), "changed_at": timezone.now()}
    product = Product.objects.create(**own, external_id="1", name="Kettles")
    Variant.objects.create(**own, product=product, external_id="90", sku="91")
    Variant.objects.create(**own, product=product, external_id="91", sku="KET")
    found = [asking.known(vendor.pk, code).get("external_id") for code in ("91", "90", "KET", "9")]
    assert found == ["91", "90", "91", None]
