"""Many rows by the command line: the page's counts, refusals, guards and batch; the simulator's ledger is the witness."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Product, Variant
from config.models import AuditEntry
from integrations.models import Command, CommandItem, Vendor
from integrations.tests.test_doors import writing
from integrations.tests.test_many import category, goods, shop, supplier  # noqa: F401
from integrations.tests.test_send_decides import said

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def listed(shop: Any, supplier: Vendor) -> Any:  # noqa: F811
    """Three of a supplier's variants, of which the shop has two under the same code."""
    goods(supplier, 3)
    shop.own = list(Variant.objects.filter(vendor=shop.vendor).order_by("id")[:2])
    shop.rows = list(Variant.objects.filter(vendor=supplier).order_by("id"))
    for row, own in zip(shop.rows, shop.own, strict=False):
        Variant.objects.filter(pk=row.pk).update(sku=own.sku, stock=9)
    shop.slug, shop.ids = shop.vendor.slug, ",".join(str(row.pk) for row in shop.rows)
    return shop


def wrong(*words: str) -> str:
    with pytest.raises(CommandError) as told:
        said(*words)
    assert told.value.returncode == 2
    return str(told.value)


def test_a_preview_counts_names_each_refusal_and_stores_nothing(shop, supplier):  # noqa: F811
    good = goods(supplier, 3)
    Product.objects.filter(pk=good[1].pk).update(brand_name="", image_url="")
    own = Product.objects.filter(vendor=shop.vendor).order_by("id")[0]
    ids = ",".join(str(key) for key in [*(one.pk for one in good), own.pk, 10**9])
    given = json.dumps({"category": category(shop), "times": "1.2"})
    code, told = said(shop.vendor.slug, "upsert_product", "--rows", f"product:{ids}", "--given", given, "--preview")
    assert (code, told["rows"], told["creates"], told["changes"], told["refused"]) == (0, 4, 2, 1, 2)
    assert {one["why"] for one in told["reasons"]} == {"It has no brand.", "It has no picture."}
    assert told["refusals"] == [
        {"row": f"product:{good[1].pk}", "name": "Lamp 1", "why": ["It has no brand.", "It has no picture."]},
        {"row": f"product:{10**9}", "name": None, "why": ["There is no such row."]},
    ]
    assert told["commands"][0]["request"]["path"]
    assert not Command.objects.exists()
    assert not AuditEntry.objects.filter(what="decided").exists()
    assert shop.simulator.ledger.writes == 0


def test_rows_are_decided_sent_and_told_one_by_one(listed):
    words = (listed.slug, "stock_and_price", "--rows", f"variant:{listed.ids}", "--given", '{"times": "2"}')
    code, told = said(*words, "--key", "night-1")
    assert (code, told["state"], told["batch"], listed.simulator.ledger.writes) == (3, "confirmed", "night-1", 2)
    (command,) = told["commands"]
    assert command["rows"] == [f"variant:{row.pk}" for row in listed.rows[:2]]
    assert [one["state"] for one in command["things"]] == ["done", "done"]
    assert [one["row"] for one in told["refusals"]] == [f"variant:{listed.rows[2].pk}"]
    assert {row["sku"]: row["stock"] for row in listed.simulator.truth("variants")}[listed.own[0].sku] == 9
    assert Command.objects.get().asked_by == "command line"
    entry = AuditEntry.objects.get(what="decided")
    assert (entry.who, entry.said) == ("command line", "stock_and_price for 3 rows: 1 commands, night-1")
    assert said(*words, "--key", "night-1")[1]["commands"] == told["commands"]
    assert (Command.objects.count(), listed.simulator.ledger.writes) == (1, 2), (
        "one decision, however often it is asked for"
    )
    first, both = (",".join(str(row.pk) for row in listed.rows[:many]) for many in (1, 2))
    said(*words[:3], first, "--key", "night-2")
    late = said(*words[:3], both, "--key", "night-2")[1]
    assert (late["decided"], [one["row"] for one in late["refusals"]]) == (0, [f"variant:{listed.rows[1].pk}"])
    assert "under another key" in late["refusals"][0]["why"][0]
    assert "was used for" in wrong(listed.slug, "enable_variant", "--about", listed.own[0].sku, "--key", "night-1")


