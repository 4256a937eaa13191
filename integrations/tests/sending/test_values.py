"""Values of many articles: in parts, each with its own outcome, the newest last."""

import pytest

from integrations import connecting
from integrations.commands import asking, bodies, sending
from integrations.models import Command
from integrations.tests.sending.acts import sent, skus

pytestmark = pytest.mark.django_db(transaction=True)
State = Command.State


def test_strangers_among_articles_are_marked_one_by_one(elryan, vendor):
    good = skus(elryan)[0]
    done = sent(
        vendor, "stock_and_price", {"items": [{"sku": good, "stock": 3, "price": 12.5}, {"sku": "NIX", "stock": 1}]}
    )
    assert done.state == State.CONFIRMED
    assert dict(done.items.values_list("thing", "state")) == {f"variant:{good}": "done", "variant:NIX": "refused"}
    assert "1 of 2 were not done" in done.error
    assert elryan.ledger.accepted("stock_and_price", good)[0].payload == {"sku": good, "stock": 3, "price": 12.5}


def test_many_articles_go_in_parts(elryan, vendor):
    connecting.store_options(vendor, {"stock_chunk": 2})
    vendor.refresh_from_db()
    made = asking.ask(vendor, "stock_and_price", {"items": [{"sku": f"S-{place}", "stock": 7} for place in range(5)]})
    assert [len(command.body["items"]) for command in made] == [2, 2, 1]
    assert len({command.batch for command in made}) == 1


def test_of_two_values_the_newest_goes_last_and_the_older_never_after_it(elryan, vendor):
    sku = skus(elryan)[0]
    (old,) = asking.ask(vendor, "stock_and_price", {"items": [{"sku": sku, "stock": 1, "price": 9}]})
    new = sent(vendor, "stock_and_price", {"items": [{"sku": sku, "stock": 2}]})
    sending.send(old.pk)
    old.refresh_from_db()
    assert (new.state, old.state) == (State.CONFIRMED, State.CONFIRMED)
    assert old.body == {"items": [{"sku": sku, "price": 9}]}, "of the older only what the newer does not say is sent"
    (older,) = asking.ask(vendor, "stock_and_price", {"items": [{"sku": sku, "price": 8}]})
    sent(vendor, "stock_and_price", {"items": [{"sku": sku, "price": 7}]})
    assert sending.send(older.pk) is None
    older.refresh_from_db()
    assert older.state == State.CANCELLED
    row = next(row for row in elryan.truth("variants") if row["sku"] == sku)
    assert (row["stock"], row["price"]) == (2, 7)


def test_a_decision_is_known_again_although_later_values_replaced_a_part_of_it(elryan, vendor):
    first, second = skus(elryan)[:2]
    items = [{"sku": first, "stock": 1, "price": 9}, {"sku": second, "stock": 1}]
    (old,) = asking.ask(vendor, "stock_and_price", {"items": items}, key="mine")
    sent(vendor, "stock_and_price", {"items": [{"sku": first, "stock": 2}, {"sku": second, "stock": 3}]})
    sending.send(old.pk)
    old.refresh_from_db()
    assert old.body == {"items": [{"sku": first, "price": 9}]}
    (again,) = asking.ask(vendor, "stock_and_price", {"items": items}, key="mine")
    assert again.pk == old.pk
    with pytest.raises(bodies.BadBody, match="already used"):
        asking.ask(vendor, "stock_and_price", {"items": [{**items[0], "price": 8}, items[1]]}, key="mine")
