"""Lines of a sale by the command line: the page's reasons, what is left of each, and no second purchase without a word."""

import json
from typing import Any

import pytest
from django.core.management import CommandError

from catalog.models import Variant
from integrations.models import Command, Vendor
from integrations.tests.test_doors import elryan, open_line, order, writing  # noqa: F401
from integrations.tests.test_send_decides import audited, said
from orders.models import Order, OrderLine
from tests.faults.rig import Rig, rig

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(elryan: Rig, order: Order) -> Any:  # noqa: F811
    elryan.order, elryan.line, elryan.done = order, open_line(order), order.lines.get(status="delivered")  # type: ignore[attr-defined]
    return elryan


def sale(shop: Any, verb: str, lines: str, *more: str) -> tuple[int, dict[str, Any]]:
    return said(shop.vendor.slug, verb, "--sale", shop.order.external_id, "--lines", lines, *more)


def test_lines_that_can_go_and_those_that_cannot_are_told(shop):
    both, reason = f"{shop.line.external_id},{shop.done.external_id}", ("--given", '{"reason": "sourcing_delay"}')
    refusals = [{"line": shop.done.external_id, "why": "It is delivered."}]
    code, told = sale(shop, "cancel_line", both, *reason, "--preview")
    assert (code, told["refusals"], len(told["commands"])) == (0, refusals, 1)
    assert f"orders/cancel/{shop.line.external_id}" in told["commands"][0]["request"]["path"]
    assert not Command.objects.exists()
    code, told = sale(shop, "cancel_line", both, *reason, "--key", "once")
    assert (code, told["state"], told["refusals"]) == (3, "confirmed", refusals)
    assert audited() == [("command line", "added", "Decided.")]
    shop.line.refresh_from_db()
    assert (shop.line.status, shop.line.cancel_reason) == ("cancelled", "sourcing_delay")
    sale(shop, "cancel_line", both, *reason, "--key", "once")
    assert Command.objects.count() == 1, "the same decision once more"
    code, told = sale(shop, "cancel_line", shop.done.external_id, *reason)
    assert (code, told["state"], told["error"]) == (1, "refused", "None of the lines can have it.")


def test_no_more_is_packed_than_is_left(shop):
    Vendor.objects.update(writes="approve")
    name = shop.line.external_id
    with pytest.raises(CommandError, match="Only 2 of") as over:
        sale(shop, "create_package", f"{name}=3")
    assert over.value.returncode == 2
    code, told = sale(shop, "create_package", f"{name}=1", "--key", "box")
    assert (code, told["state"]) == (1, "awaiting_approval")
    assert sale(shop, "create_package", f"{name}=1", "--key", "box")[1]["key"] == told["key"]
    with pytest.raises(CommandError, match="used for other lines, or another quantity"):
        sale(shop, "create_package", f"{name}=2", "--key", "box")
    with pytest.raises(CommandError, match="was used for"):
        sale(shop, "prepare_line", name, "--key", "box")
    with pytest.raises(CommandError, match="Only 1 of"):
        sale(shop, "create_package", f"{name}=2")
    assert Command.objects.get().body["items"] == [{"order_item_id": int(name), "quantity": 1}]
    sale(shop, "create_package", name)
    code, told = sale(shop, "create_package", name)
    assert (code, told["refusals"][0]["why"]) == (1, "All of it is packed, or about to be.")
    assert Command.objects.count() == 2


def test_a_sold_line_is_bought_once_or_with_a_reason(shop):
    with rig("elko") as elko:
        elko.good("products")
        supplier = writing(elko, "approve", "drop_ship")
        theirs = (
            Variant.objects.filter(vendor=supplier, stock__gt=5, price__gt=0).exclude(pack_size__gt=1).order_by("id")[0]
        )
        home, given = shop.vendor.slug, json.dumps({"ship_to": {"name": "Noor", "city": "Rīga", "country": "LV"}})
        words = (supplier.slug, "drop_ship", "--sale", f"{home}:{shop.order.external_id}", "--given", given, "--lines")
        with pytest.raises(CommandError, match="No article of"):
            said(*words, f"{shop.line.external_id}=2")
        Variant.objects.filter(pk=theirs.pk).update(gtin=shop.line.barcode)
        code, told = said(*words, f"{shop.line.external_id}=2", "--key", "buy-1")
        assert (code, told["state"]) == (1, "awaiting_approval")
        command = Command.objects.get()
        assert [(row["sku"], row["quantity"]) for row in command.body["lines"]] == [(theirs.external_id, 2)]
        assert said(*words, f"{shop.line.external_id}=2", "--key", "buy-1")[1]["key"] == command.key
        OrderLine.objects.filter(pk=shop.line.pk).update(quantity=3)
        again = f"{shop.line.external_id}=2@{theirs.external_id}"
        assert "sold 3: 2 at" in said(*words, again, "--preview")[1]["doubled"]
        code, told = said(*words, again)
        assert (code, told["state"], Command.objects.count()) == (1, "refused", 1)
        assert "sold 3: 2 at" in told["error"]
        said(*words, again, "--anyway", "one broke")
        assert Command.objects.count() == 2
        assert "one broke" in str(Command.objects.latest("pk").story)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--sale", "nix", "--lines", "1"), "no order “nix”"),
        (("--sale", "{order}", "--lines", "nix"), "No line is “nix”"),
        (("--sale", "{order}", "--lines", "{line}=-1"), "no quantity"),
        (("--sale", "{order}", "--lines", "{line},{line}"), "named twice"),
        (("--sale", "{order}",), "goes with --lines"),
        (("--sale", "{order}", "--lines", "{line}"), "reason is missing"),
        (("--sale", "{order}", "--lines", "{line}", "--given", "[]"), "must be an object"),
        (("--lines", "1"), "--lines with --sale"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_stored(shop, words, says):
    names = {"order": shop.order.external_id, "line": shop.line.external_id}
    with pytest.raises(CommandError, match=says) as wrong:
        said(shop.vendor.slug, "cancel_line", *(word.format(**names) if "{" in word else word for word in words))
    assert wrong.value.returncode == 2
    assert not Command.objects.exists()
