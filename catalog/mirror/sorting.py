"""What goods are sorted by: categories, brands, attributes and their values."""

from catalog.mirror.telling import ids_of, plain_flow, with_raw
from catalog.models import Attribute, AttributeValue, Brand, Category
from catalog.outcome import Batch, Outcome
from catalog.records import KEEP


def categories(batch: Batch) -> Outcome:
    """Categories with the parents each hangs under; a parent that has not come yet is made and named later."""
    outcome, written = plain_flow(batch, Category, with_raw(batch, "parents"))
    linked = {item.record.external_id: item.record.parents for item in batch.items if item.record.parents is not KEEP}
    parents = {parent for many in linked.values() for parent in many}
    missing = {parent: "" for parent in parents if parent not in written.ids}
    ids = written.ids | ids_of(Category, batch, missing)
    through = Category.parents.through
    want = {(ids[child], ids[parent]) for child, many in linked.items() for parent in many if child != parent}
    have = set(
        through._default_manager.filter(from_category_id__in=[ids[child] for child in linked]).values_list(
            "from_category_id", "to_category_id"
        )
    )
    for child_id, parent_id in have - want:
        through._default_manager.filter(from_category_id=child_id, to_category_id=parent_id).delete()
    through._default_manager.bulk_create(
        [through(from_category_id=child, to_category_id=parent) for child, parent in sorted(want - have)]
    )
    return outcome


def brands(batch: Batch) -> Outcome:
    return plain_flow(batch, Brand, with_raw(batch))[0]


def attributes(batch: Batch) -> Outcome:
    return plain_flow(batch, Attribute, with_raw(batch))[0]


def attribute_values(batch: Batch) -> Outcome:
    ids = ids_of(Attribute, batch, {item.record.attribute: "" for item in batch.items})
    values = with_raw(batch, "attribute")
    for item in batch.items:
        values[item.record.external_id]["attribute_id"] = ids.get(item.record.attribute)
    return plain_flow(batch, AttributeValue, values)[0]
