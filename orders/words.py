"""What vendors' status words mean to us: a table an operator may edit, and what an order is whose lines stand differently."""

from collections.abc import Iterable, Mapping

from catalog.outcome import Batch
from orders.models import Order, OrderLine, Package, Return, ReturnLine, Status, StatusWord

LONGEST = 200


class Meanings:
    """The meaning of each vendor's word of one subject, in one batch."""

    def __init__(self, batch: Batch, subject: str, words: Mapping[str, str]) -> None:
        """words: vendor's word → what the parser takes it for. The operator's table wins; a new word is added to it.

        A word nobody knew, which the parser reads by now, takes its meaning in every stored row.
        """
        table = StatusWord.objects.filter(vendor_id=batch.vendor_id, subject=subject)
        known = dict(table.values_list("word", "meaning"))
        learnt = {w: words[w] for w, old in known.items() if old == Status.UNKNOWN != words.get(w, Status.UNKNOWN)}
        for word in table.filter(word__in=learnt, set_by_operator=False) if learnt else ():
            word.meaning = known[word.word] = learnt[word.word]
            word.save(update_fields=["meaning"])
            remap(word)
        new = {word[:LONGEST]: meaning for word, meaning in words.items() if word and word[:LONGEST] not in known}
        StatusWord.objects.bulk_create(
            [
                StatusWord(vendor_id=batch.vendor_id, subject=subject, word=word, meaning=meaning, seen_at=batch.now)
                for word, meaning in new.items()
            ],
            ignore_conflicts=True,
        )
        self._known = known | new

    def of(self, word: str, otherwise: str) -> str:
        return self._known.get(word[:LONGEST], otherwise)

    def unknown(self, words: Iterable[str]) -> list[str]:
        """Of these words those that mean nothing to us yet."""
        return [word for word in words if word and self.of(word, Status.UNKNOWN) == Status.UNKNOWN]


def overall(statuses: Iterable[str]) -> str:
    """One word for an order whose lines stand differently: cancelled lines do not count, a mixture is "partly done"."""
    told = set(statuses)
    living = {status for status in told if status != Status.CANCELLED} or told
    if len(living) == 1:
        return living.pop()
    if Status.UNKNOWN in living or not living:
        return Status.UNKNOWN
    return Status.PARTLY


def remap(word: StatusWord) -> int:
    """Give every stored row with this word the meaning an operator chose; returns how many changed."""
    own = {"vendor_id": word.vendor_id, "vendor_status": word.word}
    if word.subject == StatusWord.Subject.PACKAGE:
        return Package.objects.filter(**own).exclude(status=word.meaning).update(status=word.meaning)
    if word.subject == StatusWord.Subject.RETURN:
        parts = ReturnLine.objects.filter(parent__vendor_id=word.vendor_id, vendor_status=word.word)
        changed = parts.exclude(status=word.meaning).update(status=word.meaning)
        return changed + Return.objects.filter(**own).exclude(status=word.meaning).update(status=word.meaning)
    lines = OrderLine.objects.filter(order__vendor_id=word.vendor_id, vendor_status=word.word)
    touched = list(lines.values_list("order_id", flat=True).distinct())
    changed = lines.exclude(status=word.meaning).update(status=word.meaning)
    whole = Order.objects.filter(vendor_id=word.vendor_id, vendor_status=word.word)
    changed += whole.exclude(status=word.meaning).update(status=word.meaning)
    for order in Order.objects.filter(pk__in=touched).exclude(vendor_status=word.word).prefetch_related("lines"):
        status = overall(line.status for line in order.lines.all())
        if status != order.status:
            order.status = status
            order.save(update_fields=["status"])
    return changed