def test_rows_are_named_by_code_and_by_file(listed, tmp_path: Path):
    first, second = listed.own
    file = tmp_path / "codes"
    file.write_text(f"north:{first.sku}\nnorth:{second.sku},nix\n")
    code, told = said(listed.slug, "stock_and_price", "--about", f"@{file}")
    assert (code, told["state"], told["rows"]) == (3, "confirmed", 2)
    assert [(one["row"], one["name"]) for one in told["refusals"]] == [(None, "nix")]
    file.write_text("\n".join(f"variant:{row.pk}" for row in listed.rows[:2]))
    code, told = said(listed.slug, "stock_and_price", "--rows", f"@{file}")
    assert (code, told["refusals"], listed.simulator.ledger.writes) == (0, [], 4)


def test_a_code_that_several_have_goes_nowhere(listed, supplier):  # noqa: F811
    Variant.objects.filter(vendor=supplier).update(sku="SAME")
    code, told = said(listed.slug, "stock_and_price", "--about", "north:SAME")
    assert (code, told["state"], told["batch"], told["commands"]) == (1, "refused", None, [])
    assert "Several variants have this code" in told["refusals"][0]["why"][0]
    assert listed.simulator.ledger.writes == 0


def test_the_guards_of_the_page_hold(listed):
    words = (listed.slug, "stock_and_price", "--rows", listed.ids)
    writing(listed, "approve", "variants")
    code, told = said(*words)
    assert (code, told["state"], listed.simulator.ledger.writes) == (1, "awaiting_approval", 0)
    assert f"send --approve {told['batch']}" in told["commands"][0]["error"]
    code, told = said("--approve", told["batch"])
    assert (code, told["ok"], listed.simulator.ledger.writes) == (0, True, 2)
    said(listed.slug, "stock_and_price", "--stop", "--reason", "counting")
    Vendor.objects.filter(pk=listed.vendor.pk).update(writes="on")
    code, told = said(*words)
    assert (code, told["state"], listed.simulator.ledger.writes) == (1, "queued", 2)
    assert "counting" in told["commands"][0]["error"]
    made = Command.objects.count()
    Vendor.objects.filter(pk=listed.vendor.pk).update(writes="off")
    code, told = said(*words)
    assert (code, told["state"], Command.objects.count()) == (1, "refused", made)
    assert "only read" in told["error"]
    assert "only read" in said(*words, "--preview")[1]["closed"]
    Vendor.objects.filter(pk=listed.vendor.pk).update(writes="on", enabled=False)
    assert "switched off" in said(*words)[1]["error"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("stock_and_price", "--rows", "order:12"), "variants or products"),
        (("stock_and_price", "--rows", "12,x"), "no id"),
        (("stock_and_price", "--rows", "product:12"), "takes no chosen products"),
        (("stock_and_price", "--rows", ","), "at least one"),
        (("stock_and_price", "--rows", "@/nowhere/at-all"), "cannot be read"),
        (("stock_and_price", "--rows", "1", "--given", '{"nix": 1}'), "nix"),
        (("stock_and_price", "--rows", "1", "--given", "{"), "not JSON"),
        (("stock_and_price", "--rows", "1", "--json-body", '{"items": []}'), "made of the rows"),
        (("stock_and_price", "--rows", "1", "--key", "a b"), "40 letters"),
        (("stock_and_price", "--rows", ",".join(map(str, range(10_001)))), "More than 10,000"),
        (("prepare_line", "--rows", "1"), "Those that do: "),
        (("nix", "--rows", "1"), "no verb"),
        (("stock_and_price", "--given", '{"times": 2}'), "goes with --rows"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(listed, words, says):
    assert says in wrong(listed.slug, *words)
    assert not Command.objects.exists()


def test_a_thousand_rows_cost_a_few_queries_per_chunk(shop, supplier):  # noqa: F811
    writing(shop, "approve", "variants")
    goods(supplier, 1000)
    keys = [*Product.objects.filter(vendor=supplier).order_by("id").values_list("pk", flat=True)]
    given, costs = json.dumps({"category": category(shop)}), []
    for part in (keys[:20], keys[20:]):
        words = ("--rows", ",".join(map(str, part)), "--given", given)
        with CaptureQueriesContext(connection) as asked:
            code, told = said(shop.vendor.slug, "upsert_product", *words)
        assert (code, len(told["commands"]), told["states"]) == (1, len(part), {"awaiting_approval": len(part)})
        costs.append(len(asked))
    assert costs[1] < 150, f"{costs}: rows must not be asked for one by one"
    assert CommandItem.objects.filter(thing__startswith="product:").count() == 1000
