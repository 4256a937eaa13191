"""News of pages cut from one answer, gathered until they are worth a transaction.

A list of 100,000 rows with a few changes on every page would otherwise cost the statements and the commit of a page fifty times.
Nothing is promised meanwhile: the run's stored position and counts stay where the last stored page ended, and whoever takes the
run up reads the pages behind it again from the answer on disk.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from integrations.intake import Sorted
from integrations.models import SyncRun

MOST_ROWS = 500
AT_ONCE = 1000  # rows are read, compared and written together: their records take ten times the room of their text


@dataclass
class Gathered:
    """What pages have brought since something was stored."""

    found: Sorted = field(default_factory=Sorted)
    again: int = 0  # rows among them that an earlier page of the run had brought, and was counted for

    def __bool__(self) -> bool:
        return bool(self.found.fresh or self.found.unreadable)

    @property
    def full(self) -> bool:
        return len(self.found.fresh) + len(self.found.unreadable) >= MOST_ROWS

    def meets(self, found: Sorted) -> bool:
        """Whether a page holds a row that waits here: the later counts, and has to be compared with the earlier."""
        return not self.found.fresh.keys().isdisjoint(found.digests)

    def add(self, run: SyncRun, found: Sorted, again: int) -> None:
        """Take up a page's news. Its unchanged rows are counted at once, less those counted `again`."""
        unchanged = len(found.digests) - len(found.fresh)
        run.unchanged += max(unchanged - again, 0)
        self.again += max(again - unchanged, 0)
        self.found.fresh |= found.fresh
        self.found.digests |= {key: found.digests[key] for key in found.fresh}
        self.found.unreadable |= found.unreadable

    def outlive_page(self) -> None:
        """Copy what still lies in the page's own memory."""
        self.found.fresh = {key: row if isinstance(row, bytes) else bytes(row) for key, row in self.found.fresh.items()}

    def parts(self) -> Iterator[Sorted]:
        """The news, as many rows at a time as are stored together; what could not be read comes last."""
        keys = list(self.found.fresh)
        for start in range(0, len(keys), AT_ONCE):
            part = keys[start : start + AT_ONCE]
            yield Sorted({k: self.found.digests[k] for k in part}, {k: self.found.fresh[k] for k in part})
        if self.found.unreadable:
            yield Sorted(unreadable=self.found.unreadable)

    def taken(self) -> "Gathered":
        """All of it, and nothing is left."""
        taken = Gathered(self.found, self.again)
        self.found, self.again = Sorted(), 0
        return taken
