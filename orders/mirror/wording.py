"""A vendor's own list of its status words, which fills the table operators map by."""

from catalog.mirror import count
from catalog.outcome import Batch, Outcome
from orders import words
from orders.models import StatusWord
from orders.records import StatusRecord


def order_statuses(batch: Batch) -> Outcome:
    """Words with the vendor's own names for them.

    A meaning an operator chose stays; one nobody chose is filled in once the parser can tell, and its rows follow.
    """
    records: dict[tuple[str, str], StatusRecord] = {
        (item.record.subject, item.record.word[: words.LONGEST]): item.record
        for item in batch.items
        if item.record.word
    }
    stored = {(row.subject, row.word): row for row in StatusWord.objects.filter(vendor_id=batch.vendor_id)}
    created: set[str] = set()
    changed: set[str] = set()
    new: list[StatusWord] = []
    for (subject, word), record in records.items():
        row = stored.get((subject, word))
        label = record.label[: words.LONGEST]
        if row is None:
            new.append(
                StatusWord(
                    vendor_id=batch.vendor_id, subject=subject, word=word, label=label, meaning=record.status,
                    seen_at=batch.now,
                )
            )  # fmt: skip
            created.add(record.external_id)
            continue
        told = row.meaning == "unknown" and not row.set_by_operator and record.status != "unknown"
        if row.label == label and not told:
            continue
        row.label = label
        if told:
            row.meaning = record.status
        row.save(update_fields=["label", "meaning"])
        if told:
            words.remap(row)
        changed.add(record.external_id)
    StatusWord.objects.bulk_create(new, ignore_conflicts=True)
    outcome = Outcome()
    count(outcome, [item.record.external_id for item in batch.items], created, changed)
    return outcome
